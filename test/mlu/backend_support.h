#pragma once

// The same expression on the CPU and on the device: values, gradients, and nothing for the
// sanitizer to say.

#include <functional>
#include <string>
#include <vector>

#include <support/catch.h>
#include <support/tensors.h>

#include <reel/backends/dispatch.h>
#include <reel/backends/mlu.h>
#include <reel/backends/mlu/runtime/findings.h>
#include <reel/reel.h>

namespace mlu_test {

using reel::Device;
using reel::Tensor;
using Tensors = std::vector<Tensor>;
using Function = std::function<Tensor(const Tensors&)>;

inline Device device() {
  reel::register_mlu();
  return Device("mlu:0");
}

/// A wave of floats in (-1, 1).
inline Tensor wave(reel::IntArrayRef sizes, double start = 0.5) {
  return reel::test::wave(sizes, start).to(reel::kFloat);
}

/// The result of `f` and, where inputs require gradients, those, on one device.
inline Tensors run_on(Device where, const Function& f, const Tensors& inputs, bool gradients) {
  Tensors moved, results;
  for (const Tensor& x : inputs) {
    Tensor y = x.to(where);
    moved.push_back(gradients && x.is_floating_point() ? y.detach().requires_grad_() : y);
  }
  results.push_back(f(moved));
  if (gradients) {
    const Tensor weight = wave(results[0].sizes(), 0.2).to(results[0].dtype()).to(where);
    (results[0] * weight).sum().backward();
    for (const Tensor& x : moved) {
      if (x.requires_grad()) results.push_back(x.grad());
    }
  }
  return results;
}

inline std::string findings() {
  std::string all;
  for (const bang::Finding& finding : bang::findings()) all += finding.text() + "\n";
  return all;
}

inline double largest_error(const Tensor& expected, const Tensor& actual) {
  const std::vector<double> a = reel::test::values(expected), b = reel::test::values(actual);
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (a[i] != a[i] && b[i] != b[i])) continue;
    const double error = std::abs(a[i] - b[i]) / std::max(1.0, std::abs(a[i]));
    largest = error == error ? std::max(largest, error) : HUGE_VAL;
  }
  return largest;
}

/// Compares the device with the CPU.
inline void check(const Function& f, const Tensors& inputs, bool gradients = false,
                  double tolerance = 2e-6) {
  bang::clear_findings();
  const Tensors expected = run_on(reel::kCPU, f, inputs, gradients);
  const Tensors actual = run_on(device(), f, inputs, gradients);
  REQUIRE(expected.size() == actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    REQUIRE(actual[i].device() == device());
    REQUIRE(actual[i].sizes() == expected[i].sizes());
    REQUIRE(actual[i].dtype() == expected[i].dtype());
    CHECK(largest_error(expected[i], actual[i]) <= tolerance);
  }
  CHECK(findings() == "");
}

/// Fails where an op of `f` runs on the CPU.
inline void check_native(const Function& f, const Tensors& inputs, bool gradients = false,
                         double tolerance = 2e-6) {
  reel::backends::reset_report();
  check(f, inputs, gradients, tolerance);
  std::string missing;
  const std::string report = reel::backends::report();
  for (size_t begin = 0; begin < report.size();) {
    const size_t end = std::min(report.find('\n', begin), report.size());
    const std::string line = report.substr(begin, end - begin);
    const bool here = line.find("mlu") != std::string::npos;
    if (here && line.find(" cpu ") != std::string::npos) missing += line + "\n";
    begin = end + 1;
  }
  CHECK(missing == "");
}

}  // namespace mlu_test
