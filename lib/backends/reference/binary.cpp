#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/elementwise_list.h>

namespace reel::reference {
namespace {

// y = f(a, b).
template <class Op>
const char* binary(const Call& call) {
  const Op& op = call.as<Op>();
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& y = call.out[0];
  using Types = std::conditional_t<Op::floating, FloatTypes, RealTypes>;
  const auto compute = [&]<class T>() {
    walk_all(a, b, y).for_each([&](const auto& at) {
      const auto left = convert<Compute<T>>(a.as<const T>()[at[0]]);
      const auto right = convert<Compute<T>>(b.as<const T>()[at[1]]);
      y.as<T>()[at[2]] = convert<T>(op.f(left, right));
    });
  };
  bool done = Types::visit(y.dtype, compute);
  if constexpr (Op::complex) done = done || ComplexTypes::visit(y.dtype, compute);
  return done ? nullptr : kNoDtype;
}

// As binary, of integers and Bool.
template <class Op>
const char* integer(const Call& call) {
  using Types = TypeList<uint8_t, int8_t, int16_t, int32_t, int64_t, bool>;
  const Op& op = call.as<Op>();
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& y = call.out[0];
  const bool done = Types::visit(y.dtype, [&]<class T>() {
    walk_all(a, b, y).for_each([&](const auto& at) {
      const auto left = convert<Compute<T>>(a.as<const T>()[at[0]]);
      const auto right = convert<Compute<T>>(b.as<const T>()[at[1]]);
      y.as<T>()[at[2]] = convert<T>(op.f(left, right));
    });
  });
  return done ? nullptr : kNoDtype;
}

// As binary, with a Bool result.
template <class Op>
const char* compare(const Call& call) {
  const Op& op = call.as<Op>();
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& y = call.out[0];
  const auto compute = [&]<class T>() {
    walk_all(a, b, y).for_each([&](const auto& at) {
      const auto left = convert<Compute<T>>(a.as<const T>()[at[0]]);
      const auto right = convert<Compute<T>>(b.as<const T>()[at[1]]);
      y.as<bool>()[at[2]] = op.f(left, right);
    });
  };
  bool done = RealTypes::visit(a.dtype, compute);
  if constexpr (Op::complex) done = done || ComplexTypes::visit(a.dtype, compute);
  return done ? nullptr : kNoDtype;
}

// y = condition ? a : b.
const char* where(const Call& call) {
  const View& condition = call.in[0];
  const View& a = call.in[1];
  const View& b = call.in[2];
  const View& y = call.out[0];
  const bool done = AllTypes::visit(y.dtype, [&]<class T>() {
    walk_all(condition, a, b, y).for_each([&](const auto& at) {
      y.as<T>()[at[3]] =
          condition.as<const bool>()[at[0]] ? a.as<const T>()[at[1]] : b.as<const T>()[at[2]];
    });
  });
  return done ? nullptr : kNoDtype;
}

// y = f(a, b, c).
template <class Op>
const char* ternary(const Call& call) {
  const Op& op = call.as<Op>();
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& c = call.in[2];
  const View& y = call.out[0];
  const auto compute = [&]<class T>() {
    walk_all(a, b, c, y).for_each([&](const auto& at) {
      const auto first = convert<Compute<T>>(a.as<const T>()[at[0]]);
      const auto second = convert<Compute<T>>(b.as<const T>()[at[1]]);
      const auto third = convert<Compute<T>>(c.as<const T>()[at[2]]);
      y.as<T>()[at[3]] = convert<T>(op.f(first, second, third));
    });
  };
  // Integers are left out: one of the formulas divides.
  const bool done = FloatTypes::visit(y.dtype, compute) || ComplexTypes::visit(y.dtype, compute);
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_binary(KernelTable& table) {
  ops::BinaryOps::for_each([&]<class Op>() { table.add(Op::name, binary<Op>); });
  ops::IntegerOps::for_each([&]<class Op>() { table.add(Op::name, integer<Op>); });
  ops::CompareOps::for_each([&]<class Op>() { table.add(Op::name, compare<Op>); });
  ops::TernaryOps::for_each([&]<class Op>() { table.add(Op::name, ternary<Op>); });
  table.add(ops::Where::name, where);
}

}  // namespace reel::reference
