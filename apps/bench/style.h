#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/report.h"

namespace bench {

struct StyleSettings {
  std::string content, style, weights;  ///< files; empty: the ones under $REEL_DATA
  std::vector<int64_t> sizes{256, 384, 512};
  int steps = 12;  ///< of each run, four of which prepare weights; the median counts
};

/// Steps of reel-style and of the peer's style transfer, run as programs in turn: seconds a step,
/// peak memory and the losses of the last step, at each size.
nlohmann::json run_style(const Settings& settings, const StyleSettings& style);

struct FeatureSettings {
  std::vector<std::string> contents, styles;  ///< files; empty: the ones under $REEL_DATA
  std::string weights;                        ///< of VGG-19, likewise
  std::string small;                          ///< of the network on trial; empty: reel-style's own
  int64_t size = 384;
  int steps = 300;
};

/// How good a feature network is for style transfer, by the judgement of VGG-19: each content with
/// each style is run with VGG-19, with the small network, and with one of its widths and random
/// weights. Of each result are told VGG-19's content loss (mean square difference over mean
/// square, conv4_2) and style loss (squared difference of Gram matrices over squared Gram matrix,
/// mean of five layers), and which share of the style distance between random weights and VGG-19
/// the small network closes.
nlohmann::json run_features(const Settings& settings, const FeatureSettings& features);

}  // namespace bench
