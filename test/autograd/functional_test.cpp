#include <reel/autograd/functional.h>
#include <reel/reel.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::autograd::functional;
using autograd::variable_list;
using Catch::Matchers::ContainsSubstring;
using test::close;
using test::error_of;
using test::leaf;
using test::wave;

namespace {

Tensor lower_ones(int64_t n) { return (arange(n).view({n, 1}) >= arange(n)).to(kDouble); }

// (x cos x)_i summed up to each i.
Tensor wavy(const Tensor& x) { return (lower_ones(x.size(0)) * (x * x.cos())).sum({1}); }

}  // namespace

TEST_CASE("the jacobian, and products with it from both sides") {
  const Tensor x = wave({4});
  const Tensor j = jacobian(wavy, x);
  CHECK(test::shape(j) == std::vector<int64_t>{4, 4});
  // d (x cos x) summed up: lower triangular, with the derivative in each column.
  const Tensor slope = x.cos() - x * x.sin();
  CHECK(close(j, lower_ones(4) * slope));

  const Tensor v = wave({4}, 0.9);
  const auto [value, product] = vjp(wavy, x, v);
  CHECK(close(value, wavy(x)));
  CHECK(close(product, v.matmul(j)));
  CHECK(close(jvp(wavy, x, v).second, j.matmul(v)));
  CHECK_FALSE(product.requires_grad());
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("the hessian, and products with it from both sides") {
  const auto f = [](const Tensor& x) { return (x.pow(3) * x.flip({0})).sum(); };
  const Tensor x = wave({3}), v = wave({3}, 0.9);
  const Tensor h = hessian(f, x);
  CHECK(close(h, h.t()));
  CHECK(close(hvp(f, x, v).second, h.matmul(v)));
  CHECK(close(vhp(f, x, v).second, v.matmul(h)));
  CHECK(close(hvp(f, x, v).first, f(x)));
}

TEST_CASE("functions of several inputs and outputs") {
  const auto f = [](const variable_list& in) -> variable_list {
    return {in[0] * in[1], in[1].sum() * 2};
  };
  const Tensor a = wave({2, 3}), b = wave({3}, 0.2);
  const auto j = jacobian(f, {a, b});
  CHECK(test::shape(j[0][0]) == std::vector<int64_t>{2, 3, 2, 3});
  CHECK(test::shape(j[1][1]) == std::vector<int64_t>{3});
  CHECK(close(j[1][0], zeros({2, 3}, kDouble)));
  CHECK(close(j[1][1], full({3}, 2, kDouble)));
  const variable_list v{wave({2, 3}, 0.7), wave({3}, 0.8)};
  const auto products = jvp(f, {a, b}, v).second;
  CHECK(close(products[0], v[0] * b + a * v[1]));
  CHECK(close(products[1], 2 * v[1].sum()));

  const auto g = [](const variable_list& in) { return (in[0] * in[1] * in[1]).sum(); };
  const auto h = hessian(g, {wave({3}), b});
  CHECK(close(h[0][0], zeros({3, 3}, kDouble)));
  CHECK(close(h[0][1], h[1][0].t()));
  CHECK(close(h[0][1], eye(3, kDouble) * (2 * b)));
}

TEST_CASE("with create_graph the results can be differentiated again") {
  const Tensor x = leaf({3});
  const Tensor j = jacobian([](const Tensor& in) { return in.pow(3); }, x, /*create_graph=*/true);
  CHECK(close(autograd::grad({j.sum()}, {x})[0], 6 * x.detach()));
  const Tensor v = leaf({3}, 0.9);
  const Tensor p = jvp([](const Tensor& in) { return in.pow(3); }, x, v, true).second;
  const variable_list grads = autograd::grad({p.sum()}, {x, v});
  CHECK(close(grads[0], 6 * x.detach() * v.detach()));
  CHECK(close(grads[1], 3 * x.detach().square()));
  const auto cube = [](const Tensor& in) { return in.pow(4).sum(); };
  CHECK(close(autograd::grad({hessian(cube, x, true).sum()}, {x})[0], 24 * x.detach()));
}

TEST_CASE("what derivatives of functions refuse, in PyTorch's words") {
  const Tensor x = wave({2}), y = wave({2}, 0.1);
  const auto twice = [](const Tensor& in) { return in * 2; };
  const auto one = [](const Tensor& in) { return (in * 2).sum(); };
  const auto first = [](const variable_list& in) { return in[0] * 2; };
  const auto constant = [](const Tensor&) { return ones({2}, kDouble); };
  const auto says = [](const std::string& words) { return ContainsSubstring(words); };
  CHECK_THAT(error_of([&] { vjp(twice, x); }),
             says("The vector v can only be None if the user-provided function returns a single "
                  "Tensor with a single element."));
  CHECK_THAT(error_of([&] { jvp(twice, x); }),
             says("The vector v can only be None if the input to the user-provided function is a "
                  "single Tensor with a single element."));
  CHECK_THAT(error_of([&] { vjp(twice, x, ones({3})); }),
             says("v has invalid size: should be [2] but got [3]."));
  CHECK_THAT(error_of([&] {
               vjp(first, {x, y}, {x, y});
             }),
             says("v is a tuple of invalid length: should be 1 but got 2."));
  CHECK_THAT(error_of([&] {
               jvp(first, {x, y}, {ones({3}), y});
             }),
             says("Entry 0 in v has invalid size: should be [2] but got [3]."));
  CHECK_THAT(error_of([&] { jacobian(constant, x, false, true); }),
             says("Output 0 of the user-provided function does not require gradients. The outputs "
                  "must be computed in a differentiable manner from the input when running in "
                  "strict mode."));
  CHECK_THAT(error_of([&] {
               jacobian(first, {x, y}, false, true);
             }),
             says("Output 0 of the user-provided function is independent of input 1. This is not "
                  "allowed in strict mode."));
  CHECK_THAT(error_of([&] { jacobian(twice, x, true, true); }),
             says("The jacobian of the user-provided function is independent of input 0. This is "
                  "not allowed in strict mode when create_graph=True."));
  CHECK_THAT(error_of([&] {
               jvp(first, {x, y}, {x, y}, false, true);
             }),
             says("The output of the user-provided function is independent of input 1. This is "
                  "not allowed in strict mode."));
  CHECK_THAT(error_of([&] { hessian(one, x, false, true); }),
             says("While computing the hessian, found that the jacobian of the user-provided "
                  "function with respect to input 0 is independent of the input."));
  CHECK_THAT(error_of([&] { hvp(one, x, x, false, true); }),
             says("While computing the hessian, found that the jacobian"));
  CHECK_THAT(error_of([&] { hessian(twice, x); }),
             says("The Tensor returned by the function given to hessian should contain a single "
                  "element"));
  CHECK(close(hessian(one, x), zeros({2, 2}, kDouble)));
  CHECK(close(jacobian(constant, x), zeros({2, 2}, kDouble)));
}
