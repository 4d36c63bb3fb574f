// Memory of the C API. Every pointer is looked up: a wrong one is an error with the block that it
// nearly lies in, and never a crash.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/cnrt_state.h>
#include <reel/backends/mlu/runtime/queues.h>

namespace bang {
namespace {

/// One side of a copy: which argument it is, and the device it must lie on (kHost: on none).
struct Side {
  const char* argument;
  const void* p;
  size_t bytes;
};
constexpr int kHost = -1;

/// Finds the device of one side, kHost for host memory. Device memory that is not wholly inside a
/// living block is an error.
cnrtRet_t find_side(const char* name, const Side& side, int* device) {
  if (side.p == nullptr) return null_argument(name, side.argument);
  *device = device_of(side.p, side.bytes);
  if (*device >= 0) return cnrtSuccess;
  *device = kHost;
  const Location at = locate(side.p);
  if (at.kind == Location::Kind::elsewhere) return cnrtSuccess;
  if (at.kind == Location::Kind::living) {
    return error(cnrtErrorArgsInvalid,
                 "{}: {} bytes from {} {} on leave their block: the address is {}", name,
                 side.bytes, side.argument, side.p, describe_address(side.p));
  }
  return error(cnrtErrorArgsInvalid, "{}: {} {} is not device memory in use: it is {}", name,
               side.argument, side.p, describe_address(side.p));
}

cnrtRet_t expect_side(const char* name, const Side& side, int device, bool on_device,
                      const char* direction) {
  if ((device != kHost) == on_device) return cnrtSuccess;
  return error(cnrtErrorArgsInvalid, "{}: {} expects {} memory as {}, {} is {}", name, direction,
               on_device ? "device" : "host", side.argument, side.p, describe_address(side.p));
}

struct Direction {
  const char* name;
  bool to_device, from_device;
};
constexpr Direction kDirections[] = {{"cnrtMemcpyHostToDev", true, false},
                                     {"cnrtMemcpyDevToDev", true, true},
                                     {"cnrtMemcpyDevToHost", false, true},
                                     {"cnrtMemcpyHostToHost", false, false},
                                     {"cnrtMemcpyPeerToPeer", true, true}};

/// Checks everything about a copy. `device` is one that takes part, kHost if none does.
cnrtRet_t check_copy(const char* name, const Side& dst, const Side& src,
                     cnrtMemTransDir_t direction, int* device) {
  // An int, since a C program may pass any.
  const int number = static_cast<int>(direction);
  if (number < cnrtMemcpyHostToDev || number > cnrtMemcpyNoDirection) {
    return error(cnrtErrorMemcpyDirectionInvalid, "{}: direction {}", name, number);
  }
  int to = kHost, from = kHost;
  if (const cnrtRet_t code = find_side(name, dst, &to); code != cnrtSuccess) return code;
  if (const cnrtRet_t code = find_side(name, src, &from); code != cnrtSuccess) return code;
  *device = to != kHost ? to : from;
  if (direction == cnrtMemcpyNoDirection) return cnrtSuccess;
  const Direction& wanted = kDirections[number];
  cnrtRet_t code = expect_side(name, dst, to, wanted.to_device, wanted.name);
  if (code != cnrtSuccess) return code;
  code = expect_side(name, src, from, wanted.from_device, wanted.name);
  if (code != cnrtSuccess) return code;
  if (direction == cnrtMemcpyDevToDev && to != from) {
    return error(cnrtErrorArgsInvalid,
                 "{}: cnrtMemcpyDevToDev from device {} to device {}: between devices it is "
                 "cnrtMemcpyPeerToPeer",
                 name, from, to);
  }
  return cnrtSuccess;
}

cnrtRet_t check_fill(const char* name, void* p, size_t bytes, int* device) {
  const Side side{"the pointer", p, bytes};
  if (const cnrtRet_t code = find_side(name, side, device); code != cnrtSuccess) return code;
  if (*device != kHost) return cnrtSuccess;
  return error(cnrtErrorArgsInvalid, "{}: {} is host memory, expected device memory", name, p);
}

/// Blocking calls take their place behind the work of the default queue.
cnrtRet_t wait_for_default_queue(const char* name, int device) {
  if (in_queue_thread()) return waiting_not_permitted(name);
  if (device == kHost) return cnrtSuccess;
  const std::string failure = default_queue(device).synchronize();
  if (failure.empty()) return cnrtSuccess;
  return error(cnrtErrorKernelTrap, "{}: earlier in the default queue: {}", name, failure);
}

/// Work on device memory that was right when it was sent may come after the end of its block.
void check_still_there(const char* name, const Side& side, int device) {
  if (device_of(side.p, side.bytes) == device) return;
  reel::fail("{}: {} {} was freed before the queue came to it", name, side.argument, side.p);
}

cnrtRet_t copy_async(const char* name, void* dst, const void* src, size_t bytes, cnrtQueue_t handle,
                     cnrtMemTransDir_t direction) {
  return guarded(name, [&]() -> cnrtRet_t {
    const Side to{"dst", dst, bytes}, from{"src", src, bytes};
    int device = kHost;
    const cnrtRet_t code = check_copy(name, to, from, direction, &device);
    if (code != cnrtSuccess) return code;
    const std::shared_ptr<Queue> queue = find_queue(name, handle);
    if (queue == nullptr) return cnrtPeekAtLastError();
    const int to_device = device_of(dst, bytes), from_device = device_of(src, bytes);
    queue->enqueue([=] {
      check_still_there(name, {"dst", dst, bytes}, to_device);
      check_still_there(name, {"src", src, bytes}, from_device);
      device_copy(dst, src, bytes);
    });
    return cnrtSuccess;
  });
}

void fill_words(void* p, uint32_t value, size_t count) {
  const DeviceMemoryAccess access;
  std::fill_n(static_cast<uint32_t*>(p), count, value);
}

/// Fills at once, or in a queue: `fill` gets no arguments and knows what to do.
template <class Fill>
cnrtRet_t fill_memory(const char* name, void* p, size_t bytes, const cnrtQueue_t* handle,
                      const Fill& fill) {
  return guarded(name, [&]() -> cnrtRet_t {
    int device = kHost;
    if (const cnrtRet_t code = check_fill(name, p, bytes, &device); code != cnrtSuccess) {
      return code;
    }
    if (handle == nullptr) {
      const cnrtRet_t code = wait_for_default_queue(name, device);
      if (code == cnrtSuccess) fill();
      note_foreign_work();
      return code;
    }
    const std::shared_ptr<Queue> queue = find_queue(name, *handle);
    if (queue == nullptr) return cnrtPeekAtLastError();
    queue->enqueue([=] {
      check_still_there(name, {"the pointer", p, bytes}, device);
      fill();
    });
    return cnrtSuccess;
  });
}

cnrtRet_t fill_with_words(const char* name, void* p, uint32_t value, size_t count,
                          const cnrtQueue_t* handle) {
  if (count > SIZE_MAX / sizeof(value)) {
    return error(cnrtErrorArgsInvalid, "{}: {} values of 4 bytes", name, count);
  }
  if (reinterpret_cast<uintptr_t>(p) % sizeof(value) != 0) {
    return error(cnrtErrorArgsInvalid, "{}: {} is not a multiple of 4", name, p);
  }
  return fill_memory(name, p, count * sizeof(value), handle, [=] { fill_words(p, value, count); });
}

/// Releases what cnrtMalloc gave, when all queues of its device have come to an end.
cnrtRet_t free_block(const char* name, void* p) {
  if (p == nullptr) return cnrtSuccess;
  if (in_queue_thread()) return waiting_not_permitted(name);
  {
    const std::lock_guard guard(handles().mutex);
    if (!handles().blocks.contains(p)) {
      const Location at = locate(p);
      const bool start = at.start == reinterpret_cast<uintptr_t>(p);
      if (at.kind == Location::Kind::freed && start) {
        return error(cnrtErrorArgsInvalid, "{}: {} was freed already (a block of {} bytes)", name,
                     p, at.bytes);
      }
      return error(cnrtErrorArgsInvalid, "{}: {} was not returned by cnrtMalloc: it is {}", name, p,
                   describe_address(p));
    }
    // From here on a second thread that frees it is told.
    handles().blocks.erase(p);
  }
  finish_device(device_of(p, 0));
  bool was_freed = false;
  if (device_release(p, &was_freed)) return cnrtSuccess;
  return error(cnrtErrorArgsInvalid, "{}: {} is no block in use", name, p);
}

}  // namespace

void free_blocks(int device) {
  const std::lock_guard guard(handles().mutex);
  std::erase_if(handles().blocks,
                [&](void* p) { return device_of(p, 0) == device && device_release(p); });
}

}  // namespace bang

using namespace bang;

cnrtRet_t cnrtMalloc(void** p, size_t bytes) {
  return guarded("cnrtMalloc", [&]() -> cnrtRet_t {
    if (p == nullptr) return null_argument("cnrtMalloc", "the pointer to the pointer");
    *p = nullptr;
    if (bytes == 0) return error(cnrtErrorArgsInvalid, "cnrtMalloc: 0 bytes");
    void* block = device_allocate(current_device(), bytes);
    if (block == nullptr) {
      const MemoryInfo info = memory_info(current_device());
      return error(cnrtErrorNoMem,
                   "cnrtMalloc: {} bytes, {} of {} bytes of device {} are free "
                   "(REEL_MLU_MEMORY_MB gives it more)",
                   bytes, info.free, info.total, current_device());
    }
    const std::lock_guard guard(handles().mutex);
    handles().blocks.insert(block);
    *p = block;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtFree(void* p) {
  return guarded("cnrtFree", [&] { return free_block("cnrtFree", p); });
}

cnrtRet_t cnrtHostMalloc(void** p, size_t bytes) {
  return guarded("cnrtHostMalloc", [&]() -> cnrtRet_t {
    if (p == nullptr) return null_argument("cnrtHostMalloc", "the pointer to the pointer");
    *p = nullptr;
    constexpr size_t kAlign = 4096;
    if (bytes == 0) return error(cnrtErrorArgsInvalid, "cnrtHostMalloc: 0 bytes");
    void* block = bytes > SIZE_MAX - kAlign
                      ? nullptr
                      : std::aligned_alloc(kAlign, (bytes + kAlign - 1) / kAlign * kAlign);
    if (block == nullptr) {
      return error(cnrtErrorSysNoMem, "cnrtHostMalloc: {} bytes, the host does not have them",
                   bytes);
    }
    const std::lock_guard guard(handles().mutex);
    handles().host_blocks[block] = bytes;
    *p = block;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtFreeHost(void* p) {
  return guarded("cnrtFreeHost", [&]() -> cnrtRet_t {
    if (p == nullptr) return cnrtSuccess;
    const std::lock_guard guard(handles().mutex);
    if (handles().host_blocks.erase(p) == 0) {
      return error(cnrtErrorArgsInvalid,
                   "cnrtFreeHost: {} was not returned by cnrtHostMalloc, or was freed already: it "
                   "is {}",
                   p, describe_address(p));
    }
    std::free(p);
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  return guarded("cnrtMemGetInfo", [&]() -> cnrtRet_t {
    // A card's runtime takes null for what is not asked for.
    if (free_bytes == nullptr && total_bytes == nullptr) {
      return null_argument("cnrtMemGetInfo", "both pointers");
    }
    const MemoryInfo info = memory_info(current_device());
    if (free_bytes != nullptr) *free_bytes = info.free;
    if (total_bytes != nullptr) *total_bytes = info.total;
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtPointerGetAttributes(cnrtPointerAttributes_t* attributes, const void* p) {
  static constexpr const char* kName = "cnrtPointerGetAttributes";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (attributes == nullptr) return null_argument(kName, "attributes");
    if (p == nullptr) return null_argument(kName, "the pointer");
    *attributes = {};
    attributes->device = kHost;
    const Location at = locate(p);
    if (at.kind == Location::Kind::living) {
      attributes->type = cnrtMemTypeDevice;
      attributes->device = at.device;
      attributes->size = at.bytes;
      attributes->devicePointer = const_cast<void*>(p);
      attributes->deviceBasePointer = reinterpret_cast<void*>(at.start);
      return cnrtSuccess;
    }
    if (at.kind != Location::Kind::elsewhere) {
      return error(cnrtErrorArgsInvalid, "{}: {} is {}", kName, p, describe_address(p));
    }
    const std::lock_guard guard(handles().mutex);
    for (const auto& [start, bytes] : handles().host_blocks) {
      if (reinterpret_cast<uintptr_t>(p) - reinterpret_cast<uintptr_t>(start) >= bytes) continue;
      attributes->type = cnrtMemTypeHost;
      attributes->size = bytes;
      attributes->hostPointer = const_cast<void*>(p);
    }
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtMemcpy(void* dst, const void* src, size_t bytes, cnrtMemTransDir_t direction) {
  return guarded("cnrtMemcpy", [&]() -> cnrtRet_t {
    int device = kHost;
    cnrtRet_t code =
        check_copy("cnrtMemcpy", {"dst", dst, bytes}, {"src", src, bytes}, direction, &device);
    if (code != cnrtSuccess) return code;
    code = wait_for_default_queue("cnrtMemcpy", device);
    if (code == cnrtSuccess) device_copy(dst, src, bytes);
    note_foreign_work();
    return code;
  });
}

cnrtRet_t cnrtMemcpyAsync(void* dst, const void* src, size_t bytes, cnrtQueue_t queue,
                          cnrtMemTransDir_t direction) {
  return copy_async("cnrtMemcpyAsync", dst, src, bytes, queue, direction);
}

cnrtRet_t cnrtMemcpyAsync_V2(void* dst, const void* src, size_t bytes, cnrtQueue_t queue,
                             cnrtMemTransDir_t direction) {
  return copy_async("cnrtMemcpyAsync_V2", dst, src, bytes, queue, direction);
}

cnrtRet_t cnrtMemcpy2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                       size_t height, cnrtMemTransDir_t direction) {
  static constexpr const char* kName = "cnrtMemcpy2D";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (width == 0 || height == 0) return cnrtSuccess;
    if (dst_pitch < width || src_pitch < width) {
      return error(cnrtErrorArgsInvalid,
                   "{}: rows of {} bytes, {} bytes apart in dst and {} in src", kName, width,
                   dst_pitch, src_pitch);
    }
    const size_t pitch = std::max(dst_pitch, src_pitch);
    if (height - 1 > (SIZE_MAX - width) / pitch) {
      return error(cnrtErrorArgsInvalid, "{}: {} rows of {} bytes", kName, height, pitch);
    }
    int device = kHost;
    cnrtRet_t code = check_copy(kName, {"dst", dst, (height - 1) * dst_pitch + width},
                                {"src", src, (height - 1) * src_pitch + width}, direction, &device);
    if (code != cnrtSuccess) return code;
    code = wait_for_default_queue(kName, device);
    if (code != cnrtSuccess) return code;
    const DeviceMemoryAccess access;
    for (size_t row = 0; row < height; ++row) {
      std::memmove(static_cast<char*>(dst) + row * dst_pitch,
                   static_cast<const char*>(src) + row * src_pitch, width);
    }
    note_foreign_work();
    return cnrtSuccess;
  });
}

namespace {

cnrtRet_t check_peers(const char* name, const void* dst, int dst_device, const void* src,
                      int src_device, size_t bytes) {
  if (!valid_device(dst_device)) return invalid_device(name, dst_device);
  if (!valid_device(src_device)) return invalid_device(name, src_device);
  int device = kHost;
  const cnrtRet_t code =
      check_copy(name, {"dst", dst, bytes}, {"src", src, bytes}, cnrtMemcpyPeerToPeer, &device);
  if (code != cnrtSuccess) return code;
  const int to = device_of(dst, bytes), from = device_of(src, bytes);
  if (to == dst_device && from == src_device) return cnrtSuccess;
  return error(cnrtErrorArgsInvalid,
               "{}: dst is on device {} and src on device {}, expected {} and {}", name, to, from,
               dst_device, src_device);
}

}  // namespace

cnrtRet_t cnrtMemcpyPeer(void* dst, int dst_device, const void* src, int src_device, size_t bytes) {
  static constexpr const char* kName = "cnrtMemcpyPeer";
  return guarded(kName, [&]() -> cnrtRet_t {
    cnrtRet_t code = check_peers(kName, dst, dst_device, src, src_device, bytes);
    if (code != cnrtSuccess) return code;
    for (const int device : {dst_device, src_device}) {
      code = wait_for_default_queue(kName, device);
      if (code != cnrtSuccess) return code;
    }
    device_copy(dst, src, bytes);
    note_foreign_work();
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtMemcpyPeerAsync(void* dst, int dst_device, const void* src, int src_device,
                              size_t bytes, cnrtQueue_t queue) {
  static constexpr const char* kName = "cnrtMemcpyPeerAsync";
  return guarded(kName, [&]() -> cnrtRet_t {
    const cnrtRet_t code = check_peers(kName, dst, dst_device, src, src_device, bytes);
    if (code != cnrtSuccess) return code;
    return copy_async(kName, dst, src, bytes, queue, cnrtMemcpyPeerToPeer);
  });
}

cnrtRet_t cnrtMemset(void* p, int value, size_t bytes) {
  return fill_memory("cnrtMemset", p, bytes, nullptr, [=] { device_fill(p, value, bytes); });
}

cnrtRet_t cnrtMemsetAsync(void* p, int value, size_t bytes, cnrtQueue_t queue) {
  return fill_memory("cnrtMemsetAsync", p, bytes, &queue, [=] { device_fill(p, value, bytes); });
}

cnrtRet_t cnrtMemsetD8(void* p, uint8_t value, size_t count) {
  return fill_memory("cnrtMemsetD8", p, count, nullptr, [=] { device_fill(p, value, count); });
}

cnrtRet_t cnrtMemsetD8Async(void* p, uint8_t value, size_t count, cnrtQueue_t queue) {
  return fill_memory("cnrtMemsetD8Async", p, count, &queue, [=] { device_fill(p, value, count); });
}

cnrtRet_t cnrtMemsetD32(void* p, uint32_t value, size_t count) {
  return fill_with_words("cnrtMemsetD32", p, value, count, nullptr);
}

cnrtRet_t cnrtMemsetD32Async(void* p, uint32_t value, size_t count, cnrtQueue_t queue) {
  return fill_with_words("cnrtMemsetD32Async", p, value, count, &queue);
}

cnrtRet_t cnrtFreeArray(void** pointers, int count) {
  return guarded("cnrtFreeArray", [&]() -> cnrtRet_t {
    if (pointers == nullptr) return null_argument("cnrtFreeArray", "pointers");
    cnrtRet_t first = cnrtSuccess;
    for (int i = 0; i < count; ++i) {
      const cnrtRet_t code = free_block("cnrtFreeArray", pointers[i]);
      if (first == cnrtSuccess) first = code;
    }
    return first;
  });
}
