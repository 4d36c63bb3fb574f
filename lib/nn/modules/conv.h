#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>

// Convolutions, plain and transposed, of rows [N, C, L], pictures [N, C, H, W] and volumes
// [N, C, D, H, W], or of one of them without N. D counts the dimensions behind the channels.

namespace reel::nn {

namespace quant {
struct LowBitImpl;
}

/// How an input is padded with zeros: amounts for each dimension, or a rule. kSame keeps the size
/// (stride must be 1), kValid pads nothing.
template <size_t D>
class Padding {
 public:
  Padding(int64_t all) : amounts_(all) {}
  Padding(std::initializer_list<int64_t> amounts) : amounts_(amounts) {}
  Padding(ExpandingArray<D> amounts) : amounts_(amounts) {}
  Padding(PaddingRule rule) : amounts_(0), same_(rule == kSame) {}
  bool is_same() const { return same_; }
  const ExpandingArray<D>& amounts() const { return amounts_; }

 private:
  ExpandingArray<D> amounts_;
  bool same_ = false;
};
using Conv2dPadding = Padding<2>;

template <size_t D>
class ConvOptions {
 public:
  ConvOptions(int64_t in_channels, int64_t out_channels, ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(kernel_size) {}

  REEL_ARG(int64_t, in_channels);
  REEL_ARG(int64_t, out_channels);
  REEL_ARG(ExpandingArray<D>, kernel_size);
  REEL_ARG(ExpandingArray<D>, stride) = 1;
  REEL_ARG(Padding<D>, padding) = 0;
  REEL_ARG(ExpandingArray<D>, dilation) = 1;
  REEL_ARG(int64_t, groups) = 1;
  REEL_ARG(bool, bias) = true;
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;
using Conv3dOptions = ConvOptions<3>;

template <size_t D>
class ConvTransposeOptions {
 public:
  ConvTransposeOptions(int64_t in_channels, int64_t out_channels, ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(kernel_size) {}
  int64_t in_channels() const { return in_channels_; }
  int64_t out_channels() const { return out_channels_; }
  const ExpandingArray<D>& kernel_size() const { return kernel_size_; }

  REEL_ARG(ExpandingArray<D>, stride) = 1;
  REEL_ARG(ExpandingArray<D>, padding) = 0;
  /// Added to one side of the output, which several input sizes of a convolution lead to.
  REEL_ARG(ExpandingArray<D>, output_padding) = 0;
  REEL_ARG(int64_t, groups) = 1;
  REEL_ARG(bool, bias) = true;
  REEL_ARG(ExpandingArray<D>, dilation) = 1;

 private:
  int64_t in_channels_;
  int64_t out_channels_;
  ExpandingArray<D> kernel_size_;
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;
using ConvTranspose3dOptions = ConvTransposeOptions<3>;

namespace functional {

template <size_t D>
class ConvFuncOptions {
  REEL_ARG(Tensor, bias);
  REEL_ARG(ExpandingArray<D>, stride) = 1;
  REEL_ARG(Padding<D>, padding) = 0;
  REEL_ARG(ExpandingArray<D>, dilation) = 1;
  REEL_ARG(int64_t, groups) = 1;
};
using Conv1dFuncOptions = ConvFuncOptions<1>;
using Conv2dFuncOptions = ConvFuncOptions<2>;
using Conv3dFuncOptions = ConvFuncOptions<3>;

template <size_t D>
class ConvTransposeFuncOptions {
  REEL_ARG(Tensor, bias);
  REEL_ARG(ExpandingArray<D>, stride) = 1;
  REEL_ARG(ExpandingArray<D>, padding) = 0;
  REEL_ARG(ExpandingArray<D>, output_padding) = 0;
  REEL_ARG(int64_t, groups) = 1;
  REEL_ARG(ExpandingArray<D>, dilation) = 1;
};
using ConvTranspose1dFuncOptions = ConvTransposeFuncOptions<1>;
using ConvTranspose2dFuncOptions = ConvTransposeFuncOptions<2>;
using ConvTranspose3dFuncOptions = ConvTransposeFuncOptions<3>;

/// weight [out, in / groups, kernel...].
Tensor conv1d(const Tensor& input, const Tensor& weight, const Conv1dFuncOptions& options = {});
Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& options = {});
Tensor conv3d(const Tensor& input, const Tensor& weight, const Conv3dFuncOptions& options = {});

/// weight [in, out / groups, kernel...].
Tensor conv_transpose1d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose1dFuncOptions& options = {});
Tensor conv_transpose2d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose2dFuncOptions& options = {});
Tensor conv_transpose3d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose3dFuncOptions& options = {});

}  // namespace functional

/// Convolution of in_channels to out_channels.
template <size_t D>
struct ConvImpl : Cloneable<ConvImpl<D>> {
  ConvImpl(int64_t in_channels, int64_t out_channels, ExpandingArray<D> kernel_size)
      : ConvImpl(ConvOptions<D>(in_channels, out_channels, kernel_size)) {}
  explicit ConvImpl(const ConvOptions<D>& options);
  void reset() override;
  /// Uniform in +-1/sqrt(fan_in), as PyTorch draws it.
  void reset_parameters();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  ConvOptions<D> options;
  Tensor weight;                               ///< [out_channels, in_channels / groups, kernel...]
  Tensor bias;                                 ///< [out_channels], or undefined
  std::shared_ptr<quant::LowBitImpl> low_bit;  ///< how to compute in fixed point, if it does
};
extern template struct ConvImpl<1>;
extern template struct ConvImpl<2>;
extern template struct ConvImpl<3>;

using Conv1dImpl = ConvImpl<1>;
REEL_MODULE(Conv1d);
using Conv2dImpl = ConvImpl<2>;
REEL_MODULE(Conv2d);
using Conv3dImpl = ConvImpl<3>;
REEL_MODULE(Conv3d);

/// What the gradient of a convolution does: each value is spread over a window.
template <size_t D>
struct ConvTransposeImpl : Cloneable<ConvTransposeImpl<D>> {
  ConvTransposeImpl(int64_t in_channels, int64_t out_channels, ExpandingArray<D> kernel_size)
      : ConvTransposeImpl(ConvTransposeOptions<D>(in_channels, out_channels, kernel_size)) {}
  explicit ConvTransposeImpl(const ConvTransposeOptions<D>& options);
  void reset() override;
  void reset_parameters();
  /// `output_size` decides among the sizes that fit, instead of the option output_padding.
  Tensor forward(const Tensor& input, std::optional<IntArrayRef> output_size = std::nullopt);
  void pretty_print(std::ostream& stream) const override;

  ConvTransposeOptions<D> options;
  Tensor weight;  ///< [in_channels, out_channels / groups, kernel...]
  Tensor bias;    ///< [out_channels], or undefined
};
extern template struct ConvTransposeImpl<1>;
extern template struct ConvTransposeImpl<2>;
extern template struct ConvTransposeImpl<3>;

using ConvTranspose1dImpl = ConvTransposeImpl<1>;
REEL_MODULE(ConvTranspose1d);
using ConvTranspose2dImpl = ConvTransposeImpl<2>;
REEL_MODULE(ConvTranspose2d);
using ConvTranspose3dImpl = ConvTransposeImpl<3>;
REEL_MODULE(ConvTranspose3d);

}  // namespace reel::nn
