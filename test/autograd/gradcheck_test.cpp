#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using reel::autograd::gradcheck;
using reel::autograd::gradgradcheck;
using reel::autograd::variable_list;
using reel::test::error_of;
using reel::test::leaf;
using reel::test::wave;

TEST_CASE("gradcheck passes right gradients of several inputs and outputs") {
  const auto f = [](const variable_list& in) {
    return variable_list{in[0] * in[1], in[0].exp().sum()};
  };
  CHECK(gradcheck(f, {leaf({2, 3}), leaf({3}, 0.2)}));
  CHECK(gradgradcheck(f, {leaf({2, 3}), leaf({3}, 0.2)}));
  CHECK(gradcheck(f, {leaf({2, 3}), wave({3}, 0.2)}));
}

TEST_CASE("gradcheck names the element of a wrong gradient") {
  // Half of x takes no part in the tape: the gradient is 1 instead of 2.
  const auto wrong = [](const variable_list& in) { return in[0] + in[0].detach(); };
  CHECK_FALSE(gradcheck(wrong, {leaf({2})}, 1e-6, 1e-5, 1e-3, false));
  const std::string message = error_of([&] { gradcheck(wrong, {leaf({2})}); });
  CHECK(message.find("Jacobian mismatch for output 0 with respect to input 0: d output[0] / d "
                     "input[0] is ") != std::string::npos);
  CHECK(message.find("1 analytically") != std::string::npos);
}

TEST_CASE("gradgradcheck finds what gradcheck cannot") {
  // The first gradient, 2 x.detach(), is right; that of the gradient is lost.
  const auto f = [](const variable_list& in) {
    return 2 * in[0] * in[0].detach() - in[0].detach().square();
  };
  CHECK_FALSE(gradcheck([](const variable_list& in) { return in[0] * in[0].detach(); }, {leaf({2})},
                        1e-6, 1e-5, 1e-3, false));
  CHECK(gradcheck(f, {leaf({2})}));
  CHECK_FALSE(gradgradcheck(f, {leaf({2})}, {}, 1e-6, 1e-5, 1e-3, false));
}

TEST_CASE("gradcheck wants doubles that require gradients") {
  const auto f = [](const variable_list& in) { return in[0] * 2; };
  CHECK(error_of([&] { gradcheck(f, {ones({2}).requires_grad_()}); }) ==
        "gradcheck: expected inputs of dtype Double, input 0 is Float");
  CHECK_FALSE(error_of([&] { gradcheck(f, {wave({2})}); }).empty());
}
