#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <reel/io/weights.h>

#include "style_transfer/serve/studio.h"

namespace reel::test {

/// The first two layers of VGG-19 with random weights: a style transfer that takes milliseconds and
/// needs no data files.
Weights small_weights();
/// Settings that fit them.
style::Settings small_settings();

/// A PNG with large and small structures, the same each time; `kind` gives another one.
std::string png(int64_t height, int64_t width, int64_t kind = 0);
/// The header of a PNG of so many pixels and no more than that.
std::string empty_png(uint32_t height, uint32_t width);

/// Waits for a stage; whether it came within 30 s.
bool reaches(const style::Studio& studio, style::Stage stage);

}  // namespace reel::test
