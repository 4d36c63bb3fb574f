// Proposals for made-up predictions, by the kernel and by plain C++, which must agree.

#include <cmath>
#include <cstdio>
#include <random>

#include <CLI/CLI.hpp>

#include "proposal.h"

namespace {

constexpr int kStride = 16;  // pixels of the image for each place of the feature map
constexpr float kScales[] = {128, 256, 512}, kRatios[] = {0.5f, 1, 2};

/// Anchors of all scales and ratios around each place, as in the paper.
void add_anchors(Predictions& predictions, const ProposalSettings& settings) {
  std::vector<float> sides[4];
  for (float y = 0.5f * kStride; y < settings.image_height; y += kStride) {
    for (float x = 0.5f * kStride; x < settings.image_width; x += kStride) {
      for (const float scale : kScales) {
        for (const float ratio : kRatios) {
          const float height = scale * std::sqrt(ratio), width = scale / std::sqrt(ratio);
          sides[0].push_back(x - width / 2);
          sides[1].push_back(y - height / 2);
          sides[2].push_back(x + width / 2);
          sides[3].push_back(y + height / 2);
        }
      }
    }
  }
  predictions.anchors = static_cast<int>(sides[0].size());
  for (const std::vector<float>& side : sides) {
    predictions.boxes.insert(predictions.boxes.end(), side.begin(), side.end());
  }
}

Predictions make_predictions(int images, const ProposalSettings& settings, unsigned seed) {
  Predictions predictions;
  predictions.images = images;
  add_anchors(predictions, settings);
  std::mt19937 engine(seed);
  const auto count = static_cast<size_t>(images) * static_cast<size_t>(predictions.anchors);
  predictions.deltas.resize(4 * count);
  for (float& delta : predictions.deltas) {
    delta = static_cast<float>(engine() >> 8) * 0x1p-24f - 0.5f;
  }
  predictions.scores.resize(count);
  // Steps so coarse that some are equal: the first of them is the better one then.
  for (float& score : predictions.scores) score = static_cast<float>(engine() >> 22) * 0x1p-10f;
  return predictions;
}

bool compare(const Proposals& expected, const Proposals& actual) {
  if (actual.counts != expected.counts) return false;
  for (size_t i = 0; i < expected.boxes.size(); ++i) {
    const float error = std::abs(actual.boxes[i] - expected.boxes[i]);
    if (!(error <= 1e-3f)) return false;
  }
  return true;
}

int run(int images, const ProposalSettings& settings, unsigned seed) {
  const Predictions predictions = make_predictions(images, settings, seed);
  float us = 0;
  const Proposals actual = propose_on_device(predictions, settings, &us);
  const Proposals expected = propose_on_host(predictions, settings);
  const auto rows = static_cast<size_t>(settings.proposals) * kProposalRow;
  for (size_t image = 0; image < static_cast<size_t>(images); ++image) {
    const float* best = actual.boxes.data() + image * rows;
    std::printf("image %zu: %d anchors, %d proposals", image, predictions.anchors,
                actual.counts[image]);
    if (actual.counts[image] > 0) {
      const auto at = [&](int i) { return static_cast<double>(best[i]); };
      std::printf(", the best [%.1f %.1f %.1f %.1f] with %.4f", at(0), at(1), at(2), at(3), at(4));
    }
    std::printf("\n");
  }
  std::printf("predicted time: %.1f us\n", static_cast<double>(us));
  const bool same = compare(expected, actual);
  std::printf("kernel and host: %s\n", same ? "the same boxes in the same order" : "DIFFERENT");
  return same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Proposals of a region proposal network on the MLU");
  ProposalSettings settings;
  int images = 1;
  unsigned seed = 1;
  app.add_option("--images", images)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--height", settings.image_height, "pixels")
      ->check(CLI::Range(1.0 * kStride, 4096.0))
      ->capture_default_str();
  app.add_option("--width", settings.image_width, "pixels")
      ->check(CLI::Range(1.0 * kStride, 4096.0))
      ->capture_default_str();
  app.add_option("--min-size", settings.min_size, "pixels")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--candidates", settings.candidates, "before suppression")->capture_default_str();
  app.add_option("--proposals", settings.proposals, "after it, at most")->capture_default_str();
  app.add_option("--max-overlap", settings.max_overlap, "intersection over union")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--seed", seed, "of deltas and scores")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return run(images, settings, seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
