#include <reel/tensor/check.h>
#include <reel/tensor/ops/complex.h>
#include <reel/tensor/ops/elementwise_call.h>
#include <reel/tensor/ops/elementwise_list.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/scalar_cast.h>

namespace reel {
namespace ops {
namespace {

// The result lies in memory as the first input of its size does.
void infer_broadcast(Infer& call, int first, ScalarType dtype) {
  const Tensor& a = call.in(first);
  bool same = true;
  for (int i = first + 1; i < call.num_inputs(); ++i) same &= call.in(i).sizes() == a.sizes();
  if (same) {
    call.out_like(a, dtype);
    return;
  }
  Shape sizes = a.sizes();
  for (int i = first + 1; i < call.num_inputs(); ++i) {
    sizes = broadcast_sizes(sizes, call.in(i).sizes());
  }
  for (int i = first; i < call.num_inputs(); ++i) {
    if (!(call.in(i).sizes() == IntArrayRef(sizes))) continue;
    call.out_strided(sizes, dense_strides_like(sizes, call.in(i).strides()), dtype);
    return;
  }
  call.out(std::move(sizes), dtype);
}

}  // namespace

void Binary::infer(Infer& call) const { infer_broadcast(call, 0, call.in(0).dtype()); }
void Compare::infer(Infer& call) const { infer_broadcast(call, 0, kBool); }
void Maximum::infer(Infer& call) const {
  refuse_complex(name, call.in(0).dtype(), "maximum not implemented for complex tensors.");
  Binary::infer(call);
}
void Minimum::infer(Infer& call) const {
  refuse_complex(name, call.in(0).dtype(), "minimum not implemented for complex tensors.");
  Binary::infer(call);
}
void Lt::infer(Infer& call) const {
  refuse_complex(name, call.in(0).dtype(), "lt_cpu");
  Compare::infer(call);
}
void Le::infer(Infer& call) const {
  refuse_complex(name, call.in(0).dtype(), "le_cpu");
  Compare::infer(call);
}
void Ternary::infer(Infer& call) const { infer_broadcast(call, 0, call.in(0).dtype()); }

void Where::infer(Infer& call) const {
  Shape sizes = broadcast_sizes(call.in(1).sizes(), call.in(2).sizes());
  sizes = broadcast_sizes(call.in(0).sizes(), sizes);
  for (int i = 0; i < 3; ++i) {
    if (!(call.in(i).sizes() == IntArrayRef(sizes))) continue;
    call.out_strided(sizes, dense_strides_like(sizes, call.in(i).strides()), call.in(1).dtype());
    return;
  }
  call.out(std::move(sizes), call.in(1).dtype());
}

void Neg::infer(Infer& call) const {
  if (call.in(0).dtype() == kBool) {
    fail(
        "neg: Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead.");
  }
  call.out_like(call.in(0));
}

Tensor like(const Tensor& x, double value) { return scalar_tensor(value, x.options()); }
Tensor i1(const Tensor& x) { return apply(I1{}, x); }
Tensor polygamma(int64_t n, const Tensor& x) { return apply(Polygamma{{}, n}, x); }

// Gradients. Replay::set sums them over what broadcast.

void Add::backward(Replay& call) const {
  call.set(0, call.grad());
  call.set(1, call.grad());
}

void AddScaled::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, call.grad() * alpha);
}

void Sub::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, -call.grad());
}

void Mul::backward(Replay& call) const {
  if (call.needs(0)) call.set(0, call.grad() * conj(call.in(1)));
  if (call.needs(1)) call.set(1, call.grad() * conj(call.in(0)));
}

void Div::backward(Replay& call) const {
  const Tensor b = conj(call.in(1));
  if (call.needs(0)) call.set(0, call.grad() / b);
  if (call.needs(1)) {
    call.set(1, -call.grad() * conj(call.in(0)) / (b * b));
  }
}

void Pow::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  if (call.needs(0)) {
    const Tensor slope = b * pow(a, b - 1);
    call.set(0, call.grad() * conj(where(b == 0, zeros_like(slope), slope)));
  }
  // 0^b has slope 0 in b >= 0, where log(0) would make it NaN.
  if (call.needs(1)) {
    const Tensor slope = call.out() * log(a);
    const Tensor flat = (a == 0).logical_and(real(b) >= 0);
    call.set(1, call.grad() * conj(where(flat, zeros_like(slope), slope)));
  }
}

namespace {

void backward_of_extreme(Replay& call, bool maximum) {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  const Tensor g = call.grad();
  const Tensor half = g * 0.5;
  const Tensor none = zeros_like(g);
  const Tensor tie = a == b;
  const Tensor first = maximum ? a > b : a < b;
  const Tensor second = maximum ? b > a : b < a;
  if (call.needs(0)) call.set(0, where(tie, half, where(first, g, none)));
  if (call.needs(1)) call.set(1, where(tie, half, where(second, g, none)));
}

}  // namespace

void Maximum::backward(Replay& call) const { backward_of_extreme(call, true); }
void Minimum::backward(Replay& call) const { backward_of_extreme(call, false); }

void Where::backward(Replay& call) const {
  const Tensor condition = call.in(0);
  const Tensor g = call.grad();
  if (call.needs(1)) call.set(1, where(condition, g, Scalar(0)));
  if (call.needs(2)) call.set(2, where(condition, Scalar(0), g));
}

void Addcmul::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, call.grad() * conj(call.in(2)) * value);
  if (call.needs(2)) call.set(2, call.grad() * conj(call.in(1)) * value);
}

void Addcdiv::backward(Replay& call) const {
  call.set(0, call.grad());
  if (!call.needs(1) && !call.needs(2)) return;
  const Tensor c = conj(call.in(2));
  if (call.needs(1)) call.set(1, call.grad() / c * value);
  if (call.needs(2)) {
    call.set(2, call.grad() * conj(call.in(1)) / (c * c) * -value);
  }
}

}  // namespace ops

namespace {

using namespace ops;

void check_subtraction(ScalarType a, ScalarType b) {
  if (a == kBool && b == kBool) {
    fail(
        "sub: Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` "
        "or `logical_xor()` operator instead.");
  }
  if (a == kBool || b == kBool) {
    fail(
        "sub: Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
        "trying to invert a mask, use the `~` or `logical_not()` operator instead.");
  }
}

bool is_one(const Scalar& s) { return !s.is_complex() && s.toDouble() == 1; }

Scalar product(const Scalar& a, const Scalar& b) { return is_one(b) ? a : a * b; }

void check_alpha(const char* op, ScalarType type, const Scalar& alpha) {
  if (alpha.is_boolean() && type != kBool) {
    fail("{}: Boolean alpha only supported for Boolean results.", op);
  }
  if (category(type) < 3 && !alpha.is_integral(true)) {
    fail("{}: For integral input tensors, argument alpha must not be a floating point number.", op);
  }
  if (category(type) < 4 && alpha.is_complex()) {
    fail("{}: For non-complex input tensors, argument alpha must not be a complex number.", op);
  }
}

// AddScaled scales in floating point; integers, which wrap, and complex numbers are multiplied
// first.
bool multiplies_first(const char* op, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  const ScalarType type = result_type(a, b);
  check_alpha(op, type, alpha);
  return category(type) != 3;
}

// A sum of Bool stays Bool.
Tensor scaled(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  return result_type(a, b) == kBool ? mul(b, alpha.toBool()) : mul(b, alpha);
}

}  // namespace

ScalarType result_type(const Tensor& a, const Tensor& b) {
  Promotion p;
  p.add(a);
  p.add(b);
  return p.result();
}

ScalarType result_type(const Tensor& a, const Scalar& b) {
  Promotion p;
  p.add(a);
  p.add(b);
  return p.result();
}

ScalarType result_type(const Scalar& scalar, const Tensor& tensor) {
  return result_type(tensor, scalar);
}

ScalarType result_type(const Scalar& scalar1, const Scalar& scalar2) {
  Promotion p;
  p.add(scalar1);
  p.add(scalar2);
  return p.result();
}

#define REEL_UNARY(name, Op)                                    \
  Tensor name(const Tensor& self) { return unary(Op{}, self); } \
  Tensor& name##_(Tensor& self) { return unary_(self, Op{}); }  \
  Tensor Tensor::name() const { return unary(Op{}, *this); }    \
  Tensor& Tensor::name##_() { return unary_(*this, Op{}); }
#include <reel/tensor/ops/unary.def>
#undef REEL_UNARY

Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (is_one(alpha) && alpha.is_integral()) return binary(Add{}, a, b);
  if (multiplies_first("add", a, b, alpha)) return binary(Add{}, a, scaled(a, b, alpha));
  return binary(AddScaled{{}, alpha}, a, b);
}
Tensor add(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_alpha("add", result_type(a, b), alpha);
  return binary(Add{}, a, product(b, alpha));
}
Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  check_subtraction(a.dtype(), b.dtype());
  if (is_one(alpha) && alpha.is_integral()) return binary(Sub{}, a, b);
  if (multiplies_first("sub", a, b, alpha)) return binary(Sub{}, a, mul(b, alpha));
  return binary(AddScaled{{}, -alpha}, a, b);
}
Tensor sub(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_subtraction(a.dtype(), b.type());
  check_alpha("sub", result_type(a, b), alpha);
  return binary(Sub{}, a, product(b, alpha));
}
Tensor mul(const Tensor& a, const Tensor& b) { return binary(Mul{}, a, b); }
Tensor mul(const Tensor& a, const Scalar& b) { return binary(Mul{}, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary(Div{}, a, b); }
Tensor div(const Tensor& a, const Scalar& b) { return binary(Div{}, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) { return binary(Maximum{}, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return binary(Minimum{}, a, b); }

Tensor operator-(const Scalar& a, const Tensor& b) {
  check_subtraction(b.dtype(), a.type());
  return binary(Sub{}, a, b);
}
Tensor operator/(const Scalar& a, const Tensor& b) { return binary(Div{}, a, b); }

Tensor pow(const Tensor& a, const Tensor& b) {
  if (result_type(a, b) == kBool) fail_dtype("pow", "pow", kBool);
  return binary(Pow{}, a, b);
}
Tensor pow(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  if (is_integral(type) && b.toLong() < 0) {
    fail("pow: Integers to negative integer powers are not allowed.");
  }
  if (type == kBool) fail_dtype("pow", "pow", type);
  const Tensor x = cast(a, type);
  if (b.is_complex()) return apply(Pow{}, x, wrap(b, type, x));
  if (is_integral(type)) return apply(Pow{}, x, wrap_checked("pow", b, type, x));
  const double exponent = b.toDouble();
  if (exponent == 0.5) return sqrt(x);
  if (exponent == 1) return x.clone();
  if (exponent == 2) return square(x);
  if (exponent == -0.5) return rsqrt(x);
  if (exponent == -1) return reciprocal(x);
  if (x.is_complex()) return apply(Pow{}, x, wrap(b, type, x));
  return apply(PowScalar{{}, exponent}, x);
}
Tensor pow(const Scalar& a, const Tensor& b) {
  if (result_type(b, a) == kBool) fail_dtype("pow", "pow", kBool);
  return binary(Pow{}, a, b);
}

Tensor eq(const Tensor& a, const Tensor& b) { return binary(Eq{}, a, b); }
Tensor eq(const Tensor& a, const Scalar& b) { return binary(Eq{}, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return binary(Ne{}, a, b); }
Tensor ne(const Tensor& a, const Scalar& b) { return binary(Ne{}, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return binary(Lt{}, a, b); }
Tensor lt(const Tensor& a, const Scalar& b) { return binary(Lt{}, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return binary(Le{}, a, b); }
Tensor le(const Tensor& a, const Scalar& b) { return binary(Le{}, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) {
  refuse_complex("gt", result_type(a, b), "gt_cpu");
  return binary(Lt{}, b, a);
}
Tensor gt(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  refuse_complex("gt", type, "gt_cpu");
  return apply(Lt{}, wrap(b, type, a), cast(a, type));
}
Tensor ge(const Tensor& a, const Tensor& b) {
  refuse_complex("ge", result_type(a, b), "ge_cpu");
  return binary(Le{}, b, a);
}
Tensor ge(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  refuse_complex("ge", type, "ge_cpu");
  return apply(Le{}, wrap(b, type, a), cast(a, type));
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return apply(Minimum{}, cast(a, kBool), cast(b, kBool));
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return apply(Maximum{}, cast(a, kBool), cast(b, kBool));
}
Tensor logical_not(const Tensor& a) { return eq(cast(a, kBool), Scalar(false)); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (condition.dtype() != kBool && condition.dtype() != kByte) {
    fail("where: where expected condition to be a boolean tensor, but got a tensor with dtype {}",
         condition.dtype());
  }
  const ScalarType type = result_type(a, b);
  return apply(Where{}, cast(condition, kBool), cast(a, type), cast(b, type));
}
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b) {
  return where(condition, a, wrap_checked("where", b, result_type(a, b), a));
}
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b) {
  return where(condition, wrap_checked("where", a, result_type(b, a), b), b);
}

Tensor leaky_relu(const Tensor& a, const Scalar& negative_slope) {
  return unary(LeakyRelu{{}, negative_slope.toDouble()}, a);
}
Tensor elu(const Tensor& a, const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return unary(Elu{{}, alpha.toDouble(), scale.toDouble(), input_scale.toDouble()}, a);
}
Tensor gelu(const Tensor& a, std::string_view approximate) {
  if (approximate == "none") return unary(Gelu{}, a);
  if (approximate == "tanh") return unary(GeluTanh{}, a);
  fail("gelu: approximate argument must be either none or tanh. (got {})", approximate);
}
Tensor softplus(const Tensor& a, const Scalar& beta, const Scalar& threshold) {
  return unary(Softplus{{}, beta.toDouble(), threshold.toDouble()}, a);
}

namespace {

template <class Op>
Tensor ternary(const Op& op, const Tensor& a, const Tensor& b, const Tensor& c) {
  const ScalarType type = promote_types(a.dtype(), result_type(b, c));
  // The kernels are of floating-point numbers; one of these formulas divides.
  if (category(type) < 3) {
    const Tensor product = mul(cast(b, type), cast(c, type));
    return add(cast(a, type), mul(product, wrap(op.value, type, a)));
  }
  return apply(op, cast(a, type), cast(b, type), cast(c, type));
}

template <class Op>
Tensor& ternary_(Tensor& self, const Op& op, const Tensor& b, const Tensor& c) {
  const ScalarType type = promote_types(self.dtype(), result_type(b, c));
  if (category(type) < 3) return write_result(self, Op::name, ternary(op, self, b, c));
  apply_to(self, op, cast(self, type), cast(b, type), cast(c, type));
  return self;
}

// A complex factor, for results that are complex.
Scalar complex_factor(const char* op, const Tensor& a, const Tensor& b, const Tensor& c,
                      const Scalar& value) {
  const ScalarType type = promote_types(a.dtype(), result_type(b, c));
  if (!is_complex(type))

    fail("{}: value cannot be converted to type {} without overflow", op,
         reel::detail::cpp_name(type));
  return value;
}

void check_division(const Tensor& a, const Tensor& b, const Tensor& c) {
  if (category(a.dtype()) < 3 && category(b.dtype()) < 3 && category(c.dtype()) < 3) {
    fail(
        "addcdiv: Integer division with addcdiv is not supported; expected floating-point "
        "tensors, got {}, {} and {}",
        a.dtype(), b.dtype(), c.dtype());
  }
}

}  // namespace

Tensor addcmul(const Tensor& a, const Tensor& b, const Tensor& c, const Scalar& value) {
  if (value.is_complex()) return add(a, mul(mul(b, c), complex_factor("addcmul", a, b, c, value)));
  return ternary(Addcmul{{}, value.toDouble()}, a, b, c);
}
Tensor addcdiv(const Tensor& a, const Tensor& b, const Tensor& c, const Scalar& value) {
  check_division(a, b, c);
  if (value.is_complex()) return add(a, mul(div(b, c), complex_factor("addcdiv", a, b, c, value)));
  return ternary(Addcdiv{{}, value.toDouble()}, a, b, c);
}

Tensor Tensor::add(const Tensor& b, const Scalar& alpha) const {
  return reel::add(*this, b, alpha);
}
Tensor Tensor::add(const Scalar& b, const Scalar& alpha) const {
  return reel::add(*this, b, alpha);
}
Tensor Tensor::sub(const Tensor& b, const Scalar& alpha) const {
  return reel::sub(*this, b, alpha);
}
Tensor Tensor::sub(const Scalar& b, const Scalar& alpha) const {
  return reel::sub(*this, b, alpha);
}
Tensor Tensor::mul(const Tensor& b) const { return reel::mul(*this, b); }
Tensor Tensor::mul(const Scalar& b) const { return reel::mul(*this, b); }
Tensor Tensor::div(const Tensor& b) const { return reel::div(*this, b); }
Tensor Tensor::div(const Scalar& b) const { return reel::div(*this, b); }
Tensor Tensor::pow(const Tensor& b) const { return reel::pow(*this, b); }
Tensor Tensor::pow(const Scalar& b) const { return reel::pow(*this, b); }
Tensor Tensor::maximum(const Tensor& b) const { return reel::maximum(*this, b); }
Tensor Tensor::minimum(const Tensor& b) const { return reel::minimum(*this, b); }
Tensor Tensor::eq(const Tensor& b) const { return reel::eq(*this, b); }
Tensor Tensor::eq(const Scalar& b) const { return reel::eq(*this, b); }
Tensor Tensor::ne(const Tensor& b) const { return reel::ne(*this, b); }
Tensor Tensor::ne(const Scalar& b) const { return reel::ne(*this, b); }
Tensor Tensor::lt(const Tensor& b) const { return reel::lt(*this, b); }
Tensor Tensor::lt(const Scalar& b) const { return reel::lt(*this, b); }
Tensor Tensor::le(const Tensor& b) const { return reel::le(*this, b); }
Tensor Tensor::le(const Scalar& b) const { return reel::le(*this, b); }
Tensor Tensor::gt(const Tensor& b) const { return reel::gt(*this, b); }
Tensor Tensor::gt(const Scalar& b) const { return reel::gt(*this, b); }
Tensor Tensor::ge(const Tensor& b) const { return reel::ge(*this, b); }
Tensor Tensor::ge(const Scalar& b) const { return reel::ge(*this, b); }
Tensor Tensor::logical_and(const Tensor& b) const { return reel::logical_and(*this, b); }
Tensor Tensor::logical_or(const Tensor& b) const { return reel::logical_or(*this, b); }
Tensor Tensor::logical_not() const { return reel::logical_not(*this); }
Tensor Tensor::where(const Tensor& condition, const Tensor& other) const {
  return reel::where(condition, *this, other);
}
Tensor Tensor::addcmul(const Tensor& b, const Tensor& c, const Scalar& value) const {
  return reel::addcmul(*this, b, c, value);
}
Tensor Tensor::addcdiv(const Tensor& b, const Tensor& c, const Scalar& value) const {
  return reel::addcdiv(*this, b, c, value);
}
Tensor Tensor::lerp(const Tensor& end, const Scalar& weight) const {
  return reel::lerp(*this, end, weight);
}

Tensor& Tensor::add_(const Tensor& b, const Scalar& alpha) {
  if (is_one(alpha) && alpha.is_integral()) return binary_(*this, Add{}, b);
  if (multiplies_first("add_", *this, b, alpha))
    return binary_(*this, Add{}, scaled(*this, b, alpha));
  return binary_(*this, AddScaled{{}, alpha}, b);
}
Tensor& Tensor::add_(const Scalar& b, const Scalar& alpha) {
  check_alpha("add_", result_type(*this, b), alpha);
  return binary_(*this, Add{}, product(b, alpha));
}
Tensor& Tensor::sub_(const Tensor& b, const Scalar& alpha) {
  check_subtraction(dtype(), b.dtype());
  if (is_one(alpha) && alpha.is_integral()) return binary_(*this, Sub{}, b);
  if (multiplies_first("sub_", *this, b, alpha)) return binary_(*this, Sub{}, reel::mul(b, alpha));
  return binary_(*this, AddScaled{{}, -alpha}, b);
}
Tensor& Tensor::sub_(const Scalar& b, const Scalar& alpha) {
  check_subtraction(dtype(), b.type());
  check_alpha("sub_", result_type(*this, b), alpha);
  return binary_(*this, Sub{}, product(b, alpha));
}
Tensor& Tensor::mul_(const Tensor& b) { return binary_(*this, Mul{}, b); }
Tensor& Tensor::mul_(const Scalar& b) { return binary_(*this, Mul{}, b); }
Tensor& Tensor::div_(const Tensor& b) { return binary_(*this, Div{}, b); }
Tensor& Tensor::div_(const Scalar& b) { return binary_(*this, Div{}, b); }
Tensor& Tensor::pow_(const Scalar& b) { return InPlaceForm(*this, "pow_").of(reel::pow(*this, b)); }
Tensor& Tensor::addcmul_(const Tensor& b, const Tensor& c, const Scalar& value) {
  if (value.is_complex()) return write_result(*this, "addcmul_", addcmul(b, c, value));
  return ternary_(*this, Addcmul{{}, value.toDouble()}, b, c);
}
Tensor& Tensor::addcdiv_(const Tensor& b, const Tensor& c, const Scalar& value) {
  check_division(*this, b, c);
  if (value.is_complex()) return write_result(*this, "addcdiv_", addcdiv(b, c, value));
  return ternary_(*this, Addcdiv{{}, value.toDouble()}, b, c);
}
Tensor& Tensor::lerp_(const Tensor& end, const Scalar& weight) {
  return write_result(*this, "lerp_", reel::lerp(*this, end, weight));
}

}  // namespace reel
