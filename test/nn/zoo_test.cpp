// The networks of lib/nn/models that PyTorch's paper was measured with.
#include <reel/nn/models/alexnet.h>
#include <reel/nn/models/gnmt.h>
#include <reel/nn/models/mobilenet.h>
#include <reel/nn/models/ncf.h>
#include <reel/nn/models/resnet.h>
#include <reel/nn/models/vgg19.h>
#include <reel/optim/sgd.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::nn::models;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

namespace {

template <class Network>
int64_t count(const Network& network) {
  int64_t sum = 0;
  for (const auto& p : network->parameters()) sum += p.numel();
  return sum;
}

/// The shape that goes by this name in the state dict, or [-1].
template <class Network>
std::vector<int64_t> shape(const Network& network, const std::string& name) {
  const auto state = network->state_dict();
  const Tensor* tensor = state.find(name);
  return tensor == nullptr ? std::vector<int64_t>{-1} : tensor->sizes().vec();
}

using Sizes = std::vector<int64_t>;

/// The loss before and after ten steps on one batch.
template <class Network, class Loss>
std::pair<double, double> learn(const Network& network, double lr, const Loss& loss) {
  optim::SGD optimizer(network->parameters(), optim::SGDOptions(lr));
  const double before = loss().template item<double>();
  for (int step = 0; step < 10; ++step) {
    optimizer.zero_grad();
    loss().backward();
    optimizer.step();
  }
  return {before, loss().template item<double>()};
}

template <class Network>
void check_learns_pictures(Network network, int64_t side, double lr) {
  const Tensor x = randn({2, 3, side, side});
  const Tensor y = tensor({1, 3}, kLong);
  const auto [before, after] =
      learn(network, lr, [&] { return cross_entropy_loss(network->forward(x), y); });
  CHECK(after < 0.9 * before);
}

}  // namespace

// Counts and names are those of torchvision's models, so that its state dicts load.

TEST_CASE("AlexNet is torchvision's") {
  const AlexNet net;
  CHECK(count(net) == 61100840);
  CHECK(shape(net, "features.0.weight") == Sizes{64, 3, 11, 11});
  CHECK(shape(net, "features.10.bias") == Sizes{256});
  CHECK(shape(net, "classifier.1.weight") == Sizes{4096, 9216});
  CHECK(shape(net, "classifier.6.bias") == Sizes{1000});
  CHECK(net->parameters().size() == 16);
}

TEST_CASE("VGG-19 with its classifier is torchvision's") {
  const VGG19 net;
  CHECK(count(net) == 143667240);
  CHECK(shape(net, "features.0.weight") == Sizes{64, 3, 3, 3});
  CHECK(shape(net, "features.34.weight") == Sizes{512, 512, 3, 3});
  CHECK(shape(net, "classifier.0.weight") == Sizes{4096, 25088});
  CHECK(shape(net, "classifier.6.bias") == Sizes{1000});
  CHECK(net->parameters().size() == 38);
  const auto parameters = net->named_parameters();
  CHECK(parameters["features.0.bias"].eq(0).all().item<bool>());
  // Normal with variance 2 / (512 * 9): of 2.4 million numbers the deviation is known to 1e-3.
  CHECK(parameters["features.34.weight"].std().item<double>() ==
        Approx(std::sqrt(2.0 / (512 * 9))).epsilon(5e-3));
  CHECK(parameters["classifier.3.weight"].std().item<double>() == Approx(0.01).epsilon(5e-3));
}

TEST_CASE("ResNets are torchvision's") {
  const ResNet small = resnet18();
  CHECK(count(small) == 11689512);
  CHECK(shape(small, "layer1.1.conv2.weight") == Sizes{64, 64, 3, 3});
  CHECK(shape(small, "layer1.0.downsample.0.weight") == Sizes{-1});
  CHECK(shape(small, "layer2.0.downsample.0.weight") == Sizes{128, 64, 1, 1});
  const ResNet net = resnet50();
  CHECK(count(net) == 25557032);
  CHECK(shape(net, "conv1.weight") == Sizes{64, 3, 7, 7});
  CHECK(shape(net, "layer1.0.conv1.weight") == Sizes{64, 64, 1, 1});
  CHECK(shape(net, "layer1.0.downsample.0.weight") == Sizes{256, 64, 1, 1});
  CHECK(shape(net, "layer1.0.downsample.1.running_var") == Sizes{256});
  CHECK(shape(net, "layer4.2.bn3.num_batches_tracked") == Sizes{});
  CHECK(shape(net, "fc.weight") == Sizes{1000, 2048});
  CHECK(net->state_dict().size() == 320);
  CHECK(small->state_dict().size() == 122);
}

TEST_CASE("MobileNetV2 is torchvision's") {
  const MobileNetV2 net;
  CHECK(count(net) == 3504872);
  CHECK(shape(net, "features.0.0.weight") == Sizes{32, 3, 3, 3});
  CHECK(shape(net, "features.0.1.running_mean") == Sizes{32});
  CHECK(shape(net, "features.1.conv.0.0.weight") == Sizes{32, 1, 3, 3});
  CHECK(shape(net, "features.1.conv.1.weight") == Sizes{16, 32, 1, 1});
  CHECK(shape(net, "features.2.conv.2.weight") == Sizes{24, 96, 1, 1});
  CHECK(shape(net, "features.18.0.weight") == Sizes{1280, 320, 1, 1});
  CHECK(shape(net, "classifier.1.weight") == Sizes{1000, 1280});
  CHECK(net->state_dict().size() == 314);
  CHECK(count(MobileNetV2(MobileNetV2Options().width_mult(0.5))) == 1968680);
}

TEST_CASE("Networks for pictures give a score for each class") {
  NoGradGuard no_grad;
  const Tensor x = randn({2, 3, 70, 64});
  CHECK(AlexNet(AlexNetOptions().num_classes(7))(x).sizes() == IntArrayRef({2, 7}));
  CHECK(VGG19(VGG19Options().num_classes(7))(x).sizes() == IntArrayRef({2, 7}));
  CHECK(resnet18(7)(x).sizes() == IntArrayRef({2, 7}));
  CHECK(resnet50(7)(x).sizes() == IntArrayRef({2, 7}));
  CHECK(MobileNetV2(MobileNetV2Options().num_classes(7))(x).sizes() == IntArrayRef({2, 7}));
}

TEST_CASE("Networks for pictures learn a batch") {
  manual_seed(1);
  check_learns_pictures(AlexNet(AlexNetOptions().num_classes(5).dropout(0)), 63, 0.05);
  check_learns_pictures(resnet18(5), 32, 0.01);
  check_learns_pictures(MobileNetV2(MobileNetV2Options().num_classes(5).dropout(0)), 64, 0.02);
}

TEST_CASE("A copy of a ResNet computes the same") {
  ResNet net = resnet18(3);
  net->eval();
  const auto copy = std::dynamic_pointer_cast<ResNetImpl>(net->clone());
  REQUIRE(copy != nullptr);
  const Tensor x = randn({1, 3, 32, 32});
  CHECK(equal(copy->forward(x), net(x)));
}

TEST_CASE("Networks for pictures explain what they cannot do") {
  CHECK_THAT(error_of([] {
               AlexNet()(ones({3, 224, 224}));
             }),
             ContainsSubstring("AlexNet: the input expects [N, 3, H, W], got [3, 224, 224]"));
  CHECK_THAT(error_of([] {
               AlexNet()(ones({1, 3, 62, 80}));
             }),
             ContainsSubstring("AlexNet: the input expects pictures of at least 63 x 63 pixels, "
                               "got [1, 3, 62, 80]"));
  CHECK(AlexNet()(ones({1, 3, 63, 63})).size(1) == 1000);
  CHECK_THAT(error_of([] {
               resnet18()(ones({1, 4, 64, 64}));
             }),
             ContainsSubstring("ResNet: the input expects [N, 3, H, W], got [1, 4, 64, 64]"));
  CHECK_THAT(error_of([] { resnet50(0); }),
             ContainsSubstring("ResNet: num_classes expects at least 1, got 0"));
  CHECK_THAT(error_of([] {
               ResNet(ResNetOptions().depths({1, 0, 1, 1}));
             }),
             ContainsSubstring("ResNet: depths expects at least 1, got 0"));
  CHECK_THAT(error_of([] { MobileNetV2(MobileNetV2Options().width_mult(-1)); }),
             ContainsSubstring("MobileNetV2: width_mult expects a positive number, got -1"));
}

TEST_CASE("GNMTv2 has NVIDIA's layers") {
  const GNMTv2 net(GNMTv2Options().hidden_size(8).vocab_size(20));
  const auto state = net->state_dict();
  CHECK(shape(net, "embedder.weight") == Sizes{20, 8});
  CHECK(shape(net, "encoder.rnn_layers.0.weight_ih_l0_reverse") == Sizes{32, 8});
  CHECK(shape(net, "encoder.rnn_layers.1.weight_ih_l0") == Sizes{32, 16});
  CHECK(shape(net, "encoder.rnn_layers.3.weight_ih_l0") == Sizes{32, 8});
  CHECK(shape(net, "decoder.att_rnn.weight_ih_l0") == Sizes{32, 8});
  CHECK(shape(net, "decoder.attention.linear_q.weight") == Sizes{8, 8});
  CHECK(shape(net, "decoder.rnn_layers.2.weight_ih_l0") == Sizes{32, 16});
  CHECK(shape(net, "decoder.classifier.weight") == Sizes{20, 8});
  CHECK(state["decoder.att_rnn.bias_hh_l0"].eq(0).all().item<bool>());
  CHECK(state["decoder.attention.normalize_scalar"].item<double>() == Approx(1 / std::sqrt(8.0)));
  CHECK(state["encoder.rnn_layers.0.weight_ih_l0"].abs().max().item<double>() <= 0.1);
  // With H = 1024: the embedding, 9 directions of LSTM (5 take H numbers, 4 take 2 H), the
  // attention and the classifier.
  const int64_t h = 1024, v = 32317;
  CHECK(count(GNMTv2()) == v * h + 5 * (8 * h * h + 8 * h) + 4 * (12 * h * h + 8 * h) + 2 * h * h +
                               2 * h + 1 + v * h + v);
}

TEST_CASE("GNMTv2 scores the token after each") {
  manual_seed(1);
  GNMTv2 net(GNMTv2Options().hidden_size(8).vocab_size(20).dropout(0));
  const Tensor source = randint(1, 20, {5, 3}, kLong), target = randint(1, 20, {4, 3}, kLong);
  const Tensor scores = net(source, target);
  CHECK(scores.sizes() == IntArrayRef({4, 3, 20}));
  // Full lengths change nothing, shorter ones do, of their sentences only.
  CHECK(allclose(net(source, target, tensor({5, 5, 5}, kLong)), scores));
  const Tensor masked = net(source, target, tensor({5, 2, 5}, kLong));
  CHECK(allclose(masked.select(1, 0), scores.select(1, 0)));
  CHECK(!allclose(masked.select(1, 1), scores.select(1, 1)));

  const Tensor next = randint(1, 20, {4 * 3}, kLong);
  const auto [before, after] = learn(net, 1.0, [&] {
    return cross_entropy_loss(net(source, target).reshape({-1, 20}), next);
  });
  CHECK(after < 0.98 * before);
  // The decoder's every parameter has had its share.
  for (const auto& p : net->named_parameters()) {
    INFO(p.key());
    CHECK(p->grad().ne(0).any().item<bool>());
  }
}

TEST_CASE("Attention averages what it looks at") {
  const BahdanauAttention attention(4);
  const Tensor keys = randn({3, 2, 4});
  // One key left: the answer is that key.
  const Tensor padding = tensor({0, 1, 1, 1, 0, 1}, kLong).view({2, 3}).to(kBool);
  const Tensor found = BahdanauAttention(attention)(randn({5, 2, 4}), keys, padding);
  CHECK(found.sizes() == IntArrayRef({5, 2, 4}));
  CHECK(allclose(found[4][0], keys[0][0]));
  CHECK(allclose(found[2][1], keys[1][1]));
}

TEST_CASE("GNMTv2 explains what it cannot do") {
  GNMTv2 net(GNMTv2Options().hidden_size(8).vocab_size(20));
  const Tensor tokens = ones({5, 3}, kLong);
  CHECK_THAT(
      error_of([&] {
        net(ones({5, 3}), tokens);
      }),
      ContainsSubstring("GNMTv2: the source expects tokens [length, N] of int64, got [5, 3] of"));
  CHECK_THAT(error_of([&] {
               net(tokens, ones({5, 2}, kLong));
             }),
             ContainsSubstring("source and target expect one N, got [5, 3] and [5, 2]"));
  CHECK_THAT(error_of([&] { net(tokens, tokens, ones({5}, kLong)); }),
             ContainsSubstring("source_lengths expects [3], got [5]"));
  CHECK_THAT(error_of([] { GNMTv2(GNMTv2Options().num_layers(1)); }),
             ContainsSubstring("GNMTv2: num_layers expects at least 2, got 1"));
}

TEST_CASE("NCF scores pairs of users and items") {
  manual_seed(1);
  const auto options = NCFOptions().num_users(30).num_items(20).mf_dim(4).mlp_sizes({8, 8, 4});
  NCF net(NCFOptions(options).dropout(0));
  CHECK(shape(net, "mf_user_embed.weight") == Sizes{30, 4});
  CHECK(shape(net, "mlp_item_embed.weight") == Sizes{20, 4});
  CHECK(shape(net, "mlp.1.weight") == Sizes{4, 8});
  CHECK(shape(net, "final.weight") == Sizes{1, 8});
  const Tensor users = randint(30, {16}, kLong), items = randint(20, {16}, kLong);
  CHECK(net(users, items).sizes() == IntArrayRef({16, 1}));
  const Tensor liked = randint(2, {16, 1}, kLong).to(kFloat);
  const auto [before, after] =
      learn(net, 0.5, [&] { return binary_cross_entropy_with_logits(net(users, items), liked); });
  CHECK(after < before);
  // 165,237 rows of 64 + 128, then (256 + 1) * 256, (256 + 1) * 128, (128 + 1) * 64 and 129.
  CHECK(count(NCF()) == int64_t{165237} * 192 + 257 * 256 + 257 * 128 + 129 * 64 + 129);

  CHECK_THAT(error_of([&] { net(users, items.slice(0, 0, 8)); }),
             ContainsSubstring("NCF: users and items expect [N] both, got [16] and [8]"));
  CHECK_THAT(error_of([] {
               NCF(NCFOptions().mlp_sizes({7, 4}));
             }),
             ContainsSubstring("NCF: mlp_sizes expects an even size to begin with, got 7"));
}
