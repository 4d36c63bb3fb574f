// What is computed of each of many short rows, several at a time, by every instruction set.

#include <algorithm>
#include <limits>
#include <random>

#include <reel/tensor/ops/norm.h>
#include <reel/tensor/ops/reduce.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;

// Around the lanes of vectors, and on both sides of where rows count as short.
constexpr int64_t kLengths[] = {1,  2,  3,   7,   8,   15,  16,  17, 31,
                                33, 64, 100, 128, 129, 256, 257, 600};
constexpr int64_t kRowCounts[] = {1, 3, 16, 37};

// What float sums of a few hundred numbers err, and where the result is rounded to less, half a
// unit in the last place of a number near 1.
double tolerance(ScalarType dtype) {
  constexpr double kSums = 4e-6;
  if (dtype == kHalf) return 0x1p-11 + kSums;
  if (dtype == kBFloat16) return 0x1p-8 + kSums;
  return kSums;
}

// Calls body(isa, x) for rows [count, n] of all lengths, counts, dtypes and two layouts.
template <class Body>
void for_all_rows(double low, double high, const Body& body) {
  std::mt19937 generator(3);
  const auto isas = test::isa_kernels();
  for (const int64_t n : kLengths) {
    for (const int64_t count : kRowCounts) {
      for (const ScalarType dtype : {kFloat, kDouble, kHalf, kBFloat16}) {
        for (const MemoryLayout layout : {MemoryLayout::Contiguous, MemoryLayout::Reversed}) {
          for (const auto& isa : isas) {
            Array x({count, n}, dtype, layout);
            x.random(generator, low, high);
            INFO(isa.name << ", " << count << " rows of " << n << ", " << to_string(dtype)
                          << ", layout " << static_cast<int>(layout));
            body(isa, x, layout);
          }
        }
      }
    }
  }
}

double at(const View& view, int64_t row, int64_t i) { return test::value_at(view, {row, i, 0, 0}); }

// The row's largest value and the sum of what exp makes of its distances from it.
std::pair<double, double> exp_sum(const View& x, int64_t row) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t i = 0; i < x.sizes[1]; ++i) largest = std::max(largest, at(x, row, i));
  for (int64_t i = 0; i < x.sizes[1]; ++i) sum += std::exp(at(x, row, i) - largest);
  return {largest, sum};
}

}  // namespace

TEST_CASE("softmax, log_softmax and their gradients of rows") {
  for_all_rows(-3, 3, [](const auto& isa, Array& x, MemoryLayout layout) {
    Array y(x.sizes(), x.dtype(), layout), log_y(x.sizes(), x.dtype(), layout);
    Array dx(x.sizes(), x.dtype(), layout), log_dx(x.sizes(), x.dtype(), layout);
    const ops::Softmax softmax{1};
    const ops::LogSoftmax log_softmax{1};
    const ops::SoftmaxGrad softmax_grad{1};
    const ops::LogSoftmaxGrad log_softmax_grad{1};
    REQUIRE(isa.run("softmax", {x.view()}, {y.view()}, &softmax) == "");
    REQUIRE(isa.run("log_softmax", {x.view()}, {log_y.view()}, &log_softmax) == "");
    // The input serves as the gradient.
    REQUIRE(isa.run("softmax_grad", {x.view(), y.view()}, {dx.view()}, &softmax_grad) == "");
    REQUIRE(isa.run("log_softmax_grad", {x.view(), log_y.view()}, {log_dx.view()},
                    &log_softmax_grad) == "");
    const View in = x.view();
    double worst = 0, worst_grad = 0;
    for (int64_t row = 0; row < in.sizes[0]; ++row) {
      const auto [largest, sum] = exp_sum(in, row);
      double product = 0, total = 0;
      for (int64_t i = 0; i < in.sizes[1]; ++i) {
        const double distance = at(in, row, i) - largest;
        const double want = std::exp(distance) / sum;
        worst = std::max(worst, std::fabs(at(y.view(), row, i) - want));
        // Up to 13 from 0, so that its last place is worth eight times as much.
        const double log_error = at(log_y.view(), row, i) - (distance - std::log(sum));
        worst = std::max(worst, std::fabs(log_error) / 8);
        product += at(in, row, i) * at(y.view(), row, i);
        total += at(in, row, i);
      }
      for (int64_t i = 0; i < in.sizes[1]; ++i) {
        const double slope = at(in, row, i), chance = at(y.view(), row, i);
        const double want = chance * (slope - product);
        worst_grad = std::max(worst_grad, std::fabs(at(dx.view(), row, i) - want) / 4);
        const double log_want = slope - std::exp(at(log_y.view(), row, i)) * total;
        // The sum of a row is up to a hundred.
        const double error = std::fabs(at(log_dx.view(), row, i) - log_want);
        worst_grad = std::max(worst_grad, error / (8 + std::fabs(log_want)));
      }
    }
    CHECK(worst <= tolerance(x.dtype()));
    CHECK(worst_grad <= tolerance(x.dtype()));
  });
}

TEST_CASE("sums and largest elements of rows, and where these are") {
  for_all_rows(-1, 1, [](const auto& isa, Array& x, MemoryLayout) {
    const int64_t count = x.sizes()[0], n = x.sizes()[1];
    Array sum({count}, x.dtype()), largest({count}, x.dtype()), place({count}, kLong);
    ops::Sum reduce;
    reduce.dims = 2;
    ops::Amax amax;
    amax.dims = 2;
    ops::ArgMax argmax;
    argmax.dim = 1;
    REQUIRE(isa.run("sum", {x.view()}, {sum.view()}, &reduce) == "");
    REQUIRE(isa.run("amax", {x.view()}, {largest.view()}, &amax) == "");
    REQUIRE(isa.run("argmax", {x.view()}, {place.view()}, &argmax) == "");
    for (int64_t row = 0; row < count; ++row) {
      double want = 0;
      int64_t first = 0;
      for (int64_t i = 0; i < n; ++i) {
        want += at(x.view(), row, i);
        if (at(x.view(), row, i) > at(x.view(), row, first)) first = i;
      }
      CHECK(std::fabs(test::value_at(sum.view(), {row}) - want) <=
            tolerance(x.dtype()) * std::max(8.0, std::fabs(want)));
      CHECK(test::value_at(largest.view(), {row}) == at(x.view(), row, first));
      CHECK(test::value_at(place.view(), {row}) == static_cast<double>(first));
    }
  });
}

TEST_CASE("of equal largest elements the first is found") {
  std::mt19937 generator(5);
  std::bernoulli_distribution rare(0.02);
  for (const auto& isa : test::isa_kernels()) {
    for (const int64_t n : kLengths) {
      Array x({50, n}, kFloat), place({50}, kLong);
      std::vector<float> values(static_cast<size_t>(50 * n));
      for (float& value : values) value = rare(generator) ? 0.0f : -1.0f;
      std::copy(values.begin(), values.end(), x.view().as<float>());
      ops::ArgMax argmax;
      argmax.dim = 1;
      REQUIRE(isa.run("argmax", {x.view()}, {place.view()}, &argmax) == "");
      for (int64_t row = 0; row < 50; ++row) {
        const auto begin = values.begin() + row * n, largest = std::max_element(begin, begin + n);
        INFO(isa.name << ", row " << row << " of " << n);
        CHECK(test::value_at(place.view(), {row}) == static_cast<double>(largest - begin));
      }
    }
  }
}

TEST_CASE("the first NaN of a row is its largest element") {
  std::mt19937 generator(4);
  for (const auto& isa : test::isa_kernels()) {
    for (const ScalarType dtype : {kFloat, kDouble, kHalf, kBFloat16}) {
      Array x({200, 20}, dtype), largest({200}, dtype), place({200}, kLong);
      x.random(generator, -1, 1).with_specials(generator);
      ops::Amax amax;
      amax.dims = 2;
      ops::ArgMax argmax;
      argmax.dim = 1;
      REQUIRE(isa.run("amax", {x.view()}, {largest.view()}, &amax) == "");
      REQUIRE(isa.run("argmax", {x.view()}, {place.view()}, &argmax) == "");
      for (int64_t row = 0; row < 200; ++row) {
        int64_t first = 0;
        for (int64_t i = 1; i < 20 && !std::isnan(at(x.view(), row, first)); ++i) {
          const double value = at(x.view(), row, i);
          if (value > at(x.view(), row, first) || std::isnan(value)) first = i;
        }
        const double want = at(x.view(), row, first), got = test::value_at(largest.view(), {row});
        INFO(isa.name << ", " << to_string(dtype) << ", row " << row);
        CHECK((got == want || (std::isnan(got) && std::isnan(want))));
        CHECK(test::value_at(place.view(), {row}) == static_cast<double>(first));
      }
    }
  }
}

TEST_CASE("rows are normalised to mean 0 and variance 1, then scaled and shifted") {
  for_all_rows(2, 4, [](const auto& isa, Array& rows, MemoryLayout layout) {
    if (layout != MemoryLayout::Contiguous) return;
    const int64_t count = rows.sizes()[0], n = rows.sizes()[1];
    const ScalarType dtype = rows.dtype();
    std::mt19937 generator(5);
    Array x({1, count, n}, dtype), y({1, count, n}, dtype), weight({count}, dtype);
    Array bias({count}, dtype), mean({count}, dtype), inverse({count}, dtype);
    x.random(generator, 2, 4);
    weight.random(generator, 0.5, 1);
    bias.random(generator, -1, 1);
    const ops::BatchNorm op{true, 1e-3};
    REQUIRE(isa.run("batch_norm", {x.view(), weight.view(), bias.view(), View(), View()},
                    {y.view(), mean.view(), inverse.view()}, &op) == "");
    double worst = 0;
    for (int64_t c = 0; c < count; ++c) {
      double centre = 0, variance = 0;
      for (int64_t i = 0; i < n; ++i) centre += test::value_at(x.view(), {0, c, i});
      centre /= static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) {
        const double distance = test::value_at(x.view(), {0, c, i}) - centre;
        variance += distance * distance / static_cast<double>(n);
      }
      const double scale = 1 / std::sqrt(variance + op.eps);
      worst = std::max(worst, std::fabs(test::value_at(mean.view(), {c}) - centre) / 4);
      worst = std::max(worst, std::fabs(test::value_at(inverse.view(), {c}) / scale - 1));
      for (int64_t i = 0; i < n; ++i) {
        const double want = (test::value_at(x.view(), {0, c, i}) - centre) * scale *
                                test::value_at(weight.view(), {c}) +
                            test::value_at(bias.view(), {c});
        worst = std::max(worst, std::fabs(test::value_at(y.view(), {0, c, i}) - want) / 8);
      }
    }
    CHECK(worst <= tolerance(dtype));
  });
}
