#include <cmath>
#include <limits>

#include <reel/backends/reference/reference.h>
#include <reel/backends/reference/rows.h>
#include <reel/tensor/ops/formula.h>
#include <reel/tensor/ops/scan.h>

namespace reel::reference {
namespace {

struct NoScratch {};

// What sums and products along a row are kept in.
template <class T>
struct RunningType {
  using type = Accumulate<T>;
};
template <class T>
struct RunningType<Complex<T>> {
  using type = Complex<double>;
};

template <class T, class Wide>
T narrowed(const Wide& value) {
  if constexpr (std::is_same_v<Wide, Complex<double>>) {
    return T(value);
  } else {
    return convert<T>(value);
  }
}
template <class Wide, class T>
Wide widened(const T& value) {
  if constexpr (std::is_same_v<Wide, Complex<double>>) {
    return Wide(value);
  } else {
    return convert<Wide>(value);
  }
}

template <class Op, class T, class Wide, class Fold>
void scan(const Call& call, Wide first, const Fold& fold) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  const int64_t dim = call.as<Op>().dim;
  const int64_t n = size_along(x, dim);
  Rows(dim, x, y).template for_each<NoScratch>([&](const auto& at, NoScratch&) {
    Wide running = first;
    for (int64_t i = 0; i < n; ++i) {
      const T value = x.as<const T>()[at[0] + i * stride_along(x, dim)];
      running = fold(running, widened<Wide>(value));
      y.as<T>()[at[1] + i * stride_along(y, dim)] = narrowed<T>(running);
    }
  });
}

const char* cumsum(const Call& call) {
  const bool done = AllTypes::visit(call.in[0].dtype, [&]<class T>() {
    using Wide = typename RunningType<T>::type;
    scan<ops::CumSum, T>(call, Wide(0), [](auto a, auto b) { return a + b; });
  });
  return done ? nullptr : kNoDtype;
}

const char* cumprod(const Call& call) {
  const bool done = AllTypes::visit(call.in[0].dtype, [&]<class T>() {
    using Wide = typename RunningType<T>::type;
    scan<ops::CumProd, T>(call, Wide(1), [](auto a, auto b) { return a * b; });
  });
  return done ? nullptr : kNoDtype;
}

const char* logcumsumexp(const Call& call) {
  const bool done = FloatTypes::visit(call.in[0].dtype, [&]<class T>() {
    scan<ops::LogCumSumExp, T>(call, -HUGE_VAL, [](double a, double b) {
      const double high = ops::maximum(a, b);
      const double low = ops::minimum(a, b);
      // Equal infinities have no difference.
      if (low == high && std::isinf(low)) return low;
      return high + std::log1p(std::exp(low - high));
    });
  });
  return done ? nullptr : kNoDtype;
}

template <class Op, class Reaches>
const char* running_extreme(const Call& call, const Reaches& reaches) {
  const View& x = call.in[0];
  const View& values = call.out[0];
  const View& positions = call.out[1];
  const int64_t dim = call.as<Op>().dim;
  const int64_t n = size_along(x, dim);
  const bool done = RealTypes::visit(x.dtype, [&]<class T>() {
    Rows(dim, x, values, positions).template for_each<NoScratch>([&](const auto& at, NoScratch&) {
      int64_t best = 0;
      Compute<T> champion{};
      for (int64_t i = 0; i < n; ++i) {
        const auto value = convert<Compute<T>>(x.as<const T>()[at[0] + i * stride_along(x, dim)]);
        if (i == 0 || is_nan(value) || (!is_nan(champion) && reaches(value, champion))) {
          best = i;
          champion = value;
        }
        values.as<T>()[at[1] + i * stride_along(values, dim)] = convert<T>(champion);
        positions.as<int64_t>()[at[2] + i * stride_along(positions, dim)] = best;
      }
    });
  });
  return done ? nullptr : kNoDtype;
}

const char* cummax(const Call& call) {
  return running_extreme<ops::CumMax>(call, [](auto a, auto b) { return a >= b; });
}
const char* cummin(const Call& call) {
  return running_extreme<ops::CumMin>(call, [](auto a, auto b) { return a <= b; });
}

}  // namespace

void register_scan(KernelTable& table) {
  table.add(ops::CumSum::name, cumsum);
  table.add(ops::CumProd::name, cumprod);
  table.add(ops::LogCumSumExp::name, logcumsumexp);
  table.add(ops::CumMax::name, cummax);
  table.add(ops::CumMin::name, cummin);
}

}  // namespace reel::reference
