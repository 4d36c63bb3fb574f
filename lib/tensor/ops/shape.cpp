#include <reel/tensor/ops/shape.h>

#include <algorithm>
#include <numeric>

#include <reel/backends/registry.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

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
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  const int64_t offset = x.storage_offset() + index * strides[d];
  sizes.erase(d);
  strides.erase(d);
  return make_view(x, std::move(sizes), std::move(strides), offset);
}

void Select::backward(Replay& call) const {
  const int64_t size = call.in_sizes(0)[static_cast<size_t>(dim)];
  call.set(0, apply(SliceGrad{dim, index, index + 1, 1, size}, call.grad().unsqueeze(dim)));
}

Tensor AsStrided::view(const Tensor& x) const { return make_view(x, sizes, strides, offset); }

// Every element of the window goes back to the place in memory it came from; places that occur
// several times add up. The input is then read out of that memory in its own geometry.
void AsStrided::backward(Replay& call) const {
  const Tensor g = call.grad();
  const auto extent = [](const Shape& s, const Shape& st, int64_t offset) {
    int64_t last = offset;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] == 0) return offset;
      last += (s[i] - 1) * st[i];
    }
    return last + 1;
  };
  const int64_t size =
      std::max(extent(sizes, strides, offset), extent(in_sizes, in_strides, in_offset));
  const Tensor places = arange(size, TensorOptions(kLong).device(g.device()));
  const Tensor memory =
      zeros({size}, g.options())
          .scatter_add(0, places.as_strided(sizes, strides, offset).reshape({-1}),
                       g.reshape({-1}));
  const Tensor from = places.as_strided(in_sizes, in_strides, in_offset).reshape({-1});
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
        fail("cat: Sizes of tensors must match except in dimension {}. Expected size {} but got "
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
    const bool chunk_ends = d == 0 || (x.sizes()[i - 1] != 1 &&
                                       x.strides()[i - 1] != in_chunk * chunk_stride);
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
    fail("reshape: cannot reshape tensor of 0 elements into shape {} because the unspecified "
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
  if (!strides) {
    fail("view: view size is not compatible with input tensor's size and stride (at least one "
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
    fail("permute: number of dimensions in the tensor input does not match the "
         "length of the desired ordering of dimensions i.e. input.dim() = {} is not equal to "
         "len(dims) = {}",
         self.dim(), dims.size());
  }
  Permute op{Shape(dims.size())};
  uint64_t seen = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    op.dims[i] = wrap_dim(dims[i], self.dim());
    if ((seen & bit(op.dims[i])) != 0) fail("permute: repeated dim in permute, dims {}", dims);
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
  if (self.dim() > 2) fail("t: t() expects a tensor with <= 2 dimensions, but self is {}D", self.dim());
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
  const int64_t stride =
      d < self.sizes().size() ? self.sizes()[d] * self.strides()[d] : int64_t{1};
  op.sizes.insert(d, 1);
  op.strides.insert(d, stride);
  return apply(op, self);
}

Tensor Tensor::expand(IntArrayRef size, bool /*implicit*/) const {
  const size_t rank = size.size();
  if (rank < sizes().size()) {
    fail("expand: the number of sizes provided ({}) must be greater or equal to the number of "
         "dimensions in the tensor ({})",
         rank, dim());
  }
  Expand op{size};
  const size_t lead = rank - sizes().size();
  for (size_t i = 0; i < rank; ++i) {
    const int64_t have = i < lead ? 1 : sizes()[i - lead];
    if (op.sizes[i] == -1 && i >= lead) op.sizes[i] = have;
    if (op.sizes[i] < 0 || (have != op.sizes[i] && have != 1)) {
      fail("expand: The expanded size of the tensor ({}) must match the existing size ({}) at "
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
  if (self.dim() == 0) fail_index("narrow: narrow() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t n = self.size(d);
  const int64_t from = start < 0 ? start + n : start;
  if (length < 0 || from < 0 || from > n - length) {
    fail_index("narrow: start ({}) + length ({}) exceeds dimension size ({}).", start, length, n);
  }
  return apply(ops::Slice{d, from, from + length, 1}, self);
}

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  if (self.dim() == 0) fail_index("select: select() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t n = self.size(d);
  if (index < -n || index >= n) {
    fail_index("select: index {} out of range for tensor of size {} at dimension {}", index,
               self.sizes(), d);
  }
  return apply(Select{d, index < 0 ? index + n : index}, self);
}

Tensor Tensor::as_strided(IntArrayRef size, IntArrayRef stride,
                          std::optional<int64_t> storage_offset) const {
  AsStrided op{size, stride, storage_offset.value_or(this->storage_offset()),
               sizes(), strides(), this->storage_offset()};
  if (size.size() != stride.size()) {
    fail("as_strided: mismatch in length of strides {} and shape {}", stride, size);
  }
  int64_t last = op.offset;
  bool is_empty = false;
  bool overflow = false;
  for (size_t i = 0; i < size.size(); ++i) {
    if (stride[i] < 0 || size[i] < 0) {
      fail("as_strided: sizes and strides must be non-negative, got {} and {}", size, stride);
    }
    int64_t reach = 0;
    is_empty |= size[i] == 0;
    overflow |= __builtin_mul_overflow(std::max<int64_t>(size[i] - 1, 0), stride[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  const auto capacity = static_cast<int64_t>(storage()->bytes() / element_size());
  if (op.offset < 0 || overflow || (!is_empty && last >= capacity)) {
    fail("as_strided: setStorage: sizes {}, strides {}, storage offset {} are out of bounds for "
         "storage of {} elements",
         size, stride, op.offset, capacity);
  }
  return apply(op, *this);
}

Tensor cat(ArrayRef<Tensor> tensors, int64_t dim) {
  if (tensors.empty()) fail("cat: expected a non-empty list of Tensors");
  ScalarType type = ScalarType::Undefined;
  int64_t rank = 1;
  for (const Tensor& t : tensors) {
    if (t.dim() == 0) fail("cat: zero-dimensional tensor cannot be concatenated");
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
      fail("stack: stack expects each tensor to be equal size, but got {} at entry 0 and {} at "
           "entry {}",
           tensors[0].sizes(), tensors[i].sizes(), i);
    }
    rows.push_back(tensors[i].unsqueeze(d));
  }
  return cat(rows, d);
}

std::vector<Tensor> Tensor::split(IntArrayRef split_sizes, int64_t dim) const {
  const int64_t d = wrap_dim(dim, this->dim());
  const int64_t total = std::accumulate(split_sizes.begin(), split_sizes.end(), int64_t{0});
  if (total != size(d)) {
    fail("split: split_with_sizes expects split_sizes to sum exactly to {} (input tensor's size at "
         "dimension {}), but got split_sizes={}",
         size(d), d, split_sizes);
  }
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (const int64_t length : split_sizes) {
    parts.push_back(narrow(d, at, length));
    at += length;
  }
  return parts;
}

std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim) {
  const int64_t d = wrap_dim(dim, self.dim());
  if (self.dim() == 0) fail("split: split expects at least a 1-dimensional tensor");
  const int64_t n = self.size(d);
  if (split_size < 0 || (split_size == 0 && n != 0)) {
    fail("split: split expects split_size be positive, but got split_size={} for size {}",
         split_size, n);
  }
  std::vector<Tensor> parts;
  for (int64_t at = 0; at < n; at += split_size) {
    parts.push_back(self.narrow(d, at, std::min(split_size, n - at)));
  }
  if (parts.empty()) parts.push_back(self);
  return parts;
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
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < self.size(d); ++i) rows.push_back(self.select(d, i));
  return rows;
}

Tensor flip(const Tensor& self, IntArrayRef dims) {
  Tensor result = self;
  uint64_t seen = 0;
  for (const int64_t dim : dims) {
    const int64_t d = wrap_dim(dim, self.dim());
    if ((seen & bit(d)) != 0) fail("flip: dim {} appears multiple times in the list of dims", d);
    seen |= bit(d);
    if (self.dim() == 0) continue;
    const int64_t n = self.size(d);
    const Tensor reversed = (n - 1) - arange(n, TensorOptions(kLong).device(self.device()));
    result = result.index_select(d, reversed);
  }
  return result.is_same(self) ? self.clone() : result;
}

Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value) {
  if (pad.size() % 2 != 0 || static_cast<int64_t>(pad.size() / 2) > self.dim()) {
    fail("constant_pad_nd: Length of pad must be even and no more than twice the number of "
         "dimensions of the input. Pad has length {} while input has {} dimensions.",
         pad.size(), self.dim());
  }
  // Crop first, then add a block on either side. The concatenation gives the gradient.
  Tensor result = self;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const int64_t d = self.dim() - 1 - static_cast<int64_t>(i);
    const int64_t before = pad[2 * i];
    const int64_t after = pad[2 * i + 1];
    const int64_t n = self.size(d);
    int64_t padded = 0;
    if (__builtin_add_overflow(before, after, &padded) ||
        __builtin_add_overflow(padded, n, &padded)) {
      fail("constant_pad_nd: padding {} and {} of size {} overflows", before, after, n);
    }
    if (padded < 0) {
      fail("constant_pad_nd: The input size {}, plus negative padding {} and {}, resulted in a "
           "negative output size, which is invalid. Check dimension {} of your input.",
           n, before, after, d);
    }
    const int64_t start = std::max<int64_t>(0, -before);
    const int64_t kept = std::max<int64_t>(0, n - start - std::max<int64_t>(0, -after));
    if (kept != n) result = result.narrow(d, std::min(start, n), kept);
    std::vector<Tensor> parts;
    const auto block = [&](int64_t length) {
      if (length <= 0) return;
      Shape sizes = result.sizes();
      sizes[static_cast<size_t>(d)] = length;
      parts.push_back(full(sizes, value, self.options()));
    };
    block(before);
    parts.push_back(result);
    block(after);
    if (parts.size() > 1) result = cat(parts, d);
  }
  return result.is_same(self) ? self.clone() : result;
}

Tensor Tensor::repeat(IntArrayRef repeats) const {
  if (static_cast<int64_t>(repeats.size()) < dim()) {
    fail("repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions "
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
    if (repeats[i] < 0) fail("repeat: Trying to create tensor with negative dimension {}", repeats);
    spread.push_back(1);
    spread.push_back(n);
    expanded.push_back(repeats[i]);
    expanded.push_back(n);
    result.push_back(numel_of({repeats[i], n}));
  }
  return reel::reshape(reel::reshape(*this, spread).expand(expanded), result);
}

std::vector<Tensor> meshgrid(ArrayRef<Tensor> tensors) {
  Shape sizes;
  for (const Tensor& t : tensors) {
    if (t.dim() > 1) fail("meshgrid: Expected 0D or 1D tensor in the tensor list but got: {}", t.sizes());
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
std::vector<Tensor> Tensor::split(int64_t size, int64_t dim) const {
  return reel::split(*this, size, dim);
}
std::vector<Tensor> Tensor::chunk(int64_t n, int64_t dim) const { return reel::chunk(*this, n, dim); }
std::vector<Tensor> Tensor::unbind(int64_t dim) const { return reel::unbind(*this, dim); }
Tensor Tensor::flip(IntArrayRef dims) const { return reel::flip(*this, dims); }

}  // namespace reel
