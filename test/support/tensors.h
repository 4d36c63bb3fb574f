#pragma once

#include <string>
#include <vector>

#include <reel/autograd/gradcheck.h>
#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/random.h>

namespace reel::test {

/// Doubles without ties or special values: sin of irregular steps, from `start` on.
inline Tensor wave(IntArrayRef sizes, double start = 0.5, double step = 1.37) {
  std::vector<double> values(static_cast<size_t>(numel_of(sizes)));
  double x = start;
  for (double& v : values) {
    v = 0.1 * static_cast<double>(&v - values.data()) / static_cast<double>(values.size());
    // A parabola folded into [-1, 1] waves like a sine and is the same on every libm.
    const double phase = x - 2 * static_cast<double>(static_cast<int64_t>(x / 2)) - 1;
    v += phase < 0 ? 4 * phase * (1 + phase) : 4 * phase * (1 - phase);
    x += step;
  }
  return tensor(values, kDouble).view(sizes);
}

/// As wave, a leaf that requires gradients.
inline Tensor leaf(IntArrayRef sizes, double start = 0.5, double step = 1.37) {
  return wave(sizes, start, step).requires_grad_();
}

/// Values in logical order.
inline std::vector<double> values(const Tensor& x) {
  const Tensor flat = x.detach().to(Device(kCPU), kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

inline std::vector<int64_t> shape(const Tensor& x) { return x.sizes().vec(); }

/// True if shapes agree and no element differs by more than `tolerance` (NaN equals NaN).
inline bool close(const Tensor& a, const Tensor& b, double tolerance = 1e-12) {
  return a.sizes() == b.sizes() && allclose(a.to(kDouble), b.to(kDouble), 0, tolerance, true);
}

/// The message of the error that `f` throws; empty if it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

/// First and second order, each with a message of the element that is wrong.
template <class F>
bool gradients_agree(F&& f, const autograd::variable_list& inputs) {
  return autograd::gradcheck(f, inputs) && autograd::gradgradcheck(f, inputs);
}

}  // namespace reel::test
