#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/conv_merged.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/layout.h>
#include <reel/backends/cpu/precision.h>

namespace reel::cpu::REEL_ISA {
namespace {

enum class Direction { forward, input_grad, weight_grad };
enum class Algorithm { grouped, winograd, dilated_winograd, lines, few_channels, implicit_gemm };

// The one place where it is decided how a convolution and its gradients are computed. How implicit
// GEMM reads its windows is its own matter.
template <class T>
Algorithm choose(const ConvShape& shape, Direction direction) {
  const ops::ConvAttrs& attrs = shape.attrs;
  if (attrs.groups > 1 && shape.group_channels() == shape.group_outputs() &&
      is_narrow_group<T>(shape.group_channels())) {
    return Algorithm::grouped;
  }
  const auto &padding = attrs.padding, &dilation = attrs.dilation;
  const bool plain3x3 = shape.kernel_height == 3 && shape.kernel_width == 3 && attrs.groups == 1 &&
                        attrs.stride == std::array<int64_t, 2>{1, 1} &&
                        padding[0] <= 2 * dilation[0] && padding[1] <= 2 * dilation[1] &&
                        padding[0] % dilation[0] == 0 && padding[1] % dilation[1] == 0;
  // Below these sizes the transforms and the tiles' overhang cost more than they save.
  const bool large =
      shape.channels >= 16 && shape.outputs >= 16 && shape.out_height >= 4 && shape.out_width >= 4;
  if (std::is_same_v<T, float> && plain3x3 && large && conv_precision() == ConvPrecision::fast) {
    const bool dilated = dilation != std::array<int64_t, 2>{1, 1};
    const int64_t tiles = winograd_tiles(dilated ? undilated(shape) : shape);
    // A dilated one's 36 products a tile against 9 a pixel: at least half are to be saved.
    const bool saves = !dilated || 8 * tiles <= shape.images * shape.out_height * shape.out_width;
    const bool sums_pay = direction != Direction::weight_grad ||
                          winograd_weight_grad_saves(dilated ? undilated(shape) : shape);
    if (saves && sums_pay) {
      return dilated ? Algorithm::dilated_winograd : Algorithm::winograd;
    }
  }
  const bool plain = attrs.groups == 1 && attrs.stride == std::array<int64_t, 2>{1, 1} &&
                     dilation == std::array<int64_t, 2>{1, 1};
  if (std::is_same_v<T, float> && plain && shape.channels >= 16 && shape.outputs >= 16 &&
      conv_precision() == ConvPrecision::fast && conv_lines_saves(shape)) {
    return Algorithm::lines;
  }
  // An image's gradient: so few channels that they would leave most lanes of a vector empty.
  if (direction == Direction::input_grad && attrs.groups == 1 && shape.channels <= kLanes<T> / 2 &&
      shape.taps() * shape.channels <= 512 && shape.outputs >= 16) {
    return Algorithm::few_channels;
  }
  return Algorithm::implicit_gemm;
}

constexpr const char* kNotFused = "no one kernel for it";

// Of a convolution with stride and dilation 1 whose result is pooled before it is written.
void set_output_size(ConvShape& shape) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const std::array<int64_t, 2> size = ops::conv_output_size(
      "conv2d", attrs, {shape.height, shape.width}, {shape.kernel_height, shape.kernel_width});
  shape.out_height = size[0];
  shape.out_width = size[1];
}

ConvShape shape_of(const View& x, const View& weight, const View& y, const ops::ConvAttrs& attrs) {
  return {x.sizes[0], x.sizes[1], x.sizes[2],      x.sizes[3],      y.sizes[1],
          y.sizes[2], y.sizes[3], weight.sizes[2], weight.sizes[3], attrs};
}

template <class T, class Op>
const char* forward(const Call& call) {
  constexpr bool kRelu = !std::is_same_v<Op, ops::Conv2d>;
  constexpr bool kPool = std::is_same_v<Op, ops::Conv2dReluPool>;
  const View &x = call.in[0], &weight = call.in[1], &y = call.out[0];
  ConvShape shape = shape_of(x, weight, y, call.as<Op>());
  if (y.numel == 0) return nullptr;
  if constexpr (kPool) set_output_size(shape);
  const Algorithm algorithm = choose<T>(shape, Direction::forward);
  if (kPool && algorithm != Algorithm::winograd) return kNotFused;
  const T* bias = nullptr;
  if (call.num_in > 2 && call.in[2].defined()) {
    if (call.in[2].strides[0] != 1 && shape.outputs > 1) return "bias is not contiguous";
    bias = call.in[2].as<const T>();
  }
  const ChannelsLastInput<T> in(x);
  const ChannelsLastOutput<T> out(y);
  ChannelsLastOutput<uint8_t> winners;
  if constexpr (kPool) winners = ChannelsLastOutput<uint8_t>(call.out[1]);
  switch (algorithm) {
    case Algorithm::grouped:
      conv_grouped<T>(shape, in.data(), weight, bias, out.data(), kRelu);
      break;
    case Algorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_winograd(shape, in.data(), weight, bias, {kRelu, winners.data()}, out.data());
      }
      break;
    case Algorithm::dilated_winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_dilated(shape, in.data(), weight, bias, kRelu, out.data());
      }
      break;
    case Algorithm::lines:
      if constexpr (std::is_same_v<T, float>) {
        conv_lines(shape, in.data(), weight, bias, kRelu, out.data());
      }
      break;
    case Algorithm::few_channels:  // only of input gradients
    case Algorithm::implicit_gemm:
      with_merged_groups<T>(shape, weight, [&](const ConvShape& merged, const View& w) {
        conv_implicit<T>(merged, in.data(), w, bias, out.data(), kRelu);
      });
  }
  out.finish();
  winners.finish();
  return nullptr;
}

template <class T, class Op>
const char* input_grad(const Call& call) {
  constexpr bool kRelu = std::is_same_v<Op, ops::Conv2dReluInputGrad>;
  constexpr bool kPool = std::is_same_v<Op, ops::Conv2dReluPoolInputGrad>;
  const View &g = call.in[0], &weight = call.in[1], &dx = call.out[0];
  ConvShape shape = shape_of(dx, weight, g, call.as<Op>());
  if (dx.numel == 0) return nullptr;
  if constexpr (kPool) set_output_size(shape);
  const Algorithm algorithm = choose<T>(shape, Direction::input_grad);
  if (kPool && algorithm != Algorithm::winograd) return kNotFused;
  if (kRelu && algorithm != Algorithm::winograd && algorithm != Algorithm::few_channels) {
    return kNotFused;
  }
  const ChannelsLastInput<T> in(g);
  ChannelsLastInput<T> y;
  ChannelsLastInput<uint8_t> winners;
  if constexpr (kRelu) y = ChannelsLastInput<T>(call.in[2]);
  if constexpr (kPool) winners = ChannelsLastInput<uint8_t>(call.in[2]);
  const ChannelsLastOutput<T> out(dx);
  switch (algorithm) {
    case Algorithm::grouped:
      conv_grouped_input_grad<T>(shape, in.data(), weight, out.data());
      break;
    case Algorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_winograd_input_grad(shape, in.data(), {y.data(), winners.data()}, weight, out.data());
      }
      break;
    case Algorithm::dilated_winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_dilated_input_grad(shape, in.data(), weight, out.data());
      }
      break;
    case Algorithm::lines:
      if constexpr (std::is_same_v<T, float>) {
        conv_lines_input_grad(shape, in.data(), weight, out.data());
      }
      break;
    case Algorithm::few_channels:
      conv_few_channels_input_grad<T>(shape, in.data(), y.data(), weight, out.data());
      break;
    case Algorithm::implicit_gemm:
      with_merged_groups<T>(shape, weight, [&](const ConvShape& merged, const View& w) {
        conv_implicit_input_grad<T>(merged, in.data(), w, out.data());
      });
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
  switch (choose<T>(shape, Direction::weight_grad)) {
    case Algorithm::grouped:
      conv_grouped_weight_grad<T>(shape, grad.data(), in.data(), dweight);
      break;
    case Algorithm::winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_winograd_weight_grad(shape, grad.data(), in.data(), dweight);
      }
      break;
    case Algorithm::dilated_winograd:
      if constexpr (std::is_same_v<T, float>) {
        conv_dilated_weight_grad(shape, grad.data(), in.data(), dweight);
      }
      break;
    case Algorithm::lines:
      if constexpr (std::is_same_v<T, float>) {
        conv_lines_weight_grad(shape, grad.data(), in.data(), dweight);
      }
      break;
    case Algorithm::few_channels:  // only of input gradients
    case Algorithm::implicit_gemm:
      into_merged_groups<T>(shape, dweight, [&](const ConvShape& merged, const View& dw) {
        conv_implicit_weight_grad<T>(merged, grad.data(), in.data(), dw);
      });
  }
  return nullptr;
}

template <Kernel kFloatKernel, Kernel kDoubleKernel, int kWeight = 1>
const char* by_dtype(const Call& call) {
  if (call.out[0].dtype == kFloat) return kFloatKernel(call);
  if (call.out[0].dtype == kDouble) return kDoubleKernel(call);
  if (call.out[0].dtype == kHalf || call.out[0].dtype == kBFloat16) {
    return run_in_float(call, kFloatKernel, kWeight);
  }
  return "no kernel for this dtype";
}

template <class Op>
void add_forward(KernelTable& table) {
  table.add(Op::name, by_dtype<forward<float, Op>, forward<double, Op>>);
}
template <class Op>
void add_input_grad(KernelTable& table) {
  table.add(Op::name, by_dtype<input_grad<float, Op>, input_grad<double, Op>>);
}

}  // namespace

void register_conv(KernelTable& table) {
  add_forward<ops::Conv2d>(table);
  add_forward<ops::Conv2dRelu>(table);
  add_forward<ops::Conv2dReluPool>(table);
  add_input_grad<ops::Conv2dInputGrad>(table);
  add_input_grad<ops::Conv2dReluInputGrad>(table);
  add_input_grad<ops::Conv2dReluPoolInputGrad>(table);
  table.add("conv2d_weight_grad", by_dtype<weight_grad<float>, weight_grad<double>, -1>);
}

}  // namespace reel::cpu::REEL_ISA
