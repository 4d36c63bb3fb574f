#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::reference {
namespace {

// y = f(x).
template <class Op>
const char* unary(const Call& call) {
  const Op& op = call.as<Op>();
  const View& x = call.in[0];
  const View& y = call.out[0];
  using Types = std::conditional_t<Op::floating, FloatTypes, RealTypes>;
  const auto compute = [&]<class T>() {
    walk_all(x, y).for_each([&](const auto& at) {
      const auto value = convert<Compute<T>>(x.as<const T>()[at[0]]);
      y.as<T>()[at[1]] = convert<T>(op.f(value));
    });
  };
  bool done = Types::visit(x.dtype, compute);
  if constexpr (Op::complex) done = done || ComplexTypes::visit(x.dtype, compute);
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_unary(KernelTable& table) {
  ops::UnaryOps::for_each([&]<class Op>() { table.add(Op::name, unary<Op>); });
}

}  // namespace reel::reference
