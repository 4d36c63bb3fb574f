#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <reel/tensor/dtype.h>
#include <reel/tensor/shape.h>
#include <reel/tensor/storage.h>

namespace reel {

class TensorImpl;
class Tensor;
namespace autograd {
class Entry;
void retain(Entry* entry);
void release(Entry* entry);
}  // namespace autograd

void retain(TensorImpl* impl);
void release(TensorImpl* impl);

/// What a user registered to see, or replace, a gradient.
struct GradHook {
  virtual ~GradHook() = default;
  /// The gradient to go on with; an undefined tensor leaves it as it is.
  virtual Tensor operator()(const Tensor& grad) = 0;
};

/// What a tensor knows of the tape. Only tensors that take part in one have it.
struct AutogradSlot {
  AutogradSlot();
  ~AutogradSlot();

  /// The entry that produced the tensor; none for a leaf.
  IntrusivePtr<autograd::Entry> entry;
  uint32_t output = 0;
  bool requires_grad = false;
  /// The gradient. An entry whose output retains its gradient shares the cell.
  std::shared_ptr<Tensor> grad;
  std::vector<std::shared_ptr<GradHook>> hooks;
};

/// Scale and zero point of a quantised tensor: value = (q - zero_point) * scale.
struct QuantParams {
  double scale = 1;
  int64_t zero_point = 0;
};

/// Geometry, storage and tape slot of one tensor. Tensor is a handle to it.
class TensorImpl {
 public:
  TensorImpl(Storage storage, ScalarType dtype, Shape sizes, Shape strides, int64_t offset);
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;
  ~TensorImpl();

  /// Another tensor over the same memory, off the tape.
  IntrusivePtr<TensorImpl> detached() const;
  void* data() const {
    return static_cast<char*>(storage->data()) + offset * static_cast<int64_t>(element_size(dtype));
  }
  bool requires_grad() const {
    return (slot != nullptr && (slot->requires_grad || static_cast<bool>(slot->entry))) ||
           (base && is_stale_view());
  }
  /// True for a view whose base was written in place since the view found its place on the tape,
  /// and is on the tape now.
  bool is_stale_view() const {
    return base && base_version != storage->version() && base->requires_grad();
  }
  /// The slot, made if there is none yet.
  AutogradSlot& autograd();

  Shape sizes;
  Shape strides;
  int64_t offset = 0;
  int64_t numel = 0;
  Storage storage;
  std::unique_ptr<AutogradSlot> slot;
  std::unique_ptr<QuantParams> quant;
  /// The tensor that a view made while recording looks into; never itself a view.
  IntrusivePtr<TensorImpl> base;
  /// The storage's version when the view's place on the tape was found.
  uint32_t base_version = 0;
  ScalarType dtype;
  /// Made from a C++ number: it does not widen the dtype of what it meets.
  bool is_wrapped_number = false;
  /// Made under InferenceMode: may never be recorded.
  bool is_inference = false;
  std::atomic<uint32_t> references{1};
};

inline void retain(TensorImpl* impl) { impl->references.fetch_add(1, std::memory_order_relaxed); }
inline void release(TensorImpl* impl) {
  if (impl->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete impl;
}

}  // namespace reel
