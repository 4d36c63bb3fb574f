#pragma once

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

  friend void retain(GradHook* hook) { hook->references.increment(); }
  friend void release(GradHook* hook) {
    if (hook->references.decrement()) delete hook;
  }
  Counter references = 1;
};

/// Where a gradient is kept, for a leaf or for an output that retains its gradient.
struct GradCell;
void retain(GradCell* cell);
void release(GradCell* cell);

/// What a tensor knows of the tape. Only tensors that take part in one have it.
struct AutogradSlot {
  AutogradSlot();
  ~AutogradSlot();
  static void* operator new(std::size_t bytes) { return take_block(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { give_block(memory, bytes); }

  /// The entry that produced the tensor; none for a leaf.
  IntrusivePtr<autograd::Entry> entry;
  uint32_t output = 0;
  bool requires_grad = false;
  /// The gradient. An entry whose output retains its gradient shares the cell.
  IntrusivePtr<GradCell> grad;
  std::vector<IntrusivePtr<GradHook>> hooks;
};

/// Scale and zero point of a quantised tensor: value = (q - zero_point) * scale.
struct QuantParams {
  double scale = 1;
  int64_t zero_point = 0;
};

/// Where a view was made, which decides whether it may be written in place while ops are recorded.
enum class ViewOrigin : uint8_t {
  Recorded,      ///< by an op that returns one view, recording
  NoGrad,        ///< while nothing was recorded
  Inference,     ///< under InferenceMode
  OneOfMany,     ///< by an op that returns several views: split, chunk, unbind
  UserFunction,  ///< by an autograd::Function
};

/// Geometry, storage and tape slot of one tensor. Tensor is a handle to it.
class TensorImpl {
 public:
  TensorImpl(Storage storage, ScalarType dtype, Shape sizes, Shape strides, int64_t offset);
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;
  static void* operator new(std::size_t bytes) { return take_block(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { give_block(memory, bytes); }
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
    return base && base_version != storage->version() && base->requires_grad() &&
           (view_origin == ViewOrigin::Recorded || base->slot->entry);
  }
  /// The slot, made if there is none yet.
  AutogradSlot& autograd();
  /// Sets sizes, strides and offset, and what follows from them.
  void set_geometry(Shape new_sizes, Shape new_strides, int64_t new_offset);

  // Read by all, written by set_geometry.
  Shape sizes;
  Shape strides;
  int64_t offset = 0;
  int64_t numel = 0;
  /// True if the strides are those of a fresh tensor of these sizes.
  bool row_major = false;
  Storage storage;
  Owned<AutogradSlot> slot;
  Owned<QuantParams> quant;
  /// The tensor that a view looks into; never itself a view.
  IntrusivePtr<TensorImpl> base;
  /// The storage's version when the view's place on the tape was found.
  uint32_t base_version = 0;
  ScalarType dtype;
  /// Made from a C++ number: it does not widen the dtype of what it meets.
  bool is_wrapped_number = false;
  /// Made under InferenceMode: may never be recorded.
  bool is_inference = false;
  ViewOrigin view_origin = ViewOrigin::Recorded;
  Counter references = 1;
};

inline void retain(TensorImpl* impl) { impl->references.increment(); }
void destroy(TensorImpl* impl);
inline void release(TensorImpl* impl) {
  if (impl->references.decrement()) destroy(impl);
}

}  // namespace reel
