#include <mutex>

#include <reel/backends/mlu.h>
#include <reel/backends/mlu/kernels/kernels.h>
#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/queues.h>
#include <reel/backends/registry.h>
#include <reel/tensor/check.h>

namespace reel {
namespace {

// Kernels run in a device's default queue. What fails in them is thrown where the host next waits.
void finish(int device) {
  const std::string failure = bang::default_queue(device).synchronize();
  if (!failure.empty()) throw Error(failure);
}

class MluRuntime final : public Runtime {
 public:
  int device_count() const override { return bang::device_count(); }
  void* allocate(int device, size_t bytes) override { return bang::device_allocate(device, bytes); }
  void release(int device, void* data) override {
    // Not before the kernels that use it have ended; a failure is kept for who waits for results.
    bang::finish_device(device);
    bang::device_release(data);
  }
  void copy(int device, void* to, const void* from, size_t bytes, CopyKind) override {
    finish(device);
    bang::device_copy(to, from, bytes);
  }
  void synchronize(int device) override { finish(device); }
  DeviceInfo info(int device) const override {
    return {bang::arch().name, static_cast<int64_t>(bang::memory_info(device).total)};
  }
};

void fill_mlu(Backend& backend) {
  static MluRuntime& runtime = *new MluRuntime;
  backend.runtime = &runtime;
  mlu::register_kernels(backend.kernels);
}

}  // namespace

void register_mlu() {
  static std::once_flag once;
  std::call_once(once, [] { backends::register_backend("mlu", fill_mlu); });
}

namespace mlu {

double device_time_us(int device) {
  finish(device);
  return bang::default_queue(device).device_time_us();
}

}  // namespace mlu
}  // namespace reel
