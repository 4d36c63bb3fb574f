#include "style_transfer/style_transfer.h"

#include <algorithm>

#include <reel/tensor/check.h>

namespace style {
namespace {

using namespace reel;

// The pixels as the network wants them.
Tensor prepare(const Tensor& picture, const Preprocessing& p) {
  const auto per_channel = [&](const double(&v)[3]) {
    return tensor({v[0], v[1], v[2]}, picture.options()).view({1, 3, 1, 1});
  };
  const Tensor channels = p.channels == Preprocessing::Channels::kBGR ? picture.flip({1}) : picture;
  const Tensor centred = (p.scale == 1 ? channels : channels * p.scale) - per_channel(p.mean);
  const bool scaled = std::any_of(p.std, p.std + 3, [](double v) { return v != 1; });
  return scaled ? centred / per_channel(p.std) : centred;
}

// G / M = F F^T / M of the features F = [N channels, M positions], with `map` A of A F.
Tensor gram_of(const Tensor& feature, const Tensor* map) {
  const Tensor f = feature.flatten(2).squeeze(0);
  const Tensor g = reel::gram(f) / static_cast<double>(f.size(1));
  return map == nullptr ? g : map->mm(g).mm(map->t());
}

Tensor content_of(const Tensor& feature, const Tensor* map) {
  return map == nullptr ? feature : conv2d(feature, map->unsqueeze(-1).unsqueeze(-1));
}

// The maps that the weights hold for the layers of the recipe, by layer.
StateDict maps_of(const Weights& weights, const Recipe& recipe, const Device& device) {
  StateDict maps;
  for (const auto& layers : {recipe.content_layers, recipe.style_layers}) {
    for (const std::string& layer : layers) {
      const Tensor* map = weights.tensors.find(layer + ".tap");
      if (map == nullptr || maps.contains(layer)) continue;
      const int64_t channels = weights.tensors[layer + ".weight"].size(0);
      if (map->dim() != 2 || map->size(1) != channels) {
        fail("style transfer: {}.tap expects [K, {}] for a layer of {} channels, got {}", layer,
             channels, channels, map->sizes());
      }
      maps.insert(layer, map->to(device));
    }
  }
  return maps;
}

// Squares of the differences between neighbours, summed.
Tensor total_variation(const Tensor& picture) {
  const Tensor down = picture.slice(2, 1) - picture.slice(2, 0, -1);
  const Tensor right = picture.slice(3, 1) - picture.slice(3, 0, -1);
  return down.square().sum() + right.square().sum();
}

// The deepest of the layers: names sort as the network runs, "conv4_2" before "conv5_1".
std::string deepest(const Recipe& recipe) {
  std::string last = recipe.content_layers.empty() ? "" : recipe.content_layers[0];
  for (const auto& name : recipe.content_layers) last = std::max(last, name);
  for (const auto& name : recipe.style_layers) last = std::max(last, name);
  return last;
}

}  // namespace

StyleTransfer::StyleTransfer(const Recipe& recipe, Weights weights,
                             const Preprocessing& preprocessing, const Tensor& content,
                             const Tensor& style, const Tensor& start)
    : recipe_(recipe),
      preprocessing_(preprocessing),
      network_(nn::models::VGG19FeaturesOptions()
                   .widths_of(weights.tensors)
                   .last_layer(deepest(recipe))
                   .pooling(recipe.pooling)),
      pixels_(start.clone().requires_grad_()),
      adam_({pixels_}, optim::AdamOptions(recipe.lr).betas({0.9, 0.999}).eps(1e-8)) {
  network_->load_weights(weights.tensors);
  network_->to(start.device());
  maps_ = maps_of(weights, recipe_, start.device());
  weights = {};  // the network has its own: less memory while it first runs
  for (Tensor& parameter : network_->parameters()) parameter.requires_grad_(false);
  const NoGradGuard no_grad;
  targets_ = {taps(content, true, false).content, taps(style, false, true).style};
}

StyleTransfer::Taps StyleTransfer::taps(const Tensor& picture, bool content, bool style) {
  std::vector<std::string> layers;
  if (content) layers = recipe_.content_layers;
  if (style) {
    layers.insert(layers.end(), recipe_.style_layers.begin(), recipe_.style_layers.end());
  }
  const auto features = network_->taps(prepare(picture, preprocessing_), layers);
  const size_t contents = content ? recipe_.content_layers.size() : 0;
  Taps result;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Tensor* map = maps_.find(layers[i]);
    if (i < contents) {
      result.content.push_back(content_of(features[i], map));
    } else {
      result.style.push_back(gram_of(features[i], map));
    }
  }
  return result;
}

Losses StyleTransfer::step() {
  adam_.zero_grad();
  const Taps now = taps(pixels_, true, true);
  Tensor content = zeros({}, pixels_.options());
  for (size_t i = 0; i < now.content.size(); ++i) {
    content = content + 0.5 * (now.content[i] - targets_.content[i]).square().sum();
  }
  Tensor style = zeros({}, pixels_.options());
  for (size_t i = 0; i < now.style.size(); ++i) {
    const auto n = static_cast<double>(now.style[i].size(0));
    const double scale = 1 / (4 * n * n * static_cast<double>(now.style.size()));
    style = style + scale * (now.style[i] - targets_.style[i]).square().sum();
  }
  Tensor total = recipe_.content_weight * content + recipe_.style_weight * style;
  Tensor variation;
  if (recipe_.tv_weight != 0) {
    variation = total_variation(pixels_);
    total = total + recipe_.tv_weight * variation;
  }
  total.backward();
  adam_.step();
  return {total.item<double>(), content.item<double>(), style.item<double>(),
          variation.defined() ? variation.item<double>() : 0};
}

StateDict StyleTransfer::state() const {
  StateDict state{{"pixels", pixels_.detach()}};
  for (const auto& item : adam_.state_dict()) state.insert("adam." + item.key(), item.value());
  return state;
}

void StyleTransfer::restore(const StateDict& state) {
  const std::string prefix = "adam.";
  StateDict adam;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) adam.insert(name.substr(prefix.size()), tensor);
  }
  adam_.load_state_dict(adam);
  const NoGradGuard no_grad;
  pixels_.copy_(state["pixels"]);
}

}  // namespace style
