#pragma once

#include <cstdint>
#include <string>

namespace reel {

/// Which backend holds a tensor. The values beyond MLU are given out as plugins register.
/// CUDA is a name that programs may ask for and that no backend answers to.
enum class DeviceType : uint8_t { CPU = 0, MLU = 1, CUDA = 255 };

inline constexpr DeviceType kCPU = DeviceType::CPU;
inline constexpr DeviceType kMLU = DeviceType::MLU;
inline constexpr DeviceType kCUDA = DeviceType::CUDA;

/// A place for tensors: a backend and the number of one of its devices.
class Device {
 public:
  constexpr Device(DeviceType type = DeviceType::CPU, int index = -1)
      : type_(type), index_(static_cast<int8_t>(index)) {}
  /// Parses "cpu", "mlu:0" or "name:N" of a registered backend; throws for unknown names.
  Device(const std::string& name);
  Device(const char* name) : Device(std::string(name)) {}

  constexpr DeviceType type() const { return type_; }
  /// -1 if none was named, which means the backend's first device.
  constexpr int index() const { return index_; }
  constexpr int ordinal() const { return index_ < 0 ? 0 : index_; }
  constexpr bool has_index() const { return index_ >= 0; }
  constexpr bool is_cpu() const { return type_ == DeviceType::CPU; }
  constexpr bool is_cuda() const { return type_ == DeviceType::CUDA; }
  /// "cpu" or "mlu:0".
  std::string str() const;

  friend constexpr bool operator==(Device a, Device b) {
    return a.type_ == b.type_ && a.ordinal() == b.ordinal();
  }

 private:
  DeviceType type_;
  int8_t index_;
};

}  // namespace reel
