#include <algorithm>
#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/functions/fixed.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/conv_sizes.h>
#include <reel/tensor/ops/fixed.h>

namespace reel {
namespace ops {
namespace {

void check_shift(const char* op, int64_t shift, int64_t most) {
  if (shift >= -most && shift <= most) return;
  fail("{}: expected a shift of [{}, {}], got {}", op, -most, most, shift);
}

void check_format(const char* op, const Tensor& x, int64_t bits, int64_t shift) {
  if (x.dtype() != kFloat) fail("{}: expected a Float tensor, got {}", op, x.dtype());
  if (bits != 8 && bits != 16) fail("{}: expected 8 or 16 bits, got {}", op, bits);
  check_shift(op, shift, kMostShift);
}

void check_product(const char* op, const FixedProduct& product, const Tensor& a, const Tensor& b) {
  const auto check = [&](const Tensor& t, const FixedFormat& format) {
    if (t.dtype() == kChar || t.dtype() == kShort) return;
    if (t.dtype() == kFloat) return check_format(op, t, format.bits, format.shift);
    fail("{}: expected operands of Char, Short or Float, got {} and {}", op, a.dtype(), b.dtype());
  };
  check(a, product.first);
  check(b, product.second);
  check_shift(op, product.shift, 2 * kMostShift);
}

Tensor integers(const Tensor& x, const FixedFormat& format) {
  return x.dtype() == kFloat ? apply(QuantizeFixed{format.bits, format.shift}, x) : x;
}

/// If an operand is Float: the op of integers, and true.
template <class Op>
bool compose_of_integers(const Op& op, Compose& call) {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (a.dtype() != kFloat && b.dtype() != kFloat) return false;
  const Tensor first = integers(a, op.first), second = integers(b, op.second);
  call.set(0, call.has(2) ? apply(op, first, second, call.in(2)) : apply(op, first, second));
  return true;
}

void check_bias(const char* op, const Tensor& bias) {
  if (bias.dtype() != kFloat) fail("{}: expected a bias of Float, got {}", op, bias.dtype());
}

/// Sums of Double, which are exact, as a result.
Tensor scaled(const Tensor& sums, int64_t shift) {
  return sums.mul(std::ldexp(1.0, static_cast<int>(shift))).to(kFloat);
}

Tensor wide(const Tensor& x) { return x.to(kDouble); }

double most_integer(int64_t bits) { return std::ldexp(1.0, static_cast<int>(bits - 1)) - 1; }

}  // namespace

void QuantizeFixed::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  check_format(name, x, bits, shift);
  call.out_like(x, bits == 8 ? kChar : kShort);
}

void QuantizeFixed::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Tensor scaled = x.mul(std::ldexp(1.0, static_cast<int>(-shift)));
  const Tensor whole = where(x.isnan(), zeros_like(x), scaled.round()).clamp(-limit(), limit());
  call.set(0, whole.to(bits == 8 ? kChar : kShort));
}

int64_t fixed_shift(double largest, int64_t bits) {
  int exponent = 0;
  // f 2^e with f in [0.5, 1).
  const double f = std::frexp(largest / most_integer(bits), &exponent);
  return f == 0.5 ? exponent - 1 : exponent;
}

void FixedStatistics::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  check_format(name, x, bits, 0);
  if (x.numel() == 0) fail("{}: expected elements, got {}", name, x.sizes());
  call.out({3}, kFloat);
}

void FixedStatistics::compose(Compose& call) const {
  const Tensor magnitude = call.in(0).abs();
  const Tensor largest = magnitude.max(), mean = magnitude.mean();
  const auto most = largest.item<double>();
  Tensor mean_rounded = mean;
  if (std::isfinite(most) && most > 0) {
    const int64_t shift = std::clamp(fixed_shift(most, bits), -kMostShift, kMostShift);
    const double scale = std::ldexp(1.0, static_cast<int>(shift));
    const Tensor rounded = magnitude.mul(1 / scale).round_().clamp_max_(most_integer(bits));
    mean_rounded = rounded.mean().mul(scale);
  }
  call.set(0, stack({largest, mean, mean_rounded}));
}

void FixedMm::infer(Infer& call) const {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(0)) {
    fail("{}: expected matrices [M, K] and [K, N], got {} and {}", name, a.sizes(), b.sizes());
  }
  check_product(name, *this, a, b);
  if (call.has(2)) {
    const Tensor& bias = call.in(2);
    if (bias.dim() != 1 || bias.size(0) != b.size(1)) {
      fail("{}: expected a bias [{}] for {} and {}, got {}", name, b.size(1), a.sizes(), b.sizes(),
           bias.sizes());
    }
    check_bias(name, bias);
  }
  call.out({a.size(0), b.size(1)}, kFloat);
}

void FixedMm::compose(Compose& call) const {
  if (compose_of_integers(*this, call)) return;
  const Tensor y = scaled(mm(wide(call.in(0)), wide(call.in(1))), shift);
  call.set(0, call.has(2) ? y + call.in(2) : y);
}

void FixedConv2d::infer(Infer& call) const {
  const Tensor &x = call.in(0), &w = call.in(1);
  const Tensor* bias = call.has(2) ? &call.in(2) : nullptr;
  const Shape sizes = conv2d_sizes(name, *this, x, w, bias);
  check_product(name, *this, x, w);
  if (bias != nullptr) check_bias(name, *bias);
  call.out(sizes, kFloat, MemoryFormat::ChannelsLast);
}

void FixedConv2d::compose(Compose& call) const {
  if (compose_of_integers(*this, call)) return;
  const ConvAttrs& attrs = *this;
  const Tensor sums = apply(Conv2d{attrs}, wide(call.in(0)), wide(call.in(1)), std::nullopt);
  const Tensor y = scaled(sums, shift);
  call.set(0, call.has(2) ? y + call.in(2).view({-1, 1, 1}) : y);
}

void FixedConv2dInputGrad::infer(Infer& call) const {
  const Tensor &g = call.in(0), &w = call.in(1);
  const Shape sizes = conv2d_input_grad_sizes(name, *this, input_size, g, w);
  check_product(name, *this, g, w);
  call.out(sizes, kFloat, MemoryFormat::ChannelsLast);
}

void FixedConv2dInputGrad::compose(Compose& call) const {
  if (compose_of_integers(*this, call)) return;
  const Conv2dInputGrad op{*this, input_size};
  call.set(0, scaled(apply(op, wide(call.in(0)), wide(call.in(1))), shift));
}

void FixedConv2dWeightGrad::infer(Infer& call) const {
  const Tensor &g = call.in(0), &x = call.in(1);
  const Shape sizes = conv2d_weight_grad_sizes(name, *this, kernel_size, g, x);
  check_product(name, *this, g, x);
  call.out(sizes, kFloat);
}

void FixedConv2dWeightGrad::compose(Compose& call) const {
  if (compose_of_integers(*this, call)) return;
  const Conv2dWeightGrad op{*this, kernel_size};
  call.set(0, scaled(apply(op, wide(call.in(0)), wide(call.in(1))), shift));
}

}  // namespace ops

namespace {

void check_integers(const char* op, const Tensor& a, const Tensor& b) {
  for (const Tensor* t : {&a, &b}) {
    if (t->dtype() == kChar || t->dtype() == kShort) continue;
    fail("{}: expected operands of Char or Short, got {} and {}", op, a.dtype(), b.dtype());
  }
}

}  // namespace

Tensor quantize_fixed(const Tensor& self, int64_t bits, int64_t shift) {
  return ops::apply(ops::QuantizeFixed{bits, shift}, self);
}

Tensor fixed_mm(const Tensor& self, const Tensor& mat2, int64_t shift, const Tensor& bias) {
  check_integers("fixed_mm", self, mat2);
  return ops::apply(ops::FixedMm{{shift}}, self, mat2, bias);
}

Tensor fixed_conv2d(const Tensor& input, const Tensor& weight, int64_t shift, const Tensor& bias,
                    IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, int64_t groups) {
  const auto pair = [](const char* what, IntArrayRef values) {
    if (values.size() != 1 && values.size() != 2) {
      fail("fixed_conv2d: expected one or two values of {}, got {}", what, values);
    }
    return std::array{values[0], values[values.size() - 1]};
  };
  const ops::ConvAttrs attrs{pair("stride", stride), pair("padding", padding),
                             pair("dilation", dilation), groups};
  check_integers("fixed_conv2d", input, weight);
  return ops::apply(ops::FixedConv2d{attrs, {shift}}, input, weight, bias);
}

}  // namespace reel
