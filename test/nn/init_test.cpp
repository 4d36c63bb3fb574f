#include <cmath>

#include <reel/nn/nn.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::close;
using reel::test::error_of;

namespace {

/// The first and the last two of the tensor's elements are PyTorch 1.13's for the same seed.
/// Float32 draws are scaled by one multiplication or pass through log, sin and cos: 1 or 2 units in
/// the last place of values up to 3, so 1e-6.
void check_values(const Tensor& x, const std::vector<float>& first,
                  const std::vector<float>& last = {}) {
  const Tensor flat = x.detach().reshape({-1});
  const auto count = static_cast<int64_t>(first.size());
  CHECK(close(flat.slice(0, 0, count), tensor(first), 1e-6));
  if (!last.empty()) CHECK(close(flat.slice(0, flat.numel() - 2), tensor(last), 1e-6));
}

Tensor fresh() {
  manual_seed(7);
  return empty({4, 3, 2, 2});
}

}  // namespace

TEST_CASE("Modules start as in PyTorch for the same seed") {
  manual_seed(42);
  nn::Linear linear(5, 3);
  check_values(
      linear->weight,
      {0.341912031f, 0.371190816f, -0.104769833f, 0.410815448f, -0.0979860947f, 0.0902435407f},
      {0.0605663918f, 0.215641066f});
  check_values(linear->bias, {-0.0631425381f, 0.344750613f, 0.0661021546f});

  manual_seed(42);
  nn::Conv2d conv(nn::Conv2dOptions(4, 6, 3).groups(2));
  check_values(
      conv->weight,
      {0.180203453f, 0.195634738f, -0.055218555f, 0.21651876f, -0.0516432077f, 0.047562521f},
      {-0.199969009f, -0.129792422f});
  check_values(conv->bias, {-0.20628947f, -0.150080606f, 0.235610068f, 0.0445182547f, 0.072633937f,
                            -0.219835803f});

  manual_seed(42);
  nn::Embedding small(nn::EmbeddingOptions(3, 4).padding_idx(1));
  check_values(small->weight, {0.336690366f, 0.128809407f, 0.234462366f, 0.23033303f, 0.0f, 0.0f,
                               0.0f, 0.0f, 0.461657226f, 0.267350882f, 0.534904659f, 0.809357226f});
  manual_seed(42);
  nn::Embedding large(10, 5);
  check_values(large->weight,
               {1.92691529f, 1.48728406f, 0.900717199f, -2.10552096f, 0.678418458f, -1.23454487f},
               {-1.20244563f, 0.70781225f});
}

TEST_CASE("init draws PyTorch's numbers") {
  check_values(nn::init::xavier_uniform_(fresh(), 2.0),
               {0.0646639764f, -0.557708144f, 0.294802785f, 0.290504336f},
               {-0.16031751f, -0.119509324f});
  check_values(nn::init::xavier_normal_(fresh()),
               {-0.219190165f, 0.105736874f, 0.24024339f, -0.37106654f},
               {0.13393034f, 0.0694976002f});
  check_values(nn::init::kaiming_uniform_(fresh(), 0, kFanOut, kReLU),
               {0.0427712053f, -0.368889272f, 0.194993719f, 0.192150563f},
               {-0.106040068f, -0.0790479928f});
  check_values(nn::init::kaiming_normal_(fresh(), 0.2),
               {-0.328316569f, 0.158379212f, 0.35985139f, -0.555806398f},
               {0.200609133f, 0.104097791f});
  check_values(nn::init::uniform_(fresh(), -2, 3),
               {0.674612701f, -1.00598407f, 1.29605842f, 1.28445137f},
               {0.0670932531f, 0.177287936f});
  check_values(nn::init::normal_(fresh(), 1, 2),
               {-0.640269041f, 1.79126239f, 2.79781699f, -1.77680779f}, {2.00224304f, 1.52007246f});
}

TEST_CASE("init fills without recording") {
  const Tensor w = zeros({2, 3}, requires_grad(true));
  CHECK(nn::init::ones_(w).is_same(w));
  CHECK(w.is_leaf());
  CHECK(equal(w.detach(), ones({2, 3})));
  CHECK(equal(nn::init::constant_(w, 0.25).detach(), full({2, 3}, 0.25)));
  CHECK(equal(nn::init::zeros_(w).detach(), zeros({2, 3})));
  CHECK(equal(nn::init::eye_(w).detach(), tensor({{1.0f, 0.0f, 0.0f}, {0.0f, 1.0f, 0.0f}})));
}

TEST_CASE("Gains and fans") {
  CHECK(nn::init::calculate_gain(kLinear) == 1);
  CHECK(nn::init::calculate_gain(kConv2D) == 1);
  CHECK(nn::init::calculate_gain(kSigmoid) == 1);
  CHECK(nn::init::calculate_gain(kTanh) == 5.0 / 3);
  CHECK(nn::init::calculate_gain(kReLU) == std::sqrt(2.0));
  CHECK(nn::init::calculate_gain(kLeakyReLU, 2) == std::sqrt(0.4));
  CHECK(nn::init::_calculate_fan_in_and_fan_out(empty({6, 4, 3, 5})) ==
        std::tuple<int64_t, int64_t>(60, 90));
  CHECK_THAT(error_of([] { nn::init::xavier_uniform_(empty({3})); }),
             ContainsSubstring("fewer than 2 dimensions (got [3])"));
  CHECK_THAT(error_of([] { nn::init::eye_(empty({3})); }), ContainsSubstring("2 dimensions"));
  CHECK(nn::init::kaiming_uniform_(empty({3, 0})).numel() == 0);
}
