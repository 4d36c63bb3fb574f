// The kernel's counterpart: the same formulas in the same order, one box at a time.

#include "proposal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace {

struct Box {
  float x1, y1, x2, y2, score;

  float area() const { return (x2 - x1) * (y2 - y1); }
};

/// An interval moved and stretched, then clipped to [0, limit].
void decode(float& low, float& high, float shift, float stretch, float limit) {
  const float size = high - low, center = size * 0.5f + low + shift * size;
  const float half_size = size * std::exp(std::min(stretch, kMaxStretch)) * 0.5f;
  low = std::min(std::max(0.0f, center - half_size), limit);
  high = std::min(std::max(0.0f, center + half_size), limit);
}

std::vector<Box> decode_image(const Predictions& in, int image, const ProposalSettings& settings) {
  const auto anchors = static_cast<size_t>(in.anchors);
  const float* deltas = in.deltas.data() + static_cast<size_t>(image) * 4 * anchors;
  const float* scores = in.scores.data() + static_cast<size_t>(image) * anchors;
  std::vector<Box> boxes;
  for (size_t i = 0; i < anchors; ++i) {
    const auto corner = [&](size_t c) { return in.boxes[c * anchors + i]; };
    const auto delta = [&](size_t c) { return deltas[c * anchors + i]; };
    Box box{corner(0), corner(1), corner(2), corner(3), scores[i]};
    decode(box.x1, box.x2, delta(0), delta(2), settings.image_width);
    decode(box.y1, box.y2, delta(1), delta(3), settings.image_height);
    const float size = std::min(box.x2 - box.x1, box.y2 - box.y1);
    if (size >= settings.min_size) boxes.push_back(box);
  }
  return boxes;
}

bool overlap(const Box& best, const Box& box, float most) {
  const float width = std::max(0.0f, std::min(box.x2, best.x2) - std::max(box.x1, best.x1));
  const float height = std::max(0.0f, std::min(box.y2, best.y2) - std::max(box.y1, best.y1));
  const float both = width * height;
  return both > (box.area() + best.area() - both) * most;
}

}  // namespace

Proposals propose_on_host(const Predictions& predictions, const ProposalSettings& settings) {
  const auto rows = static_cast<size_t>(settings.proposals) * kProposalRow;
  Proposals result;
  result.boxes.assign(static_cast<size_t>(predictions.images) * rows, 0);
  for (int image = 0; image < predictions.images; ++image) {
    std::vector<Box> boxes = decode_image(predictions, image, settings);
    std::stable_sort(boxes.begin(), boxes.end(),
                     [](const Box& a, const Box& b) { return a.score > b.score; });
    if (boxes.size() > static_cast<size_t>(settings.candidates)) {
      boxes.resize(static_cast<size_t>(settings.candidates));
    }
    std::vector<Box> kept;
    for (const Box& box : boxes) {
      if (kept.size() == static_cast<size_t>(settings.proposals)) break;
      const bool free = std::none_of(kept.begin(), kept.end(), [&](const Box& best) {
        return overlap(best, box, settings.max_overlap);
      });
      if (free) kept.push_back(box);
    }
    float* row = result.boxes.data() + static_cast<size_t>(image) * rows;
    for (const Box& box : kept) {
      for (const float value : {box.x1, box.y1, box.x2, box.y2, box.score}) *row++ = value;
    }
    result.counts.push_back(static_cast<int>(kept.size()));
  }
  return result;
}
