// Packed weights are kept beside a weight and must never outlive its contents.

#include <reel/autograd/grad_mode.h>
#include <reel/backends/allocator.h>
#include <reel/backends/cpu/precision.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/random.h>

#include "support/catch.h"

using namespace reel;

namespace {

// Largest difference between a convolution and the same one of a weight that no cache knows.
double staleness(const Tensor& x, const Tensor& weight) {
  const Tensor y = conv2d(x, weight, {}, 1, 1);
  return (y - conv2d(x, weight.clone(), {}, 1, 1)).abs().max().item<float>();
}

}  // namespace

TEST_CASE("A convolution sees what was written to its weight") {
  const NoGradGuard guard;
  // Winograd below and above the size of full fingerprints, and implicit GEMM.
  for (const int64_t channels : {32, 200, 8}) {
    const Tensor x = randn({1, channels, 8, 8});
    Tensor weight = randn({channels, channels, 3, 3});
    REQUIRE(staleness(x, weight) == 0);
    weight.add_(1);
    CHECK(staleness(x, weight) == 0);
    weight[0].fill_(2);
    CHECK(staleness(x, weight) == 0);
    // Through raw pointers: one element of the small ones, all of the large one.
    float* data = weight.data_ptr<float>();
    for (int64_t i = 0; i < (channels == 200 ? weight.numel() : 1); ++i) data[i] = -3;
    CHECK(staleness(x, weight) == 0);
    // Another view of the same memory.
    CHECK(staleness(x, weight.transpose(0, 1)) == 0);
    CHECK(staleness(x, weight.flip({2})) == 0);
  }
}

TEST_CASE("A large transformed weight is kept once it is met again, until it is written to") {
  struct Weight {
    int64_t outputs, side, positions;
    int meetings;
  };
  // Tiles of 6x6; and of 4x4, a part of the weight at a time, which has to be met more often.
  const Weight weights[] = {{256, 42, 64, 1}, {512, 8, 36, 4}};
  const NoGradGuard guard;
  for (const auto& [outputs, side, positions, meetings] : weights) {
    const Tensor x = randn({1, 256, side, side});
    Tensor weight = randn({outputs, 256, 3, 3});
    const auto held = [&] {
      conv2d(x, weight, {}, 1, 1);
      return backends::memory_stats(kCPU).in_use;
    };
    const int64_t first = held();
    const int64_t transformed = positions * weight.numel() / 9 * int64_t{sizeof(float)};
    for (int i = 1; i < meetings; ++i) CHECK(held() == first);
    CHECK(held() >= first + transformed);
    CHECK(staleness(x, weight) == 0);  // a clone is new: both ways give the same bits
    weight.add_(1);
    CHECK(held() == first);
    CHECK(staleness(x, weight) == 0);
    for (int i = 2; i < meetings; ++i) CHECK(held() == first);
    CHECK(held() >= first + transformed);
  }
}

TEST_CASE("The precision of a convolution can be changed between two calls") {
  const NoGradGuard guard;
  const Tensor x = randn({1, 64, 16, 16}), weight = randn({64, 64, 3, 3});
  const Tensor fast = conv2d(x, weight, {}, 1, 1);
  set_conv_precision(ConvPrecision::exact);
  const Tensor exact = conv2d(x, weight, {}, 1, 1);
  set_conv_precision(ConvPrecision::fast);
  const double difference = (fast - exact).abs().max().item<float>();
  CHECK(difference > 0);  // or the setting has no effect
  // Sums of 576 products of normal values: rms 24; Winograd's largest error is some 1e-5 of it.
  CHECK(difference < 1e-3);
  CHECK((conv2d(x, weight, {}, 1, 1) - fast).abs().max().item<float>() == 0);
}
