#pragma once

// The table's ops on a device against the reference backend.

#include <reel/reel.h>

#include "conformance/values.h"
#include "support/catch.h"

namespace conformance {

namespace library = reel;
#include "conformance/table.h"

enum class Layout { Contiguous, Transposed, ChannelsLast, Sliced, Broadcast, Empty, Scalar };
inline constexpr Layout kLayouts[] = {Layout::Contiguous, Layout::Transposed, Layout::ChannelsLast,
                                      Layout::Sliced,     Layout::Broadcast,  Layout::Empty,
                                      Layout::Scalar};
inline constexpr const char* kLayoutNames[] = {
    "contiguous", "transposed", "channels-last", "sliced", "broadcast", "empty", "0-dim"};

// The same values in another place of memory; for Broadcast the first row in every row.
inline Tensor lay_out(const Tensor& x, Layout layout) {
  if (x.dim() == 0) return x;
  switch (layout) {
    case Layout::Transposed:
      return x.transpose(0, -1).contiguous().transpose(0, -1);
    case Layout::ChannelsLast:
      return x.dim() == 4 ? x.contiguous(reel::MemoryFormat::ChannelsLast) : x;
    case Layout::Sliced: {
      std::vector<int64_t> sizes = x.sizes().vec();
      sizes.back() *= 2;
      Tensor wide = reel::zeros(sizes, x.options());
      Tensor every_other = wide.slice(-1, 1, {}, 2);
      return every_other.copy_(x);
    }
    case Layout::Broadcast:
      return x.narrow(0, 0, 1).expand(x.sizes());
    default:
      return x;
  }
}

inline Sizes sizes_for(const Case& c, size_t input, Layout layout) {
  Sizes sizes = c.shapes[input];
  if (layout == Layout::Scalar) return {};
  if (layout == Layout::Empty) sizes[0] = 0;
  return sizes;
}

inline List make_inputs(const Case& c, reel::ScalarType dtype, Layout layout, reel::Device device) {
  List inputs;
  for (size_t i = 0; i < c.shapes.size(); ++i) {
    const Sizes sizes = sizes_for(c, i, layout);
    const auto values =
        spread(reel::numel_of(sizes), c.low * (reel::is_floating_point(dtype) ? 1 : 4),
               c.high * (reel::is_floating_point(dtype) ? 1 : 4), i);
    const Tensor x = reel::tensor(values, reel::kDouble).view(sizes).to(dtype);
    // A move to another device may lay out anew: the reference sees the values alone.
    const bool anew = device == reel::Device("reference");
    inputs.push_back(anew ? lay_out(x, layout).to(device) : lay_out(x.to(device), layout));
  }
  return inputs;
}

// The largest difference, relative to the largest expected value (at least 1).
inline double error_of(const Tensor& got, const Tensor& expected) {
  if (got.numel() == 0) return 0;
  const Tensor a = got.detach().cpu().to(reel::kDouble);
  const Tensor b = expected.detach().cpu().to(reel::kDouble);
  const double scale = std::max(1.0, b.abs().max().item<double>());
  const Tensor both_nan = a.isnan().logical_and(b.isnan());
  return (a - b).masked_fill(both_nan, 0).abs().max().item<double>() / scale;
}

inline double allowed(const Case& c, reel::ScalarType dtype) {
  if (!reel::is_floating_point(dtype)) return 0;
  // Sums that differ in a float's last bits may round to neighbours: twice, in a product and what
  // is added to it.
  if (dtype == reel::kHalf) return 2 * 0x1p-10;
  if (dtype == reel::kBFloat16) return 2 * 0x1p-7;
  // Double keeps 29 bits more; the fast convolutions are float only.
  return dtype == reel::kDouble ? 1e-13 * c.tolerance / 2e-6 : c.tolerance;
}

inline void compare(const List& got, const List& expected, const Case& c, double factor) {
  REQUIRE(got.size() == expected.size());
  for (size_t k = 0; k < got.size(); ++k) {
    INFO("result " << k);
    REQUIRE(got[k].defined() == expected[k].defined());
    if (!got[k].defined()) continue;
    REQUIRE(got[k].dtype() == expected[k].dtype());
    REQUIRE(got[k].sizes() == expected[k].sizes());
    CHECK(error_of(got[k], expected[k]) <= factor * allowed(c, got[k].dtype()));
  }
}

// Gradients of all inputs for fixed gradients of the floating-point results.
inline List gradients(const Case& c, List inputs) {
  for (Tensor& x : inputs) x = x.detach().requires_grad_();
  List results;
  List grads;
  for (const Tensor& y : c.run(inputs)) {
    if (!y.requires_grad()) continue;
    results.push_back(y);
    const auto weights = spread(y.numel(), -1, 1, results.size());
    grads.push_back(
        reel::tensor(weights, reel::kDouble).view(y.sizes()).to(y.dtype()).to(y.device()));
  }
  return reel::autograd::grad(results, inputs, grads, std::nullopt, false, /*allow_unused=*/true);
}

inline bool applies(const Case& c, Layout layout) {
  return c.any_shape || (layout != Layout::Empty && layout != Layout::Scalar);
}

/// Values and first gradients on a device, in every layout.
inline void compare_with_reference(const Case& c, reel::ScalarType dtype,
                                   reel::Device device = reel::kCPU) {
  const reel::Device reference("reference");
  for (const Layout layout : kLayouts) {
    if (!applies(c, layout)) continue;
    INFO(c.name << ", " << reel::to_string(dtype) << ", "
                << kLayoutNames[static_cast<int>(layout)]);
    const List inputs = make_inputs(c, dtype, layout, device);
    const List on_reference = make_inputs(c, dtype, layout, reference);
    compare(c.run(inputs), c.run(on_reference), c, 1);
    if (c.order == 0 || !reel::is_floating_point(dtype)) continue;
    // A gradient is a longer computation than the value.
    compare(gradients(c, inputs), gradients(c, on_reference), c, 4);
  }
}

}  // namespace conformance
