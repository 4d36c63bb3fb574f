#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/inplace.h>

namespace reel {
namespace ops {
namespace {

/// The rule of gather and scatter: an index reaches no farther than x, but along dim.
void check_elementwise_index(const char* words, const Tensor& index) {
  if (index.dtype() != kLong) {
    fail("{}(): Expected dtype int64 for index, got {}", words, index.dtype());
  }
}

void infer_scatter(const char* op, int64_t dim, Infer& call) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  const Tensor& source = call.in(2);
  check_elementwise_index("scatter", index);
  if (source.dtype() != x.dtype()) {
    fail("{}: scatter(): Expected self.dtype to be equal to src.dtype, got {} and {}", op,
         x.dtype(), source.dtype());
  }
  call.out_like(x);
  if (index.numel() == 0) return;
  if (index.dim() != x.dim()) {
    fail("{}: Index tensor must have the same number of dimensions as self tensor, got {} and {}",
         op, index.sizes(), x.sizes());
  }
  if (index.dim() != source.dim()) {
    fail("{}: Index tensor must have the same number of dimensions as src tensor, got {} and {}",
         op, index.sizes(), source.sizes());
  }
  bool fits = true;
  for (int64_t d = 0; d < x.dim(); ++d) {
    fits = fits && (d == dim || index.size(d) <= x.size(d)) && index.size(d) <= source.size(d);
  }
  if (!fits) {
    fail(
        "{}: Expected index {} to be smaller than self {} apart from dimension {} and to be "
        "smaller size than src {}",
        op, index.sizes(), x.sizes(), dim, source.sizes());
  }
}

/// x's sizes with those along dim replaced by the number of indices.
Shape selected_sizes(const Tensor& x, int64_t dim, const Tensor& index) {
  Shape sizes = x.sizes();
  sizes[static_cast<size_t>(dim)] = index.size(0);
  return sizes;
}

void infer_slices(const char* op, int64_t dim, Infer& call) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  const Tensor& source = call.in(2);
  if (source.sizes() != IntArrayRef(selected_sizes(x, dim, index))) {
    fail("{}: expected source {} to have the sizes of self {}, but {} of them along dim {}", op,
         source.sizes(), x.sizes(), index.size(0), dim);
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
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  check_elementwise_index(name, index);
  call.out(index.sizes(), x.dtype());
  if (index.numel() == 0) return;
  if (index.dim() != x.dim()) {
    fail(
        "gather: Index tensor must have the same number of dimensions as input tensor, got {} and "
        "{}",
        index.sizes(), x.sizes());
  }
  for (int64_t d = 0; d < x.dim(); ++d) {
    if (d == dim || index.size(d) <= x.size(d)) continue;
    fail(
        "gather: Size does not match at dimension {} expected index {} to be smaller than self {} "
        "apart from dimension {}",
        d, index.sizes(), x.sizes(), dim);
  }
}

void Gather::backward(Replay& call) const {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).scatter_add_(dim, call.in(1), g));
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
  const Tensor& index = call.in(1);
  if (index.dtype() != kLong) {
    fail("index_select(): Expected dtype int32 or int64 for index, got {}", index.dtype());
  }
  if (index.dim() != 1) {
    fail_index("index_select(): Index is supposed to be a vector, got dim {}", index.dim());
  }
  call.out(selected_sizes(call.in(0), dim, call.in(1)), call.in(0).dtype());
}

void IndexSelect::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  call.set(0, x.gather(dim, spread(call.in(1), dim, selected_sizes(x, dim, call.in(1)))));
}

void IndexSelect::backward(Replay& call) const {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).index_add_(dim, call.in(1), g));
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

}  // namespace

Tensor gather(const Tensor& self, int64_t dim, const Tensor& index, bool /*sparse_grad*/) {
  const ops::Gather op{wrap_dim(dim, self.dim())};
  const Tensor result = ops::apply(op, at_least_1d(self), at_least_1d(index));
  return index.dim() == 0 ? result.squeeze(0) : result;
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  const ops::IndexSelect op{wrap_dim(dim, self.dim())};
  const Tensor at = index.dtype() == kInt ? index.to(kLong) : index;
  const Tensor result = ops::apply(op, at_least_1d(self), at_least_1d(at));
  return self.dim() == 0 ? result.squeeze(0) : result;
}

Tensor Tensor::gather(int64_t dim, const Tensor& index, bool /*sparse_grad*/) const {
  return reel::gather(*this, dim, index);
}
Tensor Tensor::index_select(int64_t dim, const Tensor& index) const {
  return reel::index_select(*this, dim, index);
}

}  // namespace reel
