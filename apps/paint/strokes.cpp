#include <algorithm>
#include <cmath>

#include "paint/hands.h"
#include "paint/line.h"

namespace paint {
namespace {

/// One layer of strokes, all lengths in units of the longer side.
struct Layer {
  float width, length;
  float coverage;   ///< how often the strokes would cover the picture if none lay on another
  float thickness;  ///< of the paint, in thousandths
};

constexpr Layer kLayers[] = {
    {0.052f, 0.26f, 2.4f, 3.0f},
    {0.026f, 0.17f, 2.6f, 3.4f},
    {0.015f, 0.11f, 1.9f, 3.0f},
    {0.009f, 0.07f, 0.7f, 2.4f},
};

/// Marks lie closer than the canvas' points, so that a stroke leaves none out.
constexpr float kMark = 0.7f;

/// What a bristle of the brush leaves: lanes along a stroke.
struct Lane {
  float ridge;        ///< thickness of its paint, of the stroke's
  float tint;         ///< brightness of its paint, of the stroke's
  float first, last;  ///< where along the stroke it touches the canvas, 0..1
};

// Their number depends on the size of the picture, and must not change what is drawn after them.
std::vector<Lane> make_lanes(size_t count, uint64_t seed) {
  Random random(seed);
  const Noise grain(random.bits());
  const float bristles = random.uniform(5, 9);
  std::vector<Lane> lanes(count);
  for (size_t i = 0; i < count; ++i) {
    const float across = 2 * (static_cast<float>(i) + 0.5f) / static_cast<float>(count) - 1;
    const float rough = grain.octaves(across * bristles, 0.5f, 2);
    // The brush pushes paint to its edges; its middle bristles reach farthest.
    const float round = across * across;
    lanes[i].ridge = 0.62f + 0.3f * round + 0.34f * rough;
    lanes[i].tint = 1 + 0.13f * rough;
    lanes[i].first = 0.10f * round + 0.05f * random.uniform();
    lanes[i].last = 1 - 0.16f * round - 0.10f * random.uniform();
  }
  return lanes;
}

/// Draws a stroke of colour along a line; the paint thins as the brush empties.
void draw(const std::vector<Point>& line, float length, float width, float thickness,
          const Colour& colour, uint64_t seed, Canvas& canvas) {
  const float mark = kMark / canvas.scale();
  const auto across = static_cast<size_t>(width / mark) + 1;
  const std::vector<Lane> lanes = make_lanes(across, seed);
  walk(line, length, mark, [&](float way, Point here, Point side) {
    // Pressure grows at the start and fades at the end.
    const float pressure = std::min({1.0f, 0.55f + way * 6, 0.45f + (1 - way) * 2.2f});
    const float load = 1.05f - 0.5f * way;
    for (size_t j = 0; j < across; ++j) {
      const Lane& lane = lanes[j];
      if (way < lane.first || way > lane.last) continue;
      const float off =
          ((static_cast<float>(j) + 0.5f) / static_cast<float>(across) - 0.5f) * width * pressure;
      Paint* point = canvas.find({here.x + off * side.x, here.y + off * side.y});
      if (point == nullptr) continue;
      // Wet in wet: a dry lane lets more of what lies below shine through.
      const float cover = std::clamp(0.3f + 0.6f * load * lane.ridge, 0.1f, 0.85f);
      point->colour = mix(point->colour, brighten(colour, lane.tint), cover);
      point->thickness += (thickness * load * lane.ridge - point->thickness) * 0.5f;
    }
  });
}

/// The colour of a stroke that starts at a place: the motif's, a little astray, for no painter
/// mixes the same colour twice.
Colour mixed(const Motif& motif, Point place, Random& random) {
  const Palette& palette = motif.palette();
  const auto accents = static_cast<int64_t>(palette.accents.size());
  if (motif.accent(place) > 0.16f * random.bell() || random.chance(0.02f)) {
    const auto& accent = palette.accents[static_cast<size_t>(random.below(accents))];
    return brighten(accent, random.uniform(0.85f, 1.12f));
  }
  const Colour colour = palette.at(motif.tone(place) + 0.17f * random.bell());
  return brighten(colour, random.uniform(0.9f, 1.1f));
}

}  // namespace

Surface paint_strokes(const Motif& motif, Random& random, Canvas& canvas) {
  constexpr float kMargin = 0.05f;  // strokes that start outside reach in
  const float width = motif.width() + 2 * kMargin, height = motif.height() + 2 * kMargin;
  // Underpainting, which shows where the current parts and strokes leave gaps.
  canvas.each([&](Point place, Paint& point) {
    point.colour = brighten(motif.palette().at(motif.tone(place) - 0.1f), 0.85f);
  });
  int64_t index = random.below(1 << 20);
  for (const Layer& layer : kLayers) {
    const auto count =
        static_cast<int64_t>(layer.coverage * width * height / (layer.width * layer.length));
    for (int64_t i = 0; i < count; ++i) {
      const Point place = spread(index++);
      const Point start{place.x * width - kMargin, place.y * height - kMargin};
      const float size = random.uniform(0.6f, 1.3f);
      const float length = layer.length * size * random.uniform(0.6f, 1.2f);
      const float step = 0.25f * layer.width + 0.002f;
      const std::vector<Point> line = motif.follow(start, length, step);
      if (line.size() < 2) continue;
      const Colour colour = mixed(motif, start, random);
      draw(line, length, layer.width * size, layer.thickness, colour, random.bits(), canvas);
    }
  }
  return {1.0f, 0.5f};
}

}  // namespace paint
