#include "paint/canvas.h"

#include <algorithm>

namespace paint {
namespace {

using reel::Tensor;

static_assert(sizeof(Paint) == 4 * sizeof(float), "the last dimension of a canvas' tensor");

/// The part of a dimension from its `first` point on, every `step`.
Tensor every(const Tensor& x, int64_t dim, int64_t first, int64_t step) {
  return x.slice(dim, first, std::nullopt, step);
}

/// Half the size in both last dimensions: the means of 2 x 2 points.
Tensor halve(const Tensor& x) {
  const Tensor rows = every(x, -2, 0, 2) + every(x, -2, 1, 2);
  return (every(rows, -1, 0, 2) + every(rows, -1, 1, 2)) * 0.25;
}

/// Rise of `x` per point along `dim`; the last point takes the rise before it.
Tensor rise(const Tensor& x, int64_t dim) {
  const int64_t end = x.size(dim);
  const Tensor steps = x.slice(dim, 1, end) - x.slice(dim, 0, end - 1);
  return reel::cat({steps, steps.slice(dim, end - 2, end - 1)}, dim);
}

}  // namespace

Canvas::Canvas(int64_t picture_width, int64_t picture_height, const Colour& ground)
    : width_(picture_width * kFine),
      height_(picture_height * kFine),
      points_(reel::empty({height_, width_, 4})),
      paint_(reinterpret_cast<Paint*>(points_.data_ptr<float>())) {
  std::fill_n(paint_, width_ * height_, Paint{ground, 0});
}

// Every operation here rounds once, so all instruction sets give the same bits.
Tensor Canvas::picture(const Surface& surface) const {
  const Tensor planes = points_.permute({2, 0, 1}).contiguous();
  const Tensor colour = planes.slice(0, 0, 3);
  const Tensor thickness = planes[3] * (surface.relief * scale() * 0.001f);

  // Lambert's law: brightness is the cosine between the normal, (-east, -south, 1) / length, and
  // the light's direction, (-0.5, -0.5, 0.7); here of what a level surface has, which keeps its
  // colour.
  const Tensor east = rise(thickness, 1), south = rise(thickness, 0);
  const Tensor length = (east * east + south * south + 1).sqrt();
  const Tensor light = ((east + south) * 0.5 + 0.7) / length * (1 / 0.7);
  // What faces the light shines.
  const Tensor glint = (light - 1.15).clamp(0, 0.3);
  const Tensor shade = (light * 0.55 + 0.45).clamp(0.35, 1.5);
  const Tensor lit = colour * shade + glint * surface.gloss;
  return (halve(lit).clamp(0, 1) * 255).round().to(reel::kByte).permute({1, 2, 0}).contiguous();
}

}  // namespace paint
