// Functions of two numbers: division that rounds, remainders, bits, powers, and the like.

#include <reel/tensor/ops/arithmetic.h>
#include <reel/tensor/ops/elementwise_call.h>
#include <reel/tensor/ops/inplace.h>

namespace reel {
namespace ops {

void Atan2::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  const Tensor slope = call.grad() / (a * a + b * b);
  if (call.needs(0)) call.set(0, slope * b);
  if (call.needs(1)) call.set(1, -slope * a);
}

void Copysign::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (call.needs(0)) {
    const Tensor a = call.in(0);
    call.set(0, where(a == 0, zeros_like(g), g * (call.out() / a)));
  }
  if (call.needs(1)) call.set(1, zeros_like(g));
}

void Hypot::backward(Replay& call) const {
  if (call.needs(0)) call.set(0, call.grad() * (call.in(0) / call.out()));
  if (call.needs(1)) call.set(1, call.grad() * (call.in(1) / call.out()));
}

void LogAddExp::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  if (call.needs(0)) call.set(0, call.grad() / (1 + exp(b - a)));
  if (call.needs(1)) call.set(1, call.grad() / (1 + exp(a - b)));
}

void LogAddExp2::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  if (call.needs(0)) call.set(0, call.grad() / (1 + exp2(b - a)));
  if (call.needs(1)) call.set(1, call.grad() / (1 + exp2(a - b)));
}

void Xlogy::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  const Tensor g = call.grad();
  if (call.needs(0)) {
    const Tensor flat = logical_and(a == 0, b <= 0);
    call.set(0, where(flat, Scalar(0), xlogy(g, b)));
  }
  if (call.needs(1)) call.set(1, g * a / b);
}

void Fmod::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, -call.grad() * div(call.in(0), call.in(1), "trunc"));
}

void Remainder::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, -call.grad() * div(call.in(0), call.in(1), "floor"));
}

namespace {

void set_zeros(Replay& call) {
  for (int i = 0; i < 2; ++i) {
    if (call.needs(i)) call.set(i, zeros_like(call.grad()));
  }
}

}  // namespace

void DivideTrunc::backward(Replay& call) const { set_zeros(call); }
void DivideFloor::backward(Replay& call) const { set_zeros(call); }

void Lerp::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (call.needs(0)) call.set(0, g * (1 - call.in(2)));
  if (call.needs(1)) call.set(1, g * call.in(2));
  if (call.needs(2)) call.set(2, g * (call.in(1) - call.in(0)));
}

}  // namespace ops

namespace {

using namespace ops;

// Divides by b, of which no integer may be zero. `kernel` is LibTorch's name of it.
template <class Op>
Tensor divide_by(const char* name, const char* kernel, const Op& op, const Tensor& a,
                 const Tensor& b, ScalarType type) {
  if (type == kBool) fail_dtype(name, kernel, type);
  const Tensor divisor = cast(b, type);
  if (is_integral(type) && a.numel() > 0 && (divisor == 0).any().item<bool>()) {
    fail("{}: ZeroDivisionError", name);
  }
  return apply(op, cast(a, type), divisor);
}

template <class Op>
Tensor divide_by(const char* name, const char* kernel, const Op& op, const Tensor& a,
                 const Tensor& b) {
  return divide_by(name, kernel, op, a, b, result_type(a, b));
}

template <class Op>
Tensor divide_by(const char* name, const char* kernel, const Op& op, const Tensor& a,
                 const Scalar& b) {
  const ScalarType type = result_type(a, b);
  return divide_by(name, kernel, op, a, wrap(b, type, a), type);
}

template <class Other>
Tensor divide_rounding(const Tensor& a, const Other& b,
                       std::optional<std::string_view> rounding_mode) {
  if (!rounding_mode) return div(a, b);
  if (*rounding_mode == "trunc") return divide_by("div", "div_trunc_cpu", DivideTrunc{}, a, b);
  if (*rounding_mode == "floor") return divide_by("div", "div_floor_cpu", DivideFloor{}, a, b);
  fail("div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{}'",
       *rounding_mode);
}

// An op of integers and, all but shifts, Bool.
template <class Op>
Tensor bits(const char* kernel, const Op& op, const Tensor& a, const Tensor& b, ScalarType type) {
  constexpr bool kShifts = std::is_same_v<Op, ShiftLeft> || std::is_same_v<Op, ShiftRight>;
  if (category(type) >= 3 || (kShifts && type == kBool)) fail_dtype(Op::name, kernel, type);
  return apply(op, cast(a, type), cast(b, type));
}

template <class Op>
Tensor bits(const char* kernel, const Op& op, const Tensor& a, const Tensor& b) {
  return bits(kernel, op, a, b, result_type(a, b));
}

template <class Op>
Tensor bits(const char* kernel, const Op& op, const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  return bits(kernel, op, a, wrap(b, type, a), type);
}

template <class Op>
Tensor bits(const char* kernel, const Op& op, const Scalar& a, const Tensor& b) {
  const ScalarType type = result_type(b, a);
  return bits(kernel, op, wrap(a, type, b), b, type);
}

// The C++ types by which LibTorch's lerp names dtypes.
const char* cpp_name(ScalarType type) {
  constexpr const char* kNames[] = {"unsigned char",
                                    "signed char",
                                    "short int",
                                    "int",
                                    "long int",
                                    "c10::Half",
                                    "float",
                                    "double",
                                    "c10::BFloat16",
                                    "c10::complex<float>",
                                    "c10::complex<double>",
                                    "bool"};
  return static_cast<size_t>(type) < std::size(kNames) ? kNames[static_cast<size_t>(type)]
                                                       : to_string(type);
}

void check_same(const Tensor& self, const Tensor& other, const char* parameter) {
  if (self.dtype() != other.dtype()) {
    fail("lerp: expected dtype {} for `{}` but got dtype {}", cpp_name(self.dtype()), parameter,
         cpp_name(other.dtype()));
  }
}

void check_float_power(ScalarType base, ScalarType result) {
  if (base != result) {
    fail(
        "float_power_: the base given to float_power_ has dtype {} but the operation's result "
        "requires dtype {}",
        base, result);
  }
}

ScalarType power_type(bool complex) { return complex ? kComplexDouble : kDouble; }

}  // namespace

Tensor atan2(const Tensor& a, const Tensor& b) { return binary(Atan2{}, a, b); }
Tensor copysign(const Tensor& a, const Tensor& b) { return binary(Copysign{}, a, b); }
Tensor copysign(const Tensor& a, const Scalar& b) { return binary(Copysign{}, a, b); }
Tensor hypot(const Tensor& a, const Tensor& b) { return binary(Hypot{}, a, b); }
Tensor logaddexp(const Tensor& a, const Tensor& b) { return binary(LogAddExp{}, a, b); }
Tensor logaddexp2(const Tensor& a, const Tensor& b) { return binary(LogAddExp2{}, a, b); }
Tensor xlogy(const Tensor& a, const Tensor& b) { return binary(Xlogy{}, a, b); }
Tensor xlogy(const Tensor& a, const Scalar& b) { return binary(Xlogy{}, a, b); }
Tensor xlogy(const Scalar& a, const Tensor& b) { return binary(Xlogy{}, a, b); }

// The greater, or the one that is a number.
Tensor fmax(const Tensor& a, const Tensor& b) {
  const ScalarType type = result_type(a, b);
  const Tensor x = cast(a, type);
  const Tensor y = cast(b, type);
  const Tensor first = x >= y;
  return where(is_floating_point(type) ? logical_or(first, isnan(y)) : first, x, y);
}
Tensor fmin(const Tensor& a, const Tensor& b) {
  const ScalarType type = result_type(a, b);
  const Tensor x = cast(a, type);
  const Tensor y = cast(b, type);
  const Tensor first = x <= y;
  return where(is_floating_point(type) ? logical_or(first, isnan(y)) : first, x, y);
}

Tensor fmod(const Tensor& a, const Tensor& b) {
  return divide_by("fmod", "fmod_cpu", Fmod{}, a, b);
}
Tensor fmod(const Tensor& a, const Scalar& b) {
  return divide_by("fmod", "fmod_cpu", Fmod{}, a, b);
}
Tensor remainder(const Tensor& a, const Tensor& b) {
  return divide_by("remainder", "remainder_cpu", Remainder{}, a, b);
}
Tensor remainder(const Tensor& a, const Scalar& b) {
  return divide_by("remainder", "remainder_cpu", Remainder{}, a, b);
}
Tensor remainder(const Scalar& a, const Tensor& b) {
  const ScalarType type = result_type(b, a);
  return divide_by("remainder", "remainder_cpu", Remainder{}, wrap(a, type, b), b, type);
}
Tensor div(const Tensor& a, const Tensor& b, std::optional<std::string_view> rounding_mode) {
  return divide_rounding(a, b, rounding_mode);
}
Tensor div(const Tensor& a, const Scalar& b, std::optional<std::string_view> rounding_mode) {
  return divide_rounding(a, b, rounding_mode);
}
Tensor floor_divide(const Tensor& a, const Tensor& b) {
  return divide_by("floor_divide", "div_floor_cpu", DivideFloor{}, a, b);
}
Tensor floor_divide(const Tensor& a, const Scalar& b) {
  return divide_by("floor_divide", "div_floor_cpu", DivideFloor{}, a, b);
}
Tensor rsub(const Tensor& a, const Tensor& b, const Scalar& alpha) { return sub(b, a, alpha); }
Tensor rsub(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  const ScalarType type = result_type(a, b);
  return sub(wrap(b, b.is_boolean() ? kBool : type, a), a, alpha);
}

Tensor bitwise_and(const Tensor& a, const Tensor& b) {
  return bits("bitwise_and_cpu", BitAnd{}, a, b);
}
Tensor bitwise_and(const Tensor& a, const Scalar& b) {
  return bits("bitwise_and_cpu", BitAnd{}, a, b);
}
Tensor bitwise_and(const Scalar& a, const Tensor& b) {
  return bits("bitwise_and_cpu", BitAnd{}, a, b);
}
Tensor bitwise_or(const Tensor& a, const Tensor& b) {
  return bits("bitwise_or_cpu", BitOr{}, a, b);
}
Tensor bitwise_or(const Tensor& a, const Scalar& b) {
  return bits("bitwise_or_cpu", BitOr{}, a, b);
}
Tensor bitwise_or(const Scalar& a, const Tensor& b) {
  return bits("bitwise_or_cpu", BitOr{}, a, b);
}
Tensor bitwise_xor(const Tensor& a, const Tensor& b) {
  return bits("bitwise_xor_cpu", BitXor{}, a, b);
}
Tensor bitwise_xor(const Tensor& a, const Scalar& b) {
  return bits("bitwise_xor_cpu", BitXor{}, a, b);
}
Tensor bitwise_xor(const Scalar& a, const Tensor& b) {
  return bits("bitwise_xor_cpu", BitXor{}, a, b);
}
Tensor bitwise_left_shift(const Tensor& a, const Tensor& b) {
  return bits("lshift_cpu", ShiftLeft{}, a, b);
}
Tensor bitwise_left_shift(const Tensor& a, const Scalar& b) {
  return bits("lshift_cpu", ShiftLeft{}, a, b);
}
Tensor bitwise_left_shift(const Scalar& a, const Tensor& b) {
  return bits("lshift_cpu", ShiftLeft{}, a, b);
}
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b) {
  return bits("rshift_cpu", ShiftRight{}, a, b);
}
Tensor bitwise_right_shift(const Tensor& a, const Scalar& b) {
  return bits("rshift_cpu", ShiftRight{}, a, b);
}
Tensor bitwise_right_shift(const Scalar& a, const Tensor& b) {
  return bits("rshift_cpu", ShiftRight{}, a, b);
}
Tensor bitwise_not(const Tensor& a) {
  if (category(a.dtype()) >= 3) fail_dtype("bitwise_not", "bitwise_not_cpu", a.dtype());
  return a.dtype() == kBool ? logical_not(a) : bitwise_xor(a, -1);
}

Tensor lerp(const Tensor& a, const Tensor& end, const Scalar& weight) {
  check_same(a, end, "end");
  if (weight.is_complex()) return add(a, mul(sub(end, a), weight));
  const double w = weight.toDouble();
  const Tensor way = sub(end, a);
  return std::fabs(w) < 0.5 ? add(a, way, weight) : sub(end, way, 1 - w);
}
Tensor lerp(const Tensor& a, const Tensor& end, const Tensor& weight) {
  check_same(a, end, "end");
  check_same(a, weight, "weight");
  if (category(a.dtype()) < 3) fail_dtype("lerp", "lerp_kernel_tensor", a.dtype());
  return apply(Lerp{}, a, end, weight);
}

Tensor float_power(const Tensor& a, const Tensor& b) {
  const ScalarType type = power_type(a.is_complex() || b.is_complex());
  return pow(a.to(type), b.to(type));
}
Tensor float_power(const Tensor& a, const Scalar& b) {
  const ScalarType type = power_type(a.is_complex() || b.is_complex());
  return pow(a.to(type), type == kDouble ? Scalar(b.toDouble()) : b);
}
Tensor float_power(const Scalar& a, const Tensor& b) {
  const ScalarType type = power_type(a.is_complex() || b.is_complex());
  return pow(type == kDouble ? Scalar(a.toDouble()) : a, b.to(type));
}
Tensor& Tensor::float_power_(const Tensor& b) {
  check_float_power(dtype(), power_type(is_complex() || b.is_complex()));
  return write_result(*this, "float_power_", reel::float_power(*this, b));
}
Tensor& Tensor::float_power_(const Scalar& b) {
  check_float_power(dtype(), power_type(is_complex() || b.is_complex()));
  return write_result(*this, "float_power_", reel::float_power(*this, b));
}

}  // namespace reel
