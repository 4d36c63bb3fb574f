#include <cmath>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::variable_list;
using reel::test::close;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::values;
using reel::test::wave;
using Sizes = std::vector<int64_t>;

TEST_CASE("mse_loss and l1_loss with every reduction") {
  const Tensor x = tensor({1., 2., 5.});
  const Tensor t = tensor({2., 2., 2.});
  CHECK(values(mse_loss(x, t, Reduction::None)) == std::vector<double>{1, 0, 9});
  CHECK(mse_loss(x, t, Reduction::Sum).item<double>() == 10);
  CHECK(mse_loss(x, t).item<double>() == Approx(10.0 / 3));
  CHECK(l1_loss(x, t).item<double>() == Approx(4.0 / 3));
  CHECK_FALSE(error_of([&] { mse_loss(x, t, 7); }).empty());
}

TEST_CASE("nll_loss picks the classes, weighs them and leaves out what is ignored") {
  const Tensor logs = log_softmax(wave({4, 3}), 1);
  const Tensor target = tensor({2, 0, 1, 2});
  const Tensor weight = tensor({0.5, 2., 1.});
  double sum = 0;
  double total = 0;
  for (int64_t n = 0; n < 4; ++n) {
    if (n == 1) continue;
    const int64_t c = target[n].item<int64_t>();
    sum -= logs[n][c].item<double>() * weight[c].item<double>();
    total += weight[c].item<double>();
  }
  CHECK(nll_loss(logs, target, weight, Reduction::Mean, 0).item<double>() == Approx(sum / total));
  CHECK(nll_loss(logs, target, weight, Reduction::Sum, 0).item<double>() == Approx(sum));
  const Tensor none = nll_loss(logs, target, weight, Reduction::None, 0);
  CHECK(shape(none) == Sizes{4});
  CHECK(none[1].item<double>() == 0);
  CHECK(nll_loss(logs, target).item<double>() ==
        Approx(-(logs[0][2] + logs[1][0] + logs[2][1] + logs[3][2]).item<double>() / 4));
  CHECK(nll_loss(logs[0], tensor(2)).item<double>() == Approx(-logs[0][2].item<double>()));
  CHECK(std::isnan(nll_loss(logs, full({4}, -100, kLong)).item<double>()));
}

TEST_CASE("nll_loss of pictures") {
  const Tensor logs = log_softmax(wave({2, 3, 2, 2}), 1);
  const Tensor target = tensor({0, 1, 2, 0, 2, 2, 1, 1}).view({2, 2, 2});
  const Tensor loss = nll_loss(logs, target, {}, Reduction::None);
  CHECK(shape(loss) == Sizes{2, 2, 2});
  CHECK(loss[1][0][1].item<double>() == Approx(-logs[1][2][0][1].item<double>()));
}

TEST_CASE("cross_entropy_loss is nll_loss of log_softmax") {
  const Tensor x = wave({4, 3}) * 3;
  const Tensor target = tensor({2, 0, 1, 2});
  const Tensor weight = tensor({0.5, 2., 1.});
  CHECK(close(cross_entropy_loss(x, target, weight), nll_loss(log_softmax(x, 1), target, weight),
              1e-14));
  const Tensor hard = one_hot(target, 3).to(kDouble);
  CHECK(close(cross_entropy_loss(x, hard), cross_entropy_loss(x, target), 1e-14));
  CHECK(cross_entropy_loss(x[0], tensor(2)).dim() == 0);
}

TEST_CASE("label smoothing spreads part of the target over all classes") {
  const Tensor x = wave({4, 3}) * 3;
  const Tensor target = tensor({2, 0, 1, 2});
  const Tensor spread = one_hot(target, 3).to(kDouble) * 0.8 + 0.2 / 3;
  const Tensor want = -(log_softmax(x, 1) * spread).sum(1);
  CHECK(close(cross_entropy_loss(x, target, {}, Reduction::None, -100, 0.2), want, 1e-13));
  CHECK(close(cross_entropy_loss(x, target, {}, Reduction::Mean, -100, 0.2), want.mean(), 1e-13));
  const Tensor probabilities = softmax(wave({4, 3}, 0.1), 1);
  CHECK(close(cross_entropy_loss(x, probabilities, {}, Reduction::Sum, -100, 0.2),
              -(log_softmax(x, 1) * (probabilities * 0.8 + 0.2 / 3)).sum(), 1e-13));
  // Ignored positions count in neither part.
  const Tensor kept = tensor({0, 2, 3});
  CHECK(close(cross_entropy_loss(x, tensor({2, 9, 1, 2}), {}, Reduction::Mean, 9, 0.2),
              want.index_select(0, kept).mean(), 1e-13));
}

TEST_CASE("classification losses say what does not fit") {
  const Tensor x = wave({4, 3});
  CHECK(error_of([&] {
          nll_loss(x, tensor({0, 1, 5, 2}));
        }) == "nll_loss: Target 5 is out of bounds. There are 3 classes.");
  CHECK(error_of([&] {
          cross_entropy_loss(x, tensor({0, 1, -1, 2}));
        }) == "cross_entropy_loss: Target -1 is out of bounds. There are 3 classes.");
  CHECK(error_of([&] {
          cross_entropy_loss(x, tensor({0, 1, 2}));
        }) == "cross_entropy_loss: Expected input batch_size (4) to match target batch_size (3).");
  CHECK(error_of([&] { nll_loss(x, zeros({4})); }) ==
        "nll_loss: expected scalar type Long but found Float (target)");
  CHECK_FALSE(error_of([&] { nll_loss(x, zeros({4, 1}, kLong)); }).empty());
  CHECK_FALSE(error_of([&] { nll_loss(x, zeros({4}, kLong), wave({2})); }).empty());
  CHECK_FALSE(error_of([&] { nll_loss(wave({2, 3, 4}), zeros({2, 5}, kLong)); }).empty());
  CHECK_FALSE(error_of([&] { cross_entropy_loss(x, tensor({0, 1, 2, 0}), {}, 1, 0, 2); }).empty());
  CHECK_FALSE(error_of([&] { cross_entropy_loss(x, zeros({4, 3}, kLong)); }).empty());
}

TEST_CASE("binary_cross_entropy is finite at 0 and 1") {
  const Tensor x = tensor({0., 1., 0.25, 0.}).requires_grad_();
  const Tensor t = tensor({1., 0., 0.5, 0.});
  const Tensor loss = binary_cross_entropy(x, t, {}, Reduction::None);
  const double middle = -0.5 * std::log(0.25) - 0.5 * std::log(0.75);
  CHECK(close(loss, tensor({100., 100., middle, 0.}), 1e-12));
  loss.sum().backward();
  // PyTorch's (x - t) / max(x (1 - x), 1e-12).
  CHECK(allclose(x.grad(), tensor({-1e12, 1e12, -0.25 / 0.1875, 0.}), 1e-14, 0));
  CHECK(error_of([&] { binary_cross_entropy(x + 1, t); }) ==
        "binary_cross_entropy: all elements of input should be between 0 and 1");
  CHECK_FALSE(error_of([&] { binary_cross_entropy(x, t.slice(0, 1)); }).empty());
}

TEST_CASE("binary_cross_entropy_with_logits does not overflow") {
  const Tensor x = wave({3, 4}) * 4;
  const Tensor t = (wave({3, 4}, 0.1) + 1) / 2;
  const Tensor p = x.sigmoid();
  const Tensor want = -(t * p.log() + (1 - t) * (1 - p).log());
  CHECK(close(binary_cross_entropy_with_logits(x, t, {}, {}, Reduction::None), want, 1e-12));
  const Tensor pw = tensor({1., 2., 0.5, 3.});
  const Tensor weighted = -(t * p.log() * pw + (1 - t) * (1 - p).log());
  CHECK(close(binary_cross_entropy_with_logits(x, t, {}, pw), weighted.mean(), 1e-12));
  const Tensor far = tensor({1000., -1000.});
  CHECK(values(binary_cross_entropy_with_logits(far, tensor({0., 1.}), {}, {}, Reduction::None)) ==
        std::vector<double>{1000, 1000});
  CHECK(values(binary_cross_entropy_with_logits(far, tensor({1., 0.}), {}, {}, Reduction::None)) ==
        std::vector<double>{0, 0});
}

TEST_CASE("gradients of the losses, first and second order") {
  const Tensor t = wave({3, 4}, 0.1);
  const Tensor classes = tensor({2, 0, 3});
  const Tensor weight = tensor({0.5, 2., 1., 0.7});
  const auto check = [](const auto& f) { return gradients_agree(f, {leaf({3, 4})}); };
  CHECK(gradients_agree([](const variable_list& in) { return mse_loss(in[0], in[1]); },
                        {leaf({3, 4}), leaf({3, 4}, 0.1)}));
  CHECK(check([&](const variable_list& in) { return l1_loss(in[0], t, Reduction::Sum); }));
  CHECK(check([&](const variable_list& in) { return nll_loss(in[0].square(), classes, weight); }));
  CHECK(check([&](const variable_list& in) {
    return cross_entropy_loss(in[0], classes, weight, Reduction::Mean, 0, 0.1);
  }));
  CHECK(gradients_agree(
      [&](const variable_list& in) {
        return cross_entropy_loss(in[0], in[1].square(), weight, Reduction::Sum, -100, 0.1);
      },
      {leaf({3, 4}), leaf({3, 4}, 0.1)}));
  CHECK(gradients_agree(
      [](const variable_list& in) {
        return binary_cross_entropy(in[0].sigmoid(), in[1].sigmoid());
      },
      {leaf({2, 3}), leaf({2, 3}, 0.1)}));
  CHECK(gradients_agree(
      [](const variable_list& in) {
        return binary_cross_entropy_with_logits(in[0], in[1], {}, in[2].square());
      },
      {leaf({2, 3}), leaf({2, 3}, 0.1), leaf({3}, 0.8)}));
}
