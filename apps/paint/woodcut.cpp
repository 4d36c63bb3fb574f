#include <algorithm>
#include <cmath>

#include "paint/hands.h"
#include "paint/line.h"

namespace paint {
namespace {

constexpr float kSpacing = 1.0f / 64;  // between neighbouring cuts
constexpr float kStep = kSpacing / 2;  // between the points of a cut
constexpr float kMargin = 2 * kSpacing;

/// Cuts that keep a distance from each other (Jobard and Lefer 1997).
class Block {
 public:
  explicit Block(const Motif& motif)
      : motif_(motif),
        columns_(square(motif.width() + kMargin) + 1),
        rows_(square(motif.height() + kMargin) + 1),
        taken_(static_cast<size_t>(columns_ * rows_)) {}

  /// The line through `start`, at most `length` to both sides, as far as there is room; empty if
  /// that is too short for a cut.
  std::vector<Point> cut(Point start, float length);

 private:
  bool inside(Point place) const {
    return place.x > -kMargin && place.x < motif_.width() + kMargin && place.y > -kMargin &&
           place.y < motif_.height() + kMargin;
  }
  static int64_t square(float x) { return static_cast<int64_t>((x + kMargin) / kSpacing); }
  bool free(Point place) const;
  std::vector<Point> grow(Point start, float length, float step) const;

  const Motif& motif_;
  int64_t columns_, rows_;
  std::vector<std::vector<Point>> taken_;  // points of cuts by square of side kSpacing
};

bool Block::free(Point place) const {
  constexpr float kLeast = 0.72f * kSpacing;
  if (!inside(place)) return false;
  const int64_t x0 = square(place.x), y0 = square(place.y);
  for (int64_t y = std::max<int64_t>(y0 - 1, 0); y <= std::min(y0 + 1, rows_ - 1); ++y) {
    for (int64_t x = std::max<int64_t>(x0 - 1, 0); x <= std::min(x0 + 1, columns_ - 1); ++x) {
      for (const Point& other : taken_[static_cast<size_t>(y * columns_ + x)]) {
        const float dx = other.x - place.x, dy = other.y - place.y;
        if (dx * dx + dy * dy < kLeast * kLeast) return false;
      }
    }
  }
  return true;
}

std::vector<Point> Block::grow(Point start, float length, float step) const {
  std::vector<Point> line;
  for (float way = 0; way < length; way += kStep) {
    start = motif_.ahead(start, step);
    if (!free(start)) break;
    line.push_back(start);
  }
  return line;
}

std::vector<Point> Block::cut(Point start, float length) {
  constexpr size_t kShortest = 5;
  if (!free(start)) return {};
  std::vector<Point> line = grow(start, length, -kStep);
  std::reverse(line.begin(), line.end());
  line.push_back(start);
  const std::vector<Point> rest = grow(start, length, kStep);
  line.insert(line.end(), rest.begin(), rest.end());
  if (line.size() < kShortest) return {};
  for (const Point& point : line) {
    taken_[static_cast<size_t>(square(point.y) * columns_ + square(point.x))].push_back(point);
  }
  return line;
}

/// Flat colours, as of blocks printed one after the other, and ink where two of them meet.
struct Print {
  Colour colour;
  bool outline;
};

Print print(const Motif& motif, Point place) {
  constexpr float kBlocks = 4;
  constexpr float kOutline = 0.05f;
  const Palette& palette = motif.palette();
  const float accent = motif.accent(place);
  if (accent > 0) return {palette.accents[0], accent < kOutline};
  const float tone = 0.2f + 0.8f * motif.tone(place);
  const float level = tone * kBlocks;
  const float edge = std::abs(level - std::floor(level) - 0.5f);
  return {palette.at(std::floor(level + 0.5f) / kBlocks), edge < kOutline || accent > -kOutline};
}

}  // namespace

Surface paint_woodcut(const Motif& motif, Random& random, Canvas& canvas) {
  // The block is inked all over, and every cut takes ink away.
  canvas.each([](Point, Paint& point) { point.thickness = 1; });
  Block block(motif);
  const int64_t first = random.below(1 << 20);
  constexpr int64_t kTries = 20000;
  const float mark = 0.7f / canvas.scale();
  for (int64_t i = 0; i < kTries; ++i) {
    const Point place = spread(first + i);
    const Point start{place.x * motif.width(), place.y * motif.height()};
    const std::vector<Point> line = block.cut(start, random.uniform(0.04f, 0.16f));
    if (line.empty()) continue;
    const float length = kStep * static_cast<float>(line.size() - 1);
    const float hand = random.uniform(0.85f, 1.1f);
    walk(line, length, mark, [&](float way, Point here, Point side) {
      // A gouge goes in and comes out gently; where there is light, it cuts wide.
      const float taper =
          std::min({1.0f, 0.1f + way * length * 28, 0.1f + (1 - way) * length * 28});
      const float width = kSpacing * hand * taper * (0.18f + 0.8f * motif.tone(here));
      for (float off = -0.5f * width; off <= 0.5f * width; off += mark) {
        Paint* point = canvas.find({here.x + off * side.x, here.y + off * side.y});
        if (point != nullptr) point->thickness = 0;
      }
    });
  }

  const Noise grain(random.bits()), fibre(random.bits());
  const Colour ink = brighten(motif.palette().at(0), 0.55f);
  canvas.each([&](Point place, Paint& point) {
    const Print below = print(motif, place);
    // Ink lies thin on the grain of the wood, and paper is never quite even.
    const float rough = grain.octaves(place.x * 180, place.y * 180, 2);
    const float wood = fibre.octaves(place.x * 14, place.y * 150, 2);
    const bool inked = point.thickness > 0 || below.outline;
    point.colour = inked ? mix(ink, below.colour, std::clamp(0.10f + 0.22f * wood, 0.0f, 0.3f))
                         : brighten(below.colour, 1 + 0.05f * rough + 0.05f * wood);
    point.thickness = (inked ? 0.5f : 0.0f) + 0.08f * rough;
  });
  return {0.6f, 0.1f};
}

}  // namespace paint
