#include <array>

#include <reel/io/safetensors.h>
#include <reel/nn/models/lenet.h>
#include <reel/nn/models/vgg.h>
#include <reel/nn/nn.h>

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using nn::models::LeNet;
using nn::models::VGG19Features;
using nn::models::VGG19FeaturesOptions;
using nn::models::VGGPooling;
using reel::test::error_of;

namespace {

VGG19Features up_to(const std::string& layer) {
  return VGG19Features(VGG19FeaturesOptions().last_layer(layer));
}

}  // namespace

TEST_CASE("VGG-19 has the paper's layers") {
  VGG19Features vgg = up_to("pool5");
  const auto names = vgg->layer_names();
  CHECK(names.size() == 21);
  CHECK(names[0] == "conv1_1");
  CHECK(names[2] == "pool1");
  CHECK(names[12] == "conv4_2");
  CHECK(names.back() == "pool5");
  CHECK(vgg->named_parameters()["conv1_1.weight"].sizes() == IntArrayRef({64, 3, 3, 3}));
  CHECK(vgg->named_parameters()["conv3_1.weight"].sizes() == IntArrayRef({256, 128, 3, 3}));
  CHECK(vgg->named_parameters()["conv5_4.bias"].sizes() == IntArrayRef({512}));
  int64_t count = 0;
  for (const auto& p : vgg->parameters()) count += p.numel();
  CHECK(count == 20024384);  // the 16 convolutions of torchvision's vgg19
  CHECK(VGG19Features()->layer_names().back() == "conv5_4");
}

TEST_CASE("VGG-19 can be cut and tapped anywhere") {
  manual_seed(1);
  VGG19Features vgg = up_to("conv2_1");
  CHECK(vgg->parameters().size() == 6);
  const Tensor x = randn({1, 3, 10, 12});
  NoGradGuard no_grad;
  const auto taps = vgg->taps(x, {"pool1", "conv1_1", "pool1"});
  CHECK(taps.size() == 3);
  CHECK(taps[0].sizes() == IntArrayRef({1, 64, 5, 6}));
  CHECK(taps[1].sizes() == IntArrayRef({1, 64, 10, 12}));
  CHECK(taps[0].is_same(taps[2]));

  // Layer by layer by hand: the taps are taken after the ReLU.
  const auto weights = vgg->named_parameters();
  const Tensor first = conv2d(x, weights["conv1_1.weight"], weights["conv1_1.bias"], 1, 1).relu();
  CHECK(equal(taps[1], first));
  const Tensor second =
      conv2d(first, weights["conv1_2.weight"], weights["conv1_2.bias"], 1, 1).relu();
  CHECK(equal(taps[0], max_pool2d(second, 2)));
  CHECK(vgg->forward(x).sizes() == IntArrayRef({1, 128, 5, 6}));
  CHECK(vgg->taps(x, {}).empty());

  vgg->options.pooling(VGGPooling::Avg);
  CHECK(equal(vgg->taps(x, {"pool1"})[0], avg_pool2d(second, 2)));
  // A picture without a batch dimension will do.
  CHECK(vgg->forward(x[0]).sizes() == IntArrayRef({128, 5, 6}));
}

TEST_CASE("Gradients reach the picture through frozen layers") {
  manual_seed(1);
  VGG19Features vgg = up_to("conv2_1");
  for (auto& p : vgg->parameters()) p.requires_grad_(false);
  const Tensor x = randn({1, 3, 8, 8}).requires_grad_();
  const auto taps = vgg->taps(x, {"conv1_1", "conv2_1"});
  (taps[0].square().sum() + taps[1].square().sum()).backward();
  REQUIRE(x.grad().defined());
  CHECK(x.grad().ne(0).any().item<bool>());
  const Tensor picture = x[0].detach().requires_grad_();
  const auto same = vgg->taps(picture, {"conv1_1", "conv2_1"});
  (same[0].square().sum() + same[1].square().sum()).backward();
  // Sums of the same float32 products, perhaps in another order: 1e-4 of gradients near 1.
  CHECK(allclose(picture.grad(), x.grad()[0], 1e-4, 1e-4));
}

TEST_CASE("VGG-19 explains what it cannot do") {
  CHECK_THAT(error_of([] { up_to("conv6_1"); }),
             ContainsSubstring("there is no layer 'conv6_1'; the layers are conv1_1, conv1_2"));
  VGG19Features vgg = up_to("conv3_1");
  CHECK_THAT(error_of([&] {
               vgg->taps(ones({1, 3, 8, 8}), {"conv1_1", "conv4_2"});
             }),
             ContainsSubstring("there is no layer 'conv4_2'; the layers built are conv1_1"));
  CHECK(vgg->min_input_size("conv3_1") == 4);
  CHECK(vgg->min_input_size("conv1_2") == 1);
  CHECK_THAT(
      error_of([&] {
        vgg->forward(ones({1, 3, 3, 64}));
      }),
      ContainsSubstring("layer conv3_1 needs a picture of at least 4 x 4 pixels, got 3 x 64"));
  CHECK_THAT(error_of([&] { vgg->forward(ones({8, 8})); }), ContainsSubstring("[N, 3, H, W]"));
  CHECK_THAT(error_of([&] { vgg->forward(ones({1, 4, 8, 8})); }), ContainsSubstring("conv2d"));
}

TEST_CASE("VGG-19 takes over weights by name") {
  std::vector<std::pair<std::string, Tensor>> weights;
  for (const auto& item : up_to("conv1_2")->named_parameters()) {
    weights.insert(weights.begin(), {item.key(), item->detach().to(kHalf)});
  }
  weights.emplace_back("conv2_1.weight", ones({128, 64, 3, 3}));
  VGG19Features vgg = up_to("conv1_2");
  vgg->load_weights(weights);
  for (const auto& [name, tensor] : weights) {
    if (name == "conv2_1.weight") continue;
    CHECK(equal(vgg->named_parameters()[name].detach(), tensor.to(kFloat)));
  }

  const Tensor before = vgg->named_parameters()["conv1_1.weight"].detach().clone();
  CHECK_THAT(
      error_of([&] { up_to("conv2_1")->load_weights(weights); }),
      ContainsSubstring("layer conv2_1 expects a bias of shape [128], but the weights hold no "
                        "'conv2_1.bias'"));
  for (auto& [name, tensor] : weights) {
    tensor = name == "conv1_2.weight" ? ones({64, 3, 3, 64}) : ones_like(tensor);
  }
  CHECK_THAT(error_of([&] { vgg->load_weights(weights); }),
             ContainsSubstring("layer conv1_2 expects a weight of shape [64, 64, 3, 3], but the "
                               "weights hold one of shape [64, 3, 3, 64]"));
  CHECK(equal(vgg->named_parameters()["conv1_1.weight"].detach(), before));
}

TEST_CASE("A narrow network on VGG-19's plan has the widths of its weights") {
  const VGG19FeaturesOptions narrow = VGG19FeaturesOptions().widths({4, 8, 8, 12, 12});
  const auto weights = VGG19Features(narrow)->named_parameters();
  CHECK(weights["conv3_1.weight"].sizes() == IntArrayRef({8, 8, 3, 3}));
  CHECK(weights["conv5_4.weight"].sizes() == IntArrayRef({12, 12, 3, 3}));

  std::vector<std::pair<std::string, Tensor>> pairs;
  for (const auto& item : weights) {
    if (!item.key().starts_with("conv5")) pairs.emplace_back(item.key(), item->detach());
  }
  const VGG19FeaturesOptions found = VGG19FeaturesOptions().widths_of(pairs);
  CHECK(found.widths() == std::array<int64_t, 5>{4, 8, 8, 12, 512});
  VGG19Features network(VGG19FeaturesOptions(found).last_layer("conv4_4"));
  network->load_weights(pairs);
  const Tensor x = rand({1, 3, 16, 16});
  CHECK(network->forward(x).sizes() == IntArrayRef({1, 12, 2, 2}));

  CHECK_THAT(
      error_of([&] {
        VGG19Features(VGG19FeaturesOptions(found).last_layer("conv5_1"))->load_weights(pairs);
      }),
      ContainsSubstring("the weights hold no 'conv5_1.weight'"));
  CHECK_THAT(error_of([] {
               VGG19Features(VGG19FeaturesOptions().widths({4, 0, 8, 8, 8}));
             }),
             ContainsSubstring("block 2 expects a width of at least 1, got 0"));
}

TEST_CASE("VGG-19 with the trained weights computes what PyTorch computes") {
  const std::string file = reel::test::data_file("vgg19/vgg19_conv_f16.safetensors");
  if (file.empty()) return;
  VGG19Features vgg;
  vgg->load_weights(load_safetensors(file));
  // 37 i mod 256, from -110 on; a Byte is what it is modulo 256.
  const Tensor x =
      (arange(3 * 48 * 64, kLong) * 37).to(kByte).to(kFloat).sub(110).view({1, 3, 48, 64});

  // PyTorch 1.13 in float64 on the same weights and picture.
  struct Expected {
    VGGPooling pooling;
    const char* layer;
    double mean, max, pixel;  // pixel: the sum over the channels of pixel 5
  };
  NoGradGuard no_grad;
  for (const Expected& expected :
       {Expected{VGGPooling::Max, "conv1_1", 44.0269895, 540.893127, 2776.09568},
        Expected{VGGPooling::Max, "conv4_2", 511.640081, 17958.7202, 300994.236},
        Expected{VGGPooling::Max, "conv5_1", 88.1116745, 1904.59518, 31584.0398},
        Expected{VGGPooling::Max, "conv5_4", 1.32712201, 230.202626, 725.096631},
        Expected{VGGPooling::Avg, "conv4_2", 96.9514077, 2837.31222, 57650.3194},
        Expected{VGGPooling::Avg, "conv5_4", 0.118066703, 13.6143938, 54.8887079}}) {
    vgg->options.pooling(expected.pooling);
    const Tensor y = vgg->taps(x, {expected.layer})[0].to(kDouble);
    INFO(expected.layer);
    // Float32 over up to 16 convolutions of 4608 products, Winograd's error included: each keeps
    // about five digits.
    CHECK(y.mean().item<double>() == Approx(expected.mean).epsilon(1e-4));
    CHECK(y.max().item<double>() == Approx(expected.max).epsilon(1e-4));
    CHECK(y.sum({1}).flatten()[5].item<double>() == Approx(expected.pixel).epsilon(1e-4));
  }
}

TEST_CASE("LeNet gives a score for each class") {
  LeNet net;
  CHECK(net(ones({5, 1, 28, 28})).sizes() == IntArrayRef({5, 10}));
  int64_t count = 0;
  for (const auto& p : net->parameters()) count += p.numel();
  CHECK(count == 61706);  // 156 + 2416 + 48120 + 10164 + 850
  CHECK(LeNet(3)(ones({1, 1, 28, 28})).sizes() == IntArrayRef({1, 3}));
  CHECK_THAT(error_of([&] {
               net(ones({1, 28, 28}));
             }),
             ContainsSubstring("expects [N, 1, 28, 28], got [1, 28, 28]"));
  auto copy = std::dynamic_pointer_cast<nn::models::LeNetImpl>(net->clone());
  CHECK(equal(copy->forward(ones({1, 1, 28, 28})), net(ones({1, 1, 28, 28}))));
}
