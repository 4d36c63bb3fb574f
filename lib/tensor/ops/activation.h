#pragma once

// Activation functions beside those of elementwise.h. Kinks have the slopes that PyTorch gives
// them.

#include <reel/tensor/ops/elementwise.h>

namespace reel::ops {

/// x between two bounds, at which the slope is 0.
struct Hardtanh : Unary<Hardtanh> {
  static constexpr const char* name = "hardtanh";
  static constexpr Reads reads{in(0)};
  static constexpr bool floating = false;
  double low = -1;
  double high = 1;
  auto f(const auto& x) const {
    const auto raised = where(x < like(x, low), like(x, low), x);
    return where(raised > like(x, high), like(x, high), raised);
  }
  auto df(const auto& x, const auto&) const {
    return where(x > low, where(x < high, like(x, 1), like(x, 0)), like(x, 0));
  }
};

/// Krizhevsky 2010.
struct Relu6 : Unary<Relu6> {
  static constexpr const char* name = "relu6";
  static constexpr Reads reads{out()};
  static constexpr bool floating = false;
  auto f(const auto& x) const {
    const auto raised = where(x < like(x, 0), like(x, 0), x);
    return where(raised > like(x, 6), like(x, 6), raised);
  }
  auto df(const auto&, const auto& y) const {
    return where(y > 0, where(y < 6, like(y, 1), like(y, 0)), like(y, 0));
  }
};

/// Sigmoid in three straight lines (Courbariaux et al. 2015).
struct Hardsigmoid : Unary<Hardsigmoid> {
  static constexpr const char* name = "hardsigmoid";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const {
    const auto t = x + like(x, 3);
    const auto raised = where(t < 0, like(x, 0), t);
    return where(raised > 6, like(x, 6), raised) / like(x, 6);
  }
  auto df(const auto& x, const auto&) const {
    return where(x > -3, where(x < 3, like(x, 1.0 / 6), like(x, 0)), like(x, 0));
  }
};

/// x * hardsigmoid(x) (Howard et al. 2019).
struct Hardswish : Unary<Hardswish> {
  static constexpr const char* name = "hardswish";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const {
    const auto t = x + like(x, 3);
    const auto raised = where(t < 0, like(x, 0), t);
    return x * where(raised > 6, like(x, 6), raised) / like(x, 6);
  }
  auto df(const auto& x, const auto&) const {
    return where(x < -3, like(x, 0), where(x > 3, like(x, 1), x / like(x, 3) + like(x, 0.5)));
  }
};

/// 0 where |x| is at most lambda.
struct Hardshrink : Unary<Hardshrink> {
  static constexpr const char* name = "hardshrink";
  static constexpr Reads reads{in(0)};
  double lambda = 0.5;
  auto f(const auto& x) const {
    // The second choice is 0, or NaN for NaN.
    return where(abs(x) > like(x, lambda), x, abs(x) - abs(x));
  }
  auto df(const auto& x, const auto&) const {
    return where(abs(x) > like(x, lambda), like(x, 1), like(x, 0));
  }
};

/// x moved by lambda towards 0, and 0 where |x| is at most that.
struct Softshrink : Unary<Softshrink> {
  static constexpr const char* name = "softshrink";
  static constexpr Reads reads{in(0)};
  double lambda = 0.5;
  auto f(const auto& x) const {
    const auto l = like(x, lambda);
    return where(x > l, x - l, where(x < -l, x + l, like(x, 0)));
  }
  auto df(const auto& x, const auto&) const {
    return where(abs(x) > like(x, lambda), like(x, 1), like(x, 0));
  }
};

/// x * tanh(softplus(x)) (Misra 2019).
struct Mish : Unary<Mish> {
  static constexpr const char* name = "mish";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return x * tanh(log1p(exp(x))); }
  auto df(const auto& x, const auto&) const {
    const auto t = tanh(log1p(exp(x)));
    return t + x * (1 - t * t) / (1 + exp(-x));
  }
};

struct LogSigmoid : Unary<LogSigmoid> {
  static constexpr const char* name = "log_sigmoid";
  static constexpr Reads reads{in(0)};
  auto f(const auto& x) const { return where(x < 0, x, like(x, 0)) - log1p(exp(-abs(x))); }
  auto df(const auto& x, const auto&) const { return 1 / (1 + exp(x)); }
};

}  // namespace reel::ops
