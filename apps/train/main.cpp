// reel-train: trains small networks on known data sets.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <reel/io/atomic_file.h>
#include <reel/tensor/error.h>

#include "devices.h"
#include "train/mnist.h"
#include "validators.h"

namespace {

void add_options(CLI::App& command, train::MnistSettings& settings, std::string& json_file) {
  command.option_defaults()->always_capture_default();
  command.add_option("--data", settings.data,
                     settings.fashion ? "Folder of the four idx files"
                                      : "Folder of the four idx files (default: $REEL_DATA/mnist)");
  command.add_option("--model", settings.model, "What to train")
      ->check(CLI::IsMember({"lenet", "resnet"}));
  command.add_flag("--low-bit", settings.low_bit,
                   "Train in int8 and, where that is not enough, int16");
  command.add_flag("--int8", settings.int8, "Test the trained network in int8, too");
  command.add_option("--epochs", settings.epochs, "Passes over the training set")
      ->check(apps::positive());
  command.add_option("--batch", settings.batch, "Images per step")->check(apps::positive());
  command.add_option("--lr", settings.lr, "Learning rate of Adam; falls linearly to zero")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return std::atof(text.c_str()) > 0 ? "" : "expects a positive number, got " + text;
          },
          "POSITIVE"));
  command.add_option("--seed", settings.seed, "Of the starting weights and the order of images")
      ->check(apps::not_negative());
  command.add_option("--threads", settings.threads, "0 takes all cores")
      ->check(apps::not_negative());
  command.add_option("--device", settings.device, "Where to compute");
  command.add_option("--json", json_file, "Write settings and results to this file");
}

}  // namespace

int main(int argc, char** argv) {
  register_devices();
  CLI::App app{"Trains small networks on known data sets."};
  app.require_subcommand(1);

  train::MnistSettings digits, clothes;
  clothes.fashion = true;
  clothes.model = "resnet";
  clothes.data = "/usr/share/datasets/fashion-mnist";
  std::string json_file;
  if (const char* data = std::getenv("REEL_DATA")) digits.data = std::string(data) + "/mnist";
  auto* mnist = app.add_subcommand("mnist", "The handwritten digits of MNIST");
  auto* fashion = app.add_subcommand("fashion", "The pieces of clothing of Fashion-MNIST");
  add_options(*mnist, digits, json_file);
  add_options(*fashion, clothes, json_file);

  CLI11_PARSE(app, argc, argv);
  train::MnistSettings& settings = fashion->parsed() ? clothes : digits;
  settings.progress = isatty(STDOUT_FILENO) != 0;
  try {
    if (settings.data.empty()) {
      throw reel::Error(
          "no data: name the folder of MNIST's idx files by --data, or set REEL_DATA to the folder "
          "that holds mnist/");
    }
    if (!json_file.empty()) reel::check_writable(json_file);
    const auto epochs = train::train_mnist(settings);
    if (!json_file.empty()) {
      reel::write_file(json_file, train::to_json(settings, epochs).dump(2) + "\n");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reel-train: %s\n", error.what());
    return 1;
  }
  return 0;
}
