#pragma once

// Elementwise ops of two and three tensors beside those of elementwise.h: division that rounds,
// functions of two numbers, bits, interpolation. Real numbers only.

#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/ops/formula_math.h>

namespace reel::ops {

/// A formula of two real numbers. With `scalar`, kernels compute it number by number.
struct RealBinary : Binary {
  static constexpr bool complex = false;
  static constexpr bool scalar = true;
};

struct Atan2 : RealBinary {
  static constexpr const char* name = "atan2";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const { return atan2(a, b); }
  void backward(Replay& call) const;
};

struct Copysign : RealBinary {
  static constexpr const char* name = "copysign";
  static constexpr Reads reads{in(0) | out(), 0};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const { return copysign(a, b); }
  void backward(Replay& call) const;
};

struct Hypot : RealBinary {
  static constexpr const char* name = "hypot";
  static constexpr Reads reads{in(0) | out(), in(1) | out()};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const { return hypot(a, b); }
  void backward(Replay& call) const;
};

/// log(e^a + e^b), and the same to base 2.
struct LogAddExp : RealBinary {
  static constexpr const char* name = "logaddexp";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const {
    // Equal ones may be infinite, and have no difference then.
    return where(a == b, a + like(a, 0.69314718055994530942),
                 maximum(a, b) + log1p(exp(-abs(a - b))));
  }
  void backward(Replay& call) const;
};

struct LogAddExp2 : RealBinary {
  static constexpr const char* name = "logaddexp2";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const {
    return where(a == b, a + like(a, 1),
                 maximum(a, b) + log1p(exp2(-abs(a - b))) * like(a, 1.4426950408889634074));
  }
  void backward(Replay& call) const;
};

/// a * log(b), 0 where a is 0 unless b is NaN.
struct Xlogy : RealBinary {
  static constexpr const char* name = "xlogy";
  static constexpr Reads reads{in(0) | in(1), in(0) | in(1)};
  static constexpr bool floating = true;
  auto f(const auto& a, const auto& b) const {
    return where(b != b, b, where(a == 0, like(a, 0), a * log(b)));
  }
  void backward(Replay& call) const;
};

/// The remainder of a division that cuts off, and of one that rounds down.
struct Fmod : RealBinary {
  static constexpr const char* name = "fmod";
  static constexpr Reads reads{0, in(0) | in(1)};
  auto f(const auto& a, const auto& b) const { return fmod(a, b); }
  void backward(Replay& call) const;
};

struct Remainder : RealBinary {
  static constexpr const char* name = "remainder";
  static constexpr Reads reads{0, in(0) | in(1)};
  auto f(const auto& a, const auto& b) const { return remainder(a, b); }
  void backward(Replay& call) const;
};

/// Divisions that round; their gradients are 0.
struct DivideTrunc : RealBinary {
  static constexpr const char* name = "divide_trunc";
  static constexpr Reads reads{};
  auto f(const auto& a, const auto& b) const { return divide_trunc(a, b); }
  void backward(Replay& call) const;
};

struct DivideFloor : RealBinary {
  static constexpr const char* name = "divide_floor";
  static constexpr Reads reads{};
  auto f(const auto& a, const auto& b) const { return divide_floor(a, b); }
  void backward(Replay& call) const;
};

/// An op of integers; shifts take no Bool.
struct IntegerBinary : Binary {
  static constexpr bool complex = false;
};

struct BitAnd : IntegerBinary {
  static constexpr const char* name = "bitwise_and";
  auto f(const auto& a, const auto& b) const { return bit_and(a, b); }
};

struct BitOr : IntegerBinary {
  static constexpr const char* name = "bitwise_or";
  auto f(const auto& a, const auto& b) const { return bit_or(a, b); }
};

struct BitXor : IntegerBinary {
  static constexpr const char* name = "bitwise_xor";
  auto f(const auto& a, const auto& b) const { return bit_xor(a, b); }
};

struct ShiftLeft : IntegerBinary {
  static constexpr const char* name = "shift_left";
  auto f(const auto& a, const auto& b) const { return shift_left(a, b); }
};

struct ShiftRight : IntegerBinary {
  static constexpr const char* name = "shift_right";
  auto f(const auto& a, const auto& b) const { return shift_right(a, b); }
};

/// a + weight * (b - a), from the end that is nearer, so that weight 1 gives b.
struct Lerp : Ternary {
  static constexpr const char* name = "lerp";
  static constexpr Reads reads{in(2), in(2), in(0) | in(1)};
  auto f(const auto& a, const auto& b, const auto& weight) const {
    return where(abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight));
  }
  void backward(Replay& call) const;
};

}  // namespace reel::ops
