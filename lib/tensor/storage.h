#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <reel/tensor/device.h>

namespace reel {

/// A pointer to an object that counts its own references (`retain`, `release`, found by ADL).
template <class T>
class IntrusivePtr {
 public:
  constexpr IntrusivePtr() = default;
  constexpr IntrusivePtr(std::nullptr_t) {}
  /// Shares: one more reference.
  explicit IntrusivePtr(T* object) : object_(object) {
    if (object_ != nullptr) retain(object_);
  }
  IntrusivePtr(const IntrusivePtr& other) : IntrusivePtr(other.object_) {}
  IntrusivePtr(IntrusivePtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  IntrusivePtr& operator=(IntrusivePtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~IntrusivePtr() {
    if (object_ != nullptr) release(object_);
  }
  /// Takes over the reference that a new object is born with.
  static IntrusivePtr adopt(T* object) {
    IntrusivePtr p;
    p.object_ = object;
    return p;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const IntrusivePtr& a, const IntrusivePtr& b) {
    return a.object_ == b.object_;
  }

 private:
  T* object_ = nullptr;
};

/// What a kernel remembers about a storage's contents, e.g. packed weights. Freed with the storage
/// or when it is replaced; valid while `version` equals the storage's.
struct StorageCache {
  virtual ~StorageCache() = default;
  uint32_t version = 0;
};

/// Bytes on a device, shared by the tensors that view them.
class StorageImpl {
 public:
  using Deleter = void (*)(void* data, void* context);

  StorageImpl(void* data, size_t bytes, Device device, Deleter deleter, void* context)
      : data_(data), bytes_(bytes), deleter_(deleter), context_(context), device_(device) {}
  StorageImpl(const StorageImpl&) = delete;
  StorageImpl& operator=(const StorageImpl&) = delete;
  ~StorageImpl() {
    delete cache_.load(std::memory_order_acquire);
    if (deleter_ != nullptr) deleter_(data_, context_);
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  /// Counts the writes in place; a saved tensor whose version moved on cannot be replayed.
  uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }
  /// The op that wrote last in place, for the message about an overwritten saved tensor.
  const char* last_writer() const { return last_writer_; }
  void set_last_writer(const char* op) { last_writer_ = op; }

  /// The kernels' note about the contents, or nullptr; one per storage. The caller of set_cache
  /// sees to it that no other thread is still reading the note it replaces.
  StorageCache* cache() const { return cache_.load(std::memory_order_acquire); }
  void set_cache(StorageCache* cache) { delete cache_.exchange(cache, std::memory_order_acq_rel); }

  friend void retain(StorageImpl* s) { s->references_.fetch_add(1, std::memory_order_relaxed); }
  friend void release(StorageImpl* s) {
    if (s->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete s;
  }
  int use_count() const { return references_.load(std::memory_order_relaxed); }

 private:
  void* data_;
  size_t bytes_;
  Deleter deleter_;
  void* context_;
  std::atomic<StorageCache*> cache_{nullptr};
  const char* last_writer_ = nullptr;
  std::atomic<uint32_t> references_{1};
  std::atomic<uint32_t> version_{0};
  Device device_;
};

using Storage = IntrusivePtr<StorageImpl>;

/// Fresh, uninitialised memory of the device's caching allocator.
Storage allocate_storage(size_t bytes, Device device);

}  // namespace reel
