#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/indexing.h>
#include <reel/tensor/ops.h>

#include "support/catch.h"
#include "support/tensors.h"

// What every op relies on: handles, views, memory formats, conversions and the checks of the core.

using reel::Tensor;
using reel::test::error_of;
using reel::test::values;
using Ints = std::vector<int64_t>;

namespace {

const auto kChannelsLast = reel::MemoryFormat::ChannelsLast;

Tensor counting(reel::IntArrayRef sizes) {
  return reel::arange(reel::numel_of(sizes), reel::kFloat).view(sizes);
}

bool same_memory(const Tensor& a, const Tensor& b) { return a.storage() == b.storage(); }

Ints strides(const Tensor& x) { return x.strides().vec(); }

}  // namespace

TEST_CASE("a Tensor is a handle: copies share, and the default one is undefined") {
  Tensor a = reel::zeros({2});
  Tensor b = a;
  b.fill_(3);
  CHECK(values(a) == std::vector<double>{3, 3});
  CHECK(a.is_same(b));
  CHECK_FALSE(a.is_same(a.detach()));
  CHECK(same_memory(a, a.detach()));
  const Tensor undefined;
  CHECK_FALSE(undefined.defined());
  CHECK(sizeof(Tensor) == sizeof(void*));
  for (const auto& use : std::vector<void (*)(const Tensor&)>{
           [](const Tensor& t) { t.dim(); }, [](const Tensor& t) { t.sizes(); },
           [](const Tensor& t) { t.dtype(); }, [](const Tensor& t) { t.data_ptr(); },
           [](const Tensor& t) { t.clone(); }, [](const Tensor& t) { t + 1; },
           [](const Tensor& t) { t.item(); }, [](const Tensor& t) { t.backward(); },
           [](const Tensor& t) { reel::relu(t); }, [](const Tensor& t) { t.to(reel::kDouble); },
           [](const Tensor& t) {
             reel::cat({t, t});
           },
           [](const Tensor& t) { t.view({1}); }, [](const Tensor& t) { reel::zeros_like(t); },
           [](const Tensor& t) { t.requires_grad(); },
           [](const Tensor& t) { reel::matmul(t, t); }}) {
    CHECK_THROWS_AS(use(undefined), reel::Error);
  }
}

TEST_CASE("sizes and strides answer for every dimension, counted from both ends") {
  const Tensor x = reel::zeros({2, 3, 4}, reel::kDouble);
  CHECK(x.dim() == 3);
  CHECK(x.numel() == 24);
  CHECK(x.nbytes() == 192);
  CHECK(x.itemsize() == 8);
  CHECK(x.size(-1) == 4);
  CHECK(x.stride(0) == 12);
  CHECK(x.stride(-2) == 4);
  CHECK(error_of([&] { x.size(3); }) ==
        "Dimension out of range (expected to be in range of [-3, 2], but got 3)");
  CHECK_THROWS_AS(x.size(-4), reel::IndexError);
  CHECK_THROWS_AS(reel::zeros({}).size(0), reel::IndexError);
}

TEST_CASE("views share memory and have the strides of LibTorch's views") {
  Tensor x = counting({2, 3, 4});
  struct Row {
    const char* name;
    Tensor view;
    Ints sizes, strides;
    int64_t offset;
  };
  using reel::indexing::Slice;
  // sizes, strides and storage_offset of the same calls, PyTorch 1.13.
  const std::vector<Row> rows = {
      {"view", x.view({6, 4}), {6, 4}, {4, 1}, 0},
      {"view -1", x.view({-1, 2}), {12, 2}, {2, 1}, 0},
      {"view adds ones", x.view({2, 1, 3, 1, 4}), {2, 1, 3, 1, 4}, {12, 12, 4, 4, 1}, 0},
      {"reshape", x.reshape({4, 6}), {4, 6}, {6, 1}, 0},
      {"flatten", x.flatten(), {24}, {1}, 0},
      {"flatten some", x.flatten(1), {2, 12}, {12, 1}, 0},
      {"permute", x.permute({2, 0, 1}), {4, 2, 3}, {1, 12, 4}, 0},
      {"transpose", x.transpose(0, -1), {4, 3, 2}, {1, 4, 12}, 0},
      {"t", x.select(0, 1).t(), {4, 3}, {1, 4}, 12},
      {"select", x.select(1, -1), {2, 4}, {12, 1}, 8},
      {"operator[]", x[1][2], {4}, {1}, 20},
      {"slice", x.slice(2, 1, 4, 2), {2, 3, 2}, {12, 4, 2}, 1},
      {"slice from the end", x.slice(1, -2), {2, 2, 4}, {12, 4, 1}, 4},
      {"slice cut off", x.slice(0, 1, 100), {1, 3, 4}, {12, 4, 1}, 12},
      {"slice empty", x.slice(0, 2, 1), {0, 3, 4}, {12, 4, 1}, 24},
      {"narrow", x.narrow(1, 1, 2), {2, 2, 4}, {12, 4, 1}, 4},
      {"unsqueeze", x.unsqueeze(1), {2, 1, 3, 4}, {12, 12, 4, 1}, 0},
      {"unsqueeze last", x.unsqueeze(-1), {2, 3, 4, 1}, {12, 4, 1, 1}, 0},
      {"squeeze", x.narrow(0, 0, 1).squeeze(), {3, 4}, {4, 1}, 0},
      {"squeeze of no one", x.squeeze(1), {2, 3, 4}, {12, 4, 1}, 0},
      {"expand ones", x.narrow(0, 1, 1).expand({5, -1, 4}), {5, 3, 4}, {0, 4, 1}, 12},
      {"expand leads", x.expand({7, 2, 3, 4}), {7, 2, 3, 4}, {0, 12, 4, 1}, 0},
      {"as_strided", x.as_strided({2, 2}, {5, 3}, 2), {2, 2}, {5, 3}, 2},
      {"index", x.index({Slice(), reel::indexing::None, 1}), {2, 1, 4}, {12, 12, 1}, 4},
      {"index ellipsis", x.index({"...", 0}), {2, 3}, {12, 4}, 0},
      {"chunk", x.chunk(2, 2)[1], {2, 3, 2}, {12, 4, 1}, 2},
      {"split", x.split(2, 1)[1], {2, 1, 4}, {12, 4, 1}, 8},
      {"unbind", x.unbind(0)[1], {3, 4}, {4, 1}, 12},
      {"detach", x.detach(), {2, 3, 4}, {12, 4, 1}, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(row.view.sizes().vec() == row.sizes);
    CHECK(strides(row.view) == row.strides);
    CHECK(row.view.storage_offset() == row.offset);
    CHECK(same_memory(row.view, x));
  }
  x.select(0, 1).select(0, 2).fill_(-1);
  CHECK(values(x.slice(1, 2, 3).flatten()) == std::vector<double>{8, 9, 10, 11, -1, -1, -1, -1});
}

TEST_CASE("reshape copies only where no view will do") {
  const Tensor x = counting({2, 3, 4});
  const Tensor turned = x.transpose(0, 1);
  CHECK_FALSE(same_memory(turned.reshape({6, 4}), x));
  CHECK(values(turned.reshape({6, 4}).select(0, 1)) == std::vector<double>{12, 13, 14, 15});
  CHECK(same_memory(turned.reshape({3, 2, 2, 2}), x));
  CHECK(same_memory(x.slice(2, 0, 4, 2).reshape({2, 3, 2}), x));
  CHECK(same_memory(x.slice(2, 0, 4, 2).reshape({6, 2}), x));
  CHECK(same_memory(x.slice(2, 0, 4, 2).reshape({12}), x));
  CHECK_FALSE(same_memory(x.slice(2, 0, 3).reshape({18}), x));
  CHECK(reel::zeros({0, 3}).reshape({3, 0, 5}).sizes().vec() == Ints{3, 0, 5});
  CHECK(reel::zeros({1}).view({}).dim() == 0);
}

TEST_CASE("memory formats: contiguous and channels-last") {
  const Tensor x = counting({2, 3, 4, 5});
  const Tensor last = x.contiguous(kChannelsLast);
  CHECK(strides(last) == Ints{60, 1, 15, 3});
  CHECK(last.is_contiguous(kChannelsLast));
  CHECK_FALSE(last.is_contiguous());
  CHECK(last.equal(x));
  CHECK(last.contiguous(kChannelsLast).is_same(last));
  CHECK(x.contiguous().is_same(x));
  CHECK(strides(last.contiguous()) == Ints{60, 20, 5, 1});
  CHECK(strides(last.clone()) == Ints{60, 1, 15, 3});
  CHECK(strides(last.clone(reel::MemoryFormat::Contiguous)) == Ints{60, 20, 5, 1});
  CHECK(strides(last.relu()) == Ints{60, 1, 15, 3});
  CHECK(strides(last + 1) == Ints{60, 1, 15, 3});
  CHECK(strides(last.to(reel::kDouble)) == Ints{60, 1, 15, 3});
  CHECK(strides(x.permute({3, 2, 1, 0}).clone()) == Ints{1, 5, 20, 60});
  CHECK(strides(x.slice(3, 0, 5, 2).clone()) == Ints{36, 12, 3, 1});
  CHECK(strides(x.select(0, 0).expand({2, 3, 4, 5}).clone()) == Ints{60, 20, 5, 1});
  CHECK_THROWS_AS(counting({2, 3, 4}).contiguous(kChannelsLast), reel::Error);
  CHECK_THROWS_AS(x.contiguous(reel::MemoryFormat::Preserve), reel::Error);
}

TEST_CASE("clone, detach and contiguous: who owns what") {
  Tensor x = reel::ones({2, 2}, reel::requires_grad());
  const Tensor y = x * 2;
  const Tensor off = y.detach();
  CHECK((y.requires_grad() && !off.requires_grad() && off.is_leaf()));
  CHECK(same_memory(y, off));
  const Tensor copy = y.clone();
  CHECK((copy.requires_grad() && !same_memory(copy, y)));
  copy.sum().backward();
  CHECK(values(x.grad()) == std::vector<double>{2, 2, 2, 2});
  CHECK(same_memory(x.data(), x));
}

TEST_CASE("every dtype converts to every other as C++ and PyTorch convert") {
  const std::vector<double> plain = {0, 1, 2, 100};
  for (int i = 0; i < static_cast<int>(reel::ScalarType::QInt8); ++i) {
    for (int j = 0; j < static_cast<int>(reel::ScalarType::QInt8); ++j) {
      const auto from = static_cast<reel::ScalarType>(i), to = static_cast<reel::ScalarType>(j);
      CAPTURE(reel::to_string(from), reel::to_string(to));
      const Tensor x = reel::tensor({0, 1, 2, 100}, reel::kDouble).to(from);
      CHECK(x.dtype() == from);
      const bool is_bool = from == reel::kBool || to == reel::kBool;
      CHECK(values(x.to(to)) == (is_bool ? std::vector<double>{0, 1, 1, 1} : plain));
    }
  }
  const Tensor odd = reel::tensor({-1.7, 1.7, 0.3, 300.0, -300.5}, reel::kDouble);
  CHECK(values(odd.to(reel::kLong)) == std::vector<double>{-1, 1, 0, 300, -300});
  CHECK(values(odd.to(reel::kByte)) == std::vector<double>{255, 1, 0, 44, 212});
  CHECK(values(odd.to(reel::kChar)) == std::vector<double>{-1, 1, 0, 44, -44});
  CHECK(values(odd.to(reel::kBool)) == std::vector<double>{1, 1, 1, 1, 1});
  CHECK(values(reel::full({1}, std::nan("")).to(reel::kBool)) == std::vector<double>{1});
  const int64_t large = (int64_t{1} << 53) + 1;
  CHECK(reel::full({1}, large).to(reel::kLong).item<int64_t>() == large);
  CHECK(reel::full({1}, large).to(reel::kFloat).item<double>() == 0x1p53);
}

TEST_CASE("to() returns the tensor itself when there is nothing to do") {
  const Tensor x = reel::ones({2});
  CHECK(x.to(reel::kFloat).is_same(x));
  CHECK(x.to(reel::Device("cpu")).is_same(x));
  CHECK(x.to(reel::Device("cpu:0"), reel::kFloat).is_same(x));
  CHECK(x.to(reel::TensorOptions()).is_same(x));
  CHECK_FALSE(x.to(reel::kFloat, false, /*copy=*/true).is_same(x));
  CHECK(x.to(x.to(reel::kLong)).dtype() == reel::kLong);
  CHECK(x.type_as(reel::zeros({1}, reel::kHalf)).dtype() == reel::kHalf);
}

TEST_CASE("tensors travel between devices with their values and gradients") {
  const reel::Device other("reference");
  const Tensor x = counting({2, 3, 4}).requires_grad_();
  const Tensor there = x.to(other);
  CHECK(there.device() == other);
  CHECK(there.cpu().equal(x));
  CHECK(x.transpose(0, 2).to(other).cpu().equal(x.transpose(0, 2)));
  CHECK(reel::zeros({0, 3}).to(other).numel() == 0);
  CHECK(x.to(other, reel::kDouble).dtype() == reel::kDouble);
  (there * 3).sum().backward();
  CHECK(x.grad().device().is_cpu());
  CHECK(x.grad().equal(reel::full({2, 3, 4}, 3.0)));
  CHECK_THROWS_AS(x + there, reel::Error);
  CHECK((there + reel::tensor(1.0)).device() == other);
  Tensor here = reel::zeros({2, 3, 4});
  here.copy_(there.detach());
  CHECK(here.equal(x));
}

TEST_CASE("item takes the one element there is") {
  CHECK(reel::tensor(2.5).item<double>() == 2.5);
  CHECK(reel::tensor({{7}}).item<int64_t>() == 7);
  CHECK(reel::tensor(true).item<bool>());
  CHECK(reel::tensor(2.75).item<int>() == 2);
  CHECK(reel::tensor(3, reel::Device("reference")).item<int>() == 3);
  CHECK(reel::tensor(0.1, reel::kHalf).item<float>() == float(reel::Half(0.1f)));
  CHECK(reel::full({}, reel::Complex<double>(1, 2)).item().is_complex());
  CHECK(error_of([] { reel::zeros({2}).item(); }) ==
        "item: a Tensor with 2 elements cannot be converted to Scalar");
  CHECK(error_of([] { reel::zeros({0}).item(); }) ==
        "item: a Tensor with 0 elements cannot be converted to Scalar");
}

TEST_CASE("data_ptr and accessor check what they are asked for") {
  Tensor x = counting({2, 3});
  CHECK(x.data_ptr<float>()[4] == 4);
  CHECK(x.select(0, 1).data_ptr<float>()[0] == 3);
  CHECK(error_of([&] { x.data_ptr<double>(); }) ==
        "data_ptr: expected scalar type Double but found Float");
  CHECK_THROWS_AS(x.data_ptr<int64_t>(), reel::Error);
  const Tensor turned = x.t();
  auto a = turned.accessor<float, 2>();
  CHECK(a.size(0) == 3);
  CHECK(a[2][1] == 5);
  a[0][1] = 30;
  CHECK(x.select(0, 1).select(0, 0).item<float>() == 30);
  CHECK_THROWS_AS((x.accessor<float, 1>()), reel::Error);
  CHECK_THROWS_AS((x.accessor<double, 2>()), reel::Error);
  const Tensor there = x.to(reel::Device("reference"));
  CHECK_THROWS_AS((there.accessor<float, 2>()), reel::Error);
}

TEST_CASE("writes in place are counted and seen by every view") {
  Tensor x = reel::zeros({2, 3});
  const Tensor row = x.select(0, 1);
  CHECK(x._version() == 0);
  x.add_(1);
  CHECK(x._version() == 1);
  CHECK(row._version() == 1);
  CHECK(values(row) == std::vector<double>{1, 1, 1});
  x.t().slice(0, 0, 1).mul_(5);
  CHECK(values(x) == std::vector<double>{5, 1, 1, 5, 1, 1});
  x.copy_(reel::tensor({1, 2, 3}));
  CHECK(values(x) == std::vector<double>{1, 2, 3, 1, 2, 3});
}

TEST_CASE("tensors of no elements and of no dimensions go through everything") {
  const Tensor none = reel::zeros({0, 3});
  CHECK((none + 1).sizes().vec() == Ints{0, 3});
  CHECK(none.t().contiguous().sizes().vec() == Ints{3, 0});
  CHECK(none.sum().item<float>() == 0);
  CHECK(values(none.sum(0)) == std::vector<double>{0, 0, 0});
  CHECK(std::isnan(none.mean().item<float>()));
  CHECK(none.prod().item<float>() == 1);
  CHECK(reel::cat({none, counting({2, 3})}).sizes().vec() == Ints{2, 3});
  CHECK(reel::matmul(reel::zeros({2, 0}), none).equal(reel::zeros({2, 3})));
  CHECK(none.equal(reel::ones({0, 3})));
  CHECK_FALSE(none.equal(reel::ones({3, 0})));
  CHECK(none.clone().numel() == 0);
  CHECK_THROWS_AS(none.max(), reel::Error);
  const Tensor one = reel::tensor(4.0);
  CHECK((one * one).dim() == 0);
  CHECK(one.sqrt().item<float>() == 2);
  CHECK(one.sum(0).item<float>() == 4);
  CHECK(one.expand({2, 2}).sum().item<float>() == 16);
  CHECK(one.t().is_same(one));
  CHECK(one.reshape({1, 1}).sizes().vec() == Ints{1, 1});
  CHECK(one.unsqueeze(0).sizes().vec() == Ints{1});
  CHECK((one == 4).item<bool>());
}

TEST_CASE("one number and another tensor meet in PyTorch's dtype") {
  const Tensor i = reel::ones({2}, reel::kInt), f = reel::ones({2}),
               d = reel::ones({2}, reel::kDouble);
  const Tensor b = reel::ones({2}, reel::kBool), h = reel::ones({2}, reel::kHalf);
  const Tensor scalar = reel::tensor(1.0, reel::kDouble);
  CHECK((i + 1).dtype() == reel::kInt);
  CHECK((i + 1.5).dtype() == reel::kFloat);
  CHECK((i + f).dtype() == reel::kFloat);
  CHECK((f + d).dtype() == reel::kDouble);
  CHECK((f + scalar).dtype() == reel::kFloat);
  CHECK((i + scalar).dtype() == reel::kDouble);
  CHECK((b + 1).dtype() == reel::kLong);
  CHECK((b + b).dtype() == reel::kBool);
  CHECK((h + 1.5).dtype() == reel::kHalf);
  CHECK((h + f).dtype() == reel::kFloat);
  CHECK((i / 2).dtype() == reel::kFloat);
  CHECK((i == 1).dtype() == reel::kBool);
  CHECK(i.sum().dtype() == reel::kLong);
  CHECK(b.sum().dtype() == reel::kLong);
  CHECK(i.exp().dtype() == reel::kFloat);
  CHECK(reel::result_type(i, 2.5) == reel::kFloat);
}

TEST_CASE("set_data and detach_ change the tensor behind the handle") {
  Tensor x = reel::ones({2}, reel::requires_grad());
  x.set_data(counting({3}));
  CHECK(x.numel() == 3);
  CHECK(x.requires_grad());
  Tensor y = x * 2;
  y.detach_();
  CHECK((!y.requires_grad() && y.is_leaf()));
  CHECK_THROWS_AS((x * 2).set_data(x.detach()), reel::Error);
}

TEST_CASE("each wrong input gives one clear error") {
  const Tensor x = counting({2, 3, 4});
  const int64_t most = std::numeric_limits<int64_t>::max();
  const int64_t least = std::numeric_limits<int64_t>::min();
  struct Row {
    std::string message;
    const char* part;
  };
  const std::vector<Row> rows = {
      {error_of([&] {
         x.view({5, 5});
       }),
       "shape '[5, 5]' is invalid for input of size 24"},
      {error_of([&] {
         x.view({-1, -1});
       }),
       "only one dimension can be inferred"},
      {error_of([&] {
         x.view({-2, 12});
       }),
       "invalid shape dimension -2"},
      {error_of([&] {
         x.view({most, most});
       }),
       "invalid for input of size 24"},
      {error_of([&] { x.transpose(0, 1).view({24}); }), "Use .reshape(...) instead"},
      {error_of([&] {
         reel::zeros({0}).view({-1, 0});
       }),
       "ambiguous"},
      {error_of([&] {
         x.permute({0, 1});
       }),
       "number of dimensions"},
      {error_of([&] {
         x.permute({0, 1, 1});
       }),
       "duplicate dims are not allowed"},
      {error_of([&] {
         x.permute({0, 1, 3});
       }),
       "Dimension out of range"},
      {error_of([&] { x.transpose(0, 3); }), "Dimension out of range"},
      {error_of([&] { x.t(); }), "t() expects a tensor with <= 2 dimensions, but self is 3D"},
      {error_of([&] { x.select(0, 2); }), "index 2 out of range"},
      {error_of([&] { x.select(0, least); }), "out of range"},
      {error_of([&] { reel::zeros({}).select(0, 0); }), "0-dim tensor"},
      {error_of([&] { x.slice(0, 0, 2, 0); }), "slice step must be positive"},
      {error_of([&] { x.slice(0, 0, 2, -1); }), "slice step must be positive"},
      {error_of([&] { x.narrow(0, 1, 2); }), "exceeds dimension size"},
      {error_of([&] { x.narrow(0, 0, most); }), "exceeds dimension size"},
      {error_of([&] {
         x.expand({2, 3});
       }),
       "must be greater or equal"},
      {error_of([&] {
         x.expand({2, 5, 4});
       }),
       "The expanded size of the tensor (5) must match"},
      {error_of([&] {
         x.expand({-1, 2, 3, 4});
       }),
       "expand"},
      {error_of([&] {
         x.narrow(0, 0, 1).expand({most, 3, 4});
       }),
       "overflow"},
      {error_of([&] { x.squeeze(3); }), "Dimension out of range"},
      {error_of([&] { x.unsqueeze(5); }), "Dimension out of range"},
      {error_of([&] { x.as_strided({2}, {24}); }), "out of bounds for storage"},
      {error_of([&] { x.as_strided({3}, {most}); }), "calculation overflowed"},
      {error_of([&] { x.as_strided({2}, {1}, -1); }), "invalid storage offset"},
      {error_of([&] { x.as_strided({2}, {-1}); }), "as_strided"},
      {error_of([&] {
         x.as_strided({2}, {1, 1});
       }),
       "mismatch in length"},
      {error_of([&] { x.split(-1); }), "split_size"},
      {error_of([&] {
         x.split({1, 2});
       }),
       "sum exactly to 2"},
      {error_of([&] { x.chunk(0); }), "greater than 0"},
      {error_of([&] { x.repeat({2}); }), "repeat"},
      {error_of([&] {
         x.repeat({most, 2, 2});
       }),
       "overflow"},
      {error_of([&] { x + counting({2}); }),
       "The size of tensor a (4) must match the size of tensor b (2) at non-singleton dimension 2"},
      {error_of([&] {
         x.clone().add_(counting({2, 2, 3, 4}));
       }),
       "doesn't match the broadcast"},
      {error_of([&] { x.to(reel::kInt).add_(1.5); }), "can't be cast"},
      {error_of([&] { reel::zeros({1}).expand({3}).add_(1); }), "single memory location"},
      {error_of([&] { reel::zeros({2}).copy_(counting({3})); }), "expand"},
      {error_of([&] { reel::zeros({2}, reel::kByte).fill_(300); }), "without overflow"},
      {error_of([&] { reel::zeros({2}, reel::kLong).fill_(1e300); }), "without overflow"},
      {error_of([&] { reel::cat({}); }), "non-empty"},
      {error_of([&] {
         reel::cat({x, counting({3, 3, 4})}, 1);
       }),
       "Sizes of tensors must match"},
      {error_of([&] {
         reel::cat({x, counting({2, 3})});
       }),
       "same number of dimensions"},
      {error_of([&] {
         reel::stack({x, counting({2, 3})});
       }),
       "equal size"},
      {error_of([&] {
         reel::matmul(counting({2, 3}), counting({2, 3}));
       }),
       "2x3 and 2x3"},
      {error_of([&] { reel::mm(x, x); }), "mm"},
      {error_of([&] {
         x.index({0, 0, 0, 0});
       }),
       "too many indices"},
      {error_of([&] { x.index({"nonsense"}); }), "..."},
      {error_of([&] {
         x.sum_to_size({1, 1, 1, 1});
       }),
       "sum_to_size"},
      {error_of([&] {
         x.sum({0, 0});
       }),
       "dim 0 appears multiple times in the list of dims"},
      {error_of([&] { x.sum(3); }), "Dimension out of range"},
      {error_of([&] { x.to(reel::kLong).mean(); }), "mean"},
      {error_of([&] { x.to(reel::kLong).requires_grad_(); }), "floating point"},
      {error_of([&] { (x + 1).backward(); }), "require grad"},
      {error_of([&] { x.to(reel::Device("reference:3")); }), "reference:3"},
      {error_of([&] { reel::zeros(Ints(70, 1)); }), "at most 64 dimensions"},
      {error_of([&] {
         x.view(Ints{2, 3, 4}).unsqueeze(0).expand(Ints(70, 1));
       }),
       "expand"},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i, rows[i].part);
    CHECK(rows[i].message.find(rows[i].part) != std::string::npos);
    CHECK(rows[i].message.find('\n') == std::string::npos);
  }
  // Nothing above has touched the tensor.
  CHECK(x.equal(counting({2, 3, 4})));
}

TEST_CASE("bounds beyond the ends are cut off as in Python") {
  const Tensor x = counting({5});
  const int64_t most = std::numeric_limits<int64_t>::max();
  const int64_t least = std::numeric_limits<int64_t>::min();
  CHECK(values(x.slice(0, least, most)) == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(values(x.slice(0, -2, most)) == std::vector<double>{3, 4});
  CHECK(values(x.slice(0, 1, most, most)) == std::vector<double>{1});
  CHECK(values(x.slice(0, 0, 5, 2)) == std::vector<double>{0, 2, 4});
  CHECK(x.slice(0, most).numel() == 0);
  CHECK(x.slice(0, 3, 1).numel() == 0);
}

TEST_CASE("InferenceMode and NoGradGuard record nothing") {
  const Tensor w = reel::ones({2}, reel::requires_grad());
  {
    const reel::NoGradGuard guard;
    CHECK_FALSE((w * 2).requires_grad());
    CHECK_FALSE(reel::GradMode::is_enabled());
  }
  CHECK((w * 2).requires_grad());
  Tensor made;
  {
    const reel::InferenceMode guard;
    made = w * 2;
    CHECK(reel::zeros({1}).impl()->is_inference);
  }
  CHECK_FALSE(made.requires_grad());
  CHECK_THROWS_AS((w * made), reel::Error);
  CHECK_THROWS_AS(made.requires_grad_(), reel::Error);
}
