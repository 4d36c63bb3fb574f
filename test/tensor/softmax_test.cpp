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

TEST_CASE("softmax normalises exponentials along its dimension") {
  const Tensor x = wave({2, 3, 4});
  for (int64_t dim : {0, 1, 2, -1}) {
    const Tensor e = x.exp();
    const Tensor want = e / e.sum(dim, true);
    CHECK(close(softmax(x, dim), want, 1e-14));
    CHECK(close(log_softmax(x, dim), want.log(), 1e-14));
  }
  const Tensor turned = x.permute({2, 0, 1});
  CHECK(close(softmax(turned, 0), softmax(x, 2).permute({2, 0, 1}), 1e-15));
}

TEST_CASE("softmax of large, infinite, empty and 0-d tensors") {
  const double inf = INFINITY;
  const Tensor large = tensor({1000., 1000., -inf});
  CHECK(values(softmax(large, 0)) == std::vector<double>{0.5, 0.5, 0});
  CHECK(close(log_softmax(large, 0), tensor({-std::log(2.0), -std::log(2.0), -inf}), 1e-15));
  CHECK(softmax(full({2}, -inf, kDouble), 0).isnan().all().item<bool>());
  CHECK(shape(softmax(zeros({2, 0, 3}), 1)) == Sizes{2, 0, 3});
  CHECK(softmax(tensor(3.0), 0).item<double>() == 1);
  CHECK(log_softmax(tensor(3.0), -1).item<double>() == 0);
}

TEST_CASE("softmax computes in the dtype it is given") {
  const Tensor x = tensor({1, 2, 3});
  CHECK(softmax(x, 0, kDouble).dtype() == kDouble);
  CHECK(close(softmax(x, 0, kDouble), softmax(x.to(kDouble), 0)));
  CHECK_FALSE(error_of([&] { softmax(x, 0); }).empty());
  CHECK_FALSE(error_of([] { softmax(wave({2, 3}), 2); }).empty());
}

TEST_CASE("logsumexp neither overflows nor loses -inf") {
  const double inf = INFINITY;
  CHECK(logsumexp(tensor({1000., 1000.}), 0).item<double>() == Approx(1000 + std::log(2.0)));
  CHECK(logsumexp(tensor({-inf, -inf}), 0).item<double>() == -inf);
  CHECK(logsumexp(tensor({inf, 1.}), 0).item<double>() == inf);
  const Tensor x = wave({2, 3, 4});
  CHECK(close(logsumexp(x, {0, 2}), x.exp().sum({0, 2}).log(), 1e-14));
  CHECK(shape(x.logsumexp({0, 2}, true)) == Sizes{1, 3, 1});
}

TEST_CASE("gradients of softmax and its kin, first and second order") {
  for (int64_t dim : {0, 1}) {
    CHECK(gradients_agree([&](const variable_list& in) { return softmax(in[0], dim); },
                          {leaf({3, 4})}));
    CHECK(gradients_agree([&](const variable_list& in) { return log_softmax(in[0], dim); },
                          {leaf({3, 4})}));
    CHECK(gradients_agree([&](const variable_list& in) { return logsumexp(in[0], dim); },
                          {leaf({3, 4})}));
  }
}
