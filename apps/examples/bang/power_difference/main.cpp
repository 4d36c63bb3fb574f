// Runs power_difference on the CPU and on the device, compares, and checks its gradients.

#include <cstdio>

#include <CLI/CLI.hpp>

#include <reel/backends/mlu.h>
#include <reel/reel.h>

#include "power_difference.h"

using reel::Device;
using reel::Tensor;
using reel::autograd::variable_list;

namespace {

bool verdict(const char* what, bool right) {
  std::printf("%-44s%s\n", what, right ? "right" : "WRONG");
  return right;
}

// Each of the products rounds, as does pow() on the CPU.
bool same(const Tensor& expected, const Tensor& actual, int64_t power) {
  if (expected.numel() == 0) return actual.numel() == 0;
  const Tensor x = expected.to(reel::kDouble), y = actual.cpu().to(reel::kDouble);
  const double error = ((x - y).abs() / x.abs().clamp_min(1)).max().item<double>();
  return error <= 1e-7 * static_cast<double>(4 + power);
}

/// The values and gradients on a device.
variable_list run(Device device, const Tensor& a, const Tensor& b, int64_t power) {
  Tensor on_a = a.to(device).detach().requires_grad_(), on_b = b.to(device).detach();
  on_b.requires_grad_();
  const Tensor y = power_difference(on_a, on_b, power);
  y.sum().backward();
  return {y.detach(), on_a.grad(), on_b.grad()};
}

template <class Function>
double device_us(const Function& function) {
  const double before = reel::mlu::device_time_us();
  function();
  return reel::mlu::device_time_us() - before;
}

/// Differences of values against gradients, and of gradients against theirs: in double on the CPU;
/// on the device, which computes in float, with a larger step.
bool check_gradients(Device device, int64_t power) {
  const bool exact = device.is_cpu();
  const auto function = [&](const variable_list& in) -> Tensor {
    if (exact) return power_difference(in[0], in[1], power);
    const auto there = [&](const Tensor& x) { return x.to(reel::kFloat).to(device); };
    return power_difference(there(in[0]), there(in[1]), power).cpu().to(reel::kDouble);
  };
  const variable_list inputs{reel::rand({4, 3}, reel::kDouble).requires_grad_(),
                             reel::rand({3}, reel::kDouble).requires_grad_()};
  const double eps = exact ? 1e-6 : 1e-2, atol = exact ? 1e-5 : 2e-3, rtol = exact ? 1e-3 : 1e-2;
  return reel::autograd::gradcheck(function, inputs, eps, atol, rtol) &&
         reel::autograd::gradgradcheck(function, inputs, {}, eps, atol, rtol);
}

int run_all(int64_t count, int64_t power) {
  const Device mlu("mlu:0");
  reel::manual_seed(1);
  const Tensor a = reel::rand({count}), b = reel::rand({count});
  const variable_list expected = run(reel::kCPU, a, b, power), actual = run(mlu, a, b, power);
  bool right = verdict("values on mlu:0", same(expected[0], actual[0], power));
  right = verdict("gradients on mlu:0", same(expected[1], actual[1], power * power) &&
                                            same(expected[2], actual[2], power * power)) &&
          right;
  right =
      verdict("gradients and differences on the CPU", check_gradients(reel::kCPU, power)) && right;
  right = verdict("gradients and differences on mlu:0", check_gradients(mlu, power)) && right;

  const reel::NoGradGuard no_grad;
  const Tensor on_a = a.to(mlu), on_b = b.to(mlu);
  const double own = device_us([&] { power_difference(on_a, on_b, power); });
  const double composed = device_us([&] { (on_a - on_b).pow(power); });
  std::printf("predicted time of %lld elements: %.1f us by the kernel, %.1f us by sub and pow\n",
              static_cast<long long>(count), own, composed);
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("(a - b)^power as a BANG C kernel that the tape knows");
  int64_t count = 1 << 20, power = 2;
  app.add_option("count", count, "elements")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("power", power)->check(CLI::Range(0, 16))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    reel::register_mlu();
    return run_all(count, power);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
