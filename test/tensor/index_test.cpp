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
using Values = std::vector<double>;

TEST_CASE("gather of whole rows is index_select") {
  const Tensor x = arange(300 * 37, kFloat).view({300, 37});
  const Tensor picked = arange(500, kLong).mul(7).remainder(300);
  const Tensor expanded = picked.unsqueeze(1).expand({500, 37});
  const Tensor rows = x.index_select(0, picked);
  CHECK(equal(gather(x, 0, expanded), rows));
  CHECK(equal(gather(x, 0, expanded.contiguous()), rows));
  CHECK(equal(gather(x.t(), 1, expanded.t()), rows.t()));
}

TEST_CASE("more rows than a cache holds") {
  const int64_t count = 140000;  // of 64 or 61 floats: more than 32 MB
  const Tensor picked = arange(count, kLong).mul(7).remainder(300);
  for (const int64_t width : {64, 61}) {
    const Tensor x = arange(300 * width, kFloat).view({300, width});
    const Tensor columns = arange(width, kLong);
    const Tensor want = (picked.unsqueeze(1) * width + columns).to(kFloat);
    CHECK(equal(x.index_select(0, picked), want));
    CHECK(equal(gather(x, 0, picked.unsqueeze(1).expand({count, width}).contiguous()), want));
    const Tensor mixed = (picked.unsqueeze(1) + columns).remainder(300);
    CHECK(equal(gather(x, 0, mixed), (mixed * width + columns).to(kFloat)));
  }
}

TEST_CASE("gather takes one element for each index") {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  CHECK(values(gather(x, 1, tensor({{2, 0}, {1, 1}}))) == Values{3, 1, 5, 5});
  CHECK(values(gather(x, 0, tensor({{1, 0, 1}}))) == Values{4, 2, 6});
  CHECK(values(gather(x, -1, tensor({{2}}))) == Values{3});
  CHECK(gather(tensor(5.0), 0, tensor(0)).dim() == 0);
  CHECK(shape(gather(tensor(5.0), 0, tensor({0, 0}))) == Sizes{2});
  CHECK(shape(gather(x, 1, zeros({2, 0}, kLong))) == Sizes{2, 0});
}

TEST_CASE("scatter writes and scatter_add adds, last writer wins") {
  const Tensor x = zeros({2, 3}, kDouble);
  const Tensor index = tensor({{0, 0}, {2, 1}});
  const Tensor source = tensor({{1., 2., 9.}, {3., 4., 9.}}, kDouble);
  CHECK(values(x.scatter(1, index, source)) == Values{2, 0, 0, 0, 4, 3});
  CHECK(values(x.scatter_add(1, index, source)) == Values{3, 0, 0, 0, 4, 3});
  CHECK(values(x.scatter(1, index, 7)) == Values{7, 0, 0, 0, 7, 7});
  Tensor y = ones({2, 3}, kDouble);
  y.scatter_(0, tensor({{1, 1, 0}}), source);
  CHECK(values(y) == Values{1, 1, 9, 1, 2, 1});
  y.scatter_add_(0, tensor({{1, 1, 0}}), source);
  CHECK(values(y) == Values{1, 1, 18, 2, 4, 1});
  // Into a view: the rest of the base stays as it was.
  Tensor base = zeros({3, 3}, kDouble);
  base.t().scatter_(1, tensor({{2}, {0}, {1}}), 5);
  CHECK(values(base) == Values{0, 5, 0, 0, 0, 5, 5, 0, 0});
}

TEST_CASE("index_select and index_add work on whole slices") {
  const Tensor x = wave({3, 4, 2});
  const Tensor y = index_select(x, 1, tensor({3, 0, 3}));
  CHECK(shape(y) == Sizes{3, 3, 2});
  CHECK(equal(y.select(1, 0), x.select(1, 3)));
  CHECK(equal(y.select(1, 1), x.select(1, 0)));
  CHECK(
      equal(index_select(x.permute({2, 0, 1}), 0, tensor({1})), x.permute({2, 0, 1}).slice(0, 1)));
  const Tensor sum = index_add(zeros({4, 2}, kDouble), 0, tensor({1, 1, 3}), wave({3, 2}));
  CHECK(close(sum[1], wave({3, 2})[0] + wave({3, 2})[1], 1e-15));
  CHECK(equal(sum[3], wave({3, 2})[2]));
  CHECK(values(sum[0]) == Values{0, 0});
  CHECK(index_select(tensor(5.0), 0, tensor({0})).dim() == 0);
}

TEST_CASE("indices are checked") {
  const Tensor x = wave({3, 4});
  CHECK(error_of([&] {
          gather(x, 0, tensor({{5, 0, 0, 0}}));
        }) == "gather: index 5 is out of bounds for dimension 0 with size 3");
  CHECK_FALSE(error_of([&] { gather(x, 0, tensor({{-1, 0}})); }).empty());
  CHECK_FALSE(error_of([&] { x.scatter(1, tensor({{4}}), 1); }).empty());
  CHECK_FALSE(error_of([&] { x.scatter_add(1, tensor({{4}}), ones({1, 1}, kDouble)); }).empty());
  CHECK_FALSE(error_of([&] { index_select(x, 0, tensor({3})); }).empty());
  CHECK_FALSE(error_of([&] { index_add(x, 0, tensor({3}), ones({1, 4}, kDouble)); }).empty());
  CHECK(error_of([&] { gather(x, 0, tensor({{0.5}})); }) ==
        "gather(): Expected dtype int64 for index, got Float");
  CHECK_FALSE(error_of([&] { gather(x, 0, tensor({0})); }).empty());
  CHECK_FALSE(error_of([&] { gather(x, 0, zeros({1, 5}, kLong)); }).empty());
  CHECK_FALSE(error_of([&] { gather(x, 2, zeros({1, 4}, kLong)); }).empty());
  CHECK_FALSE(error_of([&] { x.scatter(0, zeros({2, 4}, kLong), ones({1, 4}, kDouble)); }).empty());
  CHECK_FALSE(error_of([&] { x.scatter(0, zeros({1, 4}, kLong), ones({1, 4})); }).empty());
  CHECK_FALSE(error_of([&] { index_add(x, 0, tensor({1, 2}), ones({1, 4}, kDouble)); }).empty());
  CHECK_FALSE(error_of([&] { index_select(x, 0, zeros({1, 1}, kLong)); }).empty());
}

TEST_CASE("gradients of gather and scatter, first and second order") {
  const Tensor index = tensor({{0, 2, 0}, {1, 1, 2}});
  CHECK(gradients_agree([&](const variable_list& in) { return gather(in[0].square(), 1, index); },
                        {leaf({2, 3})}));
  CHECK(gradients_agree(
      [&](const variable_list& in) {
        return scatter_add(in[0].square(), 1, index, in[1].square());
      },
      {leaf({2, 3}), leaf({2, 4}, 0.2)}));
  // Index 0 of the first row is written twice: the first source has no part in the result.
  CHECK(gradients_agree(
      [&](const variable_list& in) { return scatter(in[0].square(), 1, index, in[1].square()); },
      {leaf({2, 3}), leaf({2, 3}, 0.2)}));
  CHECK(gradients_agree(
      [&](const variable_list& in) {
        return index_select(in[0].square(), 1, tensor({2, 0, 2}));
      },
      {leaf({2, 3})}));
  CHECK(gradients_agree(
      [&](const variable_list& in) {
        return index_add(in[0].square(), 1, tensor({2, 0, 2}), in[1].square());
      },
      {leaf({2, 3}), leaf({2, 3}, 0.2)}));
}

TEST_CASE("a transposed matrix larger than the caches is copied element by element") {
  for (const ScalarType dtype : {kFloat, kDouble, kHalf}) {
    // Rows of the copies are whole cache lines of float and double in the first case only.
    for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1040, 1203}, {1203, 1037}}) {
      const Tensor x = arange(rows * columns, kInt).remainder(2039).to(dtype).view({rows, columns});
      const Tensor y = x.t().contiguous();
      REQUIRE(y.is_contiguous());
      const Tensor numbers = y.to(kInt);
      const auto* value = numbers.data_ptr<int32_t>();
      int64_t wrong = 0;
      for (int64_t c = 0; c < columns; ++c) {
        for (int64_t r = 0; r < rows; ++r) wrong += *value++ != (r * columns + c) % 2039 ? 1 : 0;
      }
      CHECK(wrong == 0);
    }
  }
}
