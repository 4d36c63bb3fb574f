#include <cmath>
#include <limits>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

// Sums of `weights` (or how many there are) for each of `count` bins; those outside have bin -1.
Tensor sums_of_bins(const Tensor& bins, const Tensor& weights, int64_t count) {
  const Tensor inside = bins.ge(0);
  const Tensor share = weights.masked_fill(inside.logical_not(), 0);
  return zeros({count}, share.options()).scatter_add(0, bins.clamp_min(0), share);
}

}  // namespace

Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
  const NoGradGuard no_grad;
  if (!is_integral(self.dtype())) {
    fail("bincount: \"bincount_cpu\" not implemented for '{}'", self.dtype());
  }
  if (minlength < 0) fail("bincount: minlength should be >= 0");
  if (self.dim() == 1 && self.numel() == 0) {
    return zeros({minlength}, TensorOptions(kLong).device(self.device()));
  }
  if (self.dim() != 1 || self.min().item<int64_t>() < 0) {
    fail("bincount: bincount only supports 1-d non-negative integral inputs.");
  }
  if (weights.defined() && (weights.dim() != 1 || weights.size(0) != self.size(0))) {
    fail("bincount: weights should be 1-d and have the same length as input");
  }
  const int64_t last = self.max().item<int64_t>();
  if (last == std::numeric_limits<int64_t>::max()) {
    fail("bincount: value {} needs too many bins", last);
  }
  const Tensor bins = self.to(kLong);
  const int64_t count = std::max(last + 1, minlength);
  if (!weights.defined()) return sums_of_bins(bins, ones_like(bins), count);
  return sums_of_bins(bins, weights.dtype() == kFloat ? weights : weights.to(kDouble), count);
}

namespace {

void check_bins(int64_t bins) {
  if (bins <= 0) fail("torch.histogram(): bins must be > 0, but got {} for dimension 0", bins);
}

struct Range {
  double low = 0;
  double high = 0;
  bool finite() const { return std::isfinite(low) && std::isfinite(high); }
};

Range range_of(const Tensor& x) {
  if (x.numel() == 0) return {};
  return {x.min().item<double>(), x.max().item<double>()};
}

Tensor within(const Tensor& x, const Scalar& low, const Scalar& high) {
  return x.ge(low).logical_and(x.le(high));
}

}  // namespace

Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max) {
  const NoGradGuard no_grad;
  if (!self.is_floating_point()) {
    fail("histc: \"histogram_cpu\" not implemented for '{}'", self.dtype());
  }
  check_bins(bins);
  Range range{min.toDouble(), max.toDouble()};
  if (range.low == range.high && self.numel() > 0) range = range_of(self);
  if (range.low == range.high) range = {range.low - 1, range.high + 1};
  if (!range.finite()) {
    fail("torch.histc: range of [{}, {}] is not finite", range.low, range.high);
  }
  if (!(range.low < range.high)) fail("torch.histc: max must be larger than min");
  const Tensor x = self.detach().reshape({-1});
  const Tensor inside = within(x, range.low, range.high);
  const Tensor place = (x - range.low) * static_cast<double>(bins) / (range.high - range.low);
  const Tensor bin = place.masked_fill(inside.logical_not(), 0).to(kLong).clamp(0, bins - 1);
  const Tensor counts =
      sums_of_bins(bin.masked_fill(inside.logical_not(), -1), ones_like(bin), bins);
  return counts.to(self.dtype());
}

namespace {

// The dtype as LibTorch prints it.
const char* type_name(ScalarType type) {
  constexpr const char* kNames[] = {"unsigned char", "signed char", "short int", "int",
                                    "long int",      "c10::Half",   "float",     "double"};
  return type <= kDouble ? kNames[static_cast<int>(type)] : to_string(type);
}

void check_histogram(const Tensor& self, const Tensor& weight) {
  if (!self.is_floating_point()) {
    fail("histogram: \"histogramdd\" not implemented for '{}'", self.dtype());
  }
  if (!weight.defined()) return;
  if (weight.dtype() != self.dtype()) {
    fail(
        "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should "
        "have the same dtype, but got input({}), and weight({})",
        type_name(self.dtype()), type_name(weight.dtype()));
  }
  if (weight.numel() != self.numel()) {
    fail(
        "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
        "input tensor excluding its innermost dimension, but got input with shape [{}, 1] and "
        "weight with shape [{}]",
        self.numel(), weight.numel());
  }
}

// Both ends of the last bin belong to it.
std::tuple<Tensor, Tensor> histogram_of(const Tensor& self, const Tensor& edges,
                                        const Tensor& weight, bool density) {
  const Tensor x = self.detach().reshape({-1});
  const int64_t bins = edges.numel() - 1;
  const Tensor outside = within(x, edges[0].item<double>(), edges[-1].item<double>()).logical_not();
  const Tensor bin =
      searchsorted(edges, x, false, true).sub(1).clamp(-1, bins - 1).masked_fill(outside, -1);
  const Tensor share = weight.defined() ? weight.detach().reshape({-1}) : ones_like(x);
  Tensor sums = sums_of_bins(bin, share, bins);
  if (density) sums = sums / sums.sum() / diff(edges);
  return {sums, edges};
}

}  // namespace

std::tuple<Tensor, Tensor> histogram(const Tensor& self, const Tensor& bins, const Tensor& weight,
                                     bool density) {
  const NoGradGuard no_grad;
  if (bins.dim() != 1) {
    fail(
        "torch.histogramdd: bins tensor should have one dimension, but got {} dimensions in the "
        "bins tensor for dimension 0",
        bins.dim());
  }
  if (bins.dtype() != self.dtype()) {
    fail(
        "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got "
        "input with dtype {} and bins for dimension 0 with dtype {}",
        type_name(self.dtype()), type_name(bins.dtype()));
  }
  if (bins.numel() == 0) {
    fail(
        "torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in the "
        "bins tensor for dimension 0");
  }
  check_histogram(self, weight);
  check_bins(bins.numel() - 1);
  return histogram_of(self, bins.detach().clone(), weight, density);
}

std::tuple<Tensor, Tensor> histogram(const Tensor& self, int64_t bins,
                                     std::optional<ArrayRef<double>> range, const Tensor& weight,
                                     bool density) {
  const NoGradGuard no_grad;
  check_histogram(self, weight);
  check_bins(bins);
  Range ends;
  if (range) {
    if (range->size() != 2) {
      fail(
          "torch.histogramdd: for a 1-dimensional histogram, range should have 2 elements, but got "
          "{}",
          range->size());
    }
    ends = {(*range)[0], (*range)[1]};
  } else {
    ends = self.numel() == 0 ? Range{0, 1} : range_of(self);
  }
  if (!ends.finite()) {
    fail("torch.histogramdd: dimension 0's range [{}, {}] is not finite", ends.low, ends.high);
  }
  if (ends.low > ends.high) {
    fail("torch.histogramdd: min should not exceed max, but got min {} max {} for dimension 0",
         ends.low, ends.high);
  }
  if (ends.low == ends.high) ends = {ends.low - 0.5, ends.high + 0.5};
  return histogram_of(self, linspace(ends.low, ends.high, bins + 1, self.options()), weight,
                      density);
}

namespace {

Tensor quantiles(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                 std::string_view interpolation, bool ignore_nan) {
  if (self.dtype() != kFloat && self.dtype() != kDouble) {
    fail("quantile() input tensor must be either float or double dtype");
  }
  if (self.numel() == 0) fail("quantile() input tensor must be non-empty");
  if (q.dim() > 1) fail("quantile() q must be a scalar or 1D tensor");
  if (q.dtype() != self.dtype()) fail("quantile() q tensor must be same dtype as the input tensor");
  if (interpolation != "linear" && interpolation != "lower" && interpolation != "higher" &&
      interpolation != "midpoint" && interpolation != "nearest") {
    fail(
        "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but "
        "got {}",
        interpolation);
  }
  const int64_t d = dim ? wrap_dim(*dim, self.dim()) : 0;
  if (!q.ge(0).logical_and(q.le(1)).all().item<bool>()) {
    fail("quantile() q values must be in the range [0, 1]");
  }

  Tensor x = self;
  Shape sizes = self.sizes();
  if (!dim || self.dim() == 0) {
    x = self.reshape({-1});
    sizes = keepdim ? Shape(sizes.size(), 1) : Shape();
  } else {
    x = self.unsqueeze(-1).transpose(d, -1);
    if (keepdim) {
      sizes[static_cast<size_t>(d)] = 1;
    } else {
      sizes.erase(static_cast<size_t>(d));
    }
  }
  // Rows along the last dimension; NaN comes last and so is what a rank at the end finds.
  x = std::get<0>(x.sort(-1));
  const double last = static_cast<double>(x.size(-1) - 1);
  Tensor ranks;
  if (ignore_nan) {
    const Tensor count = isnan(x).logical_not().sum(-1, true).to(x.dtype());
    ranks = q * (count - 1);
    ranks = where(ranks < 0, 0, ranks);
  } else {
    ranks = where(isnan(x).any(-1, true), last, q * last);
  }
  if (interpolation == "lower") ranks = floor(ranks);
  if (interpolation == "higher") ranks = ceil(ranks);
  if (interpolation == "nearest") ranks = round(ranks);
  const Tensor below = ranks.detach().to(kLong);
  Tensor result = x.gather(-1, below);
  if (interpolation == "linear" || interpolation == "midpoint") {
    const Tensor weight =
        interpolation == "midpoint" ? full_like(ranks, 0.5) : ranks - below.to(ranks.dtype());
    const Tensor above = x.gather(-1, ceil(ranks.detach()).to(kLong));
    result = lerp(result, above, weight);
  }
  // The quantiles of a row come first in the result.
  if (q.dim() == 0) return result.squeeze(-1).reshape(sizes);
  Shape order{result.dim() - 1};
  for (int64_t i = 0; i + 1 < result.dim(); ++i) order.push_back(i);
  sizes.insert(0, q.numel());
  return result.permute(order).reshape(sizes);
}

Tensor quantiles(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                 std::string_view interpolation, bool ignore_nan) {
  if (!(q >= 0 && q <= 1)) fail("quantile() q must be in the range [0, 1] but got {}", q);
  return quantiles(self, scalar_tensor(q, self.options()), dim, keepdim, interpolation, ignore_nan);
}

}  // namespace

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantiles(self, q, dim, keepdim, interpolation, false);
}
Tensor quantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantiles(self, q, dim, keepdim, interpolation, false);
}
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantiles(self, q, dim, keepdim, interpolation, true);
}
Tensor nanquantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantiles(self, q, dim, keepdim, interpolation, true);
}

}  // namespace reel
