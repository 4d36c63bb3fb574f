#include <algorithm>
#include <array>

#include <reel/backends/cpu/kernels/line_filter.h>
#include <reel/backends/cpu/kernels/unroll.h>
#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;

// F(4, 5) and F(3, 7). The latter's points are among the best of 2902 sets of such fractions, which
// are exact in float; F(2, 7) has half its error, F(4, 7) 1.3 times.
template <int kTapCount>
struct Points {
  static constexpr int kTaps = kTapCount, kOut = kTaps == 5 ? 4 : 3, kIn = kOut + kTaps - 1;
  static constexpr int kFinite = kIn - 1, kOne = 1;  // the place of the point 1
  // Of a weight's gradient: the error of one sum grows with the root of its length.
  static constexpr int64_t kLongestSum = kTaps == 5 ? 768 : 256;
  static constexpr std::array<double, 8> kPoints =
      kTaps == 5 ? std::array<double, 8>{0, 1, -1, 0.5, -0.5, 2, -2}
                 : std::array<double, 8>{0, 1, -1, 0.75, -0.75, 2, -2, 0.25};

  static constexpr double power(int point, int exponent) {
    double result = 1;
    for (int i = 0; i < exponent; ++i) result *= kPoints[static_cast<size_t>(point)];
    return result;
  }
  // Row j of B', divided by x - 1 as all but that of the point 1 can be: the coefficients, lowest
  // first, of the product of (x - q) over all points q but 1 and its own.
  static constexpr std::array<double, kIn> input(int j) {
    std::array<double, kIn> product{1};
    for (int q = 0; q < kFinite; ++q) {
      if (q == j || q == kOne) continue;
      for (size_t i = kIn; i-- > 0;) {
        product[i] = (i > 0 ? product[i - 1] : 0) - power(q, 1) * product[i];
      }
    }
    return product;
  }
  // A.
  static constexpr double output(int j, int i) {
    return j < kFinite ? power(j, i) : i == kOut - 1 ? 1 : 0;
  }
  // G.
  static constexpr double weight(int j, int tap) {
    if (j == kFinite) return tap == kTaps - 1 ? 1 : 0;
    double scale = 1;
    for (int q = 0; q < kFinite; ++q) scale *= q == j ? 1 : power(j, 1) - power(q, 1);
    return power(j, tap) / scale;
  }
};

// The sum of factor(i) * values[i] over i < kCount; no product where the factor is 0.
template <int kCount, class T, class Factor>
[[gnu::always_inline]] inline Vec<T> weighted_sum(const Vec<T>* values, const Factor&) {
  Vec<T> sum = broadcast(T(0));
  unroll<kCount>([&](auto i) __attribute__((always_inline)) {
    constexpr auto kFactor = static_cast<T>(Factor{}(i));
    if constexpr (kFactor != 0) sum = fma(broadcast(kFactor), values[i], sum);
  });
  return sum;
}

// v = B' d, where it is not the point 1's by differences: equal inputs give exact zeros there, and
// so equal outputs, as in a direct convolution.
template <class F>
[[gnu::always_inline]] inline void transform_input(const Vec<float> (&d)[F::kIn],
                                                   Vec<float> (&v)[F::kIn]) {
  Vec<float> differences[F::kFinite];
  for (int i = 0; i < F::kFinite; ++i) differences[i] = d[i + 1] - d[i];
  unroll<F::kIn>([&](auto j) __attribute__((always_inline)) {
    v[j] = weighted_sum<F::kFinite>(j == F::kOne ? d : differences,
                                    [](auto i) { return F::input(decltype(j)::value)[i]; });
  });
}
// y = A' m.
template <class F>
[[gnu::always_inline]] inline void transform_output(const Vec<float> (&m)[F::kIn],
                                                    Vec<float> (&y)[F::kOut]) {
  unroll<F::kOut>([&](auto i) __attribute__((always_inline)) {
    y[i] = weighted_sum<F::kIn>(m, [](auto j) { return F::output(j, decltype(i)::value); });
  });
}
// Its adjoint, m = A y.
template <class F>
[[gnu::always_inline]] inline void transform_output_adjoint(const Vec<float> (&y)[F::kOut],
                                                            Vec<float> (&m)[F::kIn]) {
  unroll<F::kIn>([&](auto j) __attribute__((always_inline)) {
    m[j] = weighted_sum<F::kOut>(y, [](auto i) { return F::output(decltype(j)::value, i); });
  });
}
// w = G' u.
template <class F>
[[gnu::always_inline]] inline void transform_weight_adjoint(const Vec<float> (&u)[F::kIn],
                                                            Vec<float> (&w)[F::kTaps]) {
  unroll<F::kTaps>([&](auto tap) __attribute__((always_inline)) {
    w[tap] = weighted_sum<F::kIn>(u, [](auto j) { return F::weight(j, decltype(tap)::value); });
  });
}

int lanes_from(int64_t channel, int64_t channels) {
  return static_cast<int>(std::min<int64_t>(kL, channels - channel));
}

template <class F>
void inputs(const float* x, const LineTile& tile, int64_t channels, float* v) {
  if (tile.begin == tile.end) return static_cast<void>(std::fill_n(v, F::kIn * channels, 0.0f));
  for (int64_t c = 0; c < channels; c += kL) {
    const int lanes = lanes_from(c, channels);
    Vec<float> d[F::kIn], values[F::kIn];
    for (int i = 0; i < F::kIn; ++i) {
      const bool inside = i >= tile.begin && i < tile.end;
      d[i] = inside ? load_n(x + i * tile.stride + c, lanes) : broadcast(0.0f);
    }
    transform_input<F>(d, values);
    for (int j = 0; j < F::kIn; ++j) store_n(v + j * channels + c, values[j], lanes);
  }
}

template <class F>
void outputs(const float* m, int64_t channels, const float* bias, bool relu, float* y,
             const LineTile& tile) {
  for (int64_t c = 0; c < channels; c += kL) {
    const int lanes = lanes_from(c, channels);
    const Vec<float> zero = broadcast(0.0f);
    const Vec<float> start = bias == nullptr ? zero : load_n(bias + c, lanes);
    Vec<float> values[F::kIn], results[F::kOut];
    for (int j = 0; j < F::kIn; ++j) values[j] = load_n(m + j * channels + c, lanes);
    transform_output<F>(values, results);
    for (int i = 0; i < tile.end; ++i) {
      const Vec<float> result = results[i] + start;
      store_n(y + i * tile.stride + c, relu ? select(result < zero, zero, result) : result, lanes);
    }
  }
}

template <class F>
void output_grads(const float* g, const LineTile& tile, int64_t channels, float* m) {
  for (int64_t c = 0; c < channels; c += kL) {
    const int lanes = lanes_from(c, channels);
    Vec<float> y[F::kOut], values[F::kIn];
    for (int i = 0; i < F::kOut; ++i) {
      y[i] = i < tile.end ? load_n(g + i * tile.stride + c, lanes) : broadcast(0.0f);
    }
    transform_output_adjoint<F>(y, values);
    for (int j = 0; j < F::kIn; ++j) store_n(m + j * channels + c, values[j], lanes);
  }
}

template <class F>
void weights(const float* w, int64_t stride, int64_t output_stride, int64_t outputs, int64_t step,
             float* u) {
  constexpr int kWide = kLanes<double>;  // double: made once, met by all pixels
  for (int64_t o = 0; o < outputs; o += kWide, w += kWide * output_stride) {
    const auto count = static_cast<int>(std::min<int64_t>(kWide, outputs - o));
    Vec<double> taps[F::kTaps];
    for (int tap = 0; tap < F::kTaps; ++tap) {
      alignas(64) double values[kWide] = {};
      for (int i = 0; i < count; ++i) {
        values[i] = static_cast<double>(w[i * output_stride + tap * stride]);
      }
      taps[tap] = load(values);
    }
    unroll<F::kIn>([&](auto j) __attribute__((always_inline)) {
      alignas(64) double values[kWide];
      store(values, weighted_sum<F::kTaps>(
                        taps, [](auto tap) { return F::weight(decltype(j)::value, tap); }));
      for (int i = 0; i < count; ++i) u[j * step + o + i] = static_cast<float>(values[i]);
    });
  }
}

template <class F>
void weight_grads(const float* u, int64_t step, int64_t channels, float* dw, int64_t channel_stride,
                  int64_t stride) {
  for (int64_t c = 0; c < channels; c += kL, dw += kL * channel_stride) {
    const int lanes = lanes_from(c, channels);
    Vec<float> sums[F::kIn], taps[F::kTaps];
    for (int j = 0; j < F::kIn; ++j) sums[j] = load_n(u + j * step + c, lanes);
    transform_weight_adjoint<F>(sums, taps);
    for (int tap = 0; tap < F::kTaps; ++tap) {
      alignas(64) float values[kL];
      store(values, taps[tap]);
      for (int i = 0; i < lanes; ++i) dw[i * channel_stride + tap * stride] = values[i];
    }
  }
}

template <class F>
constexpr LineFilter kFilter{F::kTaps,   F::kOut,         F::kIn,     F::kLongestSum, inputs<F>,
                             outputs<F>, output_grads<F>, weights<F>, weight_grads<F>};

}  // namespace

const LineFilter* line_filter(int64_t taps) {
  return taps == 5 ? &kFilter<Points<5>> : taps == 7 ? &kFilter<Points<7>> : nullptr;
}

}  // namespace reel::cpu::REEL_ISA
