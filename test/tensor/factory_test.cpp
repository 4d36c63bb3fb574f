#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>

#include "support/catch.h"

using reel::Tensor;
using Ints = std::vector<int64_t>;

namespace {

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const reel::Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<double> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.to(reel::kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

}  // namespace

TEST_CASE("new tensors have the asked shape, dtype and values") {
  const Tensor zeros = reel::zeros({2, 3});
  CHECK(zeros.dtype() == reel::kFloat);
  CHECK(zeros.sizes() == reel::IntArrayRef({2, 3}));
  CHECK(zeros.strides() == reel::IntArrayRef({3, 1}));
  CHECK(zeros.equal(reel::full({2, 3}, 0.0)));
  CHECK(zeros._version() == 0);
  CHECK(values_of(reel::ones(4, reel::kLong)) == std::vector<double>(4, 1.0));
  CHECK(reel::empty({}).numel() == 1);
  CHECK(reel::empty(0).numel() == 0);
  CHECK(reel::zeros({2, 3, 4, 5},
                    reel::dtype(reel::kFloat).memory_format(reel::MemoryFormat::ChannelsLast))
            .strides() == reel::IntArrayRef({60, 1, 15, 3}));
  for (int i = 0; i < static_cast<int>(reel::ScalarType::QInt8); ++i) {
    const auto type = static_cast<reel::ScalarType>(i);
    CAPTURE(reel::to_string(type));
    CHECK(values_of(reel::ones({3}, type)) == std::vector<double>(3, 1.0));
    CHECK(values_of(reel::zeros({3}, type)) == std::vector<double>(3, 0.0));
  }
  const Tensor leaf = reel::ones({2}, reel::requires_grad());
  CHECK((leaf.requires_grad() && leaf.is_leaf()));
}

TEST_CASE("full takes its dtype from the value unless told otherwise") {
  CHECK(reel::full({2}, true).dtype() == reel::kBool);
  CHECK(reel::full({2}, 7).dtype() == reel::kLong);
  CHECK(reel::full({2}, 7.5).dtype() == reel::kFloat);
  CHECK(reel::full({2}, reel::Complex<double>(1, 2)).dtype() == reel::kComplexFloat);
  CHECK(reel::full({2}, 7, reel::kDouble).dtype() == reel::kDouble);
  CHECK(reel::scalar_tensor(7).dtype() == reel::kFloat);
  CHECK(reel::scalar_tensor(7).dim() == 0);
  CHECK(reel::full({2}, std::numeric_limits<double>::infinity(), reel::kHalf)
            .isfinite()
            .any()
            .item<bool>() == false);
}

TEST_CASE("values that do not fit are errors, as in LibTorch") {
  const auto bad = [](const reel::Scalar& value, reel::ScalarType type) {
    return message_of([&] { reel::full({2}, value, type); });
  };
  CHECK(bad(256, reel::kByte) ==
        "full: value cannot be converted to type uint8_t without overflow");
  CHECK(bad(-255, reel::kByte) == "no error");
  CHECK(bad(-256, reel::kByte) != "no error");
  CHECK(bad(128, reel::kChar) != "no error");
  CHECK(bad(-129, reel::kChar) != "no error");
  CHECK(bad(1e10, reel::kInt) != "no error");
  CHECK(bad(0x1p63, reel::kLong) != "no error");
  CHECK(bad(-0x1p63, reel::kLong) == "no error");
  CHECK(bad(std::nan(""), reel::kLong) != "no error");
  CHECK(bad(1e300, reel::kFloat) != "no error");
  CHECK(bad(70000, reel::kHalf) != "no error");
  CHECK(bad(1e38, reel::kBFloat16) == "no error");
  CHECK(bad(reel::Complex<double>(1, 1), reel::kFloat) != "no error");
  CHECK(bad(5, reel::kBool) == "no error");
}

TEST_CASE("the _like forms keep dtype, device and memory layout") {
  const Tensor x = reel::zeros({2, 3, 4, 5}, reel::kDouble);
  CHECK(reel::empty_like(x.permute({0, 2, 3, 1})).strides() == reel::IntArrayRef({60, 5, 1, 20}));
  CHECK(reel::zeros_like(x.slice(3, 0, 5, 2)).strides() == reel::IntArrayRef({36, 12, 3, 1}));
  CHECK(reel::ones_like(x.select(0, 0).expand({2, 3, 4, 5})).is_contiguous());
  CHECK(reel::full_like(x, 3).dtype() == reel::kDouble);
  CHECK(reel::ones_like(x, reel::kLong).dtype() == reel::kLong);
  const Tensor contiguous = reel::empty_like(
      x.permute({3, 0, 1, 2}), reel::TensorOptions().memory_format(reel::MemoryFormat::Contiguous));
  CHECK(contiguous.is_contiguous());
  const Tensor elsewhere = reel::zeros({2}, reel::Device("reference"));
  CHECK(reel::ones_like(elsewhere).device() == elsewhere.device());
  CHECK(values_of(reel::ones_like(elsewhere)) == std::vector<double>{1, 1});
}

TEST_CASE("arange counts as PyTorch does") {
  struct Row {
    Tensor made;
    reel::ScalarType dtype;
    std::vector<double> expected;
  };
  const std::vector<Row> rows = {
      {reel::arange(5), reel::kLong, {0, 1, 2, 3, 4}},
      {reel::arange(0), reel::kLong, {}},
      {reel::arange(2, 5), reel::kLong, {2, 3, 4}},
      {reel::arange(1, 10, 4), reel::kLong, {1, 5, 9}},
      {reel::arange(5, 0, -2), reel::kLong, {5, 3, 1}},
      {reel::arange(2.5), reel::kFloat, {0, 1, 2}},
      {reel::arange(0, 1, 0.25), reel::kFloat, {0, 0.25, 0.5, 0.75}},
      {reel::arange(1, 2.5, 0.5), reel::kFloat, {1, 1.5, 2}},
      {reel::arange(5, reel::kDouble), reel::kDouble, {0, 1, 2, 3, 4}},
      {reel::arange(0, 3, reel::kInt), reel::kInt, {0, 1, 2}},
      {reel::arange(3, reel::kHalf), reel::kHalf, {0, 1, 2}},
      {reel::arange(-3, 0, 2, reel::kShort), reel::kShort, {-3, -1}},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(rows[i].made.dtype() == rows[i].dtype);
    CHECK(values_of(rows[i].made) == rows[i].expected);
  }
  const int64_t far = int64_t{1} << 62;
  CHECK(reel::arange(far, far + 3).select(0, 2).item<int64_t>() == far + 2);
  CHECK(message_of([] { reel::arange(0, 5, 0); }) == "arange: step must be nonzero");
  CHECK(message_of([] { reel::arange(5, 0); }) ==
        "arange: upper bound and larger bound inconsistent with step sign");
  CHECK(message_of([] { reel::arange(0, std::numeric_limits<double>::infinity()); }) ==
        "arange: unsupported range: 0 -> inf");
  CHECK(message_of([] { reel::arange(0, 1, std::nan("")); }) != "no error");
  CHECK(message_of([] { reel::arange(0, 1, 1e-300); }) != "no error");
  CHECK(message_of([] {
          reel::arange(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
        }) != "no error");
  CHECK(message_of([] { reel::arange(0, std::numeric_limits<int64_t>::min(), -1); }) ==
        "arange: invalid size, possible overflow?");
  CHECK(message_of([] { reel::arange(5, reel::kBool); }) != "no error");
  CHECK(message_of([] { reel::arange(0.0, 3.0, 0.25, reel::kLong); }) ==
        "arange: step must be nonzero");
}

TEST_CASE("linspace meets both ends") {
  CHECK(values_of(reel::linspace(0, 1, 5)) == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  CHECK(values_of(reel::linspace(3, 3, 1)) == std::vector<double>{3});
  CHECK(values_of(reel::linspace(2, 9, 1)) == std::vector<double>{2});
  CHECK(reel::linspace(0, 1, 0).numel() == 0);
  CHECK(values_of(reel::linspace(0, 10, 4, reel::kLong)) == std::vector<double>{0, 3, 6, 10});
  const Tensor tenths = reel::linspace(-0.3, 0.7, 11);
  CHECK(tenths.select(0, 10).item<float>() == 0.7f);
  CHECK(tenths.select(0, 0).item<float>() == -0.3f);
  CHECK(reel::linspace(0, 1, 3, reel::kDouble).dtype() == reel::kDouble);
  CHECK_THROWS_AS(reel::linspace(0, 1, -1), reel::Error);
}

TEST_CASE("eye has ones on its diagonal") {
  CHECK(reel::eye(2).equal(reel::tensor({{1.0, 0.0}, {0.0, 1.0}})));
  CHECK(values_of(reel::eye(2, 3, reel::kLong)) == std::vector<double>{1, 0, 0, 0, 1, 0});
  CHECK(values_of(reel::eye(3, 1)) == std::vector<double>{1, 0, 0});
  CHECK(reel::eye(0).sizes() == reel::IntArrayRef({0, 0}));
  CHECK_THROWS_AS(reel::eye(-1), reel::Error);
  CHECK_THROWS_AS(reel::eye(1, -1), reel::Error);
}

TEST_CASE("tensor() takes shape and dtype from what is written") {
  CHECK(reel::tensor(3).dtype() == reel::kLong);
  CHECK(reel::tensor(3).dim() == 0);
  CHECK(reel::tensor(2.5).dtype() == reel::kFloat);
  CHECK(reel::tensor(true).dtype() == reel::kBool);
  CHECK(reel::tensor({1, 2, 3}).dtype() == reel::kLong);
  CHECK(reel::tensor({1, 2.5}).dtype() == reel::kFloat);
  CHECK(reel::tensor({true, false}).dtype() == reel::kBool);
  CHECK(reel::tensor({1, 2}, reel::kDouble).dtype() == reel::kDouble);
  const Tensor matrix = reel::tensor({{1, 2, 3}, {4, 5, 6}});
  CHECK(matrix.sizes() == reel::IntArrayRef({2, 3}));
  CHECK(values_of(matrix) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(reel::tensor({{{1}, {2}}, {{3}, {4}}}).sizes() == reel::IntArrayRef({2, 2, 1}));
  CHECK(reel::tensor(std::vector<int>{1, 2}).dtype() == reel::kLong);
  CHECK(reel::tensor(std::vector<double>{1, 2}).dtype() == reel::kFloat);
  CHECK(reel::tensor(std::vector<float>{1, 2}, reel::kDouble).dtype() == reel::kDouble);
  CHECK(reel::tensor(std::vector<uint8_t>{1, 255}).dtype() == reel::kByte);
  CHECK(reel::tensor(std::vector<int64_t>{}).sizes() == reel::IntArrayRef({0}));
  CHECK(message_of([] {
          reel::tensor({{1, 2}, {3}});
        }) ==
        "tensor: Expected all sub-lists to have sizes: [2], but got sub-list with sizes: [1]");
  CHECK(message_of([] { reel::tensor({{{1}, {2}}, {{3, 4}, {5, 6}}}); }) != "no error");
  CHECK(message_of([] { reel::tensor({300}, reel::kByte); }) != "no error");
  CHECK(message_of([] {
          reel::tensor({1, 2}, reel::dtype(reel::kLong).requires_grad(true));
        }) != "no error");
}

TEST_CASE("the default dtype decides what floating-point numbers become") {
  reel::set_default_dtype(reel::kDouble);
  CHECK(reel::tensor({1.5}).dtype() == reel::kDouble);
  CHECK(reel::zeros({1}).dtype() == reel::kDouble);
  CHECK(reel::full({1}, 2.5).dtype() == reel::kDouble);
  CHECK(reel::arange(2.5).dtype() == reel::kDouble);
  reel::set_default_dtype(reel::kFloat);
  CHECK(reel::zeros({1}).dtype() == reel::kFloat);
}

TEST_CASE("from_blob looks at the caller's memory") {
  float data[6] = {0, 1, 2, 3, 4, 5};
  Tensor x = reel::from_blob(data, {2, 3});
  data[4] = 40;
  CHECK(x.select(0, 1).select(0, 1).item<float>() == 40);
  x.mul_(2);
  CHECK(data[5] == 10);
  const Tensor columns = reel::from_blob(data, {3, 2}, {1, 3});
  CHECK(columns.select(0, 2).select(0, 1).item<float>() == 10);
  CHECK(x.data_ptr<float>() == data);
  int64_t whole[2] = {7, 8};
  CHECK(reel::from_blob(whole, {2}, reel::kLong).sum().item<int64_t>() == 15);
  {
    // A pointer is memory of the CPU, whatever the guard says.
    const reel::DeviceGuard guard("reference");
    CHECK(reel::from_blob(data, {2}).device().is_cpu());
  }
  CHECK(reel::from_blob(nullptr, {0, 3}).numel() == 0);
}

TEST_CASE("from_blob's deleter runs once, with the last user") {
  float data[2] = {1, 2};
  int freed = 0;
  const auto release = [](void* context) { ++*static_cast<int*>(context); };
  {
    Tensor part;
    {
      const Tensor x = reel::from_blob(data, {2}, {1}, release, &freed);
      part = x.slice(0, 1, 2);
    }
    CHECK(freed == 0);
    CHECK(part.item<float>() == 2);
  }
  CHECK(freed == 1);
  // A call that fails has not taken the memory over.
  CHECK_THROWS_AS(reel::from_blob(data, {2}, {1, 1}, release, &freed), reel::Error);
  CHECK_THROWS_AS(
      reel::from_blob(data, {2}, {1}, release, &freed, reel::dtype(reel::kInt).requires_grad(true)),
      reel::Error);
  CHECK(freed == 1);
}

TEST_CASE("from_blob takes LibTorch's deleters") {
  std::vector<float> freed;
  float data[2] = {1, 2};
  {
    const Tensor x = reel::from_blob(
        data, {2}, [&](void* memory) { freed.push_back(*static_cast<float*>(memory)); });
    CHECK(x.sum().item<float>() == 3);
    const Tensor y = reel::from_blob(
        data, {1, 2}, {2, 1}, [](void*) {}, reel::kFloat);
    CHECK(y.sizes() == reel::IntArrayRef({1, 2}));
    CHECK(freed.empty());
  }
  CHECK(freed == std::vector<float>{1});
  CHECK_THROWS_AS(reel::from_blob(data, {-1}, [&](void*) { freed.push_back(0); }), reel::Error);
  CHECK(freed.size() == 1);
}

TEST_CASE("sizes and strides that make no tensor are errors") {
  const int64_t big = int64_t{1} << 40;
  float data[4] = {};
  CHECK(message_of([] {
          reel::zeros({-1, 2});
        }) == "Trying to create tensor with negative dimension -1: [-1, 2]");
  CHECK(message_of([&] { reel::empty({big, big}); }) != "no error");
  CHECK(message_of([&] { reel::empty({int64_t{1} << 61}); }) != "no error");
  CHECK(message_of([&] { reel::empty({int64_t{1} << 50}); }) != "no error");
  CHECK(message_of([&] {
          reel::empty_strided({2, 2}, {1});
        }) == "empty_strided: mismatch in length of strides and shape (sizes [2, 2], strides [1])");
  CHECK(message_of([&] { reel::empty_strided({2}, {-1}); }) ==
        "empty_strided: Negative strides are not supported at the moment, got strides: [-1]");
  CHECK(message_of([&] { reel::empty_strided({big, 2}, {big, 1}); }) != "no error");
  CHECK(message_of([&] {
          reel::empty_strided({2, 2}, {std::numeric_limits<int64_t>::max(), 1});
        }) != "no error");
  CHECK(message_of([&] { reel::from_blob(nullptr, {2}); }) ==
        "from_blob: data is a null pointer but sizes [2] need 8 bytes");
  CHECK(message_of([&] { reel::from_blob(data, {-2}); }) != "no error");
  CHECK(message_of([&] {
          reel::zeros({2, 3},
                      reel::dtype(reel::kFloat).memory_format(reel::MemoryFormat::ChannelsLast));
        }) != "no error");
  CHECK(message_of([&] { reel::zeros({2}, reel::Device("cpu:5")); }) != "no error");
  CHECK(message_of([&] { reel::zeros({2}, reel::ScalarType::Undefined); }) == "no error");
  CHECK(reel::empty_strided({2, 3}, {0, 1}).numel() == 6);
}
