#include <array>
#include <cnrt.h>
#include <limits>
#include <optional>

#include <reel/backends/mlu/runtime/trace.h>

#include "backend_support.h"
#include "launches.h"

using namespace mlu_test;
using reel::MemoryFormat;

namespace {

constexpr double kTolerance = 2e-5;
constexpr double kManyTerms = 3e-4;  // of a sum whose terms cancel each other
using Pair = std::array<int64_t, 2>;

struct Case {
  int64_t images, channels;
  Pair size;
  int64_t filters;
  Pair kernel;
  Pair stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
  int64_t groups = 1;
};

// With and without a bias, from both layouts, with all gradients.
void check_conv(const Case& c, double tolerance = kTolerance) {
  CAPTURE(c.images, c.channels, c.size, c.filters, c.kernel, c.stride, c.padding, c.dilation,
          c.groups);
  const Tensor x = wave({c.images, c.channels, c.size[0], c.size[1]});
  const Tensor w = wave({c.filters, c.channels / c.groups, c.kernel[0], c.kernel[1]}, 0.1);
  const Tensor bias = wave({c.filters}, 0.3);
  const auto conv = [&](MemoryFormat format) {
    return [&c, format](const Tensors& in) {
      const std::optional<Tensor> b = in.size() > 2 ? std::optional(in[2]) : std::nullopt;
      return conv2d(in[0].contiguous(format), in[1], b.value_or(Tensor()), c.stride, c.padding,
                    c.dilation, c.groups);
    };
  };
  check_native(conv(MemoryFormat::Contiguous), {x, w, bias}, true, tolerance);
  check_native(conv(MemoryFormat::ChannelsLast), {x, w}, true, tolerance);
}

}  // namespace

TEST_CASE("conv2d kernels: kernels, strides, paddings, dilations") {
  check_conv({1, 1, {4, 4}, 1, {1, 1}});
  check_conv({2, 3, {9, 11}, 5, {3, 3}, {1, 1}, {1, 1}});
  check_conv({1, 3, {27, 27}, 8, {11, 11}, {4, 4}, {2, 2}});
  check_conv({2, 3, {16, 16}, 16, {7, 7}, {2, 2}, {3, 3}});
  check_conv({3, 16, {10, 10}, 8, {1, 1}, {2, 2}, {1, 1}});
  check_conv({2, 5, {17, 13}, 7, {5, 3}, {3, 2}, {2, 4}, {2, 3}});
  check_conv({1, 16, {7, 9}, 4, {1, 3}, {1, 1}, {0, 2}});
  check_conv({5, 4, {6, 6}, 3, {6, 6}});
}

TEST_CASE("conv2d kernels: groups") {
  check_conv({1, 32, {8, 8}, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32});
  check_conv({2, 6, {9, 9}, 12, {3, 3}, {2, 1}, {0, 1}, {1, 2}, 3});
  check_conv({1, 24, {6, 6}, 24, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12});
  check_conv({1, 34, {5, 5}, 17, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 17});
  check_conv({1, 48, {5, 5}, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2});
}

TEST_CASE("conv2d kernels: more channels and filters than fit a core") {
  check_conv({1, 200, {7, 7}, 130, {3, 3}, {1, 1}, {1, 1}}, kManyTerms);
  check_native(
      [](const Tensors& in) {
        return conv2d(in[0], in[1], Tensor(), {1, 1}, {1, 1});
      },
      {wave({1, 512, 5, 5}), wave({96, 512, 3, 3})}, true, kManyTerms);
}

TEST_CASE("conv2d kernels: wide pictures and large kernels") {
  check_native(
      [](const Tensors& in) {
        return conv2d(in[0], in[1], Tensor(), {1, 1}, {1, 1});
      },
      {wave({1, 2, 3, 3000}), wave({3, 2, 3, 3})}, true, kTolerance);
  check_native([](const Tensors& in) { return conv2d(in[0], in[1]); },
               {wave({1, 3, 90, 90}), wave({2, 3, 90, 90})}, true, kManyTerms);
}

TEST_CASE("conv2d kernels: no pictures") {
  const auto conv = [](const Tensors& in) {
    return conv2d(in[0], in[1], Tensor(), {1, 1}, {1, 1});
  };
  check_native(conv, {wave({0, 3, 8, 8}), wave({4, 3, 3, 3})}, true);
}

TEST_CASE("conv2d kernels: views") {
  check_native(
      [](const Tensors& in) {
        return conv2d(in[0].transpose(2, 3), in[1].transpose(0, 1), in[2].slice(0, 0, 8, 2), {1, 1},
                      {1, 1});
      },
      {wave({2, 20, 7, 9}), wave({20, 4, 3, 3}), wave({8})}, true, kTolerance);
  check_native(
      [](const Tensors& in) { return conv2d(in[0].narrow(1, 5, 16).slice(3, 0, 12, 2), in[1]); },
      {wave({2, 40, 6, 12}), wave({4, 16, 3, 3})}, true, kTolerance);
}

TEST_CASE("conv2d kernels: weights that are channels-last, and of one element") {
  const auto conv = [](const Tensors& in) {
    return conv2d(in[0], in[1].contiguous(MemoryFormat::ChannelsLast), Tensor(), {1, 1}, {1, 1}, 1,
                  2);
  };
  check_native(conv, {wave({2, 32, 6, 6}), wave({8, 16, 3, 2})}, true, kTolerance);
  check_native(conv, {wave({2, 32, 6, 6}), wave({8, 16, 1, 3})}, true, kTolerance);
  check_native([](const Tensors& in) { return conv2d(in[0], in[1]); },
               {wave({2, 32, 6, 6}), wave({48, 32, 1, 1})}, true, kTolerance);
}

TEST_CASE("conv2d kernels: half and bfloat16") {
  for (const reel::ScalarType dtype : {reel::kHalf, reel::kBFloat16}) {
    const double tolerance = dtype == reel::kHalf ? 4e-3 : 3e-2;
    const Tensor x = wave({2, 40, 9, 9}), w = wave({70, 40, 3, 3}, 0.1) * 0.1, bias = wave({70});
    check_native(
        [](const Tensors& in) {
          return conv2d(in[0], in[1], in[2], {1, 1}, {1, 1});
        },
        {x.to(dtype), w.to(dtype), bias.to(dtype)}, false, tolerance);
    check_native(
        [](const Tensors& in) {
          const Tensor y = conv2d(in[0], in[1], Tensor(), {2, 2}, {1, 1});
          return reel::autograd::grad({y}, {in[0]}, {reel::ones_like(y)})[0];
        },
        {x.to(dtype).requires_grad_(), w.to(dtype)}, false, tolerance);
  }
}

TEST_CASE("conv2d kernels: second order") {
  const auto slope = [](const Tensors& in) {
    const Tensor y = conv2d(in[0], in[1], Tensor(), {2, 2}, {1, 1});
    return reel::autograd::grad({y.square().sum()}, {in[0]}, {}, true, true)[0];
  };
  check_native(slope, {wave({2, 3, 7, 7}), wave({4, 3, 3, 3})}, true, 1e-4);
}

TEST_CASE("conv2d with ReLU keeps NaN") {
  const auto conv = [](const Tensors& in) {
    return conv2d_relu(in[0], in[1], in[2], {1, 1}, {1, 1});
  };
  Tensor x = wave({2, 3, 9, 9});
  check_native(conv, {x, wave({5, 3, 3, 3}), wave({5})}, true, kTolerance);
  x[1][2][4][4].fill_(std::numeric_limits<float>::quiet_NaN());
  check_native(conv, {x, wave({5, 3, 3, 3}), wave({5})});
}

TEST_CASE("conv2d with ReLU and pooling") {
  const auto conv = [](const Tensors& in) {
    return conv2d_relu_max_pool2d(in[0], in[1], in[2], {1, 1}, {1, 1});
  };
  // Even and odd sizes; more channels than a row of NRAM holds; none of a size that pooling drops.
  const std::vector<std::vector<int64_t>> sizes{{2, 3, 8, 8}, {1, 3, 7, 9}, {3, 16, 2, 3}};
  for (const auto& size : sizes) {
    check_native(conv, {wave(size), wave({5, size[1], 3, 3}), wave({5})}, true, kTolerance);
  }
  check_native(conv, {wave({1, 2, 4, 130}), wave({190, 2, 3, 3}), wave({190})}, true, kTolerance);
  const auto half = [](const Tensor& x) { return x.to(reel::kHalf); };
  check_native(conv, {half(wave({2, 3, 8, 8})), half(wave({5, 3, 3, 3})), half(wave({5}))}, false,
               2e-3);
  Tensor x = wave({1, 3, 6, 6});
  x[0][1][3][3].fill_(std::numeric_limits<float>::quiet_NaN());
  check_native(conv, {x, wave({5, 3, 3, 3}), wave({5})});
}

TEST_CASE("conv2d with ReLU and pooling: no window above 0, and equal ones") {
  const auto conv = [](const Tensors& in) {
    return conv2d_relu_max_pool2d(in[0], in[1], in[2], {1, 1}, {0, 0});
  };
  const Tensor one = reel::ones({1, 1, 1, 1}), x = reel::ones({1, 1, 4, 4});
  for (const float bias : {-2.0f, -1.0f, 0.5f}) {
    check_native(conv, {x, one, reel::full({1}, bias)}, true);
  }
}

TEST_CASE("conv2d kernels run on the tensors' device") {
  device();
  const Tensor x = wave({1, 16, 6, 6}), w = wave({4, 16, 3, 3});
  const Device second("mlu:1");
  const Tensor y = conv2d(x.to(second), w.to(second));
  CHECK(y.device() == second);
  CHECK(largest_error(conv2d(x, w), y) <= kTolerance);
}

TEST_CASE("filters are arranged once for a weight that stays, and anew when it was written to") {
  const reel::NoGradGuard no_grad;
  const auto copies = [] {
    reel::mlu::device_time_us();
    int64_t launches = 0;
    for (const bang::KernelProfile& profile : bang::kernel_profiles()) {
      if (profile.kernel == "copy_tiles") launches += profile.launches;
    }
    bang::clear_kernel_profiles();
    return launches;
  };
  const Tensor x = wave({2, 16, 6, 6}).contiguous(reel::MemoryFormat::ChannelsLast).to(device());
  Tensor w = wave({8, 16, 3, 3}, 0.2).to(device());
  const auto stale = [&] {
    const Tensor y = reel::conv2d(x, w), fresh = reel::conv2d(x, w.clone());
    return !reel::equal(y.cpu(), fresh.cpu());
  };
  copies();
  reel::conv2d(x, w);
  const int64_t first = copies();
  const Tensor y = reel::conv2d(x, w);
  CHECK(copies() == first - 1);
  w.add_(1);
  CHECK_FALSE(reel::equal(reel::conv2d(x, w).cpu(), y.cpu()));
  CHECK_FALSE(stale());
  // Writes of the program's own, which no version counts, and other views of the same memory.
  REQUIRE(cnrtMemset(w.data_ptr(), 0, 1024) == cnrtSuccess);
  CHECK_FALSE(stale());
  REQUIRE(cnrtMemsetAsync(w.data_ptr(), 0, 2048, nullptr) == cnrtSuccess);
  CHECK_FALSE(stale());
  w.fill_(0.5);
  CHECK_FALSE(stale());
  w[1].fill_(2);
  CHECK_FALSE(stale());
  w = w.flip({2});
  CHECK_FALSE(stale());
}

TEST_CASE("a kernel of the program's own may write to a weight between two uses of it") {
  const reel::NoGradGuard no_grad;
  const auto check = [](const Tensor& x, const Tensor& weight, const auto& f) {
    const Tensor on_device = x.to(device()), w = weight.to(device());
    const Tensor before = f(on_device, w);
    REQUIRE(reel::equal(f(on_device, w).cpu(), before.cpu()));
    const int64_t half = w.numel() / 2;
    test::mlu::launch_fill(w.data_ptr<float>(), 0.25f, static_cast<int>(half));
    const Tensor after = f(on_device, w);
    CHECK_FALSE(reel::equal(after.cpu(), before.cpu()));
    Tensor written = weight.clone();
    written.view({-1}).narrow(0, 0, half).fill_(0.25);
    CHECK(largest_error(f(x, written), after) <= kTolerance);
  };
  const Tensor x = wave({2, 16, 6, 6});
  check(x, wave({8, 16, 3, 3}, 0.2),
        [](const Tensor& in, const Tensor& w) { return reel::conv2d(in, w); });
  check(x, wave({16, 8, 3, 3}, 0.2),
        [](const Tensor& in, const Tensor& w) { return reel::conv_transpose2d(in, w); });
  check(x.reshape({12, 96}), wave({96, 8}, 0.2),
        [](const Tensor& in, const Tensor& w) { return reel::mm(in, w); });
}
