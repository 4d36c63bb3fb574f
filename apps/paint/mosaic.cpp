#include <algorithm>
#include <cmath>

#include "paint/hands.h"

namespace paint {
namespace {

struct Tile {
  Point center;
  Point along;  ///< direction of its edges, of length 1
  Colour colour;
  Point tilt;  ///< no tile lies quite flat: rise to the right and downwards
  float gloss = 0;
};

/// Distance from a tile's center by which tiles take the ground between them. The largest of the
/// two coordinates makes them square; a part of the round distance breaks the corners.
float distance(const Tile& tile, Point place) {
  const float dx = place.x - tile.center.x, dy = place.y - tile.center.y;
  const float u = std::abs(dx * tile.along.x + dy * tile.along.y);
  const float v = std::abs(dy * tile.along.x - dx * tile.along.y);
  return 0.8f * std::max(u, v) + 0.2f * std::sqrt(u * u + v * v);
}

/// The tiles of a picture, and which of them is next to a place.
class Floor {
 public:
  Floor(const Motif& motif, float size, Random& random);

  struct Nearest {
    size_t tile = 0;
    float gap = 0;  ///< how much farther the second nearest is: 0 on the line between two tiles
  };
  Nearest nearest(Point place) const;

  std::vector<Tile>& tiles() { return tiles_; }
  /// Moves every tile to the middle of its ground and turns it with the current (Lloyd 1982, with
  /// the metric of Hausner 2001): tiles come to be of about one size, in rows along it.
  void settle(const Motif& motif);

 private:
  static constexpr float kMargin = 0.06f;

  int64_t column(float x) const;
  int64_t row(float y) const;
  void sort();

  float size_, width_, height_;
  int64_t columns_, rows_;
  std::vector<Tile> tiles_;
  std::vector<std::vector<size_t>> buckets_;  // tiles by square of side size_
};

Floor::Floor(const Motif& motif, float size, Random& random)
    : size_(size),
      width_(motif.width()),
      height_(motif.height()),
      columns_(static_cast<int64_t>((width_ + 2 * kMargin) / size) + 1),
      rows_(static_cast<int64_t>((height_ + 2 * kMargin) / size) + 1),
      buckets_(static_cast<size_t>(columns_ * rows_)) {
  for (int64_t y = 0; y < rows_; ++y) {
    for (int64_t x = 0; x < columns_; ++x) {
      Tile tile;
      tile.center = {(static_cast<float>(x) + random.uniform()) * size - kMargin,
                     (static_cast<float>(y) + random.uniform()) * size - kMargin};
      tile.along = motif.direction(tile.center);
      tiles_.push_back(tile);
    }
  }
  sort();
}

int64_t Floor::column(float x) const {
  return std::clamp(static_cast<int64_t>((x + kMargin) / size_), int64_t{0}, columns_ - 1);
}

int64_t Floor::row(float y) const {
  return std::clamp(static_cast<int64_t>((y + kMargin) / size_), int64_t{0}, rows_ - 1);
}

void Floor::sort() {
  for (auto& bucket : buckets_) bucket.clear();
  for (size_t i = 0; i < tiles_.size(); ++i) {
    const Point center = tiles_[i].center;
    buckets_[static_cast<size_t>(row(center.y) * columns_ + column(center.x))].push_back(i);
  }
}

Floor::Nearest Floor::nearest(Point place) const {
  Nearest found;
  float best = 1e9f, second = 1e9f;
  const int64_t x0 = column(place.x), y0 = row(place.y);
  for (int64_t y = std::max<int64_t>(y0 - 2, 0); y <= std::min(y0 + 2, rows_ - 1); ++y) {
    for (int64_t x = std::max<int64_t>(x0 - 2, 0); x <= std::min(x0 + 2, columns_ - 1); ++x) {
      for (const size_t i : buckets_[static_cast<size_t>(y * columns_ + x)]) {
        const float far = distance(tiles_[i], place);
        if (far < best) {
          second = best;
          best = far;
          found.tile = i;
        } else {
          second = std::min(second, far);
        }
      }
    }
  }
  found.gap = second - best;
  return found;
}

void Floor::settle(const Motif& motif) {
  struct Sum {
    float x = 0, y = 0, count = 0;
  };
  std::vector<Sum> sums(tiles_.size());
  const float step = size_ / 7;
  for (float y = -kMargin; y < height_ + kMargin; y += step) {
    for (float x = -kMargin; x < width_ + kMargin; x += step) {
      Sum& sum = sums[nearest({x, y}).tile];
      sum.x += x;
      sum.y += y;
      sum.count += 1;
    }
  }
  for (size_t i = 0; i < tiles_.size(); ++i) {
    if (sums[i].count == 0) continue;
    tiles_[i].center = {sums[i].x / sums[i].count, sums[i].y / sums[i].count};
    tiles_[i].along = motif.direction(tiles_[i].center);
  }
  sort();
}

void colour_tile(Tile& tile, const Motif& motif, Random& random) {
  const Palette& palette = motif.palette();
  // Few tones, as a mosaic is laid from a few boxes of stones; stones of one box differ.
  constexpr float kBoxes = 5;
  const float tone = motif.tone(tile.center) + 0.08f * random.bell();
  const float box = std::floor(tone * kBoxes + 0.5f) / kBoxes;
  tile.colour = palette.at(box);
  if (motif.accent(tile.center) > 0) {
    tile.colour =
        palette.accents[motif.accent(tile.center) > 0.14f ? 0 : palette.accents.size() - 1];
  } else if (random.chance(0.03f)) {
    tile.colour = palette.accents[0];
  }
  tile.colour = brighten(tile.colour, random.uniform(0.8f, 1.18f));
  tile.tilt = {0.22f * random.bell(), 0.22f * random.bell()};
}

}  // namespace

Surface paint_mosaic(const Motif& motif, Random& random, Canvas& canvas) {
  constexpr float kTile = 1.0f / 40;  // side of a tile
  constexpr float kGrout = 0.07f;     // half the width of the grout, in tiles
  constexpr float kBevel = 0.16f;     // width of a tile's rounded edge, in tiles
  Floor floor(motif, kTile, random);
  for (int pass = 0; pass < 8; ++pass) floor.settle(motif);
  for (Tile& tile : floor.tiles()) colour_tile(tile, motif, random);

  const Noise wobble_x(random.bits()), wobble_y(random.bits()), grain(random.bits());
  const Colour grout = brighten(mix(motif.palette().at(0), {0.2f, 0.18f, 0.16f}, 0.4f), 0.6f);
  canvas.each([&](Point place, Paint& point) {
    // Stones are broken by hand: no edge is straight.
    const float u = place.x * 90, v = place.y * 90;
    const Point bent{place.x + 0.0016f * wobble_x.at(u, v), place.y + 0.0016f * wobble_y.at(u, v)};
    const Floor::Nearest nearest = floor.nearest(bent);
    const Tile& tile = floor.tiles()[nearest.tile];
    const float inside = nearest.gap / kTile - 2 * kGrout;
    const float rough = grain.octaves(place.x * 160, place.y * 160, 2);
    if (inside <= 0) {
      point = {brighten(grout, 1 + 0.25f * rough), 0.25f * rough};
      return;
    }
    const float rim = 1 - std::min(inside / kBevel, 1.0f);
    const float slope =
        1000 * (tile.tilt.x * (place.x - tile.center.x) + tile.tilt.y * (place.y - tile.center.y));
    point = {brighten(tile.colour, 1 + 0.10f * rough),
             3.2f * (1 - rim * rim) + slope + 0.22f * rough};
  });
  return {0.9f, 0.7f};
}

}  // namespace paint
