#pragma once

#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/ops.h>

// Pooling of pictures [N, C, H, W] or [C, H, W].

namespace reel::nn {

class MaxPool2dOptions {
 public:
  MaxPool2dOptions(ExpandingArray<2> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}
  MaxPool2dOptions& kernel_size(ExpandingArray<2> value) { return kernel_size_ = value, *this; }
  MaxPool2dOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  MaxPool2dOptions& padding(ExpandingArray<2> value) { return padding_ = value, *this; }
  MaxPool2dOptions& dilation(ExpandingArray<2> value) { return dilation_ = value, *this; }
  MaxPool2dOptions& ceil_mode(bool value) { return ceil_mode_ = value, *this; }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }
  const ExpandingArray<2>& stride() const { return stride_; }
  const ExpandingArray<2>& padding() const { return padding_; }
  const ExpandingArray<2>& dilation() const { return dilation_; }
  bool ceil_mode() const { return ceil_mode_; }

 private:
  ExpandingArray<2> kernel_size_;
  ExpandingArray<2> stride_;
  ExpandingArray<2> padding_ = 0;
  ExpandingArray<2> dilation_ = 1;
  bool ceil_mode_ = false;
};

class AvgPool2dOptions {
 public:
  AvgPool2dOptions(ExpandingArray<2> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}
  AvgPool2dOptions& kernel_size(ExpandingArray<2> value) { return kernel_size_ = value, *this; }
  AvgPool2dOptions& stride(ExpandingArray<2> value) { return stride_ = value, *this; }
  AvgPool2dOptions& padding(ExpandingArray<2> value) { return padding_ = value, *this; }
  AvgPool2dOptions& ceil_mode(bool value) { return ceil_mode_ = value, *this; }
  AvgPool2dOptions& count_include_pad(bool value) { return count_include_pad_ = value, *this; }
  AvgPool2dOptions& divisor_override(std::optional<int64_t> value) {
    return divisor_override_ = value, *this;
  }
  const ExpandingArray<2>& kernel_size() const { return kernel_size_; }
  const ExpandingArray<2>& stride() const { return stride_; }
  const ExpandingArray<2>& padding() const { return padding_; }
  bool ceil_mode() const { return ceil_mode_; }
  bool count_include_pad() const { return count_include_pad_; }
  std::optional<int64_t> divisor_override() const { return divisor_override_; }

 private:
  ExpandingArray<2> kernel_size_;
  ExpandingArray<2> stride_;
  ExpandingArray<2> padding_ = 0;
  bool ceil_mode_ = false;
  bool count_include_pad_ = true;
  std::optional<int64_t> divisor_override_;
};

class AdaptiveAvgPool2dOptions {
 public:
  AdaptiveAvgPool2dOptions(ExpandingArray<2> output_size) : output_size_(output_size) {}
  AdaptiveAvgPool2dOptions& output_size(ExpandingArray<2> value) {
    return output_size_ = value, *this;
  }
  const ExpandingArray<2>& output_size() const { return output_size_; }

 private:
  ExpandingArray<2> output_size_;
};

namespace functional {

using MaxPool2dFuncOptions = MaxPool2dOptions;
using AvgPool2dFuncOptions = AvgPool2dOptions;
using AdaptiveAvgPool2dFuncOptions = AdaptiveAvgPool2dOptions;

inline Tensor max_pool2d(const Tensor& input, const MaxPool2dFuncOptions& options) {
  return reel::max_pool2d(input, options.kernel_size(), options.stride(), options.padding(),
                          options.dilation(), options.ceil_mode());
}
inline std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input,
                                                          const MaxPool2dFuncOptions& options) {
  return reel::max_pool2d_with_indices(input, options.kernel_size(), options.stride(),
                                       options.padding(), options.dilation(), options.ceil_mode());
}
inline Tensor avg_pool2d(const Tensor& input, const AvgPool2dFuncOptions& options) {
  return reel::avg_pool2d(input, options.kernel_size(), options.stride(), options.padding(),
                          options.ceil_mode(), options.count_include_pad(),
                          options.divisor_override());
}
inline Tensor adaptive_avg_pool2d(const Tensor& input,
                                  const AdaptiveAvgPool2dFuncOptions& options) {
  return reel::adaptive_avg_pool2d(input, options.output_size());
}

}  // namespace functional

/// The largest value of each window.
struct MaxPool2dImpl : Cloneable<MaxPool2dImpl> {
  MaxPool2dImpl(ExpandingArray<2> kernel_size) : options(kernel_size) {}
  explicit MaxPool2dImpl(const MaxPool2dOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  MaxPool2dOptions options;
};
REEL_MODULE(MaxPool2d);

/// The mean of each window.
struct AvgPool2dImpl : Cloneable<AvgPool2dImpl> {
  AvgPool2dImpl(ExpandingArray<2> kernel_size) : options(kernel_size) {}
  explicit AvgPool2dImpl(const AvgPool2dOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  AvgPool2dOptions options;
};
REEL_MODULE(AvgPool2d);

/// Means over windows chosen so that the output has the given size.
struct AdaptiveAvgPool2dImpl : Cloneable<AdaptiveAvgPool2dImpl> {
  AdaptiveAvgPool2dImpl(ExpandingArray<2> output_size) : options(output_size) {}
  explicit AdaptiveAvgPool2dImpl(const AdaptiveAvgPool2dOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  AdaptiveAvgPool2dOptions options;
};
REEL_MODULE(AdaptiveAvgPool2d);

}  // namespace reel::nn
