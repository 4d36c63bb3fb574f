#pragma once

// Internal: what the functions that draw random numbers share.

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

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

/// Writes next() into every element of a tensor on the CPU, in the order of its memory: the
/// dimension with the smallest stride runs fastest.
template <class T, class Next>
void fill_serially(const Tensor& tensor, const Next& next) {
  T* data = static_cast<T*>(tensor.data_ptr());
  if (tensor.is_contiguous()) {
    for (int64_t i = 0; i < tensor.numel(); ++i) data[i] = next();
    return;
  }
  const IntArrayRef sizes = tensor.sizes(), strides = tensor.strides();
  const Shape dense = dense_strides_like(sizes, strides);
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return dense[a] < dense[b]; });
  std::vector<int64_t> index(sizes.size(), 0);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    *data = next();
    for (const size_t d : order) {
      data += strides[d];
      if (++index[d] < sizes[d]) break;
      data -= strides[d] * sizes[d];
      index[d] = 0;
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

/// Calls fill(tensor) with a tensor on the CPU that gets self's values: self if that can be, else
/// one that lies in memory as self does, whose values are then copied. So every device sees the
/// same stream, and writing to a recorded tensor cuts it off from its past.
template <class Fill>
Tensor& fill_in_place(const char* op, Tensor& self, const Fill& fill) {
  const IntrusivePtr<TensorImpl>& base = self.impl()->base;
  const bool recording =
      GradMode::is_enabled() && (self.requires_grad() || (base && Tensor(base).requires_grad()));
  const InPlaceWrite write(op, self, recording);
  if (self.device().is_cpu() && !recording) {
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
