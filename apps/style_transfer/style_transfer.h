#pragma once

#include <string>
#include <vector>

#include <reel/io/weights.h>
#include <reel/nn/models/vgg.h>
#include <reel/optim/adam.h>
#include <reel/reel.h>

namespace style {

using reel::Tensor;

/// What is minimised, and how. Layers are named as in VGG19Features and taken after their ReLU.
struct Recipe {
  std::vector<std::string> content_layers{"conv4_2"};
  std::vector<std::string> style_layers{"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"};
  double content_weight = 1;
  double style_weight = 1e4;
  double tv_weight = 0;
  double lr = 2;
  reel::nn::models::VGGPooling pooling = reel::nn::models::VGGPooling::Max;
};

/// The losses of one step, before its update. `total` is weighted, the others are not.
struct Losses {
  double total = 0;
  double content = 0;
  double style = 0;
  double tv = 0;
};

/// Neural style transfer (Gatys, Ecker and Bethge, CVPR 2016): Adam on the pixels of a picture
/// whose deep features shall be those of `content` and whose Gram matrices those of `style`.
/// Pictures are Float [1, 3, height, width], RGB, 0..255.
///
/// Weights may hold a matrix "<layer>.tap" [K, C] for a layer of C channels: what is compared is
/// then that linear map of its activations. A narrow network that was trained after a wide one has
/// them, so that distances are those of the wide one.
class StyleTransfer {
 public:
  StyleTransfer(const Recipe& recipe, reel::Weights weights,
                const reel::Preprocessing& preprocessing, const Tensor& content,
                const Tensor& style, const Tensor& start);

  /// One update of the picture.
  Losses step();

  /// The picture as it is now, on the CPU, not clamped.
  Tensor picture() const { return pixels_.detach().cpu(); }

  /// Everything a later run needs to go on bit for bit, and back.
  reel::StateDict state() const;
  void restore(const reel::StateDict& state);

 private:
  /// The activations that are compared, of content layers as they are, of style layers as Gram
  /// matrices.
  struct Taps {
    std::vector<Tensor> content;
    std::vector<Tensor> style;
  };
  Taps taps(const Tensor& picture, bool content, bool style);

  Recipe recipe_;
  reel::Preprocessing preprocessing_;
  reel::nn::models::VGG19Features network_;
  reel::StateDict maps_;
  Taps targets_;
  Tensor pixels_;
  reel::optim::Adam adam_;
};

}  // namespace style
