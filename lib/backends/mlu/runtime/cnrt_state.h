#pragma once

// What stands behind the handles and errors of cnrt.h.

#include <cnrt.h>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <reel/backends/mlu/runtime/device.h>
#include <reel/tensor/check.h>

namespace bang {

/// Keeps an error for cnrtGetLastError and cnrtGetLastErrorDetail of the calling thread, and
/// returns its code.
cnrtRet_t set_error(cnrtRet_t code, std::string detail);

template <class... Args>
cnrtRet_t error(cnrtRet_t code, fmt::format_string<Args...> format, Args&&... args) {
  return set_error(code, fmt::format(format, static_cast<Args&&>(args)...));
}

/// The body of a function of the API: exceptions become errors.
template <class Body>
cnrtRet_t guarded(const char* name, const Body& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return error(cnrtErrorSysNoMem, "{}: the host has no memory left", name);
  } catch (const std::exception& failure) {
    return error(cnrtErrorUnknown, "{}: {}", name, failure.what());
  }
}

inline cnrtRet_t null_argument(const char* name, const char* argument) {
  return error(cnrtErrorArgsInvalid, "{}: {} is null", name, argument);
}
inline bool valid_device(int ordinal) { return ordinal >= 0 && ordinal < device_count(); }
inline cnrtRet_t invalid_device(const char* name, int ordinal) {
  return error(cnrtErrorDeviceInvalid, "{}: device {} of {}", name, ordinal, device_count());
}
inline cnrtRet_t waiting_not_permitted(const char* name) {
  return error(cnrtErrorOpsNotPermitted,
               "{}: a function that runs in a queue must not wait for queues", name);
}

/// The queue of a handle; the default queue of the current device for a null one; nullptr if the
/// handle is none of a living queue (then the error is set).
std::shared_ptr<Queue> find_queue(const char* name, cnrtQueue_t handle);

/// Where a notifier was placed last, and how far the queues have come with it.
struct NotifierState {
  std::mutex mutex;
  std::condition_variable reached;
  int device = 0;
  bool timed = true;
  uint64_t placed = 0, done = 0;  ///< numbers of its placements
  double time_us = 0;             ///< of the placement `done`
};

/// The handles are numbers that are never given twice, so that one of a destroyed object is known.
struct Handles {
  struct QueueEntry {
    std::shared_ptr<Queue> queue;
    int priority;
  };
  std::mutex mutex;
  uintptr_t next = 0x1000;
  std::unordered_map<uintptr_t, QueueEntry> queues;
  std::unordered_map<uintptr_t, std::shared_ptr<NotifierState>> notifiers;
  std::unordered_set<void*> blocks;               ///< of cnrtMalloc
  std::unordered_map<void*, size_t> host_blocks;  ///< of cnrtHostMalloc

  uintptr_t new_handle() { return next += 16; }
};
Handles& handles();

/// Releases all that cnrtMalloc gave of a device.
void free_blocks(int device);

}  // namespace bang
