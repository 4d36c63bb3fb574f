#pragma once

#include <cmath>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

// Checks of numeric options. CLI11's own for "positive" and "not negative" print the largest double
// when they refuse.

namespace apps {

inline CLI::Validator finite_number(const char* rule, bool (*holds)(double)) {
  return CLI::Validator(
      [rule, holds](std::string& text) {
        double value = 0;
        const bool read = CLI::detail::lexical_cast(text, value);
        return read && std::isfinite(value) && holds(value)
                   ? std::string()
                   : fmt::format("expected a number {}, got {}", rule, text);
      },
      "");
}

inline CLI::Validator positive() {
  return finite_number("> 0", [](double value) { return value > 0; });
}

inline CLI::Validator not_negative() {
  return finite_number(">= 0", [](double value) { return value >= 0; });
}

}  // namespace apps
