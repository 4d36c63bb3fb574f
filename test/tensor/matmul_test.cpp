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

namespace {

/// Row times column, element by element.
Tensor naive_mm(const Tensor& a, const Tensor& b) {
  Tensor c = zeros({a.size(0), b.size(1)}, kDouble);
  auto x = a.accessor<double, 2>();
  auto y = b.accessor<double, 2>();
  auto z = c.accessor<double, 2>();
  for (int64_t i = 0; i < a.size(0); ++i) {
    for (int64_t j = 0; j < b.size(1); ++j) {
      for (int64_t k = 0; k < a.size(1); ++k) z[i][j] += x[i][k] * y[k][j];
    }
  }
  return c;
}

}  // namespace

TEST_CASE("mm multiplies matrices of any layout") {
  const Tensor a = wave({4, 7});
  const Tensor b = wave({7, 3}, 0.1);
  // Doubles of magnitude 1 over 7 terms: rounding stays far below 1e-13.
  CHECK(close(mm(a, b), naive_mm(a, b), 1e-13));
  const Tensor at = wave({7, 4}, 0.3).t();
  const Tensor bt = wave({3, 7}, 0.9).t();
  CHECK(close(mm(at, bt), naive_mm(at, bt), 1e-13));
  CHECK(close(mm(a.slice(0, 0, 4, 2), b.slice(1, 1)), naive_mm(a.slice(0, 0, 4, 2), b.slice(1, 1)),
              1e-13));
}

TEST_CASE("mm of integers is exact and empty products are zero") {
  const Tensor a = tensor({{1, 2}, {3, 4}});
  CHECK(values(mm(a, a)) == std::vector<double>{7, 10, 15, 22});
  CHECK(mm(a, a).dtype() == kLong);
  const Tensor empty_sum = mm(zeros({2, 0}), zeros({0, 3}));
  CHECK(shape(empty_sum) == Sizes{2, 3});
  CHECK(values(empty_sum) == std::vector<double>(6, 0.0));
  CHECK(shape(mm(zeros({0, 2}), zeros({2, 3}))) == Sizes{0, 3});
}

TEST_CASE("matmul takes every combination of ranks") {
  const auto result = [](Sizes a, Sizes b) { return shape(matmul(wave(a), wave(b))); };
  CHECK(result({3}, {3}) == Sizes{});
  CHECK(result({2, 3}, {3}) == Sizes{2});
  CHECK(result({3}, {3, 4}) == Sizes{4});
  CHECK(result({5, 2, 3}, {3}) == Sizes{5, 2});
  CHECK(result({3}, {5, 3, 4}) == Sizes{5, 4});
  CHECK(result({5, 2, 3}, {3, 4}) == Sizes{5, 2, 4});
  CHECK(result({2, 3}, {5, 3, 4}) == Sizes{5, 2, 4});
  CHECK(result({6, 1, 2, 3}, {5, 3, 4}) == Sizes{6, 5, 2, 4});
  CHECK(result({0, 2, 3}, {0, 3, 4}) == Sizes{0, 2, 4});

  const Tensor a = wave({2, 1, 2, 3});
  const Tensor b = wave({4, 3, 5}, 0.2);
  const Tensor c = matmul(a, b);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      CHECK(close(c[i][j], naive_mm(a[i][0], b[j]), 1e-13));
    }
  }
  CHECK(matmul(wave({3}), wave({3})).item<double>() ==
        Approx((wave({3}) * wave({3})).sum().item<double>()));
}

TEST_CASE("addmm does not read what beta 0 multiplies") {
  const Tensor a = wave({2, 3});
  const Tensor b = wave({3, 4}, 0.2);
  const Tensor bias = wave({4}, 0.7);
  CHECK(close(addmm(bias, a, b, 2, 0.5), bias * 2 + naive_mm(a, b) * 0.5, 1e-13));
  const Tensor nan = full({4}, std::nan(""), kDouble);
  CHECK(close(addmm(nan, a, b, 0, 1), naive_mm(a, b), 1e-13));
}

TEST_CASE("linear is input times the transposed weight plus bias") {
  const Tensor x = wave({5, 2, 3});
  const Tensor w = wave({4, 3}, 0.2);
  const Tensor b = wave({4}, 0.8);
  const Tensor y = linear(x, w, b);
  CHECK(shape(y) == Sizes{5, 2, 4});
  CHECK(close(y[3], naive_mm(x[3], w.t().contiguous()) + b, 1e-13));
  CHECK(shape(linear(wave({3}), w, b)) == Sizes{4});
}

TEST_CASE("matrix products say which shapes do not fit") {
  CHECK(error_of([] {
          mm(zeros({2, 3}), zeros({4, 5}));
        }) == "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
  CHECK(error_of([] {
          mm(zeros({2}), zeros({2, 2}));
        }) == "mm: self must be a matrix, got shape [2]");
  CHECK(error_of([] {
          mm(zeros({2, 2}), zeros({2, 2}, kDouble));
        }) == "mm: expected scalar type Float but found Double");
  CHECK(error_of([] {
          bmm(zeros({2, 3, 4}), zeros({2, 5, 4}));
        }) ==
        "bmm: Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: "
        "[2, 5].");
  CHECK(error_of([] { matmul(zeros({}), zeros({2})); }) ==
        "matmul: both arguments to matmul need to be at least 1D, but they are 0D and 1D");
  CHECK_FALSE(error_of([] { matmul(zeros({2, 2, 3}), zeros({3, 3, 4})); }).empty());
  CHECK_FALSE(error_of([] { linear(zeros({2, 3}), zeros({5, 4})); }).empty());
}

TEST_CASE("gradients of matrix products, first and second order") {
  const auto product = [](const variable_list& in) { return matmul(in[0], in[1]); };
  CHECK(gradients_agree(product, {leaf({2, 3}), leaf({3, 4}, 0.2)}));
  CHECK(gradients_agree(product, {leaf({3}), leaf({3}, 0.2)}));
  CHECK(gradients_agree(product, {leaf({2, 2, 3}), leaf({3, 2}, 0.2)}));
  CHECK(gradients_agree(product, {leaf({2, 1, 2, 2}), leaf({2, 2, 2}, 0.2)}));
  CHECK(gradients_agree([](const variable_list& in) { return addmm(in[0], in[1], in[2], 2, 0.5); },
                        {leaf({3}), leaf({2, 2}, 0.1), leaf({2, 3}, 0.7)}));
  CHECK(gradients_agree([](const variable_list& in) { return linear(in[0], in[1], in[2]); },
                        {leaf({2, 2, 2}), leaf({3, 2}, 0.2), leaf({3}, 0.9)}));
}

TEST_CASE("gram is x x^T, in either layout, with its gradients") {
  for (const bool columns : {false, true}) {
    const Tensor x = columns ? test::wave({5, 3}).t() : test::wave({3, 5});
    CHECK(test::close(gram(x), x.mm(x.t())));
    CHECK(test::gradients_agree([](const autograd::variable_list& in) { return gram(in[0]); },
                                {x.clone().requires_grad_()}));
  }
  CHECK_THROWS_AS(gram(test::wave({2, 3, 4})), Error);
  // One half is the mirror image of the other, to the bit. In float the sums of `depth` products of
  // magnitude 1 are off by up to 14 units in the last place of their size, as mm's are; 25 are let
  // pass.
  for (const int64_t rows : {1, 5, 33, 130, 300}) {
    for (const int64_t depth : {0, 1, 7, 300, 4000}) {
      CAPTURE(rows, depth);
      for (const Tensor& x : {randn({rows, depth}), randn({depth, rows}).t()}) {
        const Tensor product = gram(x);
        CHECK(equal(product, product.t()));
        const Tensor exact = x.to(kDouble);
        CHECK(test::close(product, exact.mm(exact.t()), 3e-6 * static_cast<double>(depth + 1)));
      }
    }
  }
}
