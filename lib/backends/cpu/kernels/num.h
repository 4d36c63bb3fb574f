#pragma once

// Vec<T> with the vocabulary in which elementwise formulas are written (tensor/ops/formula.h):
// operators that also take plain numbers, and functions found by argument-dependent lookup.

#include <cmath>
#include <limits>
#include <type_traits>

#include <reel/backends/cpu/kernels/elementary.h>

namespace reel::cpu::REEL_ISA {

/// As many floats or doubles as a register holds, as a value of a formula.
template <class T>
struct Num {
  Vec<T> v;

  Num(Vec<T> value) : v(value) {}
  template <class S>
  requires std::is_arithmetic_v<S> Num(S value) : v(static_cast<T>(value)) {}

  friend Num operator+(Num a, Num b) { return a.v + b.v; }
  friend Num operator-(Num a, Num b) { return a.v - b.v; }
  friend Num operator*(Num a, Num b) { return a.v * b.v; }
  friend Num operator/(Num a, Num b) { return divide(a.v, b.v); }
  friend Num operator-(Num a) { return -a.v; }
  friend Mask<T> operator<(Num a, Num b) { return a.v < b.v; }
  friend Mask<T> operator>(Num a, Num b) { return a.v > b.v; }
  friend Num where(Mask<T> condition, Num a, Num b) { return select(condition, a.v, b.v); }
  friend Num like(Num, double value) { return value; }
  friend Num maximum(Num a, Num b) { return max_nan(a.v, b.v); }
  friend Num minimum(Num a, Num b) { return min_nan(a.v, b.v); }

  friend Num abs(Num a) { return xsimd::abs(a.v); }
  friend Num ceil(Num a) { return xsimd::ceil(a.v); }
  friend Num floor(Num a) { return xsimd::floor(a.v); }
  friend Num trunc(Num a) { return xsimd::trunc(a.v); }
  friend Num round(Num a) { return xsimd::nearbyint(a.v); }
  friend Num sqrt(Num a) { return square_root(a.v); }
  friend Num exp(Num a) { return REEL_ISA::exp(a.v); }
  friend Num exp_not_large(Num a) { return REEL_ISA::exp_not_large(a.v); }
  friend Num expm1(Num a) { return REEL_ISA::expm1(a.v); }
  friend Num log(Num a) {
    if constexpr (std::is_same_v<T, float>) return REEL_ISA::log(a.v);
    return logarithm(a, 36.0436533891171560, [](auto v) { return xsimd::log(v); });
  }
  friend Num log2(Num a) {
    return logarithm(a, 52, [](auto v) { return xsimd::log2(v); });
  }
  friend Num log10(Num a) {
    return logarithm(a, 15.6535597745270225, [](auto v) { return xsimd::log10(v); });
  }
  /// xsimd's of -0 is 0.
  friend Num log1p(Num a) { return copy_sign(xsimd::log1p(a.v), a.v); }
  friend Num sin(Num a) { return xsimd::sin(a.v); }
  friend Num cos(Num a) { return xsimd::cos(a.v); }
  friend Num tan(Num a) { return xsimd::tan(a.v); }
  friend Num tanh(Num a) {
    if constexpr (std::is_same_v<T, float>) return REEL_ISA::tanh(a.v);
    return xsimd::tanh(a.v);
  }
  /// xsimd's is off by up to 70 units in the last place for doubles.
  friend Num erf(Num a) {
    if constexpr (std::is_same_v<T, float>) return REEL_ISA::erf(a.v);
    return each_lane(a, a, [](T x, T) { return std::erf(x); });
  }
  /// Exponents that everybody uses at the speed of a product, the others by the C library: a
  /// vectorised exp(b * log(a)) loses up to 20 bits, more than its speed is worth.
  friend Num pow(Num a, Num b) {
    const T exponent = first_lane<T>(b.v);
    if (xsimd::all(b.v == Vec<T>(exponent))) {
      if (exponent == 2) return a * a;
      if (exponent == 1) return a;
      if (exponent == T(0.5)) return sqrt(a);
      if (exponent == 3) return a * a * a;
      if (exponent == -1) return 1 / a;
      if (exponent == -2) return 1 / (a * a);
      if (exponent == T(-0.5)) return 1 / sqrt(a);
    }
    return each_lane(a, b, [](T x, T y) { return std::pow(x, y); });
  }

 private:
  /// xsimd's logarithms of denormal doubles are wrong: they are taken of 2^52 times as much.
  static Num logarithm(Num a, double of_scale, const auto& log) {
    if constexpr (std::is_same_v<T, double>) {
      const auto tiny = a.v < Vec<T>(std::numeric_limits<T>::min());
      if (xsimd::any(tiny)) {
        const Vec<T> scaled = select(tiny, a.v * Vec<T>(0x1p52), a.v);
        return log(scaled) - select(tiny, Vec<T>(of_scale), Vec<T>(0));
      }
    }
    return log(a.v);
  }
  template <class F>
  static Num each_lane(Num a, Num b, const F& f) {
    alignas(64) T x[kLanes<T>], y[kLanes<T>];
    store(x, a.v);
    store(y, b.v);
    for (int i = 0; i < kLanes<T>; ++i) x[i] = f(x[i], y[i]);
    return load(x);
  }
};

/// out[i] = f(in[i]...) for n elements; out may be one of the inputs. Floats go through Num, other
/// types through a loop that the compiler vectorises. kLong of a formula that takes long: it asks
/// for memory ahead, because the CPU by itself looks only a few such formulas further.
template <bool kLong = false, class T, class F, class... In>
inline void map(T* out, int64_t n, const F& f, const In*... in) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int64_t kStep = kLanes<T>, kAhead = 1024;
    // One body for whole and last vectors: formulas may be long.
    for (int64_t i = 0; i < n; i += kStep) {
      const bool whole = i + kStep <= n;
      const int count = static_cast<int>(n - i);
      const auto take = [&](const T* p) { return Num<T>(whole ? load(p) : load_n(p, count)); };
      if constexpr (kLong) {
        (__builtin_prefetch(in + i + kAhead), ...);
        __builtin_prefetch(out + i + kAhead, 1);
      }
      const Num<T> result = f(take(in + i)...);
      if (whole) {
        store(out + i, result.v);
      } else {
        store_n(out + i, result.v, count);
      }
    }
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(f(in[i]...));
  }
}

}  // namespace reel::cpu::REEL_ISA
