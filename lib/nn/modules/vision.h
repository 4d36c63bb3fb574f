#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>

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
  UpsampleOptions& mode(Interpolation value) { return mode_ = value, *this; }
  InterpolateMode mode() const { return mode_.mode(); }

  /// Either the size of the output or its factors; one number is all.
  REEL_ARG(std::optional<std::vector<int64_t>>, size);
  REEL_ARG(std::optional<std::vector<double>>, scale_factor);
  /// Whether corners meet corners, instead of edges edges. Not for kNearest and kArea.
  REEL_ARG(std::optional<bool>, align_corners);

 private:
  Interpolation mode_ = kNearest;
};

class FoldOptions {
 public:
  FoldOptions(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
      : output_size_(output_size), kernel_size_(kernel_size) {}
  const ExpandingArray<2>& output_size() const { return output_size_; }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }

  REEL_ARG(ExpandingArray<2>, dilation) = 1;
  REEL_ARG(ExpandingArray<2>, padding) = 0;
  REEL_ARG(ExpandingArray<2>, stride) = 1;

 private:
  ExpandingArray<2> output_size_;
  ExpandingArray<2> kernel_size_;
};

class UnfoldOptions {
 public:
  UnfoldOptions(ExpandingArray<2> kernel_size) : kernel_size_(kernel_size) {}
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }

  REEL_ARG(ExpandingArray<2>, dilation) = 1;
  REEL_ARG(ExpandingArray<2>, padding) = 0;
  REEL_ARG(ExpandingArray<2>, stride) = 1;

 private:
  ExpandingArray<2> kernel_size_;
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
  InterpolateFuncOptions& mode(Interpolation value) { return mode_ = value, *this; }
  InterpolateMode mode() const { return mode_.mode(); }

  REEL_ARG(std::optional<std::vector<int64_t>>, size);
  REEL_ARG(std::optional<std::vector<double>>, scale_factor);
  REEL_ARG(std::optional<bool>, align_corners);
  /// Whether positions follow from the sizes, not from scale_factor as it was given.
  REEL_ARG(std::optional<bool>, recompute_scale_factor);

 private:
  Interpolation mode_ = kNearest;
};

/// Rows [N, C, L], pictures [N, C, H, W] or volumes [N, C, D, H, W] of another size.
Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& options = {});

class GridSampleFuncOptions {
  /// kBilinear, kNearest or kBicubic.
  REEL_ARG(InterpolateMode, mode) = kBilinear;
  REEL_ARG(GridPadding, padding_mode) = kZeros;
  REEL_ARG(std::optional<bool>, align_corners);
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
