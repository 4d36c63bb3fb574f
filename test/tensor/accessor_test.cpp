// Elements through accessors and operator[], options by optional values, memory that grows.

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using reel::test::error_of;
using reel::test::values;
using Values = std::vector<double>;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("accessors read and write elements of strided tensors") {
  const Tensor x = arange(12, kFloat).view({3, 4});
  const Tensor turned = x.t();
  auto a = turned.accessor<float, 2>();
  CHECK(a.size(0) == 4);
  CHECK(a[3][2] == 11);
  const auto packed = turned.packed_accessor32<float, 2>();
  static_assert(std::is_same_v<decltype(packed.size(0)), int32_t>);
  CHECK(packed.size(0) == 4);
  CHECK(packed.stride(1) == 4);
  CHECK(packed[3][2] == 11);
  packed[3][2] = 50;
  CHECK(x[2][3].item<float>() == 50);
  const auto wide = x.packed_accessor64<float, 2>();
  CHECK(wide[1][1] == 5);
  CHECK(wide.data() == x.data_ptr<float>());
  CHECK_FALSE(error_of([&] { x.packed_accessor32<float, 3>(); }).empty());
  CHECK_FALSE(error_of([&] { x.packed_accessor64<double, 2>(); }).empty());
  const Tensor far = empty({1}).expand({int64_t{1} << 32});
  CHECK_THAT(error_of([&] { far.packed_accessor32<float, 1>(); }),
             ContainsSubstring("numel needs to be smaller than int32_t max"));
}

TEST_CASE("an index of an index is a view that nobody else has, and narrows it") {
  const Tensor x = reel::arange(24).view({2, 3, 4});
  Tensor element = x[1][2][3];
  CHECK(element.item<int64_t>() == 23);
  CHECK(element.is_view());
  element.fill_(-1);
  CHECK(x[1][2][3].item<int64_t>() == -1);
  const Tensor row = x[1];
  CHECK(row[0].sizes() == reel::IntArrayRef({4}));
  CHECK(row.sizes() == reel::IntArrayRef({3, 4}));  // somebody else has it
  CHECK_THROWS_WITH(x[1][3], ContainsSubstring("index 3 out of range"));
  CHECK_THROWS_WITH(x[1][2][3][0], ContainsSubstring("0-dim"));

  const Tensor leaf = reel::ones({2, 3}).requires_grad_();
  leaf[1][2].backward();
  CHECK(reel::equal(leaf.grad(),
                    reel::tensor({0., 0., 0., 0., 0., 1.}).to(reel::kFloat).view({2, 3})));
  const reel::NoGradGuard no_grad;
  CHECK(x[0][1][2].item<int64_t>() == 6);
}

TEST_CASE("operator[] takes integers and tensors") {
  const Tensor x = arange(6, kFloat).view({2, 3});
  CHECK(x[1][2].item<float>() == 5);
  CHECK(values(x[-1]) == Values{3, 4, 5});
  CHECK(values(x[tensor(1)]) == Values{3, 4, 5});
  CHECK(x[tensor(1)].storage() == x.storage());
}

TEST_CASE("options that are not given stay unset") {
  const TensorOptions given = TensorOptions(kDouble).device(Device("cpu"));
  CHECK_FALSE(given.dtype(std::nullopt).has_dtype());
  CHECK(given.dtype(std::optional<ScalarType>(kInt)).dtype() == kInt);
  CHECK_FALSE(given.device(std::nullopt).has_device());
  CHECK(given.device(std::optional<Device>(Device("cpu"))).has_device());
  CHECK(given.device("cpu").has_device());
  CHECK_FALSE(given.requires_grad(std::nullopt).requires_grad());
  CHECK(given.requires_grad(std::optional<bool>(true)).requires_grad());
}

TEST_CASE("memory that grows in place is seen by all who look at it") {
  const Tensor x = arange(4, kFloat);
  const Tensor view = x.view({2, 2});
  x.resize_({8});
  CHECK(values(x.slice(0, 0, 4)) == Values{0, 1, 2, 3});
  x[0].fill_(9);
  CHECK(values(view) == Values{9, 1, 2, 3});
  CHECK(view.storage() == x.storage());
}

TEST_CASE("index_put_ accumulates where elements are named twice") {
  Tensor x = zeros({2, 3});
  x.index_put_({tensor({0, 0, 1}), tensor({1, 1, 2})}, tensor({1.f, 2.f, 3.f}), true);
  CHECK(values(x) == Values{0, 3, 0, 0, 0, 3});
  x.index_put_({indexing::Slice(), 0}, tensor({1.f, 2.f}), true);
  CHECK(values(x) == Values{1, 3, 0, 2, 0, 3});
}
