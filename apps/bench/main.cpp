// reel-bench: measures reel, and with --peers LibTorch beside it, in turn on the same machine.
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "bench/ops.h"
#include "bench/style.h"
#include "validators.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Measures reel against the machine and, with --peers, against LibTorch in turn.\n"
      "Without a subcommand: overhead, gemm, memory and conv."};
  app.require_subcommand(0, 1);
  app.fallthrough();
  bench::Settings settings;
  std::string json_file, earlier_file;
  app.add_option("--threads", settings.threads, "Threads of both sides (default: all cores)");
  app.add_option("--rounds", settings.rounds, "How often both sides take turns")
      ->check(apps::positive());
  app.add_flag("--peers", settings.peers, "Measure LibTorch too (needs -DREEL_BUILD_PEERS=ON)");
  app.add_option("--json", json_file, "Write the numbers to this file too");

  app.add_option("--against", earlier_file, "Compare with the numbers of an earlier --json file")
      ->check(CLI::ExistingFile);

  auto* overhead = app.add_subcommand("overhead", "Tiny operations: what a call costs");

  std::vector<int64_t> sizes{256, 512, 1024, 2048};
  auto* gemm = app.add_subcommand("gemm", "Matrix products against the multiply-add ceiling");
  gemm->add_option("--sizes", sizes, "Rows = columns = depth")->delimiter(',');

  std::vector<int64_t> squares{256, 512, 1024, 2048, 4096};
  auto* products = app.add_subcommand(
      "products", "Matrix products of float32 and float64, square, transposed and skinny");
  products->add_option("--sizes", squares, "Rows = columns = depth of the square ones")
      ->delimiter(',');

  int64_t size = 384;
  std::vector<int64_t> sides{384, 32, 8};
  auto* memory = app.add_subcommand("memory", "Operations bound by memory, against bandwidth");
  memory->add_option("--sizes", sides, "Sides of the activation of 64 channels in pixels")
      ->delimiter(',')
      ->check(CLI::Range(2, 4096));
  auto* conv = app.add_subcommand("conv", "The convolutions of VGG-19 against the ceiling");
  conv->add_option("--size", size, "Side of the picture in pixels")->check(CLI::Range(16, 4096));

  std::vector<std::string> models;
  double batch_scale = 1;
  auto* train = app.add_subcommand("train", "A training step of each of six networks");
  train->add_option("--models", models, "Which ones")
      ->delimiter(',')
      ->check(CLI::IsMember(bench::train_models()));
  train->add_option("--batch-scale", batch_scale, "Batches of that many times the usual size")
      ->check(CLI::PositiveNumber);

  int64_t batch = 2;
  auto* layers = app.add_subcommand("layers", "Convolutions of other image models, and gradients");
  layers->add_option("--batch", batch, "Pictures")->check(apps::positive());

  bench::StyleSettings style_settings;
  auto* style = app.add_subcommand("style", "A step of style transfer: seconds and memory");
  style->add_option("--content", style_settings.content, "Content picture")
      ->check(CLI::ExistingFile);
  style->add_option("--style", style_settings.style, "Style picture")->check(CLI::ExistingFile);
  style->add_option("--weights", style_settings.weights, "VGG-19 weights, safetensors")
      ->check(CLI::ExistingFile);
  style->add_option("--sizes", style_settings.sizes, "Longer sides in pixels")->delimiter(',');
  style->add_option("--steps", style_settings.steps, "Steps of each run")->check(apps::positive());

  bench::FeatureSettings features;
  auto* judged = app.add_subcommand(
      "features", "A feature network for style transfer, judged by VGG-19 (slow)");
  judged->add_option("--contents", features.contents, "Content pictures")->check(CLI::ExistingFile);
  judged->add_option("--styles", features.styles, "Style pictures")->check(CLI::ExistingFile);
  judged->add_option("--weights", features.weights, "VGG-19 weights")->check(CLI::ExistingFile);
  judged->add_option("--small", features.small, "The network on trial (default: reel-style's)")
      ->check(CLI::ExistingFile);
  judged->add_option("--size", features.size, "Longer side in pixels")->check(CLI::Range(16, 4096));
  judged->add_option("--steps", features.steps, "Steps of each run")->check(apps::positive());

  CLI11_PARSE(app, argc, argv);
  try {
    const bool all = app.get_subcommands().empty();
    nlohmann::json reports = nlohmann::json::array();
    if (all || *overhead) reports.push_back(bench::run_overhead(settings));
    if (all || *gemm) reports.push_back(bench::run_gemm(settings, sizes));
    if (*products) reports.push_back(bench::run_products(settings, squares));
    for (const int64_t side : all || *memory ? sides : std::vector<int64_t>()) {
      reports.push_back(bench::run_memory(settings, side));
    }
    if (all || *conv) reports.push_back(bench::run_conv(settings, size));
    if (*train) reports.push_back(bench::run_train(settings, models, batch_scale));
    if (*layers) reports.push_back(bench::run_layers(settings, batch));
    if (*judged) reports.push_back(bench::run_features(settings, features));
    if (*style) reports.push_back(bench::run_style(settings, style_settings));
    if (!earlier_file.empty()) {
      bench::compare(reports, nlohmann::json::parse(std::ifstream(earlier_file)));
    }
    if (!json_file.empty()) {
      std::ofstream file(json_file);
      file << reports.dump(1) << '\n';
      if (!file.flush()) throw std::runtime_error("cannot write " + json_file);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reel-bench: %s\n", error.what());
    return 1;
  }
}
