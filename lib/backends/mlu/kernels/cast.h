#pragma once

// Tiles of one dtype into tiles of another, in NRAM.

#include <bang.h>

#include <reel/tensor/dtype.h>

namespace reel::mlu {

/// Vector builtins of all cards take whole lines: counts are rounded up to this many elements.
constexpr int64_t kLine = 128;
constexpr int64_t whole_lines(int64_t count) { return (count + kLine - 1) / kLine * kLine; }

/// The element types of tensors as BANG C has them.
template <class... Types>
struct CardTypes {};
using CopiedTypes =
    CardTypes<float, half, bfloat16_t, int8_t, uint8_t, int16_t, int32_t, int64_t, bool>;

template <class T>
constexpr ScalarType card_type_of = scalar_type_of<T>;
template <>
inline constexpr ScalarType card_type_of<half> = kHalf;
template <>
inline constexpr ScalarType card_type_of<bfloat16_t> = kBFloat16;

/// Calls visit.template operator()<T>() for the T of a dtype; false if the list has none.
template <class... Types, class Visit>
inline bool visit_card_type(CardTypes<Types...>, ScalarType dtype, const Visit& visit) {
  return ((dtype == card_type_of<Types> && (visit.template operator()<Types>(), true)) || ...);
}
inline bool is_copied_type(ScalarType dtype) {
  return visit_card_type(CopiedTypes(), dtype, []<class T>() {});
}

/// As PyTorch casts: a fraction is cut off, what does not fit wraps around.
template <class To, class From>
__mlu_func__ To cast_number(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return static_cast<::bang::Wide<From>>(value) != 0;
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    return static_cast<To>(static_cast<int64_t>(static_cast<float>(value)));
  } else if constexpr (std::is_integral_v<To>) {
    return static_cast<To>(value);
  } else {
    return static_cast<To>(static_cast<float>(value));
  }
}

/// For pairs without an instruction.
template <class To, class From>
__mlu_func__ void cast_by_number(To* to, const From* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = cast_number<To>(from[i]);
}

/// True if an instruction converts this pair. What is in `from` may be lost.
inline bool cast_by_instruction(void* to, ScalarType to_type, void* from, ScalarType from_type,
                                int count) {
  auto* to_float = static_cast<float*>(to);
  auto* from_float = static_cast<float*>(from);
  if (to_type == kFloat) {
    switch (from_type) {
      case kHalf:
        return __bang_half2float(to_float, static_cast<half*>(from), count), true;
      case kBFloat16:
        return __bang_bfloat162float(to_float, static_cast<bfloat16_t*>(from), count), true;
      case kByte:
      case kBool:
        return __bang_uint82float(to_float, static_cast<uint8_t*>(from), count), true;
      case kInt:
        return __bang_int322float_rn(to_float, static_cast<int32_t*>(from), count), true;
      default:
        return false;
    }
  }
  if (from_type != kFloat) return false;
  switch (to_type) {
    case kHalf:
      return __bang_float2half_rn(static_cast<half*>(to), from_float, count), true;
    case kBFloat16:
      return __bang_float2bfloat16_rn(static_cast<bfloat16_t*>(to), from_float, count), true;
    case kBool:
      __bang_ne_scalar(from_float, from_float, 0, count);
      return __bang_float2uint8_tz(static_cast<uint8_t*>(to), from_float, count), true;
    default:
      return false;
  }
}

/// to[i] = from[i] for any dtypes, by the scalar unit.
inline void cast_numbers(void* to, ScalarType to_type, const void* from, ScalarType from_type,
                         int64_t count) {
  visit_card_type(CopiedTypes(), to_type, [&]<class To>() {
    visit_card_type(CopiedTypes(), from_type, [&]<class From>() {
      cast_by_number(static_cast<To*>(to), static_cast<const From*>(from), count);
    });
  });
}

/// to[i] = from[i] for dtypes that differ. What is in `from` may be lost.
inline void cast_tile(void* to, ScalarType to_type, void* from, ScalarType from_type,
                      int64_t count) {
  if (cast_by_instruction(to, to_type, from, from_type, static_cast<int>(count))) return;
  cast_numbers(to, to_type, from, from_type, count);
}

/// Numbers to fixed point of a position: `rows` of `count`, which become rows of `width`.
template <class T>
__mlu_func__ void quantize_rows(T* to, int64_t width, const float* from, int64_t count,
                                int64_t rows, int position) {
  const bool together = width == count;
  const auto n = static_cast<int>(together ? rows * count : count);
  const auto stride_to = static_cast<int>(width * static_cast<int64_t>(sizeof(T)));
  const auto stride_from = static_cast<int>(count * static_cast<int64_t>(sizeof(float)));
  const int segments = together ? 0 : static_cast<int>(rows - 1);
  if constexpr (sizeof(T) == 1) {
    __bang_float2int8_rn(to, from, n, position, stride_to, stride_from, segments);
  } else {
    __bang_float2int16_rn(to, from, n, position, stride_to, stride_from, segments);
    // As int8 is: symmetric.
    __bang_maxeq_scalar(to, to, T{-32767}, static_cast<int>(rows * width));
  }
}
/// The same of a tile without gaps, to a dtype.
inline void quantize_tile(void* to, ScalarType to_type, const float* from, int64_t count,
                          int position) {
  if (to_type == kChar) {
    quantize_rows(static_cast<int8_t*>(to), count, from, count, 1, position);
  } else {
    quantize_rows(static_cast<int16_t*>(to), count, from, count, 1, position);
  }
}

}  // namespace reel::mlu
