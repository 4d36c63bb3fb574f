#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/ops/reduce.h>

namespace reel {
namespace ops {
namespace {

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

// A reduced tensor with its vanished dimensions back as 1.
Tensor restore(const Tensor& t, const Reduce& op, int64_t rank) {
  if (op.keepdim) return t;
  Tensor result = t;
  for (int64_t d = 0; d < rank; ++d) {
    if (op.reduces(d)) result = result.unsqueeze(d);
  }
  return result;
}

void check_not_empty(const char* name, const Tensor& x, uint64_t dims) {
  for (int64_t d = 0; d < x.dim(); ++d) {
    if ((dims >> d & 1) != 0 && x.size(d) == 0) {
      fail_index("{}: Expected reduction dim {} to have non-zero size, input {}", name, d,
                 x.sizes());
    }
  }
}

}  // namespace

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

// d prod / dx_i is the product of the others: prod / x_i, but where zeros occur that divides by
// zero. Then each factor is replaced by 1 in turn along the one reduced dimension.
void Prod::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor g = restore(call.grad(), *this, x.dim());
  const Tensor zero = x == 0;
  if (!zero.any().item<bool>()) {
    const Tensor product = restore(apply(*this, x), *this, x.dim());
    call.set(0, g * product / x);
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
  call.set(0, g * stack(others, 1).reshape(permuted).permute(inverse));
}

namespace {

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

}  // namespace

void Amax::backward(Replay& call) const { backward_of_extremes(*this, call); }
void Amin::backward(Replay& call) const { backward_of_extremes(*this, call); }

}  // namespace ops

namespace {

using namespace ops;

// The set of dimensions asked for; none means all.
uint64_t dim_set(const char* op, const Tensor& self, IntArrayRef dims) {
  if (self.dim() > 64) fail("{}: expected at most 64 dimensions, got {}", op, self.dim());
  uint64_t set = 0;
  for (const int64_t dim : dims) {
    const int64_t d = wrap_dim(dim, self.dim());
    if ((set >> d & 1) != 0) {
      fail("{}: dim {} appears multiple times in the list of dims", op, d);
    }
    set |= uint64_t{1} << d;
  }
  if (dims.empty()) set = self.dim() == 64 ? ~uint64_t{0} : (uint64_t{1} << self.dim()) - 1;
  return set;
}

// Sums and products of integers and bools are int64 unless asked otherwise.
Tensor to_sum_type(const Tensor& self, std::optional<ScalarType> dtype) {
  if (dtype) return self.dtype() == *dtype ? self : self.to(*dtype);
  return is_integral(self.dtype()) || self.dtype() == kBool ? self.to(kLong) : self;
}

int64_t count_of(const Tensor& self, uint64_t dims) {
  int64_t count = 1;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if ((dims >> d & 1) != 0) count *= self.size(d);
  }
  return count;
}

void check_floating(const char* op, const Tensor& self) {
  if (!is_differentiable(self.dtype())) {
    fail("{}: Input dtype must be either a floating point or complex dtype. Got: {}", op,
         self.dtype());
  }
}

// (values, indices) where `indices` has been found already.
std::tuple<Tensor, Tensor> values_at(const Tensor& self, int64_t dim, Tensor indices,
                                     bool keepdim) {
  if (self.dim() == 0) return {self.clone(), std::move(indices)};
  const Tensor values = gather(self, dim, indices);
  if (keepdim) return {values, std::move(indices)};
  return {values.squeeze(dim), indices.squeeze(dim)};
}

template <class Op>
Tensor arg_reduce(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  if (!dim) {
    if (self.numel() == 0) {
      fail_index(
          "{}: Expected reduction dim to be specified for input.numel() == 0. Specify the "
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
  const Tensor x = dtype && *dtype != self.dtype() ? self.to(*dtype) : self;
  check_floating("mean", x);
  const uint64_t dims = dim_set("mean", x, dim);
  return apply(Sum{{dims, keepdim}}, x) / static_cast<double>(count_of(x, dims));
}

Tensor prod(const Tensor& self, std::optional<ScalarType> dtype) {
  const Tensor x = to_sum_type(self, dtype);
  return apply(Prod{{dim_set("prod", x, {}), false}}, x);
}
Tensor prod(const Tensor& self, int64_t dim, bool keepdim, std::optional<ScalarType> dtype) {
  const Tensor x = to_sum_type(self, dtype);
  return apply(Prod{{dim_set("prod", x, dim), keepdim}}, x);
}

Tensor var(const Tensor& self, bool unbiased) { return var(self, IntArrayRef(), unbiased, false); }
Tensor var(const Tensor& self, IntArrayRef dim, bool unbiased, bool keepdim) {
  check_floating("var", self);
  const uint64_t dims = dim_set("var", self, dim);
  const auto n = static_cast<double>(count_of(self, dims));
  const Tensor centred = self - apply(Sum{{dims, true}}, self) / n;
  return apply(Sum{{dims, keepdim}}, centred.square()) / (unbiased ? std::max(0.0, n - 1) : n);
}

Tensor std(const Tensor& self, bool unbiased) { return var(self, unbiased).sqrt(); }
Tensor std(const Tensor& self, IntArrayRef dim, bool unbiased, bool keepdim) {
  return var(self, dim, unbiased, keepdim).sqrt();
}

Tensor amax(const Tensor& self, IntArrayRef dim, bool keepdim) {
  return apply(Amax{{dim_set("amax", self, dim), keepdim}}, self);
}
Tensor amin(const Tensor& self, IntArrayRef dim, bool keepdim) {
  return apply(Amin{{dim_set("amin", self, dim), keepdim}}, self);
}
Tensor max(const Tensor& self) { return amax(self); }
Tensor min(const Tensor& self) { return amin(self); }
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim) {
  return values_at(self, dim, argmax(self, dim, true), keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim) {
  return values_at(self, dim, argmin(self, dim, true), keepdim);
}
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_reduce<ArgMax>(self, dim, keepdim);
}
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return arg_reduce<ArgMin>(self, dim, keepdim);
}

Tensor norm(const Tensor& self, const Scalar& p) { return norm(self, p, IntArrayRef()); }
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim) {
  check_floating("norm", self);
  const Sum sum_op{{dim_set("norm", self, dim), keepdim}};
  const double order = p ? p->toDouble() : 2;
  if (order == 0) return apply(sum_op, (self != 0).to(self.dtype()));
  if (order == 1) return apply(sum_op, self.abs());
  if (order == 2) {
    Tensor root = apply(sum_op, self.square()).sqrt();
    if (!GradMode::is_enabled() || !self.requires_grad()) return root;
    // At 0 the slope is taken as 0, as PyTorch does, where sqrt alone would give NaN.
    const Tensor zero = root.detach() == 0;
    return apply(sum_op, self.square()).masked_fill(zero, 1).sqrt().masked_fill(zero, 0);
  }
  if (std::isinf(order)) {
    return order > 0 ? amax(self.abs(), dim, keepdim) : amin(self.abs(), dim, keepdim);
  }
  return apply(sum_op, self.abs().pow(order)).pow(1 / order);
}

Tensor all(const Tensor& self) {
  if (self.numel() == 0) return ones({}, TensorOptions(kBool).device(self.device()));
  return amin(self.to(kBool));
}
Tensor any(const Tensor& self) {
  if (self.numel() == 0) return zeros({}, TensorOptions(kBool).device(self.device()));
  return amax(self.to(kBool));
}
Tensor all(const Tensor& self, int64_t dim, bool keepdim) {
  return sum(self.to(kBool).logical_not(), dim, keepdim) == 0;
}
Tensor any(const Tensor& self, int64_t dim, bool keepdim) {
  return sum(self.to(kBool), dim, keepdim) != 0;
}

bool equal(const Tensor& self, const Tensor& other) {
  if (!(self.sizes() == other.sizes())) return false;
  return all(eq(self, other)).item<bool>();
}

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  if (self.dtype() != other.dtype()) {
    fail("allclose: {} did not match {}", self.dtype(), other.dtype());
  }
  const NoGradGuard no_grad;
  // Equal infinities are close; their difference would be NaN.
  Tensor close = eq(self, other);
  const Tensor difference = abs(sub(self.to(kDouble), other.to(kDouble)));
  const Tensor allowed = abs(other.to(kDouble)) * rtol + atol;
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
Tensor Tensor::var(bool unbiased) const { return reel::var(*this, unbiased); }
Tensor Tensor::var(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return reel::var(*this, dim, unbiased, keepdim);
}
Tensor Tensor::std(bool unbiased) const { return reel::std(*this, unbiased); }
Tensor Tensor::std(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return reel::std(*this, dim, unbiased, keepdim);
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
Tensor Tensor::norm(const Scalar& p) const { return reel::norm(*this, p); }
Tensor Tensor::norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim) const {
  return reel::norm(*this, p, dim, keepdim);
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
