#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <vector>

#include <reel/tensor/array_ref.h>

namespace reel {

namespace detail {
[[noreturn]] void wrong_value_count(size_t expected, size_t given);
}

/// D numbers, one for each spatial dimension, written as a list or as one number for all:
/// `Conv2dOptions(3, 64, 3).stride({2, 1})`.
template <size_t D, class T = int64_t>
class ExpandingArray {
 public:
  ExpandingArray(T value) { values_.fill(value); }
  ExpandingArray(std::initializer_list<T> values) : ExpandingArray(ArrayRef<T>(values)) {}
  ExpandingArray(const std::vector<T>& values) : ExpandingArray(ArrayRef<T>(values)) {}
  ExpandingArray(const std::array<T, D>& values) : values_(values) {}
  ExpandingArray(ArrayRef<T> values) {
    if (values.size() != D) detail::wrong_value_count(D, values.size());
    for (size_t i = 0; i < D; ++i) values_[i] = values[i];
  }

  std::array<T, D>& operator*() { return values_; }
  const std::array<T, D>& operator*() const { return values_; }
  std::array<T, D>* operator->() { return &values_; }
  const std::array<T, D>* operator->() const { return &values_; }
  T operator[](size_t i) const { return values_[i]; }
  size_t size() const { return D; }
  operator ArrayRef<T>() const { return values_; }
  friend bool operator==(const ExpandingArray& a, const ExpandingArray& b) {
    return a.values_ == b.values_;
  }

 private:
  std::array<T, D> values_;
};

/// As ExpandingArray, but each number may be missing: `AdaptiveAvgPool2dOptions({5,
/// std::nullopt})`.
template <size_t D, class T = int64_t>
class ExpandingArrayWithOptionalElem {
 public:
  ExpandingArrayWithOptionalElem(T value) { values_.fill(value); }
  ExpandingArrayWithOptionalElem(std::initializer_list<T> values)
      : ExpandingArrayWithOptionalElem(ExpandingArray<D, T>(values)) {}
  ExpandingArrayWithOptionalElem(std::initializer_list<std::optional<T>> values) {
    if (values.size() != D) detail::wrong_value_count(D, values.size());
    for (size_t i = 0; i < D; ++i) values_[i] = values.begin()[i];
  }
  ExpandingArrayWithOptionalElem(const ExpandingArray<D, T>& values) {
    for (size_t i = 0; i < D; ++i) values_[i] = values[i];
  }
  ExpandingArrayWithOptionalElem(const std::vector<T>& values)
      : ExpandingArrayWithOptionalElem(ExpandingArray<D, T>(values)) {}

  const std::array<std::optional<T>, D>& operator*() const { return values_; }
  std::optional<T> operator[](size_t i) const { return values_[i]; }
  size_t size() const { return D; }

 private:
  std::array<std::optional<T>, D> values_;
};

}  // namespace reel
