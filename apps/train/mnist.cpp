#include "train/mnist.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <reel/data/batches.h>
#include <reel/data/datasets/mnist.h>
#include <reel/nn/models/lenet.h>
#include <reel/reel.h>

#include "devices.h"
#include "train/small_resnet.h"

namespace train {

namespace {

// Of the training pictures.
constexpr double kMnistMean = 0.1307, kFashionMean = 0.2860;
constexpr double kMnistDeviation = 0.3081, kFashionDeviation = 0.3530;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Pictures with about mean 0 and deviation 1.
reel::Tensor standardized(const reel::Tensor& images, bool fashion) {
  return images.sub(fashion ? kFashionMean : kMnistMean)
      .div_(fashion ? kFashionDeviation : kMnistDeviation);
}

/// What is printed of the time that a simulated device would have taken.
std::string text_of(std::optional<double> predicted_ms) {
  return predicted_ms ? fmt::format("  ({:.3f} ms/step predicted)", *predicted_ms) : "";
}

reel::nn::AnyModule network(const std::string& model) {
  if (model == "resnet") return reel::nn::AnyModule(SmallResNet());
  if (model == "lenet") return reel::nn::AnyModule(reel::nn::models::LeNet());
  throw reel::Error(fmt::format("expected a model lenet or resnet, got '{}'", model));
}

double test_accuracy(reel::nn::AnyModule& net, const reel::data::Batches& batches, int64_t count,
                     reel::Device device) {
  reel::NoGradGuard no_grad;
  net.ptr()->eval();
  int64_t right = 0;
  for (const auto& batch : batches.epoch(0)) {
    const auto scores = net.forward(batch.data.to(device));
    right += scores.argmax(1).eq(batch.target.to(device)).sum().item<int64_t>();
  }
  net.ptr()->train();
  return static_cast<double>(right) / static_cast<double>(count);
}

/// The accuracy in int8, with scales of one batch of the training set.
double int8_accuracy(reel::nn::AnyModule& net, const reel::data::Batches& train_batches,
                     const reel::data::Batches& test_batches, int64_t count, reel::Device device) {
  reel::NoGradGuard no_grad;
  reel::nn::quant::prepare(*net.ptr(), reel::nn::quant::LowBitOptions().max_bits(8));
  net.ptr()->eval();
  for (const auto& batch : train_batches.epoch(0)) {
    net.forward(batch.data.to(device));
    break;
  }
  return test_accuracy(net, test_batches, count, device);
}

}  // namespace

std::vector<MnistEpoch> train_mnist(const MnistSettings& settings) {
  using reel::data::datasets::MNIST;
  if (settings.threads > 0) reel::set_num_threads(settings.threads);
  const reel::Device device(settings.device);
  const MNIST train_set(settings.data, MNIST::Mode::kTrain);
  const MNIST test_set(settings.data, MNIST::Mode::kTest);
  const int64_t count = train_set.images().size(0), test_count = test_set.images().size(0);
  const reel::data::Batches train_batches(
      standardized(train_set.images(), settings.fashion), train_set.targets(),
      {.batch_size = settings.batch, .shuffle = true, .seed = settings.seed});
  const reel::data::Batches test_batches(standardized(test_set.images(), settings.fashion),
                                         test_set.targets(), {.batch_size = 1000});

  reel::manual_seed(settings.seed);
  reel::nn::AnyModule net = network(settings.model);
  net.ptr()->to(device);
  if (settings.low_bit) {
    reel::nn::quant::prepare(*net.ptr(), reel::nn::quant::LowBitOptions(train_batches.size()));
  }
  reel::optim::Adam optimizer(net.ptr()->parameters(), settings.lr);

  std::vector<MnistEpoch> epochs;
  const double steps = static_cast<double>(settings.epochs * train_batches.size());
  int64_t step = 0;
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const auto start = Clock::now();
    const PredictedTime predicted(device);
    double loss_sum = 0;
    int64_t seen = 0, done = 0;
    const auto predicted_ms = [&]() -> std::optional<double> {
      const std::optional<double> ms = predicted.ms();
      return ms ? std::optional(*ms / static_cast<double>(done)) : std::nullopt;
    };
    for (const auto& batch : train_batches.epoch(static_cast<uint64_t>(epoch - 1))) {
      optimizer.param_groups()[0].options().set_lr(settings.lr *
                                                   (1 - static_cast<double>(step++) / steps));
      optimizer.zero_grad();
      const auto loss = reel::nn::functional::cross_entropy(net.forward(batch.data.to(device)),
                                                            batch.target.to(device));
      loss.backward();
      optimizer.step();

      const double value = loss.item<double>();
      if (!std::isfinite(value)) {
        throw reel::Error(
            fmt::format("the loss is {} in epoch {} after {} images; try a smaller "
                        "--lr than {}",
                        value, epoch, seen, settings.lr));
      }
      loss_sum += value * static_cast<double>(batch.data.size(0));
      seen += batch.data.size(0);
      ++done;
      if (settings.progress && step % 50 == 0) {
        fmt::print("\repoch {}  {:3.0f} %  loss {:.4f}{} ", epoch,
                   100 * static_cast<double>(seen) / static_cast<double>(count),
                   loss_sum / static_cast<double>(seen), text_of(predicted_ms()));
        std::fflush(stdout);
      }
    }
    MnistEpoch& result = epochs.emplace_back();
    result.epoch = epoch;
    result.seconds = seconds_since(start);
    result.loss = loss_sum / static_cast<double>(seen);
    result.images_per_second = static_cast<double>(seen) / result.seconds;
    result.predicted_ms = predicted_ms();
    result.accuracy = test_accuracy(net, test_batches, test_count, device);
    fmt::print("{}epoch {}  loss {:.4f}  test accuracy {:.2f} %  {:.0f} images/s  {:.1f} s{}\n",
               settings.progress ? "\r" : "", epoch, result.loss, 100 * result.accuracy,
               result.images_per_second, result.seconds, text_of(result.predicted_ms));
    std::fflush(stdout);
  }
  if (settings.low_bit) fmt::print("\n{}", reel::nn::quant::bit_table(*net.ptr()));
  if (settings.int8) {
    fmt::print("in int8: test accuracy {:.2f} %\n",
               100 * int8_accuracy(net, train_batches, test_batches, test_count, device));
  }
  return epochs;
}

nlohmann::json to_json(const MnistSettings& settings, const std::vector<MnistEpoch>& epochs) {
  nlohmann::json rows = nlohmann::json::array();
  double seconds = 0;
  for (const auto& row : epochs) {
    seconds += row.seconds;
    rows.push_back({{"epoch", row.epoch},
                    {"loss", row.loss},
                    {"test_accuracy", row.accuracy},
                    {"seconds", row.seconds},
                    {"images_per_second", row.images_per_second}});
    if (row.predicted_ms) rows.back()["predicted_ms_per_step"] = *row.predicted_ms;
  }
  return {{"settings",
           {{"data", settings.data},
            {"model", settings.model},
            {"low_bit", settings.low_bit},
            {"epochs", settings.epochs},
            {"batch", settings.batch},
            {"lr", settings.lr},
            {"seed", settings.seed},
            {"threads", reel::get_num_threads()},
            {"device", settings.device}}},
          {"epochs", rows},
          {"test_accuracy", epochs.empty() ? 0.0 : epochs.back().accuracy},
          {"train_seconds", seconds}};
}

}  // namespace train
