// Numbers that meet tensors, as tensors without dimensions.

#include <array>
#include <cstring>
#include <mutex>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/ops/elementwise_call.h>

namespace reel::ops {
namespace {

Tensor as_tensor(const Scalar& element, const TensorOptions& options) {
  Tensor t = scalar_tensor(element, options);
  t.impl()->is_wrapped_number = true;
  return t;
}

// The last numbers that met tensors of devices. To write one to the memory of a device is a launch,
// which takes the device as long as a small op; and an optimizer has the same numbers for all
// parameters, most of them in all steps. Nobody writes to these tensors.
class KeptNumbers {
 public:
  /// `bits`: the element in memory.
  Tensor get(const std::array<unsigned char, 16>& bits, const Scalar& element, ScalarType type,
             Device device) {
    const std::lock_guard lock(mutex_);
    for (const Kept& kept : kept_) {
      if (kept.bits == bits && kept.tensor.defined() && kept.tensor.dtype() == type &&
          kept.tensor.device() == device) {
        return kept.tensor;
      }
    }
    const InferenceMode recordable(false);
    const Tensor t = as_tensor(element, TensorOptions(type).device(device));
    kept_[next_++ % kept_.size()] = {bits, t};
    return t;
  }

 private:
  struct Kept {
    std::array<unsigned char, 16> bits{};
    Tensor tensor;
  };
  std::mutex mutex_;
  std::array<Kept, 64> kept_;
  size_t next_ = 0;
};

}  // namespace

Tensor wrap(const Scalar& value, ScalarType type, const Tensor& like) {
  std::array<unsigned char, 16> bits{};
  const Scalar element = visit_dtype(type, [&]<class T>() {
    const T converted = value.to<T>();
    static_assert(sizeof(T) <= bits.size());
    std::memcpy(bits.data(), &converted, sizeof(T));
    return Scalar(converted);
  });
  if (like.device().is_cpu()) return as_tensor(element, TensorOptions(type).device(like.device()));
  // Never destroyed: its tensors may outlive what their device needs at the end of the program.
  static auto& numbers = *new KeptNumbers;
  return numbers.get(bits, element, type, like.device());
}

}  // namespace reel::ops
