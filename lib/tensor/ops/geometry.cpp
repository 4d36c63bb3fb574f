// Changes of a tensor's own sizes, strides and memory in place: the elements stay where they are.

#include <algorithm>
#include <cstring>

#include <reel/autograd/grad_mode.h>
#include <reel/autograd/replay.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/copy.h>

namespace reel {
namespace {

/// Makes self what `view`, a view of it, is: on the tape too.
Tensor& become(Tensor& self, const char* op, const Tensor& view) {
  if (GradMode::is_enabled() && self.requires_grad() && self.is_leaf()) {
    fail("{}: a leaf Variable that requires grad is being used in an in-place operation.", op);
  }
  TensorImpl& t = *self.impl();
  const TensorImpl& v = *view.impl();
  t.storage->bump_version();
  t.storage->set_last_writer(op);
  if (t.base) t.base_version = t.storage->version();
  if (&t == &v) return self;
  t.set_geometry(v.sizes, v.strides, v.offset);
  if (v.slot != nullptr && v.slot->entry) autograd::attach(self, v.slot->entry, v.slot->output);
  return self;
}

/// Gives t's storage at least this many bytes: the contents move, and all who look at it follow.
void reserve(TensorImpl& t, size_t bytes) {
  if (t.storage->bytes() >= bytes) return;
  const Device device = t.storage->device();
  Storage larger = allocate_storage(bytes, device);
  const size_t held = t.storage->bytes();
  if (held > 0) {
    const auto as_bytes = [&](const Storage& storage) {
      const auto size = static_cast<int64_t>(held);
      return Tensor(IntrusivePtr<TensorImpl>::adopt(
          new TensorImpl(storage, kByte, Shape{size}, Shape{1}, 0)));
    };
    const NoGradGuard no_grad;
    Tensor to = as_bytes(larger);
    ops::apply_to(to, ops::Copy{kByte}, as_bytes(t.storage));
  }
  t.storage->swap_memory(*larger);
}

size_t bytes_for(const char* op, IntArrayRef sizes, IntArrayRef strides, int64_t offset,
                 ScalarType type) {
  int64_t last = offset;
  bool overflow = offset < 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    int64_t reach = 0;
    if (sizes[d] == 0) return 0;
    overflow |= __builtin_mul_overflow(sizes[d] - 1, strides[d], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  overflow |= __builtin_add_overflow(last, 1, &last);
  overflow |= __builtin_mul_overflow(last, static_cast<int64_t>(element_size(type)), &last);
  if (overflow) {
    fail("{}: Storage size calculation overflowed with sizes={} and strides={}", op, sizes,
         strides);
  }
  return static_cast<size_t>(last);
}

/// set_ changes what a tensor looks at, so it may be neither a leaf nor recorded.
void check_settable(const Tensor& self) {
  if (GradMode::is_enabled() && self.requires_grad() && self.is_leaf()) {
    fail("set_: a leaf Variable that requires grad is being used in an in-place operation.");
  }
  if (self.requires_grad()) fail("set_: the derivative is not implemented");
}

}  // namespace

Tensor& Tensor::transpose_(int64_t dim0, int64_t dim1) {
  return become(*this, "transpose_", transpose(dim0, dim1));
}

Tensor& Tensor::swapaxes_(int64_t axis0, int64_t axis1) {
  return become(*this, "swapaxes_", transpose(axis0, axis1));
}

Tensor& Tensor::swapdims_(int64_t dim0, int64_t dim1) {
  return become(*this, "swapdims_", transpose(dim0, dim1));
}

Tensor& Tensor::t_() {
  if (dim() > 2) {
    fail("t_: t_() expects a tensor with <= 2 dimensions, but self is {}D", dim());
  }
  return become(*this, "t_", t());
}

Tensor& Tensor::squeeze_() { return become(*this, "squeeze_", squeeze()); }

Tensor& Tensor::squeeze_(int64_t dim) { return become(*this, "squeeze_", squeeze(dim)); }

Tensor& Tensor::unsqueeze_(int64_t dim) { return become(*this, "unsqueeze_", unsqueeze(dim)); }

const Tensor& Tensor::as_strided_(IntArrayRef size, IntArrayRef stride,
                                  std::optional<int64_t> storage_offset) const {
  Tensor self = *this;
  become(self, "as_strided_", as_strided(size, stride, storage_offset));
  return *this;
}

const Tensor& as_strided_(const Tensor& self, IntArrayRef size, IntArrayRef stride,
                          std::optional<int64_t> storage_offset) {
  return self.as_strided_(size, stride, storage_offset);
}

const Tensor& Tensor::resize_(IntArrayRef size, MemoryFormat memory_format) const {
  if (requires_grad()) fail("resize_: cannot resize variables that require grad");
  numel_of(size);
  const bool channels_last = memory_format == MemoryFormat::ChannelsLast;
  if (channels_last && size.size() != 4) {
    fail("resize_: required rank 4 tensor to use channels_last format");
  }
  if (memory_format == MemoryFormat::Preserve && sizes() == size) return *this;
  TensorImpl& t = *impl();
  Shape strides = channels_last ? channels_last_strides(size) : contiguous_strides(size);
  reserve(t, bytes_for("resize_", size, strides, t.offset, t.dtype));
  t.set_geometry(size, std::move(strides), t.offset);
  return *this;
}

const Tensor& Tensor::resize_as_(const Tensor& the_template, MemoryFormat memory_format) const {
  return resize_(the_template.sizes(), memory_format);
}

const Tensor& resize_as_(const Tensor& self, const Tensor& the_template,
                         MemoryFormat memory_format) {
  return self.resize_as_(the_template, memory_format);
}

Tensor resize_as(const Tensor& self, const Tensor& the_template, MemoryFormat memory_format) {
  const Tensor result = self.detach().clone();
  return result.resize_as_(the_template, memory_format);
}

Tensor& Tensor::set_(const Tensor& source, int64_t storage_offset, IntArrayRef size,
                     IntArrayRef stride) {
  check_settable(*this);
  if (source.dtype() != dtype()) {
    fail("set_: source.dtype() == self.dtype() is expected, got {} and {}", source.dtype(),
         dtype());
  }
  if (source.device() != device()) {
    fail(
        "set_: Attempted to set the storage of a tensor on device \"{}\" to a storage on "
        "different device \"{}\".  This is no longer allowed; the devices must match.",
        device(), source.device());
  }
  if (storage_offset < 0) fail("set_: Tensor: invalid storage offset {}", storage_offset);
  if (!stride.empty() && stride.size() != size.size()) {
    fail("set_: mismatch in length of strides and shape");
  }
  numel_of(size);
  Shape strides = stride.empty() ? contiguous_strides(size) : Shape(stride);
  for (const int64_t s : strides) {
    if (s < 0) {
      fail("set_: as_strided: Negative strides are not supported at the moment, got strides: {}",
           stride);
    }
  }
  TensorImpl& t = *impl();
  const size_t bytes = bytes_for("set_", size, strides, storage_offset, t.dtype);
  t.storage = source.storage();
  t.base = {};
  reserve(t, bytes);
  t.set_geometry(size, std::move(strides), storage_offset);
  return *this;
}

Tensor& Tensor::set_(const Tensor& source) {
  return set_(source, source.storage_offset(), source.sizes(), source.strides());
}

Tensor& Tensor::set_() { return set_(empty({0}, options())); }

Tensor set(const Tensor& self, const Tensor& source) {
  Tensor result = self.detach().clone();
  return result.set_(source);
}

Tensor set(const Tensor& self) {
  Tensor result = self.detach().clone();
  return result.set_();
}

}  // namespace reel
