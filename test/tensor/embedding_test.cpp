#include <cmath>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::variable_list;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::values;
using reel::test::wave;
using Sizes = std::vector<int64_t>;

TEST_CASE("embedding looks up rows") {
  const Tensor w = wave({5, 3});
  const Tensor y = embedding(w, tensor({{4, 0}, {1, 1}}));
  CHECK(shape(y) == Sizes{2, 2, 3});
  CHECK(equal(y[0][0], w[4]));
  CHECK(equal(y[1][1], w[1]));
  CHECK(shape(embedding(w, tensor(2).to(kInt))) == Sizes{3});
  CHECK(shape(embedding(w, zeros({0}, kLong))) == Sizes{0, 3});
}

TEST_CASE("the row of padding_idx gets no gradient") {
  for (int64_t padding : {int64_t{3}, int64_t{-2}}) {
    Tensor w = leaf({5, 2});
    const Tensor y = embedding(w, tensor({3, 1, 3, 1}), padding);
    CHECK(equal(y[0], w[3]));
    y.sum().backward();
    CHECK(values(w.grad()) == std::vector<double>{0, 0, 2, 2, 0, 0, 0, 0, 0, 0});
  }
  Tensor w = leaf({5, 2});
  embedding(w, tensor({4}), -1).sum().backward();
  CHECK(w.grad()[4][0].item<double>() == 1);
}

TEST_CASE("scale_grad_by_freq divides by how often a row was used") {
  Tensor w = leaf({3, 1});
  embedding(w, tensor({0, 2, 2, 2, 2}), -1, true).sum().backward();
  CHECK(values(w.grad()) == std::vector<double>{1, 0, 1});
}

TEST_CASE("embedding says what does not fit") {
  const Tensor w = wave({5, 3});
  CHECK(error_of([&] { embedding(w, tensor({1.5})); }).find("got CPUFloatType instead") !=
        std::string::npos);
  CHECK(error_of([&] { embedding(w, tensor({5})); }).find("index 5 is out of bounds") !=
        std::string::npos);
  CHECK_FALSE(error_of([&] { embedding(w, tensor({-1})); }).empty());
  CHECK_FALSE(error_of([&] { embedding(w, tensor({1}), 5); }).empty());
  CHECK_FALSE(error_of([&] { embedding(w[0], tensor({1})); }).empty());
}

TEST_CASE("one_hot") {
  CHECK(values(one_hot(tensor({1, 0, 2}))) == std::vector<double>{0, 1, 0, 1, 0, 0, 0, 0, 1});
  CHECK(shape(one_hot(tensor({{1, 0}, {0, 1}}), 4)) == Sizes{2, 2, 4});
  CHECK(one_hot(tensor({1})).dtype() == kLong);
  CHECK_FALSE(error_of([] { one_hot(tensor({3}), 3); }).empty());
  CHECK_FALSE(error_of([] { one_hot(tensor({-1})); }).empty());
  CHECK_FALSE(error_of([] { one_hot(tensor({1.0})); }).empty());
  CHECK_FALSE(error_of([] { one_hot(zeros({0}, kLong)); }).empty());
}

TEST_CASE("dropout drops a share and scales the rest") {
  manual_seed(7);
  const Tensor x = ones({100, 100}, kDouble);
  const Tensor y = dropout(x, 0.25, true);
  const double kept = y.ne(0).to(kDouble).mean().item<double>();
  // 10,000 draws with p = 0.75: the standard deviation is 0.0043; 5 of them.
  CHECK(std::fabs(kept - 0.75) < 0.022);
  CHECK(y.max().item<double>() == Approx(1 / 0.75));
  manual_seed(7);
  CHECK(equal(dropout(x, 0.25, true), y));
  CHECK(dropout(x, 0.5, false).is_same(x));
  CHECK(dropout(x, 1, true).sum().item<double>() == 0);
  CHECK(error_of([&] { dropout(x, -1, true); }) ==
        "dropout probability has to be between 0 and 1, but got -1");
}

TEST_CASE("gradients of embedding and dropout, first and second order") {
  CHECK(gradients_agree(
      [](const variable_list& in) {
        return embedding(in[0].square(), tensor({3, 1, 3}));
      },
      {leaf({4, 2})}));
  CHECK(gradients_agree(
      [](const variable_list& in) {
        manual_seed(3);
        return dropout(in[0].square(), 0.5, true);
      },
      {leaf({3, 4})}));
}
