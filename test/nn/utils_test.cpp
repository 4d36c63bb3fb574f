#include <cmath>
#include <limits>

#include <reel/nn/utils.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::close;
using reel::test::error_of;

namespace {

Tensor with_grad(const Tensor& grad) {
  const Tensor p = zeros_like(grad).requires_grad_();
  p.mutable_grad() = grad.clone();
  return p;
}

}  // namespace

TEST_CASE("Gradients are clipped by their common norm") {
  const Tensor a = with_grad(tensor({3.0, 0.0}, kDouble)), b = with_grad(tensor({{4.0}}, kDouble));
  const Tensor without = zeros({2}, kDouble).requires_grad_();
  CHECK(nn::utils::clip_grad_norm_({a, without, b}, 10) == Approx(5));
  CHECK(equal(a.grad(), tensor({3.0, 0.0}, kDouble)));
  CHECK(nn::utils::clip_grad_norm_({a, without, b}, 1) == Approx(5));
  // PyTorch divides by the norm + 1e-6.
  CHECK(close(a.grad(), tensor({3 / 5.000001, 0.0}, kDouble)));
  CHECK(close(b.grad(), tensor({{4 / 5.000001}}, kDouble)));
  CHECK(nn::utils::clip_grad_norm_(with_grad(tensor({3.0, -4.0})), 1,
                                   std::numeric_limits<double>::infinity()) == 4);
  CHECK(nn::utils::clip_grad_norm_(with_grad(tensor({3.0, -4.0})), 9, 1) == Approx(7));
}

TEST_CASE("A norm that is no number is reported on demand") {
  const Tensor p = with_grad(tensor({1.0, std::nan("")}));
  CHECK(std::isnan(nn::utils::clip_grad_norm_(p, 1)));
  CHECK_THAT(error_of([&] { nn::utils::clip_grad_norm_(p, 1, 2, true); }),
             ContainsSubstring("non-finite"));
  CHECK_THAT(error_of([&] { nn::utils::clip_grad_norm_(p, 1, 0); }),
             ContainsSubstring("norm_type must be positive, not 0"));
}

TEST_CASE("Gradients are clipped by value") {
  const Tensor p = with_grad(tensor({1.0f, -3.0f, 0.25f}));
  nn::utils::clip_grad_value_({p}, 0.5);
  CHECK(equal(p.grad(), tensor({0.5f, -0.5f, 0.25f})));
}

TEST_CASE("Parameters become one vector and come back") {
  const std::vector<Tensor> from = {arange(6, kFloat).view({2, 3}), ones({2})};
  const Tensor vector = nn::utils::parameters_to_vector(from);
  CHECK(equal(vector, tensor({0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 1.0f, 1.0f})));
  const std::vector<Tensor> to = {zeros({2, 3}, requires_grad(true)), zeros({2})};
  nn::utils::vector_to_parameters(vector, to);
  CHECK(equal(to[0].detach(), from[0]));
  CHECK(equal(to[1], from[1]));
  CHECK_THAT(error_of([&] { nn::utils::vector_to_parameters(ones({7}), to); }),
             ContainsSubstring("8 elements, got shape [7]"));
}
