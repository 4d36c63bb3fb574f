#pragma once

#include <vector>

/// What a region proposal network (Ren et al. 2015, Faster R-CNN) says about a batch of images. A
/// box is x1, y1, x2, y2 in pixels.
struct Predictions {
  int images = 0, anchors = 0;
  std::vector<float> boxes;   ///< [4, anchors], the same for all images
  std::vector<float> deltas;  ///< [images, 4, anchors]: of the centre, dx, dy in sizes of the
                              ///< anchor; of the size, the logarithms dw, dh
  std::vector<float> scores;  ///< [images, anchors], of an object being there; not negative
};

struct ProposalSettings {
  float image_height = 600, image_width = 1000;
  float min_size = 16;       ///< pixels; smaller boxes are left out
  int candidates = 6000;     ///< as many of the best scores go on
  int proposals = 300;       ///< as many are kept at most
  float max_overlap = 0.7f;  ///< intersection over union of two that are kept
};

constexpr int kProposalRow = 5;  // x1, y1, x2, y2, score

struct Proposals {
  std::vector<int> counts;   ///< [images]
  std::vector<float> boxes;  ///< [images, proposals, kProposalRow], best first, zeros at the end
};

/// The largest exponent of a change of size: 1000 / 16, as is usual.
constexpr float kMaxStretch = 4.135166556742356f;

/// In plain C++.
Proposals propose_on_host(const Predictions& predictions, const ProposalSettings& settings);

constexpr int kMostCandidates = 6144, kMostProposals = 2048;

/// By the kernel on device 0; `us` is what the cycle model predicts. Throws std::invalid_argument
/// for more than kMostCandidates or kMostProposals, which is what NRAM holds.
Proposals propose_on_device(const Predictions& predictions, const ProposalSettings& settings,
                            float* us);
