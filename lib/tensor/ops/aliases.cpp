// Other names of elementwise functions.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {

Tensor absolute(const Tensor& self) { return abs(self); }
Tensor arccos(const Tensor& self) { return acos(self); }
Tensor arccosh(const Tensor& self) { return acosh(self); }
Tensor arcsin(const Tensor& self) { return asin(self); }
Tensor arcsinh(const Tensor& self) { return asinh(self); }
Tensor arctan(const Tensor& self) { return atan(self); }
Tensor arctanh(const Tensor& self) { return atanh(self); }
Tensor fix(const Tensor& self) { return trunc(self); }
Tensor negative(const Tensor& self) { return neg(self); }
Tensor arctan2(const Tensor& self, const Tensor& other) { return atan2(self, other); }
Tensor divide(const Tensor& self, const Tensor& other) { return div(self, other); }
Tensor divide(const Tensor& self, const Scalar& other) { return div(self, other); }
Tensor true_divide(const Tensor& self, const Tensor& other) { return div(self, other); }
Tensor true_divide(const Tensor& self, const Scalar& other) { return div(self, other); }
Tensor multiply(const Tensor& self, const Tensor& other) { return mul(self, other); }
Tensor multiply(const Tensor& self, const Scalar& other) { return mul(self, other); }
Tensor greater(const Tensor& self, const Tensor& other) { return gt(self, other); }
Tensor greater(const Tensor& self, const Scalar& other) { return gt(self, other); }
Tensor greater_equal(const Tensor& self, const Tensor& other) { return ge(self, other); }
Tensor greater_equal(const Tensor& self, const Scalar& other) { return ge(self, other); }
Tensor less(const Tensor& self, const Tensor& other) { return lt(self, other); }
Tensor less(const Tensor& self, const Scalar& other) { return lt(self, other); }
Tensor less_equal(const Tensor& self, const Tensor& other) { return le(self, other); }
Tensor less_equal(const Tensor& self, const Scalar& other) { return le(self, other); }
Tensor not_equal(const Tensor& self, const Tensor& other) { return ne(self, other); }
Tensor not_equal(const Tensor& self, const Scalar& other) { return ne(self, other); }
Tensor divide(const Tensor& self, const Tensor& other,
              std::optional<std::string_view> rounding_mode) {
  return div(self, other, rounding_mode);
}
Tensor subtract(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  return sub(self, other, alpha);
}
Tensor divide(const Tensor& self, const Scalar& other,
              std::optional<std::string_view> rounding_mode) {
  return div(self, other, rounding_mode);
}
Tensor subtract(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  return sub(self, other, alpha);
}
Tensor logical_xor(const Tensor& self, const Tensor& other) {
  return ne(self.to(kBool), other.to(kBool));
}

}  // namespace reel
