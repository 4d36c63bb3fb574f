#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <reel/io/safetensors.h>
#include <reel/io/state.h>

namespace reel {

/// How a picture becomes the input of an image network: of each pixel with values v from 0 to 255
/// the input is (v * scale - mean[c]) / std[c], its channels c in this order.
struct Preprocessing {
  enum class Channels { kRGB, kBGR };
  Channels channels = Channels::kRGB;
  double scale = 1;
  double mean[3] = {0, 0, 0};
  double std[3] = {1, 1, 1};

  /// Caffe's VGG networks: BGR, 0..255, minus 103.939, 116.779, 123.68.
  static Preprocessing caffe();
  /// torchvision's networks: RGB, 0..1, minus 0.485, 0.456, 0.406, over 0.229, 0.224, 0.225.
  static Preprocessing torchvision();
  /// Reads what str() writes: "BGR, 0..255, minus 103.939,116.779,123.68" and, if there is a
  /// deviation, ", over 0.229,0.224,0.225". Nothing if the text is something else.
  static std::optional<Preprocessing> parse(std::string_view text);
  std::string str() const;
};

/// The weights of an image network under one set of names, whatever file they came from.
struct Weights {
  /// Float, CPU. Convolutions are "conv1_1.weight" (out, in, height, width) and "conv1_1.bias".
  StateDict tensors;
  /// What the network wants as input; nothing if neither the file nor the weights tell.
  std::optional<Preprocessing> preprocessing;
  /// "safetensors", "npy", "npz", "pth" or "mat".
  std::string format;
  /// Of safetensors files.
  Metadata metadata;
};

/// Loads weights from any format of this folder, told apart by content, not by name. The rules that
/// make them alike, each applied if it fits:
///
/// 1. Names: torchvision's "features.<i>.weight" of a plain VGG becomes "conv<block>_<n>.weight"
///    (a new block begins where a pooling layer lies between); ".0" and ".1" of pickled lists,
///    "_W" and "_b", ".weights" and ".biases" become ".weight" and ".bias". Others stay.
/// 2. Layout: a 4-d weight whose last size, and not its first, is the number of biases is
///    (height, width, in, out) and is turned to (out, in, height, width).
/// 3. Preprocessing is, in this order, what the file's metadata say under "input"; what belongs to
///    the known network whose first filter this is (VGG-19 of Caffe, of torchvision); Caffe's for
///    numpy and MatConvNet files, with the latter's own mean. Weights under torchvision's names
///    that are no known network's have none: both conventions occur.
/// 4. Channels: a first layer that takes red first where Caffe's takes blue first (MatConvNet, or
///    a known filter in reverse) has its input channels reversed, so that it is Caffe's.
Weights load_weights(const std::string& path);

}  // namespace reel
