#include <reel/optim/lbfgs.h>
#include <reel/optim/lr_scheduler.h>
#include <reel/optim/sgd.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::optim;
using Catch::Matchers::ContainsSubstring;
using reel::test::error_of;

namespace {

/// The result of `steps` steps on Rosenbrock's function from (-1.5, 2): how often the closure was
/// called, then the point.
std::vector<double> rosenbrock(const LBFGSOptions& options, int steps) {
  Tensor p = tensor({-1.5, 2.0}, kDouble).requires_grad_();
  LBFGS optimizer({p}, options);
  double calls = 0;
  for (int i = 0; i < steps; ++i) {
    optimizer.step([&] {
      ++calls;
      optimizer.zero_grad();
      const Tensor loss = (1 - p[0]).pow(2) + 100 * (p[1] - p[0].pow(2)).pow(2);
      loss.backward();
      return loss;
    });
  }
  return {calls, p[0].item<double>(), p[1].item<double>()};
}

}  // namespace

// Expected: PyTorch 1.13.1.
TEST_CASE("LBFGS goes PyTorch's way on Rosenbrock's function") {
  const auto agree = [](const std::vector<double>& a, const std::vector<double>& b) {
    return test::close(tensor(a), tensor(b), 1e-7);
  };
  CHECK(agree(rosenbrock(LBFGSOptions().max_iter(8).line_search_fn("strong_wolfe"), 3),
              {31, 0.24994091482499936, 0.031292021652854655}));
  CHECK(agree(rosenbrock(LBFGSOptions(0.1).max_iter(5), 3),
              {15, -1.4150083583808064, 2.0130458780729557}));
  CHECK(agree(rosenbrock(LBFGSOptions().history_size(3).line_search_fn("strong_wolfe"), 2),
              {49, 1.0000006898305547, 1.0000015458306801}));
}

TEST_CASE("LBFGS refuses what it cannot do") {
  const Tensor p = ones({2}, requires_grad());
  CHECK_THAT(error_of([&] { LBFGS({p}, LBFGSOptions().line_search_fn("armijo")); }),
             ContainsSubstring("only 'strong_wolfe' is supported"));
  LBFGS optimizer({p});
  p.sum().backward();
  CHECK_THAT(error_of([&] { optimizer.step(); }), ContainsSubstring("requires a closure"));
}

TEST_CASE("StepLR multiplies the rates every step_size steps") {
  SGD optimizer({ones({2}, requires_grad())}, SGDOptions(1));
  StepLR schedule(optimizer, 2, 0.5);
  std::vector<double> rates;
  for (int i = 0; i < 6; ++i) {
    schedule.step();
    rates.push_back(optimizer.param_groups()[0].options().get_lr());
  }
  CHECK(rates == std::vector<double>{1, 1, 0.5, 0.5, 0.25, 0.25});
  CHECK_THROWS_AS(StepLR(optimizer, 0), Error);
}
