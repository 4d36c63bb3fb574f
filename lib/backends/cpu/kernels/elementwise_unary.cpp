#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/kernels/num.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::cpu::REEL_ISA {
namespace {

template <class Op, class T>
void unary_loop(const void* attrs, void* out, const void* const* in, int64_t n) {
  const Op op = *static_cast<const Op*>(attrs);
  auto* y = static_cast<T*>(out);
  const auto* x = static_cast<const T*>(in[0]);
  if constexpr (Op::scalar) {
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(op.f(x[i]));
  } else {
    map<Op::floating>(
        y, n, [&](const auto& value) { return op.f(value); }, x);
  }
}

// y = f(x).
template <class Op>
const char* unary(const Call& call) {
  constexpr int64_t kGrain = Op::floating ? kMathGrain : kCheapGrain;
  switch (call.in[0].dtype) {
    case kFloat:
      return run_elementwise(call, unary_loop<Op, float>, kGrain);
    case kDouble:
      return run_elementwise(call, unary_loop<Op, double>, kGrain);
    case kHalf:
    case kBFloat16:
      return run_widened(call, unary_loop<Op, float>, kGrain);
    default:
      break;
  }
  if constexpr (!Op::floating) {
    switch (call.in[0].dtype) {
      case kByte:
        return run_elementwise(call, unary_loop<Op, uint8_t>, kGrain);
      case kInt:
        return run_elementwise(call, unary_loop<Op, int32_t>, kGrain);
      case kLong:
        return run_elementwise(call, unary_loop<Op, int64_t>, kGrain);
      default:
        break;
    }
  }
  return kNoDtype;
}

}  // namespace

void register_unary(KernelTable& table) {
  ops::UnaryOps::for_each([&]<class Op>() { table.add(Op::name, unary<Op>); });
}

}  // namespace reel::cpu::REEL_ISA
