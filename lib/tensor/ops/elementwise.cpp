#include <reel/tensor/check.h>
#include <reel/tensor/ops/elementwise.h>

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

Tensor like(const Tensor& x, double value) { return scalar_tensor(value, x.options()); }

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
  if (call.needs(0)) call.set(0, call.grad() * call.in(1));
  if (call.needs(1)) call.set(1, call.grad() * call.in(0));
}

void Div::backward(Replay& call) const {
  if (call.needs(0)) call.set(0, call.grad() / call.in(1));
  if (call.needs(1)) {
    const Tensor b = call.in(1);
    call.set(1, -call.grad() * call.in(0) / (b * b));
  }
}

void Pow::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor b = call.in(1);
  if (call.needs(0)) {
    const Tensor slope = b * pow(a, b - 1);
    call.set(0, call.grad() * where(b == 0, zeros_like(slope), slope));
  }
  // 0^b has slope 0 in b >= 0, where log(0) would make it NaN.
  if (call.needs(1)) {
    const Tensor slope = call.out() * log(a);
    const Tensor flat = (a == 0).logical_and(b >= 0);
    call.set(1, call.grad() * where(flat, zeros_like(slope), slope));
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
  if (call.needs(1)) call.set(1, call.grad() * call.in(2) * value);
  if (call.needs(2)) call.set(2, call.grad() * call.in(1) * value);
}

void Addcdiv::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, call.grad() / call.in(2) * value);
  if (call.needs(2)) {
    const Tensor c = call.in(2);
    call.set(2, call.grad() * call.in(1) / (c * c) * -value);
  }
}

}  // namespace ops

namespace {

using namespace ops;

// The dtype in which an op of one tensor computes: floating ops turn integers into the default
// floating-point type.
template <class Op>
ScalarType compute_type(ScalarType type) {
  return Op::floating && (is_integral(type) || type == kBool) ? get_default_dtype() : type;
}

template <class Op>
Tensor unary(const Op& op, const Tensor& x) {
  const ScalarType type = compute_type<Op>(x.dtype());
  return apply(op, type == x.dtype() ? x : x.to(type));
}

template <class Op>
Tensor& unary_(Tensor& self, const Op& op) {
  const ScalarType type = compute_type<Op>(self.dtype());
  apply_to(self, op, type == self.dtype() ? self : self.to(type));
  return self;
}

// 0: no type, 1: bool, 2: integer, 3: floating point, 4: complex.
int category(ScalarType type) {
  if (type == ScalarType::Undefined) return 0;
  if (is_complex(type)) return 4;
  if (is_floating_point(type)) return 3;
  return type == kBool ? 1 : 2;
}

// What a C++ number counts as when it meets tensors.
ScalarType number_type(ScalarType type) {
  if (type == kDouble) return get_default_dtype();
  if (type == kComplexDouble)
    return get_default_dtype() == kDouble ? kComplexDouble : kComplexFloat;
  return type;
}

// PyTorch's rule: tensors with dimensions decide; those without, and numbers, only if they are of a
// higher category.
struct Promotion {
  ScalarType dims = ScalarType::Undefined;
  ScalarType zero = ScalarType::Undefined;
  ScalarType number = ScalarType::Undefined;

  static void widen(ScalarType& to, ScalarType type) {
    to = to == ScalarType::Undefined ? type : promote_types(to, type);
  }
  void add(const Tensor& t) {
    if (t.impl()->is_wrapped_number) {
      widen(number, number_type(t.dtype()));
    } else {
      widen(t.dim() > 0 ? dims : zero, t.dtype());
    }
  }
  void add(const Scalar& s) { widen(number, number_type(s.type())); }
  static ScalarType combine(ScalarType higher, ScalarType lower) {
    if (category(lower) <= category(higher)) return higher;
    return higher == ScalarType::Undefined ? lower : promote_types(higher, lower);
  }
  ScalarType result() const { return combine(combine(dims, zero), number); }
};

Tensor cast(const Tensor& t, ScalarType type) { return t.dtype() == type ? t : t.to(type); }

// A number as a tensor without dimensions on the tensor's device.
Tensor wrap(const Scalar& value, ScalarType type, const Tensor& like) {
  Tensor t = scalar_tensor(value, TensorOptions(type).device(like.device()));
  t.impl()->is_wrapped_number = true;
  return t;
}

template <class Op>
ScalarType binary_type(ScalarType type) {
  return Op::floating && category(type) < 3 ? get_default_dtype() : type;
}

template <class Op>
Tensor binary(const Op& op, const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype() && category(a.dtype()) >= (Op::floating ? 3 : 0)) {
    return apply(op, a, b);
  }
  const ScalarType type = binary_type<Op>(result_type(a, b));
  return apply(op, cast(a, type), cast(b, type));
}

template <class Op>
Tensor binary(const Op& op, const Tensor& a, const Scalar& b) {
  const ScalarType type = binary_type<Op>(result_type(a, b));
  return apply(op, cast(a, type), wrap(b, type, a));
}

template <class Op>
Tensor& binary_(Tensor& self, const Op& op, const Tensor& b) {
  const ScalarType type = binary_type<Op>(result_type(self, b));
  apply_to(self, op, cast(self, type), cast(b, type));
  return self;
}

template <class Op>
Tensor& binary_(Tensor& self, const Op& op, const Scalar& b) {
  const ScalarType type = binary_type<Op>(result_type(self, b));
  apply_to(self, op, cast(self, type), wrap(b, type, self));
  return self;
}

void check_subtraction(const Tensor& a, ScalarType b) {
  if (a.dtype() == kBool && b == kBool) {
    fail(
        "sub: Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` "
        "or `logical_xor()` operator instead.");
  }
}

bool is_one(const Scalar& s) { return !s.is_complex() && s.toDouble() == 1; }

Scalar product(const Scalar& a, const Scalar& b) {
  if (is_one(b)) return a;
  if (a.is_integral(true) && b.is_integral(true)) {
    return static_cast<int64_t>(static_cast<uint64_t>(a.toLong()) *
                                static_cast<uint64_t>(b.toLong()));
  }
  return a.toDouble() * b.toDouble();
}

// AddScaled scales in floating point; integers, which wrap, are multiplied first.
bool computes_in_integers(const char* op, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (category(result_type(a, b)) >= 3) return false;
  if (!alpha.is_integral(true)) {
    fail("{}: For integral input tensors, argument alpha must not be a floating point number.", op);
  }
  return true;
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

#define REEL_UNARY(name, Op)                                    \
  Tensor name(const Tensor& self) { return unary(Op{}, self); } \
  Tensor& name##_(Tensor& self) { return unary_(self, Op{}); }  \
  Tensor Tensor::name() const { return unary(Op{}, *this); }    \
  Tensor& Tensor::name##_() { return unary_(*this, Op{}); }
#include <reel/tensor/ops/unary.def>
#undef REEL_UNARY

Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (is_one(alpha)) return binary(Add{}, a, b);
  if (computes_in_integers("add", a, b, alpha)) return binary(Add{}, a, mul(b, alpha));
  return binary(AddScaled{{}, alpha}, a, b);
}
Tensor add(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  return binary(Add{}, a, product(b, alpha));
}
Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  check_subtraction(a, b.dtype());
  if (is_one(alpha)) return binary(Sub{}, a, b);
  if (computes_in_integers("sub", a, b, alpha)) return binary(Sub{}, a, mul(b, alpha));
  return binary(AddScaled{{}, -alpha.toDouble()}, a, b);
}
Tensor sub(const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_subtraction(a, b.type());
  return binary(Sub{}, a, product(b, alpha));
}
Tensor mul(const Tensor& a, const Tensor& b) { return binary(Mul{}, a, b); }
Tensor mul(const Tensor& a, const Scalar& b) { return binary(Mul{}, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary(Div{}, a, b); }
Tensor div(const Tensor& a, const Scalar& b) { return binary(Div{}, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) { return binary(Maximum{}, a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return binary(Minimum{}, a, b); }

Tensor operator-(const Scalar& a, const Tensor& b) {
  const ScalarType type = result_type(b, a);
  return apply(Sub{}, wrap(a, type, b), cast(b, type));
}
Tensor operator/(const Scalar& a, const Tensor& b) {
  const ScalarType type = binary_type<Div>(result_type(b, a));
  return apply(Div{}, wrap(a, type, b), cast(b, type));
}

Tensor pow(const Tensor& a, const Tensor& b) { return binary(Pow{}, a, b); }
Tensor pow(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  if (is_integral(type) && b.toLong() < 0) {
    fail("pow: Integers to negative integer powers are not allowed.");
  }
  const Tensor x = cast(a, type);
  if (type == kBool || is_integral(type)) return apply(Pow{}, x, wrap(b, type, x));
  const double exponent = b.toDouble();
  if (exponent == 0.5) return sqrt(x);
  if (exponent == 1) return x.clone();
  if (exponent == 2) return square(x);
  if (exponent == -0.5) return rsqrt(x);
  if (exponent == -1) return reciprocal(x);
  return apply(PowScalar{{}, exponent}, x);
}
Tensor pow(const Scalar& a, const Tensor& b) {
  const ScalarType type = result_type(b, a);
  return apply(Pow{}, wrap(a, type, b), cast(b, type));
}

Tensor eq(const Tensor& a, const Tensor& b) { return binary(Eq{}, a, b); }
Tensor eq(const Tensor& a, const Scalar& b) { return binary(Eq{}, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return binary(Ne{}, a, b); }
Tensor ne(const Tensor& a, const Scalar& b) { return binary(Ne{}, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return binary(Lt{}, a, b); }
Tensor lt(const Tensor& a, const Scalar& b) { return binary(Lt{}, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return binary(Le{}, a, b); }
Tensor le(const Tensor& a, const Scalar& b) { return binary(Le{}, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return binary(Lt{}, b, a); }
Tensor gt(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  return apply(Lt{}, wrap(b, type, a), cast(a, type));
}
Tensor ge(const Tensor& a, const Tensor& b) { return binary(Le{}, b, a); }
Tensor ge(const Tensor& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  return apply(Le{}, wrap(b, type, a), cast(a, type));
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return apply(Minimum{}, cast(a, kBool), cast(b, kBool));
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return apply(Maximum{}, cast(a, kBool), cast(b, kBool));
}
Tensor logical_not(const Tensor& a) { return eq(cast(a, kBool), Scalar(false)); }
Tensor isnan(const Tensor& a) { return ne(a, a); }
Tensor isfinite(const Tensor& a) {
  if (!a.is_floating_point()) return ones_like(a, kBool);
  return lt(abs(a), std::numeric_limits<double>::infinity());
}

Tensor clamp(const Tensor& a, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  if (!min && !max) fail("clamp: At least one of 'min' or 'max' must not be None");
  ScalarType type = a.dtype();
  if (min) type = result_type(a, *min);
  if (max) type = promote_types(type, result_type(a, *max));
  Clamp op;
  if (min) op.low = min->toDouble();
  if (max) op.high = max->toDouble();
  return apply(op, cast(a, type));
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (condition.dtype() != kBool && condition.dtype() != kByte) {
    fail("where: expected condition to be a boolean tensor, but got a tensor with dtype {}",
         condition.dtype());
  }
  const ScalarType type = result_type(a, b);
  return apply(Where{}, cast(condition, kBool), cast(a, type), cast(b, type));
}
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b) {
  return where(condition, a, wrap(b, result_type(a, b), a));
}
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b) {
  return where(condition, wrap(a, result_type(b, a), b), b);
}

Tensor leaky_relu(const Tensor& a, const Scalar& negative_slope) {
  return unary(LeakyRelu{{}, negative_slope.toDouble()}, a);
}
Tensor elu(const Tensor& a, const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return unary(Elu{{}, alpha.toDouble(), scale.toDouble(), input_scale.toDouble()}, a);
}
Tensor gelu(const Tensor& a, const std::string& approximate) {
  if (approximate == "none") return unary(Gelu{}, a);
  if (approximate == "tanh") return unary(GeluTanh{}, a);
  fail("gelu: approximate argument must be either none or tanh, got {}", approximate);
}
Tensor softplus(const Tensor& a, const Scalar& beta, const Scalar& threshold) {
  return unary(Softplus{{}, beta.toDouble(), threshold.toDouble()}, a);
}

namespace {

template <class Op>
Tensor ternary(const Op& op, const Tensor& a, const Tensor& b, const Tensor& c) {
  const ScalarType type = promote_types(a.dtype(), result_type(b, c));
  return apply(op, cast(a, type), cast(b, type), cast(c, type));
}

template <class Op>
Tensor& ternary_(Tensor& self, const Op& op, const Tensor& b, const Tensor& c) {
  const ScalarType type = promote_types(self.dtype(), result_type(b, c));
  apply_to(self, op, cast(self, type), cast(b, type), cast(c, type));
  return self;
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
  return ternary(Addcmul{{}, value.toDouble()}, a, b, c);
}
Tensor addcdiv(const Tensor& a, const Tensor& b, const Tensor& c, const Scalar& value) {
  check_division(a, b, c);
  return ternary(Addcdiv{{}, value.toDouble()}, a, b, c);
}
Tensor lerp(const Tensor& a, const Tensor& end, const Scalar& weight) {
  return add(a, sub(end, a), weight);
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
Tensor Tensor::isnan() const { return reel::isnan(*this); }
Tensor Tensor::isfinite() const { return reel::isfinite(*this); }
Tensor Tensor::clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  return reel::clamp(*this, min, max);
}
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
  if (is_one(alpha)) return binary_(*this, Add{}, b);
  if (computes_in_integers("add_", *this, b, alpha))
    return binary_(*this, Add{}, reel::mul(b, alpha));
  return binary_(*this, AddScaled{{}, alpha}, b);
}
Tensor& Tensor::add_(const Scalar& b, const Scalar& alpha) {
  return binary_(*this, Add{}, product(b, alpha));
}
Tensor& Tensor::sub_(const Tensor& b, const Scalar& alpha) {
  check_subtraction(*this, b.dtype());
  if (is_one(alpha)) return binary_(*this, Sub{}, b);
  if (computes_in_integers("sub_", *this, b, alpha))
    return binary_(*this, Sub{}, reel::mul(b, alpha));
  return binary_(*this, AddScaled{{}, -alpha.toDouble()}, b);
}
Tensor& Tensor::sub_(const Scalar& b, const Scalar& alpha) {
  check_subtraction(*this, b.type());
  return binary_(*this, Sub{}, product(b, alpha));
}
Tensor& Tensor::mul_(const Tensor& b) { return binary_(*this, Mul{}, b); }
Tensor& Tensor::mul_(const Scalar& b) { return binary_(*this, Mul{}, b); }
Tensor& Tensor::div_(const Tensor& b) { return binary_(*this, Div{}, b); }
Tensor& Tensor::div_(const Scalar& b) { return binary_(*this, Div{}, b); }
Tensor& Tensor::pow_(const Scalar& b) { return copy_(reel::pow(*this, b)); }
Tensor& Tensor::clamp_(const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return copy_(reel::clamp(*this, min, max));
}
Tensor& Tensor::addcmul_(const Tensor& b, const Tensor& c, const Scalar& value) {
  return ternary_(*this, Addcmul{{}, value.toDouble()}, b, c);
}
Tensor& Tensor::addcdiv_(const Tensor& b, const Tensor& c, const Scalar& value) {
  check_division(*this, b, c);
  return ternary_(*this, Addcdiv{{}, value.toDouble()}, b, c);
}
Tensor& Tensor::lerp_(const Tensor& end, const Scalar& weight) {
  return add_(reel::sub(end, *this), weight);
}

}  // namespace reel
