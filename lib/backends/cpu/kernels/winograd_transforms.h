#pragma once

#include <algorithm>
#include <cstdint>

#include <reel/backends/cpu/kernels/unroll.h>
#include <reel/backends/cpu/vec.h>

// Winograd's minimal filtering (Lavin and Gray, 2015, arXiv:1509.09308) of a 3-tap filter: F(4, 3)
// gives 4 outputs from 6 inputs by 6 multiplications, F(6, 3) gives 6 from 8 by 8. The polynomials
// are evaluated at 0, 1, -1, infinity, 1/2 and -2, which lose fewer digits than the usual 0, +-1,
// +-2 (Barabasz et al., 2020, arXiv:1803.10986); those of F(6, 3) at -1/2 and 2, too.
//
// So the points of F(4, 3) are the first of those of F(6, 3), and four are enough for F(2, 3).
// Where of a tile of F(6, 3) at most four outputs or two are within the edge, it is computed at
// fewer points, with the same transformed weights: as a tile of F(4, 3) or F(2, 3).
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
  v[3] = fma(one_and_half, e2, e3 - e1);
  v[4] = fma(two, e1, e2);
  v[5] = fma(minus_half, e1, e2);
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
  v[4] = fma(half, odd_half, even_half);
  v[6] = fma(-half, odd_half, even_half);
  const V even_two = fma(quarter, e2, e4), odd_two = fma(quarter, e1, e3);
  v[7] = fma(two, odd_two, even_two);
  v[5] = fma(-two, odd_two, even_two);
  v[3] = fma(sum, e3, e5 + e1);
}

/// The same at fewer points, of as many inputs. What G makes of a weight there is a multiple of
/// what that of F(4, 3) or F(2, 3) would, and v is divided by it.
template <class V>
[[gnu::always_inline]] inline void transform_input_4(const V (&d)[8], V (&v)[8]) {
  using T = typename V::value_type;
  const V half(T(0.5)), one_and_half(T(1.5)), middle(T(-2.25));
  const V e0 = d[2] - d[0], e1 = d[3] - d[1], e2 = d[4] - d[2], e3 = d[5] - d[3];
  const V lower = fma(middle, d[2], fma(-half, e1, -e1));
  const V upper = fma(middle, d[3], fma(-half, e2, -e2));
  const V at_half = fma(V(T(2)), e1, e2), at_two = fma(-half, e1, e2);
  v[0] = fma(-one_and_half, e1, e0 - e2);
  v[1] = upper + lower;
  v[2] = lower - upper;
  v[3] = fma(one_and_half, e2, e3 - e1);
  v[4] = fma(-half, at_half, -at_half);
  v[5] = fma(V(T(4)), at_two, at_two + at_two);
}
template <class V>
[[gnu::always_inline]] inline void transform_input_2(const V (&d)[8], V (&v)[8]) {
  using T = typename V::value_type;
  const V zero(T(0)), middle(T(-2.25));
  v[0] = d[2] - d[0];
  v[1] = fma(middle, d[1], zero) + fma(middle, d[2], zero);
  v[2] = fma(middle, d[2] - d[1], zero);
  v[3] = d[3] - d[1];
}

/// The one that has so many points.
template <class V>
[[gnu::always_inline]] inline void transform_input(int points, const V (&d)[6], V (&v)[6]) {
  static_cast<void>(points);  // always all
  transform_input(d, v);
}
template <class V>
[[gnu::always_inline]] inline void transform_input(int points, const V (&d)[8], V (&v)[8]) {
  if (points == 8) return transform_input(d, v);
  if (points == 6) return transform_input_4(d, v);
  transform_input_2(d, v);
}

/// y = A' m.
template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[6], V (&y)[4]) {
  using T = typename V::value_type;
  const V sum = m[1] + m[2], difference = m[1] - m[2];
  y[0] = (m[0] + sum) + (m[4] + m[5]);
  y[1] = fma(V(T(0.5)), m[4], fma(V(T(-2)), m[5], difference));
  y[2] = fma(V(T(0.25)), m[4], fma(V(T(4)), m[5], sum));
  y[3] = fma(V(T(0.125)), m[4], fma(V(T(-8)), m[5], difference)) + m[3];
}

template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[8], V (&y)[6]) {
  using T = typename V::value_type;
  const V sum = m[1] + m[2], difference = m[1] - m[2];
  const V sum_half = m[4] + m[6], difference_half = m[4] - m[6];
  const V sum_two = m[7] + m[5], difference_two = m[7] - m[5];
  const auto power = [&](const V& one, const V& half, const V& two, T at_half, T at_two)
      __attribute__((always_inline)) {
    return fma(V(at_half), half, fma(V(at_two), two, one));
  };
  y[0] = (m[0] + sum) + (sum_half + sum_two);
  y[1] = power(difference, difference_half, difference_two, T(0.5), T(2));
  y[2] = power(sum, sum_half, sum_two, T(0.25), T(4));
  y[3] = power(difference, difference_half, difference_two, T(0.125), T(8));
  y[4] = power(sum, sum_half, sum_two, T(0.0625), T(16));
  y[5] = power(difference, difference_half, difference_two, T(0.03125), T(32)) + m[3];
}

/// The one of the tile that has so many points: the other outputs are not written.
template <class V>
[[gnu::always_inline]] inline void transform_output(int points, const V (&m)[6], V (&y)[4]) {
  static_cast<void>(points);  // always all
  transform_output(m, y);
}
template <class V>
[[gnu::always_inline]] inline void transform_output(int points, const V (&m)[8], V (&y)[6]) {
  if (points == 8) return transform_output(m, y);
  if (points == 6) {
    const V of_points[6] = {m[0], m[1], m[2], m[3], m[4], m[5]};
    V outputs[4];
    transform_output(of_points, outputs);
    for (int i = 0; i < 4; ++i) y[i] = outputs[i];
    return;
  }
  y[0] = m[0] + (m[1] + m[2]);
  y[1] = (m[1] - m[2]) + m[3];
}

/// G: u = G g [3].
template <class T, int kOut>
inline constexpr T kWeightTransform[kOut + 2][3] = {};
template <class T>
inline constexpr T kWeightTransform<T, 4>[6][3] = {
    {T(1), T(0), T(0)}, {T(1) / 3, T(1) / 3, T(1) / 3},        {T(-1) / 3, T(1) / 3, T(-1) / 3},
    {T(0), T(0), T(1)}, {T(-16) / 15, T(-8) / 15, T(-4) / 15}, {T(1) / 15, T(-2) / 15, T(4) / 15},
};
template <class T>
inline constexpr T kWeightTransform<T, 6>[8][3] = {
    {T(-1), T(0), T(0)},
    {T(-2) / 9, T(-2) / 9, T(-2) / 9},
    {T(-2) / 9, T(2) / 9, T(-2) / 9},
    {T(0), T(0), T(1)},
    {T(32) / 45, T(16) / 45, T(8) / 45},
    {T(1) / 90, T(-1) / 45, T(2) / 45},
    {T(32) / 45, T(-16) / 45, T(8) / 45},
    {T(1) / 90, T(1) / 45, T(2) / 45},
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
  m[3] = y[3];
  m[4] = fma(V(T(0.125)), y[3], fma(V(T(0.25)), y[2], fma(V(T(0.5)), y[1], y[0])));
  m[5] = fma(V(T(-8)), y[3], fma(V(T(4)), y[2], fma(V(T(-2)), y[1], y[0])));
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

/// How many of the points a tile has along each axis, the first ones.
struct TilePoints {
  int down, across;
  bool has(int64_t row, int64_t column) const { return row < down && column < across; }
};
template <int kOut>
inline constexpr TilePoints kAllPoints = {kOut + 2, kOut + 2};

/// One tile of inputs, L channels: v[t * stride] = B' d B for the vectors that pixel(row, column)
/// gives, at its points.
template <int kOut = kTileOut, class Pixel>
[[gnu::always_inline]] inline void transform_tile_input(const Pixel& pixel, float* v,
                                                        int64_t stride,
                                                        TilePoints points = kAllPoints<kOut>) {
  constexpr int kIn = WinogradTile<kOut>::kIn;
  Vec<float> half[kIn][kIn];  // [column][row], columns transformed
  for (int column = 0; column < points.across; ++column) {
    Vec<float> d[kIn];
    unroll<kIn>([&](auto row) __attribute__((always_inline)) { d[row] = pixel(row, column); });
    transform_input(points.down, d, half[column]);
  }
  for (int row = 0; row < points.down; ++row) {
    Vec<float> d[kIn], values[kIn];
    unroll<kIn>([&](auto column) __attribute__((always_inline)) { d[column] = half[column][row]; });
    transform_input(points.across, d, values);
    unroll<kIn>([&](auto column) __attribute__((always_inline)) {
      if (column < points.across) store(v + (row * kIn + column) * stride, values[column]);
    });
  }
}

/// One tile of outputs, L channels: put(row, column, value) of y = A' m A + bias. Of a tile with
/// fewer points those that it does not reach are undefined.
template <int kOut, class Put>
[[gnu::always_inline]] inline void transform_tile_output(const float* m, int64_t stride,
                                                         const Vec<float>& bias, const Put& put,
                                                         TilePoints points = kAllPoints<kOut>) {
  constexpr int kIn = WinogradTile<kOut>::kIn;
  Vec<float> half[kIn][kOut];  // [column][row], columns transformed
  for (int column = 0; column < points.across; ++column) {
    Vec<float> values[kIn];
    unroll<kIn>([&](auto row) __attribute__((always_inline)) {
      if (row < points.down) values[row] = load(m + (row * kIn + column) * stride);
    });
    transform_output(points.down, values, half[column]);
  }
  for (int row = 0; row < points.down - 2; ++row) {
    Vec<float> values[kIn], y[kOut];
    unroll<kIn>([&](auto column)
                    __attribute__((always_inline)) { values[column] = half[column][row]; });
    transform_output(points.across, values, y);
    unroll<kOut>([&](auto column) __attribute__((always_inline)) {
      if (column < points.across - 2) put(row, column, y[column] + bias);
    });
  }
}

/// Floats between the positions of a transformed array of `count` values: an odd number of cache
/// lines, since the positions of a tile are written together and must not share cache sets.
inline int64_t position_stride(int64_t count) { return ((count + 15) / 16 | 1) * 16; }

/// Tiles with the same points: those of some rows and columns of each image.
struct TileSection {
  int64_t row, column, down, across;
  TilePoints points;
  int64_t count(int64_t images) const { return images * down * across; }
  int64_t products_of_tile() const { return int64_t{points.down} * points.across; }
};

/// The tiles of outputs [images, height, width], the last of a row or column hanging over: by so
/// much that fewer points are enough, or as a whole tile. Tiles with the same points follow each
/// other.
struct TileGrid {
  int64_t images, height, width;
  int64_t side = kTileOut;
  int64_t down() const { return (height + side - 1) / side; }
  int64_t across() const { return (width + side - 1) / side; }
  int64_t count() const { return images * down() * across(); }
  /// The three of them: whole tiles, the last column and, without its corner, the last row. (The
  /// corner would do with fewer points still, but be a panel of its own.)
  static constexpr int kSections = 3;
  TileSection section(int number) const {
    const Axis rows = axis(height), columns = axis(width);
    const int all = static_cast<int>(side) + 2;
    if (number == 0) return {0, 0, rows.whole, columns.whole, {all, all}};
    if (number == 1) {
      return {0, columns.whole, down(), across() - columns.whole, {all, columns.points}};
    }
    return {rows.whole, 0, down() - rows.whole, columns.whole, {rows.points, all}};
  }
  /// The products, of one input with one output channel, of all tiles.
  int64_t products() const {
    int64_t sum = 0;
    for (int i = 0; i < kSections; ++i) {
      sum += section(i).count(images) * section(i).products_of_tile();
    }
    return sum;
  }
  /// The tile before which there are so many of them, but for a part of its own.
  int64_t tile_after(int64_t products) const {
    int64_t tile = 0;
    for (int i = 0; i < kSections; ++i) {
      const TileSection of = section(i);
      const int64_t tiles = std::min(products / of.products_of_tile(), of.count(images));
      tile += tiles;
      products -= tiles * of.products_of_tile();
      if (tiles < of.count(images)) break;
    }
    return tile;
  }

 private:
  // Along an axis: tiles with all points, and those of the last tile if it is none of them.
  struct Axis {
    int64_t whole;
    int points;
  };
  Axis axis(int64_t outputs) const {
    const int64_t tiles = (outputs + side - 1) / side, left = outputs - (tiles - 1) * side;
    const int all = static_cast<int>(side) + 2;
    const int points = side < 6 || left > 4 ? all : left > 2 ? 6 : 4;
    return {points < all ? tiles - 1 : tiles, points};
  }
};

/// Where a tile lies, its image and its first output pixel, and its points.
struct TilePlace {
  int64_t image, row, column;
  TilePoints points;
  TilePlace(const TileGrid& grid, int64_t tile) {
    TileSection section = grid.section(0);
    for (int i = 1; tile >= section.count(grid.images); ++i) {
      tile -= section.count(grid.images);
      section = grid.section(i);
    }
    image = tile / (section.down * section.across);
    row = (section.row + tile / section.across % section.down) * grid.side;
    column = (section.column + tile % section.across) * grid.side;
    points = section.points;
  }
};

}  // namespace reel::cpu::REEL_ISA
