#pragma once

// Sums and extrema of consecutive elements: in vector registers for blocks of a fixed length, whose
// results are combined in order. So float sums err like short sums, and nothing depends on the
// number of threads.

#include <algorithm>
#include <limits>
#include <type_traits>

#include <reel/backends/cpu/kernels/num.h>

namespace reel::cpu::REEL_ISA {

/// The type in which the sums of blocks of T are combined.
template <class T>
using Total = std::conditional_t<std::is_floating_point_v<T>, double, T>;

struct SumFold {
  template <class T>
  static constexpr T identity() {
    return 0;
  }
  static auto combine(const auto& a, const auto& b) { return a + b; }
};
struct ProdFold {
  template <class T>
  static constexpr T identity() {
    return 1;
  }
  static auto combine(const auto& a, const auto& b) { return a * b; }
};
struct MaxFold {
  template <class T>
  static constexpr T identity() {
    return std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                       : std::numeric_limits<T>::lowest();
  }
  template <class T>
  static T combine(const T& a, const T& b) {
    if constexpr (std::is_arithmetic_v<T>) {
      return a > b || a != a ? a : b;
    } else {
      return maximum(a, b);
    }
  }
};
struct MinFold {
  template <class T>
  static constexpr T identity() {
    return std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity()
                                       : std::numeric_limits<T>::max();
  }
  template <class T>
  static T combine(const T& a, const T& b) {
    if constexpr (std::is_arithmetic_v<T>) {
      return a < b || a != a ? a : b;
    } else {
      return minimum(a, b);
    }
  }
};
/// The extremum of the numbers, whatever NaN is among them.
struct MaxNumberFold {
  template <class T>
  static constexpr T identity() {
    return MaxFold::identity<T>();
  }
  template <class T>
  static Num<T> combine(const Num<T>& best, const Num<T>& next) {
    return larger(next.v, best.v);
  }
};
struct MinNumberFold {
  template <class T>
  static constexpr T identity() {
    return MinFold::identity<T>();
  }
  template <class T>
  static Num<T> combine(const Num<T>& best, const Num<T>& next) {
    return smaller(next.v, best.v);
  }
};

/// Combines f(in[0][i], in[1][i], ...) for n consecutive elements of float or double.
template <class Fold, class T, class F, class... In>
inline Total<T> fold_map(int64_t n, const F& f, const In*... in) {
  constexpr int64_t kStep = kLanes<T>;
  constexpr int64_t kBlock = 64 * kStep;
  Total<T> total = Fold::template identity<Total<T>>();
  const auto combine_lanes = [&](const Num<T>& lanes) {
    const T block = reduce_lanes<T>(lanes.v, [](const Vec<T>& a, const Vec<T>& b) {
      return Fold::combine(Num<T>(a), Num<T>(b)).v;
    });
    total = Fold::combine(total, static_cast<Total<T>>(block));
  };
  int64_t i = 0;
  while (n - i >= 4 * kStep) {
    const int64_t end = i + std::min(kBlock, (n - i) / (4 * kStep) * (4 * kStep));
    Num<T> a = f(Num<T>(load(in + i))...);
    Num<T> b = f(Num<T>(load(in + i + kStep))...);
    Num<T> c = f(Num<T>(load(in + i + 2 * kStep))...);
    Num<T> d = f(Num<T>(load(in + i + 3 * kStep))...);
    for (i += 4 * kStep; i < end; i += 4 * kStep) {
      a = Fold::combine(a, f(Num<T>(load(in + i))...));
      b = Fold::combine(b, f(Num<T>(load(in + i + kStep))...));
      c = Fold::combine(c, f(Num<T>(load(in + i + 2 * kStep))...));
      d = Fold::combine(d, f(Num<T>(load(in + i + 3 * kStep))...));
    }
    combine_lanes(Fold::combine(Fold::combine(a, b), Fold::combine(c, d)));
  }
  if (i < n) {
    constexpr T kIdentity = Fold::template identity<T>();
    Num<T> rest = kIdentity;
    for (; i + kStep <= n; i += kStep) rest = Fold::combine(rest, f(Num<T>(load(in + i))...));
    if (i < n) {
      const int count = static_cast<int>(n - i);
      const Num<T> last = f(Num<T>(load_n(in + i, count))...);
      rest = Fold::combine(rest, Num<T>(first_or(last.v, count, kIdentity)));
    }
    combine_lanes(rest);
  }
  return total;
}

/// Of the lanes of a and b, those whose number has no bit kBit (kUpper: those with it): a's in the
/// lanes without that bit, b's in the others.
template <int kBit, bool kUpper, class T, int... kI>
inline Vec<T> halves_of(const Vec<T>& a, const Vec<T>& b, std::integer_sequence<int, kI...>) {
  using Lanes [[gnu::vector_size(sizeof(Vec<T>))]] = T;
  constexpr int kAdded = kUpper ? kBit : 0;
  return std::bit_cast<Vec<T>>(
      __builtin_shufflevector(std::bit_cast<Lanes>(a), std::bit_cast<Lanes>(b),
                              ((kI & ~kBit) + kAdded + ((kI & kBit) != 0 ? kLanes<T> : 0))...));
}

/// Lane r is reduce_lanes(rows[r], combine), for as many rows as there are lanes; overwrites them.
/// The reductions share their steps, so that one takes no longer than a few instructions.
template <class T, int kHalf = kLanes<T> / 2, class Combine>
inline Vec<T> reduce_rows(Vec<T>* rows, const Combine& combine) {
  if constexpr (kHalf == 0) {
    return rows[0];
  } else {
    constexpr auto kAll = std::make_integer_sequence<int, kLanes<T>>();
#pragma GCC unroll 8
    for (int i = 0; i < kHalf; ++i) {
      const Vec<T>& other = rows[i + kHalf];
      rows[i] = combine(halves_of<kHalf, false, T>(rows[i], other, kAll),
                        halves_of<kHalf, true, T>(rows[i], other, kAll));
    }
    return reduce_rows<T, kHalf / 2>(rows, combine);
  }
}

/// Rows of at most this many elements are folded together, as many as a vector has lanes: alone,
/// each would wait for its own last steps.
template <class T>
inline constexpr int64_t kShortRow = 16 * kLanes<T>;

/// Lane r combines read(r, i, m), elements i to i + m - 1 of row r as the first m lanes, for all of
/// its n > 0 elements. The first `count` lanes count, 0 < count <= kLanes.
template <class Fold, class T, class Read>
inline Num<T> fold_rows(int count, int64_t n, const Read& read) {
  constexpr int64_t kStep = kLanes<T>;
  constexpr T kIdentity = Fold::template identity<T>();
  Vec<T> rows[kStep];
  for (int r = count; r < kStep; ++r) rows[r] = broadcast(kIdentity);
  for (int r = 0; r < count; ++r) {
    Num<T> row = kIdentity;
    int64_t i = 0;
    for (; i + kStep <= n; i += kStep) row = Fold::combine(row, read(r, i, int{kStep}));
    if (i < n) {
      const int m = static_cast<int>(n - i);
      row = Fold::combine(row, Num<T>(first_or(read(r, i, m).v, m, kIdentity)));
    }
    rows[r] = row.v;
  }
  return reduce_rows<T>(
      rows, [](const Vec<T>& a, const Vec<T>& b) { return Fold::combine(Num<T>(a), Num<T>(b)).v; });
}

/// The first m elements as lanes, 0 < m <= kLanes.
template <class T>
inline Num<T> load_part(const T* p, int m) {
  return m == kLanes<T> ? load(p) : load_n(p, m);
}
template <class T>
inline void store_part(T* p, const Num<T>& value, int m) {
  m == kLanes<T> ? store(p, value.v) : store_n(p, value.v, m);
}

/// Calls body(i, m) for elements i to i + m - 1 of n, whole vectors and then what is left.
template <class T, class Body>
inline void for_parts(int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) body(i, kLanes<T>);
  if (i < n) body(i, static_cast<int>(n - i));
}

/// Combines n consecutive elements.
template <class Fold, class T>
inline Total<T> fold_run(const T* x, int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    // A few doubles are added in order, as LibTorch does: where they cancel, another order shows.
    if (n >= kLanes<T> * (sizeof(T) == 8 ? 4 : 1)) {
      return fold_map<Fold, T>(
          n, [](const Num<T>& value) { return value; }, x);
    }
  }
  Total<T> total = Fold::template identity<Total<T>>();
  for (int64_t i = 0; i < n; ++i) {
    total = static_cast<Total<T>>(Fold::combine(total, static_cast<Total<T>>(x[i])));
  }
  return total;
}

}  // namespace reel::cpu::REEL_ISA
