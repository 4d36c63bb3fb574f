#pragma once

#include <vector>

#include <reel/backends/backend.h>
#include <reel/backends/cpu/kernels/gemm_tiles.h>
#include <reel/tensor/ops/conv_relu.h>

namespace reel::cpu::REEL_ISA {

/// The sizes of a convolution y [N, O, Ho, Wo] = x [N, C, H, W] * weight [O, C/groups, Kh, Kw].
struct ConvShape {
  int64_t images, channels, height, width;  ///< of x
  int64_t outputs, out_height, out_width;   ///< of y
  int64_t kernel_height, kernel_width;
  ops::ConvAttrs attrs;

  int64_t group_channels() const { return channels / attrs.groups; }
  int64_t group_outputs() const { return outputs / attrs.groups; }
  int64_t taps() const { return kernel_height * kernel_width; }
};

/// A weight [O, C/groups, Kh, Kw] with any strides.
template <class T>
struct Weight {
  const T* data;
  int64_t output_stride, channel_stride, row_stride, column_stride;
  const T* at(int64_t output, int64_t channel, int64_t tap_row, int64_t tap_column) const {
    return data + output * output_stride + channel * channel_stride + tap_row * row_stride +
           tap_column * column_stride;
  }
};

/// What becomes of a result before it is written.
struct Epilogue {
  bool relu = false;
  uint8_t* winners = nullptr;  ///< 2x2 max pooling: of the pooled size, as y then is
};

/// What a gradient meets before the convolution's: the mask of a relu whose result was y, or the
/// winners of pooling; the gradient then is of the pooled size.
template <class T>
struct Gate {
  const T* y = nullptr;
  const uint8_t* winners = nullptr;
};

// All activations below are dense and channels-last: [N, H, W, C].

/// Any shape. The weight's view carries the storage whose cache keeps the packed form.
template <class T>
void conv_implicit(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y,
                   bool relu);
template <class T>
void conv_implicit_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx);
/// A forward convolution with a weight packed before, which is kept by who has it packed.
Storage pack_weight(const ConvShape& shape, const View& weight);
void conv_packed(const ConvShape& shape, const float* x, const Storage& packed, float* y);
/// dweight is [O, C/groups, Kh, Kw] with any strides.
template <class T>
void conv_implicit_weight_grad(const ConvShape& shape, const T* g, const T* x, const View& dweight);

/// Whether groups of that many channels in and as many out have kernels of their own; of doubles,
/// where kernels are worth less, only single channels.
template <class T>
constexpr bool is_narrow_group(int64_t channels) {
  return channels == 1 || (std::is_same_v<T, float> && 2 * channels <= kLanes<T> &&
                           (channels == 2 || channels == 4 || channels == 8));
}
template <class T>
void conv_grouped(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y,
                  bool relu);
template <class T>
void conv_grouped_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx);
template <class T>
void conv_grouped_weight_grad(const ConvShape& shape, const T* g, const T* x, const View& dweight);

/// Groups 1, channels of x at most kLanes. `y`, if given, is what a relu made of the
/// result: the gradient passes where it is above 0.
template <class T>
void conv_few_channels_input_grad(const ConvShape& shape, const T* g, const T* y,
                                  const View& weight, T* dx);

/// 3x3, stride 1, dilation 1, groups 1, float.
int64_t winograd_tiles(const ConvShape& shape);
/// Whether there are enough tiles for a weight gradient by Winograd.
bool winograd_weight_grad_saves(const ConvShape& shape);
void conv_winograd(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                   const Epilogue& epilogue, float* y);
void conv_winograd_input_grad(const ConvShape& shape, const float* g, const Gate<float>& gate,
                              const View& weight, float* dx);

/// A call with half or bfloat16 by a kernel of floats; other dtypes are passed on as they are.
/// `weight` is the input that is one, whose floats are kept, or -1.
const char* run_in_float(const Call& call, Kernel kernel, int weight);

/// dweight is [O, C, 3, 3] with any strides.
void conv_winograd_weight_grad(const ConvShape& shape, const float* g, const float* x,
                               const View& dweight);

/// The same with a dilation that divides the padding: many images of a convolution without, which
/// undilated() describes.
ConvShape undilated(ConvShape shape);
void conv_dilated(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                  bool relu, float* y);
void conv_dilated_input_grad(const ConvShape& shape, const float* g, const View& weight, float* dx);
void conv_dilated_weight_grad(const ConvShape& shape, const float* g, const float* x,
                              const View& dweight);

/// Whether a kernel of 5 or 7 taps along an axis takes markedly fewer multiplications by minimal
/// filtering along it. Stride 1, dilation 1, groups 1, float for the functions below.
bool conv_lines_saves(const ConvShape& shape);
void conv_lines(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                bool relu, float* y);
void conv_lines_input_grad(const ConvShape& shape, const float* g, const View& weight, float* dx);
void conv_lines_weight_grad(const ConvShape& shape, const float* g, const float* x,
                            const View& dweight);

template <class T>
Weight<T> weight_of(const View& view) {
  return {view.as<const T>(), view.strides[0], view.strides[1], view.strides[2], view.strides[3]};
}

}  // namespace reel::cpu::REEL_ISA
