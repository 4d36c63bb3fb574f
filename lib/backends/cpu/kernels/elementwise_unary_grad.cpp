#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/kernels/num.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::cpu::REEL_ISA {
namespace {

// dx = g * df(x, y); inputs that the op does not read are absent, and g stands in for them.
template <class Op, class T>
void unary_grad_loop(const void* attrs, void* out, const void* const* in, int64_t n) {
  constexpr bool kReadsX = (Op::reads[0] & ops::in(0)) != 0;
  constexpr bool kReadsY = (Op::reads[0] & ops::out()) != 0;
  const auto op = *static_cast<const ops::GradOf<Op>*>(attrs);
  T* dx = static_cast<T*>(out);
  const T* g = static_cast<const T*>(in[0]);
  const T* x = static_cast<const T*>(in[1]);
  const T* y = static_cast<const T*>(in[2]);
  if constexpr (Op::scalar) {
    for (int64_t i = 0; i < n; ++i) {
      dx[i] = static_cast<T>(g[i] * op.df(kReadsX ? x[i] : g[i], kReadsY ? y[i] : g[i]));
    }
  } else if constexpr (kReadsX && kReadsY) {
    map<Op::floating>(
        dx, n, [&](auto slope, auto a, auto b) { return slope * op.df(a, b); }, g, x, y);
  } else if constexpr (kReadsX || kReadsY) {
    map<Op::floating>(
        dx, n, [&](auto slope, auto value) { return slope * op.df(value, value); }, g,
        kReadsX ? x : y);
  } else {
    map<Op::floating>(
        dx, n, [&](auto slope) { return slope * op.df(slope, slope); }, g);
  }
}

template <class Op>
const char* unary_grad(const Call& call) {
  constexpr int64_t kGrain = Op::floating ? kMathGrain : kCheapGrain;
  switch (call.in[0].dtype) {
    case kFloat:
      return run_elementwise(call, unary_grad_loop<Op, float>, kGrain);
    case kDouble:
      return run_elementwise(call, unary_grad_loop<Op, double>, kGrain);
    default:
      return kNoDtype;
  }
}

}  // namespace

void register_unary_grad(KernelTable& table) {
  ops::UnaryOps::for_each([&]<class Op>() { table.add(ops::GradOf<Op>::name, unary_grad<Op>); });
}

}  // namespace reel::cpu::REEL_ISA
