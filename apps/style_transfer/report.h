#pragma once

#include <string>
#include <vector>

#include "style_transfer/checkpoint.h"
#include "style_transfer/settings.h"

namespace style {

/// What a report shows besides settings and history. Pictures are Float [1, 3, H, W], 0..255.
struct ReportPictures {
  Tensor content;
  Tensor style;
  Tensor result;
  /// The picture after some of the steps, small, already encoded as JPEG.
  std::vector<std::pair<int64_t, std::string>> snapshots;
};

/// A picture as JPEG, its longer side at most `size` pixels.
std::string encode_small(const Tensor& picture, int64_t size);

/// Settings, losses of every step, median seconds a step and peak memory.
nlohmann::json summary(const Settings& settings, const History& history);

/// One self-contained page: pictures side by side, snapshots, loss curves, settings, time, memory.
std::string report_page(const Settings& settings, const History& history,
                        const ReportPictures& pictures);

}  // namespace style
