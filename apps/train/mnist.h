#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// Trains small networks on the pictures of MNIST and Fashion-MNIST.

namespace train {

struct MnistSettings {
  std::string data;             ///< folder of the four idx files
  std::string model = "lenet";  ///< or "resnet"
  bool fashion = false;         ///< the pictures are those of Fashion-MNIST
  bool low_bit = false;         ///< train in int8 and int16 (reel/nn/quant.h)
  bool int8 = false;            ///< test the trained network in int8, too
  int epochs = 2;
  int64_t batch = 64;
  double lr = 2e-3;  ///< of the first step; falls linearly to zero with the last
  uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
  std::string device = "cpu";
  bool progress = false;  ///< a line that is rewritten while an epoch runs
};

struct MnistEpoch {
  int epoch = 0;        ///< from 1
  double loss = 0;      ///< mean over the training examples
  double accuracy = 0;  ///< of the test set after the epoch, 0..1
  double seconds = 0;   ///< of training, without the test
  double images_per_second = 0;
  std::optional<double> predicted_ms;  ///< a step, of a simulated device
};

/// Prints one line for each epoch. Errors if the data is missing or the loss is no longer a number.
std::vector<MnistEpoch> train_mnist(const MnistSettings& settings);

/// Settings and epochs for --json.
nlohmann::json to_json(const MnistSettings& settings, const std::vector<MnistEpoch>& epochs);

}  // namespace train
