#pragma once

// What the reference kernels share: from a dtype to a C++ type, and walks over all indices of a
// shape.

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <reel/backends/backend.h>

namespace reel::reference {

/// A list of element types.
template <class... Types>
struct TypeList {
  /// Calls visit.template operator()<T>() for the T of `dtype`; false if it is not in the list.
  template <class Visit>
  static bool visit(ScalarType dtype, const Visit& visit) {
    return ((dtype == scalar_type_of<Types> && (visit.template operator()<Types>(), true)) || ...);
  }
};

using FloatTypes = TypeList<float, double, Half, BFloat16>;
using ComplexTypes = TypeList<Complex<float>, Complex<double>>;
using RealTypes =
    TypeList<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, bool>;
using AllTypes = TypeList<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t,
                          bool, Complex<float>, Complex<double>>;

/// Why a kernel does not take a call whose dtype is in none of its lists.
inline constexpr const char* kNoDtype = "dtype";

template <class T>
inline constexpr bool is_half = std::same_as<T, Half> || std::same_as<T, BFloat16>;

/// The type in which values of T are computed with.
template <class T>
using Compute =
    std::conditional_t<is_half<T>, float, std::conditional_t<std::same_as<T, bool>, uint8_t, T>>;

template <class T>
inline constexpr bool is_float = std::floating_point<Compute<T>>;

template <class T>
inline constexpr bool is_complex_number = false;
template <class T>
inline constexpr bool is_complex_number<Complex<T>> = true;

/// The type in which sums of T accumulate: of more digits, or unsigned where sums wrap around.
template <class T>
struct AccumulateOf {
  using Type = std::conditional_t<std::same_as<T, double>, long double,
                                  std::conditional_t<is_float<T>, double, uint64_t>>;
};
template <class T>
struct AccumulateOf<Complex<T>> {
  using Type = Complex<typename AccumulateOf<T>::Type>;
};
template <class T>
using Accumulate = typename AccumulateOf<T>::Type;

/// To and from the types above; negative integers wrap and wrap back.
template <class To, class From>
To convert(From value) {
  if constexpr (is_half<From>) {
    return static_cast<To>(static_cast<float>(value));
  } else if constexpr (is_half<To>) {
    return To(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

/// A group of dimensions of a walk: sizes, and for each of N views its strides.
template <size_t N>
struct Walk {
  std::vector<int64_t> sizes;
  std::array<std::vector<int64_t>, N> strides;

  void add(int64_t size, const std::array<int64_t, N>& stride) {
    sizes.push_back(size);
    for (size_t i = 0; i < N; ++i) strides[i].push_back(stride[i]);
  }

  /// Calls body(offsets) for every index in row-major order, with the offset of the element in
  /// each of the views.
  template <class Body>
  void for_each(const Body& body) const {
    for (const int64_t size : sizes) {
      if (size == 0) return;
    }
    std::vector<int64_t> index(sizes.size(), 0);
    std::array<int64_t, N> offset{};
    for (;;) {
      body(offset);
      size_t d = sizes.size();
      for (;;) {
        if (d == 0) return;
        --d;
        for (size_t i = 0; i < N; ++i) offset[i] += strides[i][d];
        if (++index[d] < sizes[d]) break;
        for (size_t i = 0; i < N; ++i) offset[i] -= strides[i][d] * sizes[d];
        index[d] = 0;
      }
    }
  }
};

/// A walk over all dimensions of views of the same sizes.
template <class... Views>
Walk<1 + sizeof...(Views)> walk_all(const View& first, const Views&... others) {
  Walk<1 + sizeof...(Views)> walk;
  for (int d = 0; d < first.rank; ++d) {
    walk.add(first.sizes[d], {first.strides[d], others.strides[d]...});
  }
  return walk;
}

/// A walk over all dimensions but one.
template <class... Views>
Walk<1 + sizeof...(Views)> walk_except(int64_t dim, const View& first, const Views&... others) {
  Walk<1 + sizeof...(Views)> walk;
  for (int d = 0; d < first.rank; ++d) {
    if (d != dim) walk.add(first.sizes[d], {first.strides[d], others.strides[d]...});
  }
  return walk;
}

/// Size and stride along a dimension; a 0-dim tensor counts as one of size 1.
inline int64_t size_along(const View& view, int64_t dim) {
  return view.rank == 0 ? 1 : view.sizes[dim];
}
inline int64_t stride_along(const View& view, int64_t dim) {
  return view.rank == 0 ? 0 : view.strides[dim];
}

}  // namespace reel::reference
