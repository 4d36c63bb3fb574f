#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <reel/tensor/check.h>
#include <reel/tensor/tensor.h>
#include <reel/tensor/visit.h>

namespace reel {

void StorageImpl::swap_memory(StorageImpl& other) {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(deleter_, other.deleter_);
  std::swap(context_, other.context_);
}

AutogradSlot::AutogradSlot() = default;
AutogradSlot::~AutogradSlot() = default;

void retain(GradCell* cell) { cell->references.increment(); }
void release(GradCell* cell) {
  if (cell->references.decrement()) delete cell;
}

TensorImpl::TensorImpl(Storage s, ScalarType type, Shape size, Shape stride, int64_t at)
    : storage(std::move(s)), dtype(type) {
  set_geometry(std::move(size), std::move(stride), at);
}

TensorImpl::~TensorImpl() = default;

void destroy(TensorImpl* impl) { delete impl; }
void destroy(StorageImpl* storage) { delete storage; }

void TensorImpl::set_geometry(Shape new_sizes, Shape new_strides, int64_t new_offset) {
  numel = numel_of(new_sizes);
  sizes = std::move(new_sizes);
  strides = std::move(new_strides);
  offset = new_offset;
  row_major = true;
  int64_t expected = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    row_major = row_major && strides[d] == expected;
    expected *= sizes[d] == 0 ? 1 : sizes[d];
  }
}

IntrusivePtr<TensorImpl> TensorImpl::detached() const {
  auto copy =
      IntrusivePtr<TensorImpl>::adopt(new TensorImpl(storage, dtype, sizes, strides, offset));
  if (quant != nullptr) copy->quant = std::make_unique<QuantParams>(*quant);
  copy->is_inference = is_inference;
  return copy;
}

AutogradSlot& TensorImpl::autograd() {
  if (slot == nullptr) slot = std::make_unique<AutogradSlot>();
  return *slot;
}

void Tensor::undefined_tensor() {
  fail("tensor: expected a defined tensor, got an undefined one (a default-constructed Tensor)");
}

int64_t Tensor::size(int64_t dim) const {
  if (this->dim() == 0)
    fail_index("size: dimension specified as {} but tensor has no dimensions", dim);
  return impl()->sizes[static_cast<size_t>(wrap_dim(dim, this->dim()))];
}

int64_t Tensor::stride(int64_t dim) const {
  if (this->dim() == 0) {
    fail_index("stride: dimension specified as {} but tensor has no dimensions", dim);
  }
  return impl()->strides[static_cast<size_t>(wrap_dim(dim, this->dim()))];
}

bool Tensor::is_contiguous(MemoryFormat format) const {
  if (format == MemoryFormat::ChannelsLast) return is_channels_last_layout(sizes(), strides());
  return impl()->row_major || is_contiguous_layout(sizes(), strides());
}

void* Tensor::data_ptr() const { return impl()->data(); }

void* Tensor::typed_data(ScalarType type) const {
  if (type != dtype()) {
    fail("data_ptr: expected scalar type {} but found {}", type, dtype());
  }
  return impl()->data();
}

Scalar Tensor::item() const {
  if (numel() != 1) {
    fail("item: a Tensor with {} elements cannot be converted to Scalar", numel());
  }
  if (!device().is_cpu()) return detach().to(Device(kCPU)).item();
  if (is_quantized(dtype())) return dequantize().item();
  return visit_dtype(dtype(), [this]<class T>() { return Scalar(*data_ptr<T>()); });
}

namespace detail {
void check_accessor(const Tensor& tensor, size_t rank) {
  if (tensor.sizes().size() != rank) {
    fail("accessor: TensorAccessor expected {} dims but tensor has {}", rank, tensor.dim());
  }
  if (!tensor.device().is_cpu()) {
    fail("accessor: expected a tensor on cpu, got one on {}", tensor.device());
  }
}

void check_accessor32(const Tensor& tensor, size_t rank) {
  check_accessor(tensor, rank);
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  int64_t last = tensor.numel();
  for (int64_t d = 0; d < tensor.dim() && tensor.numel() > 0; ++d) {
    last = std::max({last, tensor.stride(d), (tensor.size(d) - 1) * tensor.stride(d)});
  }
  if (last > kMost) {
    fail(
        "packed_accessor32: numel needs to be smaller than int32_t max; otherwise, please use "
        "packed_accessor64");
  }
}
}  // namespace detail

Tensor Tensor::detach() const {
  Tensor result(impl()->detached());
  return result;
}

}  // namespace reel
