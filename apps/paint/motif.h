#pragma once

#include <vector>

#include "paint/palette.h"
#include "paint/random.h"

namespace paint {

/// A place of the picture, or a way through it. The longer side is 1 long, so that a painting is
/// the same at every size.
struct Point {
  float x = 0, y = 0;
};

/// What is painted: a current with swirls in it, and a colour for every place. The kinds of
/// painting are hands that paint this same thing.
class Motif {
 public:
  /// `width` and `height`: of the picture, the longer being 1.
  Motif(uint64_t seed, const Palette& palette, float width, float height);

  /// The direction of the current, of length 1. It is the turned gradient of a smooth potential, so
  /// it has no sources: lines along it part and meet nowhere but at standing points.
  Point direction(Point place) const;
  /// The place that lies `step` further along the current; back if it is negative.
  Point ahead(Point place, float step) const;
  /// About `length` of the line along the current from `start`, a point every `step`.
  std::vector<Point> follow(Point start, float length, float step) const;

  /// Light and dark, 0..1.
  float tone(Point place) const;
  /// A number that is above 0 in the few places that accents are for.
  float accent(Point place) const;

  const Palette& palette() const { return palette_; }
  float width() const { return width_; }
  float height() const { return height_; }

 private:
  struct Swirl {
    Point center;
    float radius, strength;
  };

  float potential(Point place) const;

  Palette palette_;
  float width_, height_;
  Noise current_, light_, accents_;
  std::vector<Swirl> swirls_;
};

/// The `index`-th of a series of places that cover the unit square evenly at every length: the
/// additive sequence of the plastic number (Roberts 2018).
Point spread(int64_t index);

}  // namespace paint
