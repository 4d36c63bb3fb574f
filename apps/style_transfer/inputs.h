#pragma once

#include <cstdint>

#include <reel/io/weights.h>

namespace style {

struct Settings;

/// What the network expects of pixels: --preprocess, or else what the weights' file tells; errors
/// if neither does.
reel::Preprocessing preprocessing_of(const Settings& settings, const reel::Weights& weights);

/// Errors if a picture of height x width is too small for a layer of the recipe. `which` names the
/// picture in the message.
void check_size(const char* which, int64_t height, int64_t width, const Settings& settings);

}  // namespace style
