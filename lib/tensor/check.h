#pragma once

// Internal: formats messages with fmt, so public headers must not include it.

#include <fmt/format.h>

#include <reel/tensor/array_ref.h>
#include <reel/tensor/device.h>
#include <reel/tensor/dtype.h>
#include <reel/tensor/error.h>

namespace reel {

/// Throws Error with the formatted sentence.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, static_cast<Args&&>(args)...));
}

template <class... Args>
[[noreturn]] void fail_index(fmt::format_string<Args...> format, Args&&... args) {
  throw IndexError(fmt::format(format, static_cast<Args&&>(args)...));
}

}  // namespace reel

template <>
struct fmt::formatter<reel::ScalarType> : fmt::formatter<const char*> {
  auto format(reel::ScalarType type, format_context& ctx) const {
    return fmt::formatter<const char*>::format(reel::to_string(type), ctx);
  }
};

/// Shapes print as "[1, 3, 8, 8]".
template <>
struct fmt::formatter<reel::IntArrayRef> {
  constexpr auto parse(format_parse_context& ctx) { return ctx.begin(); }
  auto format(reel::IntArrayRef values, format_context& ctx) const {
    auto out = ctx.out();
    *out++ = '[';
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out = fmt::format_to(out, ", ");
      out = fmt::format_to(out, "{}", values[i]);
    }
    *out++ = ']';
    return out;
  }
};

template <>
struct fmt::formatter<reel::Device> : fmt::formatter<std::string> {
  auto format(reel::Device device, format_context& ctx) const {
    return fmt::formatter<std::string>::format(device.str(), ctx);
  }
};
