#include "paint/motif.h"

#include <algorithm>
#include <cmath>

namespace paint {

Motif::Motif(uint64_t seed, const Palette& palette, float width, float height)
    : palette_(palette),
      width_(width),
      height_(height),
      current_(hash(seed) ^ 1),
      light_(hash(seed) ^ 2),
      accents_(hash(seed) ^ 3) {
  Random random(hash(seed) ^ 4);
  // The first is large, and those that follow keep off what is there; a picture may hold few.
  for (int attempt = 0; attempt < 40 && swirls_.size() < 9; ++attempt) {
    Swirl swirl;
    swirl.center = {random.uniform(0, width), random.uniform(0, height)};
    swirl.radius = (swirls_.empty() ? 1.6f : random.uniform(0.5f, 1.1f)) * 0.12f;
    swirl.strength = random.uniform(0.7f, 1.2f);
    if (random.chance(0.5f)) swirl.strength = -swirl.strength;
    const bool apart = std::all_of(swirls_.begin(), swirls_.end(), [&](const Swirl& other) {
      const float dx = other.center.x - swirl.center.x, dy = other.center.y - swirl.center.y;
      const float least = 1.3f * (other.radius + swirl.radius);
      return dx * dx + dy * dy > least * least;
    });
    if (apart) swirls_.push_back(swirl);
  }
}

float Motif::potential(Point place) const {
  float sum = 0.16f * current_.octaves(2.2f * place.x, 2.2f * place.y, 2) +
              0.25f * (0.4f * place.x + place.y);
  for (const Swirl& swirl : swirls_) {
    const float dx = place.x - swirl.center.x, dy = place.y - swirl.center.y;
    const float fall = 1 / (1 + (dx * dx + dy * dy) / (swirl.radius * swirl.radius));
    sum += swirl.strength * swirl.radius * fall * fall;
  }
  return sum;
}

Point Motif::direction(Point place) const {
  constexpr float kReach = 0.004f;
  const float right = potential({place.x + kReach, place.y});
  const float left = potential({place.x - kReach, place.y});
  const float lower = potential({place.x, place.y + kReach});
  const float upper = potential({place.x, place.y - kReach});
  const float x = lower - upper, y = left - right;
  const float length = std::sqrt(x * x + y * y);
  return length > 0 ? Point{x / length, y / length} : Point{1, 0};
}

Point Motif::ahead(Point place, float step) const {
  const Point half = direction(place);
  // The midpoint rule: a swirl's lines close instead of spiralling out of it.
  const Point turn = direction({place.x + 0.5f * step * half.x, place.y + 0.5f * step * half.y});
  return {place.x + step * turn.x, place.y + step * turn.y};
}

std::vector<Point> Motif::follow(Point start, float length, float step) const {
  std::vector<Point> line{start};
  for (float way = step; way <= length; way += step) line.push_back(ahead(line.back(), step));
  return line;
}

float Motif::tone(Point place) const {
  float tone = 0.52f + 0.62f * light_.octaves(1.9f * place.x, 1.9f * place.y, 3);
  for (const Swirl& swirl : swirls_) {
    // Light in the middle, a dark ring, a pale one: swirls show from afar.
    const float dx = place.x - swirl.center.x, dy = place.y - swirl.center.y;
    const float far = (dx * dx + dy * dy) / (swirl.radius * swirl.radius);
    const float fall = 1 / (1 + far * far);
    const float wave = 1 - 2.2f * far + 0.9f * far * far;
    tone += 0.55f * fall * fall * wave * (swirl.strength > 0 ? 1.0f : -0.8f);
  }
  return std::clamp(tone, 0.0f, 1.0f);
}

float Motif::accent(Point place) const {
  return accents_.octaves(3.1f * place.x, 3.1f * place.y, 2) - 0.32f;
}

Point spread(int64_t index) {
  // Fractions of 2^32, so that nothing is lost however long the series gets.
  const auto n = static_cast<uint64_t>(index) + 1;
  const auto fraction = [n](uint64_t step) {
    return static_cast<float>(static_cast<uint32_t>(n * step) >> 8) * 0x1p-24f;
  };
  return {fraction(3242174889u), fraction(2447445414u)};
}

}  // namespace paint
