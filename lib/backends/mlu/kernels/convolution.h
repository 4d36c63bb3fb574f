#pragma once

#include <cstdint>

#include <reel/backends/backend.h>

namespace reel::mlu {

/// The channels that the matrix unit takes at a time fill 64 bytes.
inline int64_t channel_unit(ScalarType dtype) {
  return 64 / static_cast<int64_t>(element_size(dtype));
}

/// The same for a product of two: lines of 64 bytes of the wider one.
inline int64_t channel_unit(ScalarType a, ScalarType b) {
  return channel_unit(element_size(a) > element_size(b) ? a : b);
}

/// One of the two dimensions of pictures.
struct ConvolvedDim {
  int64_t size = 1, result = 1;  ///< of x and of y
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padding = 0;  ///< may be negative: so many lines are left out
  int64_t zoom = 1;     ///< zoom - 1 zeros stand between two lines of x
};

/// y [groups, images, rows, columns, filters] = relu(x * filters + bias), what convolutions, their
/// input gradients and products of matrices are made of. Strides are in elements. Innermost in
/// memory: the channels of x and filters, and the filters of y.
struct Convolution {
  /// Of x: Float, Half, or fixed point, Char or Short. Sums are Float.
  ScalarType dtype = kFloat;
  /// Of the filters, if x is fixed point: Char or Short; y and bias are then Float.
  ScalarType filter_dtype = kFloat;
  int position = 0;  ///< fixed point: results are sums times 2^position
  /// Fixed point: x is Float in memory, and becomes `dtype` of x_position in the core.
  bool quantizes = false;
  int x_position = 0;
  const void* x = nullptr;
  const void* filters = nullptr;
  const void* bias = nullptr;  ///< [groups, filters] or nullptr
  void* y = nullptr;
  /// `channels` are those of filters, a multiple of unit(). Those that x does not have are zeros.
  int64_t groups = 1, images = 1, channels = 0, x_channels = 0, filter_count = 0;
  ConvolvedDim rows, columns;
  int64_t x_group = 0, x_image = 0, x_row = 0, x_column = 0;
  /// Of the elements of a kernel row by row: negative for a kernel that is turned by 180 degrees,
  /// where `filters` is the last one.
  int64_t filter_group = 0, filter = 0, filter_element = 0;
  int64_t y_group = 0, y_image = 0, y_row = 0, y_column = 0;
  bool relu = false;

  bool fixed() const { return dtype == kChar || dtype == kShort; }
  ScalarType type_of_x() const { return quantizes ? kFloat : dtype; }
  ScalarType type_of_filters() const { return fixed() ? filter_dtype : dtype; }
  ScalarType type_of_results() const { return dtype == kHalf ? kHalf : kFloat; }
  int64_t unit() const { return channel_unit(dtype, type_of_filters()); }
};

/// Launches it. Returns nullptr or why it can not be done.
const char* convolve(const Convolution& convolution);

/// Sets bytes of device memory to 0.
void clear(void* data, int64_t bytes);

}  // namespace reel::mlu
