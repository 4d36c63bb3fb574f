#pragma once

// The training of networks, for cases.h, which see: compiled with reel and with LibTorch.

#include <cmath>
#include <memory>
#include <utility>

#include <reel/nn/models/alexnet.h>
#include <reel/nn/models/gnmt.h>
#include <reel/nn/models/mobilenet.h>
#include <reel/nn/models/ncf.h>
#include <reel/nn/models/resnet.h>
#include <reel/nn/models/vgg19.h>

namespace cases {

namespace models = library::nn::models;
namespace functional = library::nn::functional;

/// A network with one batch to learn.
struct Training {
  std::shared_ptr<library::nn::Module> network;
  std::function<Tensor()> output;
  std::function<Tensor(const Tensor& output)> loss;
};

inline auto dtype_of(const nlohmann::json& description) {
  return description.value("double", false) ? library::kDouble : library::kFloat;
}

template <class Network>
Training learn_pictures(const Network& network, const nlohmann::json& description) {
  const int64_t batch = description.at("batch"), side = description.at("side");
  network.ptr()->to(dtype_of(description));
  Tensor pictures = library::randn({batch, 3, side, side}).to(dtype_of(description));
  if (description.value("channels_last", false)) {
    pictures = pictures.contiguous(library::MemoryFormat::ChannelsLast);
    for (Tensor& weight : network->parameters()) {
      if (weight.dim() != 4) continue;
      weight.set_data(weight.detach().contiguous(library::MemoryFormat::ChannelsLast));
    }
  }
  const Tensor classes = library::randint(network->options.num_classes(), {batch}, library::kLong);
  return {network.ptr(), [=] { return Network(network)->forward(pictures); },
          [=](const Tensor& scores) { return functional::cross_entropy(scores, classes); }};
}

inline Training learn_sentences(const models::GNMTv2Options& options,
                                const nlohmann::json& description) {
  const int64_t batch = description.at("batch"), length = description.at("length");
  const int64_t vocabulary = options.vocab_size();
  const models::GNMTv2 network(options);
  network.ptr()->to(dtype_of(description));
  const auto tokens = [=] {
    return library::randint(1, vocabulary, {length, batch}, library::kLong);
  };
  const Tensor source = tokens(), target = tokens(), next = tokens().flatten();
  return {network.ptr(), [=] { return models::GNMTv2(network)->forward(source, target); },
          [=](const Tensor& scores) {
            return functional::cross_entropy(scores.reshape({-1, vocabulary}), next);
          }};
}

inline Training learn_ratings(const models::NCFOptions& options,
                              const nlohmann::json& description) {
  const int64_t batch = description.at("batch");
  const models::NCF network(options);
  network.ptr()->to(dtype_of(description));
  const Tensor users = library::randint(options.num_users(), {batch}, library::kLong);
  const Tensor items = library::randint(options.num_items(), {batch}, library::kLong);
  const Tensor liked = library::randint(2, {batch, 1}, library::kLong).to(dtype_of(description));
  return {network.ptr(), [=] { return models::NCF(network)->forward(users, items); },
          [=](const Tensor& scores) {
            return functional::binary_cross_entropy_with_logits(scores, liked);
          }};
}

/// `description`: {"model": "alexnet", "batch": 32, "side": 224, ...}; with "dropout": false there
/// is none, with "double": true everything is float64.
inline Training make_training(const nlohmann::json& description) {
  const auto model = description.at("model").get<std::string>();
  const auto with_dropout = [&](auto options) {
    if (!description.value("dropout", true)) options.dropout(0);
    return options;
  };
  if (model == "alexnet") {
    return learn_pictures(models::AlexNet(with_dropout(models::AlexNetOptions())), description);
  }
  if (model == "vgg19") {
    return learn_pictures(models::VGG19(with_dropout(models::VGG19Options())), description);
  }
  if (model == "resnet18") return learn_pictures(models::resnet18(), description);
  if (model == "resnet50") return learn_pictures(models::resnet50(), description);
  if (model == "mobilenet_v2") {
    return learn_pictures(models::MobileNetV2(with_dropout(models::MobileNetV2Options())),
                          description);
  }
  if (model == "gnmt_v2") {
    const int64_t vocabulary = description.value("vocab_size", int64_t{32317});
    return learn_sentences(with_dropout(models::GNMTv2Options())
                               .hidden_size(description.at("width").get<int64_t>())
                               .vocab_size(vocabulary),
                           description);
  }
  if (model == "ncf") return learn_ratings(with_dropout(models::NCFOptions()), description);
  throw std::runtime_error("unknown model " + model);
}

/// One step of training: forward, loss, backward, SGD. Returns the loss.
class Trainer {
 public:
  Trainer(Training training, double lr)
      : training_(std::move(training)),
        optimizer_(std::make_shared<library::optim::SGD>(training_.network->parameters(),
                                                         library::optim::SGDOptions(lr))) {}
  Tensor step() const {
    optimizer_->zero_grad();
    const Tensor loss = training_.loss(training_.output());
    loss.backward();
    optimizer_->step();
    return loss;
  }

 private:
  Training training_;
  std::shared_ptr<library::optim::SGD> optimizer_;
};

/// The losses of the first steps from a seed, and a few of the first outputs.
inline nlohmann::json train(const nlohmann::json& description) {
  library::manual_seed(description.at("seed").get<uint64_t>());
  const Training training = make_training(description);
  const Tensor output = training.output().detach().flatten();
  nlohmann::json record;
  for (int64_t i = 0; i < 8; ++i) {
    record["outputs"].push_back(output[i * (output.numel() / 8)].item<double>());
  }
  const Trainer trainer(training, description.at("lr"));
  for (int step = 0; step < description.at("steps").get<int>(); ++step) {
    record["losses"].push_back(trainer.step().item<double>());
  }
  return record;
}

}  // namespace cases
