#include <atomic>

#include <reel/tensor/check.h>
#include <reel/tensor/options.h>

namespace reel {
namespace {

std::atomic<ScalarType> default_dtype{ScalarType::Float};
thread_local Device thread_device;

}  // namespace

ScalarType get_default_dtype() { return default_dtype.load(std::memory_order_relaxed); }

void set_default_dtype(ScalarType type) {
  if (!is_floating_point(type)) {
    fail("set_default_dtype: only floating-point types are supported as the default type, got {}",
         type);
  }
  default_dtype.store(type, std::memory_order_relaxed);
}

Device current_device() { return thread_device; }

DeviceGuard::DeviceGuard(Device device) : previous_(thread_device) { thread_device = device; }

DeviceGuard::~DeviceGuard() { thread_device = previous_; }

}  // namespace reel
