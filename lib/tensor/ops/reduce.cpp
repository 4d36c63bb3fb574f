#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/ops/reduce.h>

namespace reel {
namespace ops {
Shape reduced_sizes(IntArrayRef sizes, uint64_t dims, bool keepdim) {
  Shape result;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if ((dims >> i & 1) == 0) {
      result.push_back(sizes[i]);
    } else if (keepdim) {
      result.push_back(1);
    }
  }
  return result;
}

namespace {

void check_not_empty(const char* op, const Tensor& x, uint64_t dims) {
  for (int64_t d = 0; d < x.dim(); ++d) {
    if ((dims >> d & 1) != 0) check_choice(op, x, d);
  }
}

}  // namespace

uint64_t dim_set(const char* op, const Tensor& self, IntArrayRef dims) {
  if (self.dim() > 64) {
    fail("{}: only tensors with up to 64 dims are supported, got {} dimensions", op, self.dim());
  }
  uint64_t set = 0;
  for (const int64_t dim : dims) {
    const int64_t d = wrap_dim(dim, self.dim());
    if ((set >> d & 1) != 0) fail("{}: dim {} appears multiple times in the list of dims", op, d);
    set |= uint64_t{1} << d;
  }
  if (dims.empty()) set = self.dim() == 64 ? ~uint64_t{0} : (uint64_t{1} << self.dim()) - 1;
  return set;
}

int64_t count_of(const Tensor& self, uint64_t dims) {
  int64_t count = 1;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if ((dims >> d & 1) != 0) count *= self.size(d);
  }
  return count;
}

Tensor restore(const Tensor& reduced, const Reduce& op, int64_t rank) {
  if (op.keepdim) return reduced;
  Tensor result = reduced;
  for (int64_t d = 0; d < rank; ++d) {
    if (op.reduces(d)) result = result.unsqueeze(d);
  }
  return result;
}

void check_choice(const char* op, const Tensor& self, int64_t dim) {
  if (self.dim() > 0 && self.size(dim) == 0) {
    fail_index("{}(): Expected reduction dim {} to have non-zero size.", op, dim);
  }
}

std::tuple<Tensor, Tensor> values_at(const Tensor& self, int64_t dim, const Tensor& indices,
                                     bool keepdim) {
  if (self.dim() == 0) return {self.clone(), indices};
  const Tensor values = gather(self, dim, indices);
  if (keepdim) return {values, indices};
  return {values.squeeze(dim), indices.squeeze(dim)};
}

void Reduce::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  call.out(reduced_sizes(x.sizes(), dims, keepdim), x.dtype());
}

void Amax::infer(Infer& call) const {
  check_not_empty(name, call.in(0), dims);
  Reduce::infer(call);
}

void Amin::infer(Infer& call) const {
  check_not_empty(name, call.in(0), dims);
  Reduce::infer(call);
}

void ArgMax::infer(Infer& call) const {
  check_not_empty(name, call.in(0), uint64_t{1} << dim);
  call.out(reduced_sizes(call.in(0).sizes(), uint64_t{1} << dim, keepdim), kLong);
}

void ArgMin::infer(Infer& call) const {
  check_not_empty(name, call.in(0), uint64_t{1} << dim);
  call.out(reduced_sizes(call.in(0).sizes(), uint64_t{1} << dim, keepdim), kLong);
}

void Sum::backward(Replay& call) const {
  const IntArrayRef sizes = call.in_sizes(0);
  call.set(0, restore(call.grad(), *this, static_cast<int64_t>(sizes.size())).expand(sizes));
}

namespace {

Tensor conjugate(const Tensor& x) { return x.is_complex() ? x.conj() : x; }

}  // namespace

// d prod / dx_i is the product of the others: prod / x_i, but where zeros occur that divides by
// zero. Then each factor is replaced by 1 in turn along the one reduced dimension.
void Prod::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor g = restore(call.grad(), *this, x.dim());
  const Tensor zero = x == 0;
  if (!zero.any().item<bool>()) {
    const Tensor product = restore(apply(*this, x), *this, x.dim());
    call.set(0, g * conjugate(product / x));
    return;
  }
  // Products of the others, by products from the left and from the right of each element.
  std::vector<int64_t> order;
  int64_t count = 1;
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (!reduces(d)) order.push_back(d);
  }
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (!reduces(d)) continue;
    order.push_back(d);
    count *= x.size(d);
  }
  const Tensor flat = x.permute(order).reshape({-1, count});
  std::vector<Tensor> left{ones({flat.size(0)}, x.options())};
  std::vector<Tensor> right{left[0]};
  for (int64_t i = 1; i < count; ++i) {
    left.push_back(left.back() * flat.select(1, i - 1));
    right.push_back(right.back() * flat.select(1, count - i));
  }
  std::vector<Tensor> others;
  for (int64_t i = 0; i < count; ++i) {
    others.push_back(left[static_cast<size_t>(i)] * right[static_cast<size_t>(count - 1 - i)]);
  }
  Shape permuted(order.size());
  std::vector<int64_t> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    permuted[i] = x.size(order[i]);
    inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  }
  call.set(0, g * conjugate(stack(others, 1).reshape(permuted).permute(inverse)));
}

void backward_of_extremes(const Reduce& op, Replay& call) {
  const Tensor x = call.in(0);
  const Tensor y = restore(call.out(), op, x.dim());
  const Tensor g = restore(call.grad(), op, x.dim());
  const Tensor hit = (x == y).to(g.dtype());
  Shape dims;
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (op.reduces(d)) dims.push_back(d);
  }
  call.set(0, x.dim() == 0 ? g : g * hit / hit.sum(dims, /*keepdim=*/true));
}

void Amax::backward(Replay& call) const { backward_of_extremes(*this, call); }
void Amin::backward(Replay& call) const { backward_of_extremes(*this, call); }

}  // namespace ops

namespace {

using namespace ops;

// Sums and products of integers and bools are int64 unless asked otherwise.
Tensor to_sum_type(const Tensor& self, std::optional<ScalarType> dtype) {
  if (dtype) return self.dtype() == *dtype ? self : self.to(*dtype);
  return is_integral(self.dtype()) || self.dtype() == kBool ? self.to(kLong) : self;
}

// The dtype in which the mean of a tensor is computed.
Tensor to_mean_type(const Tensor& self, std::optional<ScalarType> dtype) {
  if (!is_differentiable(dtype.value_or(self.dtype()))) {
    fail(
        "mean(): could not infer output dtype. {} dtype must be either a floating point or complex "
        "dtype. Got: {}",
        dtype ? "Optional" : "Input", dtype.value_or(self.dtype()));
  }
  return dtype && *dtype != self.dtype() ? self.to(*dtype) : self;
}

void check_ordered(const char* op, const char* kernel, const Tensor& self) {
  if (self.is_complex()) {
    fail("{}: \"{}\" not implemented for '{}'", op, kernel, self.dtype());
  }
}

void check_not_empty(const char* op, const Tensor& self) {
  if (self.numel() > 0) return;
  fail(
      "{}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
      "dim with the 'dim' argument.",
      op);
}

template <class Op>
Tensor arg_reduce(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_ordered(Op::name, Op::name == ArgMax::name ? "argmax_cpu" : "argmin_cpu", self);
  if (!dim) {
    if (self.numel() == 0) {
      fail_index(
          "{}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
          "reduction dim with the 'dim' argument.",
          Op::name);
    }
    const Tensor at = apply(Op{{0, false}}, self.reshape({-1}));
    return keepdim ? at.reshape(Shape(static_cast<size_t>(self.dim()), 1)) : at;
  }
  const int64_t d = wrap_dim(*dim, self.dim());
  if (self.dim() == 0) return zeros({}, TensorOptions(kLong).device(self.device()));
  return apply(Op{{d, keepdim}}, self);
}

}  // namespace

Tensor sum(const Tensor& self, std::optional<ScalarType> dtype) {
  return sum(self, IntArrayRef(), false, dtype);
}
Tensor sum(const Tensor& self, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  const Tensor x = to_sum_type(self, dtype);
  return apply(Sum{{dim_set("sum", x, dim), keepdim}}, x);
}

Tensor mean(const Tensor& self, std::optional<ScalarType> dtype) {
  return mean(self, IntArrayRef(), false, dtype);
}
Tensor mean(const Tensor& self, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  const Tensor x = to_mean_type(self, dtype);
  const uint64_t dims = dim_set("mean", x, dim);
  return apply(Sum{{dims, keepdim}}, x) / static_cast<double>(count_of(x, dims));
}

Tensor nansum(const Tensor& self, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  if (self.is_complex()) fail("nansum: nansum does not support complex inputs");
  if (!self.is_floating_point()) return sum(self, dim, keepdim, dtype);
  return sum(self.masked_fill(isnan(self), 0), dim, keepdim, dtype);
}

Tensor nanmean(const Tensor& self, IntArrayRef dim, bool keepdim, std::optional<ScalarType> dtype) {
  if (!self.is_floating_point()) {
    fail("nanmean(): expected input to have floating point dtype but got {}", self.dtype());
  }
  const Tensor count = sum(isnan(self).logical_not(), dim, keepdim);
  return nansum(self, dim, keepdim, dtype) / count;
}

Tensor count_nonzero(const Tensor& self, IntArrayRef dim) {
  const NoGradGuard no_grad;
  return sum(ne(self, 0), dim);
}
Tensor count_nonzero(const Tensor& self, std::optional<int64_t> dim) {
  return dim ? count_nonzero(self, IntArrayRef(*dim)) : count_nonzero(self, IntArrayRef());
}

Tensor prod(const Tensor& self, std::optional<ScalarType> dtype) {
  const Tensor x = to_sum_type(self, dtype);
  return apply(Prod{{dim_set("prod", x, {}), false}}, x);
}
Tensor prod(const Tensor& self, int64_t dim, bool keepdim, std::optional<ScalarType> dtype) {
  const Tensor x = to_sum_type(self, dtype);
  return apply(Prod{{dim_set("prod", x, dim), keepdim}}, x);
}

Tensor amax(const Tensor& self, IntArrayRef dim, bool keepdim) {
  check_ordered("amax", "max_values_cpu", self);
  if (dim.empty()) check_not_empty("amax", self);
  return apply(Amax{{dim_set("amax", self, dim), keepdim}}, self);
}
Tensor amin(const Tensor& self, IntArrayRef dim, bool keepdim) {
  check_ordered("amin", "min_values_cpu", self);
  if (dim.empty()) check_not_empty("amin", self);
  return apply(Amin{{dim_set("amin", self, dim), keepdim}}, self);
}
Tensor max(const Tensor& self) {
  check_ordered("max", "max_all", self);
  check_not_empty("max", self);
  return amax(self);
}
Tensor min(const Tensor& self) {
  check_ordered("min", "min_all", self);
  check_not_empty("min", self);
  return amin(self);
}
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim) {
  if (self.is_complex()) fail("max(): does not support complex input");
  check_choice("max", self, wrap_dim(dim, self.dim()));
  return values_at(self, dim, argmax(self, dim, true), keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim) {
  if (self.is_complex()) fail("min(): does not support complex input");
  check_choice("min", self, wrap_dim(dim, self.dim()));
  return values_at(self, dim, argmin(self, dim, true), keepdim);
}
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_ordered("aminmax", "aminmax_cpu", self);
  if (!dim) {
    if (self.numel() == 0) {
      fail(
          "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
          "identity.");
    }
    return {amin(self, {}, keepdim), amax(self, {}, keepdim)};
  }
  const int64_t d = wrap_dim(*dim, self.dim());
  if (self.dim() > 0 && self.size(d) == 0) {
    fail_index("aminmax: Expected reduction dim {} to have non-zero size.", d);
  }
  return {amin(self, d, keepdim), amax(self, d, keepdim)};
}
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_reduce<ArgMax>(self, dim, keepdim);
}
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_reduce<ArgMin>(self, dim, keepdim);
}

namespace {

// Bool, but Byte for Byte, as in PyTorch.
Tensor truth_of(const Tensor& self, const Tensor& truth) {
  return self.dtype() == kByte ? truth.to(kByte) : truth;
}

}  // namespace

Tensor all(const Tensor& self) { return truth_of(self, sum(self.to(kBool).logical_not()).eq(0)); }
Tensor any(const Tensor& self) { return truth_of(self, sum(self.to(kBool)).ne(0)); }
Tensor all(const Tensor& self, int64_t dim, bool keepdim) {
  return truth_of(self, sum(self.to(kBool).logical_not(), dim, keepdim).eq(0));
}
Tensor any(const Tensor& self, int64_t dim, bool keepdim) {
  return truth_of(self, sum(self.to(kBool), dim, keepdim).ne(0));
}

bool equal(const Tensor& self, const Tensor& other) {
  if (!(self.sizes() == other.sizes())) return false;
  return all(eq(self, other)).item<bool>();
}

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  if (self.dtype() != other.dtype()) {
    fail("allclose: {} did not match {}", self.dtype(), other.dtype());
  }
  if (!(rtol >= 0)) fail("allclose: rtol must be greater than or equal to zero, but got {}", rtol);
  if (!(atol >= 0)) fail("allclose: atol must be greater than or equal to zero, but got {}", atol);
  const NoGradGuard no_grad;
  const ScalarType type = self.is_complex() ? kComplexDouble : kDouble;
  // Equal infinities are close; their difference would be NaN.
  Tensor close = eq(self, other);
  const Tensor difference = abs(sub(self.to(type), other.to(type)));
  const Tensor allowed = abs(other.to(type)) * rtol + atol;
  close = close.logical_or((difference <= allowed).logical_and(isfinite(difference)));
  if (equal_nan) close = close.logical_or(isnan(self).logical_and(isnan(other)));
  return all(close).item<bool>();
}

Tensor Tensor::sum(std::optional<ScalarType> type) const { return reel::sum(*this, type); }
Tensor Tensor::sum(IntArrayRef dim, bool keepdim, std::optional<ScalarType> type) const {
  return reel::sum(*this, dim, keepdim, type);
}
Tensor Tensor::mean(std::optional<ScalarType> type) const { return reel::mean(*this, type); }
Tensor Tensor::mean(IntArrayRef dim, bool keepdim, std::optional<ScalarType> type) const {
  return reel::mean(*this, dim, keepdim, type);
}
Tensor Tensor::prod(std::optional<ScalarType> type) const { return reel::prod(*this, type); }
Tensor Tensor::prod(int64_t dim, bool keepdim, std::optional<ScalarType> type) const {
  return reel::prod(*this, dim, keepdim, type);
}
Tensor Tensor::max() const { return reel::max(*this); }
Tensor Tensor::min() const { return reel::min(*this); }
std::tuple<Tensor, Tensor> Tensor::max(int64_t dim, bool keepdim) const {
  return reel::max(*this, dim, keepdim);
}
std::tuple<Tensor, Tensor> Tensor::min(int64_t dim, bool keepdim) const {
  return reel::min(*this, dim, keepdim);
}
Tensor Tensor::amax(IntArrayRef dim, bool keepdim) const { return reel::amax(*this, dim, keepdim); }
Tensor Tensor::amin(IntArrayRef dim, bool keepdim) const { return reel::amin(*this, dim, keepdim); }
Tensor Tensor::argmax(std::optional<int64_t> dim, bool keepdim) const {
  return reel::argmax(*this, dim, keepdim);
}
Tensor Tensor::argmin(std::optional<int64_t> dim, bool keepdim) const {
  return reel::argmin(*this, dim, keepdim);
}
Tensor Tensor::all() const { return reel::all(*this); }
Tensor Tensor::all(int64_t dim, bool keepdim) const { return reel::all(*this, dim, keepdim); }
Tensor Tensor::any() const { return reel::any(*this); }
Tensor Tensor::any(int64_t dim, bool keepdim) const { return reel::any(*this, dim, keepdim); }
bool Tensor::equal(const Tensor& other) const { return reel::equal(*this, other); }
bool Tensor::allclose(const Tensor& other, double rtol, double atol, bool equal_nan) const {
  return reel::allclose(*this, other, rtol, atol, equal_nan);
}

}  // namespace reel
