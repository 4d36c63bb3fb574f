#pragma once

// The whole contract between reel and a backend. A backend is a Runtime (memory and order of
// execution on its devices) and a KernelTable (one row per op it can compute). It may leave out any
// row: dispatch composes the op from others or runs it on the CPU (see dispatch.h).

#include <cstddef>
#include <cstdint>
#include <vector>

#include <reel/tensor/device.h>
#include <reel/tensor/dtype.h>
#include <reel/tensor/storage.h>

namespace reel {

/// A tensor as kernels see it: memory, sizes and strides. Owns nothing.
struct View {
  void* data = nullptr;              ///< first element; undefined for an absent optional input
  const int64_t* sizes = nullptr;    ///< `rank` values
  const int64_t* strides = nullptr;  ///< in elements; 0 in broadcast dimensions of inputs
  int64_t numel = 0;                 ///< product of sizes; 0 means there is nothing to do
  int rank = 0;
  ScalarType dtype = ScalarType::Undefined;  ///< Undefined: an optional input that is absent
  StorageImpl* storage = nullptr;            ///< identity and version, for caches of packed weights
  bool row_major = false;  ///< the strides are known to be those of a fresh tensor

  bool defined() const { return dtype != ScalarType::Undefined; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

/// One op to execute. Outputs are allocated, of the right shape and dtype; in place, an output is
/// the very View of an input.
struct Call {
  const char* op = nullptr;     ///< name of the row
  const View* in = nullptr;     ///< `num_in` inputs
  const View* out = nullptr;    ///< `num_out` outputs
  const void* attrs = nullptr;  ///< the op's struct (tensor/ops/*.h); cast by the kernel
  int num_in = 0;
  int num_out = 0;
  Device device;

  template <class Op>
  const Op& as() const {
    return *static_cast<const Op*>(attrs);
  }
};

/// Computes a call. Returns nullptr when done, or the reason for which it does not take this call
/// (a literal such as "groups > 1"); outputs are untouched then. Wrong data (an index outside its
/// dimension) is reported by throwing reel::Error.
using Kernel = const char* (*)(const Call&);

/// The rows of one backend. A row lists the kernels of an op, best first; a call goes to the first
/// that takes it.
class KernelTable {
 public:
  /// Puts a kernel in front of those that the row of this op ("conv2d", "add") already has.
  void add(const char* op, Kernel kernel);
  /// The kernels of an op by its id (see op_id), ended by nullptr; nullptr for an empty row.
  const Kernel* find(int op) const {
    return static_cast<size_t>(op) < rows_.size() ? rows_[static_cast<size_t>(op)].kernels
                                                  : nullptr;
  }

 private:
  static constexpr int kMaxKernels = 3;
  struct Row {
    Kernel kernels[kMaxKernels + 1] = {};
  };
  std::vector<Row> rows_;
};

/// The number under which every table keeps the op of this name; the same for a process's life.
int op_id(const char* name);
/// The name of an op id.
const char* op_name(int id);

enum class CopyKind : uint8_t { HostToDevice, DeviceToHost, DeviceToDevice };

/// What info() tells of a device.
struct DeviceInfo {
  const char* description = "";
  int64_t memory_bytes = 0;  ///< 0: not known
};

/// Memory and execution on the devices of one backend. Members are called from any thread.
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// Optional, default 1. How many devices there are; they are numbered from 0.
  virtual int device_count() const { return 1; }
  /// Required. At least `bytes` bytes aligned to 64, or nullptr if there is no more memory.
  virtual void* allocate(int device, size_t bytes) = 0;
  /// Required. Gives back what allocate returned.
  virtual void release(int device, void* data) = 0;
  /// Required. Copies bytes and returns when they have arrived, after all work queued before it.
  virtual void copy(int device, void* to, const void* from, size_t bytes, CopyKind kind) = 0;
  /// Optional, default false. True if the CPU may read and write this memory directly: copies to
  /// and from the host are then views where an op falls back to the CPU.
  virtual bool host_accessible() const { return false; }
  /// Optional, default none. A queue of its own for asynchronous work; nullptr is the default one.
  virtual void* create_queue(int /*device*/) { return nullptr; }
  /// Optional. Frees a queue of create_queue, after its work is done.
  virtual void destroy_queue(int /*device*/, void* /*queue*/) {}
  /// Optional, default none. Marks the present end of a queue.
  virtual void* record_event(int /*device*/, void* /*queue*/) { return nullptr; }
  /// Optional. Waits until a queue has reached the mark, and frees it.
  virtual void wait_event(int /*device*/, void* /*event*/) {}
  /// Optional, default nothing. Returns when all queued work of the device is done.
  virtual void synchronize(int /*device*/) {}
  /// Optional. A description for people and the size of the memory.
  virtual DeviceInfo info(int /*device*/) const { return {}; }
};

/// A backend: its name, its runtime, its rows. Lives as long as the process.
struct Backend {
  const char* name = nullptr;  ///< as in "name:0"
  Runtime* runtime = nullptr;
  KernelTable kernels;
};

/// Changes with this header and with the op structs; a plugin built for another number is refused.
inline constexpr int kBackendAbi = 2;

/// What a plugin library exports as `extern "C" const reel::BackendPlugin* reel_backend_plugin()`.
struct BackendPlugin {
  int abi = kBackendAbi;
  const char* name = nullptr;
  /// Fills in runtime and kernels; called once.
  void (*register_backend)(Backend&) = nullptr;
};

}  // namespace reel
