// The vector unit: arithmetic, comparisons, functions.

#include "builtins_arithmetic.h"

#include <cfenv>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include <bang/active.h>
#include <bang/scalar.h>
#include <support/catch.h>

#include <reel/backends/mlu/runtime/device.h>

#include "builtins_values.h"

using namespace arithmetic;

namespace {

// Results of `op` that differ from what `reference` gives for the operands.
template <class T, class Reference>
int differences(Binary op, const std::vector<T>& a, const std::vector<T>& b, Reference reference) {
  const std::vector<T> result = run(op, a, b);
  int count = 0;
  for (size_t i = 0; i < a.size(); ++i)
    count += !same(result[i], static_cast<T>(reference(a[i], b[i])));
  return count;
}

// f(a, b) rounded toward zero, by the processor's rounding mode.
template <class F>
float toward_zero(float a, float b, F f) {
  const volatile float x = a, y = b;
  std::fesetround(FE_TOWARDZERO);
  const volatile float result = f(float{x}, float{y});
  std::fesetround(FE_TONEAREST);
  return result;
}

template <class T, class Reference>
double worst_relative_error(Unary op, const std::vector<T>& a, Reference reference) {
  const std::vector<T> result = run(op, a);
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double expected = reference(static_cast<double>(a[i]));
    const double error = std::fabs(static_cast<double>(result[i]) - expected);
    worst = std::max(worst, expected == 0 ? error : error / std::fabs(expected));
  }
  return worst;
}

std::vector<float> between(float low, float high, int count) {
  std::vector<float> values;
  for (int i = 0; i <= count; ++i) {
    values.push_back(low + (high - low) * static_cast<float>(i) / static_cast<float>(count));
  }
  return values;
}

std::string failure() { return bang::default_queue(0).synchronize(); }

}  // namespace

TEST_CASE("the mathematical library rounds each operation once") {
  const std::vector<float> a = floats(4000, 40, 1), b = floats(4000, 40, 2);
  int wrong = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float x = a[i], y = b[i];
    wrong += !same(__cn_scalar_add_f32_tz(x, y), toward_zero(x, y, std::plus<float>()));
    wrong += !same(__cn_scalar_sub_f32_tz(x, y), toward_zero(x, y, std::minus<float>()));
    wrong += !same(__cn_scalar_mul_f32_tz(x, y), toward_zero(x, y, std::multiplies<float>()));
    wrong += !same(__cn_scalar_add_f32_rn(x, y), static_cast<float>(x + y));
    if (y == 0) continue;
    wrong += !same(__cn_scalar_div_f32_tz(x, y), toward_zero(x, y, std::divides<float>()));
    wrong += !same(__cn_scalar_div_f32_rn(x, y), static_cast<float>(x / y));
  }
  CHECK(wrong == 0);
  CHECK(__cn_scalar_max_f32(1, 2) == 2);
  CHECK(__cn_scalar_sin_f16(half(1)) == half(std::sin(1.0)));
  CHECK(__cn_scalar_mod_f32(-7, 3) == -1);
  CHECK(__cn_scalar_isnan_f32(NAN) != 0);
  CHECK(__cn_scalar_isinf_f16(half(1e9)) != 0);
}

TEST_CASE("arithmetic rounds once") {
  const std::vector<float> a = floats(4096, 30, 4), b = floats(4096, 30, 5);
  CHECK(differences(Binary::op_add, a, b, [](float x, float y) { return x + y; }) == 0);
  CHECK(differences(Binary::op_sub, a, b, [](float x, float y) { return x - y; }) == 0);
  CHECK(differences(Binary::op_mul, a, b, [](float x, float y) { return x * y; }) == 0);
  const auto add_tz = [](float x, float y) { return toward_zero(x, y, std::plus<float>()); };
  const auto mul_tz = [](float x, float y) { return toward_zero(x, y, std::multiplies<float>()); };
  CHECK(differences(Binary::op_add_tz, a, b, add_tz) == 0);
  CHECK(differences(Binary::op_mul_tz, a, b, mul_tz) == 0);

  const auto c = as<half>(floats(4096, 10, 6)), d = as<half>(floats(4096, 10, 7));
  CHECK(differences(Binary::op_add, c, d, [](double x, double y) { return half(x + y); }) == 0);
  CHECK(differences(Binary::op_mul, c, d, [](double x, double y) { return half(x * y); }) == 0);
  CHECK(differences(Binary::op_div, c, c, [](double x, double y) { return half(x / y); }) == 0);
  const auto half_add_tz = [](double x, double y) {
    const double sum = x + y;  // exact
    const half nearest(sum);
    if (std::fabs(static_cast<double>(nearest)) <= std::fabs(sum)) return nearest;
    return half::from_bits(static_cast<uint16_t>(nearest.bits() - 1));
  };
  CHECK(differences(Binary::op_add_tz, c, d, half_add_tz) == 0);
  // In float the sum would round to 1 first.
  const std::vector<half> one = {half(1)}, tiny = {half(-std::ldexp(1.0, -24))};
  CHECK(run(Binary::op_add_tz, one, tiny)[0].bits() == 0x3bff);
}

TEST_CASE("integers wrap around and divide toward zero") {
  const std::vector<int> a = {7, -7, 2147483647, -2147483647 - 1, 5};
  const std::vector<int> b = {2, 2, 1, -1, -3};
  CHECK(run(Binary::op_add, a, b) == std::vector<int>{9, -5, -2147483647 - 1, 2147483647, 2});
  CHECK(run(Binary::op_mul, a, b) == std::vector<int>{14, -14, 2147483647, -2147483647 - 1, -15});
  CHECK(run(Binary::op_div, a, b) == std::vector<int>{3, -3, 2147483647, -2147483647 - 1, -1});
  CHECK(run(Integer::op_rem, a, b) == std::vector<int>{1, -1, 0, 0, 2});
  CHECK(run(Integer::op_mulh, {2147483647, -2}, {4, 3}) == std::vector<int>{1, -1});
  CHECK(run(Integer::op_sll, {3, -1, 1}, {4, 31, 32}) == std::vector<int>{48, -2147483647 - 1, 0});
  CHECK(run(Integer::op_srl, {-1, 16, -1}, {28, 2, 40}) == std::vector<int>{15, 4, 0});
  CHECK(run(Integer::op_sra, {-16, 16, -1}, {2, 2, 40}) == std::vector<int>{-4, 4, -1});
}

TEST_CASE("maximum and minimum skip NaN, the nan_ forms pass it on") {
  const std::vector<float> a = {1, NAN, 3, NAN, -INFINITY}, b = {2, 5, NAN, NAN, 0};
  const std::vector<float> largest = run(Binary::op_maxequal, a, b);
  CHECK(largest[0] == 2);
  CHECK(largest[1] == 5);
  CHECK(largest[2] == 3);
  CHECK(std::isnan(largest[3]));
  const std::vector<float> least = run(Binary::op_minimum, a, b);
  CHECK(least[1] == 5);
  CHECK(least[2] == 3);
  CHECK(std::isinf(least[4]));
  const std::vector<float> passed = run(Binary::op_nan_maximum, a, b);
  CHECK(passed[0] == 2);
  CHECK(std::isnan(passed[1]));
  CHECK(std::isnan(passed[2]));
  CHECK(std::isnan(run(Binary::op_nan_minimum, a, b)[2]));
  CHECK(run(Scalar::op_maxeq_scalar, std::vector<float>{1, 3}, 2.0f) == std::vector<float>{2, 3});
  const std::vector<half> pairs = run_maximum(as<half>({1, 5, 3, 2, 7, 0}), 3);
  CHECK(pairs == as<half>({2, 7, 3}));
}

TEST_CASE("magnitudes come with their index") {
  const std::vector<half> values = as<half>({2, NAN, -7, 7, -0.5f, 3});
  const std::vector<half> largest = run_magnitude(values, true);
  CHECK(largest[0] == 7);
  CHECK(largest[1].bits() == 2);  // the first one
  CHECK(largest[2].bits() + largest[3].bits() + largest[4].bits() == 0);
  const std::vector<half> least = run_magnitude(values, false);
  CHECK(least[0] == 0.5f);
  CHECK(least[1].bits() == 4);
}

TEST_CASE("comparisons and logic give 1 and 0") {
  const std::vector<float> a = {1, 2, 3, NAN, 0, -0.0f}, b = {2, 2, 2, 1, 5, 0};
  CHECK(run(Binary::op_eq, a, b) == std::vector<float>{0, 1, 0, 0, 0, 1});
  CHECK(run(Binary::op_ne, a, b) == std::vector<float>{1, 0, 1, 1, 1, 0});
  CHECK(run(Binary::op_lt, a, b) == std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK(run(Binary::op_le, a, b) == std::vector<float>{1, 1, 0, 0, 1, 1});
  CHECK(run(Binary::op_gt, a, b) == std::vector<float>{0, 0, 1, 0, 0, 0});
  CHECK(run(Binary::op_ge, a, b) == std::vector<float>{0, 1, 1, 0, 0, 1});
  CHECK(run(Binary::op_and, a, b) == std::vector<float>{1, 1, 1, 1, 0, 0});
  CHECK(run(Binary::op_or, a, b) == std::vector<float>{1, 1, 1, 1, 1, 0});
  CHECK(run(Binary::op_xor, a, b) == std::vector<float>{0, 0, 0, 0, 1, 0});
  CHECK(run(Unary::op_not, a) == std::vector<float>{0, 0, 0, 0, 1, 1});
  CHECK(run(Scalar::op_ge_scalar, as<half>(a), half(2)) == as<half>({0, 1, 1, 0, 0, 0}));
  CHECK(run(Scalar::op_lt_scalar, std::vector<int>{1, 2, 3}, 2) == std::vector<int>{1, 0, 0});
  CHECK(run(Scalar::op_xor_scalar, std::vector<float>{0, 2}, 1.0f) == std::vector<float>{1, 0});
}

TEST_CASE("bits: one for each comparison, lowest first") {
  std::vector<float> a, b;
  for (int i = 0; i < 64; ++i) {
    a.push_back(static_cast<float>(i % 5));
    b.push_back(2);
  }
  const std::vector<unsigned char> greater = run(Bitindex::op_gt_bitindex, a, b);
  const std::vector<unsigned char> equal = run(Bitindex::op_eq_bitindex, a, b);
  for (int i = 0; i < 64; ++i) {
    REQUIRE((greater[i / 8] >> (i % 8) & 1) == (i % 5 > 2));
    REQUIRE((equal[i / 8] >> (i % 8) & 1) == (i % 5 == 2));
  }
}

TEST_CASE("bitwise operations see the bits of any type") {
  const std::vector<int> a = {0x0ff0, -1}, b = {0x00ff, 0x1234};
  CHECK(run(Binary::op_band, a, b) == std::vector<int>{0x00f0, 0x1234});
  CHECK(run(Binary::op_bor, a, b) == std::vector<int>{0x0fff, -1});
  CHECK(run(Binary::op_bxor, a, b) == std::vector<int>{0x0f0f, ~0x1234});
  CHECK(run(Unary::op_bnot, a) == std::vector<int>{~0x0ff0, 0});
  const float magnitude = __builtin_bit_cast(float, 0x7fffffff);
  CHECK(run(Scalar::op_band_scalar, std::vector<float>{-3, 4}, magnitude) ==
        std::vector<float>{3, 4});
  CHECK(run(Cycle::op_cycle_bxor, std::vector<int>{1, 2, 3, 4}, {1, 3}) ==
        std::vector<int>{0, 1, 2, 7});
}

TEST_CASE("cycles repeat the segment") {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6}, segment = {10, 3, 3};
  CHECK(run(Cycle::op_cycle_add, a, segment) == std::vector<float>{11, 5, 6, 14, 8, 9});
  CHECK(run(Cycle::op_cycle_sub, a, segment) == std::vector<float>{-9, -1, 0, -6, 2, 3});
  CHECK(run(Cycle::op_cycle_mul, as<half>(a), as<half>(segment)) ==
        as<half>({10, 6, 9, 40, 15, 18}));
  CHECK(run(Cycle::op_cycle_maxequal, a, segment) == std::vector<float>{10, 3, 3, 10, 5, 6});
  CHECK(run(Cycle::op_cycle_eq, a, segment) == std::vector<float>{0, 0, 1, 0, 0, 0});
  CHECK(run(Cycle::op_cycle_gt, a, segment) == std::vector<float>{0, 0, 0, 0, 1, 1});
}

TEST_CASE("scalars of all kinds") {
  const std::vector<float> a = {1, -2, 3};
  CHECK(run(Scalar::op_add_scalar, a, 2.0f) == std::vector<float>{3, 0, 5});
  CHECK(run(Scalar::op_sub_const, a, 2.0f) == std::vector<float>{-1, -4, 1});
  CHECK(run(Scalar::op_mul_scalar, as<half>(a), half(-2)) == as<half>({-2, 4, -6}));
  CHECK(run(Scalar::op_div, a, 2.0f) == std::vector<float>{0.5f, -1, 1.5f});
  CHECK(run(Scalar::op_mul_scalar, std::vector<int>{3, -4}, 5) == std::vector<int>{15, -20});
}

TEST_CASE("fusion rounds after each of its operations") {
  const std::vector<float> a = floats(96, 20, 8), b = floats(32, 20, 9), c = floats(32, 20, 10);
  const auto apply = [](int op, auto x, auto y, auto z) {
    using T = decltype(x);
    const T inner = op <= FUSION_FMS   ? T(x * y)
                    : op == FUSION_FAM ? T(x + y)
                    : op == FUSION_FSM ? T(x - y)
                    : op <= FUSION_FAS ? T(x + y)
                                       : T(x - y);
    if (op == FUSION_FAM || op == FUSION_FSM) return T(inner * z);
    const bool adds = op == FUSION_FMA || op == FUSION_FAA || op == FUSION_FSA;
    return adds ? T(inner + z) : T(inner - z);
  };
  for (int op = FUSION_FMA; op <= FUSION_FSA; ++op) {
    for (int scalars = 0; scalars < 4; ++scalars) {
      CAPTURE(op, scalars);
      const auto result = run(static_cast<mluFusionOpCode>(op), a, b, c, scalars);
      const auto halves =
          run(static_cast<mluFusionOpCode>(op), as<half>(a), as<half>(b), as<half>(c), scalars);
      int wrong = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        const float y = b[(scalars & 1) != 0 ? 0 : i % 32], z = c[(scalars & 2) != 0 ? 0 : i % 32];
        wrong += !same(result[i], apply(op, a[i], y, z));
        wrong += !same(halves[i], apply(op, half(a[i]), half(y), half(z)));
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("functions of the vector unit are the nearest values") {
  constexpr double kFloat = 6e-8, kHalf = 4.9e-4;
  const std::vector<float> positive = between(0.01f, 40, 999), any = between(-9, 9, 999);
  const auto check = [&](Unary op, const std::vector<float>& values, auto reference) {
    CAPTURE(static_cast<int>(op));
    CHECK(worst_relative_error(op, values, reference) < kFloat);
    CHECK(worst_relative_error(op, as<half>(values), reference) < kHalf);
  };
  check(Unary::op_recip, positive, [](double x) { return 1 / x; });
  check(Unary::op_sqrt, positive, [](double x) { return std::sqrt(x); });
  check(Unary::op_rsqrt, positive, [](double x) { return 1 / std::sqrt(x); });
  check(Unary::op_exp, any, [](double x) { return std::exp(x); });
  check(Unary::op_pow2, any, [](double x) { return std::exp2(x); });
  check(Unary::op_log, positive, [](double x) { return std::log2(x); });  // base 2
  check(Unary::op_log2, positive, [](double x) { return std::log2(x); });
  check(Unary::op_sin, any, [](double x) { return std::sin(x); });
  check(Unary::op_cos, any, [](double x) { return std::cos(x); });
  check(Unary::op_tanh, any, [](double x) { return std::tanh(x); });
  check(Unary::op_active_sigmoid, any, [](double x) { return 1 / (1 + std::exp(-x)); });
  check(Unary::op_active_exp, any, [](double x) { return std::exp(x); });
  check(Unary::op_active_log, positive, [](double x) { return std::log(x); });  // base e
  check(Unary::op_active_recip, positive, [](double x) { return 1 / x; });
  check(Unary::op_square, any, [](double x) { return x * x; });
  const std::vector<float> ties = {-2.5f, -0.4f, -0.0f, 0.5f, 1.7f};
  CHECK(run(Unary::op_floor, ties) == std::vector<float>{-3, -1, 0, 0, 1});
  CHECK(run(Unary::op_ceil, ties) == std::vector<float>{-2, 0, 0, 1, 2});
  CHECK(run(Unary::op_round, ties) == std::vector<float>{-3, 0, 0, 1, 2});
  CHECK(run(Unary::op_trunc, ties) == std::vector<float>{-2, 0, 0, 0, 1});
  CHECK(run(Unary::op_abs, ties) == std::vector<float>{2.5f, 0.4f, 0, 0.5f, 1.7f});
  CHECK(run(Unary::op_neg, ties) == std::vector<float>{2.5f, 0.4f, 0, -0.5f, -1.7f});
  CHECK(run(Unary::op_active_relu, ties) == std::vector<float>{0, 0, 0, 0.5f, 1.7f});
  CHECK(run(Unary::op_active_sign, ties) == std::vector<float>{-1, -1, 1, 1, 1});
}

TEST_CASE("approximations keep the documented errors") {
  const auto mean_error = [](const bang::Table& table, auto f) {
    double sum = 0;
    constexpr int kCount = 10000;
    for (int i = 0; i < kCount; ++i) {
      const double at = (i + 0.5) / kCount;
      const double x = table.logarithmic ? table.low * std::pow(table.high / table.low, at)
                                         : table.low + (table.high - table.low) * at;
      const double exact = f(x);
      sum += std::fabs(bang::interpolate(table, x, f) - exact) / std::fabs(exact);
    }
    return sum / kCount;
  };
  const auto recip = [](double x) { return 1 / x; };
  CHECK(mean_error({-7.75, 7.75, 4}, bang::sigmoid) < 0.01);
  CHECK(mean_error({-7.75, 7.75, 8}, [](double x) { return std::tanh(x); }) < 0.01);
  CHECK(mean_error({-7.75, 10.25, 4}, [](double x) { return std::exp(x); }) < 0.01);
  CHECK(mean_error({-15, 16, 8}, [](double x) { return std::exp(x); }) < 0.003);
  CHECK(mean_error({0.00391, 63487, 16, true}, recip) < 0.003);
  CHECK(mean_error({0.00391, 2e6, 64, true}, recip) < 0.0004);
  CHECK(mean_error({6.1e-5, 63484, 16, true}, [](double x) { return std::log(x); }) < 0.01);
  CHECK(mean_error({-6.283186, 6.283186, 16}, [](double x) { return std::sin(x); }) < 0.01);
  CHECK(bang::interpolate({-7.75, 7.75, 4}, 0.25, bang::sigmoid) == bang::sigmoid(0.25));
  CHECK(bang::interpolate({0.00391, 63487, 16, true}, 1e9, recip) ==
        bang::interpolate({0.00391, 63487, 16, true}, 63487, recip));
}

TEST_CASE("wrong counts end the kernel and name the builtin") {
  launch_add(64);
  CHECK(failure().empty());
  launch_add(0);
  const std::string none = failure();
  CHECK(none.find("__bang_add: expected elem_count > 0, got 0") != std::string::npos);
  launch_cycle_add(64, 48);
  const std::string rest = failure();
  CHECK(rest.find("__bang_cycle_add: expected src_elem_count divisible by seg_elem_count") !=
        std::string::npos);
}
