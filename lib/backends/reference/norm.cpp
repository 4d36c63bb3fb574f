#include <cmath>

#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/norm.h>

namespace reel::reference {
namespace {

// Element c of a vector with one element a channel, which may be of a wider dtype than x.
double load_channel(const View& view, int64_t c) {
  double value = 0;
  FloatTypes::visit(view.dtype, [&]<class T>() {
    value = convert<double>(view.as<const T>()[c * view.strides[0]]);
  });
  return value;
}
void store_channel(const View& view, int64_t c, double value) {
  if (!view.defined()) return;
  FloatTypes::visit(view.dtype,
                    [&]<class T>() { view.as<T>()[c * view.strides[0]] = convert<T>(value); });
}

bool given(const Call& call, int i) { return i < call.num_in && call.in[i].defined(); }

const char* batch_norm(const Call& call) {
  const auto& op = call.as<ops::BatchNorm>();
  const View& x = call.in[0];
  const View& y = call.out[0];
  const auto walk = walk_except(1, x, y);
  const int64_t channels = x.sizes[1];
  const auto count = static_cast<double>(channels == 0 ? 0 : x.numel / channels);
  const bool done = FloatTypes::visit(x.dtype, [&]<class T>() {
    for (int64_t c = 0; c < channels; ++c) {
      const T* in = x.as<const T>() + c * x.strides[1];
      double mean = 0;
      double variance = 0;
      if (op.training) {
        Accumulate<T> sum = 0;
        walk.for_each([&](const auto& at) { sum += convert<double>(in[at[0]]); });
        mean = static_cast<double>(sum / count);
        Accumulate<T> squares = 0;
        walk.for_each([&](const auto& at) {
          const double centred = convert<double>(in[at[0]]) - mean;
          squares += centred * centred;
        });
        variance = static_cast<double>(squares / count);
      } else {
        mean = load_channel(call.in[3], c);
        variance = load_channel(call.in[4], c);
      }
      const double inverse = 1 / std::sqrt(variance + op.eps);
      const double weight = given(call, 1) ? load_channel(call.in[1], c) : 1;
      const double bias = given(call, 2) ? load_channel(call.in[2], c) : 0;
      T* result = y.as<T>() + c * y.strides[1];
      walk.for_each([&](const auto& at) {
        const double normal = (convert<double>(in[at[0]]) - mean) * inverse;
        result[at[1]] = convert<T>(normal * weight + bias);
      });
      store_channel(call.out[1], c, mean);
      store_channel(call.out[2], c, inverse);
    }
  });
  return done ? nullptr : kNoDtype;
}

// With n = (x - mean) * inverse: dbias = sum g, dweight = sum g n, and dx = weight * inverse * g,
// less what reaches x through the batch's mean and variance when they were computed from it.
const char* batch_norm_grad(const Call& call) {
  const auto& op = call.as<ops::BatchNormGrad>();
  const View& g = call.in[0];
  const View& x = call.in[1];
  const View& dx = call.out[0];
  const auto walk = walk_except(1, g, x, dx);
  const int64_t channels = x.sizes[1];
  const auto count = static_cast<double>(channels == 0 ? 0 : x.numel / channels);
  const bool done = FloatTypes::visit(x.dtype, [&]<class T>() {
    for (int64_t c = 0; c < channels; ++c) {
      const T* slope = g.as<const T>() + c * g.strides[1];
      const T* in = x.as<const T>() + c * x.strides[1];
      const double weight = given(call, 2) ? load_channel(call.in[2], c) : 1;
      const double mean = load_channel(call.in[3], c);
      const double inverse = load_channel(call.in[4], c);
      Accumulate<T> slopes = 0;
      Accumulate<T> products = 0;
      walk.for_each([&](const auto& at) {
        const auto value = convert<double>(slope[at[0]]);
        slopes += value;
        products += value * (convert<double>(in[at[1]]) - mean) * inverse;
      });
      const auto dbias = static_cast<double>(slopes);
      const auto dweight = static_cast<double>(products);
      T* result = dx.as<T>() + c * dx.strides[1];
      walk.for_each([&](const auto& at) {
        double value = convert<double>(slope[at[0]]);
        if (op.training) {
          const double normal = (convert<double>(in[at[1]]) - mean) * inverse;
          value -= (dbias + normal * dweight) / count;
        }
        result[at[2]] = convert<T>(value * weight * inverse);
      });
      store_channel(call.out[1], c, dweight);
      store_channel(call.out[2], c, dbias);
    }
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_norm(KernelTable& table) {
  table.add(ops::BatchNorm::name, batch_norm);
  table.add(ops::BatchNormGrad::name, batch_norm_grad);
}

}  // namespace reel::reference
