#pragma once

// Internal: what the functions that draw random numbers share.

#include <algorithm>
#include <type_traits>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/generator_state.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/visit.h>

namespace reel::ops {

using Engine = Generator::State;

template <class T>
inline constexpr bool kIsReal =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// What follows fills the memory of a dense tensor on the CPU from its beginning on.

/// Writes next() into every element.
template <class T, class Next>
void fill_serially(const Tensor& dense, const Next& next) {
  T* data = static_cast<T*>(dense.data_ptr());
  for (int64_t i = 0; i < dense.numel(); ++i) data[i] = next();
}

/// The same of convert(word) or, if Word has 64 bits, convert(high word, low word). The stream's
/// next numbers, many at a time.
template <class Word, class T, class Convert>
void fill_from_words(T* data, int64_t size, Engine& engine, const Convert& convert) {
  constexpr int64_t kBlock = 512, kParts = sizeof(Word) / sizeof(uint32_t);
  uint32_t words[kParts * kBlock];
  for (int64_t i = 0; i < size; i += kBlock) {
    const int64_t n = std::min(kBlock, size - i);
    engine.random_words(words, kParts * n);
    for (int64_t j = 0; j < n; ++j) {
      if constexpr (kParts == 1) {
        data[i + j] = convert(words[j]);
      } else {
        data[i + j] = convert(words[2 * j], words[2 * j + 1]);
      }
    }
  }
}

/// Rounds once, as PyTorch does what it draws in double.
template <class T>
T from_double(double value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return static_cast<T>(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

/// Calls fill(tensor) with a dense tensor on the CPU that gets self's values: self if that can be,
/// else one that lies in memory as self does but for gaps, whose values are then copied. So every
/// device sees the same stream, and writing to a recorded tensor cuts it off from its past.
template <class Fill>
Tensor& fill_in_place(const char* op, Tensor& self, const Fill& fill) {
  const IntrusivePtr<TensorImpl>& base = self.impl()->base;
  const bool recording =
      GradMode::is_enabled() && (self.requires_grad() || (base && Tensor(base).requires_grad()));
  const InPlaceWrite write(op, self, recording);
  if (self.device().is_cpu() && !recording && is_dense_layout(self.sizes(), self.strides())) {
    fill(self);
    write.written();
    return self;
  }
  const Tensor values =
      empty_strided(self.sizes(), dense_strides_like(self.sizes(), self.strides()),
                    TensorOptions(self.dtype()).device(kCPU));
  fill(values);
  return self.copy_(values);
}

/// Tensor::bernoulli_ with 1 / divisor in place of 1.
Tensor& fill_bernoulli(Tensor& self, double p, double divisor, Engine& engine);

inline void check_real(const char* op, const Tensor& self) {
  if (!self.is_floating_point()) {
    fail("{}: expected a floating-point tensor, got {}", op, self.dtype());
  }
}

/// Calls visitor.operator()<T>() with the element type of a floating-point tensor.
template <class Visitor>
void visit_real(ScalarType type, const Visitor& visitor) {
  visit_dtype(type, [&]<class T>() {
    if constexpr (kIsReal<T>) visitor.template operator()<T>();
  });
}

/// The same for types of real numbers and Bool.
template <class Visitor>
void visit_number(const char* op, ScalarType type, const Visitor& visitor) {
  if (is_complex(type) || is_quantized(type)) fail("{}: not implemented for {}", op, type);
  visit_dtype(type, [&]<class T>() {
    if constexpr (kIsReal<T> || std::is_integral_v<T>) visitor.template operator()<T>();
  });
}

inline Engine& engine_of(const std::optional<Generator>& generator) {
  return generator ? generator->state() : default_generator().state();
}

}  // namespace reel::ops
