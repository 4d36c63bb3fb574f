#pragma once

// Tensors to print. The same lines compile against LibTorch with `namespace reel = torch`, which is
// how print_expected.h was made.

#include <limits>
#include <string>
#include <utility>
#include <vector>

inline std::vector<std::pair<std::string, reel::Tensor>> print_cases() {
  using reel::arange;
  using reel::tensor;
  using reel::zeros;
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto f32 = reel::kFloat, f64 = reel::kDouble, i64 = reel::kLong;
  return {
      {"undefined", reel::Tensor()},
      {"scalar int valued", tensor(3.0, f32)},
      {"scalar fraction", tensor(3.14159265, f32)},
      {"scalar long", tensor(42, i64)},
      {"scalar bool", tensor(true, reel::kBool)},
      {"scalar double small", tensor(1.5e-7, f64)},
      {"scalar negative large", tensor(-123456789.0, f64)},
      {"scalar nan", tensor(nan, f32)},
      {"scalar inf", tensor(-inf, f32)},
      {"vector of whole floats", tensor({1.0, 2.0, 3.0}, f32)},
      {"vector with fractions", tensor({1.5, -2.25, 3.0}, f32)},
      {"vector needs scale", tensor({123456.5, 0.25 + 100000, 500000.0}, f32)},
      {"vector small scale", tensor({0.001, 0.002, 0.0035}, f32)},
      {"vector mixed magnitudes", tensor({1e-5, 1.0, 1e5}, f32)},
      {"vector huge magnitudes", tensor({1e-150, 1.0, 1e150}, f64)},
      {"vector large whole", tensor({1e9, 2e9, 3e10}, f64)},
      {"vector 9 digits", tensor({123456789.0, -1.0}, f64)},
      {"vector 10 digits", tensor({1234567890.0, -1.0}, f64)},
      {"vector negative whole", tensor({-1.0, -20.0, -300.0}, f32)},
      {"vector negative fractions", tensor({-1.5, -20.25, -300.125}, f32)},
      {"vector negative large", tensor({-123456.5, -1.5}, f32)},
      {"vector of zeros", zeros(3, f32)},
      {"vector inf nan", tensor({inf, nan, -inf}, f32)},
      {"vector inf and whole", tensor({inf, 1.0, -3.0}, f32)},
      {"vector nan and fraction", tensor({nan, 0.5, 100.25}, f32)},
      {"vector leading nan", tensor({nan, nan, 2.0}, f32)},
      {"vector below one", tensor({0.5, 0.25, 0.125}, f32)},
      {"vector one tenth", tensor({0.1, 0.2}, f32)},
      {"vector of one", tensor({7.5}, f32)},
      {"vector scale 100000", tensor({99999.5, 12.0}, f32)},
      {"vector six digits", tensor({999999.5, 1000.25}, f64)},
      {"vector long", tensor({1, -2, 300}, i64)},
      {"vector long large", tensor({int64_t{1}, int64_t{1234567890123}}, i64)},
      {"vector int", arange(5, reel::kInt)},
      {"vector short", arange(-2, 3, reel::kShort)},
      {"vector byte", tensor({0, 128, 255}, reel::kByte)},
      {"vector char", tensor({-128, 0, 127}, reel::kChar)},
      {"vector bool", tensor({true, false, true}, reel::kBool)},
      {"vector half", tensor({0.1, 1.0, 65504.0}, f64).to(reel::kHalf)},
      {"vector bfloat16", tensor({0.1, 1.0, 3.0}, f64).to(reel::kBFloat16)},
      {"empty vector", zeros(0, f32)},
      {"empty matrix", zeros({2, 0}, f32)},
      {"empty matrix no rows", zeros({0, 3}, i64)},
      {"empty 3d", zeros({2, 0, 3}, f64)},
      {"matrix whole", arange(6, f32).reshape({2, 3})},
      {"matrix fractions", arange(6, f32).reshape({2, 3}) / 4},
      {"matrix long", arange(6, i64).reshape({2, 3})},
      {"matrix bool", tensor({{true, false}, {false, true}}, reel::kBool)},
      {"matrix one column", arange(3, f32).reshape({3, 1})},
      {"matrix one row", arange(3, f32).reshape({1, 3})},
      {"matrix needs scale", arange(6, f32).reshape({2, 3}) * 100000.5},
      {"matrix small scale", (arange(6, f64).reshape({2, 3}) + 1) / 1024},
      {"matrix scientific", tensor({{1e-8, 1.0}, {2.5, 1e8}}, f64)},
      {"matrix wide whole", arange(60, f32).reshape({2, 30})},
      {"matrix wide fractions", arange(60, f64).reshape({2, 30}) / 8},
      {"matrix wide scientific",
       tensor({{1e-8, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 1e8}}, f64)},
      {"matrix wide scaled", (arange(24, f64).reshape({1, 24}) + 0.5) * 100000},
      {"matrix exactly full", arange(26, f32).reshape({1, 26})},
      {"matrix transposed", arange(6, f32).reshape({2, 3}).t()},
      {"matrix inf", tensor({{inf, 1.0}, {nan, -2.5}}, f32)},
      {"3d whole", arange(12, f32).reshape({2, 2, 3})},
      {"3d fractions", arange(12, f64).reshape({2, 3, 2}) / 3},
      {"3d own scales", tensor({{{0.001, 0.002}}, {{123456.5, 1.0}}}, f64)},
      {"3d long", arange(8, i64).reshape({2, 2, 2})},
      {"4d", arange(16, f32).reshape({2, 2, 2, 2})},
      {"4d one", zeros({1, 1, 1, 1}, f32)},
      {"5d", arange(8, f32).reshape({2, 1, 2, 1, 2})},
      {"3d wide", arange(60, f32).reshape({1, 2, 30}) / 2},
      {"requires grad", reel::ones({2}, reel::dtype(f32).requires_grad(true))},
      {"quantised vector",
       reel::quantize_per_tensor(tensor({-1.0, 0.0, 0.5, 2.0}, f32), 0.25, 1, reel::kQInt8)},
      {"quantised matrix",
       reel::quantize_per_tensor(arange(6, f32).reshape({2, 3}), 0.5, 0, reel::kQInt8)},
      {"quantised scalar", reel::quantize_per_tensor(tensor(1.25, f32), 0.5, -3, reel::kQInt8)},
  };
}
