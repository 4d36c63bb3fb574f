#pragma once

#include <optional>

#include <reel/tensor/device.h>
#include <reel/tensor/dtype.h>
#include <reel/tensor/shape.h>

namespace reel {

/// What new tensors get when nothing is said: Float until set.
ScalarType get_default_dtype();
/// Any floating-point type.
void set_default_dtype(ScalarType type);

/// The device on which tensors are created when none is named; cpu unless a guard says otherwise.
Device current_device();

/// How elements lie in memory: by strides, always.
enum class Layout : uint8_t { Strided };
inline constexpr Layout kStrided = Layout::Strided;

/// Places what is created in its scope: `DeviceGuard guard("mlu:0");`.
class DeviceGuard {
 public:
  explicit DeviceGuard(Device device);
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;
  ~DeviceGuard();

 private:
  Device previous_;
};

/// dtype, device and requires_grad of a new tensor; what is not set takes the default.
/// `zeros({2, 3}, kLong)`, `ones(4, dtype(kDouble).requires_grad(true))`.
class TensorOptions {
 public:
  TensorOptions() = default;
  TensorOptions(ScalarType type) : dtype_(type) {}
  TensorOptions(Device device) : device_(device), has_device_(true) {}
  TensorOptions(DeviceType device) : TensorOptions(Device(device)) {}
  explicit TensorOptions(const char* device) : TensorOptions(Device(device)) {}

  [[nodiscard]] TensorOptions dtype(ScalarType type) const {
    TensorOptions o = *this;
    o.dtype_ = type;
    return o;
  }
  [[nodiscard]] TensorOptions device(Device device) const {
    TensorOptions o = *this;
    o.device_ = device;
    o.has_device_ = true;
    return o;
  }
  [[nodiscard]] TensorOptions device(DeviceType type, int index) const {
    return device(Device(type, index));
  }
  [[nodiscard]] TensorOptions layout(Layout) const { return *this; }
  /// Memory of the CPU is not pinned for a device; accepted for programs that ask.
  [[nodiscard]] TensorOptions pinned_memory(bool) const { return *this; }
  [[nodiscard]] TensorOptions requires_grad(bool value) const {
    TensorOptions o = *this;
    o.requires_grad_ = value;
    return o;
  }
  [[nodiscard]] TensorOptions memory_format(MemoryFormat format) const {
    TensorOptions o = *this;
    o.memory_format_ = format;
    return o;
  }

  // Nothing given leaves the property unset.
  [[nodiscard]] TensorOptions dtype(std::optional<ScalarType> type) const {
    return dtype(type.value_or(ScalarType::Undefined));
  }
  template <class Optional>
  requires std::is_same_v<Optional, std::optional<Device>>
  [[nodiscard]] TensorOptions device(Optional device) const {
    return device.has_value() ? this->device(*device) : this->device(std::nullopt);
  }
  [[nodiscard]] TensorOptions device(std::nullopt_t) const {
    TensorOptions o = *this;
    o.device_ = Device();
    o.has_device_ = false;
    return o;
  }
  [[nodiscard]] TensorOptions requires_grad(std::optional<bool> value) const {
    return requires_grad(value.value_or(false));
  }
  [[nodiscard]] TensorOptions memory_format(std::optional<MemoryFormat> format) const {
    return memory_format(format.value_or(MemoryFormat::Preserve));
  }

  bool has_dtype() const { return dtype_ != ScalarType::Undefined; }
  bool has_device() const { return has_device_; }
  ScalarType dtype() const { return has_dtype() ? dtype_ : get_default_dtype(); }
  Device device() const { return has_device_ ? device_ : current_device(); }
  Layout layout() const { return kStrided; }
  bool pinned_memory() const { return false; }
  bool requires_grad() const { return requires_grad_; }
  /// Preserve if not set: as the input, or contiguous where there is none.
  MemoryFormat memory_format() const { return memory_format_; }

 private:
  ScalarType dtype_ = ScalarType::Undefined;
  Device device_;
  bool has_device_ = false;
  bool requires_grad_ = false;
  MemoryFormat memory_format_ = MemoryFormat::Preserve;
};

inline TensorOptions dtype(ScalarType type) { return TensorOptions(type); }
inline TensorOptions device(Device device) { return TensorOptions(device); }
inline TensorOptions layout(Layout layout) { return TensorOptions().layout(layout); }
inline TensorOptions requires_grad(bool value = true) {
  return TensorOptions().requires_grad(value);
}

}  // namespace reel
