#include "paint/random.h"

#include <cmath>

namespace paint {
namespace {

float fade(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }

/// Slope of the noise at a lattice point, times the way from there.
float slope(uint64_t seed, int64_t column, int64_t row, float dx, float dy) {
  const uint64_t bits =
      hash(seed ^ (static_cast<uint64_t>(column) << 32) ^ static_cast<uint32_t>(row));
  return (to_unit(bits) * 2 - 1) * dx + (to_unit(bits << 24) * 2 - 1) * dy;
}

}  // namespace

float Noise::at(float x, float y) const {
  const float left = std::floor(x), top = std::floor(y);
  const auto column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
  const float dx = x - left, dy = y - top;
  const float u = fade(dx), v = fade(dy);
  const float upper =
      slope(seed_, column, row, dx, dy) * (1 - u) + slope(seed_, column + 1, row, dx - 1, dy) * u;
  const float lower = slope(seed_, column, row + 1, dx, dy - 1) * (1 - u) +
                      slope(seed_, column + 1, row + 1, dx - 1, dy - 1) * u;
  return 1.7f * (upper * (1 - v) + lower * v);
}

float Noise::octaves(float x, float y, int count) const {
  float sum = 0, scale = 1;
  for (int i = 0; i < count; ++i) {
    // The shift keeps the lattices of the octaves, where noise is zero, from meeting at the origin.
    sum += at(x * scale + 17.3f * static_cast<float>(i), y * scale + 5.7f) / scale;
    scale *= 2;
  }
  return sum;
}

}  // namespace paint
