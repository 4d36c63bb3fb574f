#include <ostream>

#include <reel/nn/modules/vision.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace F = functional;

Interpolation::Interpolation(init::NonlinearityType linear) : mode_(InterpolateMode::Linear) {
  if (linear != kLinear) fail("interpolate: expected a mode such as kLinear");
}

namespace functional {

namespace {

constexpr const char* kOp = "interpolate";

/// One value for each dimension.
template <class T>
std::vector<T> expand(const char* what, const std::vector<T>& values, size_t dims) {
  if (values.size() == dims) return values;
  if (values.size() == 1) return std::vector<T>(dims, values[0]);
  fail("{}: {} shape must match input shape. Input is {}D, {} has {} values", kOp, what, dims, what,
       values.size());
}

/// The last dimension of volumes as rows, then the others as pictures: the filter is a product.
Tensor upsample_trilinear(const Tensor& x, IntArrayRef size, bool align_corners,
                          const std::vector<double>* factors) {
  const auto factor = [&](size_t a) {
    return factors == nullptr ? std::optional<double>() : (*factors)[a];
  };
  const int64_t n = x.size(0), c = x.size(1), d = x.size(2);
  const Tensor pictures =
      upsample_bilinear2d(x.reshape({n, c * d, x.size(3), x.size(4)}), size.slice(1, 2),
                          align_corners, factor(1), factor(2));
  const int64_t plane = size[1] * size[2];
  const Tensor rows = pictures.reshape({n, c, d, plane}).transpose(2, 3).reshape({n, c * plane, d});
  return upsample_linear1d(rows, size[0], align_corners, factor(0))
      .reshape({n, c, plane, size[0]})
      .transpose(2, 3)
      .reshape({n, c, size[0], size[1], size[2]});
}

}  // namespace

Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& options) {
  if (input.dim() < 3 || input.dim() > 5) {
    fail(
        "{}: Input Error: Only 3D, 4D and 5D input Tensors supported (got {}D) for the modes: "
        "nearest | linear | bilinear | bicubic | trilinear | area",
        kOp, input.dim());
  }
  const auto dims = static_cast<size_t>(input.dim()) - 2;
  const InterpolateMode mode = options.mode();
  const bool aligns = mode != kNearest && mode != kArea;
  if (!aligns && options.align_corners()) {
    fail(
        "{}: align_corners option can only be set with the interpolating modes: linear | bilinear "
        "| bicubic | trilinear",
        kOp);
  }
  if (options.size().has_value() == options.scale_factor().has_value()) {
    fail("{}: {}", kOp,
         options.size() ? "only one of size or scale_factor should be defined"
                        : "either size or scale_factor should be defined");
  }
  std::vector<int64_t> size;
  std::vector<double> factors;
  if (options.size()) {
    size = expand("size", *options.size(), dims);
  } else {
    factors = expand("scale_factor", *options.scale_factor(), dims);
    for (size_t a = 0; a < dims; ++a) {
      const double scaled =
          static_cast<double>(input.size(static_cast<int64_t>(a) + 2)) * factors[a];
      if (!(scaled >= 0 && scaled < 0x1p62)) {
        fail("{}: a scale factor of {} gives no size", kOp, factors[a]);
      }
      size.push_back(static_cast<int64_t>(scaled));
    }
  }
  const bool given = !factors.empty() && !options.recompute_scale_factor().value_or(false);
  const auto factor = [&](size_t a) {
    return given ? std::optional<double>(factors[a]) : std::nullopt;
  };
  const bool align = options.align_corners().value_or(false);
  if (mode == kArea) {
    if (dims == 1) return reel::adaptive_avg_pool1d(input, size);
    if (dims == 2) return reel::adaptive_avg_pool2d(input, size);
    return reel::adaptive_avg_pool3d(input, size);
  }
  if (mode == kNearest) {
    if (dims == 1) return upsample_nearest1d(input, size, factor(0));
    if (dims == 2) return upsample_nearest2d(input, size, factor(0), factor(1));
    return upsample_nearest3d(input, size, factor(0), factor(1), factor(2));
  }
  if (mode == InterpolateMode::Linear && dims == 1) {
    return upsample_linear1d(input, size, align, factor(0));
  }
  if (mode == kBilinear && dims == 2) {
    return upsample_bilinear2d(input, size, align, factor(0), factor(1));
  }
  if (mode == kBicubic && dims == 2) {
    return upsample_bicubic2d(input, size, align, factor(0), factor(1));
  }
  if (mode == kTrilinear && dims == 3) {
    return upsample_trilinear(input, size, align, given ? &factors : nullptr);
  }
  fail("{}: the mode does not fit an input of {} dimensions", kOp, input.dim());
}

Tensor grid_sample(const Tensor& input, const Tensor& grid, const GridSampleFuncOptions& options) {
  int64_t mode = 0;
  switch (options.mode()) {
    case InterpolateMode::Bilinear:
      mode = 0;
      break;
    case InterpolateMode::Nearest:
      mode = 1;
      break;
    case InterpolateMode::Bicubic:
      mode = 2;
      break;
    default:
      fail("grid_sample: expected mode to be kBilinear, kNearest or kBicubic");
  }
  return grid_sampler_2d(input, grid, mode, static_cast<int64_t>(options.padding_mode()),
                         options.align_corners().value_or(false));
}

Tensor affine_grid(const Tensor& theta, IntArrayRef size, bool align_corners) {
  if (!theta.is_floating_point()) {
    fail("affine_grid: Expected theta to have floating point type, but got {}", theta.dtype());
  }
  for (int64_t n : size) {
    if (n < 1) fail("affine_grid: Expected non-zero, positive output size. Got {}", size);
  }
  return affine_grid_generator(theta, size, align_corners);
}

}  // namespace functional

Tensor UpsampleImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::interpolate(input, F::InterpolateFuncOptions()
                                   .size(options.size())
                                   .scale_factor(options.scale_factor())
                                   .mode(options.mode())
                                   .align_corners(options.align_corners()));
}

void UpsampleImpl::pretty_print(std::ostream& stream) const {
  constexpr const char* kNames[] = {"nearest", "linear",    "bilinear",
                                    "bicubic", "trilinear", "area"};
  stream << "reel::nn::Upsample(";
  if (options.scale_factor()) {
    stream << fmt::format("scale_factor=[{}]", fmt::join(*options.scale_factor(), ", "));
  } else {
    stream << fmt::format("size=[{}]",
                          fmt::join(options.size().value_or(std::vector<int64_t>()), ", "));
  }
  stream << ", mode=" << kNames[static_cast<size_t>(options.mode())] << ")";
}

Tensor PixelShuffleImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::pixel_shuffle(input, options);
}

void PixelShuffleImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::PixelShuffle(upscale_factor=" << options.upscale_factor() << ")";
}

Tensor PixelUnshuffleImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::pixel_unshuffle(input, options);
}

void PixelUnshuffleImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::PixelUnshuffle(downscale_factor=" << options.downscale_factor() << ")";
}

Tensor FoldImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::fold(input, options);
}

void FoldImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format(
      "reel::nn::Fold(output_size={}, kernel_size={}, dilation={}, padding={}, stride={})",
      IntArrayRef(options.output_size()), IntArrayRef(options.kernel_size()),
      IntArrayRef(options.dilation()), IntArrayRef(options.padding()),
      IntArrayRef(options.stride()));
}

Tensor UnfoldImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return F::unfold(input, options);
}

void UnfoldImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::Unfold(kernel_size={}, dilation={}, padding={}, stride={})",
                        IntArrayRef(options.kernel_size()), IntArrayRef(options.dilation()),
                        IntArrayRef(options.padding()), IntArrayRef(options.stride()));
}

}  // namespace reel::nn
