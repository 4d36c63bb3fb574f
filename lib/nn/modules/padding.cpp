#include <ostream>

#include <reel/nn/modules/padding.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace functional {

Tensor pad(const Tensor& input, const PadFuncOptions& options) {
  constexpr const char* kNames[] = {"constant", "reflect", "replicate", "circular"};
  return reel::pad(input, options.pad(), kNames[static_cast<size_t>(options.mode())],
                   options.value());
}

}  // namespace functional

namespace {

template <size_t D>
Tensor padded(const Module& module, const Tensor& input, const ExpandingArray<D>& padding,
              PaddingMode mode, double value = 0) {
  ModuleScope scope(module);
  return functional::pad(
      input, functional::PadFuncOptions(IntArrayRef(padding).vec()).mode(mode).value(value));
}

}  // namespace

template <size_t D>
Tensor ReflectionPadImpl<D>::forward(const Tensor& input) {
  return padded(*this, input, options.padding(), kReflect);
}

template <size_t D>
void ReflectionPadImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::ReflectionPad{}d(padding={})", D,
                        IntArrayRef(options.padding()));
}

template struct ReflectionPadImpl<1>;
template struct ReflectionPadImpl<2>;
template struct ReflectionPadImpl<3>;

template <size_t D>
Tensor ReplicationPadImpl<D>::forward(const Tensor& input) {
  return padded(*this, input, options.padding(), kReplicate);
}

template <size_t D>
void ReplicationPadImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::ReplicationPad{}d(padding={})", D,
                        IntArrayRef(options.padding()));
}

template struct ReplicationPadImpl<1>;
template struct ReplicationPadImpl<2>;
template struct ReplicationPadImpl<3>;

template <size_t D>
Tensor ConstantPadImpl<D>::forward(const Tensor& input) {
  return padded(*this, input, options.padding(), kConstant, options.value());
}

template <size_t D>
void ConstantPadImpl<D>::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::ConstantPad{}d(padding={}, value={})", D,
                        IntArrayRef(options.padding()), options.value());
}

template struct ConstantPadImpl<1>;
template struct ConstantPadImpl<2>;
template struct ConstantPadImpl<3>;

Tensor ZeroPad2dImpl::forward(const Tensor& input) {
  return padded(*this, input, options.padding(), kConstant);
}

void ZeroPad2dImpl::pretty_print(std::ostream& stream) const {
  stream << fmt::format("reel::nn::ZeroPad2d(padding={})", IntArrayRef(options.padding()));
}

}  // namespace reel::nn
