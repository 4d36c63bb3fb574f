// Putting tensors together and taking them apart.

#include <algorithm>
#include <numeric>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace ops {

void Cat::infer(Infer& call) const {
  const Tensor* first = nullptr;
  int64_t total = 0;
  const auto legacy_empty = [](const Tensor& t) { return t.dim() == 1 && t.numel() == 0; };
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& t = call.in(i);
    if (legacy_empty(t)) continue;
    if (first == nullptr) first = &t;
    if (t.dim() != first->dim()) {
      fail("cat: Tensors must have same number of dimensions: got {} and {}", first->dim(),
           t.dim());
    }
    for (int64_t d = 0; d < t.dim(); ++d) {
      if (d != dim && t.size(d) != first->size(d)) {
        fail(
            "cat: Sizes of tensors must match except in dimension {}. Expected size {} but got "
            "size {} for tensor number {} in the list.",
            dim, first->size(d), t.size(d), i);
      }
    }
    total += t.size(dim);
  }
  if (first == nullptr) first = &call.in(0);
  Shape sizes = first->sizes();
  if (!legacy_empty(*first)) sizes[static_cast<size_t>(dim)] = total;
  call.out(sizes, first->dtype(),
           first->is_contiguous(MemoryFormat::ChannelsLast) && !first->is_contiguous()
               ? MemoryFormat::ChannelsLast
               : MemoryFormat::Contiguous);
}

void Cat::compose(Compose& call) const {
  Infer shapes({&call.in(0), static_cast<size_t>(call.num_inputs())});
  infer(shapes);
  const Infer::Output& out = shapes.outputs()[0];
  Tensor y = empty_strided(out.sizes, out.strides, call.in(0).options());
  int64_t at = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& x = call.in(i);
    if (x.numel() == 0) continue;
    y.narrow(dim, at, x.size(dim)).copy_(x);
    at += x.size(dim);
  }
  call.set(0, std::move(y));
}

void Cat::backward(Replay& call) const {
  int64_t at = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const int64_t length = lengths[static_cast<size_t>(i)];
    if (call.needs(i)) {
      call.set(i, length == 0 ? zeros(call.in_sizes(i), call.grad().options())
                              : call.grad().narrow(dim, at, length));
    }
    at += length;
  }
}

namespace {

std::vector<Tensor> gradients(Replay& call, int64_t parts) {
  std::vector<Tensor> result;
  for (int64_t k = 0; k < parts; ++k) result.push_back(call.grad(static_cast<int>(k)));
  return result;
}

/// The views parts(0), parts(1), ... up to op.parts with one entry on the tape.
template <class Op, class View>
std::vector<Tensor> views_of(const Tensor& self, const Op& op, const View& view) {
  const bool recording =
      GradMode::is_enabled() && self.requires_grad() && is_differentiable(self.dtype());
  std::vector<Tensor> views;
  {
    const AutoGradMode each(GradMode::is_enabled() && !recording);
    for (int64_t k = 0; k < op.parts; ++k) views.push_back(view(k));
  }
  if (recording && op.parts > 0) {
    for (Tensor& part : views) part.impl()->view_origin = self.impl()->view_origin;
    record(info_of<Op>(), &op, {&self, 1}, views);
  }
  return one_of_many(std::move(views));
}

}  // namespace

void Split::backward(Replay& call) const { call.set(0, cat(gradients(call, parts), dim)); }

void Unbind::backward(Replay& call) const { call.set(0, stack(gradients(call, parts), dim)); }

}  // namespace ops

using namespace ops;

Tensor cat(ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.empty()) fail("cat: torch.cat(): expected a non-empty list of Tensors");
  ScalarType type = ScalarType::Undefined;
  int64_t rank = 1;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (t.dim() == 0) {
      fail("cat: zero-dimensional tensor (at position {}) cannot be concatenated", i);
    }
    if (!(t.dim() == 1 && t.numel() == 0)) rank = t.dim();
    type = type == ScalarType::Undefined ? t.dtype() : promote_types(type, t.dtype());
  }
  Cat op{wrap_dim(dim, rank), {}};
  std::vector<Tensor> inputs;
  for (const Tensor& t : tensors) {
    inputs.push_back(t.dtype() == type ? t : t.to(type));
    op.lengths.push_back(t.dim() == rank ? t.size(op.dim) : 0);
  }
  return apply_all(op, inputs)[0];
}

Tensor stack(ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.empty()) fail("stack: stack expects a non-empty TensorList");
  const int64_t d = wrap_dim(dim, tensors[0].dim() + 1);
  std::vector<Tensor> rows;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!(tensors[i].sizes() == tensors[0].sizes())) {
      fail(
          "stack: stack expects each tensor to be equal size, but got {} at entry 0 and {} at "
          "entry {}",
          tensors[0].sizes(), tensors[i].sizes(), i);
    }
    rows.push_back(tensors[i].unsqueeze(d));
  }
  return cat(rows, d);
}

std::vector<Tensor> Tensor::split(IntArrayRef split_sizes, int64_t dim) const {
  if (this->dim() == 0) fail("split: split expects at least a 1-dimensional tensor");
  const int64_t d = wrap_dim(dim, this->dim());
  int64_t total = 0;
  bool fits = true;
  for (const int64_t length : split_sizes) {
    if (length < 0) {
      fail(
          "split: split_with_sizes expects split_sizes have only non-negative entries, but got "
          "split_sizes={}",
          split_sizes);
    }
    fits = fits && !__builtin_add_overflow(total, length, &total);
  }
  if (!fits || total != size(d)) {
    fail(
        "split: split_with_sizes expects split_sizes to sum exactly to {} (input tensor's size at "
        "dimension {}), but got split_sizes={}",
        size(d), d, split_sizes);
  }
  int64_t at = 0;
  return views_of(*this, Split{d, static_cast<int64_t>(split_sizes.size())}, [&](int64_t k) {
    const int64_t length = split_sizes[static_cast<size_t>(k)], start = at;
    at += length;
    return narrow(d, start, length);
  });
}

std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim) {
  const int64_t d = wrap_dim(dim, self.dim());
  if (self.dim() == 0) fail("split: split expects at least a 1-dimensional tensor");
  const int64_t n = self.size(d);
  if (split_size < 0) {
    fail("split: split expects split_size be non-negative, but got split_size={}", split_size);
  }
  if (split_size == 0 && n != 0) {
    fail("split: split_size can only be 0 if dimension size is 0, but got dimension size of {}", n);
  }
  if (n == 0) return {self};
  const int64_t parts = (n - 1) / split_size + 1;
  return views_of(self, Split{d, parts}, [&](int64_t k) {
    return self.narrow(d, k * split_size, std::min(split_size, n - k * split_size));
  });
}

std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  if (self.dim() == 0) fail("chunk: chunk expects at least a 1-dimensional tensor");
  if (chunks <= 0) fail("chunk: chunk expects `chunks` to be greater than 0, got: {}", chunks);
  const int64_t n = self.size(dim);
  if (n == 0) return std::vector<Tensor>(static_cast<size_t>(chunks), self);
  return split(self, (n - 1) / chunks + 1, dim);
}

std::vector<Tensor> unbind(const Tensor& self, int64_t dim) {
  const int64_t d = wrap_dim(dim, self.dim());
  if (self.dim() == 0) fail("unbind: Dimension specified as {} but tensor has no dimensions", dim);
  return views_of(self, Unbind{d, self.size(d)}, [&](int64_t k) { return self.select(d, k); });
}

Tensor flip(const Tensor& self, IntArrayRef dims) {
  Tensor result = self;
  uint64_t seen = 0;
  for (const int64_t dim : dims) {
    const int64_t d = wrap_dim(dim, self.dim());
    if ((seen >> d & 1) != 0) fail("flip: dim {} appears multiple times in the list of dims", d);
    seen |= uint64_t{1} << d;
    if (self.dim() == 0) continue;
    const int64_t n = self.size(d);
    const Tensor reversed = (n - 1) - arange(n, TensorOptions(kLong).device(self.device()));
    result = result.index_select(d, reversed);
  }
  return result.is_same(self) ? self.clone() : result;
}

Tensor Tensor::repeat(IntArrayRef repeats) const {
  if (static_cast<int64_t>(repeats.size()) < dim()) {
    fail(
        "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions "
        "of tensor: {} < {}",
        repeats.size(), dim());
  }
  // [r0, n0, r1, n1, ...] is an expanded view whose copy lies as the repeated tensor does.
  Shape spread;
  Shape expanded;
  Shape result;
  const size_t lead = repeats.size() - sizes().size();
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t n = i < lead ? 1 : sizes()[i - lead];
    int64_t repeated = 0;
    if (repeats[i] < 0) {
      Shape asked;
      for (size_t d = 0; d < repeats.size(); ++d) {
        const int64_t size = d < lead ? 1 : sizes()[d - lead];
        asked.push_back(__builtin_mul_overflow(size, repeats[d], &repeated) ? repeats[d]
                                                                            : repeated);
      }
      fail("repeat: Trying to create tensor with negative dimension {}: {}", asked[i],
           IntArrayRef(asked));
    }
    spread.push_back(1);
    spread.push_back(n);
    expanded.push_back(repeats[i]);
    expanded.push_back(n);
    result.push_back(numel_of({repeats[i], n}));
  }
  return reel::reshape(reel::reshape(*this, spread).expand(expanded), result);
}

std::vector<Tensor> meshgrid(ArrayRef<Tensor> tensors) {
  if (tensors.empty()) fail("meshgrid: meshgrid expects a non-empty TensorList");
  Shape sizes;
  for (const Tensor& t : tensors) {
    if (t.dtype() != tensors[0].dtype()) {
      fail("meshgrid: meshgrid expects all tensors to have the same dtype");
    }
    if (t.dim() > 1)
      fail("meshgrid: Expected 0D or 1D tensor in the tensor list but got: {}", t.sizes());
    sizes.push_back(t.numel());
  }
  std::vector<Tensor> grids;
  for (size_t i = 0; i < tensors.size(); ++i) {
    Shape own(sizes.size(), 1);
    own[i] = sizes[i];
    grids.push_back(reel::reshape(tensors[i], own).expand(sizes));
  }
  return grids;
}

std::vector<Tensor> Tensor::split(int64_t size, int64_t dim) const {
  return reel::split(*this, size, dim);
}
std::vector<Tensor> Tensor::chunk(int64_t n, int64_t dim) const {
  return reel::chunk(*this, n, dim);
}
std::vector<Tensor> Tensor::unbind(int64_t dim) const { return reel::unbind(*this, dim); }
Tensor Tensor::flip(IntArrayRef dims) const { return reel::flip(*this, dims); }

}  // namespace reel
