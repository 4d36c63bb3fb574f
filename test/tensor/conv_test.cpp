#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::variable_list;
using reel::test::close;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::wave;
using Sizes = std::vector<int64_t>;

namespace {

struct Geometry {
  Sizes stride{1, 1};
  Sizes padding{0, 0};
  Sizes dilation{1, 1};
  int64_t groups = 1;
};

Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const Geometry& g) {
  return conv2d(x, w, b, g.stride, g.padding, g.dilation, g.groups);
}

/// The definition, one output at a time.
Tensor naive(const Tensor& x, const Tensor& w, const Tensor& b, const Geometry& g) {
  const int64_t height =
      (x.size(2) + 2 * g.padding[0] - g.dilation[0] * (w.size(2) - 1) - 1) / g.stride[0] + 1;
  const int64_t width =
      (x.size(3) + 2 * g.padding[1] - g.dilation[1] * (w.size(3) - 1) - 1) / g.stride[1] + 1;
  Tensor y = zeros({x.size(0), w.size(0), height, width}, kDouble);
  auto in = x.accessor<double, 4>();
  auto kernel = w.accessor<double, 4>();
  auto out = y.accessor<double, 4>();
  const int64_t per_group = w.size(0) / g.groups;
  for (int64_t n = 0; n < y.size(0); ++n)
    for (int64_t o = 0; o < y.size(1); ++o)
      for (int64_t i = 0; i < height; ++i)
        for (int64_t j = 0; j < width; ++j) {
          double sum = b.defined() ? b[o].item<double>() : 0;
          for (int64_t c = 0; c < w.size(1); ++c)
            for (int64_t p = 0; p < w.size(2); ++p)
              for (int64_t q = 0; q < w.size(3); ++q) {
                const int64_t r = i * g.stride[0] - g.padding[0] + p * g.dilation[0];
                const int64_t s = j * g.stride[1] - g.padding[1] + q * g.dilation[1];
                if (r < 0 || r >= x.size(2) || s < 0 || s >= x.size(3)) continue;
                sum += in[n][o / per_group * w.size(1) + c][r][s] * kernel[o][c][p][q];
              }
          out[n][o][i][j] = sum;
        }
  return y;
}

Geometry same() {
  Geometry g;
  g.padding = {1, 1};
  return g;
}

}  // namespace

TEST_CASE("conv2d is the sum over its window") {
  // Doubles of magnitude 1 over fewer than 100 terms: rounding stays below 1e-12.
  constexpr double kTolerance = 1e-12;
  const Tensor x = wave({2, 4, 7, 6});
  const Tensor b = wave({6}, 0.9);
  CHECK(close(run(x, wave({6, 4, 3, 3}, 0.2), b, same()),
              naive(x, wave({6, 4, 3, 3}, 0.2), b, same()), kTolerance));
  const Tensor w = wave({6, 4, 3, 2}, 0.2);
  Geometry strided;
  strided.stride = {2, 3};
  strided.padding = {1, 2};
  CHECK(close(run(x, w, b, strided), naive(x, w, b, strided), kTolerance));
  Geometry dilated;
  dilated.dilation = {2, 3};
  CHECK(close(run(x, w, {}, dilated), naive(x, w, {}, dilated), kTolerance));
  Geometry grouped = strided;
  grouped.groups = 2;
  const Tensor wg = wave({6, 2, 3, 2}, 0.4);
  CHECK(close(run(x, wg, b, grouped), naive(x, wg, b, grouped), kTolerance));
  Geometry depthwise = same();
  depthwise.groups = 4;
  const Tensor wd = wave({4, 1, 3, 3}, 0.4);
  CHECK(close(run(x, wd, {}, depthwise), naive(x, wd, {}, depthwise), kTolerance));
  const Tensor pointwise = wave({5, 4, 1, 1}, 0.1);
  CHECK(close(run(x, pointwise, {}, {}), naive(x, pointwise, {}, {}), kTolerance));
}

TEST_CASE("conv2d takes any layout and gives channels-last") {
  const Tensor x = wave({2, 4, 5, 6});
  const Tensor w = wave({3, 4, 3, 3}, 0.2);
  const Tensor want = naive(x, w, {}, same());
  const Tensor last = run(x.contiguous(MemoryFormat::ChannelsLast),
                          w.contiguous(MemoryFormat::ChannelsLast), {}, same());
  CHECK(close(last, want, 1e-12));
  CHECK(last.is_contiguous(MemoryFormat::ChannelsLast));
  const Tensor swapped = wave({4, 2, 6, 5}).permute({1, 0, 3, 2});
  CHECK(close(run(swapped, w.flip({3}).slice(0, 1), {}, same()),
              naive(swapped, w.flip({3}).slice(0, 1), {}, same()), 1e-12));
}

TEST_CASE("conv2d in float stays close to double") {
  const Tensor x = wave({1, 16, 20, 20});
  const Tensor w = wave({16, 16, 3, 3}, 0.2);
  const Tensor got = run(x.to(kFloat), w.to(kFloat), {}, same());
  // 144 terms of magnitude 1 in float, and Winograd's transforms where they are used: 1e-4
  // absolute.
  CHECK(close(got, naive(x, w, {}, same()), 1e-4));
}

TEST_CASE("conv2d of one picture and of none") {
  const Tensor x = wave({4, 5, 5});
  const Tensor w = wave({2, 4, 3, 3}, 0.2);
  const Tensor y = conv2d(x, w, {}, 1, 1);
  CHECK(shape(y) == Sizes{2, 5, 5});
  CHECK(close(y, naive(x.unsqueeze(0), w, {}, same())[0], 1e-12));
  CHECK(shape(conv2d(zeros({0, 4, 5, 5}, kDouble), w, {}, 1, 1)) == Sizes{0, 2, 5, 5});
  // A weight that met no picture: by Winograd, by groups, by depth.
  for (const int64_t groups : {1, 8, 16}) {
    CAPTURE(groups);
    const Tensor weight = ones({16, 16 / groups, 3, 3}).requires_grad_();
    conv2d(zeros({0, 16, 12, 12}), weight, {}, 1, 1, 1, groups).sum().backward();
    CHECK(equal(weight.grad(), zeros_like(weight)));
  }
}

TEST_CASE("conv2d says what does not fit") {
  const auto error = [](Sizes x, Sizes w, const Geometry& g, const Tensor& b = {}) {
    return error_of([&] { run(zeros(x), zeros(w), b, g); });
  };
  CHECK(
      error({1, 3, 8, 8}, {16, 4, 3, 3}, {}) ==
      "conv2d: Given groups=1, weight of size [16, 4, 3, 3], expected input[1, 3, 8, 8] to have 4 "
      "channels, but got 3 channels instead");
  CHECK(error({1, 3, 2, 2}, {4, 3, 3, 3}, {}) ==
        "conv2d: Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel "
        "size can't be greater than actual input size");
  CHECK(error({3, 8}, {4, 3, 3, 3}, {}) ==
        "conv2d: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: "
        "[3, 8]");
  CHECK(error({1, 3, 8, 8}, {4, 3, 3, 3}, {}, zeros({3})) ==
        "conv2d: Given weight of size [4, 3, 3, 3], expected bias to be 1-dimensional with 4 "
        "elements, but got bias of size [3] instead");
  Geometry g;
  g.stride = {0, 1};
  CHECK(error({1, 3, 8, 8}, {4, 3, 3, 3}, g).find("non-positive stride is not supported") !=
        std::string::npos);
  g.stride = {1, -1};
  CHECK_FALSE(error({1, 3, 8, 8}, {4, 3, 3, 3}, g).empty());
  g.stride = {1, 1, 1};
  CHECK(error({1, 3, 8, 8}, {4, 3, 3, 3}, g) ==
        "conv2d: expected stride to be a single integer value or a list of 2 values to match the "
        "convolution dimensions, but got stride=[1, 1, 1]");
  g = {};
  g.padding = {-1, 0};
  CHECK(error({1, 3, 8, 8}, {4, 3, 3, 3}, g).find("negative padding is not supported") !=
        std::string::npos);
  g = {};
  g.groups = 2;
  CHECK(error({1, 4, 8, 8}, {3, 2, 3, 3}, g).find("divisible by 2 at dimension 0") !=
        std::string::npos);
  g.groups = 0;
  CHECK(error({1, 4, 8, 8}, {3, 2, 3, 3}, g).find("non-positive groups") != std::string::npos);
  g = {};
  g.dilation = {int64_t{1} << 62, 1};
  CHECK(error({1, 3, 8, 8}, {4, 3, 3, 3}, g).find("dilation is too large") != std::string::npos);
  CHECK(error_of([] {
          conv2d(zeros({1, 3, 8, 8}), zeros({4, 3, 3, 3}, kDouble));
        }) == "conv2d: expected scalar type Float but found Double");
}

TEST_CASE("gradients of conv2d, first and second order") {
  const auto check = [](Sizes x, Sizes w, const Geometry& g) {
    return gradients_agree([&](const variable_list& in) { return run(in[0], in[1], in[2], g); },
                           {leaf(x), leaf(w, 0.2), leaf({w[0]}, 0.9)});
  };
  CHECK(check({1, 2, 3, 3}, {2, 2, 3, 3}, same()));
  Geometry strided;
  strided.stride = {2, 3};
  strided.padding = {1, 2};
  CHECK(check({1, 2, 4, 3}, {2, 2, 3, 2}, strided));
  Geometry grouped = strided;
  grouped.groups = 2;
  grouped.dilation = {2, 1};
  CHECK(check({2, 2, 3, 3}, {2, 1, 2, 2}, grouped));
}

TEST_CASE("the third order of conv2d exists") {
  const Tensor x = leaf({1, 1, 3, 3});
  const Tensor w = leaf({1, 1, 2, 2}, 0.2);
  // sum(y^3): its third derivative along x is not zero.
  const auto cube = [&] { return conv2d(x, w).pow(3).sum(); };
  const Tensor first = autograd::grad({cube()}, {x}, {}, true, true)[0];
  const Tensor second = autograd::grad({first.sum()}, {x}, {}, true, true)[0];
  const Tensor third = autograd::grad({second.sum()}, {x}, {}, true, true)[0];
  // Along the direction of ones, y moves by sum(w) everywhere: d3 = 6 sum(w)^2 times the gradient
  // of sum(y), at each pixel.
  const double s = w.sum().item<double>();
  const Tensor once = autograd::grad({conv2d(x, w).sum()}, {x})[0];
  CHECK(close(third, once * (6 * s * s), 1e-10));
}

TEST_CASE("a frozen weight keeps no activation on the tape") {
  const Tensor w = wave({2, 2, 3, 3});
  Tensor x = leaf({1, 2, 5, 5});
  const Tensor y = conv2d(x * 2, w, {}, 1, 1);
  y.sum().backward();
  CHECK(shape(x.grad()) == Sizes{1, 2, 5, 5});
  CHECK_FALSE(w.grad().defined());
}
