#pragma once

#include <cstdint>

#include <reel/backends/cpu/kernels/unroll.h>
#include <reel/backends/cpu/vec.h>

// Winograd's minimal filtering (Lavin and Gray, 2015, arXiv:1509.09308) of a 3-tap filter: F(4, 3)
// gives 4 outputs from 6 inputs by 6 multiplications, F(6, 3) gives 6 from 8 by 8. The polynomials
// are evaluated at 0, 1, -1, 1/2, -2 and infinity, which lose fewer digits than the usual 0, +-1,
// +-2 (Barabasz et al., 2020, arXiv:1803.10986); those of F(6, 3) at 0, +-1, +-1/2, +-2 and
// infinity.
//
// Equal inputs transform to exact zeros everywhere but at 1, and so to equal outputs: what is flat
// stays flat to the last bit, as in a direct convolution, and max pooling behind it chooses the
// same pixel. (In a tile that is flat in part only, rounding chooses.)

namespace reel::cpu::REEL_ISA {

/// F(kOut x kOut, 3x3).
template <int kOutputs>
struct WinogradTile {
  static constexpr int kOut = kOutputs, kIn = kOut + 2, kPositions = kIn * kIn;
};

/// The tile of weight gradients.
inline constexpr int kTileOut = 4, kTileIn = WinogradTile<kTileOut>::kIn;
inline constexpr int kPositions = WinogradTile<kTileOut>::kPositions;

/// v = B' d.
template <class V>
[[gnu::always_inline]] inline void transform_input(const V (&d)[6], V (&v)[6]) {
  using T = typename V::value_type;
  // Each product in an fma: what the compiler may or may not contract would not be the same bits in
  // every copy of this function.
  const V minus_half(T(-0.5)), one_and_half(T(1.5)), two(T(2));
  // Differences first: they are exactly 0 where the input is flat.
  const V e0 = d[2] - d[0], e1 = d[3] - d[1], e2 = d[4] - d[2], e3 = d[5] - d[3];
  const V lower = fma(one_and_half, d[2], d[3] - d[1]);
  const V upper = fma(one_and_half, d[3], d[4] - d[2]);
  v[0] = fma(one_and_half, e1, e2 - e0);
  v[1] = upper + lower;
  v[2] = upper - lower;
  v[3] = fma(two, e1, e2);
  v[4] = fma(minus_half, e1, e2);
  v[5] = fma(one_and_half, e2, e3 - e1);
}
template <class V>
[[gnu::always_inline]] inline void transform_input(const V (&d)[8], V (&v)[8]) {
  using T = typename V::value_type;
  const V quarter(T(-0.25)), half(T(0.5)), two(T(2)), four(T(-4)), middle(T(-2.25)), sum(T(-4.25));
  const V e0 = d[2] - d[0], e1 = d[3] - d[1], e2 = d[4] - d[2];
  const V e3 = d[5] - d[3], e4 = d[6] - d[4], e5 = d[7] - d[5];
  v[0] = fma(sum, e2, e4 + e0);
  const V even = fma(middle, d[4], e4 - e2), odd = fma(middle, d[3], e3 - e1);
  v[1] = even + odd;
  v[2] = even - odd;
  const V even_half = fma(four, e2, e4), odd_half = fma(four, e1, e3);
  v[3] = fma(half, odd_half, even_half);
  v[4] = fma(-half, odd_half, even_half);
  const V even_two = fma(quarter, e2, e4), odd_two = fma(quarter, e1, e3);
  v[5] = fma(two, odd_two, even_two);
  v[6] = fma(-two, odd_two, even_two);
  v[7] = fma(sum, e3, e5 + e1);
}

/// y = A' m.
template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[6], V (&y)[4]) {
  using T = typename V::value_type;
  const V sum = m[1] + m[2], difference = m[1] - m[2];
  y[0] = (m[0] + sum) + (m[3] + m[4]);
  y[1] = fma(V(T(0.5)), m[3], fma(V(T(-2)), m[4], difference));
  y[2] = fma(V(T(0.25)), m[3], fma(V(T(4)), m[4], sum));
  y[3] = fma(V(T(0.125)), m[3], fma(V(T(-8)), m[4], difference)) + m[5];
}

template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[8], V (&y)[6]) {
  using T = typename V::value_type;
  const V sum = m[1] + m[2], difference = m[1] - m[2];
  const V sum_half = m[3] + m[4], difference_half = m[3] - m[4];
  const V sum_two = m[5] + m[6], difference_two = m[5] - m[6];
  const auto power = [&](const V& one, const V& half, const V& two, T at_half, T at_two)
      __attribute__((always_inline)) {
    return fma(V(at_half), half, fma(V(at_two), two, one));
  };
  y[0] = (m[0] + sum) + (sum_half + sum_two);
  y[1] = power(difference, difference_half, difference_two, T(0.5), T(2));
  y[2] = power(sum, sum_half, sum_two, T(0.25), T(4));
  y[3] = power(difference, difference_half, difference_two, T(0.125), T(8));
  y[4] = power(sum, sum_half, sum_two, T(0.0625), T(16));
  y[5] = power(difference, difference_half, difference_two, T(0.03125), T(32)) + m[7];
}

/// G: u = G g [3].
template <class T, int kOut>
inline constexpr T kWeightTransform[kOut + 2][3] = {};
template <class T>
inline constexpr T kWeightTransform<T, 4>[6][3] = {
    {T(1), T(0), T(0)},
    {T(1) / 3, T(1) / 3, T(1) / 3},
    {T(-1) / 3, T(1) / 3, T(-1) / 3},
    {T(-16) / 15, T(-8) / 15, T(-4) / 15},
    {T(1) / 15, T(-2) / 15, T(4) / 15},
    {T(0), T(0), T(1)},
};
template <class T>
inline constexpr T kWeightTransform<T, 6>[8][3] = {
    {T(-1), T(0), T(0)},
    {T(-2) / 9, T(-2) / 9, T(-2) / 9},
    {T(-2) / 9, T(2) / 9, T(-2) / 9},
    {T(32) / 45, T(16) / 45, T(8) / 45},
    {T(32) / 45, T(-16) / 45, T(8) / 45},
    {T(1) / 90, T(1) / 45, T(2) / 45},
    {T(1) / 90, T(-1) / 45, T(2) / 45},
    {T(0), T(0), T(1)},
};

/// Row `row` of G g.
template <int kOut, class V>
[[gnu::always_inline]] inline V transform_weight(const V (&g)[3], int64_t row) {
  const auto& weight = kWeightTransform<typename V::value_type, kOut>[row];
  return fma(V(weight[0]), g[0], fma(V(weight[1]), g[1], V(weight[2]) * g[2]));
}

/// The adjoint of transform_output: m [6] = A y [4].
template <class V>
[[gnu::always_inline]] inline void transform_output_adjoint(const V (&y)[4], V (&m)[6]) {
  using T = typename V::value_type;
  const V even = y[0] + y[2], odd = y[1] + y[3];
  m[0] = y[0];
  m[1] = even + odd;
  m[2] = even - odd;
  m[3] = fma(V(T(0.125)), y[3], fma(V(T(0.25)), y[2], fma(V(T(0.5)), y[1], y[0])));
  m[4] = fma(V(T(-8)), y[3], fma(V(T(4)), y[2], fma(V(T(-2)), y[1], y[0])));
  m[5] = y[3];
}

/// The adjoint of transform_weight: g [3] = G' u [6].
template <class V>
[[gnu::always_inline]] inline void transform_weight_adjoint(const V (&u)[6], V (&g)[3]) {
  const auto& weight = kWeightTransform<typename V::value_type, 4>;
  for (int tap = 0; tap < 3; ++tap) {
    g[tap] = V(weight[0][tap]) * u[0];
    for (int i = 1; i < 6; ++i) g[tap] = fma(V(weight[i][tap]), u[i], g[tap]);
  }
}

/// One tile of inputs, L channels: v[t * stride] = B' d B for the vectors that pixel(row, column)
/// gives.
template <int kOut = kTileOut, class Pixel>
[[gnu::always_inline]] inline void transform_tile_input(const Pixel& pixel, float* v,
                                                        int64_t stride) {
  constexpr int kIn = WinogradTile<kOut>::kIn;
  Vec<float> half[kIn][kIn];  // [column][row], columns transformed
  for (int column = 0; column < kIn; ++column) {
    Vec<float> d[kIn];
    unroll<kIn>([&](auto row) __attribute__((always_inline)) { d[row] = pixel(row, column); });
    transform_input(d, half[column]);
  }
  for (int row = 0; row < kIn; ++row) {
    Vec<float> d[kIn], values[kIn];
    unroll<kIn>([&](auto column) __attribute__((always_inline)) { d[column] = half[column][row]; });
    transform_input(d, values);
    for (int column = 0; column < kIn; ++column) {
      store(v + (row * kIn + column) * stride, values[column]);
    }
  }
}

/// One tile of outputs, L channels: put(row, column, value) of y = A' m A + bias.
template <int kOut, class Put>
[[gnu::always_inline]] inline void transform_tile_output(const float* m, int64_t stride,
                                                         const Vec<float>& bias, const Put& put) {
  constexpr int kIn = WinogradTile<kOut>::kIn;
  Vec<float> half[kIn][kOut];  // [column][row], columns transformed
  for (int column = 0; column < kIn; ++column) {
    Vec<float> values[kIn];
    for (int row = 0; row < kIn; ++row) values[row] = load(m + (row * kIn + column) * stride);
    transform_output(values, half[column]);
  }
  for (int row = 0; row < kOut; ++row) {
    Vec<float> values[kIn], y[kOut];
    unroll<kIn>([&](auto column)
                    __attribute__((always_inline)) { values[column] = half[column][row]; });
    transform_output(values, y);
    for (int column = 0; column < kOut; ++column) put(row, column, y[column] + bias);
  }
}

/// Floats between the positions of a transformed array of `count` values: an odd number of cache
/// lines, since the positions of a tile are written together and must not share cache sets.
inline int64_t position_stride(int64_t count) { return ((count + 15) / 16 | 1) * 16; }

/// The tiles of outputs [images, height, width], the last of a row or column hanging over.
struct TileGrid {
  int64_t images, height, width;
  int64_t side = kTileOut;
  int64_t down() const { return (height + side - 1) / side; }
  int64_t across() const { return (width + side - 1) / side; }
  int64_t count() const { return images * down() * across(); }
};

/// Where a tile lies: its image and its first output pixel.
struct TilePlace {
  int64_t image, row, column;
  TilePlace(const TileGrid& grid, int64_t tile)
      : image(tile / (grid.down() * grid.across())),
        row(tile / grid.across() % grid.down() * grid.side),
        column(tile % grid.across() * grid.side) {}
};

}  // namespace reel::cpu::REEL_ISA
