#pragma once

#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <reel/nn/nn.h>

namespace torch {

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw std::runtime_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace torch

template <>
struct fmt::formatter<c10::ScalarType> : fmt::formatter<const char*> {
  auto format(c10::ScalarType type, format_context& context) const {
    return fmt::formatter<const char*>::format(c10::toString(type), context);
  }
};
