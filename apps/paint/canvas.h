#pragma once

#include <algorithm>
#include <cstdint>

#include <reel/reel.h>

#include "paint/motif.h"

namespace paint {

/// How a surface takes the light that falls on it from the upper left.
struct Surface {
  float relief;  ///< how steep heights look
  float gloss;   ///< how bright the lights on wet paint or glass are
};

/// What lies on a canvas at one point: a colour, and how thick, in thousandths of the longer side.
struct Paint {
  Colour colour;
  float thickness = 0;
};

/// Colour and thickness of the paint, at twice the size of the picture in each direction, so that
/// edges come out smooth.
class Canvas {
 public:
  static constexpr int64_t kFine = 2;

  Canvas(int64_t picture_width, int64_t picture_height, const Colour& ground);

  /// Points per unit of length: the longer side.
  float scale() const { return static_cast<float>(std::max(width_, height_)); }

  /// The paint at a place; null outside of the canvas.
  Paint* find(Point place) {
    const float x = place.x * scale(), y = place.y * scale();
    if (!(x >= 0 && y >= 0)) return nullptr;
    const auto column = static_cast<int64_t>(x), row = static_cast<int64_t>(y);
    return column < width_ && row < height_ ? paint_ + row * width_ + column : nullptr;
  }
  /// Calls `visit(place, paint)` for every point.
  template <class Visit>
  void each(Visit&& visit) {
    for (int64_t y = 0; y < height_; ++y) {
      for (int64_t x = 0; x < width_; ++x) {
        const Point place{(static_cast<float>(x) + 0.5f) / scale(),
                          (static_cast<float>(y) + 0.5f) / scale()};
        visit(place, paint_[y * width_ + x]);
      }
    }
  }

  /// The picture in the light: Byte [height, width, 3].
  reel::Tensor picture(const Surface& surface) const;

 private:
  int64_t width_, height_;
  reel::Tensor points_;  // Float [height, width, 4]: red, green, blue, thickness
  Paint* paint_;         // the same
};

}  // namespace paint
