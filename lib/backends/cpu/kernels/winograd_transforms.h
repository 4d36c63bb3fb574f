#pragma once

#include <reel/backends/cpu/vec.h>

// Winograd's minimal filtering F(4, 3) (Lavin and Gray, 2015, arXiv:1509.09308): 4 outputs of a
// 3-tap filter from 6 inputs by 6 multiplications. The polynomials are evaluated at 0, +-a, +-b
// and infinity with a = sqrt(1/2), b = sqrt(2): products that are closer to 1 than those of the
// usual 0, +-1, +-2 lose about half as many digits, at the same cost.

namespace reel::cpu::REEL_ISA {

inline constexpr int kTileIn = 6, kTileOut = 4, kPositions = kTileIn * kTileIn;

template <class T>
inline constexpr T kPointA = T(0.70710678118654752440);
template <class T>
inline constexpr T kPointB = T(1.41421356237309504880);

/// v [6] = B' d [6].
template <class V>
[[gnu::always_inline]] inline void transform_input(const V (&d)[6], V (&v)[6]) {
  using T = typename V::value_type;
  const V two_and_half(T(-2.5)), two(T(-2)), half(T(-0.5)), a(kPointA<T>), b(kPointB<T>);
  const V even_a = fma(two, d[2], d[4]), odd_a = fma(two, d[1], d[3]) * a;
  const V even_b = fma(half, d[2], d[4]), odd_b = fma(half, d[1], d[3]) * b;
  v[0] = fma(two_and_half, d[2], d[0] + d[4]);
  v[1] = even_a + odd_a;
  v[2] = even_a - odd_a;
  v[3] = even_b + odd_b;
  v[4] = even_b - odd_b;
  v[5] = fma(two_and_half, d[3], d[1] + d[5]);
}

/// y [4] = A' m [6].
template <class V>
[[gnu::always_inline]] inline void transform_output(const V (&m)[6], V (&y)[4]) {
  using T = typename V::value_type;
  const V a(kPointA<T>), b(kPointB<T>), half(T(0.5)), two(T(2));
  const V sum_a = m[1] + m[2], difference_a = (m[1] - m[2]) * a;
  const V sum_b = m[3] + m[4], difference_b = (m[3] - m[4]) * b;
  y[0] = m[0] + sum_a + sum_b;
  y[1] = difference_a + difference_b;
  y[2] = fma(half, sum_a, sum_b + sum_b);
  y[3] = fma(half, difference_a, fma(two, difference_b, m[5]));
}

/// u [6] = G g [3].
template <class V>
[[gnu::always_inline]] inline void transform_weight(const V (&g)[3], V (&u)[6]) {
  using T = typename V::value_type;
  const V a(kPointA<T>), b(kPointB<T>), half(T(0.5)), two(T(2));
  const V scale_a(T(-2) / T(3)), scale_b(T(1) / T(6));
  const V even_a = (g[0] + half * g[2]) * scale_a, odd_a = a * g[1] * scale_a;
  const V even_b = (g[0] + two * g[2]) * scale_b, odd_b = b * g[1] * scale_b;
  u[0] = g[0];
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = g[2];
}

}  // namespace reel::cpu::REEL_ISA
