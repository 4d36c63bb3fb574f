#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace conformance {

/// `count` values spread over [low, high] without order, ties or values at which a formula of the
/// table has a kink; input number `input` differs from the others.
inline std::vector<double> spread(int64_t count, double low, double high, size_t input) {
  std::vector<double> values;
  const double start = 0.37 + 0.21 * static_cast<double>(input);
  for (int64_t i = 0; i < count; ++i) {
    // Multiples of the golden ratio modulo 1 keep their distance from each other.
    const double place = start + static_cast<double>(i) * 0.61803398874989485;
    values.push_back(low + (high - low) * (place - std::floor(place)));
  }
  return values;
}

}  // namespace conformance
