#include "paint/paint.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <reel/tensor/check.h>

#include "paint/hands.h"

namespace paint {
namespace {

struct Kind {
  const char* name;
  Surface (*paint)(const Motif&, Random&, Canvas&);
};

constexpr Kind kKinds[] = {
    {"strokes", paint_strokes}, {"mosaic", paint_mosaic}, {"woodcut", paint_woodcut}};

const Kind& find_kind(const std::string& name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return kind;
  }
  reel::fail("kind: expected one of {}, got {}", fmt::join(kinds(), ", "), name);
}

}  // namespace

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

reel::Tensor paint(const Settings& settings) {
  const Kind& kind = find_kind(settings.kind);
  if (settings.size < 16 || settings.size > 4096) {
    reel::fail("size: expected 16 to 4096 pixels, got {}", settings.size);
  }
  if (!(settings.aspect >= 0.25 && settings.aspect <= 4)) {
    reel::fail("aspect: expected a width / height of 0.25 to 4, got {}", settings.aspect);
  }
  Random random(settings.seed);
  const int64_t chosen = random.below(static_cast<int64_t>(palettes().size()));
  const Palette& palette = settings.palette.empty() ? palettes()[static_cast<size_t>(chosen)]
                                                    : find_palette(settings.palette);
  const double width = std::min(settings.aspect, 1.0), height = std::min(1 / settings.aspect, 1.0);
  const Motif motif(settings.seed, palette, static_cast<float>(width), static_cast<float>(height));
  const auto pixels = [&](double length) {
    return static_cast<int64_t>(std::floor(length * static_cast<double>(settings.size) + 0.5));
  };
  Canvas canvas(pixels(width), pixels(height), palette.at(0));
  const Surface surface = kind.paint(motif, random, canvas);
  return canvas.picture(surface);
}

}  // namespace paint
