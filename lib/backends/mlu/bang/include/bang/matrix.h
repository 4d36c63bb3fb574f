#pragma once

// The matrix unit: convolution, products. Sources come from NRAM, filters from WRAM, where they lie
// in the order of __bang_reshape_filter (see filter_place): channel_output is rounded up to 64, and
// the rows of channel_input fill whole words of the unit.
//
// Integers are fixed point: a result is the sum of products, times 2^fix_position, which is the sum
// of the positions of both operands.

#include <bang/detail.h>
#include <bang/transform.h>

namespace bang {
namespace detail {

/// How many values an element holds, and the one at place i, as float.
template <class T>
struct Element {
  static constexpr int kPerElement = 1;
  static constexpr int kBits = 8 * static_cast<int>(sizeof(T));
  static BANG_HELPER float at(const T* p, int64_t i) {
    const T value = p[i];
    return static_cast<float>(static_cast<Wide<T>>(value));
  }
};
template <>
struct Element<int4x2_t> {
  static constexpr int kPerElement = 2;
  static constexpr int kBits = 4;
  static BANG_HELPER float at(const int4x2_t* p, int64_t i) {
    const int nibble = p[i / 2].value >> (i % 2 * 4) & 15;
    return static_cast<float>(nibble < 8 ? nibble : nibble - 16);
  }
};

template <class T>
BANG_HELPER int64_t elements(int64_t values) {
  return (values + Element<T>::kPerElement - 1) / Element<T>::kPerElement;
}

/// Rounds to nearest, ties off zero, and saturates; floating types as they convert.
template <class D>
BANG_HELPER D result(float value) {
  if constexpr (std::is_integral_v<D>) {
    constexpr float kLimit = static_cast<float>((int64_t{1} << (8 * sizeof(D) - 1)) - 1);
    const float rounded = __builtin_roundf(value);
    return static_cast<D>(rounded > kLimit        ? kLimit
                          : rounded < -kLimit - 1 ? -kLimit - 1
                                                  : rounded);
  } else {
    return static_cast<D>(value);
  }
}

struct Convolution {
  int64_t channel_input, height, width, kernel_height, kernel_width, stride_width, stride_height,
      channel_output;
  int fix_position = 0;
  int64_t dilation_width = 1, dilation_height = 1, out_dilation_width = 1, out_dilation_height = 1;

  BANG_HELPER int64_t rows() const {
    return (height - (kernel_height - 1) * dilation_height - 1) / stride_height + 1;
  }
  BANG_HELPER int64_t columns() const {
    return (width - (kernel_width - 1) * dilation_width - 1) / stride_width + 1;
  }
  BANG_HELPER int64_t filter() const { return kernel_height * kernel_width * channel_input; }
  BANG_HELPER bool dense() const { return out_dilation_width == 1 && out_dilation_height == 1; }
  /// Where result `pixel` begins in dst.
  BANG_HELPER int64_t place(int64_t pixel) const {
    const int64_t line = (columns() - 1) * out_dilation_width + 1;
    return (pixel / columns() * out_dilation_height * line +
            pixel % columns() * out_dilation_width) *
           channel_output;
  }
};

template <class S, class W>
void check(Op& op, const Convolution& c, const W* kernel, int64_t result_bytes) {
  op.require(c.channel_input > 0, "channel_input greater than 0", c.channel_input);
  op.require(c.channel_output > 0, "channel_output greater than 0", c.channel_output);
  op.require(c.kernel_height > 0, "a kernel height greater than 0", c.kernel_height);
  op.require(c.kernel_width > 0, "a kernel width greater than 0", c.kernel_width);
  const auto in_range = [&op](int64_t value, const char* expected) {
    op.require(value >= 1 && value <= 1023, expected, value);
  };
  in_range(c.stride_width, "a stride width in [1, 1023]");
  in_range(c.stride_height, "a stride height in [1, 1023]");
  in_range(c.dilation_width, "an input dilation width in [1, 1023]");
  in_range(c.dilation_height, "an input dilation height in [1, 1023]");
  in_range(c.out_dilation_width, "an output dilation width in [1, 1023]");
  in_range(c.out_dilation_height, "an output dilation height in [1, 1023]");
  op.require(c.height > (c.kernel_height - 1) * c.dilation_height,
             "a height of at least the kernel's", c.height);
  op.require(c.width > (c.kernel_width - 1) * c.dilation_width, "a width of at least the kernel's",
             c.width);
  op.require(c.fix_position >= -127 && c.fix_position <= 127, "a fix_position in [-127, 127]",
             c.fix_position);
  op.aligned(kernel, 32);
  // A row of input channels fills 64 bytes of the wider operand.
  constexpr int kSource = Element<S>::kBits, kFilter = Element<W>::kBits;
  if (arch_number() < 300) {
    const int64_t bytes = c.channel_input * kSource / 8;
    op.require(bytes % 64 == 0, "input channels of a multiple of 64 bytes on this architecture",
               bytes);
    op.require(c.channel_output % 64 == 0, "channel_output divisible by 64 on this architecture",
               c.channel_output);
    op.require(c.channel_output * result_bytes % 64 == 0,
               "output channels of a multiple of 64 bytes on this architecture",
               c.channel_output * result_bytes);
  } else {
    constexpr int kUnit = kSource == 4 * kFilter ? 16 : kSource == 2 * kFilter ? 32 : 64;
    const int64_t bytes = c.channel_input * kFilter / 8;
    op.require(bytes % kUnit == 0,
               kUnit == 16   ? "filter channels of a multiple of 16 bytes"
               : kUnit == 32 ? "filter channels of a multiple of 32 bytes"
                             : "filter channels of a multiple of 64 bytes",
               bytes);
  }
}

/// The filters as columns [filter, channel_output] of a product.
template <class W>
BANG_BUILTIN void read_filters(Op& op, const W* kernel, int64_t filter, int64_t channel_output,
                               float* columns) {
  constexpr int64_t kBlock = 16;  // a line of the cache is written at a time
  const int64_t row = elements<W>(filter);
  const bool whole = channel_output % 64 == 0;
  if (whole) op.reads(kernel, row * channel_output, Space::wram);
  for (int64_t first = 0; first < channel_output; first += kBlock) {
    const int64_t count = channel_output - first < kBlock ? channel_output - first : kBlock;
    const W* rows[kBlock];
    for (int64_t o = 0; o < count; ++o) {
      rows[o] = kernel + filter_place(first + o, channel_output) * row;
      if (!whole) op.reads(rows[o], row, Space::wram);
    }
    for (int64_t i = 0; i < filter; ++i) {
      float* to = columns + i * channel_output + first;
      for (int64_t o = 0; o < count; ++o) to[o] = Element<W>::at(rows[o], i);
    }
  }
}

template <class S>
BANG_BUILTIN void unfold(const S* src, const Convolution& c, float* patches) {
  const int64_t rows = c.rows(), columns = c.columns();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t i = 0; i < c.kernel_height; ++i) {
        for (int64_t j = 0; j < c.kernel_width; ++j) {
          const int64_t row = y * c.stride_height + i * c.dilation_height;
          const int64_t column = x * c.stride_width + j * c.dilation_width;
          const int64_t from = (row * c.width + column) * c.channel_input;
          for (int64_t k = 0; k < c.channel_input; ++k) {
            *patches++ = Element<S>::at(src, from + k);
          }
        }
      }
    }
  }
}

/// `bias`: one value for each output channel, or, if `partial`, one for each result; nullptr: none.
template <class D, class S, class W>
BANG_BUILTIN void convolve(const char* name, Site site, D* dst, const S* src, const W* kernel,
                           const D* bias, bool partial, const Convolution& c) {
  Op op(name, site);
  check<S>(op, c, kernel, sizeof(D));
  const int64_t pixels = c.rows() * c.columns(), filter = c.filter(), out = c.channel_output;
  const int64_t source = elements<S>(c.height * c.width * c.channel_input);
  op.reads(src, source);
  if (bias != nullptr) op.reads(bias, partial ? pixels * out : out);
  // A product of floats needs no copies of its operands.
  const bool product =
      c.kernel_height == 1 && c.kernel_width == 1 && c.stride_height == 1 && c.stride_width == 1;
  const bool unfolded = std::is_same_v<S, float> && product;
  const bool direct =
      std::is_same_v<D, float> && c.dense() && bias == nullptr && c.fix_position == 0;
  Scratch<float> filters(filter * out), patches(unfolded ? 0 : pixels * filter),
      results(direct ? 0 : pixels * out);
  read_filters(op, kernel, filter, out, filters.data());
  if (c.dense()) {
    op.writes(dst, pixels * out);
  } else {
    for (int64_t i = 0; i < pixels; ++i) op.writes(dst + c.place(i), out);
  }
  disjoint(op, dst, (c.place(pixels - 1) + out) * static_cast<int64_t>(sizeof(D)), src,
           source * static_cast<int64_t>(sizeof(S)));
  op.matrix(static_cast<double>(pixels) * static_cast<double>(filter) * static_cast<double>(out),
            matrix_rate(Element<S>::kBits, Element<W>::kBits, is_floating<S>));
  if (!unfolded) unfold(src, c, patches.data());
  const float* left = unfolded ? reinterpret_cast<const float*>(src) : patches.data();
  float* products = direct ? reinterpret_cast<float*>(dst) : results.data();
  multiply(pixels, out, filter, left, filters.data(), products);
  if (direct) return;
  const float scale = __builtin_ldexpf(1.0F, c.fix_position);
  for (int64_t i = 0; i < pixels; ++i) {
    D* to = dst + c.place(i);
    for (int64_t o = 0; o < out; ++o) {
      float value = results[i * out + o] * scale;
      if (bias != nullptr) value += Element<D>::at(bias, partial ? i * out + o : o);
      to[o] = result<D>(value);
    }
  }
}

}  // namespace detail
}  // namespace bang

namespace bang::builtin {

// dst [rows, columns, channel_output] of src [height, width, channel_input]. Without a position: of
// floating-point numbers. Dilations: 1 is none; that of the output leaves pixels of dst between the
// results as they are.

template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, nullptr, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, int fix_position, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, nullptr, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, fix_position});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, int indilation_width, int indilation_height,
                 Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, nullptr, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, 0, indilation_width, indilation_height});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, int fix_position, int indilation_width, int indilation_height,
                 Site site = Site::here()) {
  detail::convolve<D>(
      "__bang_conv", site, dst, src, kernel, nullptr, false,
      {channel_input, height, width, kernel_height, kernel_width, stride_width, stride_height,
       channel_output, fix_position, indilation_width, indilation_height});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, int indilation_width, int indilation_height,
                 int outdilation_width, int outdilation_height, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, nullptr, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, 0, indilation_width, indilation_height,
                       outdilation_width, outdilation_height});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, int channel_input, int height, int width,
                 int kernel_height, int kernel_width, int stride_width, int stride_height,
                 int channel_output, int fix_position, int indilation_width, int indilation_height,
                 int outdilation_width, int outdilation_height, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, nullptr, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, fix_position, indilation_width,
                       indilation_height, outdilation_width, outdilation_height});
}

/// With a bias [channel_output].
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, As<const D*> bias, int channel_input,
                 int height, int width, int kernel_height, int kernel_width, int stride_width,
                 int stride_height, int channel_output, int fix_position,
                 Site site = Site::here()) {
  detail::convolve<D>("__bang_conv", site, dst, src, kernel, bias, false,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, fix_position});
}
template <class D, class S, class W>
void __bang_conv(D* dst, const S* src, const W* kernel, As<const D*> bias, int channel_input,
                 int height, int width, int kernel_height, int kernel_width, int stride_width,
                 int stride_height, int channel_output, int fix_position, int indilation_width,
                 int indilation_height, Site site = Site::here()) {
  detail::convolve<D>(
      "__bang_conv", site, dst, src, kernel, bias, false,
      {channel_input, height, width, kernel_height, kernel_width, stride_width, stride_height,
       channel_output, fix_position, indilation_width, indilation_height});
}

/// Added to earlier results [rows, columns, channel_output].
template <class D, class S, class W>
void __bang_conv_partial(D* dst, const S* src, const W* kernel, As<const D*> partial,
                         int channel_input, int height, int width, int kernel_height,
                         int kernel_width, int stride_width, int stride_height, int channel_output,
                         Site site = Site::here()) {
  detail::convolve<D>("__bang_conv_partial", site, dst, src, kernel, partial, true,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output});
}
template <class D, class S, class W>
void __bang_conv_partial(D* dst, const S* src, const W* kernel, As<const D*> partial,
                         int channel_input, int height, int width, int kernel_height,
                         int kernel_width, int stride_width, int stride_height, int channel_output,
                         int fix_position, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv_partial", site, dst, src, kernel, partial, true,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, fix_position});
}
template <class D, class S, class W>
void __bang_conv_partial(D* dst, const S* src, const W* kernel, As<const D*> partial,
                         int channel_input, int height, int width, int kernel_height,
                         int kernel_width, int stride_width, int stride_height, int channel_output,
                         int fix_position, int indilation_width, int indilation_height,
                         Site site = Site::here()) {
  detail::convolve<D>(
      "__bang_conv_partial", site, dst, src, kernel, partial, true,
      {channel_input, height, width, kernel_height, kernel_width, stride_width, stride_height,
       channel_output, fix_position, indilation_width, indilation_height});
}
template <class D, class S, class W>
void __bang_conv_partial(D* dst, const S* src, const W* kernel, As<const D*> partial,
                         int channel_input, int height, int width, int kernel_height,
                         int kernel_width, int stride_width, int stride_height, int channel_output,
                         int indilation_width, int indilation_height, int outdilation_width,
                         int outdilation_height, Site site = Site::here()) {
  detail::convolve<D>("__bang_conv_partial", site, dst, src, kernel, partial, true,
                      {channel_input, height, width, kernel_height, kernel_width, stride_width,
                       stride_height, channel_output, 0, indilation_width, indilation_height,
                       outdilation_width, outdilation_height});
}

/// dst [m, n] = src0 [m, k] * src1 [k, n]. src1 lies in WRAM like filters: n rows of k, reshaped.
template <class D, class S, class W>
void __bang_matmul(D* dst, const S* src0, const W* src1, int m, int k, int n,
                   Site site = Site::here()) {
  detail::convolve<D>("__bang_matmul", site, dst, src0, src1, nullptr, false,
                      {k, m, 1, 1, 1, 1, 1, n});
}
template <class D, class S, class W>
void __bang_matmul(D* dst, const S* src0, const W* src1, int m, int k, int n, int fix_position,
                   Site site = Site::here()) {
  detail::convolve<D>("__bang_matmul", site, dst, src0, src1, nullptr, false,
                      {k, m, 1, 1, 1, 1, 1, n, fix_position});
}

/// dst [height] = weight [height, width] * src [width] + bias [height].
template <class D, class S, class W>
void __bang_mlp(D* dst, const S* src, const W* weight, int height, int width, int fix_position,
                Site site = Site::here()) {
  detail::convolve<D>("__bang_mlp", site, dst, src, weight, nullptr, false,
                      {width, 1, 1, 1, 1, 1, 1, height, fix_position});
}
template <class D, class S, class W>
void __bang_mlp(D* dst, const S* src, As<const D*> bias, const W* weight, int height, int width,
                int fix_position, Site site = Site::here()) {
  detail::convolve<D>("__bang_mlp", site, dst, src, weight, bias, false,
                      {width, 1, 1, 1, 1, 1, 1, height, fix_position});
}
/// Of floating-point numbers.
template <class D, class S, class W>
void __bang_mlp(D* dst, const S* src, const W* weight, int height, int width,
                Site site = Site::here()) {
  detail::convolve<D>("__bang_mlp", site, dst, src, weight, nullptr, false,
                      {width, 1, 1, 1, 1, 1, 1, height});
}

}  // namespace bang::builtin

using namespace bang::builtin;
