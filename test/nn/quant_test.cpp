#include <cmath>

#include <reel/reel.h>

#include "support/catch.h"

using namespace reel;
using namespace reel::nn;
using Catch::Matchers::ContainsSubstring;
using quant::FixedPoint;
using quant::LowBitOptions;
using quant::TensorKind;

namespace {

constexpr TensorKind kKinds[] = {TensorKind::weight, TensorKind::activation, TensorKind::gradient};

/// What numbers of fixed point are, as Double, by the paper's formula.
Tensor rounded(const Tensor& x, const FixedPoint& f) {
  const double step = std::ldexp(1.0, static_cast<int>(f.shift));
  const double limit = std::ldexp(1.0, static_cast<int>(f.bits) - 1) - 1;
  return x.detach().to(kDouble).div(step).round().clamp(-limit, limit).mul(step);
}

/// The largest difference, in units of the largest number of `expected`.
double difference(const Tensor& expected, const Tensor& actual) {
  const double largest = expected.abs().max().item<double>();
  return (expected - actual.to(kDouble)).abs().max().item<double>() / largest;
}

// Two roundings to Float of 2^-24 each, of sums with a bias.
constexpr double kFloatRounding = 0x1p-22;

Tensor steps_of(Linear layer, int64_t count) {
  std::vector<int64_t> adjusted;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t before = layer->low_bit->state_of(TensorKind::activation).next_update;
    layer->forward(ones({2, 3}));
    if (layer->low_bit->state_of(TensorKind::activation).next_update != before) {
      adjusted.push_back(i);
    }
  }
  return tensor(adjusted);
}

}  // namespace

TEST_CASE("shifts, errors and intervals are the paper's") {
  CHECK(quant::fixed_shift(127, 8) == 0);
  CHECK(quant::fixed_shift(254, 8) == 1);
  CHECK(quant::fixed_shift(255, 8) == 2);  // log2(255 / 127) = 1.006
  CHECK(quant::fixed_shift(1, 8) == -6);   // log2(1 / 127) = -6.99
  CHECK(quant::fixed_shift(1, 16) == -14);
  CHECK(quant::fixed_shift(1e-30, 8) == -106);
  CHECK(quant::quantization_error(1, 1) == 0);
  CHECK(quant::quantization_error(2, 1.96) == Approx(std::log2(1.02)));
  CHECK(quant::quantization_error(2, 2.04) == Approx(std::log2(1.02)));
  const LowBitOptions o(1000);
  CHECK(quant::update_interval(o, -6, -6, 0.005) == 38);  // 0.1 / (100 * 0.005^2) - 2
  CHECK(quant::update_interval(o, -6, -5.8, 0) == 10);    // 0.1 / (0.04 * 0.2) - 2 = 10.5
  CHECK(quant::update_interval(o, -6, -5, 0) == 1);       // 0.5 is too often
  CHECK(quant::update_interval(o, -6, -6, 0) == 1000);    // never changes: once an epoch
}

TEST_CASE("quantize_fixed rounds halves to even and keeps within its bits") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = tensor({0.0F, 0.25F, 0.75F, -0.75F, 63.4F, -63.5F, 64.0F, -1e9F, inf, -inf,
                           std::numeric_limits<float>::quiet_NaN(), 1e-40F});
  const Tensor y = quantize_fixed(x, 8, -1);
  CHECK(y.dtype() == kChar);
  CHECK(equal(y.to(kInt), tensor({0, 0, 2, -2, 127, -127, 127, -127, 127, -127, 0, 0}).to(kInt)));
  const Tensor z = quantize_fixed(x, 16, -8);
  CHECK(z.dtype() == kShort);
  CHECK(equal(
      z.to(kInt),
      tensor({0, 64, 192, -192, 16230, -16256, 16384, -32767, 32767, -32767, 0, 0}).to(kInt)));
  manual_seed(1);
  const Tensor picture = randn({2, 5, 33, 7}).contiguous(MemoryFormat::ChannelsLast);
  for (const Tensor& t : {picture, picture.transpose(2, 3), picture.slice(3, 1, 7, 2)}) {
    for (const int64_t bits : {8, 16}) {
      const FixedPoint f{bits, -3};
      CHECK(equal(quantize_fixed(t, bits, -3).to(kDouble).mul(0.125), rounded(t, f)));
    }
  }
}

TEST_CASE("low-bit layers have the values and gradients of rounded numbers") {
  manual_seed(2);
  struct Case {
    Conv2dOptions conv;
    int64_t height, width;
  };
  const Case cases[] = {
      {Conv2dOptions(3, 8, 3).padding(1), 9, 11},
      {Conv2dOptions(4, 6, {3, 2}).stride({2, 1}).padding({1, 0}).bias(false), 8, 7},
      {Conv2dOptions(8, 8, 1), 5, 5},
      {Conv2dOptions(6, 4, 3).dilation(2).groups(2).padding(2), 9, 8},
      {Conv2dOptions(5, 5, 3).groups(5).stride(2), 11, 10},
  };
  for (const Case& c : cases) {
    for (const int64_t max_bits : {8, 16}) {
      Conv2d layer(c.conv);
      quant::prepare(layer, LowBitOptions(10).max_bits(max_bits).conv_threshold(1e-7));
      const Tensor x = randn({2, c.conv.in_channels(), c.height, c.width}).requires_grad_();
      const Tensor y = layer->forward(x);
      const Tensor g = randn_like(y);
      y.backward(g);
      const auto& state = *layer->low_bit;
      for (const TensorKind kind : kKinds) CHECK(state.state_of(kind).bits == max_bits);
      const Tensor xr = rounded(x, state.state_of(TensorKind::activation)).requires_grad_();
      const Tensor wr = rounded(layer->weight, state.state_of(TensorKind::weight)).requires_grad_();
      const Tensor bias = layer->bias.defined() ? layer->bias.detach().to(kDouble) : Tensor();
      const Tensor want = conv2d(xr, wr, bias, c.conv.stride(), c.conv.padding().amounts(),
                                 c.conv.dilation(), c.conv.groups());
      const auto grads =
          autograd::grad({want}, {xr, wr}, {rounded(g, state.state_of(TensorKind::gradient))});
      INFO(layer << " " << max_bits);
      CHECK(difference(want.detach(), y.detach()) < kFloatRounding);
      CHECK(difference(grads[0], x.grad()) < kFloatRounding);
      CHECK(difference(grads[1], layer->weight.grad()) < kFloatRounding);
      if (bias.defined()) CHECK(allclose(layer->bias.grad(), g.sum({0, 2, 3})));
    }
  }
  Linear layer(20, 7);
  quant::prepare(layer);
  const Tensor x = randn({3, 4, 20}).requires_grad_();
  const Tensor y = layer->forward(x);
  const Tensor g = randn_like(y);
  y.backward(g);
  const auto& state = *layer->low_bit;
  const Tensor xr = rounded(x, state.state_of(TensorKind::activation)).requires_grad_();
  const Tensor wr = rounded(layer->weight, state.state_of(TensorKind::weight)).requires_grad_();
  const Tensor want = linear(xr, wr, layer->bias.detach().to(kDouble));
  const auto grads =
      autograd::grad({want}, {xr, wr}, {rounded(g, state.state_of(TensorKind::gradient))});
  CHECK(difference(want.detach(), y.detach()) < kFloatRounding);
  CHECK(difference(grads[0], x.grad()) < kFloatRounding);
  CHECK(difference(grads[1], layer->weight.grad()) < kFloatRounding);
  CHECK(allclose(layer->bias.grad(), g.sum({0, 1})));
}

TEST_CASE("a tensor whose error is too large gets 16 bits") {
  manual_seed(3);
  Linear layer(64, 8);
  quant::prepare(layer, LowBitOptions(1000));
  Tensor x = rand({16, 64}).add(0.5);
  layer->forward(x);
  CHECK(layer->low_bit->state_of(TensorKind::activation).bits == 8);
  // One large number among small ones, which 8 bits round to 0 or to a unit.
  x = rand({16, 64}).mul(1e-2);
  x[0][0].fill_(10);
  layer->forward(x);
  const FixedPoint f = layer->low_bit->state_of(TensorKind::activation);
  CHECK(f.bits == 16);
  CHECK(f.shift == quant::fixed_shift(10, 16));
  CHECK(f.short_updates == 0);
  // It keeps them.
  layer->forward(rand({16, 64}).add(0.5));
  CHECK(layer->low_bit->state_of(TensorKind::activation).bits == 16);
  const quant::BitShare share = quant::bit_share(*layer, TensorKind::activation);
  CHECK(share.int8_steps == 1);
  CHECK(share.int16_steps == 2);
  CHECK(share.int16() == Approx(2.0 / 3));
  CHECK_THAT(quant::bit_table(*layer), ContainsSubstring("33.3 / 66.7 (16)"));
  // Where 16 do not do either, that is counted.
  layer->low_bit->set_state(TensorKind::activation, {16, 0});
  x = full({16, 64}, 1e-3);
  x[0][0].fill_(100);  // to whose unit of 2^-8 the others are 0: 1 % of the sum
  layer->forward(x);
  CHECK(layer->low_bit->state_of(TensorKind::activation).bits == 16);
  CHECK(layer->low_bit->state_of(TensorKind::activation).short_updates == 1);
}

TEST_CASE("scales are adjusted in each step, then as they change, then once an epoch") {
  Linear layer(3, 2);
  // Ones are exact: the interval is the longest there is, an epoch.
  quant::prepare(layer, LowBitOptions(200));
  const NoGradGuard no_grad;
  CHECK(equal(steps_of(layer, 700), tensor({0, 1, 2, 202, 402, 602})));
  // An evaluation is no step.
  layer->eval();
  const FixedPoint before = layer->low_bit->state_of(TensorKind::activation);
  layer->forward(ones({2, 3}).mul(100));
  CHECK(layer->low_bit->state_of(TensorKind::activation).steps == before.steps);
  CHECK(layer->low_bit->state_of(TensorKind::activation).shift == before.shift);
}

TEST_CASE("an evaluation without scales takes those of its first batch") {
  manual_seed(4);
  Linear layer(30, 10);
  const Tensor x = randn({8, 30}), want = layer->forward(x).detach();
  quant::prepare(layer, LowBitOptions().max_bits(8));
  layer->eval();
  const NoGradGuard no_grad;
  const Tensor y = layer->forward(x);
  const FixedPoint f = layer->low_bit->state_of(TensorKind::activation);
  CHECK(f.calibrated);
  CHECK(f.bits == 8);
  CHECK(f.steps == 0);
  CHECK(difference(want.to(kDouble), y) < 0.03);
  layer->forward(x.mul(64));
  CHECK(layer->low_bit->state_of(TensorKind::activation).shift == f.shift);
  // The integers of a weight are kept, but not those of another weight.
  CHECK(equal(layer->forward(x), y));
  layer->weight.mul_(0.5);
  CHECK_FALSE(equal(layer->forward(x), y));
}

TEST_CASE("the state is saved, loaded and cloned with the model") {
  manual_seed(5);
  const auto make = [] {
    Sequential net(Conv2d(2, 4, 3), ReLU(), Flatten(), Linear(4 * 16, 3));
    quant::prepare(net, LowBitOptions(4));
    return net;
  };
  Sequential one = make(), two = make();
  const auto train = [](Sequential& net, const Tensor& x) {
    net->zero_grad();
    net->forward(x).square().sum().backward();
    return net->parameters()[0].grad().clone();
  };
  for (int i = 0; i < 5; ++i) train(one, randn({2, 2, 6, 6}));
  two->load_state_dict(one->state_dict());
  Sequential three(std::dynamic_pointer_cast<SequentialImpl>(one->clone()));
  const Tensor x = randn({2, 2, 6, 6});
  for (int i = 0; i < 5; ++i) {
    const Tensor want = train(one, x);
    CHECK(equal(train(two, x), want));
    CHECK(equal(train(three, x), want));
  }
  CHECK(one->state_dict().contains("0.low_bit.state"));
  CHECK(equal(one->state_dict()["3.low_bit.state"], three->state_dict()["3.low_bit.state"]));
  const auto& conv = *one->ptr(0)->as<Conv2d>();
  CHECK(conv.low_bit->state_of(TensorKind::gradient).steps == 10);
  CHECK_THAT(quant::bit_table(*one), ContainsSubstring("all layers"));
}

TEST_CASE("low-bit layers refuse what they can not do") {
  CHECK_THROWS_WITH(quant::prepare(Sequential(ReLU())),
                    ContainsSubstring("expected a model with a Conv2d or a Linear"));
  Linear layer(4, 2);
  const auto refuses = [&](const LowBitOptions& options, const char* text) {
    CHECK_THROWS_WITH(quant::prepare(layer, options), ContainsSubstring(text));
    CHECK(layer->low_bit == nullptr);
  };
  refuses(LowBitOptions(0), "steps_per_epoch of at least 1, got 0");
  refuses(LowBitOptions().max_bits(24), "max_bits 8 or 16, got 24");
  refuses(LowBitOptions().conv_threshold(-1), "conv_threshold greater than 0, got -1");
  refuses(LowBitOptions().alpha(2), "alpha of (0, 1], got 2");
  refuses(LowBitOptions().gamma(-2), "gamma of at least 0, got -2");
  quant::prepare(layer);
  CHECK_THROWS_WITH(layer->forward(ones({3, 4}, kDouble)),
                    ContainsSubstring("got Double and Float"));
  CHECK_THROWS_WITH(layer->forward(ones({3, 5})), ContainsSubstring("expected an input [..., 4]"));
  CHECK_THROWS_WITH(layer->forward(full({1, 4}, NAN)),
                    ContainsSubstring("the activation holds infinities or NaN"));
  const Tensor x = ones({3, 4}).requires_grad_();
  CHECK_THROWS_WITH(autograd::grad({layer->forward(x).sum()}, {x}, {}, true, true),
                    ContainsSubstring("gradients of higher order"));
  CHECK_THROWS_WITH(quantize_fixed(ones({2}), 7, 0), ContainsSubstring("8 or 16 bits, got 7"));
  CHECK_THROWS_WITH(quantize_fixed(ones({2}, kDouble), 8, 0), ContainsSubstring("got Double"));
  CHECK_THROWS_WITH(quantize_fixed(ones({2}), 8, 200), ContainsSubstring("a shift of [-126, 126]"));
  CHECK_THROWS_WITH(fixed_mm(ones({2, 2}, kChar), ones({2, 2}, kInt), 0),
                    ContainsSubstring("operands of Char or Short, got Char and Int"));
  CHECK_THROWS_WITH(
      fixed_mm(ones({2, 2}, kChar), ones({3, 2}, kChar), 0),
      ContainsSubstring("expected matrices [M, K] and [K, N], got [2, 2] and [3, 2]"));
  CHECK_THROWS_WITH(fixed_conv2d(ones({1, 3, 4, 4}, kChar), ones({2, 2, 3, 3}, kChar), 0),
                    ContainsSubstring("weight expects 2 input channels, input has 3"));
}
