// Elementary functions of every instruction set against the C library's in a wider type, in units
// in the last place.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <reel/tensor/ops/elementwise_list.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;

template <class T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;

/// |got - want| in units in the last place of `want` as T. Infinite where only one is a number or
/// infinite, or where zeros differ in sign.
template <class T>
double ulp_error(T got, Wide<T> want) {
  using Limits = std::numeric_limits<T>;
  const T rounded = static_cast<T>(want);
  if (std::isnan(got) && std::isnan(rounded)) return 0;
  if (!std::isfinite(got) || !std::isfinite(rounded)) return got == rounded ? 0 : INFINITY;
  if (want == 0) return got == 0 && std::signbit(got) == std::signbit(want) ? 0 : INFINITY;
  const int exponent = std::max(std::ilogb(want), Limits::min_exponent - 1);
  const Wide<T> unit = std::ldexp(Wide<T>(1), exponent - Limits::digits + 1);
  return static_cast<double>(std::fabs(static_cast<Wide<T>>(got) - want) / unit);
}

struct Worst {
  double error = 0, at = 0;
};

/// Feeds numbers to an op's kernels and keeps the worst of each instruction set.
template <class Op, class T>
class Walk {
 public:
  explicit Walk(Wide<T> (*function)(Wide<T>)) : function_(function) {}

  void add(T x) {
    x_.push_back(x);
    if (x_.size() == 4096) run();
  }
  void check(double limit) {
    run();
    for (size_t k = 0; k < isas_.size(); ++k) {
      INFO(Op::name << " of " << (sizeof(T) == 4 ? "float32" : "float64") << ", " << isas_[k].name
                    << ": off by " << worst_[k].error << " at " << worst_[k].at);
      CHECK(worst_[k].error <= limit);
    }
  }

 private:
  void run() {
    const auto n = static_cast<int64_t>(x_.size());
    const int64_t stride = 1;
    std::vector<T> y(x_.size());
    std::vector<Wide<T>> want;
    for (const T x : x_) want.push_back(function_(static_cast<Wide<T>>(x)));
    View in;
    in.data = x_.data();
    in.sizes = &n;
    in.strides = &stride;
    in.numel = n;
    in.rank = 1;
    in.dtype = sizeof(T) == 4 ? kFloat : kDouble;
    View out = in;
    out.data = y.data();
    const Op op;
    for (size_t k = 0; k < isas_.size(); ++k) {
      REQUIRE(isas_[k].run(Op::name, {in}, {out}, &op) == "");
      for (size_t i = 0; i < y.size(); ++i) {
        const double error = ulp_error(y[i], want[i]);
        if (error > worst_[k].error) worst_[k] = {error, static_cast<double>(x_[i])};
      }
    }
    x_.clear();
  }

  Wide<T> (*function_)(Wide<T>);
  std::vector<test::IsaKernels> isas_ = test::isa_kernels();
  std::vector<Worst> worst_{isas_.size()};
  std::vector<T> x_;
};

/// Around these, formulas change or results overflow, become denormal, 0 or 1.
constexpr double kEdges[] = {0,       0.55,      0.927734375,  2.0 / 3,      1,          4.0 / 3,
                             2,       4,         10,           18.715,       40,         87.3365447,
                             88.7228, 103.97208, 708.39641853, 709.78271289, 745.1332191};

template <class Op, class T>
void check_edges(Walk<Op, T>& walk) {
  using Limits = std::numeric_limits<T>;
  for (const double edge : kEdges) {
    T up = static_cast<T>(edge), down = up;
    for (int i = 0; i < 256; ++i) {
      for (const T x : {up, -up, down, -down}) walk.add(x);
      up = std::nextafter(up, Limits::infinity());
      down = std::nextafter(down, -Limits::infinity());
    }
  }
  for (const T x : {Limits::infinity(), Limits::max(), Limits::min(), Limits::quiet_NaN()}) {
    walk.add(x);
    walk.add(-x);
  }
}

/// float32 at every stride-th bit pattern, and samples of float64; within these limits.
template <class Op>
void check(uint64_t stride, double (*of_float)(double), double limit,
           long double (*of_double)(long double), double double_limit) {
  Walk<Op, float> floats(of_float);
  check_edges(floats);
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride) {
    floats.add(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  floats.check(limit);

  Walk<Op, double> doubles(of_double);
  check_edges(doubles);
  std::mt19937_64 generator(1);
  for (int i = 0; i < 50000; ++i) {
    doubles.add(std::bit_cast<double>(generator()));
    const auto significand = static_cast<double>(static_cast<int64_t>(generator()));
    doubles.add(std::ldexp(significand, -75 + i % 24));
  }
  doubles.check(double_limit);
}

}  // namespace

TEST_CASE("Elementary functions are good to 2 units in the last place, tan to 3") {
  // Odd, so that all last bits are met; 1 would walk every float32 and take hours.
  constexpr uint64_t kStride = 10007;
  check<ops::Exp>(kStride, std::exp, 1.1, std::exp, 1.1);
  check<ops::Expm1>(kStride, std::expm1, 2, std::expm1, 2);
  check<ops::Log>(kStride, std::log, 1.1, std::log, 1);
  check<ops::Log2>(kStride, std::log2, 2, std::log2, 1);
  check<ops::Log10>(kStride, std::log10, 1, std::log10, 1);
  check<ops::Log1p>(kStride, std::log1p, 1, std::log1p, 1);
  check<ops::Tanh>(kStride, std::tanh, 1.5, std::tanh, 1.5);
  check<ops::Erf>(kStride, std::erf, 1.5, std::erf, 1.5);
  check<ops::Sin>(kStride, std::sin, 2, std::sin, 2);
  check<ops::Cos>(kStride, std::cos, 2, std::cos, 2);
  check<ops::Tan>(kStride, std::tan, 3, std::tan, 3);
  check<ops::Sqrt>(kStride, std::sqrt, 0.5, std::sqrt, 0.501);
}
