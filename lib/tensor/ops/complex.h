#pragma once

#include <reel/tensor/ops/elementwise.h>

// Complex numbers: their parts, conjugates, magnitudes and angles. The functions of complex
// analysis are among the elementwise formulas.

namespace reel::ops {

struct Conj {
  static constexpr const char* name = "conj";
  static constexpr Reads reads{};
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// |x|, real. Its gradient at 0 is 0.
struct ComplexAbs {
  static constexpr const char* name = "complex_abs";
  static constexpr Reads reads{in(0)};
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// The argument of x in (-pi, pi], real. Its gradient at 0 is 0.
struct Angle {
  static constexpr const char* name = "angle";
  static constexpr Reads reads{in(0)};
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// x / |x|, and 0 for 0.
struct Sgn {
  static constexpr const char* name = "sgn";
  static constexpr Reads reads{in(0)};
  static constexpr bool elementwise = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A complex tensor's memory as real and imaginary parts, a last dimension of 2.
struct ViewAsReal {
  static constexpr const char* name = "view_as_real";
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

struct ViewAsComplex {
  static constexpr const char* name = "view_as_complex";
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

using ComplexOps = OpList<Conj, ComplexAbs, Angle, Sgn>;

}  // namespace reel::ops
