// Questions about elements and choices between them: infinities, closeness, membership, bounds,
// where, and filling.

#include <algorithm>

#include <reel/tensor/ops/arithmetic.h>
#include <reel/tensor/ops/elementwise_call.h>
#include <reel/tensor/ops/inplace.h>

namespace reel {
namespace {

using namespace ops;

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor nowhere(const Tensor& x) { return zeros_like(x, kBool); }

// x, or the bound where x is beyond it; a bound of NaN counts everywhere.
Tensor bounded(const Tensor& x, const Tensor& bound, bool below) {
  const Tensor beyond = below ? x < bound : x > bound;
  return where(x.is_floating_point() ? logical_or(beyond, isnan(bound)) : beyond, bound, x);
}

Tensor bounded(const Tensor& self, const Tensor& min, const Tensor& max) {
  if (!min.defined() && !max.defined()) {
    fail("torch.clamp: At least one of 'min' or 'max' must not be None");
  }
  Promotion promotion;
  for (const Tensor& t : {self, min, max}) {
    if (t.defined()) promotion.add(t);
  }
  const ScalarType type = promotion.result();
  Tensor result = cast(self, type);
  if (min.defined()) result = bounded(result, cast(min, type), /*below=*/true);
  if (max.defined()) result = bounded(result, cast(max, type), /*below=*/false);
  return result;
}

Tensor bounded(const Tensor& self, const std::optional<Scalar>& min,
               const std::optional<Scalar>& max) {
  if (!min && !max) fail("torch.clamp: At least one of 'min' or 'max' must not be None");
  ScalarType type = self.dtype();
  if (min) type = result_type(self, *min);
  if (max) type = promote_types(type, result_type(self, *max));
  Tensor x = cast(self, type);
  // Integers of 64 bits do not fit the doubles of Clamp.
  if (category(type) < 3) {
    if (min) x = apply(Maximum{}, x, wrap_checked("clamp", *min, type, x));
    if (max) x = apply(Minimum{}, x, wrap_checked("clamp", *max, type, x));
    return x;
  }
  if (min && max && (std::isnan(min->toDouble()) || std::isnan(max->toDouble()))) {
    return full_like(x, std::numeric_limits<double>::quiet_NaN());
  }
  const auto bound = [&](const Scalar& value) {
    return visit_dtype(
        type, [&]<class T>() { return Scalar(checked_cast<T>("clamp", value)).toDouble(); });
  };
  Clamp op;
  if (min) op.low = bound(*min);
  if (max) op.high = bound(*max);
  return apply(op, x);
}

// What values of a dtype are compared as.
template <class T>
using Ordered =
    std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

template <class T>
Tensor in_sorted(const Tensor& elements, const Tensor& list, bool invert) {
  using Value = Ordered<T>;
  const T* numbers = list.data_ptr<T>();
  std::vector<Value> sorted;
  for (int64_t i = 0; i < list.numel(); ++i) {
    const auto value = static_cast<Value>(numbers[i]);
    // NaN equals nothing and has no place in an order.
    if (value == value) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  Tensor result = empty(elements.sizes(), kBool);
  const T* x = elements.data_ptr<T>();
  bool* y = result.data_ptr<bool>();
  for (int64_t i = 0; i < elements.numel(); ++i) {
    const auto value = static_cast<Value>(x[i]);
    y[i] = (value == value && std::binary_search(sorted.begin(), sorted.end(), value)) != invert;
  }
  return result;
}

Tensor is_in(const Tensor& elements, const Tensor& list, ScalarType type, bool invert) {
  for (const Tensor& t : {elements, list}) {
    if (t.dtype() == kBool || t.is_complex() || is_quantized(t.dtype())) {
      fail("isin: Unsupported input type encountered for isin(): {}", t.dtype());
    }
  }
  const NoGradGuard no_grad;
  const Tensor x = cast(elements, type).cpu().contiguous();
  const Tensor sorted = cast(list, type).cpu().contiguous();
  Tensor result;
  visit_dtype(type, [&]<class T>() {
    if constexpr (!is_complex(scalar_type_of<T>)) result = in_sorted<T>(x, sorted, invert);
  });
  return result.to(elements.device());
}

}  // namespace

Tensor isnan(const Tensor& a) { return ne(a, a); }
Tensor isfinite(const Tensor& a) {
  if (a.is_complex()) return isfinite(real(a)).logical_and(isfinite(imag(a)));
  if (category(a.dtype()) < 3) return ones_like(a, kBool);
  return lt(abs(a), kInf);
}
Tensor isinf(const Tensor& a) { return category(a.dtype()) < 3 ? nowhere(a) : eq(abs(a), kInf); }
Tensor isposinf(const Tensor& a) {
  if (a.is_complex()) fail("isposinf: isposinf does not support complex inputs.");
  return a.is_floating_point() ? eq(a, kInf) : nowhere(a);
}
Tensor isneginf(const Tensor& a) {
  if (a.is_complex()) fail("isneginf: isneginf does not support complex inputs.");
  return a.is_floating_point() ? eq(a, -kInf) : nowhere(a);
}
Tensor signbit(const Tensor& a) {
  if (a.is_complex()) fail("signbit: signbit is not implemented for complex tensors.");
  if (a.dtype() == kBool) return nowhere(a);
  const NoGradGuard no_grad;
  return lt(a.is_floating_point() ? apply(Copysign{}, ones_like(a), a) : a, 0);
}

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  if (a.dtype() != b.dtype()) fail("isclose: {} did not match {}", a.dtype(), b.dtype());
  if (!(rtol >= 0)) {
    fail("isclose: rtol must be greater than or equal to zero, but got {}", rtol);
  }
  if (!(atol >= 0)) {
    fail("isclose: atol must be greater than or equal to zero, but got {}", atol);
  }
  const NoGradGuard no_grad;
  Tensor close = eq(a, b);
  if (equal_nan && category(a.dtype()) >= 3) {
    close = logical_or(close, logical_and(isnan(a), isnan(b)));
  }
  if (rtol == 0 && atol == 0) return close;
  const ScalarType type = category(a.dtype()) < 3 ? get_default_dtype() : a.dtype();
  const Tensor x = cast(a, type);
  const Tensor y = cast(b, type);
  const Tensor allowed = add(abs(mul(y, rtol)), atol);
  const Tensor actual = abs(sub(x, y));
  return logical_or(close, logical_and(isfinite(actual), le(actual, allowed)));
}

Tensor isin(const Tensor& elements, const Tensor& list, bool /*assume_unique*/, bool invert) {
  return is_in(elements, list, result_type(elements, list), invert);
}
Tensor isin(const Tensor& elements, const Scalar& value, bool /*assume_unique*/, bool invert) {
  const ScalarType type = result_type(elements, value);
  return is_in(elements, wrap(value, type, elements), type, invert);
}
Tensor isin(const Scalar& value, const Tensor& list, bool /*assume_unique*/, bool invert) {
  const ScalarType type = result_type(list, value);
  return is_in(wrap(value, type, list), list, type, invert);
}

Tensor clamp(const Tensor& a, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return bounded(a, min, max);
}
Tensor clamp(const Tensor& a, const Tensor& min, const Tensor& max) { return bounded(a, min, max); }
Tensor clamp_min(const Tensor& a, const Scalar& min) { return bounded(a, min, std::nullopt); }
Tensor clamp_min(const Tensor& a, const Tensor& min) { return bounded(a, min, Tensor()); }
Tensor clamp_max(const Tensor& a, const Scalar& max) { return bounded(a, std::nullopt, max); }
Tensor clamp_max(const Tensor& a, const Tensor& max) { return bounded(a, Tensor(), max); }
Tensor clip(const Tensor& a, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return bounded(a, min, max);
}
Tensor clip(const Tensor& a, const Tensor& min, const Tensor& max) { return bounded(a, min, max); }

Tensor nan_to_num(const Tensor& a, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  if (a.is_complex()) fail("nan_to_num: nan_to_num does not support complex inputs.");
  if (!a.is_floating_point()) return a.clone();
  const double largest = a.dtype() == kDouble     ? std::numeric_limits<double>::max()
                         : a.dtype() == kHalf     ? 65504
                         : a.dtype() == kBFloat16 ? 0x1.fep127
                                                  : std::numeric_limits<float>::max();
  const auto number = [&](double value) { return wrap(value, a.dtype(), a); };
  const Tensor numbers = where(isnan(a), number(nan.value_or(0)), a);
  const Tensor finite_above = where(isposinf(a), number(posinf.value_or(largest)), numbers);
  return where(isneginf(a), number(neginf.value_or(-largest)), finite_above);
}

Tensor heaviside(const Tensor& a, const Tensor& values) {
  if (a.is_complex() || values.is_complex()) {
    fail("heaviside: heaviside is not yet implemented for complex tensors.");
  }
  if (a.dtype() != values.dtype()) {
    fail("heaviside: heaviside is not yet implemented for tensors with different dtypes.");
  }
  const NoGradGuard no_grad;
  return where(a == 0, values, gt(a, 0).to(a.dtype()));
}

Tensor where(const Tensor& condition, const Scalar& a, const Scalar& b) {
  const ScalarType type = result_type(a, b);
  return where(condition, wrap(a, type, condition), wrap(b, type, condition));
}

Tensor fill(const Tensor& self, const Scalar& value) {
  const NoGradGuard no_grad;
  Tensor result = empty_like(self);
  return result.fill_(value);
}
Tensor fill(const Tensor& self, const Tensor& value) {
  if (value.dim() != 0) {
    fail("fill_: fill_ only supports 0-dimension value tensor but got tensor with {} dimensions.",
         value.dim());
  }
  return copy(self, value);
}
Tensor& Tensor::fill_(const Tensor& value) {
  return write_result(*this, "fill_", reel::fill(*this, value));
}
Tensor zero(const Tensor& self) {
  const NoGradGuard no_grad;
  return zeros_like(self);
}
Tensor copy(const Tensor& self, const Tensor& source, bool /*non_blocking*/) {
  const Tensor element = source.to(self.device()).to(self.dtype());
  return element.expand(self.sizes()).clone();
}

Tensor Tensor::isnan() const { return reel::isnan(*this); }
Tensor Tensor::isfinite() const { return reel::isfinite(*this); }
Tensor Tensor::clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max) const {
  return reel::clamp(*this, min, max);
}
Tensor& Tensor::clamp_(const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  return write_result(*this, "clamp_", reel::clamp(*this, min, max));
}

}  // namespace reel
