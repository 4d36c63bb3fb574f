#include <type_traits>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/kernels/narrow.h>

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

template <class T>
void widen_loop(const void*, void* out, const void* const* in, int64_t n) {
  widen(static_cast<const T*>(in[0]), n, static_cast<float*>(out));
}
template <class T>
void narrow_loop(const void*, void* out, const void* const* in, int64_t n) {
  narrow(static_cast<const float*>(in[0]), n, static_cast<T*>(out));
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
  if (from == kHalf) return to == kFloat ? widen_loop<Half> : nullptr;
  if (from == kBFloat16) return to == kFloat ? widen_loop<BFloat16> : nullptr;
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
      return from == kFloat ? narrow_loop<Half> : nullptr;
    case kBFloat16:
      return from == kFloat ? narrow_loop<BFloat16> : nullptr;
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
