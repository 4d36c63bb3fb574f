#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>

// Pictures of another size, pixels as channels, windows as columns.

namespace reel::nn {

/// kNearest, kLinear (rows), kBilinear and kBicubic (pictures), kTrilinear (volumes), kArea.
class Interpolation {
 public:
  Interpolation(InterpolateMode mode) : mode_(mode) {}
  /// kLinear.
  Interpolation(init::NonlinearityType linear);
  InterpolateMode mode() const { return mode_; }

 private:
  InterpolateMode mode_;
};

class UpsampleOptions {
 public:
  /// Either the size of the output or its factors; one number is all.
  UpsampleOptions& size(std::optional<std::vector<int64_t>> value) {
    return size_ = std::move(value), *this;
  }
  UpsampleOptions& scale_factor(std::optional<std::vector<double>> value) {
    return scale_factor_ = std::move(value), *this;
  }
  UpsampleOptions& mode(Interpolation value) { return mode_ = value, *this; }
  /// Whether corners meet corners, instead of edges edges. Not for kNearest and kArea.
  UpsampleOptions& align_corners(std::optional<bool> value) {
    return align_corners_ = value, *this;
  }
  const std::optional<std::vector<int64_t>>& size() const { return size_; }
  const std::optional<std::vector<double>>& scale_factor() const { return scale_factor_; }
  InterpolateMode mode() const { return mode_.mode(); }
  std::optional<bool> align_corners() const { return align_corners_; }

 private:
  std::optional<std::vector<int64_t>> size_;
  std::optional<std::vector<double>> scale_factor_;
  Interpolation mode_ = kNearest;
  std::optional<bool> align_corners_;
};

class FoldOptions {
 public:
  FoldOptions(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : output_size_(output_size), kernel_size_(kernel_size) {}
  FoldOptions& dilation(ExpandingArray<2> value) { return dilation_ = value, *this; }
  FoldOptions& padding(ExpandingArray<2> value) { return padding_ = value, *this; }
  FoldOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  const ExpandingArray<2>& output_size() const { return output_size_; }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }
  const ExpandingArray<2>& dilation() const { return dilation_; }
  const ExpandingArray<2>& padding() const { return padding_; }
  const ExpandingArray<2>& stride() const { return stride_; }

 private:
  ExpandingArray<2> output_size_;
  ExpandingArray<2> kernel_size_;
  ExpandingArray<2> dilation_ = 1;
  ExpandingArray<2> padding_ = 0;
  ExpandingArray<2> stride_ = 1;
};

class UnfoldOptions {
 public:
  UnfoldOptions(ExpandingArray<2> kernel_size) : kernel_size_(kernel_size) {}
  UnfoldOptions& dilation(ExpandingArray<2> value) { return dilation_ = value, *this; }
  UnfoldOptions& padding(ExpandingArray<2> value) { return padding_ = value, *this; }
  UnfoldOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }
  const ExpandingArray<2>& dilation() const { return dilation_; }
  const ExpandingArray<2>& padding() const { return padding_; }
  const ExpandingArray<2>& stride() const { return stride_; }

 private:
  ExpandingArray<2> kernel_size_;
  ExpandingArray<2> dilation_ = 1;
  ExpandingArray<2> padding_ = 0;
  ExpandingArray<2> stride_ = 1;
};

class PixelShuffleOptions {
 public:
  PixelShuffleOptions(int64_t upscale_factor) : upscale_factor_(upscale_factor) {}
  int64_t upscale_factor() const { return upscale_factor_; }

 private:
  int64_t upscale_factor_;
};

class PixelUnshuffleOptions {
 public:
  PixelUnshuffleOptions(int64_t downscale_factor) : downscale_factor_(downscale_factor) {}
  int64_t downscale_factor() const { return downscale_factor_; }

 private:
  int64_t downscale_factor_;
};

namespace functional {

class InterpolateFuncOptions {
 public:
  InterpolateFuncOptions& size(std::optional<std::vector<int64_t>> value) {
    return size_ = std::move(value), *this;
  }
  InterpolateFuncOptions& scale_factor(std::optional<std::vector<double>> value) {
    return scale_factor_ = std::move(value), *this;
  }
  InterpolateFuncOptions& mode(Interpolation value) { return mode_ = value, *this; }
  InterpolateFuncOptions& align_corners(std::optional<bool> value) {
    return align_corners_ = value, *this;
  }
  /// Whether positions follow from the sizes, not from scale_factor as it was given.
  InterpolateFuncOptions& recompute_scale_factor(std::optional<bool> value) {
    return recompute_scale_factor_ = value, *this;
  }
  const std::optional<std::vector<int64_t>>& size() const { return size_; }
  const std::optional<std::vector<double>>& scale_factor() const { return scale_factor_; }
  InterpolateMode mode() const { return mode_.mode(); }
  std::optional<bool> align_corners() const { return align_corners_; }
  std::optional<bool> recompute_scale_factor() const { return recompute_scale_factor_; }

 private:
  std::optional<std::vector<int64_t>> size_;
  std::optional<std::vector<double>> scale_factor_;
  Interpolation mode_ = kNearest;
  std::optional<bool> align_corners_;
  std::optional<bool> recompute_scale_factor_;
};

/// Rows [N, C, L], pictures [N, C, H, W] or volumes [N, C, D, H, W] of another size.
Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& options = {});

class GridSampleFuncOptions {
 public:
  /// kBilinear, kNearest or kBicubic.
  GridSampleFuncOptions& mode(InterpolateMode value) { return mode_ = value, *this; }
  GridSampleFuncOptions& padding_mode(GridPadding value) { return padding_mode_ = value, *this; }
  GridSampleFuncOptions& align_corners(std::optional<bool> value) {
    return align_corners_ = value, *this;
  }
  InterpolateMode mode() const { return mode_; }
  GridPadding padding_mode() const { return padding_mode_; }
  std::optional<bool> align_corners() const { return align_corners_; }

 private:
  InterpolateMode mode_ = kBilinear;
  GridPadding padding_mode_ = kZeros;
  std::optional<bool> align_corners_;
};

/// input [N, C, H, W] seen at the positions grid [N, H', W', 2], (x, y) in [-1, 1].
Tensor grid_sample(const Tensor& input, const Tensor& grid,
                   const GridSampleFuncOptions& options = {});

/// The grid [N, H, W, 2] of affine maps theta [N, 2, 3] for an output of `size` [N, C, H, W].
Tensor affine_grid(const Tensor& theta, IntArrayRef size, bool align_corners = false);

using PixelShuffleFuncOptions = PixelShuffleOptions;
using PixelUnshuffleFuncOptions = PixelUnshuffleOptions;
using FoldFuncOptions = FoldOptions;
using UnfoldFuncOptions = UnfoldOptions;

inline Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& options) {
  return reel::pixel_shuffle(input, options.upscale_factor());
}
inline Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& options) {
  return reel::pixel_unshuffle(input, options.downscale_factor());
}
/// Columns to pictures, sums where windows overlap.
inline Tensor fold(const Tensor& input, const FoldFuncOptions& options) {
  return reel::col2im(input, options.output_size(), options.kernel_size(), options.dilation(),
                      options.padding(), options.stride());
}
/// Pictures [N, C, H, W] to columns [N, C * kh * kw, windows].
inline Tensor unfold(const Tensor& input, const UnfoldFuncOptions& options) {
  return reel::im2col(input, options.kernel_size(), options.dilation(), options.padding(),
                      options.stride());
}

}  // namespace functional

/// interpolate() by options.
struct UpsampleImpl : Cloneable<UpsampleImpl> {
  explicit UpsampleImpl(const UpsampleOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  UpsampleOptions options;
};
REEL_MODULE(Upsample);

/// [..., C * r * r, H, W] to [..., C, H * r, W * r] (Shi et al. 2016).
struct PixelShuffleImpl : Cloneable<PixelShuffleImpl> {
  explicit PixelShuffleImpl(const PixelShuffleOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  PixelShuffleOptions options;
};
REEL_MODULE(PixelShuffle);

/// The inverse of PixelShuffle.
struct PixelUnshuffleImpl : Cloneable<PixelUnshuffleImpl> {
  explicit PixelUnshuffleImpl(const PixelUnshuffleOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  PixelUnshuffleOptions options;
};
REEL_MODULE(PixelUnshuffle);

struct FoldImpl : Cloneable<FoldImpl> {
  FoldImpl(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : options(output_size, kernel_size) {}
  explicit FoldImpl(const FoldOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  FoldOptions options;
};
REEL_MODULE(Fold);

struct UnfoldImpl : Cloneable<UnfoldImpl> {
  UnfoldImpl(ExpandingArray<2> kernel_size) : options(kernel_size) {}
  explicit UnfoldImpl(const UnfoldOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  UnfoldOptions options;
};
REEL_MODULE(Unfold);

}  // namespace reel::nn
