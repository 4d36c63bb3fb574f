// Queues and notifiers of the C API.

#include <reel/backends/mlu/runtime/cnrt_state.h>
#include <reel/backends/mlu/runtime/queues.h>

namespace bang {

std::shared_ptr<Queue> find_queue(const char* name, cnrtQueue_t handle) {
  if (handle == nullptr || handle == cnrtQueuePerThread || handle == cnrtQueueLegacy) {
    // Default queues are never destroyed, so nothing is shared.
    return {std::shared_ptr<Queue>(), &default_queue(current_device())};
  }
  const std::lock_guard guard(handles().mutex);
  const auto entry = handles().queues.find(reinterpret_cast<uintptr_t>(handle));
  if (entry != handles().queues.end()) return entry->second.queue;
  error(cnrtErrorInvalidResourceHandle, "{}: queue {} was destroyed or never created", name,
        static_cast<const void*>(handle));
  return nullptr;
}

namespace {

constexpr int kLeastPriority = 7;
constexpr int kGreatestPriority = 0;

std::shared_ptr<NotifierState> find_notifier(const char* name, cnrtNotifier_t handle) {
  const std::lock_guard guard(handles().mutex);
  const auto entry = handles().notifiers.find(reinterpret_cast<uintptr_t>(handle));
  if (entry != handles().notifiers.end()) return entry->second;
  error(cnrtErrorInvalidResourceHandle, "{}: notifier {} was destroyed or never created", name,
        static_cast<const void*>(handle));
  return nullptr;
}

bool is_default(cnrtQueue_t queue) {
  return queue == nullptr || queue == cnrtQueuePerThread || queue == cnrtQueueLegacy;
}

cnrtRet_t kernel_failure(const std::string& failure) {
  if (failure.empty()) return cnrtSuccess;
  return set_error(cnrtErrorKernelTrap, failure);
}

cnrtRet_t create_queue(const char* name, cnrtQueue_t* queue, int priority) {
  return guarded(name, [&]() -> cnrtRet_t {
    if (queue == nullptr) return null_argument(name, "queue");
    auto made = std::make_shared<Queue>(current_device());
    const std::lock_guard guard(handles().mutex);
    const uintptr_t handle = handles().new_handle();
    handles().queues[handle] = {std::move(made), priority};
    *queue = reinterpret_cast<cnrtQueue_t>(handle);
    return cnrtSuccess;
  });
}

/// Microseconds between two placements that the queues have reached.
cnrtRet_t elapsed(const char* name, cnrtNotifier_t start, cnrtNotifier_t end, float* out,
                  double scale) {
  return guarded(name, [&]() -> cnrtRet_t {
    if (out == nullptr) return null_argument(name, "the result");
    double times[2] = {};
    int i = 0;
    for (const cnrtNotifier_t handle : {start, end}) {
      const std::shared_ptr<NotifierState> state = find_notifier(name, handle);
      if (state == nullptr) return cnrtPeekAtLastError();
      const std::lock_guard guard(state->mutex);
      const char* which = i == 0 ? "start" : "end";
      if (!state->timed) {
        return error(cnrtErrorArgsInvalid, "{}: {} was created without timing", name, which);
      }
      if (state->placed == 0) {
        return error(cnrtErrorIllegalState, "{}: {} was not placed in a queue", name, which);
      }
      if (state->done < state->placed) {
        return error(cnrtErrorNotReady, "{}: the queue has not come to {} yet", name, which);
      }
      times[i++] = state->time_us;
    }
    *out = static_cast<float>((times[1] - times[0]) * scale);
    return cnrtSuccess;
  });
}

}  // namespace
}  // namespace bang

using namespace bang;

cnrtRet_t cnrtQueueCreate(cnrtQueue_t* queue) {
  return create_queue("cnrtQueueCreate", queue, kLeastPriority);
}

cnrtRet_t cnrtQueueCreateWithPriority(cnrtQueue_t* queue, unsigned int flags, int priority) {
  static constexpr const char* kName = "cnrtQueueCreateWithPriority";
  if (flags != 0) return error(cnrtErrorArgsInvalid, "{}: flags 0x{:x}, expected 0", kName, flags);
  // Beyond the range is its nearest end, as on a card.
  const int kept = priority < kGreatestPriority ? kGreatestPriority
                   : priority > kLeastPriority  ? kLeastPriority
                                                : priority;
  return create_queue(kName, queue, kept);
}

cnrtRet_t cnrtQueueGetPriority(cnrtQueue_t queue, int* priority) {
  static constexpr const char* kName = "cnrtQueueGetPriority";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (priority == nullptr) return null_argument(kName, "priority");
    if (find_queue(kName, queue) == nullptr) return cnrtPeekAtLastError();
    const std::lock_guard guard(handles().mutex);
    const auto entry = handles().queues.find(reinterpret_cast<uintptr_t>(queue));
    *priority = entry == handles().queues.end() ? kLeastPriority : entry->second.priority;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtDeviceGetQueuePriorityRange(int* least, int* greatest) {
  if (least == nullptr || greatest == nullptr) {
    return null_argument("cnrtDeviceGetQueuePriorityRange", "a pointer");
  }
  *least = kLeastPriority;
  *greatest = kGreatestPriority;
  return cnrtSuccess;
}

cnrtRet_t cnrtQueueDestroy(cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtQueueDestroy";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (is_default(queue)) {
      return error(cnrtErrorArgsInvalid, "{}: the default queue can not be destroyed", kName);
    }
    if (in_queue_thread()) return waiting_not_permitted(kName);
    const std::shared_ptr<Queue> found = find_queue(kName, queue);
    if (found == nullptr) return cnrtPeekAtLastError();
    {
      const std::lock_guard guard(handles().mutex);
      handles().queues.erase(reinterpret_cast<uintptr_t>(queue));
    }
    return kernel_failure(found->synchronize());
  });
}

cnrtRet_t cnrtQueueSync(cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtQueueSync";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (in_queue_thread()) return waiting_not_permitted(kName);
    const std::shared_ptr<Queue> found = find_queue(kName, queue);
    return found == nullptr ? cnrtPeekAtLastError() : kernel_failure(found->synchronize());
  });
}

cnrtRet_t cnrtQueueQuery(cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtQueueQuery";
  return guarded(kName, [&]() -> cnrtRet_t {
    const std::shared_ptr<Queue> found = find_queue(kName, queue);
    if (found == nullptr) return cnrtPeekAtLastError();
    if (found->idle()) return cnrtSuccess;
    return error(cnrtErrorNotReady, "{}: the queue has work left", kName);
  });
}

cnrtRet_t cnrtInvokeHostFunc(cnrtQueue_t queue, cnrtHostFn_t function, void* arg) {
  static constexpr const char* kName = "cnrtInvokeHostFunc";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (function == nullptr) return null_argument(kName, "function");
    const std::shared_ptr<Queue> found = find_queue(kName, queue);
    if (found == nullptr) return cnrtPeekAtLastError();
    found->enqueue([=] { function(arg); });
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtNotifierCreateWithFlags(cnrtNotifier_t* notifier, unsigned int flags) {
  static constexpr const char* kName = "cnrtNotifierCreateWithFlags";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (notifier == nullptr) return null_argument(kName, "notifier");
    constexpr unsigned kKnown = CNRT_NOTIFIER_DISABLE_TIMING_SW | CNRT_NOTIFIER_DISABLE_TIMING_ALL;
    if ((flags & ~kKnown) != 0) {
      return error(cnrtErrorArgsInvalid, "{}: flags 0x{:x}", kName, flags);
    }
    auto state = std::make_shared<NotifierState>();
    state->device = current_device();
    state->timed = (flags & CNRT_NOTIFIER_DISABLE_TIMING_ALL) == 0;
    const std::lock_guard guard(handles().mutex);
    const uintptr_t handle = handles().new_handle();
    handles().notifiers[handle] = std::move(state);
    *notifier = reinterpret_cast<cnrtNotifier_t>(handle);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtNotifierCreate(cnrtNotifier_t* notifier) {
  return cnrtNotifierCreateWithFlags(notifier, CNRT_NOTIFIER_DEFAULT);
}

cnrtRet_t cnrtNotifierDestroy(cnrtNotifier_t notifier) {
  static constexpr const char* kName = "cnrtNotifierDestroy";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (find_notifier(kName, notifier) == nullptr) return cnrtPeekAtLastError();
    const std::lock_guard guard(handles().mutex);
    handles().notifiers.erase(reinterpret_cast<uintptr_t>(notifier));
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtPlaceNotifier(cnrtNotifier_t notifier, cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtPlaceNotifier";
  return guarded(kName, [&]() -> cnrtRet_t {
    const std::shared_ptr<NotifierState> state = find_notifier(kName, notifier);
    const std::shared_ptr<Queue> found = state == nullptr ? nullptr : find_queue(kName, queue);
    if (found == nullptr) return cnrtPeekAtLastError();
    if (state->device != found->device()) {
      return error(cnrtErrorDevice, "{}: a notifier of device {} in a queue of device {}", kName,
                   state->device, found->device());
    }
    uint64_t number = 0;
    {
      const std::lock_guard guard(state->mutex);
      number = ++state->placed;
    }
    // The queue outlives its work.
    found->enqueue([state, number, of = found.get()] {
      const double time_us = of->device_time_us();
      {
        const std::lock_guard guard(state->mutex);
        if (state->done >= number) return;  // a later placement in a faster queue
        state->done = number;
        state->time_us = time_us;
      }
      state->reached.notify_all();
    });
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtQueueWaitNotifier(cnrtNotifier_t notifier, cnrtQueue_t queue, unsigned int flags) {
  static constexpr const char* kName = "cnrtQueueWaitNotifier";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (flags != 0) {
      return error(cnrtErrorArgsInvalid, "{}: flags 0x{:x}, expected 0", kName, flags);
    }
    const std::shared_ptr<NotifierState> state = find_notifier(kName, notifier);
    const std::shared_ptr<Queue> found = state == nullptr ? nullptr : find_queue(kName, queue);
    if (found == nullptr) return cnrtPeekAtLastError();
    uint64_t number = 0;
    {
      const std::lock_guard guard(state->mutex);
      number = state->placed;
    }
    // A placement that was sent earlier: queues never wait for each other in a circle.
    found->enqueue([state, number, of = found.get()] {
      double time_us = 0;
      {
        std::unique_lock guard(state->mutex);
        state->reached.wait(guard, [&] { return state->done >= number; });
        time_us = state->time_us;
      }
      // Clocks of different devices have nothing to do with each other.
      const double behind = time_us - of->device_time_us();
      if (state->device == of->device() && behind > 0) of->advance(behind);
    });
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtWaitNotifier(cnrtNotifier_t notifier) {
  static constexpr const char* kName = "cnrtWaitNotifier";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (in_queue_thread()) return waiting_not_permitted(kName);
    const std::shared_ptr<NotifierState> state = find_notifier(kName, notifier);
    if (state == nullptr) return cnrtPeekAtLastError();
    std::unique_lock guard(state->mutex);
    const uint64_t number = state->placed;
    state->reached.wait(guard, [&] { return state->done >= number; });
    host_saw(state->device, state->time_us);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtQueryNotifier(cnrtNotifier_t notifier) {
  static constexpr const char* kName = "cnrtQueryNotifier";
  return guarded(kName, [&]() -> cnrtRet_t {
    const std::shared_ptr<NotifierState> state = find_notifier(kName, notifier);
    if (state == nullptr) return cnrtPeekAtLastError();
    const std::lock_guard guard(state->mutex);
    if (state->done >= state->placed) return cnrtSuccess;
    return error(cnrtErrorNotReady, "{}: the queue has not come to the notifier yet", kName);
  });
}

cnrtRet_t cnrtNotifierElapsedTime(cnrtNotifier_t start, cnrtNotifier_t end, float* ms) {
  return elapsed("cnrtNotifierElapsedTime", start, end, ms, 1e-3);
}

cnrtRet_t cnrtNotifierDuration(cnrtNotifier_t start, cnrtNotifier_t end, float* us) {
  return elapsed("cnrtNotifierDuration", start, end, us, 1);
}
