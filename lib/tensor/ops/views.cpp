// Views by other names, and views of one dimension as several.

#include <algorithm>
#include <numeric>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace ops {

Tensor Unfold::view(const Tensor& x) const {
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  if (x.dim() == 0) return make_view(x, {size}, {1}, x.storage_offset());
  const auto d = static_cast<size_t>(dim);
  sizes.push_back(size);
  strides.push_back(strides[d]);
  sizes[d] = (sizes[d] - size) / step + 1;
  strides[d] *= step;
  return make_view(x, std::move(sizes), std::move(strides), x.storage_offset());
}

// Windows that overlap add up.
void Unfold::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Shape sizes = call.in_sizes(0);
  if (sizes.empty()) {
    call.set(0, g.sum());
    return;
  }
  const int64_t windows = g.size(dim);
  const TensorOptions longs = TensorOptions(kLong).device(g.device());
  const Tensor at = (arange(windows, longs) * step).unsqueeze(1) + arange(size, longs);
  Shape rows = sizes;
  rows[static_cast<size_t>(dim)] = windows * size;
  call.set(0,
           zeros(sizes, g.options())
               .index_add(dim, at.reshape({windows * size}), g.movedim(-1, dim + 1).reshape(rows)));
}

}  // namespace ops

using namespace ops;

Tensor as_strided(const Tensor& self, IntArrayRef size, IntArrayRef stride,
                  std::optional<int64_t> storage_offset) {
  return self.as_strided(size, stride, storage_offset);
}

Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start,
             std::optional<int64_t> end, int64_t step) {
  return self.slice(dim, start, end, step);
}

Tensor narrow(const Tensor& self, int64_t dim, const Tensor& start, int64_t length) {
  if (start.dim() != 0 || is_differentiable(start.dtype()) || start.dtype() == kBool) {
    fail("narrow: start must be an 0-dim integral Tensor.");
  }
  return narrow(self, dim, start.item<int64_t>(), length);
}

Tensor Tensor::narrow_copy(int64_t dim, int64_t start, int64_t length) const {
  return narrow(dim, start, length).clone(MemoryFormat::Contiguous);
}

Tensor clone(const Tensor& self, MemoryFormat memory_format) { return self.clone(memory_format); }

Tensor detach(const Tensor& self) { return self.detach(); }

Tensor ravel(const Tensor& self) { return self.contiguous().view({-1}); }

Tensor swapaxes(const Tensor& self, int64_t axis0, int64_t axis1) {
  return transpose(self, axis0, axis1);
}

Tensor swapdims(const Tensor& self, int64_t dim0, int64_t dim1) {
  return transpose(self, dim0, dim1);
}

Tensor movedim(const Tensor& self, IntArrayRef source, IntArrayRef destination) {
  if (source.size() != destination.size()) {
    fail(
        "movedim: Invalid source or destination dims: source ({} dims) should contain the same "
        "number of dims as destination ({} dims)",
        source, destination);
  }
  const size_t rank = static_cast<size_t>(self.dim());
  const auto wrapped = [&](IntArrayRef dims, const char* which) {
    Shape result = dims;
    std::vector<bool> seen(std::max<size_t>(rank, 1));
    for (int64_t& d : result) {
      d = wrap_dim(d, self.dim());
      if (seen[static_cast<size_t>(d)]) fail("movedim: repeated dim in `{}` ({})", which, dims);
      seen[static_cast<size_t>(d)] = true;
    }
    return result;
  };
  const Shape from = wrapped(source, "source");
  const Shape to = wrapped(destination, "destination");
  if (rank == 0) return self;
  // The named dimensions take their places, the others fill the rest in order.
  Shape order(rank, -1);
  std::vector<bool> moved(rank);
  for (size_t i = 0; i < from.size(); ++i) {
    order[static_cast<size_t>(to[i])] = from[i];
    moved[static_cast<size_t>(from[i])] = true;
  }
  size_t next = 0;
  for (int64_t& d : order) {
    if (d >= 0) continue;
    while (moved[next]) ++next;
    d = static_cast<int64_t>(next++);
  }
  return permute(self, order);
}

Tensor movedim(const Tensor& self, int64_t source, int64_t destination) {
  return movedim(self, IntArrayRef(source), IntArrayRef(destination));
}

Tensor moveaxis(const Tensor& self, IntArrayRef source, IntArrayRef destination) {
  return movedim(self, source, destination);
}

Tensor moveaxis(const Tensor& self, int64_t source, int64_t destination) {
  return movedim(self, source, destination);
}

Tensor Tensor::numpy_T() const {
  Shape reversed(static_cast<size_t>(dim()));
  for (int64_t d = 0; d < dim(); ++d) reversed[static_cast<size_t>(d)] = dim() - 1 - d;
  return permute(reversed);
}

Tensor unflatten(const Tensor& self, int64_t dim, IntArrayRef sizes) {
  if (self.dim() == 0) {
    fail_index("unflatten: Dimension specified as {} but tensor has no dimensions", dim);
  }
  const int64_t d = wrap_dim(dim, self.dim());
  if (sizes.empty()) fail("unflatten: sizes must be non-empty");
  const auto free = std::count(sizes.begin(), sizes.end(), -1);
  if (free > 1) {
    fail("unflatten: unflatten got an unexpected error:\nonly one dimension can be inferred");
  }
  Shape inner = sizes;
  int64_t known = 1;
  bool fits = true;
  for (const int64_t n : sizes) {
    if (n != -1) fits = fits && n >= 0 && !__builtin_mul_overflow(known, n, &known);
  }
  fits = fits && (free == 0 ? known == self.size(d) : known > 0 && self.size(d) % known == 0);
  if (!fits) {
    fail(
        "unflatten: Provided sizes {} don't multiply up to the size of dim {} ({}) in the input "
        "tensor",
        sizes, d, self.size(d));
  }
  Shape result;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i != d) {
      result.push_back(self.size(i));
      continue;
    }
    for (const int64_t n : inner) result.push_back(n == -1 ? self.size(d) / known : n);
  }
  return self.view(result);
}

Tensor Tensor::unfold(int64_t dimension, int64_t size, int64_t step) const {
  const int64_t d = wrap_dim(dimension, dim());
  const int64_t n = dim() == 0 ? 1 : this->size(d);
  if (size < 0) fail("unfold: size is {} but must be >= 0", size);
  if (size > n) {
    fail("unfold: maximum size for tensor at dimension {} is {} but size is {}", d, n, size);
  }
  if (step <= 0) fail("unfold: step is {} but must be > 0", step);
  return apply(Unfold{d, size, std::min(step, n + 1)}, *this);
}

Tensor atleast_1d(const Tensor& self) { return self.dim() == 0 ? reshape(self, {1}) : self; }

Tensor atleast_2d(const Tensor& self) {
  if (self.dim() == 0) return reshape(self, {1, 1});
  return self.dim() == 1 ? self.unsqueeze(0) : self;
}

Tensor atleast_3d(const Tensor& self) {
  if (self.dim() == 0) return reshape(self, {1, 1, 1});
  if (self.dim() == 1) return self.unsqueeze(0).unsqueeze(-1);
  return self.dim() == 2 ? self.unsqueeze(-1) : self;
}

namespace {

std::vector<Tensor> each(TensorList tensors, Tensor (*function)(const Tensor&)) {
  std::vector<Tensor> result;
  for (const Tensor& t : tensors) result.push_back(function(t));
  return result;
}

}  // namespace

std::vector<Tensor> atleast_1d(TensorList tensors) { return each(tensors, atleast_1d); }
std::vector<Tensor> atleast_2d(TensorList tensors) { return each(tensors, atleast_2d); }
std::vector<Tensor> atleast_3d(TensorList tensors) { return each(tensors, atleast_3d); }

std::vector<Tensor> broadcast_tensors(TensorList tensors) {
  Shape sizes;
  for (const Tensor& t : tensors) sizes = broadcast_sizes(sizes, t.sizes());
  std::vector<Tensor> result;
  for (const Tensor& t : tensors) result.push_back(t.expand(sizes));
  return result;
}

bool Tensor::is_same_size(const Tensor& other) const { return sizes() == other.sizes(); }

}  // namespace reel
