#pragma once

// The activation unit: __bang_active_*.
//
// The card interpolates in tables. Of these functions its documentation states the range of the
// argument, the mean relative error and the result outside the range. In the ideal mode the result
// is the nearest value; in the approximate mode (::bang::approximate) it is a straight line between
// points of the function, as far apart as the documented error allows, and the documented constant
// outside the range. Arguments outside an undefined part of the range count as its ends.
//
//   sigmoid         points 1/4 apart in [-7.75, 7.75]; 0 below, 1 above
//   tanh            points 1/8 apart in [-7.75, 7.75]; -1 and 1 outside
//   exp             points 1/4 apart in [-7.75, 10.25]; 5.96e-8 below
//   exp_less_0      points 1/8 apart in [-15.5, 0]; 5.96e-8 below
//   exphp           points 1/8 apart; float: [-15, 16], 3e-7 below; half: [-7.75, 10.25], 5.96e-8
//   gelu, gelup     points 1/16 apart from -3.875 on; -5.96e-8 below
//   sin, cos        points 1/16 apart in [-2 pi, 2 pi]
//   recip, rsqrt    16 points to a power of two in [0.00391, 63487] and [0.005, 63487]
//   reciphp         64 points to a power of two in [0.00391, 2e6], of half to 65504
//   rsqrthp         64 points to a power of two in [0.000367, 1e6], of half to 65504
//   recip_greater_1 16 points to a power of two in [1, 63487]
//   sqrt, sqrthp    8 and 16 points to a power of two up to 63487 and 677268
//   log, loghp      16 and 64 points to a power of two in [6.1e-5, 63484] and [7.2e-9, 507903]
//   pow2            integers in [-31, 31], of half in [-24, 15]
//   abs, relu, sign exact

#include <bang/arithmetic.h>
#include <bang/vector.h>

namespace bang {

constexpr double kSmallestHalf = 5.96e-8;

/// An interval [low, high] with tabulated points: `density` to one, or to each power of two.
/// `below` and `above` are the results outside; NaN: those of the ends.
struct Table {
  double low, high;
  int density;
  bool logarithmic = false;
  double below = __builtin_nan(""), above = __builtin_nan("");
};

/// The value at x of the line between the points of f on both sides of x.
template <class F>
BANG_HELPER double interpolate(const Table& table, double x, F f) {
  if (x < table.low) {
    if (table.below == table.below) return table.below;
    x = table.low;
  } else if (x > table.high) {
    if (table.above == table.above) return table.above;
    x = table.high;
  }
  double unit = 1;
  if (table.logarithmic) {
    if (x == 0) return f(x);
    int exponent = 0;
    __builtin_frexp(x, &exponent);
    unit = power_of_two(exponent - 1);
  }
  const double step = unit / table.density;
  const double left = __builtin_floor(x / step) * step;
  const double at_left = f(left);
  return at_left + (f(left + step) - at_left) * ((x - left) / step);
}

template <class F>
struct Exact {
  F f;
  BANG_HELPER double operator()(double x) const { return f(x); }
};
template <class F>
struct Interpolated {
  Table table;
  F f;
  BANG_HELPER double operator()(double x) const { return x == x ? interpolate(table, x, f) : x; }
};

/// f in the mode that is chosen.
template <class T, class F>
BANG_BUILTIN void activate(const char* name, Site site, T* dst, const T* src, int64_t count,
                           const Table& table, F f) {
  if (approximate()) {
    map(name, site, dst, src, count, kTableCycles, Interpolated<F>{table, f});
  } else {
    map(name, site, dst, src, count, kTableCycles, Exact<F>{f});
  }
}

BANG_BUILTIN double sigmoid(double x) { return 1 / (1 + __builtin_exp(-x)); }
BANG_BUILTIN double gelu(double x) {
  return 0.5 * x * (1 + __builtin_erf(x * 0.70710678118654752440));
}
BANG_BUILTIN double softplus(double x) {
  return (x > 0 ? x : 0) + __builtin_log1p(__builtin_exp(x > 0 ? -x : x));
}

template <class T>
constexpr bool is_half = sizeof(T) == 2;

struct Sign {
  template <class T>
  BANG_HELPER T operator()(T x) const {
    return x >= 0 ? T(1) : T(-1);
  }
};

}  // namespace bang

REEL_BANG_UNARY(__bang_active_abs, ::bang::Absolute, ::bang::kTableCycles)
REEL_BANG_UNARY(__bang_active_relu, ::bang::Relu, ::bang::kTableCycles)
REEL_BANG_UNARY(__bang_active_sign, ::bang::Sign, ::bang::kTableCycles)

#define REEL_BANG_ACTIVE(name, function, ...)                              \
  template <class T>                                                       \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, int elem_count, \
                         ::bang::Site site = ::bang::Site::here()) {       \
    ::bang::activate(                                                      \
        #name, site, dst, src, elem_count, ::bang::Table{__VA_ARGS__},     \
        [](double x) __attribute__((always_inline)) { return function; }); \
  }
REEL_BANG_ACTIVE(__bang_active_sigmoid, ::bang::sigmoid(x), -7.75, 7.75, 4, false, 0, 1)
// Its table is not documented: four times as dense as that of sigmoid.
REEL_BANG_ACTIVE(__bang_active_sigmoid_hp, ::bang::sigmoid(x), -15.5, 15.5, 16)
REEL_BANG_ACTIVE(__bang_active_tanh, __builtin_tanh(x), -7.75, 7.75, 8, false, -1, 1)
REEL_BANG_ACTIVE(__bang_active_exp, __builtin_exp(x), -7.75, 10.25, 4, false, ::bang::kSmallestHalf)
REEL_BANG_ACTIVE(__bang_active_exp_less_0, __builtin_exp(x), -15.5, 0, 8, false,
                 ::bang::kSmallestHalf)
REEL_BANG_ACTIVE(__bang_active_exphp, __builtin_exp(x), ::bang::is_half<T> ? -7.75 : -15,
                 ::bang::is_half<T> ? 10.25 : 16, 8, false,
                 ::bang::is_half<T> ? ::bang::kSmallestHalf : 3e-7)
REEL_BANG_ACTIVE(__bang_active_gelu, ::bang::gelu(x), -3.875, 3.4e38, 16, false,
                 -::bang::kSmallestHalf)
REEL_BANG_ACTIVE(__bang_active_gelup, ::bang::gelu(x), -3.875, 3.4e38, 16, false,
                 -::bang::kSmallestHalf)
REEL_BANG_ACTIVE(__bang_active_sin, __builtin_sin(x), -6.283186, 6.283186, 16)
REEL_BANG_ACTIVE(__bang_active_cos, __builtin_cos(x), -6.283186, 6.283186, 16)
REEL_BANG_ACTIVE(__bang_active_recip, 1 / x, 0.00391, 63487, 16, true)
REEL_BANG_ACTIVE(__bang_active_reciphp, 1 / x, 0.00391, ::bang::is_half<T> ? 65504 : 2e6, 64, true)
REEL_BANG_ACTIVE(__bang_active_recip_greater_1, 1 / x, 1, 63487, 16, true)
REEL_BANG_ACTIVE(__bang_active_rsqrt, 1 / __builtin_sqrt(x), 0.005, 63487, 16, true)
REEL_BANG_ACTIVE(__bang_active_rsqrthp, 1 / __builtin_sqrt(x), 0.000367,
                 ::bang::is_half<T> ? 65504 : 1e6, 64, true)
REEL_BANG_ACTIVE(__bang_active_sqrt, __builtin_sqrt(x), 0, 63487, 8, true)
REEL_BANG_ACTIVE(__bang_active_sqrthp, __builtin_sqrt(x), 0, ::bang::is_half<T> ? 65504 : 677268,
                 16, true)
REEL_BANG_ACTIVE(__bang_active_log, __builtin_log(x), 6.1e-5, 63484, 16, true)
REEL_BANG_ACTIVE(__bang_active_loghp, __builtin_log(x), ::bang::is_half<T> ? 6.1e-5 : 7.2e-9,
                 ::bang::is_half<T> ? 65504 : 507903, 64, true)
REEL_BANG_ACTIVE(__bang_active_pow2, __builtin_exp2(x), ::bang::is_half<T> ? -24 : -31,
                 ::bang::is_half<T> ? 15 : 31, 1)
#undef REEL_BANG_ACTIVE

// Taylor series of 3 and 4 terms, documented to the precision of float: the nearest value here.
// aux1 and aux2 are working space as large as src.
#define REEL_BANG_TAYLOR(name, function)                                           \
  template <class T>                                                               \
  BANG_BUILTIN void name(T* dst, ::bang::As<const T*> src, ::bang::As<const T*>,   \
                         ::bang::As<const T*>, int elem_count,                     \
                         ::bang::Site site = ::bang::Site::here()) {               \
    ::bang::map(                                                                   \
        #name, site, dst, src, elem_count, ::bang::kTrigonometricCycles,           \
        [](double x) __attribute__((always_inline)) { return double{function}; }); \
  }
REEL_BANG_TAYLOR(__bang_taylor3_sin, __builtin_sin(x))
REEL_BANG_TAYLOR(__bang_taylor4_sin, __builtin_sin(x))
REEL_BANG_TAYLOR(__bang_taylor3_cos, __builtin_cos(x))
REEL_BANG_TAYLOR(__bang_taylor4_cos, __builtin_cos(x))
REEL_BANG_TAYLOR(__bang_taylor3_tanh, __builtin_tanh(x))
REEL_BANG_TAYLOR(__bang_taylor4_tanh, __builtin_tanh(x))
REEL_BANG_TAYLOR(__bang_taylor3_sigmoid, ::bang::sigmoid(x))
REEL_BANG_TAYLOR(__bang_taylor4_sigmoid, ::bang::sigmoid(x))
REEL_BANG_TAYLOR(__bang_taylor3_softplus, ::bang::softplus(x))
REEL_BANG_TAYLOR(__bang_taylor4_softplus, ::bang::softplus(x))
#undef REEL_BANG_TAYLOR
