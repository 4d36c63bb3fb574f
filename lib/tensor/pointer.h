#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

// Counters and pointers for public headers: <memory> and <atomic> bring <ostream>, <unistd.h> and
// more, 20,000 lines, into every file that includes them.

namespace reel {

/// A number that threads share.
class Counter {
 public:
  constexpr Counter(uint32_t value = 0) : value_(value) {}
  uint32_t load() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }
  void increment() { __atomic_fetch_add(&value_, 1, __ATOMIC_RELAXED); }
  /// True when this made it zero; what other threads wrote before they decremented is seen then.
  /// The last owner, whom nobody else can join, spares itself the locked instruction.
  bool decrement() {
    return __atomic_load_n(&value_, __ATOMIC_ACQUIRE) == 1 ||
           __atomic_sub_fetch(&value_, 1, __ATOMIC_ACQ_REL) == 0;
  }

 private:
  uint32_t value_;
};

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

/// The only pointer to its object; takes over a std::unique_ptr.
template <class T>
class Owned {
 public:
  constexpr Owned() = default;
  constexpr Owned(std::nullptr_t) {}
  explicit Owned(T* object) : object_(object) {}
  template <class Pointer>
  requires requires(Pointer p, T*& object) { object = p.release(); }
  Owned(Pointer other) : object_(other.release()) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Owned() { delete object_; }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  T* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Owned& a, std::nullptr_t) { return a.object_ == nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace reel
