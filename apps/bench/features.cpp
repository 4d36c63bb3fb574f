#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include <reel/backends/parallel.h>
#include <reel/io/image.h>
#include <reel/io/safetensors.h>
#include <reel/io/weights.h>
#include <reel/nn/models/vgg.h>
#include <reel/reel.h>

#include "bench/peer.h"
#include "bench/style.h"
#include "bench/style_files.h"
#include "program_folder.h"

namespace bench {
namespace {

using nlohmann::json;
using reel::Tensor;

const std::string kContentLayer = "conv4_2";
const std::vector<std::string> kStyleLayers{"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"};

/// What VGG-19 makes of a picture: the content layer's activations and the Gram matrices.
struct Impression {
  Tensor content;
  std::vector<Tensor> grams;
};

/// A network with the preprocessing of Caffe's VGG-19, which the judge and the random one have.
class Network {
 public:
  explicit Network(const reel::StateDict& weights)
      : features_(
            reel::nn::models::VGG19FeaturesOptions().widths_of(weights).last_layer("conv5_1")) {
    features_->load_weights(weights);
  }

  Impression look(const std::string& file) {
    const reel::NoGradGuard no_grad;
    const Tensor rgb = reel::load_image(file).permute({2, 0, 1}).unsqueeze(0).to(reel::kFloat);
    const Tensor mean = reel::tensor({103.939, 116.779, 123.68}, reel::kFloat).view({1, 3, 1, 1});
    auto layers = kStyleLayers;
    layers.push_back(kContentLayer);
    auto features = features_->taps(rgb.flip({1}) - mean, layers);
    Impression impression{features.back(), {}};
    features.pop_back();
    for (const Tensor& feature : features) {
      const Tensor f = feature.flatten(2).squeeze(0);
      impression.grams.push_back(reel::gram(f) / static_cast<double>(f.size(1)));
    }
    return impression;
  }

 private:
  reel::nn::models::VGG19Features features_;
};

double power(const Tensor& x) { return x.square().sum().item<double>(); }

struct Verdict {
  double content = 0;
  double style = 0;
};

Verdict judge(const Impression& result, const Impression& content, const Impression& style) {
  Verdict verdict;
  verdict.content = power(result.content - content.content) / power(content.content);
  for (size_t i = 0; i < style.grams.size(); ++i) {
    verdict.style += power(result.grams[i] - style.grams[i]) / power(style.grams[i]) /
                     static_cast<double>(style.grams.size());
  }
  return verdict;
}

/// A network of the same widths with He's random weights. Its maps are multiples of the identity
/// that make its activations on this picture as large as VGG-19's, so that content and styles are
/// balanced in its losses as they are in VGG-19's.
reel::StateDict random_weights(const reel::StateDict& small, const Impression& vgg,
                               const std::string& picture) {
  reel::manual_seed(7);
  reel::StateDict random;
  for (const auto& [name, tensor] : small) {
    if (name.ends_with(".bias")) random.insert(name, reel::zeros_like(tensor));
    if (!name.ends_with(".weight")) continue;
    const auto fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
    const double first = name == "conv1_1.weight" ? 1.0 / 64 : 1;  // pixels are that large
    random.insert(name, reel::randn(tensor.sizes()) * (first * std::sqrt(2 / fan_in)));
  }
  const Impression own = Network(random).look(picture);
  const auto insert = [&](const std::string& layer, int64_t channels, double scale) {
    random.insert(layer + ".tap", reel::eye(channels) * scale);
  };
  insert(kContentLayer, own.content.size(1), std::sqrt(power(vgg.content) / power(own.content)));
  for (size_t i = 0; i < kStyleLayers.size(); ++i) {
    // A style loss is divided by the square of the number of channels.
    const double ratio = static_cast<double>(own.grams[i].size(0)) /
                         static_cast<double>(vgg.grams[i].size(0)) *
                         std::sqrt(power(vgg.grams[i]) / power(own.grams[i]));
    insert(kStyleLayers[i], own.grams[i].size(0), std::sqrt(ratio));
  }
  return random;
}

std::string stem(const std::string& file) { return std::filesystem::path(file).stem().string(); }

std::vector<std::string> files_or_data(const std::vector<std::string>& given,
                                       const std::vector<std::string>& names, const char* option) {
  std::vector<std::string> files = given;
  if (files.empty()) {
    for (const std::string& name : names) files.push_back(file_or_data("", name, option));
  }
  return files;
}

}  // namespace

nlohmann::json run_features(const Settings& settings, const FeatureSettings& features) {
  // None of these was trained on.
  const auto contents = files_or_data(
      features.contents,
      {"images/content/astronaut.png", "images/content/chelsea.png", "images/content/coffee.png"},
      "--contents");
  const auto styles = files_or_data(
      features.styles, {"images/style/wave.jpg", "images/style/the_scream.jpg"}, "--styles");
  const auto vgg_file =
      file_or_data(features.weights, "vgg19/vgg19_conv_f16.safetensors", "--weights");
  const int threads = settings.threads > 0 ? settings.threads : reel::get_num_threads();
  reel::set_num_threads(threads);

  const TemporaryFolder folder;
  Network vgg(reel::load_weights(vgg_file).tensors);
  const std::string program = apps::program_folder() + "/reel-style";
  std::string small_file = features.small;  // reel-style tells which it takes

  json report = begin_report("feature networks", settings, threads);
  Table table({"content x style", "network", "content", "style", "closes", "s/step"});
  double closed = 0;
  Verdict mean[3];
  int64_t pairs = 0;
  for (const std::string& content_file : contents) {
    write_resized(content_file, features.size, folder.file("content.png"));
    const Impression content = vgg.look(folder.file("content.png"));
    for (const std::string& style_file : styles) {
      write_resized(style_file, features.size, folder.file("style.png"));
      const Impression style = vgg.look(folder.file("style.png"));
      const std::string pair = stem(content_file) + " x " + stem(style_file);

      const auto run = [&](const std::string& weights) {
        std::vector<std::string> command{program,
                                         "--content",
                                         folder.file("content.png"),
                                         "--style",
                                         folder.file("style.png"),
                                         "--size",
                                         std::to_string(features.size),
                                         "--steps",
                                         std::to_string(features.steps),
                                         "--threads",
                                         std::to_string(threads),
                                         "--out",
                                         folder.file("result.png"),
                                         "--json",
                                         folder.file("report.json")};
        if (!weights.empty()) command.insert(command.end(), {"--weights", weights});
        run_program(command, /*quiet=*/true);
        return json::parse(std::ifstream(folder.file("report.json")));
      };
      Verdict verdicts[3];
      const char* const names[] = {"VGG-19", "small", "random"};
      for (int i = 0; i < 3; ++i) {
        if (i == 2) {
          const reel::Weights weights = reel::load_weights(small_file);
          reel::save_safetensors(
              folder.file("random.safetensors"),
              random_weights(weights.tensors, content, folder.file("content.png")),
              weights.metadata);
        }
        const json ran = run(i == 0   ? vgg_file
                             : i == 1 ? small_file
                                      : folder.file("random.safetensors"));
        if (i == 1) small_file = ran.at("settings").at("weights").get<std::string>();
        fmt::print("{}: {} has run\n", pair, names[i]);
        std::fflush(stdout);
        verdicts[i] = judge(vgg.look(folder.file("result.png")), content, style);
        mean[i].content += verdicts[i].content;
        mean[i].style += verdicts[i].style;
        report["rows"].push_back({{"pair", pair},
                                  {"network", names[i]},
                                  {"content", verdicts[i].content},
                                  {"style", verdicts[i].style},
                                  {"seconds_per_step", ran.at("seconds_per_step")}});
        std::string closes;
        if (i == 2) {
          const double share =
              (verdicts[2].style - verdicts[1].style) / (verdicts[2].style - verdicts[0].style);
          closed += share;
          closes = fmt::format("{:.1f} %", 100 * share);
        }
        table.add({i == 0 ? pair : "", names[i], fmt::format("{:.4f}", verdicts[i].content),
                   fmt::format("{:.4f}", verdicts[i].style), closes,
                   fmt::format("{:.3f}", ran.at("seconds_per_step").get<double>())});
      }
      ++pairs;
    }
  }
  const auto n = static_cast<double>(pairs);
  report["closes"] = closed / n;
  for (int i = 0; i < 3; ++i) {
    const char* const names[] = {"mean: VGG-19", "mean: small", "mean: random"};
    table.add({names[i], "", fmt::format("{:.4f}", mean[i].content / n),
               fmt::format("{:.4f}", mean[i].style / n),
               i == 1 ? fmt::format("{:.1f} %", 100 * closed / n) : "", ""});
  }
  report["mean_content"] = {mean[0].content / n, mean[1].content / n, mean[2].content / n};
  report["mean_style"] = {mean[0].style / n, mean[1].style / n, mean[2].style / n};
  table.print();
  return report;
}

}  // namespace bench
