#pragma once

// Arrays on the device for the kernels of builtins_*.mlu, and their launches.

#include <bang.h>
#include <cnrt.h>
#include <string>
#include <vector>

#include "builtins.h"

namespace test::mlu {

/// An array of the device.
template <class T>
class Array {
 public:
  explicit Array(size_t count) : count_(count) {
    cnrtMalloc(&data_, (count == 0 ? 1 : count) * sizeof(T));
  }
  explicit Array(const std::vector<T>& values) : Array(values.size()) {
    if (!values.empty()) {
      cnrtMemcpy(data_, values.data(), values.size() * sizeof(T), cnrtMemcpyHostToDev);
    }
  }
  /// Other numbers, as T rounds them.
  template <class U>
  static Array of(const std::vector<U>& values) {
    std::vector<T> converted;
    for (const U& value : values) converted.push_back(static_cast<T>(value));
    return Array(converted);
  }
  Array(Array&& other) noexcept : count_(other.count_), data_(other.data_) {
    other.data_ = nullptr;
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() {
    if (data_ != nullptr) cnrtFree(data_);
  }
  T* data() const { return static_cast<T*>(data_); }
  std::vector<T> values() const {
    std::vector<T> result(count_);
    cnrtMemcpy(result.data(), data_, count_ * sizeof(T), cnrtMemcpyDevToHost);
    return result;
  }
  template <class U>
  std::vector<U> values_as() const {
    std::vector<U> result;
    for (const T& value : values()) result.push_back(static_cast<U>(value));
    return result;
  }

 private:
  size_t count_;
  void* data_ = nullptr;
};

/// Waits for the launches so far and keeps their error for last_failure().
void finish();

}  // namespace test::mlu
