#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace reel {

/// A vector whose first N elements lie in the object itself. Neither copied nor moved.
template <class T, size_t N>
class InlineVector {
  static_assert(alignof(T) <= alignof(std::max_align_t));

 public:
  InlineVector() = default;
  explicit InlineVector(size_t size) { resize(size); }
  InlineVector(const InlineVector&) = delete;
  InlineVector& operator=(const InlineVector&) = delete;
  ~InlineVector() {
    for (T* at = data(); size_ > 0;) at[--size_].~T();
    if (capacity_ > N) ::operator delete(heap_);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return capacity_ > N ? heap_ : inline_data(); }
  const T* data() const { return const_cast<InlineVector*>(this)->data(); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  T& back() { return data()[size_ - 1]; }

  void push_back(T value) { emplace_back(std::move(value)); }
  /// Makes an element of these values at the end. They may not lie in this vector.
  template <class... Values>
  T& emplace_back(Values&&... values) {
    if (size_ == capacity_) grow(2 * capacity_);
    T* made = new (data() + size_) T{std::forward<Values>(values)...};
    ++size_;
    return *made;
  }
  void reserve(size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  /// New elements are value-initialised.
  void resize(size_t size) {
    reserve(size);
    T* at = data();
    while (size_ > size) at[--size_].~T();
    while (size_ < size) new (at + size_++) T();
  }
  void clear() { resize(0); }

 private:
  // Out of line, so that what is called every time is not.
  [[gnu::noinline]] void grow(size_t capacity) {
    T* to = static_cast<T*>(::operator new(capacity * sizeof(T)));
    T* from = data();
    for (size_t i = 0; i < size_; ++i) {
      new (to + i) T(std::move(from[i]));
      from[i].~T();
    }
    if (capacity_ > N) ::operator delete(heap_);
    heap_ = to;
    capacity_ = capacity;
  }
  T* inline_data() { return std::launder(reinterpret_cast<T*>(inline_)); }

  size_t size_ = 0;
  size_t capacity_ = N;
  union {
    T* heap_;
    alignas(T) std::byte inline_[N * sizeof(T)];
  };
};

}  // namespace reel
