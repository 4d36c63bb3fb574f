// The matrix unit: __bang_conv and what is made of it, against reel's own convolution and loops.

#include <cmath>
#include <random>

#include <reel/tensor/ops.h>
#include <reel/tensor/tensor.h>

#include "mlu/builtins.h"
#include "support/catch.h"

namespace {

using namespace test::mlu;

/// Small whole numbers: exact in every type of the matrix unit.
Floats random_integers(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> uniform(-8, 8);
  Floats values(count);
  for (float& value : values) value = static_cast<float>(uniform(random));
  return values;
}

size_t at(int i) { return static_cast<size_t>(i); }

/// [rows, columns, channel_output], by the CPU.
Floats expected_convolution(Floats src, Floats filters, const Filter& f) {
  const reel::Tensor image = reel::from_blob(src.data(), {1, f.height, f.width, f.channel_input});
  const reel::Tensor weight = reel::from_blob(
      filters.data(), {f.channel_output, f.kernel_height, f.kernel_width, f.channel_input});
  const reel::Tensor result = reel::conv2d(image.permute({0, 3, 1, 2}).contiguous(),
                                           weight.permute({0, 3, 1, 2}).contiguous(), {},
                                           {f.stride_height, f.stride_width}, 0, f.dilation)
                                  .permute({0, 2, 3, 1})
                                  .contiguous();
  const float* data = result.data_ptr<float>();
  return Floats(data, data + result.numel());
}

void require_near(const Floats& got, const Floats& expected) {
  REQUIRE(last_failure() == "");
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    REQUIRE(std::abs(got[i] - expected[i]) <= 1e-4F * (1 + std::abs(expected[i])));
  }
}

const Filter kFilters[] = {{64, 5, 6, 1, 1, 1, 1, 64},
                           {64, 6, 7, 3, 2, 2, 1, 64},
                           {64, 4, 5, 1, 2, 1, 2, 192},
                           {64, 5, 5, 2, 2, 1, 1, 40},
                           {64, 5, 5, 1, 1, 1, 1, 100}};

}  // namespace

TEST_CASE("convolution of every pair of types", "[mlu]") {
  for (const Filter& f : kFilters) {
    CAPTURE(f.channel_output, f.kernel_height, f.kernel_width);
    const Floats src = random_integers(at(f.height * f.width * f.channel_input), 1);
    const Floats filters = random_integers(
        at(f.channel_output * f.kernel_height * f.kernel_width * f.channel_input), 2);
    const Floats expected = expected_convolution(src, filters, f);
    for (const auto& [source, kernel] : {std::pair{Number::f32, Number::f32},
                                         {Number::f16, Number::f16},
                                         {Number::f32, Number::f16},
                                         {Number::f16, Number::f32},
                                         {Number::bf16, Number::bf16},
                                         {Number::i16, Number::i16},
                                         {Number::i16, Number::i8},
                                         {Number::i8, Number::i8}}) {
      CAPTURE(static_cast<int>(source), static_cast<int>(kernel));
      require_near(convolve(src, filters, {}, f, source, kernel, 0), expected);
    }
  }
}

TEST_CASE("positions scale, earlier results are added", "[mlu]") {
  const Filter& f = kFilters[1];
  const Floats src = random_integers(at(f.height * f.width * f.channel_input), 3);
  const Floats filters =
      random_integers(at(f.channel_output * f.kernel_height * f.kernel_width * f.channel_input), 4);
  Floats expected = expected_convolution(src, filters, f);
  for (float& value : expected) value *= 0.125F;
  require_near(convolve(src, filters, {}, f, Number::i16, Number::i8, -3), expected);
  const Floats partial = random_integers(expected.size(), 5);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += partial[i];
  require_near(convolve(src, filters, partial, f, Number::i8, Number::i8, -3), expected);
}

TEST_CASE("dilated convolution", "[mlu]") {
  Filter f = kFilters[1];
  f.dilation = 2;
  const Floats src = random_integers(at(f.height * f.width * f.channel_input), 6);
  const Floats filters =
      random_integers(at(f.channel_output * f.kernel_height * f.kernel_width * f.channel_input), 7);
  require_near(convolve(src, filters, {}, f, Number::f32, Number::f32, 0),
               expected_convolution(src, filters, f));
}

TEST_CASE("rows that do not fill the words of the unit are named", "[mlu]") {
  Filter f = kFilters[0];
  f.channel_input = 3;
  convolve(Floats(at(f.height * f.width * 3)), Floats(64 * 3), {}, f, Number::f32, Number::f32, 0);
  REQUIRE_FALSE(last_failure().empty());
}

TEST_CASE("products", "[mlu]") {
  constexpr int kRows = 9, kInner = 64, kColumns = 128;
  const Floats a = random_integers(kRows * kInner, 8), b = random_integers(kInner * kColumns, 9);
  Floats expected(kRows * kColumns);
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      double sum = 0;
      for (int k = 0; k < kInner; ++k) sum += a[at(i * kInner + k)] * b[at(k * kColumns + j)];
      expected[at(i * kColumns + j)] = static_cast<float>(sum);
    }
  }
  for (const Number type : {Number::f32, Number::f16, Number::bf16, Number::i16, Number::i8}) {
    CAPTURE(static_cast<int>(type));
    require_near(multiply(a, b, kRows, kInner, kColumns, type, 0), expected);
  }
}

TEST_CASE("a layer of a perceptron", "[mlu]") {
  constexpr int kHeight = 128, kWidth = 64;
  const Floats x = random_integers(kWidth, 10), weight = random_integers(kHeight * kWidth, 11),
               bias = random_integers(kHeight, 12);
  Floats expected = bias;
  for (int i = 0; i < kHeight; ++i) {
    for (int j = 0; j < kWidth; ++j) expected[at(i)] += weight[at(i * kWidth + j)] * x[at(j)];
  }
  require_near(perceptron(x, weight, bias, kHeight, kWidth), expected);
}
