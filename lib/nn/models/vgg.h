#pragma once

#include <array>

#include <reel/nn/modules/conv.h>

namespace reel::nn::models {

enum class VGGPooling { Max, Avg };

class VGG19FeaturesOptions {
 public:
  /// The deepest layer that is built, by name.
  VGG19FeaturesOptions& last_layer(std::string value) {
    return last_layer_ = std::move(value), *this;
  }
  /// Averages were found to give smoother pictures in style transfer.
  VGG19FeaturesOptions& pooling(VGGPooling value) { return pooling_ = value, *this; }
  /// Channels of the convolutions of each block: a narrower network on VGG-19's plan.
  VGG19FeaturesOptions& widths(std::array<int64_t, 5> value) { return widths_ = value, *this; }
  /// The widths of the network that these weights, (name, tensor) pairs, belong to; a block of
  /// which they hold nothing keeps its width.
  template <class Pairs>
  VGG19FeaturesOptions& widths_of(const Pairs& weights) {
    for (const auto& [name, tensor] : weights) take_width(name, tensor);
    return *this;
  }
  const std::string& last_layer() const { return last_layer_; }
  const std::array<int64_t, 5>& widths() const { return widths_; }
  VGGPooling pooling() const { return pooling_; }

 private:
  void take_width(const std::string& name, const Tensor& weight);

  std::string last_layer_ = "conv5_4";
  std::array<int64_t, 5> widths_{64, 128, 256, 512, 512};
  VGGPooling pooling_ = VGGPooling::Max;
};

/// The convolutional part of VGG-19 (Simonyan and Zisserman, 2014): 16 convolutions of 3x3, each
/// followed by ReLU, in five blocks with 2x2 pooling after each. Layers are named "conv1_1" to
/// "conv5_4" (what comes out of the ReLU after that convolution) and "pool1" to "pool5".
/// Input: [N, 3, H, W] or [3, H, W], prepared as the weights demand.
class VGG19FeaturesImpl : public Cloneable<VGG19FeaturesImpl> {
 public:
  explicit VGG19FeaturesImpl(const VGG19FeaturesOptions& options = {});
  void reset() override;

  /// The activations of the last layer.
  Tensor forward(const Tensor& input);
  /// The activations of the layers named, in that order; computes no deeper than they need.
  std::vector<Tensor> taps(const Tensor& input, const std::vector<std::string>& layers);

  /// Takes over weights from (name, tensor) pairs as conv1_1.weight and conv1_1.bias. Those of
  /// layers that are not built are ignored; one that is missing or does not fit is an error that
  /// names the layer and both shapes, and changes nothing.
  template <class Pairs>
  requires requires(const Pairs& pairs) { Tensor(pairs.begin()->second); }
  void load_weights(const Pairs& weights) {
    TensorDict dict;
    for (const auto& [name, tensor] : weights) dict.insert(name, tensor);
    load_weights(dict);
  }
  void load_weights(const TensorDict& weights);

  void pretty_print(std::ostream& stream) const override;

  /// The names of the layers that are built, from the input on.
  std::vector<std::string> layer_names() const;
  /// The smallest height and width of an input whose picture at that layer is not empty.
  int64_t min_input_size(const std::string& layer) const;

  VGG19FeaturesOptions options;

 private:
  struct Layer {
    std::string name;
    Conv2d conv;  // empty for pooling
  };

  size_t find(const std::string& layer) const;
  Tensor apply(size_t& at, size_t end, bool wanted, const Tensor& input) const;

  std::vector<Layer> layers_;
};
REEL_MODULE(VGG19Features);

}  // namespace reel::nn::models
