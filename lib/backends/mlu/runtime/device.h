#pragma once

// Devices, their memory and their queues: what the C API (cnrt) and the backend stand on. All of it
// may be called from any host thread.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace bang {

/// How many devices there are: REEL_MLU_DEVICES, default 2.
int device_count();
/// Bytes of GDRAM of a device (REEL_MLU_MEMORY_MB, default 8192) and how many are free.
struct MemoryInfo {
  size_t total, free;
};
MemoryInfo memory_info(int device);

/// Device memory, aligned to 128 bytes; nullptr if there is no more. The host can not touch it: a
/// read or write outside of kernels and copies ends the program with a message that says so.
void* device_allocate(int device, size_t bytes);
/// False if `p` is not the start of a living block (a double free is told from a wild pointer by
/// `was_freed`).
bool device_release(void* p, bool* was_freed = nullptr);
/// The device whose memory holds [p, p + bytes), -1: not wholly inside one living block.
int device_of(const void* p, size_t bytes);

/// True if p lies in the address range of a device, in a block or not. Quick.
bool in_device_memory(const void* p);

/// Copies bytes while the device's memory is open. Both pointers were checked.
void device_copy(void* to, const void* from, size_t bytes);
void device_fill(void* to, int value, size_t bytes);

/// How often work of the program itself, kernels and copies that are not the backend's, was sent to
/// a device or ended there. It may have written to the memory of any tensor, which no version
/// counts.
uint64_t foreign_work();
void note_foreign_work();

/// In its scope, what the thread sends to devices is the backend's work.
class BackendWork {
 public:
  BackendWork();
  ~BackendWork();
  BackendWork(const BackendWork&) = delete;
  BackendWork& operator=(const BackendWork&) = delete;
  static bool is_enabled();

 private:
  bool before_;
};

/// Work in order on one device. Every queue has a thread of its own that starts with its first
/// work.
class Queue {
 public:
  explicit Queue(int device) : device_(device) {}
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  int device() const { return device_; }
  void enqueue(std::function<void()> work);
  /// Waits until all work is done, and takes the failure of a kernel if there was one ("" if not).
  std::string synchronize();
  /// True if there is no work left.
  bool idle();
  /// Time on the device's clock when the work so far ended, in microseconds of the cycle model.
  double device_time_us();
  /// What a kernel that ran in this queue took; called by the launch.
  void advance(double us);
  void set_failure(std::string message);

 private:
  void run();

  const int device_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<std::function<void()>> work_;
  std::thread thread_;
  bool busy_ = false, stop_ = false;
  double time_us_ = 0;
  std::string failure_;
};

/// The queue of a device that is meant by a null queue.
Queue& default_queue(int device);
/// Waits for all queues of a device; the first failure, or "".
std::string synchronize_device(int device);

/// The device that the calling host thread has set (cnrtSetDevice); 0 at first.
int current_device();
void set_current_device(int device);

}  // namespace bang
