#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/report.h"

namespace bench {

struct StyleSettings {
  std::string content, style, weights;  ///< files; empty: the ones under $REEL_DATA
  std::vector<int64_t> sizes{256, 384, 512};
  int steps = 8;  ///< of each run; the median step counts
};

/// Steps of reel-style and of the peer's style transfer, run as programs in turn: seconds a step,
/// peak memory and the losses of the last step, at each size.
nlohmann::json run_style(const Settings& settings, const StyleSettings& style);

}  // namespace bench
