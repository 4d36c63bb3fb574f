#pragma once

#include <cstdint>

#include <reel/backends/cpu/vec.h>

// Winograd's minimal filtering F(4, 3) (Lavin and Gray, 2015, arXiv:1509.09308): 4 outputs of a
// 3-tap filter from 6 inputs by 6 multiplications. The polynomials are evaluated at 0, 1, -1, 1/2,
// -2 and infinity, which lose fewer digits than the usual 0, +-1, +-2 (Barabasz et al., 2020,
// arXiv:1803.10986).
//
// Six equal inputs transform to exact zeros everywhere but at 1, and so to four equal outputs: what
// is flat stays flat to the last bit, as in a direct convolution, and max pooling behind it chooses
// the same pixel. (In a tile that is flat in part only, rounding chooses.)

namespace reel::cpu::REEL_ISA {

inline constexpr int kTileIn = 6, kTileOut = 4, kPositions = kTileIn * kTileIn;

/// v [6] = B' d [6].
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

/// y [4] = A' m [6].
template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[6], V (&y)[4]) {
  using T = typename V::value_type;
  const V sum = m[1] + m[2], difference = m[1] - m[2];
  y[0] = (m[0] + sum) + (m[3] + m[4]);
  y[1] = fma(V(T(0.5)), m[3], fma(V(T(-2)), m[4], difference));
  y[2] = fma(V(T(0.25)), m[3], fma(V(T(4)), m[4], sum));
  y[3] = fma(V(T(0.125)), m[3], fma(V(T(-8)), m[4], difference)) + m[5];
}

/// G: u [6] = G g [3].
template <class T>
inline constexpr T kWeightTransform[6][3] = {
    {T(1), T(0), T(0)},
    {T(1) / 3, T(1) / 3, T(1) / 3},
    {T(-1) / 3, T(1) / 3, T(-1) / 3},
    {T(-16) / 15, T(-8) / 15, T(-4) / 15},
    {T(1) / 15, T(-2) / 15, T(4) / 15},
    {T(0), T(0), T(1)},
};

/// Row `row` of G g.
template <class V>
[[gnu::always_inline]] inline V transform_weight(const V (&g)[3], int row) {
  const auto& weight = kWeightTransform<typename V::value_type>[row];
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
  const auto& weight = kWeightTransform<typename V::value_type>;
  for (int tap = 0; tap < 3; ++tap) {
    g[tap] = V(weight[0][tap]) * u[0];
    for (int i = 1; i < 6; ++i) g[tap] = fma(V(weight[i][tap]), u[i], g[tap]);
  }
}

/// One tile of inputs, L channels: v[t * stride] = B' d B for the 6x6 vectors that pixel(row,
/// column) gives.
template <class Pixel>
[[gnu::always_inline]] inline void transform_tile_input(const Pixel& pixel, float* v,
                                                        int64_t stride) {
  Vec<float> half[kTileIn][kTileIn];  // [column][row], columns transformed
  for (int column = 0; column < kTileIn; ++column) {
    const Vec<float> d[6] = {pixel(0, column), pixel(1, column), pixel(2, column),
                             pixel(3, column), pixel(4, column), pixel(5, column)};
    transform_input(d, half[column]);
  }
  for (int row = 0; row < kTileIn; ++row) {
    const Vec<float> d[6] = {half[0][row], half[1][row], half[2][row],
                             half[3][row], half[4][row], half[5][row]};
    Vec<float> values[6];
    transform_input(d, values);
    for (int column = 0; column < kTileIn; ++column) {
      store(v + (row * kTileIn + column) * stride, values[column]);
    }
  }
}

/// Floats between the positions of a transformed array of `count` values: an odd number of cache
/// lines, since the 36 positions of a tile are written together and must not share cache sets.
inline int64_t position_stride(int64_t count) { return ((count + 15) / 16 | 1) * 16; }

/// The tiles of outputs [images, height, width], the last of a row or column hanging over.
struct TileGrid {
  int64_t images, height, width;
  int64_t down() const { return (height + kTileOut - 1) / kTileOut; }
  int64_t across() const { return (width + kTileOut - 1) / kTileOut; }
  int64_t count() const { return images * down() * across(); }
};

/// Where a tile lies: its image and its first output pixel.
struct TilePlace {
  int64_t image, row, column;
  TilePlace(const TileGrid& grid, int64_t tile)
      : image(tile / (grid.down() * grid.across())),
        row(tile / grid.across() % grid.down() * kTileOut),
        column(tile % grid.across() * kTileOut) {}
};

}  // namespace reel::cpu::REEL_ISA
