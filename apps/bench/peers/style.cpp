// peer-style: neural style transfer (Gatys et al. 2016) with LibTorch, the same recipe and the same
// options as reel-style, so that losses, seconds and memory can be compared.
#define STB_IMAGE_IMPLEMENTATION
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <stb/stb_image.h>
#include <torch/torch.h>

#include "runtime.h"
#include "safetensors.h"

namespace {

using torch::Tensor;

struct Options {
  std::string content, style, weights, json, out, pool = "max";
  int64_t size = 0;
  int steps = 10;
  double lr = 2.0, content_weight = 1.0, style_weight = 1e4;
  int threads = 0;
  bool channels_last = false;
};

constexpr const char* kUsage =
    "peer-style --content C.png --style S.png --weights W.safetensors --size N [--steps 10] "
    "[--lr 2.0]\n  [--content-weight 1] [--style-weight 10000] [--pool max|avg] [--threads N] "
    "[--channels-last]\n  [--json F] [--out F.ppm]\nThe pictures must already have N pixels on "
    "their longer side.\n";

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::string*> strings{
      {"--content", &options.content}, {"--style", &options.style}, {"--weights", &options.weights},
      {"--pool", &options.pool},       {"--json", &options.json},   {"--out", &options.out}};
  const std::map<std::string, double*> numbers{{"--lr", &options.lr},
                                               {"--content-weight", &options.content_weight},
                                               {"--style-weight", &options.style_weight}};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--channels-last") {
      options.channels_last = true;
      continue;
    }
    if (i + 1 == argc) throw std::runtime_error(name + " is unknown or lacks its value\n" + kUsage);
    const std::string value = argv[++i];
    if (const auto string = strings.find(name); string != strings.end()) {
      *string->second = value;
    } else if (const auto number = numbers.find(name); number != numbers.end()) {
      *number->second = std::stod(value);
    } else if (name == "--size") {
      options.size = std::stoll(value);
    } else if (name == "--steps") {
      options.steps = std::stoi(value);
    } else if (name == "--threads") {
      options.threads = std::stoi(value);
    } else {
      throw std::runtime_error(name + " is unknown\n" + kUsage);
    }
  }
  if (options.pool != "max" && options.pool != "avg") throw std::runtime_error(kUsage);
  if (options.content.empty() || options.style.empty() || options.weights.empty()) {
    throw std::runtime_error(kUsage);
  }
  return options;
}

/// RGB, 0..255, [1, 3, H, W].
Tensor load_picture(const std::string& path, int64_t size) {
  int width = 0, height = 0, channels = 0;
  unsigned char* pixels = stbi_load(path.c_str(), &width, &height, &channels, 3);
  if (pixels == nullptr) throw std::runtime_error("cannot read " + path);
  const Tensor picture = torch::from_blob(pixels, {1, height, width, 3}, torch::kByte)
                             .permute({0, 3, 1, 2})
                             .to(torch::kFloat)
                             .contiguous();
  stbi_image_free(pixels);
  if (size != 0 && std::max(width, height) != size) {
    throw std::runtime_error(path + " is " + std::to_string(width) + " x " +
                             std::to_string(height) + ", expected " + std::to_string(size) +
                             " on the longer side");
  }
  return picture;
}

/// VGG-19 up to conv5_1, ReLU in place (LibTorch then keeps one activation a layer, its best case).
class Vgg {
 public:
  Vgg(const std::string& weights, bool max_pooling, bool channels_last)
      : max_pooling_(max_pooling), channels_last_(channels_last) {
    const auto tensors = peer::load_safetensors(weights);
    for (const char* name : kNames) {
      Tensor weight = tensors.at(std::string(name) + ".weight");
      if (channels_last) weight = weight.contiguous(torch::MemoryFormat::ChannelsLast);
      layers_.push_back({name, weight, tensors.at(std::string(name) + ".bias")});
    }
    mean_ = torch::tensor({103.939F, 116.779F, 123.68F}).view({1, 3, 1, 1});
  }

  /// Name -> activation after ReLU, for an RGB picture of 0..255.
  std::map<std::string, Tensor> operator()(const Tensor& pixels) const {
    Tensor value = pixels.flip(1) - mean_;
    if (channels_last_) value = value.contiguous(torch::MemoryFormat::ChannelsLast);
    std::map<std::string, Tensor> features;
    for (const auto& layer : layers_) {
      if (layer.name.ends_with("_1") && layer.name != "conv1_1") {
        value = max_pooling_ ? torch::max_pool2d(value, 2) : torch::avg_pool2d(value, 2);
      }
      value = torch::conv2d(value, layer.weight, layer.bias, 1, 1).relu_();
      features[layer.name] = value;
    }
    return features;
  }

 private:
  static constexpr std::array kNames{"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1",
                                     "conv3_2", "conv3_3", "conv3_4", "conv4_1", "conv4_2",
                                     "conv4_3", "conv4_4", "conv5_1"};
  struct Layer {
    std::string name;
    Tensor weight, bias;
  };
  std::vector<Layer> layers_;
  Tensor mean_;
  bool max_pooling_, channels_last_;
};

constexpr std::array kStyleLayers{"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"};
constexpr const char* kContentLayer = "conv4_2";

/// F F^T / M for F = [N channels, M positions].
Tensor gram(const Tensor& feature) {
  const int64_t positions = feature.size(2) * feature.size(3);
  const Tensor matrix = feature.view({feature.size(1), positions});
  return matrix.mm(matrix.t()) / static_cast<double>(positions);
}

void write_ppm(const std::string& path, const Tensor& pixels) {
  const Tensor bytes =
      pixels.detach()[0].permute({1, 2, 0}).round().clamp(0, 255).to(torch::kByte).contiguous();
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << bytes.size(1) << ' ' << bytes.size(0) << "\n255\n";
  file.write(reinterpret_cast<const char*>(bytes.data_ptr<uint8_t>()), bytes.numel());
}

void run(const Options& options) {
  if (options.threads > 0) torch::set_num_threads(options.threads);
  const Vgg vgg(options.weights, options.pool == "max", options.channels_last);
  const Tensor content = load_picture(options.content, options.size);
  const Tensor style = load_picture(options.style, options.size);

  Tensor content_target;
  std::map<std::string, Tensor> style_targets;
  {
    const torch::NoGradGuard no_grad;
    content_target = vgg(content).at(kContentLayer);
    const auto features = vgg(style);
    for (const char* layer : kStyleLayers) style_targets[layer] = gram(features.at(layer));
  }

  Tensor pixels = content.clone().requires_grad_(true);
  torch::optim::Adam adam({pixels},
                          torch::optim::AdamOptions(options.lr).betas({0.9, 0.999}).eps(1e-8));
  nlohmann::json steps = nlohmann::json::array();
  std::vector<double> seconds;
  for (int step = 1; step <= options.steps; ++step) {
    const auto start = std::chrono::steady_clock::now();
    adam.zero_grad();
    const auto features = vgg(pixels);
    const Tensor content_loss = 0.5 * (features.at(kContentLayer) - content_target).square().sum();
    Tensor style_loss = torch::zeros({});
    for (const char* layer : kStyleLayers) {
      const auto channels = static_cast<double>(features.at(layer).size(1));
      const Tensor difference = gram(features.at(layer)) - style_targets.at(layer);
      style_loss = style_loss + difference.square().sum() *
                                    (1.0 / kStyleLayers.size() / (4.0 * channels * channels));
    }
    const Tensor total = options.content_weight * content_loss + options.style_weight * style_loss;
    total.backward();
    adam.step();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    steps.push_back({{"step", step},
                     {"total", total.item<double>()},
                     {"content", content_loss.item<double>()},
                     {"style", style_loss.item<double>()},
                     {"tv", 0.0}});
  }

  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted.empty() ? 0.0 : sorted[sorted.size() / 2];
  const nlohmann::json report{{"settings",
                               {{"program", std::string("peer-style, LibTorch ") + TORCH_VERSION},
                                {"content", options.content},
                                {"style", options.style},
                                {"weights", options.weights},
                                {"size", options.size},
                                {"steps", options.steps},
                                {"lr", options.lr},
                                {"content_weight", options.content_weight},
                                {"style_weight", options.style_weight},
                                {"pool", options.pool},
                                {"threads", torch::get_num_threads()},
                                {"blas", peer::blas_library()},
                                {"channels_last", options.channels_last}}},
                              {"steps", steps},
                              {"seconds", seconds},
                              {"seconds_per_step", median},
                              {"peak_memory_bytes", peer::peak_memory_bytes()}};
  if (!options.json.empty()) std::ofstream(options.json) << report.dump(1) << '\n';
  if (!options.out.empty()) write_ppm(options.out, pixels);
  std::cout << "LibTorch " << TORCH_VERSION << (options.channels_last ? " channels-last" : "")
            << ": " << median << " s/step, " << peer::peak_memory_bytes() / 1e6 << " MB\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "peer-style: " << error.what() << '\n';
    return 1;
  }
}
