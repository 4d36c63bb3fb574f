#pragma once

#include <cmath>
#include <vector>

#include "paint/motif.h"

namespace paint {

/// Walks along a line of at least two points in steps of about `step`, and calls
/// `visit(way, here, side)`: 0 at the start to 1 at the end, the place, and the direction of length
/// 1 across the line.
template <class Visit>
void walk(const std::vector<Point>& line, float length, float step, Visit&& visit) {
  const auto segments = static_cast<float>(line.size() - 1);
  const auto between = [&](float part) {
    const auto i = std::min(static_cast<size_t>(part), line.size() - 2);
    const float share = part - static_cast<float>(i);
    return Point{line[i].x + (line[i + 1].x - line[i].x) * share,
                 line[i].y + (line[i + 1].y - line[i].y) * share};
  };
  const auto steps = static_cast<int64_t>(length / step) + 1;
  for (int64_t i = 0; i < steps; ++i) {
    const float way = (static_cast<float>(i) + 0.5f) / static_cast<float>(steps);
    // Directions of half a segment to both sides, or else a line looks broken at its points.
    const Point behind = between(std::max(way * segments - 0.5f, 0.0f));
    const Point ahead = between(std::min(way * segments + 0.5f, segments));
    const float dx = ahead.x - behind.x, dy = ahead.y - behind.y;
    const float norm = std::sqrt(dx * dx + dy * dy);
    if (norm > 0) visit(way, between(way * segments), Point{-dy / norm, dx / norm});
  }
}

}  // namespace paint
