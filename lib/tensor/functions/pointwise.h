#pragma once

// Elementwise functions: arithmetic, comparisons, logic, special functions, activations. Names and
// defaults are LibTorch's; methods of Tensor are the same functions with the tensor first.

#include <reel/tensor/tensor.h>

namespace reel {

// Functions of one tensor, listed in ops/unary.def. Integers become the default floating-point type
// but where the result is whole (abs, neg, sign, ceil, floor, round, trunc, square, relu, relu6).
#define REEL_UNARY(name, Op)       \
  Tensor name(const Tensor& self); \
  Tensor& name##_(Tensor& self);
#include <reel/tensor/ops/unary.def>
#undef REEL_UNARY

// Sums, differences and products. Dtypes are promoted as in PyTorch: tensors with dimensions
// decide, those without and numbers only if of a higher kind (Bool, integer, floating point,
// complex); shapes broadcast. `alpha` multiplies the second argument, in rsub the first. Errors:
// Bool tensors cannot be subtracted, integers take a whole alpha.
Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor subtract(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor subtract(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor mul(const Tensor& self, const Tensor& other);
Tensor mul(const Tensor& self, const Scalar& other);
Tensor multiply(const Tensor& self, const Tensor& other);
Tensor multiply(const Tensor& self, const Scalar& other);
Tensor addcmul(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);

// Quotients, of integers in floating point. rounding_mode "trunc" cuts off and "floor" rounds down,
// of integers in integers; floor_divide is the latter. fmod is the remainder of the first, of
// self's sign, remainder that of the second, of other's sign. Errors: integers divided by 0.
Tensor div(const Tensor& self, const Tensor& other);
Tensor div(const Tensor& self, const Scalar& other);
Tensor div(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode);
Tensor div(const Tensor& self, const Scalar& other, std::optional<std::string_view> rounding_mode);
Tensor divide(const Tensor& self, const Tensor& other);
Tensor divide(const Tensor& self, const Scalar& other);
Tensor divide(const Tensor& self, const Tensor& other,
              std::optional<std::string_view> rounding_mode);
Tensor divide(const Tensor& self, const Scalar& other,
              std::optional<std::string_view> rounding_mode);
Tensor true_divide(const Tensor& self, const Tensor& other);
Tensor true_divide(const Tensor& self, const Scalar& other);
Tensor floor_divide(const Tensor& self, const Tensor& other);
Tensor floor_divide(const Tensor& self, const Scalar& other);
Tensor fmod(const Tensor& self, const Scalar& other);
Tensor fmod(const Tensor& self, const Tensor& other);
Tensor remainder(const Tensor& self, const Scalar& other);
Tensor remainder(const Tensor& self, const Tensor& other);
Tensor remainder(const Scalar& self, const Tensor& other);
Tensor addcdiv(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);

// Powers and logarithms of two numbers. float_power computes in Double. xlogy is self * log(other),
// 0 where self is 0. logaddexp is log(exp(self) + exp(other)), logaddexp2 the same to base 2.
// Errors: an integer to a negative power that is a number.
Tensor pow(const Tensor& self, const Tensor& exponent);
Tensor pow(const Tensor& self, const Scalar& exponent);
Tensor pow(const Scalar& self, const Tensor& exponent);
Tensor float_power(const Tensor& self, const Tensor& exponent);
Tensor float_power(const Scalar& self, const Tensor& exponent);
Tensor float_power(const Tensor& self, const Scalar& exponent);
Tensor xlogy(const Tensor& self, const Tensor& other);
Tensor xlogy(const Scalar& self, const Tensor& other);
Tensor xlogy(const Tensor& self, const Scalar& other);
Tensor& xlogy_(Tensor& self, const Tensor& other);
Tensor& xlogy_(Tensor& self, const Scalar& other);
Tensor logaddexp(const Tensor& self, const Tensor& other);
Tensor logaddexp2(const Tensor& self, const Tensor& other);

// Other functions of two numbers. maximum and minimum give NaN if either is NaN, fmax and fmin the
// other one then. heaviside is 0 below zero, 1 above and `values` at zero, of one dtype with self.
Tensor atan2(const Tensor& self, const Tensor& other);
Tensor arctan2(const Tensor& self, const Tensor& other);
Tensor hypot(const Tensor& self, const Tensor& other);
Tensor copysign(const Tensor& self, const Tensor& other);
Tensor copysign(const Tensor& self, const Scalar& other);
Tensor maximum(const Tensor& self, const Tensor& other);
Tensor minimum(const Tensor& self, const Tensor& other);
Tensor fmax(const Tensor& self, const Tensor& other);
Tensor fmin(const Tensor& self, const Tensor& other);
Tensor heaviside(const Tensor& self, const Tensor& values);

// Interpolation: self + weight * (end - self), all of one dtype.
Tensor lerp(const Tensor& self, const Tensor& end, const Scalar& weight);
Tensor lerp(const Tensor& self, const Tensor& end, const Tensor& weight);

// Comparisons; the result is Bool.
Tensor eq(const Tensor& self, const Tensor& other);
Tensor eq(const Tensor& self, const Scalar& other);
Tensor ne(const Tensor& self, const Tensor& other);
Tensor ne(const Tensor& self, const Scalar& other);
Tensor not_equal(const Tensor& self, const Scalar& other);
Tensor not_equal(const Tensor& self, const Tensor& other);
Tensor lt(const Tensor& self, const Tensor& other);
Tensor lt(const Tensor& self, const Scalar& other);
Tensor less(const Tensor& self, const Scalar& other);
Tensor less(const Tensor& self, const Tensor& other);
Tensor le(const Tensor& self, const Tensor& other);
Tensor le(const Tensor& self, const Scalar& other);
Tensor less_equal(const Tensor& self, const Scalar& other);
Tensor less_equal(const Tensor& self, const Tensor& other);
Tensor gt(const Tensor& self, const Tensor& other);
Tensor gt(const Tensor& self, const Scalar& other);
Tensor greater(const Tensor& self, const Scalar& other);
Tensor greater(const Tensor& self, const Tensor& other);
Tensor ge(const Tensor& self, const Tensor& other);
Tensor ge(const Tensor& self, const Scalar& other);
Tensor greater_equal(const Tensor& self, const Scalar& other);
Tensor greater_equal(const Tensor& self, const Tensor& other);

// Logic, in which all but 0 is true; the result is Bool.
Tensor logical_and(const Tensor& self, const Tensor& other);
Tensor logical_or(const Tensor& self, const Tensor& other);
Tensor logical_xor(const Tensor& self, const Tensor& other);
Tensor logical_not(const Tensor& self);

// Bits of integers and Bool. A shift by less than nothing or by more bits than there are moves all
// of them out.
Tensor bitwise_and(const Tensor& self, const Scalar& other);
Tensor bitwise_and(const Scalar& self, const Tensor& other);
Tensor bitwise_and(const Tensor& self, const Tensor& other);
Tensor bitwise_or(const Tensor& self, const Scalar& other);
Tensor bitwise_or(const Scalar& self, const Tensor& other);
Tensor bitwise_or(const Tensor& self, const Tensor& other);
Tensor bitwise_xor(const Tensor& self, const Scalar& other);
Tensor bitwise_xor(const Scalar& self, const Tensor& other);
Tensor bitwise_xor(const Tensor& self, const Tensor& other);
Tensor bitwise_not(const Tensor& self);
Tensor bitwise_left_shift(const Tensor& self, const Tensor& other);
Tensor bitwise_left_shift(const Tensor& self, const Scalar& other);
Tensor bitwise_left_shift(const Scalar& self, const Tensor& other);
Tensor bitwise_right_shift(const Tensor& self, const Tensor& other);
Tensor bitwise_right_shift(const Tensor& self, const Scalar& other);
Tensor bitwise_right_shift(const Scalar& self, const Tensor& other);

// Questions about elements; the result is Bool. isclose: |self - other| <= atol + rtol * |other|.
// isin: whether an element is among those of a second tensor, in O((n + m) log m).
Tensor isnan(const Tensor& self);
Tensor isinf(const Tensor& self);
Tensor isposinf(const Tensor& self);
Tensor isneginf(const Tensor& self);
Tensor isfinite(const Tensor& self);
/// Bool: the imaginary part is 0.
Tensor isreal(const Tensor& self);
Tensor signbit(const Tensor& self);
Tensor isclose(const Tensor& self, const Tensor& other, double rtol = 1e-05, double atol = 1e-08,
               bool equal_nan = false);
Tensor isin(const Tensor& elements, const Tensor& test_elements, bool assume_unique = false,
            bool invert = false);
Tensor isin(const Tensor& elements, const Scalar& test_element, bool assume_unique = false,
            bool invert = false);
Tensor isin(const Scalar& element, const Tensor& test_elements, bool assume_unique = false,
            bool invert = false);

// Bounds, of which one may be missing. Where min is above max the result is max; NaN stays.
// nan_to_num puts numbers in place of NaN and infinities: 0 and the largest of the dtype unless
// given.
Tensor clamp(const Tensor& self, const std::optional<Scalar>& min,
             const std::optional<Scalar>& max = {});
Tensor clamp(const Tensor& self, const Tensor& min = {}, const Tensor& max = {});
Tensor& clamp_(Tensor& self, const std::optional<Scalar>& min,
               const std::optional<Scalar>& max = {});
Tensor& clamp_(Tensor& self, const Tensor& min = {}, const Tensor& max = {});
Tensor clamp_min(const Tensor& self, const Scalar& min);
Tensor clamp_min(const Tensor& self, const Tensor& min);
Tensor& clamp_min_(Tensor& self, const Scalar& min);
Tensor& clamp_min_(Tensor& self, const Tensor& min);
Tensor clamp_max(const Tensor& self, const Scalar& max);
Tensor clamp_max(const Tensor& self, const Tensor& max);
Tensor& clamp_max_(Tensor& self, const Scalar& max);
Tensor& clamp_max_(Tensor& self, const Tensor& max);
Tensor clip(const Tensor& self, const std::optional<Scalar>& min,
            const std::optional<Scalar>& max = {});
Tensor clip(const Tensor& self, const Tensor& min = {}, const Tensor& max = {});
Tensor& clip_(Tensor& self, const std::optional<Scalar>& min,
              const std::optional<Scalar>& max = {});
Tensor& clip_(Tensor& self, const Tensor& min = {}, const Tensor& max = {});
Tensor nan_to_num(const Tensor& self, std::optional<double> nan = {},
                  std::optional<double> posinf = {}, std::optional<double> neginf = {});
Tensor& nan_to_num_(Tensor& self, std::optional<double> nan = {}, std::optional<double> posinf = {},
                    std::optional<double> neginf = {});

// self where condition (Bool, or Byte) is true, else other. With a condition only: the positions
// where it is true, one tensor for each dimension.
Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other);
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other);
Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other);
Tensor where(const Tensor& condition, const Scalar& self, const Scalar& other);
std::vector<Tensor> where(const Tensor& condition);

// To `decimals` digits after the point, or before it if negative.
Tensor round(const Tensor& self, int64_t decimals);
Tensor& round_(Tensor& self, int64_t decimals);

// log(x / (1 - x)); with eps, x is clamped to [eps, 1 - eps] first.
Tensor logit(const Tensor& self, std::optional<double> eps = {});
Tensor& logit_(Tensor& self, std::optional<double> eps = {});

// Activations. alpha, beta, lambd and slopes are those of the papers named in ops/activation.h;
// prelu has one slope for all channels (dimension 1) or one for each; glu halves a dimension: a *
// sigmoid(b); threshold puts `value` where x <= threshold. gelu's approximate: "none" or "tanh".
Tensor leaky_relu(const Tensor& self, const Scalar& negative_slope = 0.01);
Tensor& leaky_relu_(Tensor& self, const Scalar& negative_slope = 0.01);
Tensor elu(const Tensor& self, const Scalar& alpha = 1, const Scalar& scale = 1,
           const Scalar& input_scale = 1);
Tensor& elu_(Tensor& self, const Scalar& alpha = 1, const Scalar& scale = 1,
             const Scalar& input_scale = 1);
Tensor celu(const Tensor& self, const Scalar& alpha = 1.0);
Tensor& celu_(Tensor& self, const Scalar& alpha = 1.0);
Tensor selu(const Tensor& self);
Tensor& selu_(Tensor& self);
Tensor gelu(const Tensor& self, std::string_view approximate = "none");
Tensor& gelu_(Tensor& self, std::string_view approximate = "none");
Tensor softplus(const Tensor& self, const Scalar& beta = 1, const Scalar& threshold = 20);
Tensor glu(const Tensor& self, int64_t dim = -1);
Tensor hardshrink(const Tensor& self, const Scalar& lambd = 0.5);
Tensor softshrink(const Tensor& self, const Scalar& lambd = 0.5);
Tensor hardtanh(const Tensor& self, const Scalar& min_val = -1, const Scalar& max_val = 1);
Tensor& hardtanh_(Tensor& self, const Scalar& min_val = -1, const Scalar& max_val = 1);
Tensor prelu(const Tensor& self, const Tensor& weight);
Tensor threshold(const Tensor& self, const Scalar& threshold, const Scalar& value);
Tensor& threshold_(Tensor& self, const Scalar& threshold, const Scalar& value);

// Parts of complex numbers, and forms that are real.
Tensor angle(const Tensor& self);
Tensor sgn(const Tensor& self);
/// The conjugate, computed at once; a real tensor gives itself. resolve_conj and resolve_neg have
/// nothing to do here and give their argument.
Tensor conj(const Tensor& self);
Tensor conj(Tensor&& self);
Tensor conj_physical(const Tensor& self);
Tensor& conj_physical_(Tensor& self);
Tensor resolve_conj(const Tensor& self);
Tensor resolve_neg(const Tensor& self);
Tensor real(const Tensor& self);
Tensor imag(const Tensor& self);

// self filled with a number or a tensor of no dimensions, with 0, or with src, which is broadcast.
Tensor fill(const Tensor& self, const Scalar& value);
Tensor fill(const Tensor& self, const Tensor& value);
Tensor& fill_(Tensor& self, const Scalar& value);
Tensor& fill_(Tensor& self, const Tensor& value);
Tensor zero(const Tensor& self);
Tensor& zero_(Tensor& self);
Tensor copy(const Tensor& self, const Tensor& src, bool non_blocking = false);

// Other names: absolute is abs, arccos acos, fix trunc, and so on; positive is self.
Tensor absolute(const Tensor& self);
Tensor arccos(const Tensor& self);
Tensor& arccos_(Tensor& self);
Tensor arccosh(const Tensor& self);
Tensor& arccosh_(Tensor& self);
Tensor arcsin(const Tensor& self);
Tensor& arcsin_(Tensor& self);
Tensor arcsinh(const Tensor& self);
Tensor& arcsinh_(Tensor& self);
Tensor arctan(const Tensor& self);
Tensor& arctan_(Tensor& self);
Tensor arctanh(const Tensor& self);
Tensor& arctanh_(Tensor& self);
Tensor fix(const Tensor& self);
Tensor& fix_(Tensor& self);
Tensor negative(const Tensor& self);
Tensor& negative_(Tensor& self);
/// The tensor itself; an error for Bool.
Tensor positive(const Tensor& self);

// Of what kind a tensor is. is_nonzero: whether its only element is; errors for other numbers of
// them. result_type: the dtype that an operation between the two computes in.
bool is_complex(const Tensor& self);
/// False: conjugates and negatives are computed at once.
bool is_conj(const Tensor& self);
bool is_neg(const Tensor& self);
bool is_floating_point(const Tensor& self);
/// If the only element is not 0; an error for tensors of more elements or none.
bool is_nonzero(const Tensor& self);
/// False for Byte and Bool.
bool is_signed(const Tensor& self);
ScalarType result_type(const Scalar& scalar, const Tensor& tensor);
ScalarType result_type(const Scalar& scalar1, const Scalar& scalar2);
/// The type that an operation between the two computes in: dims, C++ numbers and categories count
/// as in PyTorch.
ScalarType result_type(const Tensor& a, const Tensor& b);
ScalarType result_type(const Tensor& a, const Scalar& b);

// Operators, as the functions of their names; % is remainder, and & | ^ are bitwise.
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, const Scalar& b) { return add(a, b); }
inline Tensor operator+(const Scalar& a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, const Scalar& b) { return sub(a, b); }
Tensor operator-(const Scalar& a, const Tensor& b);
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, const Scalar& b) { return mul(a, b); }
inline Tensor operator*(const Scalar& a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, const Scalar& b) { return div(a, b); }
Tensor operator/(const Scalar& a, const Tensor& b);
inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator==(const Tensor& a, const Scalar& b) { return eq(a, b); }
inline Tensor operator==(const Scalar& a, const Tensor& b) { return eq(b, a); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator!=(const Tensor& a, const Scalar& b) { return ne(a, b); }
inline Tensor operator!=(const Scalar& a, const Tensor& b) { return ne(b, a); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<(const Tensor& a, const Scalar& b) { return lt(a, b); }
inline Tensor operator<(const Scalar& a, const Tensor& b) { return gt(b, a); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator<=(const Tensor& a, const Scalar& b) { return le(a, b); }
inline Tensor operator<=(const Scalar& a, const Tensor& b) { return ge(b, a); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>(const Tensor& a, const Scalar& b) { return gt(a, b); }
inline Tensor operator>(const Scalar& a, const Tensor& b) { return lt(b, a); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
inline Tensor operator>=(const Tensor& a, const Scalar& b) { return ge(a, b); }
inline Tensor operator>=(const Scalar& a, const Tensor& b) { return le(b, a); }
inline Tensor operator%(const Tensor& a, const Tensor& b) { return remainder(a, b); }
inline Tensor operator%(const Tensor& a, const Scalar& b) { return remainder(a, b); }
inline Tensor operator%(const Scalar& a, const Tensor& b) { return remainder(a, b); }
inline Tensor operator&(const Tensor& a, const Tensor& b) { return bitwise_and(a, b); }
inline Tensor operator&(const Tensor& a, const Scalar& b) { return bitwise_and(a, b); }
inline Tensor operator&(const Scalar& a, const Tensor& b) { return bitwise_and(b, a); }
inline Tensor operator|(const Tensor& a, const Tensor& b) { return bitwise_or(a, b); }
inline Tensor operator|(const Tensor& a, const Scalar& b) { return bitwise_or(a, b); }
inline Tensor operator|(const Scalar& a, const Tensor& b) { return bitwise_or(b, a); }
inline Tensor operator^(const Tensor& a, const Tensor& b) { return bitwise_xor(a, b); }
inline Tensor operator^(const Tensor& a, const Scalar& b) { return bitwise_xor(a, b); }
inline Tensor operator^(const Scalar& a, const Tensor& b) { return bitwise_xor(b, a); }

namespace ops {
/// A constant of the kind that x is, for elementwise formulas (see ops/formula.h).
Tensor like(const Tensor& x, double value);
}  // namespace ops
using ops::like;

}  // namespace reel
