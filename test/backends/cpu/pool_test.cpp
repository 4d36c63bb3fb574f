// Pooling of every instruction set against plain loops.

#include <limits>

#include <reel/tensor/error.h>
#include <reel/tensor/ops/pool.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;
using test::Sizes;

struct Case {
  int64_t images, channels, height, width, kernel, stride, padding, dilation;
  bool ceil_mode = false, count_include_pad = true;
  int64_t divisor_override = 0;

  int64_t out(int64_t size) const {
    const int64_t span = size + 2 * padding - dilation * (kernel - 1) - 1;
    int64_t count = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    // PyTorch's rule: the last window starts inside the image or its left padding.
    if (ceil_mode && (count - 1) * stride >= size + padding) --count;
    return count;
  }
  Sizes x() const { return {images, channels, height, width}; }
  Sizes y() const { return {images, channels, out(height), out(width)}; }
  template <class Op>
  Op op() const {
    Op op;
    op.kernel_size = {kernel, kernel};
    op.stride = {stride, stride};
    op.padding = {padding, padding};
    op.dilation = {dilation, dilation};
    op.ceil_mode = ceil_mode;
    if constexpr (requires { op.input_size; }) op.input_size = {height, width};
    if constexpr (requires { op.count_include_pad; }) {
      op.count_include_pad = count_include_pad;
      op.divisor_override = divisor_override;
    }
    return op;
  }
  // Calls visit(output's index, plane) for each window.
  template <class Visit>
  void for_each_window(const Visit& visit) const {
    for (int64_t n = 0; n < images; ++n) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t i = 0; i < out(height); ++i) {
          for (int64_t j = 0; j < out(width); ++j) visit(n, c, i, j);
        }
      }
    }
  }
  size_t position(int64_t n, int64_t c, int64_t row, int64_t column) const {
    return static_cast<size_t>(((n * channels + c) * height + row) * width + column);
  }
};

const Case kCases[] = {
    {2, 16, 8, 8, 2, 2, 0, 1},  // windows that tile the image
    {1, 20, 9, 11, 2, 2, 0, 1},
    {2, 5, 9, 11, 3, 2, 1, 1, false, false},
    {2, 33, 10, 13, 3, 2, 1, 1, true},
    {1, 7, 13, 9, 3, 1, 1, 1, false, true, 5},
    {1, 18, 12, 12, 3, 2, 1, 2, true},
    {2, 64, 7, 7, 2, 2, 0, 1, true, false},
    {1, 3, 15, 14, 5, 3, 2, 1, true, false},
    {1, 1, 6, 6, 2, 2, 0, 1},
    {2, 8, 9, 9, 1, 2, 0, 1},  // pixels that no window reads
};

double largest_difference(const View& got, const std::vector<double>& want) {
  const std::vector<double> values = test::values_of(got);
  double largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    largest = std::max(largest, std::fabs(values[i] - want[i]));
  }
  return largest;
}

// Of float sums of up to 25 values below 1, of which up to 9 meet in a gradient; narrower ones are
// rounded once, by half a unit in the last place of at most 9.
double tolerance(ScalarType dtype) {
  if (dtype == kHalf) return 8 * 0x1p-11;
  if (dtype == kBFloat16) return 8 * 0x1p-8;
  return 1e-5;
}

}  // namespace

TEST_CASE("max_pool2d takes the first maximum, NaN before all, and its gradient goes back there") {
  std::mt19937 generator(1);
  const auto isas = test::isa_kernels();
  for (const Case& size : kCases) {
    for (const ScalarType dtype : {kFloat, kDouble, kHalf, kBFloat16}) {
      for (const MemoryLayout layout :
           {MemoryLayout::Contiguous, MemoryLayout::ChannelsLast, MemoryLayout::Sliced}) {
        for (const auto& isa : isas) {
          Array x(size.x(), dtype, layout), dx(size.x(), dtype, layout);
          Array y(size.y(), dtype, layout), g(size.y(), dtype, layout);
          Array indices(size.y(), kLong, layout);
          x.random(generator, -1, 1).with_specials(generator);
          g.random(generator, -1, 1);
          const auto forward = size.op<ops::MaxPool2d>();
          const auto backward = size.op<ops::MaxPool2dGrad>();
          REQUIRE(isa.run("max_pool2d", {x.view()}, {y.view(), indices.view()}, &forward) == "");
          REQUIRE(isa.run("max_pool2d_grad", {g.view(), indices.view()}, {dx.view()}, &backward) ==
                  "");
          int wrong = 0;
          std::vector<double> gradient(static_cast<size_t>(x.numel()), 0.0);
          size.for_each_window([&](int64_t n, int64_t c, int64_t i, int64_t j) {
            double best = -std::numeric_limits<double>::infinity();
            int64_t at = -1;
            for (int64_t k = 0; k < size.kernel * size.kernel; ++k) {
              const int64_t row = i * size.stride - size.padding + k / size.kernel * size.dilation;
              const int64_t column =
                  j * size.stride - size.padding + k % size.kernel * size.dilation;
              if (row < 0 || row >= size.height || column < 0 || column >= size.width) continue;
              const double value = test::value_at(x.view(), {n, c, row, column});
              if (at < 0 || value > best || std::isnan(value)) {
                best = value;
                at = row * size.width + column;
              }
            }
            const double got = test::value_at(y.view(), {n, c, i, j});
            if (!(got == best || (std::isnan(got) && std::isnan(best)))) ++wrong;
            if (test::value_at(indices.view(), {n, c, i, j}) != static_cast<double>(at)) ++wrong;
            gradient[size.position(n, c, at / size.width, at % size.width)] +=
                test::value_at(g.view(), {n, c, i, j});
          });
          INFO(isa.name << ", case " << &size - kCases << ", layout " << static_cast<int>(layout));
          CHECK(wrong == 0);
          CHECK(largest_difference(dx.view(), gradient) <= tolerance(dtype));
        }
      }
    }
  }
}

TEST_CASE("max_pool2d_grad reports indices outside the plane") {
  for (const auto& isa : test::isa_kernels()) {
    const Case size{1, 4, 6, 6, 3, 1, 1, 1};
    Array g(size.y(), kFloat), dx(size.x(), kFloat), indices(size.y(), kLong);
    indices.for_all<int64_t>([](int64_t& index) { index = 36; });
    const auto op = size.op<ops::MaxPool2dGrad>();
    CHECK_THROWS_AS(isa.run("max_pool2d_grad", {g.view(), indices.view()}, {dx.view()}, &op),
                    IndexError);
  }
}

TEST_CASE("avg_pool2d and its gradient divide as PyTorch does") {
  std::mt19937 generator(2);
  const auto isas = test::isa_kernels();
  for (const Case& size : kCases) {
    if (size.dilation != 1) continue;  // means have no dilation
    for (const ScalarType dtype : {kFloat, kDouble, kHalf, kBFloat16}) {
      for (const MemoryLayout layout :
           {MemoryLayout::Contiguous, MemoryLayout::ChannelsLast, MemoryLayout::Sliced}) {
        for (const auto& isa : isas) {
          Array x(size.x(), dtype, layout), dx(size.x(), dtype, layout);
          Array y(size.y(), dtype, layout), g(size.y(), dtype, layout);
          x.random(generator, -1, 1);
          g.random(generator, -1, 1);
          const auto forward = size.op<ops::AvgPool2d>();
          const auto backward = size.op<ops::AvgPool2dGrad>();
          REQUIRE(isa.run("avg_pool2d", {x.view()}, {y.view()}, &forward) == "");
          REQUIRE(isa.run("avg_pool2d_grad", {g.view()}, {dx.view()}, &backward) == "");
          std::vector<double> means, gradient(static_cast<size_t>(x.numel()), 0.0);
          size.for_each_window([&](int64_t n, int64_t c, int64_t i, int64_t j) {
            const int64_t top = i * size.stride - size.padding,
                          left = j * size.stride - size.padding;
            const int64_t bottom = std::min(top + size.kernel, size.height + size.padding);
            const int64_t right = std::min(left + size.kernel, size.width + size.padding);
            const int64_t row = std::max<int64_t>(top, 0), column = std::max<int64_t>(left, 0);
            const int64_t row_end = std::min(bottom, size.height);
            const int64_t column_end = std::min(right, size.width);
            const int64_t counted = size.divisor_override != 0 ? size.divisor_override
                                    : size.count_include_pad
                                        ? (bottom - top) * (right - left)
                                        : (row_end - row) * (column_end - column);
            const auto divisor = static_cast<double>(counted);
            double sum = 0;
            for (int64_t r = row; r < row_end; ++r) {
              for (int64_t k = column; k < column_end; ++k) {
                sum += test::value_at(x.view(), {n, c, r, k});
                gradient[size.position(n, c, r, k)] +=
                    test::value_at(g.view(), {n, c, i, j}) / divisor;
              }
            }
            means.push_back(sum / divisor);
          });
          INFO(isa.name << ", case " << &size - kCases << ", layout " << static_cast<int>(layout));
          CHECK(largest_difference(y.view(), means) <= tolerance(dtype));
          CHECK(largest_difference(dx.view(), gradient) <= tolerance(dtype));
        }
      }
    }
  }
}
