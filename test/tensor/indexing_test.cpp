#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::indexing;
using autograd::variable_list;
using reel::test::close;
using reel::test::error_of;
using reel::test::gradients_agree;
using reel::test::leaf;
using reel::test::shape;
using reel::test::values;
using Sizes = std::vector<int64_t>;
using Values = std::vector<double>;

namespace {
Tensor counting(Sizes sizes) { return arange(numel_of(sizes)).view(sizes); }
}  // namespace

TEST_CASE("integers, slices, None and ... are views") {
  const Tensor x = counting({3, 4, 5});
  CHECK(equal(x.index({1}), x.select(0, 1)));
  CHECK(equal(x.index({-1, 2}), x.select(0, 2).select(0, 2)));
  CHECK(equal(x.index({Slice(), Slice(1, None, 2)}), x.slice(1, 1, 4, 2)));
  CHECK(equal(x.index({Slice(None, 2), Slice(-3, -1)}), x.slice(0, 0, 2).slice(1, 1, 3)));
  CHECK(equal(x.index({"...", 3}), x.select(2, 3)));
  CHECK(equal(x.index({0, Ellipsis, 3}), x.select(0, 0).select(1, 3)));
  CHECK(shape(x.index({None, 1, None, Slice(), Ellipsis})) == Sizes{1, 1, 4, 5});
  CHECK(shape(x.index({Slice(5, 9)})) == Sizes{0, 4, 5});
  CHECK(x.index({1, 2, 3}).dim() == 0);
  CHECK(x.index({1, 2, 3}).item<int64_t>() == 33);
  CHECK(x.index({Slice(), 1}).storage() == x.storage());
  CHECK(equal(x.index({tensor(2)}), x[2]));
  CHECK(shape(x.index({true})) == Sizes{1, 3, 4, 5});
  CHECK(shape(x.index({false})) == Sizes{0, 3, 4, 5});
}

TEST_CASE("tensors of integers broadcast against each other") {
  const Tensor x = counting({3, 4, 5});
  CHECK(equal(x.index({tensor({2, 0})}), stack({x[2], x[0]})));
  CHECK(values(x.index({tensor({0, 2}), tensor({1, -1}), tensor({0, 4})})) == Values{5, 59});
  const Tensor y = x.index({tensor({{0}, {2}}), tensor({1, 3})});
  CHECK(shape(y) == Sizes{2, 2, 5});
  CHECK(equal(y[1][0], x[2][1]));
  CHECK(equal(x.index({Slice(), tensor({3, 0})}), x.index_select(1, tensor({3, 0}))));
  CHECK(equal(x[tensor({1, 1})], stack({x[1], x[1]})));
  CHECK(shape(x.index({zeros({0}, kLong)})) == Sizes{0, 4, 5});
}

TEST_CASE("adjacent index tensors stay in place, separated ones come first") {
  const Tensor x = counting({2, 3, 4, 5});
  const Tensor i = tensor({1, 0, 1});
  const Tensor adjacent = x.index({Slice(), i, i});
  CHECK(shape(adjacent) == Sizes{2, 3, 5});
  CHECK(equal(adjacent.select(1, 0), x.select(1, 1).select(1, 1)));
  const Tensor separated = x.index({Slice(), i, Slice(), i});
  CHECK(shape(separated) == Sizes{3, 2, 4});
  CHECK(equal(separated[1], x.select(1, 0).select(2, 0)));
  const Tensor around_none = x.index({i, None, i});
  CHECK(shape(around_none) == Sizes{3, 1, 4, 5});
  CHECK(equal(around_none[0][0], x[1][1]));
  // On a transposed tensor the indexed dimensions do not lie in memory as one.
  const Tensor t = x.transpose(1, 2);
  CHECK(equal(t.index({Slice(), i, i}), adjacent));
}

TEST_CASE("masks take their true elements") {
  const Tensor x = counting({3, 4});
  const Tensor rows = tensor({true, false, true});
  CHECK(equal(x.index({rows}), stack({x[0], x[2]})));
  CHECK(values(x.index({x > 8})) == Values{9, 10, 11});
  CHECK(values(x.index({x > 99})).empty());
  CHECK(equal(x.index({Slice(), tensor({false, true, true, false})}), x.slice(1, 1, 3)));
  CHECK(values(x.index({rows, tensor({3, 1})})) == Values{3, 9});
  CHECK(values(x.index({rows.to(kByte), 1})) == Values{1, 9});
  CHECK(shape(x.index({tensor(true)})) == Sizes{1, 3, 4});
  CHECK(values(x[x < 3]) == Values{0, 1, 2});
}

TEST_CASE("indexing says what does not fit") {
  const Tensor x = counting({3, 4});
  CHECK(error_of([&] { x.index({5}); }) == "index 5 is out of bounds for dimension 0 with size 3");
  CHECK(error_of([&] {
          x.index({0, -5});
        }) == "index -5 is out of bounds for dimension 0 with size 4");
  CHECK(error_of([&] { x.index({0, 0, 0}); }) == "too many indices for tensor of dimension 2");
  CHECK(error_of([&] {
          x.index({Slice(), tensor({0, 4})});
        }) == "index 4 is out of bounds for dimension 1 with size 4");
  CHECK(error_of([&] {
          x.index({tensor({true, false})});
        }) ==
        "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3, "
        "4] at index 0");
  CHECK(error_of([&] {
          x.index({tensor({0, 1}), tensor({0, 1, 2})});
        }) ==
        "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]");
  CHECK(error_of([&] {
          x.index({tensor({0.5, 1.})});
        }) == "tensors used as indices must be long, byte or bool tensors, got Float");
  CHECK_FALSE(error_of([&] { x.index({"..", 0}); }).empty());
  CHECK_FALSE(error_of([&] { x.index({"...", "..."}); }).empty());
  CHECK_FALSE(error_of([&] { x.index({Slice(0, 3, 0)}); }).empty());
  CHECK_FALSE(error_of([&] { x.index({Slice(0, 3, -1)}); }).empty());
  CHECK(error_of([&] { x.index({Slice(None, None, -2)}); }) ==
        "step must be greater than zero, got -2");
  CHECK_FALSE(error_of([&] { x.index({tensor({0, 1}).to(kInt)}); }).empty());
  CHECK_FALSE(error_of([&] { x.index({zeros({3, 4, 1}, kBool)}); }).empty());
  CHECK_FALSE(error_of([&] { zeros({0, 2}).index({tensor({0})}); }).empty());
}

TEST_CASE("index_put_ writes through every kind of index") {
  Tensor x = counting({3, 4});
  x.index_put_({1}, 0);
  CHECK(values(x[1]) == Values{0, 0, 0, 0});
  x.index_put_({Slice(), Slice(0, None, 3)}, tensor({7, 8}));
  CHECK(values(x) == Values{7, 1, 2, 8, 7, 0, 0, 8, 7, 9, 10, 8});
  x.index_put_({x > 6}, -1);
  CHECK(values(x) == Values{-1, 1, 2, -1, -1, 0, 0, -1, -1, -1, -1, -1});
  x.index_put_({tensor({0, 2}), tensor({1, 2})}, tensor({50, 60}));
  CHECK(values(x) == Values{-1, 50, 2, -1, -1, 0, 0, -1, -1, -1, 60, -1});
  x.index_put_({"...", tensor({0})}, tensor({{1}, {2}, {3}}));
  CHECK(values(x.select(1, 0)) == Values{1, 2, 3});
  x.t().index_put_({tensor({0, 1}), tensor({2, 2})}, tensor({70, 71}));
  CHECK(values(x[2]) == Values{70, 71, 60, -1});
  x.index_put_({tensor({1, 1})}, tensor({{1, 2, 3, 4}, {5, 6, 7, 8}}));
  CHECK(values(x[1]) == Values{5, 6, 7, 8});
  x.index_put_({0, tensor({1, 2})}, tensor({{{90, 91}}}));
  CHECK(values(x[0]) == Values{1, 90, 91, -1});
  CHECK(error_of([&] {
          x.index_put_({0}, tensor({1, 2, 3}));
        }) ==
        "shape mismatch: value tensor of shape [3] cannot be broadcast to indexing result of shape "
        "[4]");
  CHECK_FALSE(error_of([&] { x.index_put_({tensor({0})}, tensor({1.5})); }).empty());
  CHECK_FALSE(error_of([&] { x.index_put_({tensor({3})}, 1); }).empty());
}

TEST_CASE("index_put leaves its input alone") {
  const Tensor x = counting({2, 3});
  const Tensor y = index_put(x, {0, tensor({2, 0})}, tensor({8, 9}));
  CHECK(values(y) == Values{9, 1, 8, 3, 4, 5});
  CHECK(values(x) == Values{0, 1, 2, 3, 4, 5});
}

TEST_CASE("masked_select, masked_fill and nonzero") {
  const Tensor x = counting({2, 3});
  const Tensor mask = tensor({true, false, true});
  CHECK(values(masked_select(x, mask)) == Values{0, 2, 3, 5});
  CHECK(values(masked_fill(x, mask, 9)) == Values{9, 1, 9, 9, 4, 9});
  CHECK(x.masked_fill(mask, 9).dtype() == kLong);
  Tensor y = x.clone();
  y.masked_fill_(mask, -1);
  CHECK(values(y) == Values{-1, 1, -1, -1, 4, -1});
  CHECK(values(nonzero(tensor({{0, 5}, {7, 0}}))) == Values{0, 1, 1, 0});
  CHECK(shape(nonzero(tensor(5))) == Sizes{1, 0});
  CHECK(shape(nonzero(zeros({2, 3, 4}))) == Sizes{0, 3});
  CHECK(equal(x.masked_fill(mask.to(kByte), 1), x.masked_fill(mask, 1)));
  CHECK_FALSE(error_of([&] { x.masked_fill(mask.to(kLong), 1); }).empty());
  CHECK_FALSE(error_of([&] { masked_select(x, tensor({true, false})); }).empty());
}

TEST_CASE("gradients of index expressions, first and second order") {
  const Tensor i = tensor({1, 0, 1});
  const auto check = [](const auto& f) { return gradients_agree(f, {leaf({2, 3, 2})}); };
  CHECK(check([&](const variable_list& in) { return in[0].square().index({1, Slice(0, 3, 2)}); }));
  CHECK(check([&](const variable_list& in) { return in[0].square().index({i}); }));
  CHECK(check([&](const variable_list& in) { return in[0].square().index({Slice(), i, i}); }));
  CHECK(check([&](const variable_list& in) { return in[0].square().index({i, Slice(), i}); }));
  CHECK(check([&](const variable_list& in) {
    return in[0].square().index({tensor({true, false}), i});
  }));
  CHECK(check([&](const variable_list& in) { return masked_select(in[0].square(), in[0] > 0); }));
  CHECK(check([&](const variable_list& in) { return masked_fill(in[0].square(), in[0] > 0, 3); }));
}

TEST_CASE("gradients of index_put_ on the tape") {
  const Tensor i = tensor({1, 0});
  const auto check = [](const auto& put) {
    return gradients_agree(
        [&](const variable_list& in) {
          Tensor x = in[0].square();
          put(x, in[1].square());
          return x * x;
        },
        {leaf({2, 3}), leaf({3}, 0.2)});
  };
  CHECK(check([](Tensor& x, const Tensor& v) { x.index_put_({1}, v); }));
  CHECK(check([&](Tensor& x, const Tensor& v) { x.index_put_({i}, v); }));
  CHECK(check([&](Tensor& x, const Tensor& v) { x.t().index_put_({i}, v.slice(0, 0, 2)); }));
  CHECK(check([](Tensor& x, const Tensor& v) {
    x.index_put_({tensor({{true, false, true}, {false, true, false}})}, v);
  }));
  CHECK(check([](Tensor& x, const Tensor& v) {
    x.t().index_put_({tensor({{true, false}, {true, true}, {false, false}})}, v);
  }));
  CHECK(check([](Tensor& x, const Tensor& v) { x = index_put(x, {0}, v); }));
  CHECK(check([](Tensor& x, const Tensor& v) {
    x.index_put_({tensor({0, 0, 1}), tensor({2, 2, 0})}, v);
  }));
  // A plain tensor that takes in recorded values.
  const Tensor v = leaf({3});
  Tensor x = zeros({2, 3}, kDouble);
  x.index_put_({0}, v);
  (x * x).sum().backward();
  CHECK(close(v.grad(), v.detach() * 2, 1e-15));
}
