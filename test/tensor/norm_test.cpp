#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::variable_list;
using reel::test::close;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::wave;
using Sizes = std::vector<int64_t>;

namespace {
constexpr double kEps = 1e-5;
}

TEST_CASE("batch_norm in training normalises by the batch") {
  const Tensor x = wave({4, 3, 2, 5}) * 2 + 1;
  const Tensor w = wave({3}, 0.2);
  const Tensor b = wave({3}, 0.9);
  Tensor mean = zeros({3}, kDouble);
  Tensor var = ones({3}, kDouble);
  const Tensor y = batch_norm(x, w, b, mean, var, true, 0.1, kEps);
  for (int64_t c = 0; c < 3; ++c) {
    const Tensor channel = x.select(1, c);
    const double m = channel.mean().item<double>();
    const double biased = channel.var(false).item<double>();
    const double unbiased = channel.var(true).item<double>();
    const Tensor want = (channel - m) / std::sqrt(biased + kEps) * w[c] + b[c];
    CHECK(close(y.select(1, c), want, 1e-12));
    CHECK(mean[c].item<double>() == Approx(0.1 * m));
    CHECK(var[c].item<double>() == Approx(0.9 + 0.1 * unbiased));
  }
}

TEST_CASE("batch_norm in evaluation uses and keeps the running figures") {
  const Tensor x = wave({2, 3});
  Tensor mean = wave({3}, 0.3);
  Tensor var = wave({3}, 0.4).square() + 0.5;
  const Tensor old = mean.clone();
  const Tensor y = batch_norm(x, {}, {}, mean, var, false, 0.1, kEps);
  CHECK(close(y, (x - mean) / (var + kEps).sqrt(), 1e-13));
  CHECK(equal(mean, old));
}

TEST_CASE("batch_norm takes other layouts and leaves out what is not given") {
  const Tensor x = wave({2, 3, 4, 5});
  const Tensor last = x.contiguous(MemoryFormat::ChannelsLast);
  const Tensor y = batch_norm(last, {}, {}, {}, {}, true, 0.1, kEps);
  CHECK(y.is_contiguous(MemoryFormat::ChannelsLast));
  CHECK(close(y, batch_norm(x, {}, {}, {}, {}, true, 0.1, kEps), 1e-13));
  CHECK(shape(batch_norm(wave({2, 3, 7}), {}, {}, {}, {}, true, 0.1, kEps)) == Sizes{2, 3, 7});
}

TEST_CASE("batch_norm says what does not fit") {
  const auto error = [](const Tensor& x, const Tensor& w, const Tensor& mean, bool training) {
    return error_of([&] { batch_norm(x, w, {}, mean, mean, training, 0.1, kEps); });
  };
  CHECK(error(zeros({2, 3}), {}, {}, false) ==
        "batch_norm: running_mean must be defined in evaluation mode");
  CHECK(error(zeros({2, 3}), zeros({4}), {}, true).find("weight should contain 3 elements not 4") !=
        std::string::npos);
  CHECK(error(zeros({2, 3}), {}, zeros({2}), true)
            .find("running_mean should contain 3 elements not 2") != std::string::npos);
  CHECK_FALSE(error(zeros({3}), {}, {}, true).empty());
  CHECK_FALSE(error(zeros({2, 3}), zeros({3}, kDouble), {}, true).empty());
  CHECK_FALSE(error(zeros({2, 3}, kLong), {}, {}, true).empty());
}

TEST_CASE("gradients of batch_norm, first and second order") {
  const auto trained = [](const variable_list& in) {
    return batch_norm(in[0], in[1], in[2], {}, {}, true, 0.1, kEps);
  };
  CHECK(gradients_agree(trained, {leaf({3, 2, 2}), leaf({2}, 0.2), leaf({2}, 0.9)}));
  const Tensor mean = wave({2}, 0.3);
  const Tensor var = wave({2}, 0.4).square() + 0.5;
  const auto evaluated = [&](const variable_list& in) {
    return batch_norm(in[0], in[1], in[2], mean, var, false, 0.1, kEps);
  };
  CHECK(gradients_agree(evaluated, {leaf({2, 2, 2}), leaf({2}, 0.2), leaf({2}, 0.9)}));
  CHECK(gradients_agree(
      [](const variable_list& in) { return batch_norm(in[0], {}, {}, {}, {}, true, 0.1, kEps); },
      {leaf({4, 2})}));
}

TEST_CASE("batch_norm with some of its inputs frozen") {
  const Tensor x = wave({4, 2});
  const Tensor w = wave({2}, 0.2);
  const auto f = [&](const variable_list& in) {
    return batch_norm(x, in[0], in[1], {}, {}, true, 0.1, kEps);
  };
  CHECK(autograd::gradcheck(f, {leaf({2}, 0.2), leaf({2}, 0.9)}));
  CHECK(autograd::gradcheck(
      [&](const variable_list& in) { return batch_norm(x, w, in[0], {}, {}, true, 0.1, kEps); },
      {leaf({2}, 0.9)}));
  CHECK(autograd::gradcheck(
      [&](const variable_list& in) { return batch_norm(in[0], w, {}, {}, {}, true, 0.1, kEps); },
      {leaf({4, 2})}));
}
