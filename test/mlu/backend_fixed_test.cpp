#include <reel/backends/mlu/runtime/arch.h>
#include <reel/nn/models/lenet.h>
#include <reel/tensor/ops/fixed.h>

#include "backend_support.h"

using namespace mlu_test;
using namespace reel;

namespace {

// The simulator adds up products in Float: each addition rounds by 2^-24 of the sum so far.
constexpr double kSums = 1e-5;

/// Whole numbers over the range of so many bits.
Tensor integers(IntArrayRef sizes, int64_t bits, double start = 0.5) {
  return quantize_fixed(wave(sizes, start), bits, 1 - bits);
}

struct Case {
  int64_t channels, filters, height, width, kernel_height, kernel_width, stride, padding, dilation,
      groups;
};
const Case kCases[] = {
    {3, 8, 9, 11, 3, 3, 1, 1, 1, 1},   {64, 70, 6, 5, 3, 3, 1, 1, 1, 1},
    {32, 16, 7, 7, 1, 1, 1, 0, 1, 1},  {6, 4, 9, 8, 3, 3, 1, 2, 2, 2},
    {8, 8, 10, 11, 3, 3, 2, 1, 1, 8},  {5, 7, 8, 8, 5, 2, 2, 1, 1, 1},
    {130, 20, 5, 5, 3, 3, 1, 1, 1, 1},
};

}  // namespace

TEST_CASE("quantize_fixed kernel: rounding, saturation, layouts") {
  for (const int64_t bits : {8, 16}) {
    for (const int64_t shift : {-20, -9, -6, 3}) {
      CAPTURE(bits, shift);
      const auto quantize = [&](const Tensors& in) { return quantize_fixed(in[0], bits, shift); };
      check_native(quantize, {wave({5, 700}) * 3}, false, 0);
      check_native(quantize, {wave({40000})}, false, 0);
      check_native(quantize, {wave({2, 3, 4, 5}).contiguous(MemoryFormat::ChannelsLast)}, false, 0);
    }
    const auto quantize = [&](const Tensors& in) { return quantize_fixed(in[0], bits, 0); };
    check_native(quantize, {tensor({0.5F, 1.5F, -2.5F, 1e9F, -1e9F, INFINITY, NAN})}, false, 0);
    check_native(quantize, {zeros({0})}, false, 0);
  }
}

TEST_CASE("fixed_statistics kernel against sums in double") {
  const float most = 127 * 0.0625F;  // exactly the largest that a shift of -4 holds in 8 bits
  const Tensor cases[] = {wave({1}),
                          wave({3, 5}) * 7,
                          wave({300, 700}) * 1e-3,
                          tensor({1.0F, -most}),
                          tensor({1.0F, std::nextafter(most, 8.0F)}),
                          wave({2, 3, 4, 5}).contiguous(MemoryFormat::ChannelsLast)};
  for (const Tensor& x : cases) {
    for (const int64_t bits : {8, 16}) {
      CAPTURE(x.sizes(), bits);
      const auto statistics = [&](const Tensors& in) {
        return ops::apply(ops::FixedStatistics{bits}, in[0]);
      };
      check_native(statistics, {x}, false, 1e-6);
      double largest = 0, sum = 0, rounded = 0;
      for (const double v : test::values(x)) largest = std::max(largest, std::abs(v));
      const double unit = std::ldexp(1.0, static_cast<int>(nn::quant::fixed_shift(largest, bits)));
      for (const double v : test::values(x)) {
        sum += std::abs(v);
        rounded += std::nearbyint(std::abs(v) / unit) * unit;
      }
      const auto count = static_cast<double>(x.numel());
      const std::vector<double> found = test::values(statistics({x.to(device())}).to(Device(kCPU)));
      CHECK(found[0] == largest);
      CHECK(found[1] == Approx(sum / count).epsilon(1e-6));
      CHECK(found[2] == Approx(rounded / count).epsilon(1e-6));
    }
  }
}

TEST_CASE("fixed_mm kernel: dtypes, layouts and a bias") {
  for (const int64_t a : {8, 16}) {
    for (const int64_t b : {8, 16}) {
      CAPTURE(a, b);
      const int64_t shift = 2 - a - b;
      const auto product = [&](const Tensors& in) { return fixed_mm(in[0], in[1], shift, in[2]); };
      check_native(product, {integers({17, 33}, a), integers({33, 65}, b, 0.1), wave({65})}, false,
                   kSums);
      check_native(product, {integers({64, 128}, a), integers({128, 1}, b, 0.1), wave({1})}, false,
                   kSums);
      check_native([&](const Tensors& in) { return fixed_mm(in[0].t(), in[1].t(), shift); },
                   {integers({300, 5}, a), integers({70, 300}, b, 0.1)}, false, kSums);
    }
  }
}

TEST_CASE("fixed_conv2d kernels of the layers: forward and gradients") {
  for (const Case& c : kCases) {
    for (const int64_t max_bits : {8, 16}) {
      CAPTURE(c.channels, c.filters, c.kernel_height, max_bits);
      manual_seed(1);
      nn::Conv2d layer(nn::Conv2dOptions(c.channels, c.filters, {c.kernel_height, c.kernel_width})
                           .stride(c.stride)
                           .padding(c.padding)
                           .dilation(c.dilation)
                           .groups(c.groups));
      // Gradients of 16 bits meet inputs and weights of 8.
      nn::quant::prepare(layer, nn::quant::LowBitOptions(10).max_bits(max_bits));
      const Tensor x = wave({2, c.channels, c.height, c.width});
      nn::TensorDict state;
      for (const auto& item : layer->state_dict()) state.insert(item.key(), item->clone());
      const auto step = [&](const Tensors& in) {
        layer->to(in[0].device());
        layer->load_state_dict(state);
        auto f = layer->low_bit->state_of(nn::quant::TensorKind::gradient);
        f.bits = max_bits;
        layer->low_bit->set_state(nn::quant::TensorKind::gradient, f);
        layer->zero_grad();
        return layer->forward(in[0]);
      };
      check_native(step, {x}, true, kSums);
      run_on(kCPU, step, {x}, true);
      const Tensor want = layer->weight.grad().clone();
      run_on(device(), step, {x}, true);
      CHECK(largest_error(want, layer->weight.grad()) <= kSums);
    }
  }
}

TEST_CASE("low-bit Linear trains on the device as on the CPU") {
  manual_seed(2);
  nn::Linear cpu(40, 12);
  nn::quant::prepare(cpu, nn::quant::LowBitOptions(5));
  nn::Linear mlu(std::dynamic_pointer_cast<nn::LinearImpl>(cpu->clone()));
  mlu->to(device());
  bang::clear_findings();
  for (int i = 0; i < 8; ++i) {
    const Tensor x = wave({6, 40}, 0.1 * i) * (1 + i);
    for (nn::Linear* net : {&cpu, &mlu}) {
      (*net)->zero_grad();
      (*net)->forward(x.to((*net)->weight.device())).square().sum().backward();
    }
    CHECK(largest_error(cpu->weight.grad(), mlu->weight.grad().to(Device(kCPU))) <= kSums);
  }
  CHECK(equal(cpu->low_bit->state, mlu->low_bit->state.to(Device(kCPU))));
  CHECK(findings() == "");
}

TEST_CASE("int8 inference on the device is near that in float") {
  manual_seed(3);
  const NoGradGuard no_grad;
  nn::models::LeNet net;
  net->eval();
  const Tensor x = wave({8, 1, 28, 28}), want = net->forward(x);
  nn::quant::prepare(net, nn::quant::LowBitOptions().max_bits(8));
  net->to(device());
  bang::clear_findings();
  const Tensor scores = net->forward(x.to(device())).to(Device(kCPU));
  // Five layers, each of which rounds its input and its weight by up to 1/127 of the largest.
  const double largest = want.abs().max().item<double>();
  CHECK((scores - want).abs().max().item<double>() <= 0.05 * largest);
  CHECK_FALSE(equal(scores, want));
  CHECK(findings() == "");
}

namespace {

/// The predicted time of a step of training, after one in which scales are found and before the
/// next in which they are looked after.
template <class Model>
double step_us(Model model, const Tensor& input, bool low_bit) {
  if (low_bit) nn::quant::prepare(model);
  model->to(device());
  optim::SGD optimizer(model->parameters(), 0.01);
  const Tensor x = input.to(device());
  const auto step = [&] {
    optimizer.zero_grad();
    model->forward(x).square().mean().backward();
    optimizer.step();
  };
  step();
  model->apply([](nn::Module& module) {
    auto* layer = module.template as<nn::quant::LowBitImpl>();
    for (int k = 0; layer != nullptr && k < nn::quant::kTensorKinds; ++k) {
      const auto kind = static_cast<nn::quant::TensorKind>(k);
      auto fixed = layer->state_of(kind);
      fixed.next_update = fixed.steps + 2;
      layer->set_state(kind, fixed);
    }
  });
  const double start = mlu::device_time_us();
  step();
  return mlu::device_time_us() - start;
}

nn::Sequential convolutions(int64_t channels) {
  const auto conv = [&] { return nn::Conv2d(nn::Conv2dOptions(channels, channels, 3).padding(1)); };
  return nn::Sequential(conv(), nn::ReLU(), conv(), nn::ReLU(), conv(), nn::ReLU());
}

}  // namespace

TEST_CASE("a step of low-bit training takes less predicted time than one in float32") {
  if (bang::arch().number != 372) return;
  const Tensor digits = wave({64, 1, 28, 28}), x = wave({4, 256, 28, 28});
  CHECK(step_us(nn::models::LeNet(), digits, true) < step_us(nn::models::LeNet(), digits, false));
  CHECK(step_us(convolutions(256), x, true) < 0.9 * step_us(convolutions(256), x, false));
}
