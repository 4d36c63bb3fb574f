#include <limits>

#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/reduce.h>

namespace reel::reference {
namespace {

// The dimensions of x that stay, walked together with y's, and those that are reduced.
struct Split {
  Walk<2> kept;
  Walk<1> reduced;

  template <class Reduces>
  Split(const View& x, const View& y, const Reduces& reduces) {
    const bool keepdim = y.rank == x.rank;
    int out_dim = 0;
    for (int d = 0; d < x.rank; ++d) {
      if (reduces(d)) {
        reduced.add(x.sizes[d], {x.strides[d]});
        if (keepdim) ++out_dim;
      } else {
        kept.add(x.sizes[d], {x.strides[d], y.strides[out_dim++]});
      }
    }
  }
};

// Folds all reduced elements into one, beginning with `first`.
template <class Op, class T, class Sum, class Fold>
void fold(const Call& call, Sum first, const Fold& combine) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  const Op& op = call.as<Op>();
  const Split split(x, y, [&](int d) { return op.reduces(d); });
  split.kept.for_each([&](const auto& base) {
    Sum result = first;
    split.reduced.for_each([&](const auto& at) {
      result = combine(result, convert<Sum>(x.as<const T>()[base[0] + at[0]]));
    });
    y.as<T>()[base[1]] = convert<T>(result);
  });
}

const char* sum(const Call& call) {
  const bool done = AllTypes::visit(call.in[0].dtype, [&]<class T>() {
    fold<ops::Sum, T>(call, Accumulate<T>(0), [](auto a, auto b) { return a + b; });
  });
  return done ? nullptr : kNoDtype;
}

const char* prod(const Call& call) {
  const bool done = AllTypes::visit(call.in[0].dtype, [&]<class T>() {
    fold<ops::Prod, T>(call, Accumulate<T>(1), [](auto a, auto b) { return a * b; });
  });
  return done ? nullptr : kNoDtype;
}

const char* amax(const Call& call) {
  const bool done = RealTypes::visit(call.in[0].dtype, [&]<class T>() {
    using Limits = std::numeric_limits<Compute<T>>;
    const auto lowest = is_float<T> ? -Limits::infinity() : Limits::lowest();
    fold<ops::Amax, T>(call, lowest, [](auto a, auto b) { return ops::maximum(a, b); });
  });
  return done ? nullptr : kNoDtype;
}

const char* amin(const Call& call) {
  const bool done = RealTypes::visit(call.in[0].dtype, [&]<class T>() {
    using Limits = std::numeric_limits<Compute<T>>;
    const auto highest = is_float<T> ? Limits::infinity() : Limits::max();
    fold<ops::Amin, T>(call, highest, [](auto a, auto b) { return ops::minimum(a, b); });
  });
  return done ? nullptr : kNoDtype;
}

// The first position along `dim` that no other is `better` than; NaN is better than any number.
template <class Op, class Better>
const char* arg_extreme(const Call& call, const Better& better) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  const int64_t dim = call.as<Op>().dim;
  const Split split(x, y, [&](int d) { return d == dim; });
  const bool done = RealTypes::visit(x.dtype, [&]<class T>() {
    split.kept.for_each([&](const auto& base) {
      const auto value = [&](int64_t i) {
        return convert<Compute<T>>(x.as<const T>()[base[0] + i * stride_along(x, dim)]);
      };
      int64_t best = 0;
      for (int64_t i = 1; i < size_along(x, dim); ++i) {
        const auto candidate = value(i);
        const auto champion = value(best);
        const bool first_nan = candidate != candidate && champion == champion;
        if (first_nan || better(candidate, champion)) best = i;
      }
      y.as<int64_t>()[base[1]] = best;
    });
  });
  return done ? nullptr : kNoDtype;
}

const char* argmax(const Call& call) {
  return arg_extreme<ops::ArgMax>(call, [](auto a, auto b) { return a > b; });
}
const char* argmin(const Call& call) {
  return arg_extreme<ops::ArgMin>(call, [](auto a, auto b) { return a < b; });
}

}  // namespace

void register_reduce(KernelTable& table) {
  table.add(ops::Sum::name, sum);
  table.add(ops::Prod::name, prod);
  table.add(ops::Amax::name, amax);
  table.add(ops::Amin::name, amin);
  table.add(ops::ArgMax::name, argmax);
  table.add(ops::ArgMin::name, argmin);
}

}  // namespace reel::reference
