// Methods that are the function with the tensor first, and those in place that write the function's
// result into the tensor.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/random.h>

namespace reel {

using ops::InPlaceForm;

// Elementwise functions.
Tensor Tensor::absolute() const { return reel::absolute(*this); }
Tensor& Tensor::absolute_() { return InPlaceForm(*this, "absolute_").of(reel::absolute(*this)); }
Tensor Tensor::angle() const { return reel::angle(*this); }
Tensor Tensor::sgn() const { return reel::sgn(*this); }
Tensor& Tensor::sgn_() { return InPlaceForm(*this, "sgn_").of(reel::sgn(*this)); }
Tensor Tensor::conj() const { return reel::conj(*this); }
Tensor Tensor::arccos() const { return reel::arccos(*this); }
Tensor& Tensor::arccos_() { return InPlaceForm(*this, "arccos_").of(reel::arccos(*this)); }
Tensor Tensor::arccosh() const { return reel::arccosh(*this); }
Tensor& Tensor::arccosh_() { return InPlaceForm(*this, "arccosh_").of(reel::arccosh(*this)); }
Tensor Tensor::arcsinh() const { return reel::arcsinh(*this); }
Tensor& Tensor::arcsinh_() { return InPlaceForm(*this, "arcsinh_").of(reel::arcsinh(*this)); }
Tensor Tensor::arctanh() const { return reel::arctanh(*this); }
Tensor& Tensor::arctanh_() { return InPlaceForm(*this, "arctanh_").of(reel::arctanh(*this)); }
Tensor Tensor::arcsin() const { return reel::arcsin(*this); }
Tensor& Tensor::arcsin_() { return InPlaceForm(*this, "arcsin_").of(reel::arcsin(*this)); }
Tensor Tensor::arctan() const { return reel::arctan(*this); }
Tensor& Tensor::arctan_() { return InPlaceForm(*this, "arctan_").of(reel::arctan(*this)); }
Tensor Tensor::bitwise_not() const { return reel::bitwise_not(*this); }
Tensor& Tensor::bitwise_not_() {
  return InPlaceForm(*this, "bitwise_not_").of(reel::bitwise_not(*this));
}
Tensor Tensor::copysign(const Tensor& other) const { return reel::copysign(*this, other); }
Tensor& Tensor::copysign_(const Tensor& other) {
  return InPlaceForm(*this, "copysign_").of(reel::copysign(*this, other));
}
Tensor Tensor::copysign(const Scalar& other) const { return reel::copysign(*this, other); }
Tensor& Tensor::copysign_(const Scalar& other) {
  return InPlaceForm(*this, "copysign_").of(reel::copysign(*this, other));
}
Tensor& Tensor::logical_not_() {
  return InPlaceForm(*this, "logical_not_").of(reel::logical_not(*this));
}
Tensor Tensor::logical_xor(const Tensor& other) const { return reel::logical_xor(*this, other); }
Tensor& Tensor::logical_xor_(const Tensor& other) {
  return InPlaceForm(*this, "logical_xor_").of(reel::logical_xor(*this, other));
}
Tensor& Tensor::logical_and_(const Tensor& other) {
  return InPlaceForm(*this, "logical_and_").of(reel::logical_and(*this, other));
}
Tensor& Tensor::logical_or_(const Tensor& other) {
  return InPlaceForm(*this, "logical_or_").of(reel::logical_or(*this, other));
}
Tensor Tensor::clamp(const Tensor& min, const Tensor& max) const {
  return reel::clamp(*this, min, max);
}
Tensor& Tensor::clamp_(const Tensor& min, const Tensor& max) {
  return InPlaceForm(*this, "clamp_").of(reel::clamp(*this, min, max));
}
Tensor Tensor::clamp_max(const Scalar& max) const { return reel::clamp_max(*this, max); }
Tensor Tensor::clamp_max(const Tensor& max) const { return reel::clamp_max(*this, max); }
Tensor& Tensor::clamp_max_(const Scalar& max) {
  return InPlaceForm(*this, "clamp_max_").of(reel::clamp_max(*this, max));
}
Tensor& Tensor::clamp_max_(const Tensor& max) {
  return InPlaceForm(*this, "clamp_max_").of(reel::clamp_max(*this, max));
}
Tensor Tensor::clamp_min(const Scalar& min) const { return reel::clamp_min(*this, min); }
Tensor Tensor::clamp_min(const Tensor& min) const { return reel::clamp_min(*this, min); }
Tensor& Tensor::clamp_min_(const Scalar& min) {
  return InPlaceForm(*this, "clamp_min_").of(reel::clamp_min(*this, min));
}
Tensor& Tensor::clamp_min_(const Tensor& min) {
  return InPlaceForm(*this, "clamp_min_").of(reel::clamp_min(*this, min));
}
Tensor Tensor::clip(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  return reel::clip(*this, min, max);
}
Tensor Tensor::clip(const Tensor& min, const Tensor& max) const {
  return reel::clip(*this, min, max);
}
Tensor& Tensor::clip_(const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return InPlaceForm(*this, "clip_").of(reel::clip(*this, min, max));
}
Tensor& Tensor::clip_(const Tensor& min, const Tensor& max) {
  return InPlaceForm(*this, "clip_").of(reel::clip(*this, min, max));
}
Tensor Tensor::div(const Tensor& other, std::optional<std::string_view> rounding_mode) const {
  return reel::div(*this, other, rounding_mode);
}
Tensor& Tensor::div_(const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return InPlaceForm(*this, "div_").of(reel::div(*this, other, rounding_mode));
}
Tensor Tensor::div(const Scalar& other, std::optional<std::string_view> rounding_mode) const {
  return reel::div(*this, other, rounding_mode);
}
Tensor& Tensor::div_(const Scalar& other, std::optional<std::string_view> rounding_mode) {
  return InPlaceForm(*this, "div_").of(reel::div(*this, other, rounding_mode));
}
Tensor Tensor::divide(const Tensor& other) const { return reel::divide(*this, other); }
Tensor& Tensor::divide_(const Tensor& other) {
  return InPlaceForm(*this, "divide_").of(reel::divide(*this, other));
}
Tensor Tensor::divide(const Scalar& other) const { return reel::divide(*this, other); }
Tensor& Tensor::divide_(const Scalar& other) {
  return InPlaceForm(*this, "divide_").of(reel::divide(*this, other));
}
Tensor Tensor::divide(const Tensor& other, std::optional<std::string_view> rounding_mode) const {
  return reel::divide(*this, other, rounding_mode);
}
Tensor& Tensor::divide_(const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return InPlaceForm(*this, "divide_").of(reel::divide(*this, other, rounding_mode));
}
Tensor Tensor::divide(const Scalar& other, std::optional<std::string_view> rounding_mode) const {
  return reel::divide(*this, other, rounding_mode);
}
Tensor& Tensor::divide_(const Scalar& other, std::optional<std::string_view> rounding_mode) {
  return InPlaceForm(*this, "divide_").of(reel::divide(*this, other, rounding_mode));
}
Tensor Tensor::true_divide(const Tensor& other) const { return reel::true_divide(*this, other); }
Tensor& Tensor::true_divide_(const Tensor& other) {
  return InPlaceForm(*this, "true_divide_").of(reel::true_divide(*this, other));
}
Tensor Tensor::true_divide(const Scalar& other) const { return reel::true_divide(*this, other); }
Tensor& Tensor::true_divide_(const Scalar& other) {
  return InPlaceForm(*this, "true_divide_").of(reel::true_divide(*this, other));
}
Tensor Tensor::floor_divide(const Tensor& other) const { return reel::floor_divide(*this, other); }
Tensor& Tensor::floor_divide_(const Tensor& other) {
  return InPlaceForm(*this, "floor_divide_").of(reel::floor_divide(*this, other));
}
Tensor Tensor::floor_divide(const Scalar& other) const { return reel::floor_divide(*this, other); }
Tensor& Tensor::floor_divide_(const Scalar& other) {
  return InPlaceForm(*this, "floor_divide_").of(reel::floor_divide(*this, other));
}
Tensor Tensor::isclose(const Tensor& other, double rtol, double atol, bool equal_nan) const {
  return reel::isclose(*this, other, rtol, atol, equal_nan);
}
Tensor Tensor::isreal() const { return reel::isreal(*this); }
bool Tensor::is_nonzero() const { return reel::is_nonzero(*this); }
Tensor Tensor::nan_to_num(std::optional<double> nan, std::optional<double> posinf,
                          std::optional<double> neginf) const {
  return reel::nan_to_num(*this, nan, posinf, neginf);
}
Tensor& Tensor::nan_to_num_(std::optional<double> nan, std::optional<double> posinf,
                            std::optional<double> neginf) {
  return InPlaceForm(*this, "nan_to_num_").of(reel::nan_to_num(*this, nan, posinf, neginf));
}
Tensor Tensor::logaddexp(const Tensor& other) const { return reel::logaddexp(*this, other); }
Tensor Tensor::logaddexp2(const Tensor& other) const { return reel::logaddexp2(*this, other); }
Tensor Tensor::xlogy(const Tensor& other) const { return reel::xlogy(*this, other); }
Tensor Tensor::xlogy(const Scalar& other) const { return reel::xlogy(*this, other); }
Tensor& Tensor::xlogy_(const Tensor& other) {
  return InPlaceForm(*this, "xlogy_").of(reel::xlogy(*this, other));
}
Tensor& Tensor::xlogy_(const Scalar& other) {
  return InPlaceForm(*this, "xlogy_").of(reel::xlogy(*this, other));
}
Tensor Tensor::multiply(const Tensor& other) const { return reel::multiply(*this, other); }
Tensor& Tensor::multiply_(const Tensor& other) {
  return InPlaceForm(*this, "multiply_").of(reel::multiply(*this, other));
}
Tensor Tensor::multiply(const Scalar& other) const { return reel::multiply(*this, other); }
Tensor& Tensor::multiply_(const Scalar& other) {
  return InPlaceForm(*this, "multiply_").of(reel::multiply(*this, other));
}
Tensor Tensor::negative() const { return reel::negative(*this); }
Tensor& Tensor::negative_() { return InPlaceForm(*this, "negative_").of(reel::negative(*this)); }
Tensor Tensor::round(int64_t decimals) const { return reel::round(*this, decimals); }
Tensor& Tensor::round_(int64_t decimals) {
  return InPlaceForm(*this, "round_").of(reel::round(*this, decimals));
}
Tensor Tensor::prelu(const Tensor& weight) const { return reel::prelu(*this, weight); }
Tensor Tensor::hardshrink(const Scalar& lambd) const { return reel::hardshrink(*this, lambd); }
Tensor Tensor::logit(std::optional<double> eps) const { return reel::logit(*this, eps); }
Tensor& Tensor::logit_(std::optional<double> eps) {
  return InPlaceForm(*this, "logit_").of(reel::logit(*this, eps));
}
Tensor Tensor::fix() const { return reel::fix(*this); }
Tensor& Tensor::fix_() { return InPlaceForm(*this, "fix_").of(reel::fix(*this)); }
Tensor Tensor::positive() const { return reel::positive(*this); }
Tensor Tensor::subtract(const Tensor& other, const Scalar& alpha) const {
  return reel::subtract(*this, other, alpha);
}
Tensor& Tensor::subtract_(const Tensor& other, const Scalar& alpha) {
  return InPlaceForm(*this, "subtract_").of(reel::subtract(*this, other, alpha));
}
Tensor Tensor::subtract(const Scalar& other, const Scalar& alpha) const {
  return reel::subtract(*this, other, alpha);
}
Tensor& Tensor::subtract_(const Scalar& other, const Scalar& alpha) {
  return InPlaceForm(*this, "subtract_").of(reel::subtract(*this, other, alpha));
}
Tensor Tensor::heaviside(const Tensor& values) const { return reel::heaviside(*this, values); }
Tensor& Tensor::heaviside_(const Tensor& values) {
  return InPlaceForm(*this, "heaviside_").of(reel::heaviside(*this, values));
}
Tensor& Tensor::eq_(const Scalar& other) {
  return InPlaceForm(*this, "eq_").of(reel::eq(*this, other));
}
Tensor& Tensor::eq_(const Tensor& other) {
  return InPlaceForm(*this, "eq_").of(reel::eq(*this, other));
}
Tensor Tensor::bitwise_and(const Scalar& other) const { return reel::bitwise_and(*this, other); }
Tensor Tensor::bitwise_and(const Tensor& other) const { return reel::bitwise_and(*this, other); }
Tensor& Tensor::bitwise_and_(const Scalar& other) {
  return InPlaceForm(*this, "bitwise_and_").of(reel::bitwise_and(*this, other));
}
Tensor& Tensor::bitwise_and_(const Tensor& other) {
  return InPlaceForm(*this, "bitwise_and_").of(reel::bitwise_and(*this, other));
}
Tensor Tensor::bitwise_or(const Scalar& other) const { return reel::bitwise_or(*this, other); }
Tensor Tensor::bitwise_or(const Tensor& other) const { return reel::bitwise_or(*this, other); }
Tensor& Tensor::bitwise_or_(const Scalar& other) {
  return InPlaceForm(*this, "bitwise_or_").of(reel::bitwise_or(*this, other));
}
Tensor& Tensor::bitwise_or_(const Tensor& other) {
  return InPlaceForm(*this, "bitwise_or_").of(reel::bitwise_or(*this, other));
}
Tensor Tensor::bitwise_xor(const Scalar& other) const { return reel::bitwise_xor(*this, other); }
Tensor Tensor::bitwise_xor(const Tensor& other) const { return reel::bitwise_xor(*this, other); }
Tensor& Tensor::bitwise_xor_(const Scalar& other) {
  return InPlaceForm(*this, "bitwise_xor_").of(reel::bitwise_xor(*this, other));
}
Tensor& Tensor::bitwise_xor_(const Tensor& other) {
  return InPlaceForm(*this, "bitwise_xor_").of(reel::bitwise_xor(*this, other));
}
Tensor Tensor::bitwise_left_shift(const Tensor& other) const {
  return reel::bitwise_left_shift(*this, other);
}
Tensor& Tensor::bitwise_left_shift_(const Tensor& other) {
  return InPlaceForm(*this, "bitwise_left_shift_").of(reel::bitwise_left_shift(*this, other));
}
Tensor Tensor::bitwise_left_shift(const Scalar& other) const {
  return reel::bitwise_left_shift(*this, other);
}
Tensor& Tensor::bitwise_left_shift_(const Scalar& other) {
  return InPlaceForm(*this, "bitwise_left_shift_").of(reel::bitwise_left_shift(*this, other));
}
Tensor Tensor::bitwise_right_shift(const Tensor& other) const {
  return reel::bitwise_right_shift(*this, other);
}
Tensor& Tensor::bitwise_right_shift_(const Tensor& other) {
  return InPlaceForm(*this, "bitwise_right_shift_").of(reel::bitwise_right_shift(*this, other));
}
Tensor Tensor::bitwise_right_shift(const Scalar& other) const {
  return reel::bitwise_right_shift(*this, other);
}
Tensor& Tensor::bitwise_right_shift_(const Scalar& other) {
  return InPlaceForm(*this, "bitwise_right_shift_").of(reel::bitwise_right_shift(*this, other));
}
Tensor& Tensor::lerp_(const Tensor& end, const Tensor& weight) {
  return InPlaceForm(*this, "lerp_").of(reel::lerp(*this, end, weight));
}
Tensor& Tensor::ne_(const Scalar& other) {
  return InPlaceForm(*this, "ne_").of(reel::ne(*this, other));
}
Tensor& Tensor::ne_(const Tensor& other) {
  return InPlaceForm(*this, "ne_").of(reel::ne(*this, other));
}
Tensor Tensor::not_equal(const Scalar& other) const { return reel::not_equal(*this, other); }
Tensor Tensor::not_equal(const Tensor& other) const { return reel::not_equal(*this, other); }
Tensor& Tensor::not_equal_(const Scalar& other) {
  return InPlaceForm(*this, "not_equal_").of(reel::not_equal(*this, other));
}
Tensor& Tensor::not_equal_(const Tensor& other) {
  return InPlaceForm(*this, "not_equal_").of(reel::not_equal(*this, other));
}
Tensor& Tensor::ge_(const Scalar& other) {
  return InPlaceForm(*this, "ge_").of(reel::ge(*this, other));
}
Tensor& Tensor::ge_(const Tensor& other) {
  return InPlaceForm(*this, "ge_").of(reel::ge(*this, other));
}
Tensor Tensor::greater_equal(const Scalar& other) const {
  return reel::greater_equal(*this, other);
}
Tensor Tensor::greater_equal(const Tensor& other) const {
  return reel::greater_equal(*this, other);
}
Tensor& Tensor::greater_equal_(const Scalar& other) {
  return InPlaceForm(*this, "greater_equal_").of(reel::greater_equal(*this, other));
}
Tensor& Tensor::greater_equal_(const Tensor& other) {
  return InPlaceForm(*this, "greater_equal_").of(reel::greater_equal(*this, other));
}
Tensor& Tensor::le_(const Scalar& other) {
  return InPlaceForm(*this, "le_").of(reel::le(*this, other));
}
Tensor& Tensor::le_(const Tensor& other) {
  return InPlaceForm(*this, "le_").of(reel::le(*this, other));
}
Tensor Tensor::less_equal(const Scalar& other) const { return reel::less_equal(*this, other); }
Tensor Tensor::less_equal(const Tensor& other) const { return reel::less_equal(*this, other); }
Tensor& Tensor::less_equal_(const Scalar& other) {
  return InPlaceForm(*this, "less_equal_").of(reel::less_equal(*this, other));
}
Tensor& Tensor::less_equal_(const Tensor& other) {
  return InPlaceForm(*this, "less_equal_").of(reel::less_equal(*this, other));
}
Tensor& Tensor::gt_(const Scalar& other) {
  return InPlaceForm(*this, "gt_").of(reel::gt(*this, other));
}
Tensor& Tensor::gt_(const Tensor& other) {
  return InPlaceForm(*this, "gt_").of(reel::gt(*this, other));
}
Tensor Tensor::greater(const Scalar& other) const { return reel::greater(*this, other); }
Tensor Tensor::greater(const Tensor& other) const { return reel::greater(*this, other); }
Tensor& Tensor::greater_(const Scalar& other) {
  return InPlaceForm(*this, "greater_").of(reel::greater(*this, other));
}
Tensor& Tensor::greater_(const Tensor& other) {
  return InPlaceForm(*this, "greater_").of(reel::greater(*this, other));
}
Tensor& Tensor::lt_(const Scalar& other) {
  return InPlaceForm(*this, "lt_").of(reel::lt(*this, other));
}
Tensor& Tensor::lt_(const Tensor& other) {
  return InPlaceForm(*this, "lt_").of(reel::lt(*this, other));
}
Tensor Tensor::less(const Scalar& other) const { return reel::less(*this, other); }
Tensor Tensor::less(const Tensor& other) const { return reel::less(*this, other); }
Tensor& Tensor::less_(const Scalar& other) {
  return InPlaceForm(*this, "less_").of(reel::less(*this, other));
}
Tensor& Tensor::less_(const Tensor& other) {
  return InPlaceForm(*this, "less_").of(reel::less(*this, other));
}
Tensor Tensor::signbit() const { return reel::signbit(*this); }
Tensor& Tensor::atan2_(const Tensor& other) {
  return InPlaceForm(*this, "atan2_").of(reel::atan2(*this, other));
}
Tensor Tensor::atan2(const Tensor& other) const { return reel::atan2(*this, other); }
Tensor Tensor::arctan2(const Tensor& other) const { return reel::arctan2(*this, other); }
Tensor& Tensor::arctan2_(const Tensor& other) {
  return InPlaceForm(*this, "arctan2_").of(reel::arctan2(*this, other));
}
Tensor Tensor::lerp(const Tensor& end, const Tensor& weight) const {
  return reel::lerp(*this, end, weight);
}
Tensor Tensor::fmod(const Scalar& other) const { return reel::fmod(*this, other); }
Tensor& Tensor::fmod_(const Scalar& other) {
  return InPlaceForm(*this, "fmod_").of(reel::fmod(*this, other));
}
Tensor Tensor::fmod(const Tensor& other) const { return reel::fmod(*this, other); }
Tensor& Tensor::fmod_(const Tensor& other) {
  return InPlaceForm(*this, "fmod_").of(reel::fmod(*this, other));
}
Tensor Tensor::hypot(const Tensor& other) const { return reel::hypot(*this, other); }
Tensor& Tensor::hypot_(const Tensor& other) {
  return InPlaceForm(*this, "hypot_").of(reel::hypot(*this, other));
}
Tensor Tensor::remainder(const Scalar& other) const { return reel::remainder(*this, other); }
Tensor& Tensor::remainder_(const Scalar& other) {
  return InPlaceForm(*this, "remainder_").of(reel::remainder(*this, other));
}
Tensor Tensor::remainder(const Tensor& other) const { return reel::remainder(*this, other); }
Tensor& Tensor::remainder_(const Tensor& other) {
  return InPlaceForm(*this, "remainder_").of(reel::remainder(*this, other));
}
Tensor Tensor::fmin(const Tensor& other) const { return reel::fmin(*this, other); }
Tensor Tensor::fmax(const Tensor& other) const { return reel::fmax(*this, other); }
Tensor& Tensor::pow_(const Tensor& exponent) {
  return InPlaceForm(*this, "pow_").of(reel::pow(*this, exponent));
}
Tensor Tensor::float_power(const Tensor& exponent) const {
  return reel::float_power(*this, exponent);
}
Tensor Tensor::float_power(const Scalar& exponent) const {
  return reel::float_power(*this, exponent);
}
Tensor Tensor::isinf() const { return reel::isinf(*this); }
Tensor Tensor::isposinf() const { return reel::isposinf(*this); }
Tensor Tensor::isneginf() const { return reel::isneginf(*this); }
Tensor& arccos_(Tensor& self) { return self.arccos_(); }
Tensor& arccosh_(Tensor& self) { return self.arccosh_(); }
Tensor& arcsin_(Tensor& self) { return self.arcsin_(); }
Tensor& arcsinh_(Tensor& self) { return self.arcsinh_(); }
Tensor& arctan_(Tensor& self) { return self.arctan_(); }
Tensor& arctanh_(Tensor& self) { return self.arctanh_(); }
Tensor& celu_(Tensor& self, const Scalar& alpha) {
  return InPlaceForm(self, "celu_").of(celu(self, alpha));
}
Tensor& clamp_(Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return self.clamp_(min, max);
}
Tensor& clamp_(Tensor& self, const Tensor& min, const Tensor& max) { return self.clamp_(min, max); }
Tensor& clamp_max_(Tensor& self, const Scalar& max) { return self.clamp_max_(max); }
Tensor& clamp_max_(Tensor& self, const Tensor& max) { return self.clamp_max_(max); }
Tensor& clamp_min_(Tensor& self, const Scalar& min) { return self.clamp_min_(min); }
Tensor& clamp_min_(Tensor& self, const Tensor& min) { return self.clamp_min_(min); }
Tensor& clip_(Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return self.clip_(min, max);
}
Tensor& clip_(Tensor& self, const Tensor& min, const Tensor& max) { return self.clip_(min, max); }
Tensor& elu_(Tensor& self, const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  return InPlaceForm(self, "elu_").of(elu(self, alpha, scale, input_scale));
}
Tensor& fill_(Tensor& self, const Scalar& value) { return self.fill_(value); }
Tensor& fill_(Tensor& self, const Tensor& value) { return self.fill_(value); }
Tensor& fix_(Tensor& self) { return self.fix_(); }
Tensor& gelu_(Tensor& self, std::string_view approximate) {
  return InPlaceForm(self, "gelu_").of(gelu(self, approximate));
}
Tensor& hardtanh_(Tensor& self, const Scalar& min_val, const Scalar& max_val) {
  return InPlaceForm(self, "hardtanh_").of(hardtanh(self, min_val, max_val));
}
Tensor& leaky_relu_(Tensor& self, const Scalar& negative_slope) {
  return InPlaceForm(self, "leaky_relu_").of(leaky_relu(self, negative_slope));
}
Tensor& logit_(Tensor& self, std::optional<double> eps) { return self.logit_(eps); }
Tensor& nan_to_num_(Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                    std::optional<double> neginf) {
  return self.nan_to_num_(nan, posinf, neginf);
}
Tensor& negative_(Tensor& self) { return self.negative_(); }
Tensor& round_(Tensor& self, int64_t decimals) { return self.round_(decimals); }
Tensor& selu_(Tensor& self) { return InPlaceForm(self, "selu_").of(selu(self)); }
Tensor& threshold_(Tensor& self, const Scalar& threshold, const Scalar& value) {
  return InPlaceForm(self, "threshold_").of(reel::threshold(self, threshold, value));
}
Tensor& xlogy_(Tensor& self, const Tensor& other) { return self.xlogy_(other); }
Tensor& xlogy_(Tensor& self, const Scalar& other) { return self.xlogy_(other); }
Tensor& zero_(Tensor& self) { return self.zero_(); }

// Reductions, scans, sorting, searching, statistics.
Tensor Tensor::bincount(const Tensor& weights, int64_t minlength) const {
  return reel::bincount(*this, weights, minlength);
}
Tensor Tensor::count_nonzero(IntArrayRef dim) const { return reel::count_nonzero(*this, dim); }
Tensor Tensor::count_nonzero(std::optional<int64_t> dim) const {
  return reel::count_nonzero(*this, dim);
}
std::tuple<Tensor, Tensor> Tensor::cummax(int64_t dim) const { return reel::cummax(*this, dim); }
std::tuple<Tensor, Tensor> Tensor::cummin(int64_t dim) const { return reel::cummin(*this, dim); }
Tensor Tensor::cumprod(int64_t dim, std::optional<ScalarType> dtype) const {
  return reel::cumprod(*this, dim, dtype);
}
Tensor Tensor::cumsum(int64_t dim, std::optional<ScalarType> dtype) const {
  return reel::cumsum(*this, dim, dtype);
}
Tensor Tensor::diff(int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) const {
  return reel::diff(*this, n, dim, prepend, append);
}
std::tuple<Tensor, Tensor> Tensor::kthvalue(int64_t k, int64_t dim, bool keepdim) const {
  return reel::kthvalue(*this, k, dim, keepdim);
}
Tensor Tensor::logcumsumexp(int64_t dim) const { return reel::logcumsumexp(*this, dim); }
std::tuple<Tensor, Tensor> Tensor::aminmax(std::optional<int64_t> dim, bool keepdim) const {
  return reel::aminmax(*this, dim, keepdim);
}
Tensor Tensor::nanmean(IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) const {
  return reel::nanmean(*this, dim, keepdim, dtype);
}
Tensor Tensor::median() const { return reel::median(*this); }
std::tuple<Tensor, Tensor> Tensor::median(int64_t dim, bool keepdim) const {
  return reel::median(*this, dim, keepdim);
}
Tensor Tensor::nanmedian() const { return reel::nanmedian(*this); }
std::tuple<Tensor, Tensor> Tensor::nanmedian(int64_t dim, bool keepdim) const {
  return reel::nanmedian(*this, dim, keepdim);
}
std::tuple<Tensor, Tensor> Tensor::mode(int64_t dim, bool keepdim) const {
  return reel::mode(*this, dim, keepdim);
}
Tensor Tensor::nansum(IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) const {
  return reel::nansum(*this, dim, keepdim, dtype);
}
Tensor Tensor::std(IntArrayRef dim, std::optional<int64_t> correction, bool keepdim) const {
  return reel::std(*this, dim, correction, keepdim);
}
Tensor Tensor::var(IntArrayRef dim, std::optional<int64_t> correction, bool keepdim) const {
  return reel::var(*this, dim, correction, keepdim);
}
Tensor Tensor::norm(const std::optional<Scalar>& p, ScalarType dtype) const {
  return reel::norm(*this, p, dtype);
}
Tensor Tensor::norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim,
                    ScalarType dtype) const {
  return reel::norm(*this, p, dim, keepdim, dtype);
}
Tensor Tensor::dist(const Tensor& other, const Scalar& p) const {
  return reel::dist(*this, other, p);
}
Tensor Tensor::histc(int64_t bins, const Scalar& min, const Scalar& max) const {
  return reel::histc(*this, bins, min, max);
}
std::tuple<Tensor, Tensor> Tensor::histogram(const Tensor& bins, const Tensor& weight,
                                             bool density) const {
  return reel::histogram(*this, bins, weight, density);
}
std::tuple<Tensor, Tensor> Tensor::histogram(int64_t bins, std::optional<ArrayRef<double>> range,
                                             const Tensor& weight, bool density) const {
  return reel::histogram(*this, bins, range, weight, density);
}
Tensor Tensor::quantile(const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                        std::string_view interpolation) const {
  return reel::quantile(*this, q, dim, keepdim, interpolation);
}
Tensor Tensor::quantile(double q, std::optional<int64_t> dim, bool keepdim,
                        std::string_view interpolation) const {
  return reel::quantile(*this, q, dim, keepdim, interpolation);
}
Tensor Tensor::nanquantile(const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                           std::string_view interpolation) const {
  return reel::nanquantile(*this, q, dim, keepdim, interpolation);
}
Tensor Tensor::nanquantile(double q, std::optional<int64_t> dim, bool keepdim,
                           std::string_view interpolation) const {
  return reel::nanquantile(*this, q, dim, keepdim, interpolation);
}
std::tuple<Tensor, Tensor> Tensor::sort(int64_t dim, bool descending) const {
  return reel::sort(*this, dim, descending);
}
std::tuple<Tensor, Tensor> Tensor::sort(std::optional<bool> stable, int64_t dim,
                                        bool descending) const {
  return reel::sort(*this, stable, dim, descending);
}
Tensor Tensor::msort() const { return reel::msort(*this); }
Tensor Tensor::argsort(int64_t dim, bool descending) const {
  return reel::argsort(*this, dim, descending);
}
Tensor Tensor::argsort(bool stable, int64_t dim, bool descending) const {
  return reel::argsort(*this, stable, dim, descending);
}
std::tuple<Tensor, Tensor> Tensor::topk(int64_t k, int64_t dim, bool largest, bool sorted) const {
  return reel::topk(*this, k, dim, largest, sorted);
}

// Matrix products and linear algebra.
Tensor Tensor::addmv(const Tensor& mat, const Tensor& vec, const Scalar& beta,
                     const Scalar& alpha) const {
  return reel::addmv(*this, mat, vec, beta, alpha);
}
Tensor& Tensor::addmv_(const Tensor& mat, const Tensor& vec, const Scalar& beta,
                       const Scalar& alpha) {
  return InPlaceForm(*this, "addmv_").of(reel::addmv(*this, mat, vec, beta, alpha));
}
Tensor Tensor::addr(const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
                    const Scalar& alpha) const {
  return reel::addr(*this, vec1, vec2, beta, alpha);
}
Tensor& Tensor::addr_(const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
                      const Scalar& alpha) {
  return InPlaceForm(*this, "addr_").of(reel::addr(*this, vec1, vec2, beta, alpha));
}
Tensor Tensor::baddbmm(const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
                       const Scalar& alpha) const {
  return reel::baddbmm(*this, batch1, batch2, beta, alpha);
}
Tensor& Tensor::baddbmm_(const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
                         const Scalar& alpha) {
  return InPlaceForm(*this, "baddbmm_").of(reel::baddbmm(*this, batch1, batch2, beta, alpha));
}
Tensor Tensor::dot(const Tensor& tensor) const { return reel::dot(*this, tensor); }
Tensor Tensor::kron(const Tensor& other) const { return reel::kron(*this, other); }
Tensor Tensor::matrix_power(int64_t n) const { return reel::matrix_power(*this, n); }
Tensor Tensor::mv(const Tensor& vec) const { return reel::mv(*this, vec); }
Tensor Tensor::pinverse(double rcond) const { return reel::pinverse(*this, rcond); }
Tensor& Tensor::addmm_(const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
                       const Scalar& alpha) {
  return InPlaceForm(*this, "addmm_").of(reel::addmm(*this, mat1, mat2, beta, alpha));
}
Tensor& Tensor::addbmm_(const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
                        const Scalar& alpha) {
  return InPlaceForm(*this, "addbmm_").of(reel::addbmm(*this, batch1, batch2, beta, alpha));
}
Tensor Tensor::addbmm(const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
                      const Scalar& alpha) const {
  return reel::addbmm(*this, batch1, batch2, beta, alpha);
}
Tensor Tensor::cross(const Tensor& other, std::optional<int64_t> dim) const {
  return reel::cross(*this, other, dim);
}
Tensor Tensor::trace() const { return reel::trace(*this); }
std::tuple<Tensor, Tensor, Tensor> Tensor::svd(bool some, bool compute_uv) const {
  return reel::svd(*this, some, compute_uv);
}
Tensor Tensor::cholesky(bool upper) const { return reel::cholesky(*this, upper); }
Tensor Tensor::cholesky_solve(const Tensor& input2, bool upper) const {
  return reel::cholesky_solve(*this, input2, upper);
}
std::tuple<Tensor, Tensor> Tensor::qr(bool some) const { return reel::qr(*this, some); }
Tensor Tensor::det() const { return reel::det(*this); }
std::tuple<Tensor, Tensor> Tensor::slogdet() const { return reel::slogdet(*this); }
Tensor Tensor::logdet() const { return reel::logdet(*this); }
Tensor Tensor::inverse() const { return reel::inverse(*this); }
Tensor Tensor::inner(const Tensor& other) const { return reel::inner(*this, other); }
Tensor Tensor::outer(const Tensor& vec2) const { return reel::outer(*this, vec2); }
Tensor Tensor::ger(const Tensor& vec2) const { return reel::ger(*this, vec2); }
Tensor& addmv_(Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta,
               const Scalar& alpha) {
  return self.addmv_(mat, vec, beta, alpha);
}

// Views, joining, splitting, padding, and other changes of shape.
Tensor Tensor::broadcast_to(IntArrayRef size) const { return reel::broadcast_to(*this, size); }
std::vector<Tensor> Tensor::tensor_split(int64_t sections, int64_t dim) const {
  return reel::tensor_split(*this, sections, dim);
}
std::vector<Tensor> Tensor::tensor_split(IntArrayRef indices, int64_t dim) const {
  return reel::tensor_split(*this, indices, dim);
}
std::vector<Tensor> Tensor::tensor_split(const Tensor& tensor_indices_or_sections,
                                         int64_t dim) const {
  return reel::tensor_split(*this, tensor_indices_or_sections, dim);
}
Tensor Tensor::diag_embed(int64_t offset, int64_t dim1, int64_t dim2) const {
  return reel::diag_embed(*this, offset, dim1, dim2);
}
Tensor Tensor::diagflat(int64_t offset) const { return reel::diagflat(*this, offset); }
Tensor Tensor::diagonal(int64_t offset, int64_t dim1, int64_t dim2) const {
  return reel::diagonal(*this, offset, dim1, dim2);
}
Tensor Tensor::unflatten(int64_t dim, IntArrayRef sizes) const {
  return reel::unflatten(*this, dim, sizes);
}
Tensor Tensor::narrow(int64_t dim, const Tensor& start, int64_t length) const {
  return reel::narrow(*this, dim, start, length);
}
Tensor Tensor::movedim(IntArrayRef source, IntArrayRef destination) const {
  return reel::movedim(*this, source, destination);
}
Tensor Tensor::movedim(int64_t source, int64_t destination) const {
  return reel::movedim(*this, source, destination);
}
Tensor Tensor::moveaxis(IntArrayRef source, IntArrayRef destination) const {
  return reel::moveaxis(*this, source, destination);
}
Tensor Tensor::moveaxis(int64_t source, int64_t destination) const {
  return reel::moveaxis(*this, source, destination);
}
Tensor Tensor::adjoint() const { return reel::adjoint(*this); }
Tensor Tensor::ravel() const { return reel::ravel(*this); }
Tensor Tensor::repeat_interleave(const Tensor& repeats, std::optional<int64_t> dim,
                                 std::optional<int64_t> output_size) const {
  return reel::repeat_interleave(*this, repeats, dim, output_size);
}
Tensor Tensor::repeat_interleave(int64_t repeats, std::optional<int64_t> dim,
                                 std::optional<int64_t> output_size) const {
  return reel::repeat_interleave(*this, repeats, dim, output_size);
}
Tensor Tensor::slice_scatter(const Tensor& src, int64_t dim, std::optional<int64_t> start,
                             std::optional<int64_t> end, int64_t step) const {
  return reel::slice_scatter(*this, src, dim, start, end, step);
}
Tensor Tensor::select_scatter(const Tensor& src, int64_t dim, int64_t index) const {
  return reel::select_scatter(*this, src, dim, index);
}
Tensor Tensor::diagonal_scatter(const Tensor& src, int64_t offset, int64_t dim1,
                                int64_t dim2) const {
  return reel::diagonal_scatter(*this, src, offset, dim1, dim2);
}
Tensor Tensor::as_strided_scatter(const Tensor& src, IntArrayRef size, IntArrayRef stride,
                                  std::optional<int64_t> storage_offset) const {
  return reel::as_strided_scatter(*this, src, size, stride, storage_offset);
}
std::vector<Tensor> Tensor::split_with_sizes(IntArrayRef split_sizes, int64_t dim) const {
  return reel::split_with_sizes(*this, split_sizes, dim);
}
std::vector<Tensor> Tensor::hsplit(int64_t sections) const { return reel::hsplit(*this, sections); }
std::vector<Tensor> Tensor::hsplit(IntArrayRef indices) const {
  return reel::hsplit(*this, indices);
}
std::vector<Tensor> Tensor::vsplit(int64_t sections) const { return reel::vsplit(*this, sections); }
std::vector<Tensor> Tensor::vsplit(IntArrayRef indices) const {
  return reel::vsplit(*this, indices);
}
std::vector<Tensor> Tensor::dsplit(int64_t sections) const { return reel::dsplit(*this, sections); }
std::vector<Tensor> Tensor::dsplit(IntArrayRef indices) const {
  return reel::dsplit(*this, indices);
}
Tensor Tensor::tile(IntArrayRef dims) const { return reel::tile(*this, dims); }
Tensor Tensor::fliplr() const { return reel::fliplr(*this); }
Tensor Tensor::flipud() const { return reel::flipud(*this); }
Tensor Tensor::roll(IntArrayRef shifts, IntArrayRef dims) const {
  return reel::roll(*this, shifts, dims);
}
Tensor Tensor::rot90(int64_t k, IntArrayRef dims) const { return reel::rot90(*this, k, dims); }
Tensor& Tensor::tril_(int64_t diagonal) {
  return InPlaceForm(*this, "tril_").of(reel::tril(*this, diagonal));
}
Tensor& Tensor::triu_(int64_t diagonal) {
  return InPlaceForm(*this, "triu_").of(reel::triu(*this, diagonal));
}
Tensor Tensor::diag(int64_t diagonal) const { return reel::diag(*this, diagonal); }
Tensor Tensor::triu(int64_t diagonal) const { return reel::triu(*this, diagonal); }
Tensor Tensor::tril(int64_t diagonal) const { return reel::tril(*this, diagonal); }
Tensor Tensor::swapaxes(int64_t axis0, int64_t axis1) const {
  return reel::swapaxes(*this, axis0, axis1);
}
Tensor Tensor::swapdims(int64_t dim0, int64_t dim1) const {
  return reel::swapdims(*this, dim0, dim1);
}
Tensor& detach_(Tensor& self) { return self.detach_(); }

// Reading and writing by index.
Tensor Tensor::masked_fill(const Tensor& mask, const Tensor& value) const {
  return reel::masked_fill(*this, mask, value);
}
Tensor Tensor::masked_scatter(const Tensor& mask, const Tensor& source) const {
  return reel::masked_scatter(*this, mask, source);
}
Tensor Tensor::put(const Tensor& index, const Tensor& source, bool accumulate) const {
  return reel::put(*this, index, source, accumulate);
}
Tensor Tensor::index_reduce(int64_t dim, const Tensor& index, const Tensor& source,
                            std::string_view reduce, bool include_self) const {
  return reel::index_reduce(*this, dim, index, source, reduce, include_self);
}
Tensor Tensor::index_fill(int64_t dim, const Tensor& index, const Scalar& value) const {
  return reel::index_fill(*this, dim, index, value);
}
Tensor Tensor::index_fill(int64_t dim, const Tensor& index, const Tensor& value) const {
  return reel::index_fill(*this, dim, index, value);
}
Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Tensor& src,
                       std::string_view reduce) const {
  return reel::scatter(*this, dim, index, src, reduce);
}
Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Scalar& value,
                       std::string_view reduce) const {
  return reel::scatter(*this, dim, index, value, reduce);
}
Tensor Tensor::scatter_reduce(int64_t dim, const Tensor& index, const Tensor& src,
                              std::string_view reduce, bool include_self) const {
  return reel::scatter_reduce(*this, dim, index, src, reduce, include_self);
}
Tensor Tensor::take(const Tensor& index) const { return reel::take(*this, index); }
Tensor Tensor::take_along_dim(const Tensor& indices, std::optional<int64_t> dim) const {
  return reel::take_along_dim(*this, indices, dim);
}
Tensor Tensor::argwhere() const { return reel::argwhere(*this); }

// Random numbers.
Tensor Tensor::bernoulli(std::optional<Generator> generator) const {
  return reel::bernoulli(*this, generator);
}
Tensor Tensor::bernoulli(double p, std::optional<Generator> generator) const {
  return reel::bernoulli(*this, p, generator);
}
Tensor Tensor::multinomial(int64_t num_samples, bool replacement,
                           std::optional<Generator> generator) const {
  return reel::multinomial(*this, num_samples, replacement, generator);
}
Tensor& alpha_dropout_(Tensor& self, double p, bool train) {
  return InPlaceForm(self, "alpha_dropout_").of(alpha_dropout(self, p, train));
}
Tensor& dropout_(Tensor& self, double p, bool train) {
  return InPlaceForm(self, "dropout_").of(dropout(self, p, train));
}
Tensor& feature_alpha_dropout_(Tensor& self, double p, bool train) {
  return InPlaceForm(self, "feature_alpha_dropout_").of(feature_alpha_dropout(self, p, train));
}
Tensor& rrelu_(Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
               std::optional<Generator> generator) {
  return InPlaceForm(self, "rrelu_").of(rrelu(self, lower, upper, training, generator));
}

}  // namespace reel
