#include "style_transfer/inputs.h"

#include <filesystem>

#include <reel/nn/models/vgg.h>
#include <reel/tensor/check.h>

#include "program_folder.h"
#include "style_transfer/settings.h"

namespace style {

std::string default_weights() {
  const std::string name = "weights/reel-vgg-small.safetensors";
  // The build tells where the installed file lies from the program, and where the sources are.
  const std::string installed = apps::program_folder() + "/" + REEL_STYLE_FROM_PROGRAM + "/" + name;
  const std::string source = REEL_STYLE_SOURCES + ("/" + name);
  for (const std::string& path : {installed, source}) {
    if (std::filesystem::exists(path)) return std::filesystem::canonical(path).string();
  }
  reel::fail(
      "--weights is required: the network that comes with reel-style is neither in {} nor in {}",
      installed, source);
}

void settle_pooling(Settings& settings, const reel::Weights& weights) {
  if (!settings.pool.empty()) return;
  const auto named = weights.metadata.find("pooling");
  set_option(settings, "pool", named == weights.metadata.end() ? "max" : named->second);
}

reel::Preprocessing preprocessing_of(const Settings& settings, const reel::Weights& weights) {
  if (settings.preprocess == "caffe") return reel::Preprocessing::caffe();
  if (settings.preprocess == "torchvision") return reel::Preprocessing::torchvision();
  if (weights.preprocessing) return *weights.preprocessing;
  reel::fail(
      "--weights {}: the file does not say what the network expects of pixels; name it with "
      "--preprocess caffe or --preprocess torchvision",
      settings.weights);
}

void check_size(const char* which, int64_t height, int64_t width, const Settings& settings) {
  const reel::nn::models::VGG19Features network;
  const Recipe& recipe = settings.recipe;
  for (const auto& layers : {recipe.content_layers, recipe.style_layers}) {
    for (const std::string& layer : layers) {
      const int64_t least = network->min_input_size(layer);
      if (height >= least && width >= least) continue;
      reel::fail("--size {}: {} becomes {} x {} pixels, layer {} needs at least {} x {}",
                 settings.size, which, width, height, layer, least, least);
    }
  }
}

}  // namespace style
