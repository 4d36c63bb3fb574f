#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/layout.h>
#include <reel/backends/cpu/precision.h>

namespace reel::cpu::REEL_ISA {
namespace {

enum class Algorithm { depthwise, winograd, implicit_gemm };

// The one place where it is decided how a convolution and its input gradient are computed.
template <class T>
Algorithm choose(const ConvShape& shape) {
  const ops::ConvAttrs& attrs = shape.attrs;
  if (attrs.groups > 1 && shape.group_channels() == 1 && shape.group_outputs() == 1) {
    return Algorithm::depthwise;
  }
  const bool plain3x3 = shape.kernel_height == 3 && shape.kernel_width == 3 && attrs.groups == 1 &&
                        attrs.stride == std::array<int64_t, 2>{1, 1} &&
                        attrs.dilation == std::array<int64_t, 2>{1, 1} && attrs.padding[0] <= 2 &&
                        attrs.padding[1] <= 2;
  // Below these sizes the transforms and the tiles' overhang cost more than they save.
  const bool large =
      shape.channels >= 16 && shape.outputs >= 16 && shape.out_height >= 4 && shape.out_width >= 4;
  if (std::is_same_v<T, float> && plain3x3 && large && conv_precision() == ConvPrecision::fast) {
    return Algorithm::winograd;
  }
  return Algorithm::implicit_gemm;
}

ConvShape shape_of(const View& x, const View& weight, const View& y, const ops::ConvAttrs& attrs) {
  return {x.sizes[0], x.sizes[1], x.sizes[2],      x.sizes[3],      y.sizes[1],
          y.sizes[2], y.sizes[3], weight.sizes[2], weight.sizes[3], attrs};
}

template <class T>
const char* forward(const Call& call) {
  const View &x = call.in[0], &weight = call.in[1], &y = call.out[0];
  const ConvShape shape = shape_of(x, weight, y, call.as<ops::Conv2d>());
  if (y.numel == 0) return nullptr;
  const T* bias = nullptr;
  if (call.num_in > 2 && call.in[2].defined()) {
    if (call.in[2].strides[0] != 1 && shape.outputs > 1) return "bias is not contiguous";
    bias = call.in[2].as<const T>();
  }
  const ChannelsLastInput<T> in(x);
  const ChannelsLastOutput<T> out(y);
  switch (choose<T>(shape)) {
    case Algorithm::depthwise:
      conv_depthwise<T>(shape, in.data(), weight, bias, out.data());
      break;
    case Algorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_winograd(shape, in.data(), weight, bias, out.data());
      }
      break;
    case Algorithm::implicit_gemm:
      conv_implicit<T>(shape, in.data(), weight, bias, out.data());
  }
  out.finish();
  return nullptr;
}

// An image's gradient: so few channels that they would leave most lanes of a vector empty.
template <class T>
bool has_few_channels(const ConvShape& shape) {
  return shape.attrs.groups == 1 && shape.attrs.stride == std::array<int64_t, 2>{1, 1} &&
         shape.channels <= kLanes<T> / 2 && shape.taps() * shape.channels <= 128 &&
         shape.outputs >= 16;
}

template <class T>
const char* input_grad(const Call& call) {
  const View &g = call.in[0], &weight = call.in[1], &dx = call.out[0];
  const ConvShape shape = shape_of(dx, weight, g, call.as<ops::Conv2dInputGrad>());
  if (dx.numel == 0) return nullptr;
  const ChannelsLastInput<T> in(g);
  const ChannelsLastOutput<T> out(dx);
  switch (choose<T>(shape)) {
    case Algorithm::depthwise:
      conv_depthwise_input_grad<T>(shape, in.data(), weight, out.data());
      break;
    case Algorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_winograd_input_grad(shape, in.data(), weight, out.data());
      }
      break;
    case Algorithm::implicit_gemm:
      if (has_few_channels<T>(shape)) {
        conv_few_channels_input_grad<T>(shape, in.data(), weight, out.data());
      } else {
        conv_implicit_input_grad<T>(shape, in.data(), weight, out.data());
      }
  }
  out.finish();
  return nullptr;
}

template <class T>
const char* weight_grad(const Call& call) {
  const View &g = call.in[0], &x = call.in[1], &dweight = call.out[0];
  const ConvShape shape = shape_of(x, dweight, g, call.as<ops::Conv2dWeightGrad>());
  if (dweight.numel == 0) return nullptr;
  const ChannelsLastInput<T> grad(g), in(x);
  if (choose<T>(shape) == Algorithm::depthwise) {
    conv_depthwise_weight_grad<T>(shape, grad.data(), in.data(), dweight);
  } else {
    conv_implicit_weight_grad<T>(shape, grad.data(), in.data(), dweight);
  }
  return nullptr;
}

template <const char* (*kFloatKernel)(const Call&), const char* (*kDoubleKernel)(const Call&)>
const char* by_dtype(const Call& call) {
  if (call.out[0].dtype == kFloat) return kFloatKernel(call);
  if (call.out[0].dtype == kDouble) return kDoubleKernel(call);
  return "dtype is not float32 or float64";
}

}  // namespace

void register_conv(KernelTable& table) {
  table.add("conv2d", by_dtype<forward<float>, forward<double>>);
  table.add("conv2d_input_grad", by_dtype<input_grad<float>, input_grad<double>>);
  table.add("conv2d_weight_grad", by_dtype<weight_grad<float>, weight_grad<double>>);
}

}  // namespace reel::cpu::REEL_ISA
