// Modules whose parameters are drawn and whose outputs are computed as by PyTorch 1.13, where the
// numbers come from.

#include <reel/nn/nn.h>
#include <reel/tensor/random.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::close;
using reel::test::error_of;
namespace F = reel::nn::functional;

namespace {

// Float32 results of some tens of operations on values near 1, against PyTorch's float32.
constexpr double kFloatError = 4e-6;

Tensor numbers(IntArrayRef sizes) { return arange(numel_of(sizes), kFloat).view(sizes); }

Tensor first(const Tensor& y) { return y.detach().flatten().slice(0, 0, 4); }

bool sums_to(const Tensor& y, double sum) {
  return close(y.detach().sum(), tensor(sum, kFloat), kFloatError * 10);
}

}  // namespace

TEST_CASE("Recurrent networks draw PyTorch's parameters and give its outputs") {
  const Tensor x = numbers({2, 2, 3}) / 10;

  manual_seed(0);
  nn::RNN rnn(nn::RNNOptions(3, 4).num_layers(2).nonlinearity(kReLU).bidirectional(true));
  CHECK(rnn->named_parameters().size() == 16);
  CHECK(rnn->named_parameters().contains("weight_ih_l1_reverse"));
  const auto [rectified, state] = rnn(x);
  CHECK(sums_to(rectified, 3.76835322));
  CHECK(close(first(rectified), tensor({0.f, 0.f, 0.f, 0.394725025f}), kFloatError));
  CHECK(state.sizes() == IntArrayRef({4, 2, 4}));

  manual_seed(0);
  nn::LSTM lstm(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true));
  const auto [outputs, states] = lstm(x);
  CHECK(sums_to(outputs, 0.521522343));
  CHECK(close(first(outputs), tensor({0.0667369291f, -0.0877570659f, 0.0322177894f, 0.134573355f}),
              kFloatError));
  CHECK(std::get<1>(states).sizes() == IntArrayRef({4, 2, 4}));

  manual_seed(0);
  nn::LSTM projected(nn::LSTMOptions(3, 4).proj_size(2).batch_first(true));
  const auto [small, small_states] = projected(x);
  CHECK(small.sizes() == IntArrayRef({2, 2, 2}));
  CHECK(sums_to(small, -0.35330531));
  CHECK(std::get<0>(small_states).sizes() == IntArrayRef({1, 2, 2}));
  CHECK(std::get<1>(small_states).sizes() == IntArrayRef({1, 2, 4}));

  manual_seed(0);
  nn::GRU gru(nn::GRUOptions(3, 4).bias(false));
  CHECK(sums_to(std::get<0>(gru(x)), -0.96189642));

  // Dropout between the layers takes PyTorch's random numbers.
  manual_seed(0);
  nn::LSTM dropping(nn::LSTMOptions(3, 4).num_layers(2).dropout(0.5));
  CHECK(sums_to(std::get<0>(dropping(x)), -0.472483397));
  dropping->eval();
  CHECK_FALSE(sums_to(std::get<0>(dropping(x)), -0.472483397));

  const auto copy = std::dynamic_pointer_cast<nn::LSTMImpl>(lstm->clone());
  CHECK(equal(std::get<0>(copy->forward(x)), outputs));
  CHECK_FALSE(copy->all_weights()[0].is_same(lstm->all_weights()[0]));
  CHECK_THAT(error_of([&] { lstm(ones({2, 2, 4})); }), ContainsSubstring("Expected 3, got 4"));
  CHECK_THAT(error_of([&] {
               gru(x, zeros({2, 2, 4}));
             }),
             ContainsSubstring("Expected hidden size"));
}

TEST_CASE("Cells take one step") {
  const Tensor x = numbers({2, 3}) / 10;
  manual_seed(0);
  nn::LSTMCell lstm(3, 4);
  const auto [h, c] = lstm(x);
  CHECK(close(first(h), tensor({0.0568211116f, -0.0176614504f, -0.0512893274f, 0.0745579377f}),
              kFloatError));
  CHECK(close(first(c), tensor({0.1096268f, -0.0358300097f, -0.092276983f, 0.166188747f}),
              kFloatError));
  manual_seed(0);
  nn::GRUCell gru(3, 4);
  CHECK(close(first(gru(x)), tensor({0.0641295388f, 0.0587143153f, -0.293388337f, -0.240916401f}),
              kFloatError));
  manual_seed(0);
  nn::RNNCell rnn(3, 4);
  const Tensor alone = rnn(x[0]);
  CHECK(alone.sizes() == IntArrayRef({4}));
  CHECK(close(first(alone), tensor({-0.600763559f, -0.335657924f, -0.472629011f, -0.0709279776f}),
              kFloatError));
}

TEST_CASE("Convolutions of rows and volumes, and transposed ones") {
  manual_seed(0);
  nn::Conv1d rows(3, 2, 2);
  CHECK(close(first(rows(numbers({1, 3, 4}) / 10)),
              tensor({-0.680008411f, -0.726835489f, -0.773662567f, -0.369409114f}), kFloatError));
  manual_seed(0);
  nn::Conv3d volumes(nn::Conv3dOptions(1, 2, 2));
  CHECK(close(first(volumes(numbers({1, 1, 3, 3, 3}) / 10)),
              tensor({0.295637548f, 0.282416523f, 0.255974352f, 0.242753372f}), kFloatError));
  manual_seed(0);
  nn::ConvTranspose2d spread(nn::ConvTranspose2dOptions(2, 3, 3).stride(2).padding(1));
  const Tensor x = numbers({1, 2, 2, 2}) / 10;
  CHECK(spread(x).sizes() == IntArrayRef({1, 3, 3, 3}));
  const Tensor y = spread->forward(x, IntArrayRef({4, 4}));
  CHECK(y.sizes() == IntArrayRef({1, 3, 4, 4}));
  CHECK(close(first(y), tensor({0.195545971f, 0.0274665952f, 0.204761386f, 0.0718247294f}),
              kFloatError));
  CHECK_THAT(error_of([&] {
               spread->forward(x, IntArrayRef({5, 4}));
             }),
             ContainsSubstring("valid sizes of dimension 0 range from 3 to 4"));
}

TEST_CASE("Tables and products of two") {
  manual_seed(0);
  nn::Bilinear product(3, 2, 2);
  CHECK(close(first(product(numbers({2, 3}), numbers({2, 2}))),
              tensor({-0.666823864f, -0.456568778f, -6.59166002f, 1.64523506f}), kFloatError * 4));
  manual_seed(0);
  nn::EmbeddingBag largest(nn::EmbeddingBagOptions(5, 3).mode(kMax));
  CHECK(close(first(largest(tensor({{0, 1}, {4, 2}}))),
              tensor({1.54099607f, -0.293428898f, -1.39859545f, 0.403346837f}), kFloatError));
  manual_seed(0);
  nn::EmbeddingBag means(nn::EmbeddingBagOptions(5, 3).padding_idx(2));
  CHECK(close(first(means(tensor({0, 2, 4}), tensor({0, 1}))),
              tensor({1.54099607f, -0.293428898f, -2.17878938f, -0.856674612f}), kFloatError));
  CHECK_THAT(error_of([&] { means(tensor({0, 1})); }), ContainsSubstring("offsets"));
}

TEST_CASE("Upsample in every mode") {
  const Tensor x = numbers({1, 1, 4, 4}).pow(1.5);
  const auto upsampled = [&](const nn::UpsampleOptions& options) {
    return nn::Upsample(options)(x).flatten().slice(0, 0, 6);
  };
  const auto sized = nn::UpsampleOptions().size(std::vector<int64_t>{3, 5});
  CHECK(close(upsampled(nn::UpsampleOptions(sized).mode(kBilinear).align_corners(true)),
              tensor({0.f, 0.75f, 1.91421354f, 3.42035842f, 5.19615221f, 15.3137083f}),
              kFloatError * 4));
  CHECK(
      close(upsampled(nn::UpsampleOptions(sized).mode(kBicubic).align_corners(false)),
            tensor({0.815696836f, 1.59971273f, 3.09344697f, 5.17796469f, 6.9519949f, 14.0513802f}),
            kFloatError * 8));
  CHECK(close(upsampled(nn::UpsampleOptions(sized).mode(kArea)),
              tensor({4.f, 5.04508495f, 7.42642641f, 10.3104439f, 11.8582058f, 15.3137083f}),
              kFloatError * 4));
  CHECK(close(upsampled(sized), tensor({0.f, 0.f, 1.f, 2.82842708f, 5.19615221f, 8.f}), 0));
  const Tensor volume = F::interpolate(
      numbers({1, 1, 2, 2, 2}),
      F::InterpolateFuncOptions().scale_factor(std::vector<double>{1.5}).mode(kTrilinear));
  CHECK(volume.sizes() == IntArrayRef({1, 1, 3, 3, 3}));
  CHECK(close(volume.flatten().slice(0, 0, 6), tensor({0.f, 0.5f, 1.f, 1.f, 1.5f, 2.f}),
              kFloatError));
  nn::Upsample aimless{nn::UpsampleOptions()};
  CHECK_THAT(error_of([&] { aimless(x); }),
             ContainsSubstring("either size or scale_factor should be defined"));
}

TEST_CASE("Group, layer and instance normalisation") {
  const Tensor expected = tensor({-1.14100766f, -0.635274291f, 0.289422303f, 1.48685992f,
                                  -1.29918456f, -0.48892045f, 0.407013297f, 1.38109159f});
  const Tensor x = numbers({8}).pow(1.5);
  CHECK(close(nn::GroupNorm(2, 4)(x.view({1, 4, 2})).detach().flatten(), expected, kFloatError));
  CHECK(close(nn::LayerNorm(nn::LayerNormOptions({2, 2}))(x.view({2, 2, 2})).detach().flatten(),
              expected, kFloatError));
  CHECK(close(nn::InstanceNorm1d(2)(x.view({1, 2, 4})).flatten(), expected, kFloatError));
  CHECK(close(nn::InstanceNorm1d(2)(x.view({2, 4})).flatten(), expected, kFloatError));
  CHECK_THAT(error_of([] {
               nn::BatchNorm2d(3)(zeros({1, 3, 1, 1}));
             }),
             ContainsSubstring("Expected more than 1 value per channel when training, got input "
                               "size [1, 3, 1, 1]"));
}

TEST_CASE("Pooling there and back, and losses by module") {
  const Tensor x = numbers({1, 1, 4, 4});
  const auto [values, indices] = nn::MaxPool2d(2)->forward_with_indices(x);
  const Tensor back = nn::MaxUnpool2d(2)(values, indices);
  CHECK(equal(back.sum(), values.sum()));
  CHECK(back.sizes() == x.sizes());
  CHECK(nn::AdaptiveMaxPool2d(nn::AdaptiveMaxPool2dOptions({2, std::nullopt}))(x).sizes() ==
        IntArrayRef({1, 1, 2, 4}));
  CHECK(nn::AvgPool3d(2)(ones({1, 1, 4, 4, 4})).sizes() == IntArrayRef({1, 1, 2, 2, 2}));
  CHECK(nn::MaxPool1d(2)(ones({1, 3, 5})).sizes() == IntArrayRef({1, 3, 2}));
  CHECK(equal(nn::PixelUnshuffle(2)(nn::PixelShuffle(2)(numbers({1, 4, 2, 2}))),
              numbers({1, 4, 2, 2})));
  CHECK(equal(nn::Fold(4, 2)(nn::Unfold(2)(ones({1, 1, 4, 4}))).sum(), tensor(36.f)));

  const Tensor scores = numbers({2, 3}) / 3 - 1;
  const Tensor labels = tensor({{1.f, 0.f, 1.f}, {0.f, 1.f, 0.f}});
  CHECK(close(nn::MultiLabelSoftMarginLoss()(scores, labels), tensor(0.81929338f), kFloatError));
  CHECK(close(nn::HuberLoss()(scores, labels), nn::SmoothL1Loss()(scores, labels), 0));
  CHECK(close(nn::PairwiseDistance()(scores, scores), full({2}, std::sqrt(3.0) * 1e-6), 1e-8));
  CHECK(close(nn::CosineSimilarity()(scores, scores * 2), ones({2}), kFloatError));
}
