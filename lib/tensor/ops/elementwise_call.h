#pragma once

// Internal: how the public elementwise functions call their ops: PyTorch's type promotion, numbers
// beside tensors, and the forms in place.

#include <reel/tensor/check.h>
#include <reel/tensor/ops/complex.h>
#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/scalar_cast.h>
#include <reel/tensor/visit.h>

namespace reel::ops {

// The dtype in which an op of one tensor computes: floating ops turn integers into the default
// floating-point type.
template <class Op>
ScalarType compute_type(ScalarType type) {
  if constexpr (std::is_same_v<Op, Square>) {
    if (type == kBool) return kLong;  // the power of a Bool by a number
  }
  return Op::floating && (is_integral(type) || type == kBool) ? get_default_dtype() : type;
}

template <class Op>
Tensor unary(const Op& op, const Tensor& x) {
  if constexpr (std::is_same_v<Op, Abs>) {
    if (x.is_complex()) return apply(ComplexAbs{}, x);
  }
  const ScalarType type = compute_type<Op>(x.dtype());
  return apply(op, type == x.dtype() ? x : x.to(type));
}

template <class Op>
Tensor& unary_(Tensor& self, const Op& op) {
  if constexpr (std::is_same_v<Op, Abs>) {
    refuse_complex("abs_", self.dtype(), "In-place abs is not supported for complex tensors.");
  }
  const ScalarType type = compute_type<Op>(self.dtype());
  apply_to(self, op, type == self.dtype() ? self : self.to(type));
  return self;
}

// 0: no type, 1: bool, 2: integer, 3: floating point, 4: complex.
inline int category(ScalarType type) {
  if (type == ScalarType::Undefined) return 0;
  if (is_complex(type)) return 4;
  if (is_floating_point(type)) return 3;
  return type == kBool ? 1 : 2;
}

// What a C++ number counts as when it meets tensors.
inline ScalarType number_type(ScalarType type) {
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
    // What is complex only for want of dimensions takes the other's precision.
    if (category(higher) == 3) return higher == kDouble ? kComplexDouble : kComplexFloat;
    return higher == ScalarType::Undefined ? lower : promote_types(higher, lower);
  }
  ScalarType result() const { return combine(combine(dims, zero), number); }
};

inline Tensor cast(const Tensor& t, ScalarType type) { return t.dtype() == type ? t : t.to(type); }

// A number as a tensor without dimensions on the tensor's device, which is not written to. Integers
// wrap around and numbers that are too large become infinite, as PyTorch's do when they meet a
// tensor.
Tensor wrap(const Scalar& value, ScalarType type, const Tensor& like);

// As wrap, for functions that refuse what does not fit.
inline Tensor wrap_checked(const char* op, const Scalar& value, ScalarType type,
                           const Tensor& like) {
  visit_dtype(type, [&]<class T>() { checked_cast<T>(op, value); });
  return wrap(value, type, like);
}

// For an op that LibTorch has no kernel of: its words name LibTorch's.
[[noreturn]] inline void fail_dtype(const char* op, const char* kernel, ScalarType type) {
  fail("{}: \"{}\" not implemented for '{}'", op, kernel, type);
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
Tensor binary(const Op& op, const Scalar& a, const Tensor& b) {
  const ScalarType type = binary_type<Op>(result_type(b, a));
  return apply(op, wrap(a, type, b), cast(b, type));
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

}  // namespace reel::ops
