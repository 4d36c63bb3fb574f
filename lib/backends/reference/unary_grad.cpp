#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::reference {
namespace {

using ops::conj;

// dx = g * conj(df(x, y)); of x and y only what the op reads is there.
template <class Op>
const char* unary_grad(const Call& call) {
  constexpr bool kReadsX = (Op::reads[0] & ops::in(0)) != 0;
  constexpr bool kReadsY = (Op::reads[0] & ops::out()) != 0;
  const auto& op = call.as<ops::GradOf<Op>>();
  const View& g = call.in[0];
  const View& x = kReadsX ? call.in[1] : g;
  const View& y = kReadsY ? call.in[2] : g;
  const View& dx = call.out[0];
  const auto compute = [&]<class T>() {
    walk_all(g, x, y, dx).for_each([&](const auto& at) {
      const auto slope = convert<Compute<T>>(g.as<const T>()[at[0]]);
      const auto input = convert<Compute<T>>(x.as<const T>()[at[1]]);
      const auto output = convert<Compute<T>>(y.as<const T>()[at[2]]);
      dx.as<T>()[at[3]] = convert<T>(slope * conj(op.df(input, output)));
    });
  };
  bool done = FloatTypes::visit(g.dtype, compute);
  if constexpr (Op::complex) done = done || ComplexTypes::visit(g.dtype, compute);
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_unary_grad(KernelTable& table) {
  ops::UnaryOps::for_each([&]<class Op>() { table.add(ops::GradOf<Op>::name, unary_grad<Op>); });
}

}  // namespace reel::reference
