#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"
#include "train/mnist.h"

using Catch::Matchers::ContainsSubstring;
using reel::test::data_file;
using reel::test::ProcessResult;
using reel::test::program;
using reel::test::read_file;
using reel::test::run_command;
using reel::test::TempDir;
using reel::test::tiny_mnist;

namespace {

ProcessResult reel_train(const std::string& arguments) {
  return run_command(program("reel-train") + " " + arguments);
}

}  // namespace

TEST_CASE("Training learns, and depends on the seed but not on the number of threads") {
  const TempDir folder;
  train::MnistSettings settings;
  settings.data = tiny_mnist(folder, 120);
  settings.batch = 20;
  settings.epochs = 6;
  settings.threads = 2;
  const auto two = train::train_mnist(settings);
  CHECK(two.size() == 6);
  CHECK(two.back().accuracy == 1);
  CHECK(two.back().loss < 0.1 * two.front().loss);
  settings.threads = 1;
  CHECK(train::train_mnist(settings).back().loss == two.back().loss);
  settings.seed = 2;
  CHECK(train::train_mnist(settings).back().loss != two.back().loss);
  settings.lr = 1e30;
  CHECK_THROWS_WITH(train::train_mnist(settings), ContainsSubstring("try a smaller --lr"));
}

TEST_CASE("Low-bit training learns, and a trained network is tested in int8") {
  const TempDir folder;
  train::MnistSettings settings;
  settings.data = tiny_mnist(folder, 120);
  settings.batch = 20;
  settings.epochs = 6;
  settings.low_bit = true;
  const auto low = train::train_mnist(settings);
  CHECK(low.back().accuracy == 1);
  CHECK(low.back().loss < 0.1 * low.front().loss);
  settings.low_bit = false;
  settings.int8 = true;
  // Other numbers, as good a network.
  const auto floats = train::train_mnist(settings);
  CHECK(floats.back().loss != low.back().loss);
  settings.model = "resnet";
  settings.epochs = 1;
  CHECK(train::train_mnist(settings).size() == 1);
  settings.model = "perceptron";
  CHECK_THROWS_WITH(train::train_mnist(settings), ContainsSubstring("a model lenet or resnet"));
}

TEST_CASE("reel-train explains what is missing") {
  const TempDir folder;
  const ProcessResult no_folder = reel_train("mnist --data " + folder.file("nowhere"));
  CHECK(no_folder.status == 1);
  CHECK_THAT(no_folder.output, ContainsSubstring("nowhere"));
  CHECK(reel_train("").status != 0);
  CHECK(reel_train("mnist --epochs 0").status != 0);
  const ProcessResult unwritable =
      reel_train("mnist --data " + folder.file("nowhere") + " --json /nowhere/out.json");
  CHECK(unwritable.status == 1);
  CHECK_THAT(unwritable.output, ContainsSubstring("/nowhere/out.json"));
}

TEST_CASE("reel-train mnist reaches 98.5 % in two epochs with its defaults") {
  const std::string data = data_file("mnist");
  if (data.empty()) return;
  const TempDir folder;
  const std::string json = folder.file("result.json");
  const ProcessResult result = reel_train("mnist --data " + data + " --json " + json);
  INFO(result.output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, ContainsSubstring("epoch 2  loss"));
  const auto report = nlohmann::json::parse(read_file(json));
  CHECK(report["epochs"].size() == 2);
  CHECK(report["epochs"][1]["loss"].get<double>() < report["epochs"][0]["loss"].get<double>());
  CHECK(report["test_accuracy"].get<double>() >= 0.985);
  CHECK(report["settings"]["seed"] == 1);
  WARN("MNIST: " << 100 * report["test_accuracy"].get<double>() << " % in "
                 << report["train_seconds"].get<double>() << " s");
}
