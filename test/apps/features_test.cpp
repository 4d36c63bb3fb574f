// The feature network that comes with reel-style, and the maps that weights may hold.

#include <filesystem>

#include <nlohmann/json.hpp>

#include <reel/io/image.h>
#include <reel/io/safetensors.h>
#include <reel/reel.h>

#include "apps/small_style.h"
#include "style_transfer/inputs.h"
#include "style_transfer/settings.h"
#include "style_transfer/style_transfer.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"
#include "support/tensors.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using nlohmann::json;
using namespace reel::test;

namespace {

std::string sample(const std::string& name) {
  return test_file("../apps/style_transfer/samples/" + name);
}

// The losses of a first step from noise.
style::Losses first_losses(const reel::Weights& weights) {
  reel::manual_seed(1);
  const reel::Tensor content = reel::rand({1, 3, 12, 16}) * 255;
  const reel::Tensor painting = reel::rand({1, 3, 10, 10}) * 255;
  const reel::Tensor noise = reel::rand({1, 3, 12, 16}) * 255;
  style::StyleTransfer transfer(small_settings().recipe, weights, reel::Preprocessing::caffe(),
                                content, painting, noise);
  return transfer.step();
}

}  // namespace

TEST_CASE("a map in the weights is applied to what is compared, not to what the network computes") {
  const style::Losses plain = first_losses(small_weights());

  reel::Weights doubled = small_weights();
  doubled.tensors.insert("conv1_1.tap", 2 * reel::eye(64));  // the style layer
  doubled.tensors.insert("conv1_2.tap", 3 * reel::eye(64));  // the content layer
  const style::Losses scaled = first_losses(doubled);
  // Style losses are of the fourth order in the activations, content losses of the second.
  CHECK(scaled.style == Approx(16 * plain.style).epsilon(1e-4));
  CHECK(scaled.content == Approx(9 * plain.content).epsilon(1e-4));

  // An orthogonal map keeps distances; half of its rows keep less.
  reel::Weights turned = small_weights();
  reel::Tensor reflection = reel::ones({64, 1});
  reflection = reel::eye(64) - reflection.mm(reflection.t()) / 32.0;
  turned.tensors.insert("conv1_1.tap", reflection);
  turned.tensors.insert("conv1_2.tap", reflection.slice(0, 0, 32).contiguous());
  const style::Losses rotated = first_losses(turned);
  CHECK(rotated.style == Approx(plain.style).epsilon(1e-4));
  CHECK(rotated.content < plain.content);
  CHECK(rotated.content > 0);

  reel::Weights wrong = small_weights();
  wrong.tensors.insert("conv1_1.tap", reel::eye(63));
  CHECK_THAT(
      error_of([&] { first_losses(wrong); }),
      ContainsSubstring("conv1_1.tap expects [K, 64] for a layer of 64 channels, got [63, 63]"));
}

TEST_CASE("the pooling is the command line's, or the weights', or max") {
  style::Settings settings = small_settings();
  reel::Weights weights = small_weights();
  style::settle_pooling(settings, weights);
  CHECK(settings.pool == "max");
  settings = small_settings();
  weights.metadata["pooling"] = "avg";
  style::settle_pooling(settings, weights);
  CHECK(settings.pool == "avg");
  CHECK(settings.recipe.pooling == reel::nn::models::VGGPooling::Avg);
  style::set_option(settings, "pool", "max");
  style::settle_pooling(settings, weights);
  CHECK(settings.pool == "max");
  CHECK(settings.recipe.pooling == reel::nn::models::VGGPooling::Max);
  settings = small_settings();
  weights.metadata["pooling"] = "median";
  CHECK_THAT(error_of([&] { style::settle_pooling(settings, weights); }),
             ContainsSubstring("median"));
}

TEST_CASE("without --weights, reel-style takes the network that comes with it") {
  const std::string file = style::default_weights();
  CHECK_THAT(file, EndsWith("weights/reel-vgg-small.safetensors"));
  CHECK(std::filesystem::file_size(file) <= 6'000'000);
  reel::Metadata metadata;
  reel::load_safetensors(file, &metadata);
  for (const char* key : {"input", "pooling", "recipe", "data", "licence"}) {
    INFO(key);
    CHECK_FALSE(metadata[key].empty());
  }

  const TempDir folder;
  const auto run =
      run_command(program("reel-style") + " --content " + sample("portrait.jpg") + " --style " +
                  sample("strokes.jpg") + " --size 64 --steps 30 --lr 5 --out " +
                  folder.file("o.png") + " --json " + folder.file("o.json"));
  INFO(run.output);
  REQUIRE(run.status == 0);
  const json report = json::parse(read_file(folder.file("o.json")));
  CHECK(report.at("settings").at("weights") == file);
  CHECK(report.at("settings").at("pool") == metadata["pooling"]);
  CHECK(report.at("steps")[29].at("total").get<double>() <
        0.5 * report.at("steps")[0].at("total").get<double>());

  // It ends where training ended; what lies deeper is told to be missing.
  const auto deeper =
      run_command(program("reel-style") + " --content " + sample("portrait.jpg") + " --style " +
                  sample("strokes.jpg") + " --style-layers conv5_2 --size 64 --steps 1 --out " +
                  folder.file("o.png"));
  CHECK(deeper.status == 1);
  CHECK_THAT(deeper.output, ContainsSubstring("conv5_2"));
}

TEST_CASE("by the judgement of VGG-19, the small network does most of what VGG-19 does") {
  const std::string vgg = data_file("vgg19/vgg19_conv_f16.safetensors");
  const std::string content = data_file("images/content/chelsea.png");
  const std::string painting = data_file("images/style/the_scream.jpg");
  if (vgg.empty() || content.empty() || painting.empty()) return;
  const TempDir folder;
  const auto run = run_command(program("reel-bench") + " features --contents " + content +
                               " --styles " + painting + " --weights " + vgg +
                               " --size 160 --steps 100 --json " + folder.file("o.json"));
  INFO(run.output);
  REQUIRE(run.status == 0);
  const json report = json::parse(read_file(folder.file("o.json")))[0];
  // The aim of its training, at a small size and few steps; docs/performance.md has the figures of
  // real runs.
  CHECK(report.at("closes").get<double>() >= 0.7);
}
