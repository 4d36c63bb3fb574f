#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/index.h>

namespace reel {
namespace ops {
namespace {

void check_index_dtype(const char* op, const Tensor& index) {
  if (index.dtype() != kLong) {
    fail("{}(): Expected dtype int64 for index, got {}", op, index.dtype());
  }
}

void check_dim(const char* op, int64_t dim, const Tensor& x) {
  if (x.dim() == 0) fail("{}: expected a tensor of at least 1 dimension", op);
  wrap_dim(dim, x.dim());
}

/// The rule of gather and scatter: an index reaches no farther than x, but along dim.
void check_elementwise_index(const char* op, int64_t dim, const Tensor& x, const Tensor& index) {
  check_dim(op, dim, x);
  check_index_dtype(op, index);
  if (index.dim() != x.dim()) {
    fail(
        "{}(): Index tensor must have the same number of dimensions as self tensor, got {} and "
        "{}",
        op, index.sizes(), x.sizes());
  }
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (d != dim && index.size(d) > x.size(d)) {
      fail("{}(): Expected index {} to be smaller than self {} apart from dimension {}", op,
           index.sizes(), x.sizes(), dim);
    }
  }
}

void infer_scatter(const char* op, int64_t dim, Infer& call) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  const Tensor& source = call.in(2);
  check_elementwise_index(op, dim, x, index);
  if (source.sizes() != index.sizes()) {
    fail(
        "{}(): Expected index {} to be smaller than self {} apart from dimension {} and to be "
        "smaller size than src {}",
        op, index.sizes(), x.sizes(), dim, source.sizes());
  }
  if (source.dtype() != x.dtype()) {
    fail("{}(): Expected self.dtype to be equal to src.dtype, got {} and {}", op, x.dtype(),
         source.dtype());
  }
  call.out_like(x);
}

/// x's sizes with those along dim replaced by the number of indices.
Shape selected_sizes(const Tensor& x, int64_t dim, const Tensor& index) {
  Shape sizes = x.sizes();
  sizes[static_cast<size_t>(dim)] = index.size(0);
  return sizes;
}

void check_slice_index(const char* op, int64_t dim, const Tensor& x, const Tensor& index) {
  check_dim(op, dim, x);
  check_index_dtype(op, index);
  if (index.dim() != 1) {
    fail("{}(): Index is supposed to be a vector, but got dim: {}", op, index.dim());
  }
}

void infer_slices(const char* op, int64_t dim, Infer& call) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  const Tensor& source = call.in(2);
  check_slice_index(op, dim, x, index);
  if (source.dim() == x.dim() && source.size(dim) != index.size(0)) {
    fail("{}(): Number of indices ({}) should be equal to source.size(dim): ({}), for dim: {}", op,
         index.size(0), source.size(dim), dim);
  }
  if (source.sizes() != IntArrayRef(selected_sizes(x, dim, index))) {
    fail(
        "{}(): Source/destination tensor must have same slice shapes. Destination shape: {} at "
        "dimension {} and source shape: {}",
        op, x.sizes(), dim, source.sizes());
  }
  if (source.dtype() != x.dtype()) {
    fail("{}(): self and source expected to have the same dtype, but got (self) {} and (source) {}",
         op, x.dtype(), source.dtype());
  }
  call.out_like(x);
}

/// A vector of indices along dim as the indices of every element of tensors of these sizes.
Tensor spread(const Tensor& index, int64_t dim, IntArrayRef sizes) {
  Shape shape(sizes.size(), 1);
  shape[static_cast<size_t>(dim)] = index.size(0);
  return index.reshape(shape).expand(sizes);
}

}  // namespace

void Gather::infer(Infer& call) const {
  check_elementwise_index(name, dim, call.in(0), call.in(1));
  call.out(call.in(1).sizes(), call.in(0).dtype());
}

void Gather::backward(Replay& call) const {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).scatter_add(dim, call.in(1), g));
}

void ScatterAdd::infer(Infer& call) const { infer_scatter(name, dim, call); }

void ScatterAdd::backward(Replay& call) const {
  if (call.needs(0)) call.set(0, call.grad());
  if (call.needs(2)) call.set(2, call.grad().gather(dim, call.in(1)));
}

void Scatter::infer(Infer& call) const { infer_scatter(name, dim, call); }

void Scatter::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor index = call.in(1);
  if (call.needs(0)) call.set(0, g.scatter(dim, index, 0));
  if (call.needs(2)) {
    // Of sources with equal indices only the last is seen in the result.
    const Tensor order = arange(index.numel(), index.options()).view(index.sizes());
    const Tensor last =
        zeros(g.sizes(), index.options()).scatter(dim, index, order).gather(dim, index);
    call.set(2, g.gather(dim, index) * last.eq(order));
  }
}

void IndexSelect::infer(Infer& call) const {
  check_slice_index(name, dim, call.in(0), call.in(1));
  call.out(selected_sizes(call.in(0), dim, call.in(1)), call.in(0).dtype());
}

void IndexSelect::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  call.set(0, x.gather(dim, spread(call.in(1), dim, selected_sizes(x, dim, call.in(1)))));
}

void IndexSelect::backward(Replay& call) const {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).index_add(dim, call.in(1), g));
}

void IndexAdd::infer(Infer& call) const { infer_slices(name, dim, call); }

void IndexAdd::compose(Compose& call) const {
  const Tensor& source = call.in(2);
  call.set(0, call.in(0).scatter_add(dim, spread(call.in(1), dim, source.sizes()), source));
}

void IndexAdd::backward(Replay& call) const {
  if (call.needs(0)) call.set(0, call.grad());
  if (call.needs(2)) call.set(2, call.grad().index_select(dim, call.in(1)));
}

void IndexCopy::infer(Infer& call) const { infer_slices(name, dim, call); }

void IndexCopy::compose(Compose& call) const {
  const Tensor& source = call.in(2);
  call.set(0, call.in(0).scatter(dim, spread(call.in(1), dim, source.sizes()), source));
}

void IndexCopy::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor index = call.in(1);
  if (call.needs(0)) {
    call.set(0, apply(*this, g, index, zeros(selected_sizes(g, dim, index), g.options())));
  }
  if (call.needs(2)) {
    const Tensor order = arange(index.numel(), index.options());
    const Tensor last =
        zeros({g.size(dim)}, index.options()).scatter(0, index, order).index_select(0, index);
    Shape column(static_cast<size_t>(g.dim()), 1);
    column[static_cast<size_t>(dim)] = index.numel();
    call.set(2, g.index_select(dim, index) * last.eq(order).view(column));
  }
}

}  // namespace ops

namespace {

/// A 0-d tensor counts as one of one element.
Tensor at_least_1d(const Tensor& x) { return x.dim() == 0 ? x.unsqueeze(0) : x; }

Tensor as_long(const Tensor& index) {
  return at_least_1d(index.dtype() == kInt ? index.to(kLong) : index);
}

/// The corner of source that an index of smaller size reads.
Tensor source_of(const Tensor& index, const Tensor& source) {
  Tensor result = at_least_1d(source);
  for (int64_t d = 0; d < index.dim() && index.dim() == result.dim(); ++d) {
    if (index.size(d) < result.size(d)) result = result.narrow(d, 0, index.size(d));
  }
  return result;
}

template <class Op>
Tensor scattered(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const Tensor at = as_long(index);
  const Op op{wrap_dim(dim, self.dim())};
  const Tensor result = ops::apply(op, at_least_1d(self), at, source_of(at, source));
  return self.dim() == 0 ? result.squeeze(0) : result;
}

template <class Op>
void scatter_into(Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  if (self.dim() == 0) {
    self.copy_(scattered<Op>(self, dim, index, source));
    return;
  }
  const Tensor at = as_long(index);
  ops::apply_to(self, Op{wrap_dim(dim, self.dim())}, self, at, source_of(at, source));
}

/// A number in the place of a source.
Tensor source_of(const Tensor& self, const Tensor& index, const Scalar& value) {
  return scalar_tensor(value, self.options()).expand(at_least_1d(index).sizes());
}

}  // namespace

Tensor gather(const Tensor& self, int64_t dim, const Tensor& index) {
  const ops::Gather op{wrap_dim(dim, self.dim())};
  const Tensor result = ops::apply(op, at_least_1d(self), as_long(index));
  return index.dim() == 0 ? result.squeeze(0) : result;
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  return scattered<ops::Scatter>(self, dim, index, source);
}

Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  return scattered<ops::ScatterAdd>(self, dim, index, source);
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  const ops::IndexSelect op{wrap_dim(dim, self.dim())};
  const Tensor result = ops::apply(op, at_least_1d(self), as_long(index));
  return self.dim() == 0 ? result.squeeze(0) : result;
}

Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const ops::IndexAdd op{wrap_dim(dim, self.dim())};
  const Tensor result = ops::apply(op, at_least_1d(self), as_long(index), at_least_1d(source));
  return self.dim() == 0 ? result.squeeze(0) : result;
}

Tensor Tensor::gather(int64_t dim, const Tensor& index) const {
  return reel::gather(*this, dim, index);
}
Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Tensor& source) const {
  return reel::scatter(*this, dim, index, source);
}
Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Scalar& value) const {
  return reel::scatter(*this, dim, index, source_of(*this, index, value));
}
Tensor Tensor::scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const {
  return reel::scatter_add(*this, dim, index, source);
}
Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Tensor& source) {
  scatter_into<ops::Scatter>(*this, dim, index, source);
  return *this;
}
Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Scalar& value) {
  return scatter_(dim, index, source_of(*this, index, value));
}
Tensor& Tensor::scatter_add_(int64_t dim, const Tensor& index, const Tensor& source) {
  scatter_into<ops::ScatterAdd>(*this, dim, index, source);
  return *this;
}
Tensor Tensor::index_select(int64_t dim, const Tensor& index) const {
  return reel::index_select(*this, dim, index);
}
Tensor Tensor::index_add(int64_t dim, const Tensor& index, const Tensor& source) const {
  return reel::index_add(*this, dim, index, source);
}

}  // namespace reel
