#include <cmath>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::variable_list;
using reel::test::close;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::values;
using reel::test::wave;
using Sizes = std::vector<int64_t>;

TEST_CASE("max_pool2d takes the first of the largest and says where it was") {
  const Tensor x =
      tensor({{1., 5., 2., 0.}, {5., 3., 8., 8.}, {0., 0., -1., -2.}, {0., 7., -3., -4.}})
          .view({1, 1, 4, 4});
  const auto [y, indices] = max_pool2d_with_indices(x, 2);
  CHECK(values(y) == std::vector<double>{5, 8, 7, -1});
  CHECK(values(indices) == std::vector<double>{1, 6, 13, 10});
  CHECK(indices.dtype() == kLong);
  CHECK(close(max_pool2d(x, 2), y));
}

TEST_CASE("max_pool2d with padding, stride and dilation") {
  const Tensor x = wave({2, 3, 7, 6});
  const auto [y, indices] = max_pool2d_with_indices(x, {3, 2}, {2, 1}, {1, 1}, {1, 2});
  CHECK(shape(y) == Sizes{2, 3, 4, 6});
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 6; ++j) {
      double best = -1e9;
      for (int64_t p = 0; p < 3; ++p) {
        for (int64_t q = 0; q < 2; ++q) {
          const int64_t r = i * 2 - 1 + p;
          const int64_t s = j - 1 + q * 2;
          if (r < 0 || r >= 7 || s < 0 || s >= 6) continue;
          best = std::max(best, x[1][2][r][s].item<double>());
        }
      }
      CHECK(y[1][2][i][j].item<double>() == best);
      const int64_t at = indices[1][2][i][j].item<int64_t>();
      CHECK(x[1][2][at / 6][at % 6].item<double>() == best);
    }
  }
}

TEST_CASE("max_pool2d of nothing but -inf and with NaN") {
  const double inf = INFINITY;
  const Tensor low = full({1, 1, 2, 2}, -inf, kDouble);
  const auto [y, indices] = max_pool2d_with_indices(low, 2, 2, 1);
  CHECK(values(y) == std::vector<double>(4, -inf));
  CHECK(values(indices) == std::vector<double>{0, 1, 2, 3});
  Tensor x = wave({1, 1, 2, 2});
  x.index_put_({0, 0, 1, 0}, std::nan(""));
  CHECK(std::isnan(max_pool2d(x, 2).item<double>()));
}

TEST_CASE("the last window of ceil_mode starts inside the input or its left padding") {
  const auto size = [](int64_t n, int64_t k, int64_t s, int64_t p) {
    return max_pool2d(wave({1, 1, n, n}), k, s, p, 1, true).size(2);
  };
  CHECK(size(5, 2, 2, 0) == 3);
  CHECK(size(4, 3, 2, 0) == 2);
  // (1 + 2 - 2 + 2) / 3 + 1 = 2 windows, but the second would start at 3 - 1 > 0.
  CHECK(size(1, 2, 3, 1) == 1);
  CHECK(size(6, 3, 4, 1) == 2);
  const Tensor x = wave({1, 2, 5, 5});
  const Tensor y = avg_pool2d(x, 2, 2, 0, true);
  CHECK(y[0][1][2][2].item<double>() == Approx(x[0][1][4][4].item<double>()));
}

TEST_CASE("avg_pool2d divides by the window, with or without padding, or as told") {
  const Tensor x = ones({1, 1, 3, 3}, kDouble);
  CHECK(avg_pool2d(x, 2, 2, 1)[0][0][0][0].item<double>() == 0.25);
  CHECK(avg_pool2d(x, 2, 2, 1, false, false)[0][0][0][0].item<double>() == 1);
  CHECK(avg_pool2d(x, 3, 1, 0, false, true, 4)[0][0][0][0].item<double>() == 2.25);
  const Tensor w = wave({2, 2, 4, 6});
  const Tensor y = avg_pool2d(w, {2, 3});
  CHECK(shape(y) == Sizes{2, 2, 2, 2});
  const Tensor window = w.slice(2, 2, 4).slice(3, 3, 6);
  CHECK(y[1][0][1][1].item<double>() == Approx(window[1][0].mean().item<double>()));
}

TEST_CASE("adaptive_avg_pool2d divides unevenly as PyTorch does") {
  const Tensor x = wave({2, 3, 5, 7});
  const Tensor y = adaptive_avg_pool2d(x, {3, 2});
  CHECK(shape(y) == Sizes{2, 3, 3, 2});
  // Windows floor(i 5 / 3) .. ceil((i + 1) 5 / 3): rows 0..2, 1..4, 3..5; columns 0..4, 3..7.
  const auto mean = [&](int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
    return x[1][2].slice(0, r0, r1).slice(1, c0, c1).mean().item<double>();
  };
  CHECK(y[1][2][0][0].item<double>() == Approx(mean(0, 2, 0, 4)));
  CHECK(y[1][2][1][1].item<double>() == Approx(mean(1, 4, 3, 7)));
  CHECK(y[1][2][2][0].item<double>() == Approx(mean(3, 5, 0, 4)));
  CHECK(close(adaptive_avg_pool2d(wave({2, 4, 6}), {2, 3}), avg_pool2d(wave({2, 4, 6}), 2), 1e-15));
  CHECK(shape(adaptive_avg_pool2d(wave({1, 2, 3, 3}), {5, 1})) == Sizes{1, 2, 5, 1});
}

TEST_CASE("pooling keeps the layout") {
  const Tensor x = wave({2, 3, 6, 6});
  const Tensor last = x.contiguous(MemoryFormat::ChannelsLast);
  CHECK(max_pool2d(x, 2).is_contiguous());
  CHECK(max_pool2d(last, 2).is_contiguous(MemoryFormat::ChannelsLast));
  CHECK(avg_pool2d(last, 2).is_contiguous(MemoryFormat::ChannelsLast));
  CHECK(close(max_pool2d(last, 3, 2, 1), max_pool2d(x, 3, 2, 1)));
  CHECK(close(avg_pool2d(last, 3, 2, 1), avg_pool2d(x, 3, 2, 1), 1e-14));
  CHECK(close(max_pool2d(x.transpose(2, 3), {3, 2}), max_pool2d(x, {2, 3}).transpose(2, 3)));
}

TEST_CASE("pooling says what does not fit") {
  CHECK(error_of([] {
          max_pool2d(zeros({1, 3, 2, 2}), 3);
        }) ==
        "max_pool2d: Given input size: (3x2x2). Calculated output size: (3x0x0). Output size is "
        "too small");
  CHECK(error_of([] {
          max_pool2d(zeros({1, 3, 9, 9}), 3, 1, 2);
        }) ==
        "max_pool2d: pad should be at most half of kernel size, but got pad=2 and kernel_size=3");
  CHECK(error_of([] {
          avg_pool2d(zeros({1, 3, 9, 9}), 3, 1, 0, false, true, 0);
        }) == "avg_pool2d: divisor must be not zero");
  CHECK_FALSE(error_of([] { max_pool2d(zeros({1, 3, 9, 9}), 0); }).empty());
  CHECK_FALSE(error_of([] { max_pool2d(zeros({1, 3, 9, 9}), 2, -1); }).empty());
  CHECK_FALSE(error_of([] { max_pool2d(zeros({1, 3, 9, 9}), {2, 2, 2}); }).empty());
  CHECK_FALSE(error_of([] { max_pool2d(zeros({9, 9}), 2); }).empty());
  CHECK_FALSE(error_of([] { max_pool2d(zeros({1, 1, 1, 3}), 2, 1, 1, 2); }).empty());
  CHECK_FALSE(error_of([] { adaptive_avg_pool2d(zeros({1, 1, 4, 4}), {-1, 2}); }).empty());
  CHECK(shape(max_pool2d(zeros({0, 3, 4, 4}), 2)) == Sizes{0, 3, 2, 2});
}

TEST_CASE("gradients of pooling, first and second order") {
  const auto check = [](const auto& f, Sizes sizes) { return gradients_agree(f, {leaf(sizes)}); };
  CHECK(check([](const variable_list& in) { return max_pool2d(in[0], 2, 1); }, {1, 2, 3, 3}));
  CHECK(check([](const variable_list& in) { return max_pool2d(in[0].square(), 3, 2, 1, 1, true); },
              {1, 2, 4, 4}));
  CHECK(check([](const variable_list& in) { return avg_pool2d(in[0].square(), 2, 1, 1); },
              {1, 2, 3, 3}));
  CHECK(check(
      [](const variable_list& in) {
        return avg_pool2d(in[0].square(), {3, 2}, 2, 1, true, false);
      },
      {2, 1, 4, 3}));
  CHECK(check(
      [](const variable_list& in) {
        return adaptive_avg_pool2d(in[0].square(), {2, 3});
      },
      {1, 1, 3, 4}));
  CHECK(check([](const variable_list& in) { return adaptive_avg_pool2d(in[0].square(), 2); },
              {1, 2, 4, 4}));
}
