#pragma once

// What kernels print, and how they give up.

#include <cassert>
#include <cstdio>
#include <type_traits>

#include <bang/runtime.h>
#include <bang/types.h>

namespace bang {

/// True on a core, false on the host.
bool in_kernel();

namespace detail {

/// As printf takes it: the 16-bit floating types become double.
template <class T>
auto printable(const T& value) {
  if constexpr (std::is_same_v<T, half> || std::is_same_v<T, bfloat16_t>) {
    return static_cast<double>(static_cast<float>(value));
  } else {
    return value;
  }
}
/// Strings and arrays, as pointers.
template <class T, size_t N>
const T* printable(const T (&values)[N]) {
  return values;
}

/// `assert` in kernels ends the kernel with the line, in host code the program.
[[noreturn]] inline void assertion_failed(const char* condition, const char* function,
                                          Site site = Site::here()) {
  if (in_kernel()) fail("assert", site, condition);
  ::__assert_fail(condition, site.file, static_cast<unsigned>(site.line), function);
}

}  // namespace detail
}  // namespace bang

namespace bang::builtin {

/// printf, in one piece: cores do not mix their lines. %hf and %f print half. Returns the number of
/// characters, as printf.
template <class... A>
int __bang_printf(const char* fmt, const A&... values) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
  const int length = std::snprintf(nullptr, 0, fmt, detail::printable(values)...);
  if (length < 0) return length;
  char* text = new char[static_cast<size_t>(length) + 1];
  std::snprintf(text, static_cast<size_t>(length) + 1, fmt, detail::printable(values)...);
#pragma GCC diagnostic pop
  print(text);
  delete[] text;
  return length;
}

[[noreturn]] inline void __abort(Site site = Site::here()) {
  fail("__abort", site, "the kernel aborts");
}
/// On a card: stops there and dumps the core.
[[noreturn]] inline void __breakdump(Site site = Site::here()) {
  fail("__breakdump", site, "the kernel stops here");
}

}  // namespace bang::builtin

using namespace bang::builtin;

#ifndef NDEBUG
#undef assert
#define assert(condition) \
  (static_cast<bool>(condition) ? void(0) : ::bang::detail::assertion_failed(#condition, __func__))
#endif
