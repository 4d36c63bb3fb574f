#include "style_transfer/settings.h"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <reel/tensor/check.h>

#include "style_transfer/checkpoint.h"
#include "style_transfer/inputs.h"
#include "validators.h"

namespace style {
namespace {

using nlohmann::json;

constexpr const char* kDefaultPort = "8080";

void add_picture_options(CLI::App& app, Settings& s) {
  const auto group = "What makes the picture";
  app.add_option("--content", s.content, "The picture to repaint (JPEG or PNG)")->group(group);
  app.add_option("--style", s.style, "The painting to learn from (JPEG or PNG)")->group(group);
  app.add_option("--weights", s.weights,
                 "A network's weights on VGG-19's plan: .safetensors, .npz, .npy, .pth or "
                 "MatConvNet's .mat (default: reel-vgg-small, which comes with the program)")
      ->group(group);
  app.add_option("--preprocess", s.preprocess,
                 "What the weights expect of pixels, where the file does not tell")
      ->check(CLI::IsMember({"caffe", "torchvision"}))
      ->group(group);
  app.add_option("--size", s.size, "Longer side of the result in pixels")
      ->check(CLI::Range(int64_t{1}, int64_t{16384}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--lr", s.recipe.lr, "Step size of Adam, in grey levels")
      ->check(apps::positive())
      ->capture_default_str()
      ->group(group);
  app.add_option("--content-weight", s.recipe.content_weight)
      ->check(apps::not_negative())
      ->capture_default_str()
      ->group(group);
  app.add_option("--style-weight", s.recipe.style_weight)
      ->check(apps::not_negative())
      ->capture_default_str()
      ->group(group);
  app.add_option("--tv-weight", s.recipe.tv_weight, "Weight of the total variation: smoothness")
      ->check(apps::not_negative())
      ->capture_default_str()
      ->group(group);
  app.add_option("--content-layers", s.recipe.content_layers, "e.g. conv4_2")
      ->delimiter(',')
      ->capture_default_str()
      ->group(group);
  app.add_option("--style-layers", s.recipe.style_layers, "e.g. conv1_1,conv2_1")
      ->delimiter(',')
      ->capture_default_str()
      ->group(group);
  app.add_option("--pool", s.pool, "Pooling in the network (default: what the weights name)")
      ->check(CLI::IsMember({"max", "avg"}))
      ->group(group);
  app.add_option("--init", s.init, "Where to start: content, noise or a picture file")
      ->capture_default_str()
      ->group(group);
  app.add_option("--seed", s.seed, "Of --init noise")
      ->check(apps::not_negative())
      ->capture_default_str()
      ->group(group);
}

void add_run_options(CLI::App& app, Settings& s) {
  app.add_option("--out", s.out, "The result: a .png or .jpg file");
  app.add_option("--steps", s.steps, "How many updates in all")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}))
      ->capture_default_str();
  app.add_option("--threads", s.threads, "Default: the cores of this machine")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", s.device)->capture_default_str();
  app.add_option("--save-every", s.save_every, "Write result and checkpoint every N steps")
      ->check(apps::not_negative());
  app.add_option("--report", s.report, "Write a page with pictures, curves and settings");
  app.add_option("--checkpoint", s.checkpoint, "Where to keep what --resume needs");
  app.add_option("--resume", s.resume, "Go on from this checkpoint");
  app.add_option("--json", s.json, "Write settings, losses, time and memory");
  app.add_flag("--quiet", s.quiet, "Print nothing but errors");
  app.add_option("--serve", s.serve, "Work from a page in the browser, on this port of 127.0.0.1")
      ->expected(0, 1)
      ->default_str(kDefaultPort)
      ->check(CLI::Range(0, 65535))
      ->type_name("[PORT]");
}

// The options of a resumed run: those of the checkpoint, which the command line may repeat but not
// change, and those that do not make the picture.
void merge_checkpoint(const CLI::App& app, Settings& settings) {
  Settings merged = settings;
  from_json(read_checkpoint_settings(settings.resume), merged);
  const json given = to_json(settings);
  const json kept = to_json(merged);
  for (const auto& [name, value] : kept.items()) {
    if (app.count("--" + name) > 0 && given.at(name) != value) {
      reel::fail("--resume {}: the checkpoint was made with --{} {}, which cannot be changed to {}",
                 settings.resume, name, value.dump(), given.at(name).dump());
    }
  }
  settings = merged;
  if (settings.checkpoint.empty()) settings.checkpoint = settings.resume;
}

void require(const std::string& value, const char* option) {
  if (value.empty()) reel::fail("{} is required (see --help)", option);
}

void set_pooling(Settings& settings) {
  settings.recipe.pooling = settings.pool == "avg" ? reel::nn::models::VGGPooling::Avg
                                                   : reel::nn::models::VGGPooling::Max;
}

}  // namespace

nlohmann::json to_json(const Settings& s) {
  return {{"content", s.content},
          {"style", s.style},
          {"weights", s.weights},
          {"preprocess", s.preprocess},
          {"size", s.size},
          {"lr", s.recipe.lr},
          {"content-weight", s.recipe.content_weight},
          {"style-weight", s.recipe.style_weight},
          {"tv-weight", s.recipe.tv_weight},
          {"content-layers", s.recipe.content_layers},
          {"style-layers", s.recipe.style_layers},
          {"pool", s.pool},
          {"init", s.init},
          {"seed", s.seed}};
}

void from_json(const nlohmann::json& j, Settings& s) {
  j.at("content").get_to(s.content);
  j.at("style").get_to(s.style);
  j.at("weights").get_to(s.weights);
  j.at("preprocess").get_to(s.preprocess);
  j.at("size").get_to(s.size);
  j.at("lr").get_to(s.recipe.lr);
  j.at("content-weight").get_to(s.recipe.content_weight);
  j.at("style-weight").get_to(s.recipe.style_weight);
  j.at("tv-weight").get_to(s.recipe.tv_weight);
  j.at("content-layers").get_to(s.recipe.content_layers);
  j.at("style-layers").get_to(s.recipe.style_layers);
  j.at("pool").get_to(s.pool);
  j.at("init").get_to(s.init);
  j.at("seed").get_to(s.seed);
}

std::optional<int> parse_command_line(int argc, char** argv, Settings& settings) {
  CLI::App app("Repaints a picture in the style of a painting (Gatys, Ecker and Bethge 2016).",
               "reel-style");
  add_picture_options(app, settings);
  add_run_options(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (!settings.resume.empty()) merge_checkpoint(app, settings);
  if (settings.serve) {
    for (const char* option :
         {"--out", "--report", "--json", "--checkpoint", "--resume", "--save-every", "--quiet"}) {
      if (app.count(option) > 0) {
        reel::fail("--serve: {} does not go with it, the page shows and saves", option);
      }
    }
  } else {
    require(settings.content, "--content");
    require(settings.style, "--style");
    require(settings.out, "--out");
  }
  if (settings.weights.empty()) settings.weights = default_weights();
  if (settings.recipe.content_layers.empty() && settings.recipe.style_layers.empty()) {
    reel::fail("--content-layers and --style-layers: at least one layer is required");
  }
  if (settings.save_every > 0 && settings.checkpoint.empty()) {
    settings.checkpoint = settings.out + ".checkpoint";
  }
  set_pooling(settings);
  return std::nullopt;
}

void set_option(Settings& settings, const std::string& name, const std::string& value) {
  CLI::App app;
  add_picture_options(app, settings);
  add_run_options(app, settings);
  try {
    app.parse(std::vector<std::string>{"--" + name + "=" + value});
  } catch (const CLI::ParseError& error) {
    const std::string message = error.what();
    reel::fail("{}", message.starts_with("--") ? message.substr(2) : name + ": " + message);
  }
  set_pooling(settings);
}

}  // namespace style
