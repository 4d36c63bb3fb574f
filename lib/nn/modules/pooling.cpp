#include <ostream>

#include <reel/nn/modules/pooling.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace F = functional;

namespace functional {

Tensor max_unpool2d(const Tensor& input, const Tensor& indices,
                    const MaxUnpool2dFuncOptions& options) {
  if (options.output_size()) {
    const IntArrayRef size(*options.output_size());
    if (size.size() < 2) fail("max_unpool2d: expected an output_size of 2 numbers, got {}", size);
    return reel::max_unpool2d(input, indices, size.slice(size.size() - 2, 2));
  }
  std::array<int64_t, 2> size{};
  for (size_t a = 0; a < 2; ++a) {
    const int64_t in = input.size(static_cast<int64_t>(a) - 2);
    size[a] = (in - 1) * options.stride()[a] - 2 * options.padding()[a] + options.kernel_size()[a];
  }
  return reel::max_unpool2d(input, indices, size);
}

}  // namespace functional

namespace {

template <size_t D>
std::string str(const ExpandingArrayWithOptionalElem<D>& sizes) {
  std::string text = "[";
  for (size_t a = 0; a < D; ++a) {
    text += a > 0 ? ", " : "";
    text += sizes[a] ? fmt::format("{}", *sizes[a]) : "None";
  }
  return text + "]";
}

}  // namespace

template <size_t D>
Tensor MaxPoolImpl<D>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::max_pool1d(input, options);
  } else if constexpr (D == 2) {
    return F::max_pool2d(input, options);
  } else {
    return F::max_pool3d(input, options);
  }
}

template <size_t D>
std::tuple<Tensor, Tensor> MaxPoolImpl<D>::forward_with_indices(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::max_pool1d_with_indices(input, options);
  } else if constexpr (D == 2) {
    return F::max_pool2d_with_indices(input, options);
  } else {
    return F::max_pool3d_with_indices(input, options);
  }
}

template <size_t D>
void MaxPoolImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format(
      "reel::nn::MaxPool{}d(kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={})", D,
      IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()),
      IntArrayRef(options.padding()), IntArrayRef(options.dilation()), options.ceil_mode());
}

template struct MaxPoolImpl<1>;
template struct MaxPoolImpl<2>;
template struct MaxPoolImpl<3>;

template <size_t D>
Tensor AvgPoolImpl<D>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::avg_pool1d(input, options);
  } else if constexpr (D == 2) {
    return F::avg_pool2d(input, options);
  } else {
    return F::avg_pool3d(input, options);
  }
}

template <size_t D>
void AvgPoolImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::AvgPool{}d(kernel_size={}, stride={}, padding={})", D,
                        IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()),
                        IntArrayRef(options.padding()));
}

template struct AvgPoolImpl<1>;
template struct AvgPoolImpl<2>;
template struct AvgPoolImpl<3>;

template <size_t D>
Tensor AdaptiveAvgPoolImpl<D>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::adaptive_avg_pool1d(input, options);
  } else if constexpr (D == 2) {
    return F::adaptive_avg_pool2d(input, options);
  } else {
    return F::adaptive_avg_pool3d(input, options);
  }
}

template <size_t D>
void AdaptiveAvgPoolImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::AdaptiveAvgPool{}d(output_size={})", D,
                        str(options.output_size()));
}

template struct AdaptiveAvgPoolImpl<1>;
template struct AdaptiveAvgPoolImpl<2>;
template struct AdaptiveAvgPoolImpl<3>;

template <size_t D>
Tensor AdaptiveMaxPoolImpl<D>::forward(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::adaptive_max_pool1d(input, options);
  } else if constexpr (D == 2) {
    return F::adaptive_max_pool2d(input, options);
  } else {
    return F::adaptive_max_pool3d(input, options);
  }
}

template <size_t D>
std::tuple<Tensor, Tensor> AdaptiveMaxPoolImpl<D>::forward_with_indices(const Tensor& input) {
  ModuleScope scope(*this);
  if constexpr (D == 1) {
    return F::adaptive_max_pool1d_with_indices(input, options);
  } else if constexpr (D == 2) {
    return F::adaptive_max_pool2d_with_indices(input, options);
  } else {
    return F::adaptive_max_pool3d_with_indices(input, options);
  }
}

template <size_t D>
void AdaptiveMaxPoolImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::AdaptiveMaxPool{}d(output_size={})", D,
                        str(options.output_size()));
}

template struct AdaptiveMaxPoolImpl<1>;
template struct AdaptiveMaxPoolImpl<2>;
template struct AdaptiveMaxPoolImpl<3>;

Tensor MaxUnpool2dImpl::forward(const Tensor& input, const Tensor& indices,
                                const std::optional<std::vector<int64_t>>& output_size) {
  ModuleScope scope(*this);
  return F::max_unpool2d(input, indices,
                         F::MaxUnpool2dFuncOptions(options).output_size(output_size));
}

void MaxUnpool2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::MaxUnpool2d(kernel_size={}, stride={}, padding={})",
                        IntArrayRef(options.kernel_size()), IntArrayRef(options.stride()),
                        IntArrayRef(options.padding()));
}

}  // namespace reel::nn
