// conv2d, its input gradient and its weight gradient of every instruction set against plain loops
// in double.

#include <reel/backends/cpu/precision.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/conv.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;
using test::Sizes;

struct Case {
  int64_t images, channels, height, width, outputs, kernel, stride, padding, dilation, groups;
  int64_t kernel_columns = 0;    // if not as many as rows
  int64_t dilation_columns = 0;  // if not that of rows

  int64_t kernel_width() const { return kernel_columns == 0 ? kernel : kernel_columns; }
  int64_t dilation_width() const { return dilation_columns == 0 ? dilation : dilation_columns; }
  int64_t out(int64_t size, int64_t taps, int64_t apart) const {
    return (size + 2 * padding - apart * (taps - 1) - 1) / stride + 1;
  }
  int64_t out_height() const { return out(height, kernel, dilation); }
  int64_t out_width() const { return out(width, kernel_width(), dilation_width()); }
  Sizes x() const { return {images, channels, height, width}; }
  Sizes weight() const { return {outputs, channels / groups, kernel, kernel_width()}; }
  Sizes y() const { return {images, outputs, out_height(), out_width()}; }
  template <class Op>
  Op op() const {
    Op op;
    op.stride = {stride, stride};
    op.padding = {padding, padding};
    op.dilation = {dilation, dilation_width()};
    op.groups = groups;
    if constexpr (requires { op.input_size; }) op.input_size = {height, width};
    if constexpr (requires { op.kernel_size; }) op.kernel_size = {kernel, kernel_width()};
    return op;
  }
};

// Each algorithm with whole and cut vectors, tiles and blocks; odd geometries.
const Case kCases[] = {
    {1, 3, 9, 11, 8, 3, 1, 1, 1, 1},     // few channels, windows gathered by element
    {2, 3, 33, 30, 64, 3, 1, 1, 1, 1},   // first layer: gradient of few channels
    {1, 2, 40, 20, 17, 5, 1, 4, 1, 1},   //   more padding than windows need
    {1, 3, 30, 33, 20, 11, 4, 2, 1, 1},  //   strided, the last pixels met by no window
    {2, 3, 19, 22, 16, 7, 2, 3, 1, 1},   //   more taps than the stride
    {1, 2, 17, 15, 16, 2, 3, 2, 2, 1},   //   fewer, dilated
    {2, 16, 8, 8, 32, 3, 1, 1, 1, 1},    // Winograd, whole vectors
    {1, 20, 19, 22, 36, 3, 1, 2, 1, 1},  //   cut vectors and tiles, padding 2
    {1, 48, 30, 29, 80, 3, 1, 0, 1, 1},  //   several blocks, no padding
    {1, 300, 6, 9, 300, 3, 1, 1, 1, 1},  //   staged
    {5, 17, 30, 31, 20, 3, 1, 1, 1, 1},  //   a weight gradient of two blocks
    {1, 16, 42, 48, 32, 3, 1, 1, 1, 1},  //   tiles of 6x6
    {1, 20, 45, 49, 36, 3, 1, 2, 1, 1},  //     cut vectors and tiles, padding 2
    {2, 33, 47, 48, 17, 3, 1, 0, 1, 1},  //     two images, no padding
    {3, 16, 26, 28, 20, 3, 1, 1, 1, 1},  //     at fewer points, of which 2 and 4 outputs are left
    {3, 33, 30, 21, 17, 3, 1, 0, 1, 1},  //     4 and 1, no padding
    {20, 16, 14, 2, 20, 3, 1, 1, 1, 1},  //     none whole
    {2, 16, 13, 10, 20, 3, 2, 1, 1, 1},  // strided
    {1, 5, 12, 12, 7, 5, 2, 2, 1, 1},
    {1, 32, 7, 7, 64, 1, 1, 0, 1, 1},
    {2, 40, 5, 6, 24, 1, 1, 0, 1, 2},    // products of two groups, cut vectors
    {2, 24, 9, 9, 33, 1, 2, 0, 1, 1},    // inputs that no window reads
    {2, 20, 31, 29, 36, 3, 1, 2, 2, 1},  // dilated Winograd, parts of unlike sizes
    {1, 16, 34, 25, 20, 3, 1, 0, 3, 1},  //   without padding
    {1, 17, 16, 15, 16, 3, 1, 4, 2, 1},  //   and with twice the dilation
    {2, 16, 36, 36, 20, 3, 1, 2, 2, 1},  //   in tiles of 6x6
    {2, 12, 14, 15, 18, 3, 1, 2, 2, 3},  // groups, dilation
    {1, 6, 20, 20, 6, 3, 2, 1, 1, 6},    // depthwise
    {2, 40, 9, 8, 40, 3, 1, 1, 1, 40},
    {2, 6, 7, 7, 12, 3, 1, 1, 1, 6},
    {1, 4, 30, 30, 6, 11, 4, 2, 1, 1},
    {1, 8, 9, 9, 8, 3, 3, 0, 2, 2},
    {2, 40, 11, 30, 40, 3, 1, 2, 1, 40},        //   blocks of outputs, cut vectors, padding 2
    {1, 20, 13, 25, 20, 3, 1, 2, 2, 20, 3, 1},  //   and tap rows apart
    {2, 20, 12, 25, 20, 3, 2, 1, 1, 20},        //   and strided
    {2, 24, 11, 13, 24, 3, 1, 1, 1, 12},        // groups of 2 channels
    {1, 40, 12, 30, 40, 3, 1, 1, 1, 10},        //   of 4, cut vectors
    {2, 40, 13, 30, 40, 3, 2, 1, 1, 10},        //   and strided
    {1, 24, 9, 14, 24, 3, 2, 0, 1, 3},          //   of 8, no padding
    {1, 40, 14, 11, 40, 5, 1, 2, 1, 5},         //   and more taps
    {1, 32, 9, 13, 64, 3, 1, 1, 1, 16},         // merged groups
    {2, 36, 8, 9, 18, 3, 2, 1, 1, 9},           //   of a number that few divide
    {2, 16, 29, 31, 20, 3, 2, 1, 1, 1},         // windows in place, strided
    {1, 40, 20, 18, 33, 5, 1, 3, 1, 1},         //   several blocks, cut vectors
    {1, 3, 9, 9, 20, 3, 1, 5, 1, 1},            //   windows that lie in the padding
    {2, 17, 8, 16, 6, 2, 1, 0, 3, 1},           //   no padding, dilated
    {1, 2, 17, 300, 4, 3, 1, 1, 1, 1},          //   long lines
    {1, 2, 3, 300, 4, 3, 1, 1, 1, 1},           //   too few of them
    {1, 15, 9, 17, 10, 3, 1, 1, 1, 5},          // groups of 3 channels
    {2, 20, 10, 12, 20, 3, 1, 1, 1, 4},         //   of 5
    {1, 32, 17, 15, 32, 3, 2, 1, 1, 4},         //   of 8, strided
    {1, 48, 9, 14, 48, 3, 1, 1, 1, 3},          //   of 16
    {1, 66, 9, 9, 40, 3, 1, 0, 1, 2},           //   of 33, no padding
    {2, 40, 21, 23, 33, 5, 1, 2, 1, 1},         // weight gradients by blocks of channels
    {3, 34, 30, 27, 20, 3, 2, 1, 1, 2},         //   of two groups, strided
    {1, 24, 30, 40, 18, 3, 1, 0, 2, 1},         //   dilated, no padding
    {2, 40, 35, 33, 20, 1, 2, 1, 1, 1},         //   of one tap, strided, with padding
    {2, 40, 29, 30, 20, 1, 1, 0, 1, 1},         //   of pixels, fewer outputs than channels
    {3, 20, 26, 21, 39, 1, 1, 0, 1, 1},         //   and more, read in place
    {1, 150, 9, 7, 140, 1, 1, 0, 1, 1},         //   and a product
    {2, 150, 31, 30, 140, 1, 2, 0, 1, 1},       //   of pixels that are copied
    {2, 36, 17, 18, 20, 7, 1, 3, 1, 1, 1},      // windows of one column
    {2, 36, 17, 18, 20, 1, 1, 3, 1, 1, 7},      //   and of one row
    {3, 16, 60, 70, 17, 1, 1, 0, 1, 1, 7},      // filters along lines, some images at a time
    {2, 33, 16, 21, 50, 3, 1, 0, 1, 1, 7},      //   of three lines, no padding
    {2, 20, 19, 14, 17, 5, 1, 0, 1, 1, 1},      //   along columns, no padding
    {3, 1, 6, 6, 1, 3, 1, 1, 1, 1},
    {1, 3, 8, 8, 4, 2, 5, 1, 1, 1},
};

struct Arrays {
  Array x, weight, bias, y, g, dx, dweight;
  Arrays(const Case& size, ScalarType dtype, MemoryLayout layout, std::mt19937& generator)
      : x(size.x(), dtype, layout),
        weight(size.weight(), dtype,
               layout == MemoryLayout::Contiguous ? MemoryLayout::ChannelsLast : layout),
        bias({size.outputs}, dtype),
        y(size.y(), dtype, layout),
        g(size.y(), dtype, layout),
        dx(size.x(), dtype, layout),
        dweight(size.weight(), dtype, layout) {
    for (Array* array : {&x, &weight, &bias, &g}) array->random(generator, -1, 1);
  }
  void run(const test::IsaKernels& isa, const Case& size) {
    const auto forward = size.op<ops::Conv2d>();
    const auto input_grad = size.op<ops::Conv2dInputGrad>();
    const auto weight_grad = size.op<ops::Conv2dWeightGrad>();
    REQUIRE(isa.run("conv2d", {x.view(), weight.view(), bias.view()}, {y.view()}, &forward) == "");
    REQUIRE(isa.run("conv2d_input_grad", {g.view(), weight.view()}, {dx.view()}, &input_grad) ==
            "");
    REQUIRE(isa.run("conv2d_weight_grad", {g.view(), x.view()}, {dweight.view()}, &weight_grad) ==
            "");
  }
};

struct Plain {
  std::vector<double> y, dx, dweight;
};

Plain plain_convolution(const Case& size, Arrays& arrays) {
  const std::vector<double> x = test::values_of(arrays.x.view());
  const std::vector<double> weight = test::values_of(arrays.weight.view());
  const std::vector<double> bias = test::values_of(arrays.bias.view());
  const std::vector<double> g = test::values_of(arrays.g.view());
  Plain plain{{}, std::vector<double>(x.size(), 0.0), std::vector<double>(weight.size(), 0.0)};
  const int64_t channels = size.channels / size.groups, outputs = size.outputs / size.groups;
  for (int64_t n = 0; n < size.images; ++n) {
    for (int64_t o = 0; o < size.outputs; ++o) {
      for (int64_t i = 0; i < size.out_height(); ++i) {
        for (int64_t j = 0; j < size.out_width(); ++j) {
          double sum = bias[static_cast<size_t>(o)];
          const double grad = g[plain.y.size()];
          const int64_t width = size.kernel_width(), taps = size.kernel * width;
          for (int64_t k = 0; k < channels * taps; ++k) {
            const int64_t c = k / taps, u = k / width % size.kernel, v = k % width;
            const int64_t row = i * size.stride - size.padding + u * size.dilation;
            const int64_t column = j * size.stride - size.padding + v * size.dilation_width();
            if (row < 0 || row >= size.height || column < 0 || column >= size.width) continue;
            const int64_t channel = o / outputs * channels + c;
            const auto at = static_cast<size_t>(
                ((n * size.channels + channel) * size.height + row) * size.width + column);
            const auto tap =
                static_cast<size_t>(((o * channels + c) * size.kernel + u) * width + v);
            sum += x[at] * weight[tap];
            plain.dx[at] += grad * weight[tap];
            plain.dweight[tap] += grad * x[at];
          }
          plain.y.push_back(sum);
        }
      }
    }
  }
  return plain;
}

void check_all(ScalarType dtype, double tolerance) {
  std::mt19937 generator(1);
  const auto isas = test::isa_kernels();
  for (const Case& size : kCases) {
    for (const MemoryLayout layout :
         {MemoryLayout::Contiguous, MemoryLayout::ChannelsLast, MemoryLayout::Sliced}) {
      Arrays arrays(size, dtype, layout, generator);
      const Plain plain = plain_convolution(size, arrays);
      for (const auto& isa : isas) {
        arrays.run(isa, size);
        INFO(isa.name << ", case " << &size - kCases << ", layout " << static_cast<int>(layout));
        CHECK(test::relative_rms(arrays.y.view(), plain.y) <= tolerance);
        CHECK(test::relative_rms(arrays.dx.view(), plain.dx) <= tolerance);
        CHECK(test::relative_rms(arrays.dweight.view(), plain.dweight) <= tolerance);
      }
    }
  }
}

}  // namespace

TEST_CASE("Convolutions agree with plain loops in float64") {
  check_all(kDouble, 1e-14);  // sums of up to 2700 products
}

TEST_CASE("Convolutions of half and bfloat16 are sums of floats, rounded once") {
  // The most by which a number can change: the smallest results have nine of them.
  check_all(kHalf, 0x1p-11);
  check_all(kBFloat16, 0x1p-8);
}

TEST_CASE("Convolutions agree with plain loops in float32") {
  check_all(kFloat, 3e-6);  // Winograd at 300 channels measured below 2e-6
}

TEST_CASE("Steps in tiles of 6x6 agree with float64") {
  std::mt19937 generator(1);
  const Case size{2, 300, 26, 28, 300, 3, 1, 1, 1, 1};
  Arrays arrays(size, kFloat, MemoryLayout::ChannelsLast, generator);
  Arrays wide(size, kDouble, MemoryLayout::ChannelsLast, generator);
  const auto widen = [](Array& from, Array& to) {
    std::copy_n(from.view().as<float>(), from.view().numel, to.view().as<double>());
  };
  widen(arrays.x, wide.x);
  widen(arrays.weight, wide.weight);
  widen(arrays.bias, wide.bias);
  widen(arrays.g, wide.g);
  const auto isas = test::isa_kernels();
  wide.run(isas[0], size);
  for (const auto& isa : isas) {
    arrays.run(isa, size);
    INFO(isa.name);
    // Measured below 5.4e-6.
    CHECK(test::relative_rms(arrays.y.view(), test::values_of(wide.y.view())) <= 6e-6);
    CHECK(test::relative_rms(arrays.dx.view(), test::values_of(wide.dx.view())) <= 6e-6);
  }
}

TEST_CASE("Exact precision leaves Winograd out") {
  set_conv_precision(ConvPrecision::exact);
  check_all(kFloat, 1e-6);  // the rounding of plain float sums
  set_conv_precision(ConvPrecision::fast);
}

// Winograd's tiles must not tell apart what a direct convolution does not: max pooling passes the
// gradient to the first of equal neighbours, and a photograph's black and white areas are full of
// them.
TEST_CASE("What is flat stays flat to the last bit") {
  struct Flat {
    int64_t kernel, padding, height, width;
    int64_t top, bottom, left, right;  // of the tiles that touch neither padding nor what is beyond
  };
  const Flat flat = GENERATE(Flat{3, 1, 22, 26, 4, 20, 4, 24},  // tiles of 4x4
                             Flat{3, 1, 46, 50, 6, 42, 6, 48},  // tiles of 6x6
                             Flat{3, 0, 42, 46, 0, 40, 0, 42},  //   at fewer points: 4 lines left
                             Flat{3, 0, 42, 46, 0, 36, 0, 44},  //   2 columns
                             Flat{5, 2, 22, 26, 4, 18, 6, 18}, Flat{7, 3, 22, 26, 4, 18, 6, 18});
  std::mt19937 generator(3);
  const Case size{1, 64, flat.height, flat.width, 32, flat.kernel, 1, flat.padding, 1, 1};
  Arrays arrays(size, kFloat, MemoryLayout::ChannelsLast, generator);
  const View x = arrays.x.view();
  auto* values = x.as<float>();
  for (int64_t at = 0; at < x.numel; ++at) values[at] = values[at % size.channels];
  for (const auto& isa : test::isa_kernels()) {
    arrays.run(isa, size);
    const View y = arrays.y.view();
    int64_t unequal = 0;
    for (int64_t c = 0; c < size.outputs; ++c) {
      const double first = test::value_at(y, {0, c, flat.top, flat.left});
      for (int64_t i = flat.top; i < flat.bottom; ++i) {
        for (int64_t j = flat.left; j < flat.right; ++j) {
          unequal += test::value_at(y, {0, c, i, j}) != first ? 1 : 0;
        }
      }
    }
    INFO(isa.name << ", kernel " << flat.kernel << ", height " << flat.height);
    CHECK(unequal == 0);
  }
}

TEST_CASE("Convolutions are the same bits for any number of threads") {
  std::mt19937 generator(2);
  const int before = get_num_threads();
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  cases.push_back({1, 64, 42, 42, 64, 3, 1, 1, 1, 1});  // blocks of tiles, or steps on many threads
  cases.push_back({1, 90, 9, 10, 100, 3, 1, 1, 1, 1});  //   tiles of 4x4
  cases.push_back({1, 300, 42, 46, 300, 3, 1, 1, 1, 1});  // U made by one thread, or by all
  for (const auto& isa : test::isa_kernels()) {
    for (const Case& size : cases) {
      Arrays one(size, kFloat, MemoryLayout::ChannelsLast, generator);
      Arrays many = one;
      set_num_threads(1);
      one.run(isa, size);
      set_num_threads(16);
      many.run(isa, size);
      INFO(isa.name << ", case " << &size - cases.data());
      CHECK(one.y.same_bytes(many.y));
      CHECK(one.dx.same_bytes(many.dx));
      CHECK(one.dweight.same_bytes(many.dweight));
    }
  }
  set_num_threads(before);
}
