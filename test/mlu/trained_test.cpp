// A network that was trained on the CPU, on the simulated card: it guesses what it guesses there.

#include <support/files.h>

#include <reel/data/batches.h>
#include <reel/data/datasets/mnist.h>
#include <reel/nn/models/lenet.h>

#include "backend_support.h"

using namespace mlu_test;
using namespace reel;

namespace {

using data::datasets::MNIST;

constexpr int64_t kBatch = 64, kSteps = 300, kPictures = 512;

Tensor standardized(const Tensor& images) { return images.sub(0.1307).div_(0.3081); }

nn::models::LeNet trained(const MNIST& digits) {
  manual_seed(1);
  nn::models::LeNet net;
  optim::Adam optimizer(net->parameters(), 2e-3);
  const data::Batches batches(standardized(digits.images().narrow(0, 0, kSteps * kBatch)),
                              digits.targets().narrow(0, 0, kSteps * kBatch),
                              {.batch_size = kBatch, .shuffle = true, .seed = 1});
  for (const auto& batch : batches.epoch(0)) {
    optimizer.zero_grad();
    nn::functional::cross_entropy(net->forward(batch.data), batch.target).backward();
    optimizer.step();
  }
  net->eval();
  return net;
}

nn::models::LeNet copy_of(nn::models::LeNet& net) {
  return nn::models::LeNet(std::dynamic_pointer_cast<nn::models::LeNetImpl>(net->clone()));
}

struct Scores {
  Tensor all;               ///< of all pictures, Double on the CPU
  double predicted_us = 0;  ///< of a batch on the device, from the third on
};

/// Moves the network to where it is to compute.
Scores scores(nn::models::LeNet net, Device where, ScalarType dtype, const Tensor& x) {
  const NoGradGuard no_grad;
  net->to(where, dtype);
  Tensors batches, parts;
  for (int64_t i = 0; i < x.size(0); i += kBatch) {
    batches.push_back(x.narrow(0, i, kBatch).to(where, dtype));
  }
  double start = 0;
  for (const Tensor& batch : batches) {
    parts.push_back(net->forward(batch));
    if (parts.size() == 2) start = mlu::device_time_us();
  }
  const double us = (mlu::device_time_us() - start) / static_cast<double>(batches.size() - 2);
  return {cat(parts).to(Device(kCPU), kDouble), us};
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}
int64_t other_guesses(const Tensor& a, const Tensor& b) {
  return a.argmax(1).ne(b.argmax(1)).sum().item<int64_t>();
}

}  // namespace

TEST_CASE("a trained network guesses on the device what it guesses on the CPU") {
  const std::string folder = reel::test::data_file("mnist");
  if (folder.empty()) return;
  const MNIST train_set(folder);
  nn::models::LeNet net = trained(train_set);
  const MNIST test_set(folder, MNIST::Mode::kTest);
  const Tensor x = standardized(test_set.images().narrow(0, 0, kPictures));
  const Tensor targets = test_set.targets().narrow(0, 0, kPictures);
  bang::clear_findings();
  const Tensor exact = scores(copy_of(net), kCPU, kDouble, x).all;
  const double largest = exact.abs().max().item<double>();
  const int64_t wrong = exact.argmax(1).ne(targets).sum().item<int64_t>();
  CAPTURE(largest, wrong);
  CHECK(wrong < kPictures / 20);

  // The CPU's own error is the measure: the device adds up in another order.
  double float_us = 0;
  for (const ScalarType dtype : {kFloat, kHalf}) {
    const Tensor here = scores(copy_of(net), kCPU, dtype, x).all;
    const auto [there, us] = scores(copy_of(net), device(), dtype, x);
    const double cpu = largest_difference(here, exact), mlu = largest_difference(there, exact);
    const int64_t other = other_guesses(there, exact);
    CAPTURE(dtype, cpu, mlu, other, us);
    CHECK(mlu < 4 * cpu);
    CHECK(mlu < (dtype == kFloat ? 1e-6 : 2e-3) * largest);
    CHECK(other_guesses(there, here) == 0);
    CHECK(other <= (dtype == kFloat ? 0 : kPictures / 100));
    if (dtype == kFloat) float_us = us;
  }

  // Sums of int8 are exact on both, and rounded at the same places.
  nn::quant::prepare(net, nn::quant::LowBitOptions().max_bits(8));
  {
    const NoGradGuard no_grad;
    net->forward(standardized(train_set.images().narrow(0, 0, kBatch)));
  }
  const Tensor here = scores(net, kCPU, kFloat, x).all;
  const auto [there, us] = scores(net, device(), kFloat, x);
  const double int8_error = largest_difference(there, exact);
  const int64_t other = other_guesses(there, exact);
  CAPTURE(int8_error, other, us, float_us);
  CHECK(equal(here, there));
  // Five layers, each of which rounds its input and its weight by up to 1/127 of the largest.
  CHECK(int8_error < 0.05 * largest);
  CHECK(other <= kPictures / 100);
  CHECK(findings() == "");
}
