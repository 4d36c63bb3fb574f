// Pictures of another size, and pictures seen through a grid.

#include <algorithm>
#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

enum class Filter { Nearest, Linear, Cubic };

/// One output position reads `index[k]` with `weight[k]`, k counting the taps of the filter.
struct Taps {
  std::vector<std::vector<int64_t>> index;
  std::vector<std::vector<double>> weight;
};

/// Keys 1981 with A = -0.75: the weights of four neighbours at a distance t behind the second.
std::array<double, 4> cubic(double t) {
  constexpr double kA = -0.75;
  const auto near = [](double x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

/// T is the type in which PyTorch computes positions: float, or double for double.
template <class T>
Taps taps_of(Filter filter, int64_t in, int64_t out, bool align_corners,
             std::optional<double> scale) {
  const bool given = scale.has_value() && *scale > 0;
  T step = given ? static_cast<T>(1 / *scale) : static_cast<T>(in) / static_cast<T>(out);
  if (align_corners && filter != Filter::Nearest) {
    step = out > 1 ? static_cast<T>(in - 1) / static_cast<T>(out - 1) : T(0);
  }
  const size_t count = filter == Filter::Nearest ? 1 : filter == Filter::Linear ? 2 : 4;
  Taps taps{std::vector<std::vector<int64_t>>(count), std::vector<std::vector<double>>(count)};
  const auto clamped = [&](int64_t i) { return std::clamp<int64_t>(i, 0, in - 1); };
  for (int64_t i = 0; i < out; ++i) {
    if (filter == Filter::Nearest) {
      // Sizes that stay or double do not ask the scale.
      if (out == in || out == 2 * in) {
        taps.index[0].push_back(out == in ? i : i / 2);
        continue;
      }
      const auto at = std::floor(static_cast<float>(static_cast<T>(i) * step));
      taps.index[0].push_back(at < static_cast<float>(in) ? clamped(static_cast<int64_t>(at))
                                                          : in - 1);
      continue;
    }
    T at = align_corners ? static_cast<T>(i) * step : (static_cast<T>(i) + T(0.5)) * step - T(0.5);
    if (filter == Filter::Linear) at = std::max(at, T(0));
    // A scale near 0 leads beyond all numbers.
    at = std::isfinite(at) ? std::min(at, static_cast<T>(in)) : static_cast<T>(in);
    const auto start = static_cast<int64_t>(std::floor(at));
    if (filter == Filter::Linear) {
      const int64_t first = clamped(start);
      const double t = std::clamp<double>(at - static_cast<T>(first), 0, 1);
      taps.index[0].push_back(first);
      taps.index[1].push_back(clamped(first + 1));
      taps.weight[0].push_back(1 - t);
      taps.weight[1].push_back(t);
      continue;
    }
    const std::array<double, 4> weights = cubic(at - static_cast<T>(start));
    for (size_t k = 0; k < 4; ++k) {
      taps.index[k].push_back(clamped(start - 1 + static_cast<int64_t>(k)));
      taps.weight[k].push_back(weights[k]);
    }
  }
  return taps;
}

Tensor resample_dim(const Tensor& x, int64_t d, int64_t size, Filter filter, bool align_corners,
                    std::optional<double> scale) {
  const Taps taps = x.dtype() == kDouble
                        ? taps_of<double>(filter, x.size(d), size, align_corners, scale)
                        : taps_of<float>(filter, x.size(d), size, align_corners, scale);
  Tensor sum;
  for (size_t k = 0; k < taps.index.size(); ++k) {
    const Tensor index =
        tensor(taps.index[k], TensorOptions(kLong).device(Device(kCPU))).to(x.device());
    const Tensor seen = x.index_select(d, index);
    if (filter == Filter::Nearest) return seen;
    Shape column(static_cast<size_t>(x.dim()), 1);
    column[static_cast<size_t>(d)] = size;
    const Tensor weight = tensor(taps.weight[k], TensorOptions(kDouble).device(Device(kCPU)))
                              .to(x.options())
                              .view(column);
    sum = sum.defined() ? sum + seen * weight : seen * weight;
  }
  return sum;
}

/// "D: 3, H: 3, W: 3" for the last dimensions.
std::string named_sizes(IntArrayRef sizes) {
  constexpr const char* kNames[] = {"D", "H", "W"};
  std::string result;
  for (size_t i = 0; i < sizes.size(); ++i) {
    result += fmt::format("{}{}: {}", i > 0 ? ", " : "", kNames[3 - sizes.size() + i], sizes[i]);
  }
  return result;
}

Tensor upsample(const char* op, size_t dims, const Tensor& x, IntArrayRef size, Filter filter,
                bool align_corners, std::initializer_list<std::optional<double>> scales) {
  if (size.size() != dims) {
    fail("{}: It is expected output_size equals to {}, but got size {}", op, dims, size.size());
  }
  if (x.dim() != static_cast<int64_t>(dims) + 2) {
    fail("{}: It is expected input_size equals to {}, but got size {}", op, dims + 2, x.dim());
  }
  const IntArrayRef in = x.sizes().slice(2, dims);
  for (size_t a = 0; a < dims; ++a) {
    if (in[a] > 0 && size[a] > 0) continue;
    fail("{}: Input and output sizes should be greater than 0, but got input ({}){} output ({})",
         op, named_sizes(in), dims == 1 ? " and" : "", named_sizes(size));
  }
  if (x.size(1) == 0) {
    fail("{}: Non-empty {}D data tensor expected but got a tensor with sizes {}", op, dims + 2,
         x.sizes());
  }
  if (filter != Filter::Nearest && !x.is_floating_point()) {
    fail("{}: \"compute_indices_weights_{}\" not implemented for '{}'", op,
         filter == Filter::Linear ? "linear" : "cubic", x.dtype());
  }
  // A result that does not fit into memory is an error now.
  Shape sizes = x.sizes();
  for (size_t a = 0; a < dims; ++a) sizes[a + 2] = size[a];
  static_cast<void>(empty(sizes, x.options()));
  // Each of these filters is a product over the dimensions.
  Tensor result = x;
  for (size_t a = 0; a < dims; ++a) {
    result = resample_dim(result, static_cast<int64_t>(a) + 2, size[a], filter, align_corners,
                          scales.begin()[a]);
  }
  return result;
}

/// The scale of each dimension and the size that follows from them or is given.
struct Target {
  Shape size;
  std::array<std::optional<double>, 3> scales;
};

Target target_of(const char* op, size_t dims, const Tensor& x, IntArrayRef output_size,
                 const std::optional<ArrayRef<double>>& factors) {
  const bool sized = !output_size.empty();
  if (sized == factors.has_value()) {
    fail("{}: Must specify exactly one of output_size and scale_factors", op);
  }
  Target target;
  if (sized) {
    if (output_size.size() != dims) {
      fail(
          "{}: Expected static_cast<int64_t>(output_size->size()) == spatial_dimensions to be "
          "true, but got false.  (output_size {})",
          op, output_size);
    }
    target.size = output_size;
    return target;
  }
  if (factors->size() != dims || x.dim() != static_cast<int64_t>(dims) + 2) {
    fail(
        "{}: Expected static_cast<int64_t>(scale_factors->size()) == spatial_dimensions to be "
        "true, but got false.  ({} scale_factors, input {})",
        op, factors->size(), x.sizes());
  }
  for (size_t a = 0; a < dims; ++a) {
    const double size = static_cast<double>(x.size(static_cast<int64_t>(a) + 2)) * (*factors)[a];
    if (!(size >= 0 && size < 0x1p62)) {
      fail("{}: a scale factor of {} gives no size", op, (*factors)[a]);
    }
    target.size.push_back(static_cast<int64_t>(size));
    target.scales[a] = (*factors)[a];
  }
  return target;
}

}  // namespace

Tensor upsample_nearest1d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales) {
  return upsample("upsample_nearest1d", 1, self, output_size, Filter::Nearest, false, {scales});
}
Tensor upsample_nearest2d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales_h, std::optional<double> scales_w) {
  return upsample("upsample_nearest2d", 2, self, output_size, Filter::Nearest, false,
                  {scales_h, scales_w});
}
Tensor upsample_nearest3d(const Tensor& self, IntArrayRef output_size,
                          std::optional<double> scales_d, std::optional<double> scales_h,
                          std::optional<double> scales_w) {
  return upsample("upsample_nearest3d", 3, self, output_size, Filter::Nearest, false,
                  {scales_d, scales_h, scales_w});
}
Tensor upsample_linear1d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                         std::optional<double> scales) {
  return upsample("upsample_linear1d", 1, self, output_size, Filter::Linear, align_corners,
                  {scales});
}
Tensor upsample_bilinear2d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                           std::optional<double> scales_h, std::optional<double> scales_w) {
  return upsample("upsample_bilinear2d", 2, self, output_size, Filter::Linear, align_corners,
                  {scales_h, scales_w});
}
Tensor upsample_bicubic2d(const Tensor& self, IntArrayRef output_size, bool align_corners,
                          std::optional<double> scales_h, std::optional<double> scales_w) {
  return upsample("upsample_bicubic2d", 2, self, output_size, Filter::Cubic, align_corners,
                  {scales_h, scales_w});
}

Tensor upsample_nearest1d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_nearest1d", 1, input, output_size, scale_factors);
  return upsample_nearest1d(input, t.size, t.scales[0]);
}
Tensor upsample_nearest2d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_nearest2d", 2, input, output_size, scale_factors);
  return upsample_nearest2d(input, t.size, t.scales[0], t.scales[1]);
}
Tensor upsample_nearest3d(const Tensor& input, IntArrayRef output_size,
                          std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_nearest3d", 3, input, output_size, scale_factors);
  return upsample_nearest3d(input, t.size, t.scales[0], t.scales[1], t.scales[2]);
}
Tensor upsample_linear1d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                         std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_linear1d", 1, input, output_size, scale_factors);
  return upsample_linear1d(input, t.size, align_corners, t.scales[0]);
}
Tensor upsample_bilinear2d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                           std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_bilinear2d", 2, input, output_size, scale_factors);
  return upsample_bilinear2d(input, t.size, align_corners, t.scales[0], t.scales[1]);
}
Tensor upsample_bicubic2d(const Tensor& input, IntArrayRef output_size, bool align_corners,
                          std::optional<ArrayRef<double>> scale_factors) {
  const Target t = target_of("upsample_bicubic2d", 2, input, output_size, scale_factors);
  return upsample_bicubic2d(input, t.size, align_corners, t.scales[0], t.scales[1]);
}

namespace {

constexpr int64_t kBilinear = 0;
constexpr int64_t kNearestNeighbour = 1;
constexpr int64_t kBicubic = 2;
constexpr int64_t kBorder = 1;
constexpr int64_t kReflection = 2;

/// A coordinate of [-1, 1] as a position in pixels of a side of `size`.
Tensor pixels(const Tensor& coordinate, int64_t size, bool align_corners) {
  const auto n = static_cast<double>(size);
  if (align_corners) return (coordinate + 1) * ((n - 1) / 2);
  return ((coordinate + 1) * n - 1) / 2;
}

/// x in [0, size - 1], with no gradient where it was outside or NaN.
Tensor clip(const Tensor& x, int64_t size) {
  const auto last = static_cast<double>(size - 1);
  const Tensor inside = where(x.detach() > 0, x, 0);
  return where(inside.detach() < last, inside, last);
}

/// x mirrored at low / 2 and high / 2 until it lies between.
Tensor reflect(const Tensor& x, double low, double high) {
  if (low == high) return x * 0;
  const double start = low / 2;
  const double span = (high - low) / 2;
  const Tensor beyond = (x - start).abs();
  const Tensor turns = (beyond.detach() / span).floor();
  const Tensor rest = beyond - turns * span;
  const Tensor odd = (turns - (turns / 2).floor() * 2) != 0;
  return where(odd, span - rest, rest) + start;
}

Tensor apply_padding(const Tensor& x, int64_t size, int64_t padding, bool align_corners) {
  const auto n = static_cast<double>(size);
  if (padding == kBorder) return clip(x, size);
  if (padding != kReflection) return x;
  // Infinite and NaN positions have no mirror image.
  const Tensor finite = where(x.detach().isfinite(), x, -1);
  return clip(align_corners ? reflect(finite, 0, 2 * (n - 1)) : reflect(finite, -1, 2 * n - 1),
              size);
}

/// The pixels of a batch of pictures [N, C, H, W] at whole positions [N, H', W'], given as
/// floating-point numbers: [N, C, H', W'], 0 outside.
Tensor pick(const Tensor& input, const Tensor& x, const Tensor& y) {
  const int64_t n = input.size(0), c = input.size(1), h = input.size(2), w = input.size(3);
  const Tensor inside = logical_and(logical_and(x >= 0, x <= static_cast<double>(w - 1)),
                                    logical_and(y >= 0, y <= static_cast<double>(h - 1)));
  const Tensor column = where(inside, x, 0).to(kLong);
  const Tensor row = where(inside, y, 0).to(kLong);
  const int64_t count = x.size(1) * x.size(2);
  const Tensor index = (row * w + column).reshape({n, 1, count}).expand({n, c, count});
  const Tensor seen = input.reshape({n, c, h * w}).gather(2, index);
  return where(inside.unsqueeze(1), seen.view({n, c, x.size(1), x.size(2)}), 0);
}

/// The four weights of a bicubic filter at t in [0, 1), which is recorded.
std::array<Tensor, 4> cubic(const Tensor& t) {
  constexpr double kA = -0.75;
  const auto near = [](const Tensor& x) { return (x * (kA + 2) - (kA + 3)) * x * x + 1; };
  const auto far = [](const Tensor& x) { return ((x * kA - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

void check_grid(const char* op, const Tensor& input, const Tensor& grid) {
  if (grid.dim() < 1 || input.dim() < 1 || input.size(0) != grid.size(0)) {
    fail(
        "{}: grid_sampler(): expected grid and input to have same batch size, but got input with "
        "sizes {} and grid with sizes {}",
        op, input.sizes(), grid.sizes());
  }
  if (input.dim() != 4 || grid.dim() != 4) {
    fail(
        "{}: grid_sampler(): expected 4D input and grid with same number of dimensions, but got "
        "input with sizes {} and grid with sizes {}",
        op, input.sizes(), grid.sizes());
  }
  if (grid.size(3) != 2) {
    fail(
        "{}: grid_sampler(): expected grid to have size 2 in last dimension, but got grid with "
        "sizes {}",
        op, grid.sizes());
  }
  for (int64_t d = 2; d < 4; ++d) {
    if (input.size(d) > 0) continue;
    fail(
        "{}: grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
        "sizes {} with dimension {} being empty",
        op, input.sizes(), d);
  }
  if (input.dtype() != grid.dtype()) {
    fail("{}: expected scalar type {} but found {}", op, input.dtype(), grid.dtype());
  }
  if (!input.is_floating_point()) {
    fail("{}: \"grid_sampler_2d_cpu\" not implemented for '{}'", op, input.dtype());
  }
}

}  // namespace

Tensor grid_sampler_2d(const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                       int64_t padding_mode, bool align_corners) {
  constexpr const char* kOp = "grid_sampler_2d";
  check_grid(kOp, input, grid);
  if (interpolation_mode < 0 || interpolation_mode > 2 || padding_mode < 0 || padding_mode > 2) {
    fail(
        "{}: expected an interpolation mode of 0 to 2 (bilinear, nearest, bicubic) and a padding "
        "mode of 0 to 2 (zeros, border, reflection), got {} and {}",
        kOp, interpolation_mode, padding_mode);
  }
  const int64_t h = input.size(2), w = input.size(3);
  Tensor x = pixels(grid.select(3, 0), w, align_corners);
  Tensor y = pixels(grid.select(3, 1), h, align_corners);
  const auto pad_x = [&](const Tensor& t) {
    return apply_padding(t, w, padding_mode, align_corners);
  };
  const auto pad_y = [&](const Tensor& t) {
    return apply_padding(t, h, padding_mode, align_corners);
  };
  if (interpolation_mode == kNearestNeighbour) {
    // Halves go to the even neighbour. The grid has no influence nearby.
    return pick(input, pad_x(x.detach()).round(), pad_y(y.detach()).round());
  }
  if (interpolation_mode == kBilinear) {
    x = pad_x(x);
    y = pad_y(y);
  }
  const Tensor left = x.detach().floor();
  const Tensor top = y.detach().floor();
  const Tensor tx = x - left;
  const Tensor ty = y - top;
  if (interpolation_mode == kBilinear) {
    const auto corner = [&](int64_t dx, int64_t dy) {
      const Tensor weight = (dx == 0 ? 1 - tx : tx) * (dy == 0 ? 1 - ty : ty);
      return pick(input, left + dx, top + dy) * weight.unsqueeze(1);
    };
    return corner(0, 0) + corner(1, 0) + corner(0, 1) + corner(1, 1);
  }
  static_assert(kBicubic == 2);
  const std::array<Tensor, 4> wx = cubic(tx);
  const std::array<Tensor, 4> wy = cubic(ty);
  Tensor sum;
  for (int64_t i = 0; i < 4; ++i) {
    const Tensor row = pad_y(top + (i - 1));
    Tensor line;
    for (int64_t j = 0; j < 4; ++j) {
      const Tensor seen =
          pick(input, pad_x(left + (j - 1)), row) * wx[static_cast<size_t>(j)].unsqueeze(1);
      line = line.defined() ? line + seen : seen;
    }
    line = line * wy[static_cast<size_t>(i)].unsqueeze(1);
    sum = sum.defined() ? sum + line : line;
  }
  return sum;
}

namespace {

/// Positions of `count` pixels over [-1, 1]: centres of their squares, or corner to corner.
Tensor positions(int64_t count, bool align_corners, const TensorOptions& options) {
  if (count <= 1) return zeros({count}, options);
  const Tensor line = linspace(-1, 1, count, options);
  if (align_corners) return line;
  return line * (static_cast<double>(count - 1) / static_cast<double>(count));
}

}  // namespace

// Jaderberg et al. 2015.
Tensor affine_grid_generator(const Tensor& theta, IntArrayRef size, bool align_corners) {
  constexpr const char* kOp = "affine_grid_generator";
  if (size.size() != 4 && size.size() != 5) {
    fail("{}: AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.", kOp);
  }
  const size_t dims = size.size() - 2;
  const auto columns = static_cast<int64_t>(dims) + 1;
  const int64_t n = size[0];
  if (theta.dim() != 3 || theta.size(0) != n || theta.size(2) != columns) {
    fail(
        "{}: Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: "
        "[{}, {}].",
        kOp, n, columns, theta.dim() > 0 ? theta.size(0) : 0, theta.dim() > 2 ? theta.size(2) : 0);
  }
  if (!theta.is_floating_point()) {
    fail("{}: expected a floating-point theta, got {}", kOp, theta.dtype());
  }
  Shape points = size.slice(2, dims);
  const int64_t count = numel_of(points);
  if (theta.size(1) != columns - 1) {
    Shape expected = points;
    expected.insert(0, n);
    expected.push_back(columns - 1);
    fail("{}: shape '{}' is invalid for input of size {}", kOp, IntArrayRef(expected),
         n * count * theta.size(1));
  }
  // The point (x, y, 1) of each pixel; in a volume (x, y, z, 1).
  std::vector<Tensor> coordinates;
  for (size_t a = dims; a-- > 0;) {
    Shape along(dims, 1);
    along[a] = points[a];
    coordinates.push_back(
        positions(points[a], align_corners, theta.options()).view(along).expand(points));
  }
  coordinates.push_back(ones(points, theta.options()));
  const Tensor base =
      stack(coordinates, -1).reshape({1, count, columns}).expand({n, count, columns});
  Shape sizes = points;
  sizes.insert(0, n);
  sizes.push_back(columns - 1);
  return bmm(base, theta.transpose(1, 2)).view(sizes);
}

}  // namespace reel
