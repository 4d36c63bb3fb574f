#include <type_traits>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/vec.h>

namespace reel::cpu::REEL_ISA {
namespace {

template <class To, class From>
void cast_loop(const void*, void* out, const void* const* in, int64_t n) {
  const auto* x = static_cast<const From*>(in[0]);
  auto* y = static_cast<To*>(out);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<To, bool>) {
      y[i] = x[i] != 0;
    } else if constexpr (std::is_floating_point_v<From> && sizeof(To) == 1) {
      // Negative numbers wrap around, as in PyTorch.
      y[i] = static_cast<To>(static_cast<int32_t>(x[i]));
    } else {
      y[i] = static_cast<To>(x[i]);
    }
  }
}

// The conversions of half.h are written for clarity; these are what the CPU has.
void half_to_float(const void*, void* out, const void* const* in, int64_t n) {
  const auto* x = static_cast<const Half*>(in[0]);
  auto* y = static_cast<float*>(out);
  int64_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= n; i += 8) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(bits));
  }
#endif
  for (; i < n; ++i) y[i] = x[i];
}

void float_to_half(const void*, void* out, const void* const* in, int64_t n) {
  const auto* x = static_cast<const float*>(in[0]);
  auto* y = static_cast<Half*>(out);
  int64_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= n; i += 8) {
    const __m128i bits = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), bits);
  }
#endif
  for (; i < n; ++i) y[i] = Half(x[i]);
}

void bfloat16_to_float(const void*, void* out, const void* const* in, int64_t n) {
  const auto* x = static_cast<const uint16_t*>(in[0]);
  auto* y = static_cast<uint32_t*>(out);
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<uint32_t>(x[i]) << 16;
}

void float_to_bfloat16(const void*, void* out, const void* const* in, int64_t n) {
  const auto* x = static_cast<const uint32_t*>(in[0]);
  auto* y = static_cast<uint16_t*>(out);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t rounded = (x[i] + 0x7fffu + (x[i] >> 16 & 1u)) >> 16;
    const bool is_nan = (x[i] & 0x7fffffffu) > 0x7f800000u;
    y[i] = static_cast<uint16_t>(is_nan ? 0x7fc0u : rounded);
  }
}

template <class To>
ElementLoop loop_from(ScalarType from) {
  switch (from) {
    case kFloat:
      return cast_loop<To, float>;
    case kDouble:
      return cast_loop<To, double>;
    case kByte:
      return cast_loop<To, uint8_t>;
    case kInt:
      return cast_loop<To, int32_t>;
    case kLong:
      return cast_loop<To, int64_t>;
    case kBool:
      return cast_loop<To, bool>;
    default:
      return nullptr;
  }
}

ElementLoop choose_loop(ScalarType from, ScalarType to) {
  if (from == kHalf) return to == kFloat ? half_to_float : nullptr;
  if (from == kBFloat16) return to == kFloat ? bfloat16_to_float : nullptr;
  switch (to) {
    case kFloat:
      return loop_from<float>(from);
    case kDouble:
      return loop_from<double>(from);
    case kByte:
      return loop_from<uint8_t>(from);
    case kInt:
      return loop_from<int32_t>(from);
    case kLong:
      return loop_from<int64_t>(from);
    case kBool:
      return loop_from<bool>(from);
    case kHalf:
      return from == kFloat ? float_to_half : nullptr;
    case kBFloat16:
      return from == kFloat ? float_to_bfloat16 : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

const char* copy_cast(const Call& call) {
  const ElementLoop loop = choose_loop(call.in[0].dtype, call.out[0].dtype);
  return loop == nullptr ? kNoDtype : run_elementwise(call, loop, kCheapGrain);
}

}  // namespace reel::cpu::REEL_ISA
