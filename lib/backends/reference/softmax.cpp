#include <cmath>

#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/reduce.h>

namespace reel::reference {
namespace {

// y_i = exp(x_i - max) / sum, or its logarithm.
template <class Op, bool kLog>
const char* softmax(const Call& call) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  const int64_t dim = call.as<Op>().dim;
  const int64_t count = size_along(x, dim);
  const bool done = FloatTypes::visit(x.dtype, [&]<class T>() {
    walk_except(dim, x, y).for_each([&](const auto& base) {
      const auto value = [&](int64_t i) {
        return convert<double>(x.as<const T>()[base[0] + i * stride_along(x, dim)]);
      };
      double largest = -HUGE_VAL;
      for (int64_t i = 0; i < count; ++i) largest = std::fmax(largest, value(i));
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += std::exp(value(i) - largest);
      const double log_sum = std::log(sum);
      for (int64_t i = 0; i < count; ++i) {
        const double shifted = value(i) - largest;
        y.as<T>()[base[1] + i * stride_along(y, dim)] =
            convert<T>(kLog ? shifted - log_sum : std::exp(shifted) / sum);
      }
    });
  });
  return done ? nullptr : kNoDtype;
}

// softmax: dx_i = y_i (g_i - sum g y); log_softmax: dx_i = g_i - exp(y_i) sum g.
template <class Op, bool kLog>
const char* softmax_grad(const Call& call) {
  const View& g = call.in[0];
  const View& y = call.in[1];
  const View& dx = call.out[0];
  const int64_t dim = call.as<Op>().dim;
  const int64_t count = size_along(y, dim);
  const bool done = FloatTypes::visit(y.dtype, [&]<class T>() {
    walk_except(dim, g, y, dx).for_each([&](const auto& base) {
      const auto slope = [&](int64_t i) {
        return convert<double>(g.as<const T>()[base[0] + i * stride_along(g, dim)]);
      };
      const auto output = [&](int64_t i) {
        return convert<double>(y.as<const T>()[base[1] + i * stride_along(y, dim)]);
      };
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += kLog ? slope(i) : slope(i) * output(i);
      for (int64_t i = 0; i < count; ++i) {
        dx.as<T>()[base[2] + i * stride_along(dx, dim)] =
            convert<T>(kLog ? slope(i) - std::exp(output(i)) * sum : output(i) * (slope(i) - sum));
      }
    });
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add(ops::Softmax::name, softmax<ops::Softmax, false>);
  table.add(ops::LogSoftmax::name, softmax<ops::LogSoftmax, true>);
  table.add(ops::SoftmaxGrad::name, softmax_grad<ops::SoftmaxGrad, false>);
  table.add(ops::LogSoftmaxGrad::name, softmax_grad<ops::LogSoftmaxGrad, true>);
}

}  // namespace reel::reference
