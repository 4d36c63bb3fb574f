#include <cmath>

#include <reel/nn/nn.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::close;
using reel::test::error_of;
namespace F = reel::nn::functional;

namespace {

// Float32 results of a handful of operations on values near 1, against PyTorch's float32.
constexpr double kFloatError = 2e-6;

Tensor numbers(IntArrayRef sizes) { return arange(numel_of(sizes), kFloat).view(sizes); }

}  // namespace

TEST_CASE("Linear and Conv2d are their formulas") {
  nn::Linear linear(3, 2);
  const Tensor x = numbers({4, 3});
  CHECK(close(linear(x), x.matmul(linear->weight.t()) + linear->bias, kFloatError * 10));
  nn::Linear no_bias(nn::LinearOptions(3, 2).bias(false));
  CHECK_FALSE(no_bias->bias.defined());
  CHECK(no_bias->parameters().size() == 1);
  CHECK(no_bias(numbers({5, 4, 3})).sizes() == IntArrayRef({5, 4, 2}));
  CHECK_THAT(error_of([&] { linear(ones({2, 4})); }), !Catch::Matchers::Equals(""));

  nn::Conv2d conv(nn::Conv2dOptions(2, 4, {3, 2}).stride({2, 1}).padding({1, 0}).dilation({1, 2}));
  CHECK(conv(ones({1, 2, 7, 9})).sizes() == IntArrayRef({1, 4, 4, 7}));
  CHECK(conv(ones({2, 7, 9})).sizes() == IntArrayRef({4, 4, 7}));
  CHECK_THAT(error_of([&] { conv(ones({1, 3, 7, 9})); }), ContainsSubstring("conv2d"));
  CHECK_THAT(error_of([] { nn::Conv2d(nn::Conv2dOptions(3, 4, 3).groups(2)); }),
             ContainsSubstring("in_channels 3 and out_channels 4 must be positive and divisible by "
                               "groups 2"));
}

TEST_CASE("Padding by rule") {
  // PyTorch 1.13: conv2d(arange(25), arange(8) - 3, padding="same"); small whole numbers are exact.
  const Tensor w = (numbers({1, 1, 4, 2}) - 3).contiguous();
  const Tensor same = F::conv2d(numbers({1, 1, 5, 5}), w, F::Conv2dFuncOptions().padding(kSame));
  const Tensor expected =
      tensor({91,  100, 109, 118, 47,  134, 138, 142, 146,  50,   154,  158, 162,
              166, 50,  -5,  -8,  -11, -14, -37, -97, -103, -109, -115, -81});
  CHECK(equal(same, expected.to(kFloat).view({1, 1, 5, 5})));
  CHECK(F::conv2d(ones({1, 1, 5, 5}), w, F::Conv2dFuncOptions().padding(kValid)).sizes() ==
        IntArrayRef({1, 1, 2, 4}));
  CHECK_THAT(error_of([&] {
               F::conv2d(ones({1, 1, 5, 5}), w, F::Conv2dFuncOptions().padding(kSame).stride(2));
             }),
             ContainsSubstring("padding='same' is not supported for strided convolutions"));
  CHECK_THAT(error_of([] {
               nn::Conv2dOptions(1, 1, {1, 2, 3});
             }),
             ContainsSubstring("Expected 2 values, but instead got 3"));
}

TEST_CASE("BatchNorm normalises batches in training and by running statistics in evaluation") {
  // Values of PyTorch 1.13.
  const Tensor x = numbers({2, 2, 2, 2}).pow(1.5);
  nn::BatchNorm2d norm(2);
  const Tensor y = norm(x).detach();
  CHECK(close(y.flatten().slice(0, 0, 4),
              tensor({-1.12054312f, -1.04982281f, -0.920515776f, -0.753069401f}), kFloatError));
  CHECK(close(norm->running_mean, tensor({1.58447063f, 3.14146113f}), kFloatError * 3));
  CHECK(close(norm->running_var, tensor({23.7508907f, 42.2854042f}), kFloatError * 40));
  CHECK(norm->num_batches_tracked.item<int64_t>() == 1);
  CHECK(norm->named_parameters().keys() == std::vector<std::string>{"weight", "bias"});

  nn::BatchNorm2d cumulative(nn::BatchNorm2dOptions(2).momentum(std::nullopt));
  cumulative(x);
  cumulative(x * 2);
  CHECK(close(cumulative->running_mean, tensor({23.7670593f, 47.1219139f}), kFloatError * 40));
  CHECK(close(cumulative->running_var, tensor({571.272278f, 1034.63513f}), kFloatError * 1000));
  cumulative->eval();
  CHECK(close(cumulative(x).detach().flatten().slice(0, 0, 4),
              tensor({-0.994383454f, -0.952544749f, -0.876045644f, -0.776983082f}), kFloatError));
  CHECK(cumulative->num_batches_tracked.item<int64_t>() == 2);

  nn::BatchNorm1d plain(nn::BatchNorm1dOptions(3).affine(false).track_running_stats(false));
  CHECK(plain->parameters().empty());
  CHECK(plain->buffers().empty());
  plain->eval();  // without statistics it goes on normalising by the batch
  CHECK(close(plain(numbers({4, 3})).mean({0}), zeros({3}), kFloatError));
  CHECK(plain(numbers({4, 3, 5})).sizes() == IntArrayRef({4, 3, 5}));
  CHECK_THAT(error_of([&] {
               norm(ones({2, 2}));
             }),
             ContainsSubstring("BatchNorm2d: expected 4D input (got 2D input [2, 2])"));
  CHECK_THAT(error_of([&] {
               plain(ones({2, 3, 1, 1}));
             }),
             ContainsSubstring("BatchNorm1d: expected 2D or 3D input"));
}

TEST_CASE("Dropout zeroes and scales in training only") {
  manual_seed(5);
  nn::Dropout dropout(0.25);
  const Tensor x = ones({10000});
  const Tensor y = dropout(x);
  const double kept = y.ne(0).sum().item<double>() / 10000;
  // Five deviations of a binomial mean: 5 * sqrt(0.25 * 0.75 / 10000) = 0.022.
  CHECK(kept == Approx(0.75).margin(0.022));
  CHECK(equal(y, y.ne(0).to(kFloat) * (1 / 0.75f)));
  dropout->eval();
  CHECK(equal(dropout(x), x));
  CHECK_THAT(error_of([] { nn::Dropout(1.5); }),
             ContainsSubstring("dropout probability has to be between 0 and 1, but got 1.5"));
}

TEST_CASE("Dropout2d zeroes whole channels") {
  manual_seed(5);
  nn::Dropout2d dropout(0.5);
  const Tensor x = ones({4, 8, 3, 2}, requires_grad(true));
  const Tensor y = dropout(x);
  // PyTorch 1.13's channels for this seed.
  CHECK(equal(y.detach().select(3, 0).select(2, 0).ne(0).to(kLong),
              tensor({{0, 1, 1, 1, 1, 0, 0, 0},
                      {0, 1, 1, 1, 0, 1, 1, 1},
                      {1, 1, 0, 0, 0, 1, 1, 1},
                      {0, 1, 1, 1, 0, 0, 0, 0}})));
  CHECK(equal(y.detach(), y.detach().slice(2, 0, 1).slice(3, 0, 1).expand({4, 8, 3, 2})));
  CHECK(y.max().item<float>() == 2);
  y.sum().backward();
  CHECK(equal(x.grad(), y.detach()));
  dropout->eval();
  CHECK(dropout(x).is_same(x));
  CHECK_THAT(error_of([] { F::dropout2d(ones({2})); }), ContainsSubstring("at least 2 dimensions"));
}

TEST_CASE("Embedding looks rows up") {
  nn::Embedding table(nn::EmbeddingOptions(4, 2).padding_idx(-1)._weight(numbers({4, 2})));
  CHECK(equal(table(tensor({{3, 0}, {1, 1}})).detach(),
              tensor({{{6.0f, 7.0f}, {0.0f, 1.0f}}, {{2.0f, 3.0f}, {2.0f, 3.0f}}})));
  table(tensor({3, 1, 1})).sum().backward();
  CHECK(equal(table->weight.grad(),
              tensor({{0.0f, 0.0f}, {2.0f, 2.0f}, {0.0f, 0.0f}, {0.0f, 0.0f}})));
  CHECK_THAT(error_of([&] { table(tensor({4})); }), !Catch::Matchers::Equals(""));
  CHECK_THAT(error_of([] { nn::Embedding(nn::EmbeddingOptions(4, 2).padding_idx(4)); }),
             ContainsSubstring("padding_idx must be within num_embeddings, got 4 of 4"));
  CHECK_THAT(error_of([] {
               nn::Embedding(nn::EmbeddingOptions(4, 2)._weight(ones({2, 4})));
             }),
             ContainsSubstring("shape of weight [2, 4]"));
}

TEST_CASE("Pooling, flattening and identity") {
  const Tensor x = numbers({1, 1, 4, 4});
  CHECK(equal(nn::MaxPool2d(2)(x).flatten(), tensor({5.0f, 7.0f, 13.0f, 15.0f})));
  CHECK(equal(nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(1))(x).flatten(),
              tensor({10.0f, 11.0f, 14.0f, 15.0f})));
  CHECK(equal(nn::AvgPool2d(2)(x).flatten(), tensor({2.5f, 4.5f, 10.5f, 12.5f})));
  CHECK(equal(F::avg_pool2d(x, F::AvgPool2dFuncOptions(2).divisor_override(1)).flatten(),
              tensor({10.0f, 18.0f, 42.0f, 50.0f})));
  CHECK(equal(nn::AdaptiveAvgPool2d(1)(x).flatten(), tensor({7.5f})));
  const auto [values, indices] = F::max_pool2d_with_indices(x, F::MaxPool2dFuncOptions(2));
  CHECK(equal(indices.flatten(), tensor({5, 7, 13, 15})));
  CHECK(nn::Flatten()(ones({2, 3, 4})).sizes() == IntArrayRef({2, 12}));
  CHECK(nn::Flatten(nn::FlattenOptions().start_dim(0).end_dim(1))(ones({2, 3, 4})).sizes() ==
        IntArrayRef({6, 4}));
  CHECK(nn::Identity()(x).is_same(x));
}

TEST_CASE("Activations are their formulas") {
  const Tensor x = linspace(-3, 3, 13, kDouble);
  const Tensor one = ones_like(x);
  CHECK(equal(nn::ReLU()(x), maximum(x, zeros_like(x))));
  CHECK(close(nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2))(x), maximum(x, x * 0.2)));
  CHECK(close(nn::ELU(nn::ELUOptions().alpha(2))(x), where(x > 0, x, (x.exp() - 1) * 2)));
  CHECK(close(nn::SiLU()(x), x / (one + (-x).exp())));
  CHECK(close(nn::Sigmoid()(x), one / (one + (-x).exp())));
  CHECK(close(nn::Tanh()(x), x.tanh()));
  CHECK(close(nn::GELU()(x), x * 0.5 * (one + (x / std::sqrt(2.0)).erf())));
  CHECK(close(nn::Softplus()(x), (one + x.exp()).log()));
  CHECK(close(nn::Softmax(0)(x), x.exp() / x.exp().sum()));
  CHECK(close(nn::LogSoftmax(0)(x), x - x.exp().sum().log()));

  Tensor in_place = x.clone();
  nn::ReLU(nn::ReLUOptions(true))(in_place);
  CHECK(equal(in_place, x.relu()));
  in_place = x.clone();
  F::leaky_relu(in_place, F::LeakyReLUFuncOptions().inplace(true));
  CHECK(close(in_place, maximum(x, x * 0.01)));
}

TEST_CASE("Losses agree with PyTorch") {
  // PyTorch 1.13, float32.
  const Tensor x = tensor({{0.5f, -1.0f, 2.0f}, {1.5f, 0.3f, -0.7f}});
  const Tensor target = tensor({2, 0});
  const Tensor q = tensor({{0.0f, 1.0f, 1.0f}, {1.0f, 0.0f, 0.5f}});
  const Tensor weight = tensor({1.0f, 2.0f, 3.0f});
  const auto near = [](double value) { return Approx(value).epsilon(kFloatError); };
  CHECK(nn::CrossEntropyLoss()(x, target).item<double>() == near(0.29315829277038574));
  nn::CrossEntropyLoss smooth(nn::CrossEntropyLossOptions().weight(weight).label_smoothing(0.1));
  CHECK(smooth(x, target).item<double>() == near(0.40732717514038086));
  nn::CrossEntropyLoss ignoring(nn::CrossEntropyLossOptions().ignore_index(2).reduction(kSum));
  CHECK(ignoring(x, target).item<double>() == near(0.34500524401664734));
  nn::NLLLoss nll(nn::NLLLossOptions().weight(weight).reduction(kSum));
  CHECK(nll(x.log_softmax(1), target).item<double>() == near(1.068939208984375));
  CHECK(nn::BCELoss()(x.sigmoid(), q).item<double>() == near(0.7038701176643372));
  nn::BCELoss weighted(nn::BCELossOptions().weight(weight));
  CHECK(weighted(x.sigmoid(), q).item<double>() == near(1.358510971069336));
  CHECK(nn::BCEWithLogitsLoss()(x, q).item<double>() == near(0.7038701176643372));
  nn::BCEWithLogitsLoss positive(nn::BCEWithLogitsLossOptions().pos_weight(weight).reduction(kSum));
  CHECK(positive(x, q).item<double>() == near(6.893525123596191));
  CHECK(nn::MSELoss()(x, q).item<double>() == near(1.1716667413711548));
  CHECK(F::mse_loss(x, q, kSum).item<double>() == near(7.03000020980835));
  CHECK(F::mse_loss(x, q, F::MSELossFuncOptions(kNone)).sizes() == x.sizes());
  CHECK(nn::L1Loss()(x, q).item<double>() == near(0.9166666865348816));
  // The weight of a loss is state that moves with it, but not trained.
  CHECK(nll->named_buffers().keys() == std::vector<std::string>{"weight"});
  CHECK(nll->parameters().empty());
}

TEST_CASE("Gradients of a small network agree with finite differences") {
  manual_seed(9);
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(2, 3, 3).padding(1)), nn::BatchNorm2d(3),
                     nn::Tanh(), nn::AvgPool2d(2), nn::Flatten(), nn::Linear(12, 4), nn::SiLU(),
                     nn::Linear(4, 3));
  net->to(kDouble);
  const Tensor x = randn({2, 2, 4, 4}, kDouble).requires_grad_();
  const Tensor target = tensor({1, 2});
  const auto loss = [&] { return F::cross_entropy(net(x), target); };
  loss().backward();

  std::vector<Tensor> inputs = net->parameters();
  inputs.push_back(x);
  constexpr double kStep = 1e-5;
  for (const Tensor& input : inputs) {
    Tensor flat = input.detach().view({-1});
    const Tensor grad = input.grad().contiguous().view({-1});
    for (int64_t i = 0; i < flat.numel(); ++i) {
      flat.select(0, i).add_(kStep);
      const double above = loss().item<double>();
      flat.select(0, i).sub_(2 * kStep);
      const double below = loss().item<double>();
      flat.select(0, i).add_(kStep);
      // Central differences err by step^2 = 1e-10 times a third derivative, and by the rounding of
      // the loss, 1e-16, over the step: 1e-11.
      CHECK(grad[i].item<double>() ==
            Approx((above - below) / (2 * kStep)).epsilon(0).margin(1e-8));
    }
  }
}
