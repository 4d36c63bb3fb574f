#pragma once

#include <reel/nn/enum.h>
#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>

namespace reel::nn {

/// How a picture is padded with zeros: amounts for height and width, or a rule. kSame keeps the
/// size (stride must be 1), kValid pads nothing.
class Conv2dPadding {
 public:
  Conv2dPadding(int64_t both) : amounts_(both) {}
  Conv2dPadding(std::initializer_list<int64_t> amounts) : amounts_(amounts) {}
  Conv2dPadding(ExpandingArray<2> amounts) : amounts_(amounts) {}
  Conv2dPadding(PaddingRule rule) : amounts_(0), same_(rule == kSame) {}
  bool is_same() const { return same_; }
  const ExpandingArray<2>& amounts() const { return amounts_; }

 private:
  ExpandingArray<2> amounts_;
  bool same_ = false;
};

class Conv2dOptions {
 public:
  Conv2dOptions(int64_t in_channels, int64_t out_channels, ExpandingArray<2> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(kernel_size) {}
  Conv2dOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  Conv2dOptions& padding(Conv2dPadding value) { return padding_ = value, *this; }
  Conv2dOptions& dilation(ExpandingArray<2> value) { return dilation_ = value, *this; }
  Conv2dOptions& groups(int64_t value) { return groups_ = value, *this; }
  Conv2dOptions& bias(bool value) { return bias_ = value, *this; }
  int64_t in_channels() const { return in_channels_; }
  int64_t out_channels() const { return out_channels_; }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }
  const ExpandingArray<2>& stride() const { return stride_; }
  const Conv2dPadding& padding() const { return padding_; }
  const ExpandingArray<2>& dilation() const { return dilation_; }
  int64_t groups() const { return groups_; }
  bool bias() const { return bias_; }

 private:
  int64_t in_channels_;
  int64_t out_channels_;
  ExpandingArray<2> kernel_size_;
  ExpandingArray<2> stride_ = 1;
  Conv2dPadding padding_ = 0;
  ExpandingArray<2> dilation_ = 1;
  int64_t groups_ = 1;
  bool bias_ = true;
};

namespace functional {

class Conv2dFuncOptions {
 public:
  Conv2dFuncOptions& bias(Tensor value) { return bias_ = std::move(value), *this; }
  Conv2dFuncOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  Conv2dFuncOptions& padding(Conv2dPadding value) { return padding_ = value, *this; }
  Conv2dFuncOptions& dilation(ExpandingArray<2> value) { return dilation_ = value, *this; }
  Conv2dFuncOptions& groups(int64_t value) { return groups_ = value, *this; }
  const Tensor& bias() const { return bias_; }
  const ExpandingArray<2>& stride() const { return stride_; }
  const Conv2dPadding& padding() const { return padding_; }
  const ExpandingArray<2>& dilation() const { return dilation_; }
  int64_t groups() const { return groups_; }

 private:
  Tensor bias_;
  ExpandingArray<2> stride_ = 1;
  Conv2dPadding padding_ = 0;
  ExpandingArray<2> dilation_ = 1;
  int64_t groups_ = 1;
};

/// input [N, C, H, W] or [C, H, W], weight [O, C / groups, kh, kw].
Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& options = {});

}  // namespace functional

/// Convolution of pictures [N, in_channels, H, W] or [in_channels, H, W].
struct Conv2dImpl : Cloneable<Conv2dImpl> {
  Conv2dImpl(int64_t in_channels, int64_t out_channels, ExpandingArray<2> kernel_size)
      : Conv2dImpl(Conv2dOptions(in_channels, out_channels, kernel_size)) {}
  explicit Conv2dImpl(const Conv2dOptions& options);
  void reset() override;
  /// Uniform in +-1/sqrt(fan_in), as PyTorch draws it.
  void reset_parameters();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  Conv2dOptions options;
  Tensor weight;  ///< [out_channels, in_channels / groups, kh, kw]
  Tensor bias;    ///< [out_channels], or undefined
};
REEL_MODULE(Conv2d);

}  // namespace reel::nn
