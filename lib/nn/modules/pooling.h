#pragma once

#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

// Pooling of rows [N, C, L], pictures [N, C, H, W] and volumes [N, C, D, H, W], or of one of them
// without N. D counts the dimensions behind the channels.

namespace reel::nn {

template <size_t D>
class MaxPoolOptions {
 public:
  MaxPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}

  REEL_ARG(ExpandingArray<D>, kernel_size);
  REEL_ARG(ExpandingArray<D>, stride);
  REEL_ARG(ExpandingArray<D>, padding) = 0;
  REEL_ARG(ExpandingArray<D>, dilation) = 1;
  REEL_ARG(bool, ceil_mode) = false;
};
using MaxPool1dOptions = MaxPoolOptions<1>;
using MaxPool2dOptions = MaxPoolOptions<2>;
using MaxPool3dOptions = MaxPoolOptions<3>;

/// divisor_override is for pictures and volumes.
template <size_t D>
class AvgPoolOptions {
 public:
  AvgPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}
  AvgPoolOptions& divisor_override(std::optional<int64_t> value) requires(D > 1) {
    return divisor_override_ = value, *this;
  }
  std::optional<int64_t> divisor_override() const requires(D > 1) { return divisor_override_; }

  REEL_ARG(ExpandingArray<D>, kernel_size);
  REEL_ARG(ExpandingArray<D>, stride);
  REEL_ARG(ExpandingArray<D>, padding) = 0;
  REEL_ARG(bool, ceil_mode) = false;
  REEL_ARG(bool, count_include_pad) = true;

 private:
  std::optional<int64_t> divisor_override_;
};
using AvgPool1dOptions = AvgPoolOptions<1>;
using AvgPool2dOptions = AvgPoolOptions<2>;
using AvgPool3dOptions = AvgPoolOptions<3>;

/// The size of the output; std::nullopt stands for the input's size.
template <size_t D>
class AdaptivePoolOptions {
 public:
  AdaptivePoolOptions(ExpandingArrayWithOptionalElem<D> output_size) : output_size_(output_size) {}
  /// The size of the output for this input.
  std::array<int64_t, D> output_size_for(const Tensor& input) const {
    std::array<int64_t, D> result{};
    for (size_t a = 0; a < D; ++a) {
      const auto dim = static_cast<int64_t>(a) - static_cast<int64_t>(D);
      result[a] = output_size_[a] ? *output_size_[a] : input.size(dim);
    }
    return result;
  }

  REEL_ARG(ExpandingArrayWithOptionalElem<D>, output_size);
};
using AdaptiveAvgPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveAvgPool2dOptions = AdaptivePoolOptions<2>;
using AdaptiveAvgPool3dOptions = AdaptivePoolOptions<3>;
using AdaptiveMaxPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveMaxPool2dOptions = AdaptivePoolOptions<2>;
using AdaptiveMaxPool3dOptions = AdaptivePoolOptions<3>;

class MaxUnpool2dOptions {
 public:
  MaxUnpool2dOptions(ExpandingArray<2> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}

  REEL_ARG(ExpandingArray<2>, kernel_size);
  REEL_ARG(ExpandingArray<2>, stride);
  REEL_ARG(ExpandingArray<2>, padding) = 0;
};

namespace functional {

using MaxPool1dFuncOptions = MaxPool1dOptions;
using AvgPool1dFuncOptions = AvgPool1dOptions;
using AdaptiveAvgPool1dFuncOptions = AdaptiveAvgPool1dOptions;
using AdaptiveMaxPool1dFuncOptions = AdaptiveMaxPool1dOptions;
using MaxPool2dFuncOptions = MaxPool2dOptions;
using AvgPool2dFuncOptions = AvgPool2dOptions;
using AdaptiveAvgPool2dFuncOptions = AdaptiveAvgPool2dOptions;
using AdaptiveMaxPool2dFuncOptions = AdaptiveMaxPool2dOptions;
using MaxPool3dFuncOptions = MaxPool3dOptions;
using AvgPool3dFuncOptions = AvgPool3dOptions;
using AdaptiveAvgPool3dFuncOptions = AdaptiveAvgPool3dOptions;
using AdaptiveMaxPool3dFuncOptions = AdaptiveMaxPool3dOptions;

inline Tensor max_pool1d(const Tensor& input, const MaxPool1dFuncOptions& o) {
  return reel::max_pool1d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                          o.ceil_mode());
}
inline std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& input,
                                                          const MaxPool1dFuncOptions& o) {
  return reel::max_pool1d_with_indices(input, o.kernel_size(), o.stride(), o.padding(),
                                       o.dilation(), o.ceil_mode());
}
inline Tensor avg_pool1d(const Tensor& input, const AvgPool1dFuncOptions& o) {
  return reel::avg_pool1d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                          o.count_include_pad());
}
inline Tensor adaptive_avg_pool1d(const Tensor& input, const AdaptiveAvgPool1dFuncOptions& o) {
  return reel::adaptive_avg_pool1d(input, o.output_size_for(input));
}
inline Tensor adaptive_max_pool1d(const Tensor& input, const AdaptiveMaxPool1dFuncOptions& o) {
  return std::get<0>(reel::adaptive_max_pool1d(input, o.output_size_for(input)));
}
inline std::tuple<Tensor, Tensor> adaptive_max_pool1d_with_indices(
    const Tensor& input, const AdaptiveMaxPool1dFuncOptions& o) {
  return reel::adaptive_max_pool1d(input, o.output_size_for(input));
}
inline Tensor max_pool2d(const Tensor& input, const MaxPool2dFuncOptions& o) {
  return reel::max_pool2d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                          o.ceil_mode());
}
inline std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input,
                                                          const MaxPool2dFuncOptions& o) {
  return reel::max_pool2d_with_indices(input, o.kernel_size(), o.stride(), o.padding(),
                                       o.dilation(), o.ceil_mode());
}
inline Tensor avg_pool2d(const Tensor& input, const AvgPool2dFuncOptions& o) {
  return reel::avg_pool2d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                          o.count_include_pad(), o.divisor_override());
}
inline Tensor adaptive_avg_pool2d(const Tensor& input, const AdaptiveAvgPool2dFuncOptions& o) {
  return reel::adaptive_avg_pool2d(input, o.output_size_for(input));
}
inline Tensor adaptive_max_pool2d(const Tensor& input, const AdaptiveMaxPool2dFuncOptions& o) {
  return std::get<0>(reel::adaptive_max_pool2d(input, o.output_size_for(input)));
}
inline std::tuple<Tensor, Tensor> adaptive_max_pool2d_with_indices(
    const Tensor& input, const AdaptiveMaxPool2dFuncOptions& o) {
  return reel::adaptive_max_pool2d(input, o.output_size_for(input));
}
inline Tensor max_pool3d(const Tensor& input, const MaxPool3dFuncOptions& o) {
  return reel::max_pool3d(input, o.kernel_size(), o.stride(), o.padding(), o.dilation(),
                          o.ceil_mode());
}
inline std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& input,
                                                          const MaxPool3dFuncOptions& o) {
  return reel::max_pool3d_with_indices(input, o.kernel_size(), o.stride(), o.padding(),
                                       o.dilation(), o.ceil_mode());
}
inline Tensor avg_pool3d(const Tensor& input, const AvgPool3dFuncOptions& o) {
  return reel::avg_pool3d(input, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                          o.count_include_pad(), o.divisor_override());
}
inline Tensor adaptive_avg_pool3d(const Tensor& input, const AdaptiveAvgPool3dFuncOptions& o) {
  return reel::adaptive_avg_pool3d(input, o.output_size_for(input));
}
inline Tensor adaptive_max_pool3d(const Tensor& input, const AdaptiveMaxPool3dFuncOptions& o) {
  return std::get<0>(reel::adaptive_max_pool3d(input, o.output_size_for(input)));
}
inline std::tuple<Tensor, Tensor> adaptive_max_pool3d_with_indices(
    const Tensor& input, const AdaptiveMaxPool3dFuncOptions& o) {
  return reel::adaptive_max_pool3d(input, o.output_size_for(input));
}

class MaxUnpool2dFuncOptions : public MaxUnpool2dOptions {
 public:
  using MaxUnpool2dOptions::MaxUnpool2dOptions;
  MaxUnpool2dFuncOptions(const MaxUnpool2dOptions& options) : MaxUnpool2dOptions(options) {}

  REEL_ARG(std::optional<std::vector<int64_t>>, output_size);
};

/// The inverse of max_pool2d_with_indices, zeros where no maximum was.
Tensor max_unpool2d(const Tensor& input, const Tensor& indices,
                    const MaxUnpool2dFuncOptions& options);

}  // namespace functional

/// The largest value of each window.
template <size_t D>
struct MaxPoolImpl : Cloneable<MaxPoolImpl<D>> {
  MaxPoolImpl(ExpandingArray<D> kernel_size) : options(kernel_size) {}
  explicit MaxPoolImpl(const MaxPoolOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  /// Also where in the input each maximum is, counted through the dimensions pooled.
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  MaxPoolOptions<D> options;
};
extern template struct MaxPoolImpl<1>;
extern template struct MaxPoolImpl<2>;
extern template struct MaxPoolImpl<3>;
using MaxPool1dImpl = MaxPoolImpl<1>;
REEL_MODULE(MaxPool1d);
using MaxPool2dImpl = MaxPoolImpl<2>;
REEL_MODULE(MaxPool2d);
using MaxPool3dImpl = MaxPoolImpl<3>;
REEL_MODULE(MaxPool3d);

/// The mean of each window.
template <size_t D>
struct AvgPoolImpl : Cloneable<AvgPoolImpl<D>> {
  AvgPoolImpl(ExpandingArray<D> kernel_size) : options(kernel_size) {}
  explicit AvgPoolImpl(const AvgPoolOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  AvgPoolOptions<D> options;
};
extern template struct AvgPoolImpl<1>;
extern template struct AvgPoolImpl<2>;
extern template struct AvgPoolImpl<3>;
using AvgPool1dImpl = AvgPoolImpl<1>;
REEL_MODULE(AvgPool1d);
using AvgPool2dImpl = AvgPoolImpl<2>;
REEL_MODULE(AvgPool2d);
using AvgPool3dImpl = AvgPoolImpl<3>;
REEL_MODULE(AvgPool3d);

/// Means over windows chosen so that the output has the given size.
template <size_t D>
struct AdaptiveAvgPoolImpl : Cloneable<AdaptiveAvgPoolImpl<D>> {
  AdaptiveAvgPoolImpl(ExpandingArrayWithOptionalElem<D> output_size) : options(output_size) {}
  explicit AdaptiveAvgPoolImpl(const AdaptivePoolOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  AdaptivePoolOptions<D> options;
};
extern template struct AdaptiveAvgPoolImpl<1>;
extern template struct AdaptiveAvgPoolImpl<2>;
extern template struct AdaptiveAvgPoolImpl<3>;
using AdaptiveAvgPool1dImpl = AdaptiveAvgPoolImpl<1>;
REEL_MODULE(AdaptiveAvgPool1d);
using AdaptiveAvgPool2dImpl = AdaptiveAvgPoolImpl<2>;
REEL_MODULE(AdaptiveAvgPool2d);
using AdaptiveAvgPool3dImpl = AdaptiveAvgPoolImpl<3>;
REEL_MODULE(AdaptiveAvgPool3d);

/// Maxima over windows chosen so that the output has the given size.
template <size_t D>
struct AdaptiveMaxPoolImpl : Cloneable<AdaptiveMaxPoolImpl<D>> {
  AdaptiveMaxPoolImpl(ExpandingArrayWithOptionalElem<D> output_size) : options(output_size) {}
  explicit AdaptiveMaxPoolImpl(const AdaptivePoolOptions<D>& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  /// Also where in the input each maximum is, counted through the dimensions pooled.
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  AdaptivePoolOptions<D> options;
};
extern template struct AdaptiveMaxPoolImpl<1>;
extern template struct AdaptiveMaxPoolImpl<2>;
extern template struct AdaptiveMaxPoolImpl<3>;
using AdaptiveMaxPool1dImpl = AdaptiveMaxPoolImpl<1>;
REEL_MODULE(AdaptiveMaxPool1d);
using AdaptiveMaxPool2dImpl = AdaptiveMaxPoolImpl<2>;
REEL_MODULE(AdaptiveMaxPool2d);
using AdaptiveMaxPool3dImpl = AdaptiveMaxPoolImpl<3>;
REEL_MODULE(AdaptiveMaxPool3d);

/// Puts values back to where MaxPool2d found them.
struct MaxUnpool2dImpl : Cloneable<MaxUnpool2dImpl> {
  MaxUnpool2dImpl(ExpandingArray<2> kernel_size) : options(kernel_size) {}
  explicit MaxUnpool2dImpl(const MaxUnpool2dOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input, const Tensor& indices,
                 const std::optional<std::vector<int64_t>>& output_size = std::nullopt);
  void pretty_print(std::ostream& stream) const override;

  MaxUnpool2dOptions options;
};
REEL_MODULE(MaxUnpool2d);

}  // namespace reel::nn
