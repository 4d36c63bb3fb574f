#pragma once

// What mlucc makes of the initialiser of a kernel's variables.

#include <cstddef>
#include <type_traits>

namespace bang {

/// A local `__nram__ T x = initial;` is written each time that control passes it, by the core's
/// scalar unit, as any automatic variable. T may be const, or an array.
template <class T>
inline void initialize(const T& variable, const T& initial) {
  if constexpr (std::is_array_v<T>) {
    for (size_t i = 0; i < std::extent_v<T>; ++i)
      initialize<std::remove_extent_t<T>>(variable[i], initial[i]);
  } else {
    const_cast<std::remove_cv_t<T>&>(variable) = initial;
  }
}

/// The initial value of `char a[N] = "text"`: zeros follow the text. (A compiler's own
/// char[N]{"text"} may be shorter: GCC bug, seen in 12.2.)
template <class Array>
struct Padded {
  std::remove_const_t<Array> value;
};
template <class Array, class Character, size_t M>
constexpr Padded<Array> padded(const Character (&text)[M]) {
  constexpr size_t kSize = std::extent_v<Array>;
  static_assert(M <= kSize, "the text is longer than the array");
  Padded<Array> padded{};
  for (size_t i = 0; i < M; ++i) padded.value[i] = text[i];
  return padded;
}

}  // namespace bang
