#include <algorithm>
#include <limits>
#include <numeric>

#include <reel/backends/registry.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace ops {

Tensor make_view(const Tensor& x, Shape sizes, Shape strides, int64_t offset) {
  return Tensor(IntrusivePtr<TensorImpl>::adopt(
      new TensorImpl(x.storage(), x.dtype(), std::move(sizes), std::move(strides), offset)));
}

Tensor Reshaped::view(const Tensor& x) const {
  return make_view(x, sizes, strides, x.storage_offset());
}

void Reshaped::backward(Replay& call) const { call.set(0, call.grad().reshape(call.in_sizes(0))); }

Tensor Permute::view(const Tensor& x) const {
  Shape sizes(dims.size());
  Shape strides(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    sizes[i] = x.sizes()[static_cast<size_t>(dims[i])];
    strides[i] = x.strides()[static_cast<size_t>(dims[i])];
  }
  return make_view(x, std::move(sizes), std::move(strides), x.storage_offset());
}

void Permute::backward(Replay& call) const {
  Shape inverse(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    inverse[static_cast<size_t>(dims[i])] = static_cast<int64_t>(i);
  }
  call.set(0, call.grad().permute(inverse));
}

Tensor Expand::view(const Tensor& x) const {
  Shape strides(sizes.size());
  const size_t lead = sizes.size() - x.sizes().size();
  for (size_t i = lead; i < sizes.size(); ++i) {
    strides[i] = x.sizes()[i - lead] == sizes[i] ? x.strides()[i - lead] : 0;
  }
  return make_view(x, sizes, std::move(strides), x.storage_offset());
}

// set() sums what broadcast.
void Expand::backward(Replay& call) const { call.set(0, call.grad()); }

Tensor Slice::view(const Tensor& x) const {
  const auto d = static_cast<size_t>(dim);
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  sizes[d] = (end - start + step - 1) / step;
  const int64_t offset = x.storage_offset() + start * strides[d];
  strides[d] *= step;
  return make_view(x, std::move(sizes), std::move(strides), offset);
}

void Slice::backward(Replay& call) const {
  const int64_t size = call.in_sizes(0)[static_cast<size_t>(dim)];
  call.set(0, apply(SliceGrad{dim, start, end, step, size}, call.grad()));
}

Tensor Select::view(const Tensor& x) const {
  const auto d = static_cast<size_t>(dim);
  const TensorImpl& from = *x.impl();
  return make_view(x, from.sizes.without(d), from.strides.without(d),
                   from.offset + index * from.strides[d]);
}

void Select::backward(Replay& call) const {
  const int64_t size = call.in_sizes(0)[static_cast<size_t>(dim)];
  call.set(0, apply(SliceGrad{dim, index, index + 1, 1, size}, call.grad().unsqueeze(dim)));
}

Tensor AsStrided::view(const Tensor& x) const { return make_view(x, sizes, strides, offset); }

// Every element of the window goes back to the place in memory it came from; places that occur
// several times add up. The input is then read out of that memory in its own geometry, where
// elements that share a place share its gradient.
void AsStrided::backward(Replay& call) const {
  const Tensor g = call.grad();
  const int64_t first = std::min(offset, in_offset);
  const auto extent = [](const Shape& s, const Shape& st, int64_t start) {
    int64_t last = start;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] == 0) return start;
      last += (s[i] - 1) * st[i];
    }
    return last + 1;
  };
  const int64_t size = std::max(extent(sizes, strides, offset - first),
                                extent(in_sizes, in_strides, in_offset - first));
  const Tensor places = arange(size, TensorOptions(kLong).device(g.device()));
  Tensor memory =
      zeros({size}, g.options())
          .scatter_add(0, places.as_strided(sizes, strides, offset - first).flatten(), g.flatten());
  const Tensor from = places.as_strided(in_sizes, in_strides, in_offset - first).flatten();
  if (!is_dense_layout(in_sizes, in_strides)) {
    const Tensor shares =
        zeros({size}, g.options()).scatter_add(0, from, ones(from.sizes(), g.options()));
    memory = memory / shares.masked_fill(shares.eq(0), 1);
  }
  call.set(0, memory.gather(0, from).view(in_sizes));
}

void SliceGrad::infer(Infer& call) const {
  const Tensor& g = call.in(0);
  Shape sizes = g.sizes();
  sizes[static_cast<size_t>(dim)] = size;
  Shape strides = dense_strides_like(sizes, g.strides());
  call.out_strided(std::move(sizes), std::move(strides), g.dtype());
}

void SliceGrad::compose(Compose& call) const {
  const Tensor& g = call.in(0);
  Shape sizes = g.sizes();
  sizes[static_cast<size_t>(dim)] = size;
  Tensor y = empty_strided(sizes, dense_strides_like(sizes, g.strides()), g.options());
  y.zero_().slice(dim, start, end, step).copy_(g);
  call.set(0, std::move(y));
}

void SliceGrad::backward(Replay& call) const {
  call.set(0, call.grad().slice(dim, start, end, step));
}

Tensor ToDevice::view(const Tensor& x) const {
  const Tensor source = x.is_contiguous() ? x : x.contiguous();
  const Backend& source_backend = backends::backend_of(x.device());
  const Backend& target_backend = backends::backend_of(device);
  Tensor y = empty(x.sizes(), TensorOptions(x.dtype()).device(device));
  const size_t bytes = x.nbytes();
  if (bytes == 0) return y;
  if (source_backend.runtime->host_accessible()) {
    target_backend.runtime->copy(device.ordinal(), y.data_ptr(), source.data_ptr(), bytes,
                                 CopyKind::HostToDevice);
  } else if (target_backend.runtime->host_accessible()) {
    source_backend.runtime->copy(x.device().ordinal(), y.data_ptr(), source.data_ptr(), bytes,
                                 CopyKind::DeviceToHost);
  } else {
    return ToDevice{device, kCPU}.view(ToDevice{kCPU, x.device()}.view(source));
  }
  return y;
}

void ToDevice::backward(Replay& call) const { call.set(0, call.grad().to(from)); }

namespace {

// Strides under which a tensor's elements have the new sizes without a copy, if there are any.
// Dimensions that lie in memory as one run are merged first, then cut anew (PyTorch's
// computeStride).
std::optional<Shape> view_strides(const Tensor& x, IntArrayRef sizes) {
  Shape strides(sizes.size());
  if (x.numel() == 0) return contiguous_strides(sizes);
  int64_t at = static_cast<int64_t>(sizes.size()) - 1;
  int64_t chunk_stride = x.dim() > 0 ? x.strides().back() : 1;
  int64_t in_chunk = 1;
  int64_t in_view = 1;
  for (int64_t d = x.dim() - 1; d >= 0; --d) {
    const auto i = static_cast<size_t>(d);
    in_chunk *= x.sizes()[i];
    const bool chunk_ends =
        d == 0 || (x.sizes()[i - 1] != 1 && x.strides()[i - 1] != in_chunk * chunk_stride);
    if (!chunk_ends) continue;
    while (at >= 0 && (in_view < in_chunk || sizes[static_cast<size_t>(at)] == 1)) {
      strides[static_cast<size_t>(at)] = in_view * chunk_stride;
      in_view *= sizes[static_cast<size_t>(at)];
      --at;
    }
    if (in_view != in_chunk) return std::nullopt;
    if (d > 0) {
      chunk_stride = x.strides()[i - 1];
      in_chunk = 1;
      in_view = 1;
    }
  }
  for (; at >= 0; --at) strides[static_cast<size_t>(at)] = in_view * chunk_stride;
  return strides;
}

// The sizes asked for, with -1 worked out.
Shape infer_sizes(IntArrayRef asked, int64_t numel) {
  Shape sizes = asked;
  int64_t known = 1;
  std::optional<size_t> free;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) {
      if (free) fail("reshape: only one dimension can be inferred, got shape {}", asked);
      free = i;
    } else if (sizes[i] < 0) {
      fail("reshape: invalid shape dimension {} in shape {}", sizes[i], asked);
    } else if (__builtin_mul_overflow(known, sizes[i], &known)) {
      fail("reshape: shape '{}' is invalid for input of size {}", asked, numel);
    }
  }
  if (free && known == 0) {
    fail(
        "reshape: cannot reshape tensor of 0 elements into shape {} because the unspecified "
        "dimension size -1 can be any value and is ambiguous",
        asked);
  }
  if (free && numel % known == 0) {
    sizes[*free] = numel / known;
  } else if (free || known != numel) {
    fail("reshape: shape '{}' is invalid for input of size {}", asked, numel);
  }
  return sizes;
}

uint64_t bit(int64_t dim) { return uint64_t{1} << dim; }

// pairs of start and end as slicing means them: counted from the end if negative, cut to the range.
int64_t clamp_bound(int64_t at, int64_t size) {
  return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
}

}  // namespace
}  // namespace ops

using namespace ops;

Tensor Tensor::view(IntArrayRef size) const {
  Shape sizes = infer_sizes(size, numel());
  const auto strides = view_strides(*this, sizes);
  // Convolutions hand out channels-last strides where LibTorch's are contiguous. A program that
  // flattens their results by view, as LibTorch's do, gets a copy.
  if (!strides && dim() == 4 && is_contiguous(MemoryFormat::ChannelsLast)) {
    return reel::reshape(*this, sizes);
  }
  if (!strides) {
    fail(
        "view: view size is not compatible with input tensor's size and stride (at least one "
        "dimension spans across two contiguous subspaces). Use .reshape(...) instead. (input {}, "
        "strides {}, view {})",
        this->sizes(), this->strides(), IntArrayRef(sizes));
  }
  return apply(Reshaped{std::move(sizes), *strides}, *this);
}

Tensor reshape(const Tensor& self, IntArrayRef shape) {
  Shape sizes = infer_sizes(shape, self.numel());
  if (const auto strides = view_strides(self, sizes)) {
    return apply(Reshaped{std::move(sizes), *strides}, self);
  }
  return self.clone(MemoryFormat::Contiguous).view(sizes);
}

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  const int64_t start = wrap_dim(start_dim, self.dim());
  const int64_t end = wrap_dim(end_dim, self.dim());
  if (start > end) fail("flatten: flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return self.reshape({1});
  if (start == end) return self;
  Shape sizes;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (d > start && d <= end) {
      sizes[static_cast<size_t>(start)] *= self.size(d);
    } else {
      sizes.push_back(self.size(d));
    }
  }
  return self.reshape(sizes);
}

Tensor permute(const Tensor& self, IntArrayRef dims) {
  if (static_cast<int64_t>(dims.size()) != self.dim()) {
    fail(
        "permute: number of dimensions in the tensor input does not match the "
        "length of the desired ordering of dimensions i.e. input.dim() = {} is not equal to "
        "len(dims) = {}",
        self.dim(), dims.size());
  }
  Permute op{Shape(dims.size())};
  uint64_t seen = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    op.dims[i] = wrap_dim(dims[i], self.dim());
    if ((seen & bit(op.dims[i])) != 0) {
      fail("permute(): duplicate dims are not allowed. (dims {})", dims);
    }
    seen |= bit(op.dims[i]);
  }
  return apply(op, self);
}

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  const int64_t a = wrap_dim(dim0, self.dim());
  const int64_t b = wrap_dim(dim1, self.dim());
  if (self.dim() == 0) return self;
  Permute op{Shape(static_cast<size_t>(self.dim()))};
  std::iota(op.dims.begin(), op.dims.end(), 0);
  std::swap(op.dims[static_cast<size_t>(a)], op.dims[static_cast<size_t>(b)]);
  return apply(op, self);
}

Tensor t(const Tensor& self) {
  if (self.dim() > 2)
    fail("t: t() expects a tensor with <= 2 dimensions, but self is {}D", self.dim());
  return self.dim() < 2 ? self : transpose(self, 0, 1);
}

namespace {

Tensor squeeze_dims(const Tensor& self, uint64_t dims) {
  Reshaped op;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if ((dims & bit(d)) != 0 && self.size(d) == 1) continue;
    op.sizes.push_back(self.size(d));
    op.strides.push_back(self.stride(d));
  }
  return apply(op, self);
}

}  // namespace

Tensor squeeze(const Tensor& self) { return squeeze_dims(self, ~uint64_t{0}); }

Tensor squeeze(const Tensor& self, int64_t dim) {
  const int64_t d = wrap_dim(dim, self.dim());
  return squeeze_dims(self, bit(d));
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
  const auto d = static_cast<size_t>(wrap_dim(dim, self.dim() + 1));
  Reshaped op{self.sizes(), self.strides()};
  const int64_t stride = d < self.sizes().size() ? self.sizes()[d] * self.strides()[d] : int64_t{1};
  op.sizes.insert(d, 1);
  op.strides.insert(d, stride);
  return apply(op, self);
}

Tensor Tensor::expand(IntArrayRef size, bool /*implicit*/) const {
  const size_t rank = size.size();
  if (rank < sizes().size()) {
    fail(
        "expand({}{{{}}}, size={}): the number of sizes provided ({}) must be greater or equal to "
        "the number of dimensions in the tensor ({})",
        toString(), sizes(), size, rank, dim());
  }
  Expand op{size};
  const size_t lead = rank - sizes().size();
  for (size_t i = 0; i < rank; ++i) {
    const int64_t have = i < lead ? 1 : sizes()[i - lead];
    if (op.sizes[i] == -1 && i >= lead) op.sizes[i] = have;
    if (op.sizes[i] < 0 && i < lead) {
      fail(
          "expand: The expanded size of the tensor ({}) isn't allowed in a leading, non-existing "
          "dimension {}",
          size[i], i);
    }
    if (op.sizes[i] < 0 || (have != op.sizes[i] && have != 1)) {
      fail(
          "expand: The expanded size of the tensor ({}) must match the existing size ({}) at "
          "non-singleton dimension {}.  Target sizes: {}.  Tensor sizes: {}",
          size[i], have, i, size, sizes());
    }
  }
  if (IntArrayRef(op.sizes) == sizes()) return *this;
  return apply(op, *this);
}

Tensor broadcast_to(const Tensor& self, IntArrayRef size) { return self.expand(size); }

Tensor Tensor::slice(int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                     int64_t step) const {
  if (this->dim() == 0) fail_index("slice: slice() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, this->dim());
  if (step <= 0) fail("slice: slice step must be positive, got {}", step);
  const int64_t n = size(d);
  // A step beyond the end takes one element, however large it is.
  ops::Slice op{d, clamp_bound(start.value_or(0), n), clamp_bound(end.value_or(n), n),
                std::min(step, std::max<int64_t>(n, 1))};
  op.end = std::max(op.start, op.end);
  return apply(op, *this);
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  if (self.dim() == 0) fail("narrow: narrow() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t n = self.size(d);
  const int64_t from = start == n ? n : wrap_dim(start, n);
  if (length < 0 || from < 0 || from > n - length) {
    fail("narrow: start ({}) + length ({}) exceeds dimension size ({}).", start, length, n);
  }
  return apply(ops::Slice{d, from, from + length, 1}, self);
}

namespace {

Select select_op(const Tensor& self, int64_t dim, int64_t index) {
  if (self.dim() == 0) fail_index("select: select() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[static_cast<size_t>(d)];
  if (index < -n || index >= n) {
    fail_index("select(): index {} out of range for tensor of size {} at dimension {}", index,
               self.sizes(), d);
  }
  return {d, index < 0 ? index + n : index};
}

}  // namespace

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  return apply(select_op(self, dim, index), self);
}

Tensor Tensor::operator[](int64_t index) && {
  TensorImpl& x = *impl();
  // Nobody else's, off the tape, and of the memory's present version as a new view would be.
  const bool ours = x.base && x.references.load() == 1 && x.slot == nullptr && !x.requires_grad() &&
                    x.base_version == x.storage->version();
  if (!ours || !GradMode::is_enabled()) return select(0, index);
  const Select op = select_op(*this, 0, index);
  x.set_geometry(x.sizes.without(0), x.strides.without(0), x.offset + op.index * x.strides[0]);
  return std::move(*this);
}

Tensor Tensor::as_strided(IntArrayRef size, IntArrayRef stride,
                          std::optional<int64_t> storage_offset) const {
  AsStrided op{size,    stride,    storage_offset.value_or(this->storage_offset()),
               sizes(), strides(), this->storage_offset()};
  if (size.size() != stride.size()) {
    fail("as_strided: mismatch in length of strides and shape (strides {}, shape {})", stride,
         size);
  }
  int64_t last = op.offset;
  bool is_empty = false;
  bool overflow = false;
  for (size_t i = 0; i < size.size(); ++i) {
    if (stride[i] < 0) {
      fail(
          "as_strided: Negative strides are not supported at the moment, got strides: {} (sizes "
          "{})",
          stride, size);
    }
    if (size[i] < 0) fail("as_strided: sizes must be non-negative, got {}", size);
    int64_t reach = 0;
    is_empty |= size[i] == 0;
    overflow |= __builtin_mul_overflow(std::max<int64_t>(size[i] - 1, 0), stride[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  const auto capacity = static_cast<int64_t>(storage()->bytes() / element_size());
  if (op.offset < 0) fail("as_strided: Tensor: invalid storage offset {}", op.offset);
  overflow |= last > (std::numeric_limits<int64_t>::max() >> 4) - 1;
  if (overflow && !is_empty) {
    fail("as_strided: Storage size calculation overflowed with sizes={} and strides={}", size,
         stride);
  }
  if (!is_empty && last >= capacity) {
    const auto item = static_cast<int64_t>(element_size());
    fail(
        "as_strided: setStorage: sizes {}, strides {}, storage offset {}, and itemsize {} "
        "requiring a storage size of {} are out of bounds for storage of size {}",
        size, stride, op.offset, item, (last + 1) * item, storage()->bytes());
  }
  return apply(op, *this);
}

Tensor Tensor::sum_to_size(IntArrayRef size) const {
  if (sizes() == size) return *this;
  if (size.size() > sizes().size()) {
    fail("sum_to_size: size {} is not expandable to size {}", size, sizes());
  }
  const size_t lead = sizes().size() - size.size();
  Shape dims;
  for (size_t i = 0; i < sizes().size(); ++i) {
    const bool sums = i < lead || (size[i - lead] == 1 && sizes()[i] != 1);
    if (sums) dims.push_back(static_cast<int64_t>(i));
    if (i >= lead && size[i - lead] != 1 && size[i - lead] != sizes()[i]) {
      fail("sum_to_size: size {} is not expandable to size {}", size, sizes());
    }
  }
  if (dims.empty()) return *this;
  const Tensor summed = reel::sum(*this, dims, /*keepdim=*/true);
  return lead == 0 ? summed : summed.view(size);
}

Tensor Tensor::reshape(IntArrayRef shape) const { return reel::reshape(*this, shape); }
Tensor Tensor::flatten(int64_t a, int64_t b) const { return reel::flatten(*this, a, b); }
Tensor Tensor::permute(IntArrayRef dims) const { return reel::permute(*this, dims); }
Tensor Tensor::transpose(int64_t a, int64_t b) const { return reel::transpose(*this, a, b); }
Tensor Tensor::t() const { return reel::t(*this); }
Tensor Tensor::squeeze() const { return reel::squeeze(*this); }
Tensor Tensor::squeeze(int64_t dim) const { return reel::squeeze(*this, dim); }
Tensor Tensor::unsqueeze(int64_t dim) const { return reel::unsqueeze(*this, dim); }
Tensor Tensor::narrow(int64_t dim, int64_t start, int64_t length) const {
  return reel::narrow(*this, dim, start, length);
}
Tensor Tensor::select(int64_t dim, int64_t index) const { return reel::select(*this, dim, index); }

}  // namespace reel
