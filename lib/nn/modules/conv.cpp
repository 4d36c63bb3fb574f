#include <cmath>
#include <ostream>

#include <reel/nn/init.h>
#include <reel/nn/modules/conv.h>
#include <reel/nn/quant.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace functional {

Tensor conv1d(const Tensor& input, const Tensor& weight, const Conv1dFuncOptions& o) {
  if (o.padding().is_same()) {
    return reel::conv1d(input, weight, o.bias(), o.stride(), "same", o.dilation(), o.groups());
  }
  return reel::conv1d(input, weight, o.bias(), o.stride(), o.padding().amounts(), o.dilation(),
                      o.groups());
}

Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& o) {
  if (o.padding().is_same()) {
    return reel::conv2d(input, weight, o.bias(), o.stride(), "same", o.dilation(), o.groups());
  }
  return reel::conv2d(input, weight, o.bias(), o.stride(), o.padding().amounts(), o.dilation(),
                      o.groups());
}

Tensor conv3d(const Tensor& input, const Tensor& weight, const Conv3dFuncOptions& o) {
  if (o.padding().is_same()) {
    return reel::conv3d(input, weight, o.bias(), o.stride(), "same", o.dilation(), o.groups());
  }
  return reel::conv3d(input, weight, o.bias(), o.stride(), o.padding().amounts(), o.dilation(),
                      o.groups());
}

Tensor conv_transpose1d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose1dFuncOptions& o) {
  return reel::conv_transpose1d(input, weight, o.bias(), o.stride(), o.padding(),
                                o.output_padding(), o.groups(), o.dilation());
}

Tensor conv_transpose2d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose2dFuncOptions& o) {
  return reel::conv_transpose2d(input, weight, o.bias(), o.stride(), o.padding(),
                                o.output_padding(), o.groups(), o.dilation());
}

Tensor conv_transpose3d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose3dFuncOptions& o) {
  return reel::conv_transpose3d(input, weight, o.bias(), o.stride(), o.padding(),
                                o.output_padding(), o.groups(), o.dilation());
}

}  // namespace functional

namespace {

void check_channels(const char* module, int64_t in, int64_t out, int64_t groups) {
  if (groups < 1 || in < 1 || out < 1 || in % groups != 0 || out % groups != 0) {
    fail("{}: in_channels {} and out_channels {} must be positive and divisible by groups {}",
         module, in, out, groups);
  }
}

template <size_t D>
std::vector<int64_t> weight_sizes(int64_t first, int64_t second, const ExpandingArray<D>& kernel) {
  std::vector<int64_t> sizes = {first, second};
  sizes.insert(sizes.end(), kernel->begin(), kernel->end());
  return sizes;
}

void draw_parameters(Tensor& weight, Tensor& bias) {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const auto [fan_in, fan_out] = init::_calculate_fan_in_and_fan_out(weight);
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  init::uniform_(bias, -bound, bound);
}

template <size_t D, class Options>
void print_head(std::ostream& stream, const char* module, const Options& options) {
  stream << fmt::format("reel::nn::{}{}d({}, {}, kernel_size={}, stride={}", module, D,
                        options.in_channels(), options.out_channels(),
                        IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()));
}

template <size_t D, class Options>
void print_tail(std::ostream& stream, const Options& options) {
  if (!(options.dilation() == ExpandingArray<D>(1))) {
    stream << fmt::format(", dilation={}", IntArrayRef(options.dilation()));
  }
  if (options.groups() != 1) stream << ", groups=" << options.groups();
  if (!options.bias()) stream << ", bias=false";
  stream << ")";
}

}  // namespace

template <size_t D>
ConvImpl<D>::ConvImpl(const ConvOptions<D>& options) : options(options) {
  ConvImpl::reset();
}

template <size_t D>
void ConvImpl<D>::reset() {
  const int64_t in = options.in_channels(), out = options.out_channels(), groups = options.groups();
  check_channels(D == 1 ? "Conv1d" : D == 2 ? "Conv2d" : "Conv3d", in, out, groups);
  weight = this->register_parameter(
      "weight", reel::empty(weight_sizes(out, in / groups, options.kernel_size())));
  bias = this->register_parameter("bias", options.bias() ? empty(out) : Tensor());
  if (low_bit) low_bit = quant::renewed(*this, *low_bit);
  reset_parameters();
}

template <size_t D>
void ConvImpl<D>::reset_parameters() {
  draw_parameters(weight, bias);
}

template <size_t D>
Tensor ConvImpl<D>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 2) {
    if (low_bit) return low_bit->conv2d(input, weight, bias, options);
  }
  const auto o = functional::ConvFuncOptions<D>()
                     .bias(bias)
                     .stride(options.stride())
                     .padding(options.padding())
                     .dilation(options.dilation())
                     .groups(options.groups());
  if constexpr (D == 1) {
    return functional::conv1d(input, weight, o);
  } else if constexpr (D == 2) {
    return functional::conv2d(input, weight, o);
  } else {
    return functional::conv3d(input, weight, o);
  }
}

template <size_t D>
void ConvImpl<D>::pretty_print(std::ostream& stream) const {
  print_head<D>(stream, "Conv", options);
  if (options.padding().is_same()) {
    stream << ", padding='same'";
  } else if (!(options.padding().amounts() == ExpandingArray<D>(0))) {
    stream << fmt::format(", padding={}", IntArrayRef(options.padding().amounts()));
  }
  print_tail<D>(stream, options);
}

template struct ConvImpl<1>;
template struct ConvImpl<2>;
template struct ConvImpl<3>;

template <size_t D>
ConvTransposeImpl<D>::ConvTransposeImpl(const ConvTransposeOptions<D>& options) : options(options) {
  ConvTransposeImpl::reset();
}

template <size_t D>
void ConvTransposeImpl<D>::reset() {
  const int64_t in = options.in_channels(), out = options.out_channels(), groups = options.groups();
  check_channels("ConvTranspose", in, out, groups);
  weight = this->register_parameter(
      "weight", reel::empty(weight_sizes(in, out / groups, options.kernel_size())));
  bias = this->register_parameter("bias", options.bias() ? empty(out) : Tensor());
  reset_parameters();
}

template <size_t D>
void ConvTransposeImpl<D>::reset_parameters() {
  draw_parameters(weight, bias);
}

template <size_t D>
Tensor ConvTransposeImpl<D>::forward(const Tensor& input, std::optional<IntArrayRef> output_size) {
  ModuleScope scope(*this);
  ExpandingArray<D> output_padding = options.output_padding();
  if (output_size) {
    if (output_size->size() < D || input.dim() < static_cast<int64_t>(D) + 1) {
      fail("ConvTranspose{}d: expected an output_size of {} numbers, got {}", D, D, *output_size);
    }
    const IntArrayRef asked = output_size->slice(output_size->size() - D, D);
    for (size_t a = 0; a < D; ++a) {
      const int64_t least = (input.size(static_cast<int64_t>(a) - static_cast<int64_t>(D)) - 1) *
                                options.stride()[a] -
                            2 * options.padding()[a] +
                            options.dilation()[a] * (options.kernel_size()[a] - 1) + 1;
      if (asked[a] < least || asked[a] >= least + options.stride()[a]) {
        fail(
            "ConvTranspose{}d: requested an output size of {}, but valid sizes of dimension {} "
            "range from {} to {} (for an input of {})",
            D, asked, a, least, least + options.stride()[a] - 1, input.sizes());
      }
      (*output_padding)[a] = asked[a] - least;
    }
  }
  const auto o = functional::ConvTransposeFuncOptions<D>()
                     .bias(bias)
                     .stride(options.stride())
                     .padding(options.padding())
                     .output_padding(output_padding)
                     .groups(options.groups())
                     .dilation(options.dilation());
  if constexpr (D == 1) {
    return functional::conv_transpose1d(input, weight, o);
  } else if constexpr (D == 2) {
    return functional::conv_transpose2d(input, weight, o);
  } else {
    return functional::conv_transpose3d(input, weight, o);
  }
}

template <size_t D>
void ConvTransposeImpl<D>::pretty_print(std::ostream& stream) const {
  print_head<D>(stream, "ConvTranspose", options);
  if (!(options.padding() == ExpandingArray<D>(0))) {
    stream << fmt::format(", padding={}", IntArrayRef(options.padding()));
  }
  if (!(options.output_padding() == ExpandingArray<D>(0))) {
    stream << fmt::format(", output_padding={}", IntArrayRef(options.output_padding()));
  }
  print_tail<D>(stream, options);
}

template struct ConvTransposeImpl<1>;
template struct ConvTransposeImpl<2>;
template struct ConvTransposeImpl<3>;

}  // namespace reel::nn
