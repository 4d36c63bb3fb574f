#pragma once

// The names of c10 and at on top of reel.

#include <cmath>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <reel/reel.h>

namespace c10 {

using namespace ::reel;

using std::in_place;
using std::make_optional;
using std::nullopt;
using std::nullopt_t;
using std::optional;
using std::string_view;
using std::variant;
template <class T>
using complex = ::reel::Complex<T>;
template <class T>
constexpr T pi = static_cast<T>(3.14159265358979323846L);

template <class... Args>
std::string str(const Args&... args) {
  std::ostringstream text;
  static_cast<void>((text << ... << args));
  return text.str();
}

/// The integers [begin, end) for a loop: `for (const auto i : c10::irange(n))`.
template <class T>
class integer_range {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    explicit iterator(T value) : value_(value) {}
    T operator*() const { return value_; }
    iterator& operator++() { return ++value_, *this; }
    iterator operator++(int) { return iterator(value_++); }
    friend bool operator==(iterator a, iterator b) { return a.value_ == b.value_; }

   private:
    T value_;
  };

  integer_range(T begin, T end) : begin_(begin), end_(begin < end ? end : begin) {}
  iterator begin() const { return begin_; }
  iterator end() const { return end_; }

 private:
  iterator begin_;
  iterator end_;
};

template <class T>
requires std::is_integral_v<T> integer_range<T> irange(T end) { return {T(), end}; }
template <class A, class B>
requires(std::is_integral_v<A>&& std::is_integral_v<B>) integer_range<B> irange(A begin, B end) {
  return {static_cast<B>(begin), end};
}

namespace detail {
[[noreturn]] inline void check_failed(const char* condition, const std::string& message) {
  throw ::reel::Error(
      message.empty() ? c10::str("Expected ", condition, " to be true, but got false.") : message);
}
[[noreturn]] inline void assert_failed(const char* condition, const char* file, int line,
                                       const std::string& message) {
  throw ::reel::Error(
      c10::str(condition, " INTERNAL ASSERT FAILED at \"", file, "\":", line, ". ", message));
}
inline void warn(const char* file, int line, const std::string& message) {
  std::cerr << "[W " << file << ":" << line << "] Warning: " << message << '\n';
}
}  // namespace detail

}  // namespace c10

namespace at {
using namespace ::reel;
using c10::irange;
using c10::nullopt;
using c10::optional;
}  // namespace at

#define TORCH_CHECK(condition, ...)                                     \
  do {                                                                  \
    if (!(condition)) {                                                 \
      ::c10::detail::check_failed(#condition, ::c10::str(__VA_ARGS__)); \
    }                                                                   \
  } while (false)
#define TORCH_CHECK_INDEX(condition, ...)                                \
  do {                                                                   \
    if (!(condition)) throw ::reel::IndexError(::c10::str(__VA_ARGS__)); \
  } while (false)
#define TORCH_CHECK_VALUE(condition, ...) TORCH_CHECK(condition, __VA_ARGS__)
#define TORCH_CHECK_TYPE(condition, ...) TORCH_CHECK(condition, __VA_ARGS__)
#define TORCH_CHECK_NOT_IMPLEMENTED(condition, ...) TORCH_CHECK(condition, __VA_ARGS__)
#define TORCH_CHECK_EQ(a, b) TORCH_CHECK((a) == (b), #a " == " #b)
#define TORCH_CHECK_NE(a, b) TORCH_CHECK((a) != (b), #a " != " #b)
#define TORCH_INTERNAL_ASSERT(condition, ...)                                                \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      ::c10::detail::assert_failed(#condition, __FILE__, __LINE__, ::c10::str(__VA_ARGS__)); \
    }                                                                                        \
  } while (false)
#define AT_ASSERT(...) TORCH_INTERNAL_ASSERT(__VA_ARGS__)
#define AT_ASSERTM(condition, ...) TORCH_CHECK(condition, __VA_ARGS__)
#define AT_ERROR(...) TORCH_CHECK(false, ::c10::str(__VA_ARGS__))
#define TORCH_WARN(...) ::c10::detail::warn(__FILE__, __LINE__, ::c10::str(__VA_ARGS__))
#define TORCH_WARN_ONCE(...)                                                     \
  do {                                                                           \
    [[maybe_unused]] static const bool warned = (TORCH_WARN(__VA_ARGS__), true); \
  } while (false)
#define TORCH_API
