#pragma once

// Span: a tile of floats in NRAM with the vocabulary in which elementwise formulas are written
// (tensor/ops/formula.h). The formula that serves a number serves a tile: 1 / (1 + exp(-x)) becomes
// four builtins. Functions are found by argument-dependent lookup.

#include <bang.h>
#include <cmath>
#include <type_traits>
#include <utility>

namespace reel::mlu {

/// The tiles that hold what a formula computes on its way. A tile is free again when no Span refers
/// to it.
class Tiles {
 public:
  static constexpr int kCount = 14;
  /// `memory`: kCount tiles of `capacity` floats.
  Tiles(float* memory, int64_t capacity) : memory_(memory), capacity_(capacity) {}

  /// How many floats the builtins compute from now on.
  void set_length(int64_t length) { length_ = static_cast<int>(length); }
  int length() const { return length_; }
  float* data(int slot) const { return memory_ + slot * capacity_; }
  int take() {
    int slot = 0;
    while (slot < kCount && owners_[slot] > 0) ++slot;
    assert(slot < kCount);
    owners_[slot] = 1;
    return slot;
  }
  void retain(int slot) { ++owners_[slot]; }
  void release(int slot) { --owners_[slot]; }
  bool is_shared(int slot) const { return owners_[slot] > 1; }

 private:
  float* memory_;
  int64_t capacity_;
  int length_ = 0;
  int owners_[kCount] = {};
};

/// A tile as a value of a formula, or a number that stands for a tile full of it.
class Span {
 public:
  template <class S>
  requires std::is_arithmetic_v<S> Span(S value) : value_(static_cast<float>(value)) {}
  /// A fresh tile.
  explicit Span(Tiles& tiles) : tiles_(&tiles), slot_(tiles.take()) { data_ = tiles.data(slot_); }
  Span(Tiles& tiles, float value) : tiles_(&tiles), value_(value) {}
  /// Over memory that is not of the pool: an operand of the kernel, which stays as it is.
  Span(Tiles& tiles, float* operand) : tiles_(&tiles), data_(operand) {}
  Span(const Span& other)
      : tiles_(other.tiles_), data_(other.data_), slot_(other.slot_), value_(other.value_) {
    if (slot_ >= 0) tiles_->retain(slot_);
  }
  Span(Span&& other) noexcept
      : tiles_(other.tiles_),
        data_(other.data_),
        slot_(std::exchange(other.slot_, -1)),
        value_(other.value_) {}
  Span& operator=(Span other) noexcept {
    std::swap(tiles_, other.tiles_);
    std::swap(data_, other.data_);
    std::swap(slot_, other.slot_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~Span() {
    if (slot_ >= 0) tiles_->release(slot_);
  }

  bool is_number() const { return data_ == nullptr; }
  bool is_zero() const { return is_number() && value_ == 0 && !std::signbit(value_); }
  float number() const { return value_; }
  float* data() const { return data_; }
  /// False for numbers and for operands of the kernel.
  bool has_tile() const { return slot_ >= 0; }
  Tiles& tiles() const { return *tiles_; }

  /// builtin(result, a, length). Arguments are values, so that the tile of one which nobody else
  /// refers to becomes the result's.
  template <class Builtin>
  friend Span map(Span a, const Builtin& builtin) {
    a.fill();
    Span result = a.is_mine() ? a : Span(*a.tiles_);
    builtin(result.data_, a.data_, a.tiles_->length());
    return result;
  }
  /// builtin(result, a, b, length).
  template <class Builtin>
  friend Span map(Span a, Span b, const Builtin& builtin) {
    // Plain numbers learn of the tiles of the other operand.
    if (a.tiles_ == nullptr) a.tiles_ = b.tiles_;
    if (b.tiles_ == nullptr) b.tiles_ = a.tiles_;
    a.fill();
    b.fill();
    Span result = a.is_mine() ? a : b.is_mine() ? b : Span(*a.tiles_);
    builtin(result.data_, a.data_, b.data_, a.tiles_->length());
    return result;
  }
  /// With memory that is full of the number if it is one.
  void fill() {
    if (!is_number()) return;
    const float value = value_;
    *this = Span(*tiles_);
    __bang_write_value(data_, tiles_->length(), value);
  }

 private:
  bool is_mine() const { return has_tile() && !tiles_->is_shared(slot_); }

  Tiles* tiles_ = nullptr;
  float* data_ = nullptr;
  int slot_ = -1;
  float value_ = 0;
};

/// The result of a comparison: 1 or 0 for each element.
class Mask {
 public:
  explicit Mask(Span ones_and_zeros) : span_(std::move(ones_and_zeros)) {}
  const Span& span() const { return span_; }
  /// All bits of an element set, or none. (1.0f without its two upper bits is negative, and the
  /// sign fills the word.)
  Span bits() const { return widen(span_); }
  Span inverse_bits() const {
    return widen(map(span_, [](float* to, const float* from, int n) { __bang_not(to, from, n); }));
  }

 private:
  static Span widen(Span mask) {
    return map(std::move(mask), [](float* to, const float* from, int n) {
      __bang_sll(to, from, 2, n);
      __bang_sra(to, to, 31, n);
    });
  }

  Span span_;
};

inline Span like(const Span& x, double value) { return Span(x.tiles(), static_cast<float>(value)); }

inline Span operator-(Span a) {
  if (a.is_number()) return Span(a.tiles(), -a.number());
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_neg(to, from, n); });
}
inline Span plus_number(Span a, float b) {
  return map(std::move(a),
             [=](float* to, const float* from, int n) { __bang_add_scalar(to, from, b, n); });
}
inline Span times_number(Span a, float b) {
  return map(std::move(a),
             [=](float* to, const float* from, int n) { __bang_mul_scalar(to, from, b, n); });
}
inline Span operator+(Span a, Span b) {
  if (b.is_number() && !a.is_number()) return plus_number(std::move(a), b.number());
  if (a.is_number() && !b.is_number()) return plus_number(std::move(b), a.number());
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_add(to, x, y, n); });
}
inline Span operator-(Span a, Span b) {
  if (b.is_number() && !a.is_number()) return plus_number(std::move(a), -b.number());
  if (a.is_number() && !b.is_number()) return plus_number(-std::move(b), a.number());
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_sub(to, x, y, n); });
}
inline Span operator*(Span a, Span b) {
  if (b.is_number() && !a.is_number()) return times_number(std::move(a), b.number());
  if (a.is_number() && !b.is_number()) return times_number(std::move(b), a.number());
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_mul(to, x, y, n); });
}
inline Span operator/(Span a, Span b) {
  if (b.is_number() && !a.is_number()) {
    return map(std::move(a), [divisor = b.number()](float* to, const float* from, int n) {
      __bang_div(to, from, divisor, n);
    });
  }
  if (a.is_number() && a.number() == 1) {
    return map(std::move(b),
               [](float* to, const float* from, int n) { __bang_recip(to, from, n); });
  }
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_div(to, x, y, n); });
}

inline Mask operator<(Span a, Span b) {
  if (b.is_number() && !a.is_number()) {
    return Mask(map(std::move(a), [bound = b.number()](float* to, const float* from, int n) {
      __bang_lt_scalar(to, from, bound, n);
    }));
  }
  return Mask(map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_lt(to, x, y, n);
  }));
}
inline Mask operator>(Span a, Span b) {
  if (b.is_number() && !a.is_number()) {
    return Mask(map(std::move(a), [bound = b.number()](float* to, const float* from, int n) {
      __bang_gt_scalar(to, from, bound, n);
    }));
  }
  return b < a;
}
inline Mask operator<=(Span a, Span b) {
  return Mask(map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_le(to, x, y, n);
  }));
}
inline Mask operator==(Span a, Span b) {
  return Mask(map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_eq(to, x, y, n);
  }));
}
inline Mask operator!=(Span a, Span b) {
  return Mask(map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_ne(to, x, y, n);
  }));
}

inline Span both_bits(Span a, Span b) {
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_band(to, x, y, n); });
}
inline Span different_bits(Span a, Span b) {
  return map(std::move(a), std::move(b),
             [](float* to, const float* x, const float* y, int n) { __bang_bxor(to, x, y, n); });
}
/// a where the condition holds, else b: of the bits, for a product would make NaN of infinity and
/// 0.
inline Span where(const Mask& condition, Span a, Span b) {
  if (b.is_zero()) return both_bits(condition.bits(), std::move(a));
  if (a.is_zero()) return both_bits(condition.inverse_bits(), std::move(b));
  const Span bits = condition.bits();
  return different_bits(both_bits(different_bits(std::move(a), b), bits), b);
}

/// NaN if either is NaN.
inline Span maximum(Span a, Span b) {
  return map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_nan_maximum(to, x, y, n);
  });
}
inline Span minimum(Span a, Span b) {
  return map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __bang_nan_minimum(to, x, y, n);
  });
}

inline Span abs(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_abs(to, from, n); });
}
inline Span ceil(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_ceil(to, from, n); });
}
inline Span floor(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_floor(to, from, n); });
}
inline Span trunc(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_trunc(to, from, n); });
}
inline Span round(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_rint_f32(n, to, from); });
}
inline Span sqrt(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_sqrt(to, from, n); });
}
inline Span exp(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_exp(to, from, n); });
}
inline Span expm1(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_expm1_f32(n, to, from); });
}
inline Span log(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_log_f32(n, to, from); });
}
inline Span log2(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_log2(to, from, n); });
}
inline Span log10(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_log10_f32(n, to, from); });
}
inline Span log1p(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_log1p_f32(n, to, from); });
}
inline Span sin(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_sin(to, from, n); });
}
inline Span cos(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_cos(to, from, n); });
}
inline Span tan(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_tan_f32(n, to, from); });
}
inline Span tanh(Span a) {
  return map(std::move(a), [](float* to, const float* from, int n) { __bang_tanh(to, from, n); });
}
inline Span erf(Span a) {
  return map(std::move(a),
             [](float* to, const float* from, int n) { __cn_vector_erf_f32(n, to, from); });
}
/// Exponents that everybody uses at the speed of a product.
inline Span pow(Span a, Span b) {
  if (b.is_number() && !a.is_number()) {
    const float exponent = b.number();
    if (exponent == 2) return a * a;
    if (exponent == 1) return a;
    if (exponent == 0.5f) return sqrt(a);
    if (exponent == 3) return a * a * a;
    if (exponent == -1) return 1 / a;
    if (exponent == -2) return 1 / (a * a);
    if (exponent == -0.5f) return 1 / sqrt(a);
    return map(std::move(a), [=](float* to, const float* from, int n) {
      __cn_vector_pow_scalar_f32(n, to, from, exponent);
    });
  }
  return map(std::move(a), std::move(b), [](float* to, const float* x, const float* y, int n) {
    __cn_vector_pow_f32(n, to, x, y);
  });
}

}  // namespace reel::mlu
