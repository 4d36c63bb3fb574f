#include <cmath>

#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/complex.h>

namespace reel::reference {
namespace {

// y = f(x) of complex numbers; y is complex, or real if f is.
template <class Function>
const char* map(const Call& call, const Function& f) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  const bool done = ComplexTypes::visit(x.dtype, [&]<class T>() {
    using Result = decltype(f(T()));
    walk_all(x, y).for_each(
        [&](const auto& at) { y.as<Result>()[at[1]] = f(x.as<const T>()[at[0]]); });
  });
  return done ? nullptr : kNoDtype;
}

const char* conjugate(const Call& call) {
  return map(call, [](auto z) { return conj(z); });
}
const char* magnitude(const Call& call) {
  return map(call, [](auto z) { return ops::abs(z); });
}
const char* angle(const Call& call) {
  return map(call, [](auto z) { return std::atan2(z.imag(), z.real()); });
}
const char* sgn(const Call& call) {
  return map(call, [](auto z) {
    const auto length = ops::abs(z);
    return length == 0 ? decltype(z)() : decltype(z)(z.real() / length, z.imag() / length);
  });
}

}  // namespace

void register_complex(KernelTable& table) {
  table.add(ops::Conj::name, conjugate);
  table.add(ops::ComplexAbs::name, magnitude);
  table.add(ops::Angle::name, angle);
  table.add(ops::Sgn::name, sgn);
}

}  // namespace reel::reference
