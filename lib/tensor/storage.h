#pragma once

#include <cstddef>
#include <cstdint>

#include <reel/tensor/device.h>
#include <reel/tensor/free_list.h>
#include <reel/tensor/pointer.h>

namespace reel {

/// What a kernel remembers about a storage's contents, e.g. packed weights. Freed with the storage
/// or when it is replaced; valid while `version` equals the storage's.
struct StorageCache {
  virtual ~StorageCache() = default;
  uint32_t version = 0;
};

class StorageImpl;
void destroy(StorageImpl* storage);

/// Bytes on a device, shared by the tensors that view them.
class StorageImpl {
 public:
  using Deleter = void (*)(void* data, void* context);

  StorageImpl(void* data, size_t bytes, Device device, Deleter deleter, void* context)
      : data_(data), bytes_(bytes), deleter_(deleter), context_(context), device_(device) {}
  StorageImpl(const StorageImpl&) = delete;
  StorageImpl& operator=(const StorageImpl&) = delete;
  static void* operator new(std::size_t bytes) { return take_block(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { give_block(memory, bytes); }
  ~StorageImpl() {
    delete cache();
    if (deleter_ != nullptr) deleter_(data_, context_);
  }

  /// Exchanges the memory with another storage's of the same device: for growing in place, which
  /// all tensors over this storage see.
  void swap_memory(StorageImpl& other);
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  /// Counts the writes in place; a saved tensor whose version moved on cannot be replayed.
  uint32_t version() const { return version_.load(); }
  void bump_version() { version_.increment(); }
  /// The op that wrote last in place, for the message about an overwritten saved tensor.
  const char* last_writer() const { return last_writer_; }
  void set_last_writer(const char* op) { last_writer_ = op; }

  /// The kernels' note about the contents, or nullptr; one per storage. The caller of set_cache
  /// sees to it that no other thread is still reading the note it replaces.
  StorageCache* cache() const { return __atomic_load_n(&cache_, __ATOMIC_ACQUIRE); }
  void set_cache(StorageCache* cache) {
    delete __atomic_exchange_n(&cache_, cache, __ATOMIC_ACQ_REL);
  }

  friend void retain(StorageImpl* s) { s->references_.increment(); }
  friend void release(StorageImpl* s) {
    if (s->references_.decrement()) destroy(s);
  }
  int use_count() const { return static_cast<int>(references_.load()); }

 private:
  void* data_;
  size_t bytes_;
  Deleter deleter_;
  void* context_;
  StorageCache* cache_ = nullptr;
  const char* last_writer_ = nullptr;
  Counter references_ = 1;
  Counter version_ = 0;
  Device device_;
};

using Storage = IntrusivePtr<StorageImpl>;

/// Fresh, uninitialised memory of the device's caching allocator.
Storage allocate_storage(size_t bytes, Device device);

}  // namespace reel
