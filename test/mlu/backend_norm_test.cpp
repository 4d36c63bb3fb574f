#include "backend_support.h"

using namespace mlu_test;
using reel::MemoryFormat;

namespace {

constexpr double kTolerance = 2e-5;
constexpr double kMomentum = 0.1, kEps = 1e-5;

struct Parameters {
  Tensor weight, bias, mean, variance;
  explicit Parameters(int64_t channels)
      : weight(wave({channels}, 0.1)),
        bias(wave({channels}, 0.2)),
        mean(wave({channels}, 0.3)),
        variance(wave({channels}, 0.4).abs() + 0.5) {}
};

}  // namespace

TEST_CASE("batch_norm kernels: shapes and layouts") {
  const std::vector<std::vector<int64_t>> shapes = {{4, 3, 5, 6},    {8, 70, 9, 9}, {100, 33},
                                                    {2, 1500, 3, 3}, {3, 4, 7},     {2, 4, 3, 2, 2},
                                                    {2, 1, 4, 4}};
  for (const auto& shape : shapes) {
    const Tensor x = wave(shape) * 2 + 3;
    const Parameters p(shape[1]);
    for (const bool training : {true, false}) {
      CAPTURE(shape, training);
      const auto norm = [&](const Tensors& in) {
        const Device where = in[0].device();
        return batch_norm(in[0], in[1], in[2], p.mean.to(where).clone(),
                          p.variance.to(where).clone(), training, kMomentum, kEps);
      };
      check_native(norm, {x, p.weight, p.bias}, true, kTolerance);
      if (shape.size() != 4) continue;
      const auto channels_last = [&](const Tensors& in) {
        return norm({in[0].contiguous(MemoryFormat::ChannelsLast), in[1], in[2]});
      };
      check_native(channels_last, {x, p.weight, p.bias}, true, kTolerance);
    }
  }
}

TEST_CASE("batch_norm kernels: without weight and bias, and running statistics") {
  const Tensor x = wave({6, 5, 4, 4});
  check_native(
      [](const Tensors& in) { return batch_norm(in[0], {}, {}, {}, {}, true, kMomentum, kEps); },
      {x}, true, kTolerance);
  const Parameters p(5);
  const auto running = [&](const Tensors& in) {
    const Tensor mean = in[1].clone(), variance = in[2].clone();
    batch_norm(in[0], {}, {}, mean, variance, true, kMomentum, kEps);
    return reel::stack({mean, variance});
  };
  check_native(running, {x, p.mean, p.variance}, false, kTolerance);
}

TEST_CASE("batch_norm kernels: views") {
  const Parameters p(5);
  check_native(
      [](const Tensors& in) {
        return batch_norm(in[0].transpose(0, 1), in[1].slice(0, 0, 10, 2), in[2], {}, {}, true,
                          kMomentum, kEps);
      },
      {wave({5, 6, 3, 3}), wave({10}), p.bias}, true, kTolerance);
}

TEST_CASE("layer_norm and group_norm by the batch_norm kernels") {
  check_native([](const Tensors& in) { return layer_norm(in[0], {40}, in[1], in[2]); },
               {wave({3, 7, 40}), wave({40}, 0.1), wave({40}, 0.2)}, true, kTolerance);
  check_native([](const Tensors& in) { return group_norm(in[0], 3, in[1], in[2]); },
               {wave({2, 6, 5, 5}), wave({6}, 0.1), wave({6}, 0.2)}, true, kTolerance);
}

TEST_CASE("batch_norm kernels: half") {
  const Tensor x = wave({4, 6, 5, 5}).to(reel::kHalf), weight = wave({6}).to(reel::kHalf);
  check_native(
      [](const Tensors& in) {
        return batch_norm(in[0], in[1], in[1], {}, {}, true, kMomentum, kEps);
      },
      {x, weight}, true, 2e-2);
}
