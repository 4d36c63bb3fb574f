// Products of fixed point of every instruction set against sums in 64 bits, which they are equal
// to.

#include <reel/tensor/ops/fixed.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;

constexpr ScalarType kTypes[] = {kChar, kShort};

// Whole numbers over the range of the dtype, its ends among them.
void fill(Array& array, ScalarType dtype, std::mt19937& generator) {
  if (dtype == kChar) {
    array.random(generator, -128, 128);
  } else {
    std::uniform_int_distribution<int> uniform(-32768, 32767);
    array.for_all<int16_t>([&](int16_t& x) { x = static_cast<int16_t>(uniform(generator)); });
  }
}

int64_t at(const View& v, const std::array<int64_t, 4>& index) {
  int64_t place = 0;
  for (int d = 0; d < v.rank; ++d) place += index[static_cast<size_t>(d)] * v.strides[d];
  return v.dtype == kChar ? v.as<const int8_t>()[place] : v.as<const int16_t>()[place];
}

float scaled(int64_t sum, int64_t shift) {
  return static_cast<float>(std::ldexp(static_cast<double>(sum), static_cast<int>(shift)));
}

struct Product {
  int64_t rows, columns, depth;
};
const Product kSizes[] = {{0, 5, 3},     {5, 3, 0},      {1, 1, 1},    {1, 40, 77},
                          {40, 1, 70},   {3, 50, 65},    {17, 17, 65}, {15, 33, 5},
                          {33, 47, 127}, {30, 100, 700}, {14, 32, 64}, {70, 20, 1300}};

struct Geometry {
  int64_t images, channels, filters, height, width, kernel_height, kernel_width;
  ops::ConvAttrs attrs;
};
const Geometry kGeometries[] = {
    {2, 3, 5, 7, 9, 3, 3, {{1, 1}, {1, 1}, {1, 1}, 1}},
    {1, 4, 6, 8, 7, 3, 2, {{2, 1}, {1, 0}, {1, 1}, 1}},
    {3, 8, 8, 5, 4, 1, 1, {{1, 1}, {0, 0}, {1, 1}, 1}},
    {1, 6, 4, 9, 8, 3, 3, {{1, 1}, {2, 2}, {2, 2}, 2}},
    {2, 5, 5, 10, 11, 3, 3, {{2, 3}, {1, 1}, {1, 1}, 5}},
    {1, 2, 70, 6, 6, 5, 5, {{1, 2}, {2, 2}, {1, 1}, 1}},
    {1, 3, 2, 5, 5, 2, 2, {{2, 2}, {0, 0}, {1, 1}, 1}},
};

// Calls visit(n, o, y, x, c, i, j, row, column) for each product of a convolution.
template <class Visit>
void for_each_product(const Geometry& g, int64_t height, int64_t width, const Visit& visit) {
  const int64_t channels = g.channels / g.attrs.groups, filters = g.filters / g.attrs.groups;
  for (int64_t n = 0; n < g.images; ++n) {
    for (int64_t o = 0; o < g.filters; ++o) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          for (int64_t c = 0; c < channels; ++c) {
            for (int64_t i = 0; i < g.kernel_height; ++i) {
              for (int64_t j = 0; j < g.kernel_width; ++j) {
                const int64_t row =
                    y * g.attrs.stride[0] - g.attrs.padding[0] + i * g.attrs.dilation[0];
                const int64_t column =
                    x * g.attrs.stride[1] - g.attrs.padding[1] + j * g.attrs.dilation[1];
                if (row < 0 || column < 0 || row >= g.height || column >= g.width) continue;
                visit(n, o, y, x, c, i, j, row, column, o / filters * channels + c);
              }
            }
          }
        }
      }
    }
  }
}

std::vector<double> scaled_all(const std::vector<int64_t>& sums, int64_t shift) {
  std::vector<double> result;
  for (const int64_t sum : sums) result.push_back(static_cast<double>(scaled(sum, shift)));
  return result;
}

}  // namespace

TEST_CASE("fixed_mm is exact for every pair of dtypes, size class and layout") {
  std::mt19937 generator(1);
  const auto isas = test::isa_kernels();
  const ops::FixedMm op{{-9}};
  for (const Product& size : kSizes) {
    for (const ScalarType ta : kTypes) {
      for (const ScalarType tb : kTypes) {
        for (const MemoryLayout layout :
             {MemoryLayout::Contiguous, MemoryLayout::Reversed, MemoryLayout::Sliced}) {
          Array a({size.rows, size.depth}, ta, layout), b({size.depth, size.columns}, tb, layout);
          fill(a, ta, generator);
          fill(b, tb, generator);
          std::vector<double> want;
          for (int64_t m = 0; m < size.rows; ++m) {
            for (int64_t n = 0; n < size.columns; ++n) {
              int64_t sum = 0;
              for (int64_t k = 0; k < size.depth; ++k) {
                sum += at(a.view(), {m, k}) * at(b.view(), {k, n});
              }
              want.push_back(static_cast<double>(scaled(sum, -9)));
            }
          }
          for (const auto& isa : isas) {
            Array c({size.rows, size.columns}, kFloat, layout);
            REQUIRE(isa.run("fixed_mm", {a.view(), b.view()}, {c.view()}, &op) == "");
            INFO(isa.name << " [" << size.rows << ", " << size.columns << ", " << size.depth << "] "
                          << to_string(ta) << " " << to_string(tb));
            CHECK(test::values_of(c.view()) == want);
          }
        }
      }
    }
  }
}

TEST_CASE("fixed_mm is exact at the ends of int16 and beyond the depth of one sum") {
  const ops::FixedMm op{{0}};
  constexpr int64_t kDepth = 140000;
  for (const auto& isa : test::isa_kernels()) {
    for (const int x : {-32768, 32767}) {
      for (const int y : {-128, 127, -32768, 32767}) {
        const ScalarType type = std::abs(y) <= 128 ? kChar : kShort;
        Array a({5, kDepth}, kShort), b({kDepth, 5}, type), c({5, 5}, kFloat);
        a.for_all<int16_t>([&](int16_t& element) { element = static_cast<int16_t>(x); });
        if (type == kChar) {
          b.for_all<int8_t>([&](int8_t& element) { element = static_cast<int8_t>(y); });
        } else {
          b.for_all<int16_t>([&](int16_t& element) { element = static_cast<int16_t>(y); });
        }
        REQUIRE(isa.run("fixed_mm", {a.view(), b.view()}, {c.view()}, &op) == "");
        INFO(isa.name << " " << x << " " << y);
        const auto want = static_cast<double>(scaled(int64_t{x} * y * kDepth, 0));
        for (const double sum : test::values_of(c.view())) CHECK(sum == want);
      }
    }
  }
}

TEST_CASE("fixed_conv2d and its gradients are exact") {
  std::mt19937 generator(2);
  const auto isas = test::isa_kernels();
  for (const Geometry& g : kGeometries) {
    const auto output = ops::conv_output_size("test", g.attrs, {g.height, g.width},
                                              {g.kernel_height, g.kernel_width});
    const std::vector<int64_t> x_sizes{g.images, g.channels, g.height, g.width};
    const std::vector<int64_t> w_sizes{g.filters, g.channels / g.attrs.groups, g.kernel_height,
                                       g.kernel_width};
    const std::vector<int64_t> y_sizes{g.images, g.filters, output[0], output[1]};
    const int64_t w_image = w_sizes[1] * w_sizes[2] * w_sizes[3];
    for (const ScalarType ta : kTypes) {
      for (const ScalarType tb : kTypes) {
        const MemoryLayout layout =
            ta == tb ? MemoryLayout::Contiguous : MemoryLayout::ChannelsLast;
        Array x(x_sizes, ta, layout), w(w_sizes, tb), gradient(y_sizes, ta, layout);
        Array seen(x_sizes, tb, layout);
        fill(x, ta, generator);
        fill(w, tb, generator);
        fill(gradient, ta, generator);
        fill(seen, tb, generator);
        std::vector<int64_t> y(static_cast<size_t>(gradient.view().numel));
        std::vector<int64_t> dx(static_cast<size_t>(x.view().numel));
        std::vector<int64_t> dw(static_cast<size_t>(w.view().numel));
        for_each_product(
            g, output[0], output[1],
            [&](int64_t n, int64_t o, int64_t r, int64_t s, int64_t c, int64_t i, int64_t j,
                int64_t row, int64_t column, int64_t channel) {
              const auto place =
                  static_cast<size_t>(((n * g.filters + o) * output[0] + r) * output[1] + s);
              const auto from = static_cast<size_t>(
                  ((n * g.channels + channel) * g.height + row) * g.width + column);
              const int64_t weight = at(w.view(), {o, c, i, j});
              const int64_t grad = at(gradient.view(), {n, o, r, s});
              y[place] += at(x.view(), {n, channel, row, column}) * weight;
              dx[from] += grad * weight;
              dw[static_cast<size_t>(o * w_image + (c * g.kernel_height + i) * g.kernel_width +
                                     j)] += grad * at(seen.view(), {n, channel, row, column});
            });
        const ops::FixedConv2d forward{g.attrs, {-5}};
        const ops::FixedConv2dInputGrad input_grad{g.attrs, {-7}, {g.height, g.width}};
        const ops::FixedConv2dWeightGrad weight_grad{
            g.attrs, {-11}, {g.kernel_height, g.kernel_width}};
        for (const auto& isa : isas) {
          Array out(y_sizes, kFloat, MemoryLayout::ChannelsLast);
          Array out_dx(x_sizes, kFloat, MemoryLayout::ChannelsLast), out_dw(w_sizes, kFloat);
          INFO(isa.name << " " << g.channels << " -> " << g.filters << " " << to_string(ta) << " "
                        << to_string(tb));
          REQUIRE(isa.run("fixed_conv2d", {x.view(), w.view()}, {out.view()}, &forward) == "");
          CHECK(test::values_of(out.view()) == scaled_all(y, -5));
          REQUIRE(isa.run("fixed_conv2d_input_grad", {gradient.view(), w.view()}, {out_dx.view()},
                          &input_grad) == "");
          CHECK(test::values_of(out_dx.view()) == scaled_all(dx, -7));
          REQUIRE(isa.run("fixed_conv2d_weight_grad", {gradient.view(), seen.view()},
                          {out_dw.view()}, &weight_grad) == "");
          CHECK(test::values_of(out_dw.view()) == scaled_all(dw, -11));
        }
      }
    }
  }
}
