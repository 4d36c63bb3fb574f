#pragma once

#include <cstdint>
#include <string>

#include <reel/io/weights.h>

namespace style {

struct Settings;

/// The file of reel-vgg-small, the network that comes with the program: installed beside it, or in
/// the source tree that it was built from. Errors if it is in neither place.
std::string default_weights();

/// Sets the pooling that --pool left open: what the weights' file names under "pooling", or else
/// max.
void settle_pooling(Settings& settings, const reel::Weights& weights);

/// What the network expects of pixels: --preprocess, or else what the weights' file tells; errors
/// if neither does.
reel::Preprocessing preprocessing_of(const Settings& settings, const reel::Weights& weights);

/// Errors if a picture of height x width is too small for a layer of the recipe. `which` names the
/// picture in the message.
void check_size(const char* which, int64_t height, int64_t width, const Settings& settings);

}  // namespace style
