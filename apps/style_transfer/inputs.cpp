#include "style_transfer/inputs.h"

#include <reel/nn/models/vgg.h>
#include <reel/tensor/check.h>

#include "style_transfer/settings.h"

namespace style {

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
