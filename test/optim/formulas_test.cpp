#include <reel/nn/nn.h>
#include <reel/optim/optim.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::optim;
using reel::test::close;

namespace {

// Five steps on sum(c * (p - t)^2) + 0.01 * sum(p^3) in float64.
Tensor start() { return tensor({1.0, -2.0, 0.5, 3.0}, dtype(kDouble).requires_grad(true)); }

Tensor objective(const Tensor& p) {
  const Tensor c = tensor({0.5, 1.0, -0.25, 0.1}, kDouble);
  const Tensor t = tensor({0.25, -0.5, 1.0, 2.0}, kDouble);
  return (c * (p - t).square()).sum() + p.pow(3).sum() * 0.01;
}

template <class Optim, class Options>
Tensor after_five_steps(Options options) {
  Tensor p = start();
  Optim optimizer({p}, options);
  for (int i = 0; i < 5; ++i) {
    optimizer.step([&] {
      optimizer.zero_grad();
      const Tensor loss = objective(p);
      loss.backward();
      return loss;
    });
  }
  return p.detach();
}

Tensor expected(std::initializer_list<double> values) {
  return tensor(std::vector<double>(values), kDouble);
}

}  // namespace

// The expected values are what PyTorch 1.13's torch.optim gives for the same five steps. The order
// of operations is the same, so float64 agrees to a few roundings: 1e-12 of values near 1.

TEST_CASE("SGD follows PyTorch") {
  CHECK(close(after_five_steps<SGD>(SGDOptions(0.1)),
              expected({0.68397445074314089, -1.0129971372184632, 0.35849654168216349,
                        2.7820167617260583})));
  CHECK(close(after_five_steps<SGD>(SGDOptions(0.1).momentum(0.9)),
              expected({0.20711192184591432, 0.32706689868479694, 0.12215416866252686,
                        2.4348774962898942})));
  CHECK(
      close(after_five_steps<SGD>(SGDOptions(0.1).momentum(0.9).dampening(0.3).weight_decay(0.01)),
            expected({0.32352938122538732, 0.094485594186073246, 0.20268836433700729,
                      2.5137398683026508})));
  CHECK(
      close(after_five_steps<SGD>(SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(0.01)),
            expected({0.14786411787574757, 0.1115034389287036, -0.032573863386357309,
                      2.2802915805607462})));
}

TEST_CASE("Adam follows PyTorch") {
  CHECK(close(after_five_steps<Adam>(AdamOptions()),
              expected({0.99500059391399542, -1.9950002840327994, 0.49499921838044386,
                        2.995000352119074})));
  CHECK(
      close(after_five_steps<Adam>(AdamOptions(0.1).betas({0.8, 0.95}).eps(1e-4).weight_decay(0.1)),
            expected({0.5169521519005682, -1.506128511728094, -0.0048517172286902249,
                      2.5057499911129093})));
  CHECK(close(after_five_steps<Adam>(AdamOptions(0.1).betas({0.5, 0.6}).amsgrad(true)),
              expected({0.53820088538586441, -1.5089562886363403, -0.0044385549348208431,
                        2.5138331869641237})));
}

TEST_CASE("AdamW follows PyTorch") {
  CHECK(close(after_five_steps<AdamW>(AdamWOptions()),
              expected({0.99495070089148863, -1.9949003917310237, 0.49497431503065986,
                        2.9948504657249235})));
  CHECK(close(after_five_steps<AdamW>(AdamWOptions(0.1).weight_decay(0.3).amsgrad(true)),
              expected({0.40748708121091592, -1.2546284733077304, -0.043135162931956142,
                        2.1195214037705603})));
}

TEST_CASE("RMSprop follows PyTorch") {
  CHECK(close(after_five_steps<RMSprop>(RMSpropOptions()),
              expected({0.7047883121331503, -1.6887797807397389, 0.14662371837055391,
                        2.6917954549238101})));
  CHECK(close(after_five_steps<RMSprop>(
                  RMSpropOptions(0.05).alpha(0.9).eps(1e-6).weight_decay(0.1).momentum(0.9)),
              expected({-0.15721713894612899, -0.61571430770590474, -1.2068012752605,
                        1.5990402569843329})));
  CHECK(
      close(after_five_steps<RMSprop>(RMSpropOptions(0.05).alpha(0.9).momentum(0.5).centered(true)),
            expected({0.2554053200860501, -1.0950469846605855, -0.66924588798719498,
                      2.1186511983684007})));
}

TEST_CASE("Adagrad follows PyTorch") {
  CHECK(close(after_five_steps<Adagrad>(AdagradOptions()),
              expected({0.96794306263331786, -1.9678073033543806, 0.46734493177114528,
                        2.9678367701772244})));
  CHECK(close(
      after_five_steps<Adagrad>(
          AdagradOptions(0.5).lr_decay(0.1).weight_decay(0.1).initial_accumulator_value(0.2).eps(
              1e-6)),
      expected(
          {0.26209051804922179, -0.89318550011068454, -0.74035471785275253, 1.9398541157527021})));
}

TEST_CASE("The learning rate can change between steps") {
  Tensor p = start();
  Adam optimizer({p}, AdamOptions(0.1));
  for (const double lr : {0.1, 0.2, 0.05, 0.0, 0.3}) {
    optimizer.param_groups()[0].options().set_lr(lr);
    optimizer.zero_grad();
    objective(p).backward();
    optimizer.step();
  }
  CHECK(close(p.detach(), expected({0.37414748452604479, -1.3572408684757566, -0.15237097373472827,
                                    2.3595209231867544})));
}

TEST_CASE("A small network trains as in PyTorch") {
  manual_seed(3);
  // One by one: the order in which arguments are made, and so draw numbers, is the compiler's.
  nn::Sequential net;
  net->push_back(nn::Conv2d(1, 2, 3));
  net->push_back(nn::ReLU());
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(8, 3));
  SGD optimizer(net->parameters(), SGDOptions(0.1).momentum(0.9));
  const Tensor x = linspace(-1, 1, 32).view({2, 1, 4, 4});
  const Tensor target = tensor({0, 2});
  // PyTorch 1.13 with the same seed. float32 after four steps: 1e-5.
  for (const double loss : {0.941480637, 0.882701755, 0.775429904, 0.637163937}) {
    optimizer.zero_grad();
    const Tensor result = nn::functional::cross_entropy(net(x), target);
    CHECK(result.item<double>() == Approx(loss).epsilon(0).margin(1e-5));
    result.backward();
    optimizer.step();
  }
}
