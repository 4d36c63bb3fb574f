#include <cstring>
#include <functional>

#include <reel/backends/cpu/kernels/conv.h>

// A dilated 3x3 convolution by Winograd. Pixels whose positions agree modulo the dilation meet each
// other only: they are images of their own, whose convolution is not dilated.

namespace reel::cpu::REEL_ISA {
namespace {

// A map [images, height, width, channels] and the images that it falls into,
// [images, rows, columns, part_height, part_width, channels], with zeros beyond the map's edge.
struct Parts {
  int64_t images, height, width, channels, rows, columns;

  int64_t part_height() const { return (height + rows - 1) / rows; }
  int64_t part_width() const { return (width + columns - 1) / columns; }
  Storage allocate() const {
    return allocate_storage(
        sizeof(float) *
            static_cast<size_t>(images * rows * columns * part_height() * part_width() * channels),
        kCPU);
  }
  Storage taken_from(const float* map) const {
    const Storage parts = allocate();
    for_each_pixel([&, to = static_cast<float*>(parts->data())](int64_t pixel, int64_t at) {
      if (at >= 0) {
        std::memcpy(to + pixel * channels, map + at * channels, pixel_bytes());
      } else {
        std::memset(to + pixel * channels, 0, pixel_bytes());
      }
    });
    return parts;
  }
  void put_into(float* map, const Storage& parts) const {
    for_each_pixel([&, from = static_cast<const float*>(parts->data())](int64_t pixel, int64_t at) {
      if (at >= 0) std::memcpy(map + at * channels, from + pixel * channels, pixel_bytes());
    });
  }

 private:
  size_t pixel_bytes() const { return sizeof(float) * static_cast<size_t>(channels); }

  // Calls copy(pixel, at) with each pixel of the parts and which one of the map it is, or -1.
  void for_each_pixel(const std::function<void(int64_t, int64_t)>& copy) const {
    const int64_t lines = part_height(), length = part_width();
    const int64_t grain = 1 + 16384 / (length * channels);
    parallel_for(0, images * rows * columns * lines, grain, [&](int64_t line, int64_t line_end) {
      for (; line < line_end; ++line) {
        const int64_t part = line / lines, image = part / (rows * columns);
        const int64_t i = line % lines * rows + part / columns % rows;
        for (int64_t n = 0; n < length; ++n) {
          const int64_t j = n * columns + part % columns;
          const bool inside = i < height && j < width;
          copy(line * length + n, inside ? (image * height + i) * width + j : -1);
        }
      }
    });
  }
};

Parts parts_of_x(const ConvShape& shape) {
  const auto& dilation = shape.attrs.dilation;
  return {shape.images, shape.height, shape.width, shape.channels, dilation[0], dilation[1]};
}
Parts parts_of_y(const ConvShape& shape) {
  const auto& dilation = shape.attrs.dilation;
  return {shape.images, shape.out_height, shape.out_width, shape.outputs, dilation[0], dilation[1]};
}
const float* floats(const Storage& storage) { return static_cast<const float*>(storage->data()); }

}  // namespace

ConvShape undilated(ConvShape shape) {
  const Parts x = parts_of_x(shape), y = parts_of_y(shape);
  shape.images *= x.rows * x.columns;
  shape.height = x.part_height();
  shape.width = x.part_width();
  shape.out_height = y.part_height();
  shape.out_width = y.part_width();
  for (size_t d : {0, 1}) shape.attrs.padding[d] /= shape.attrs.dilation[d];
  shape.attrs.dilation = {1, 1};
  return shape;
}

void conv_dilated(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                  bool relu, float* y) {
  const Storage in = parts_of_x(shape).taken_from(x), out = parts_of_y(shape).allocate();
  conv_winograd(undilated(shape), floats(in), weight, bias, {relu},
                static_cast<float*>(out->data()));
  parts_of_y(shape).put_into(y, out);
}

void conv_dilated_input_grad(const ConvShape& shape, const float* g, const View& weight,
                             float* dx) {
  const Storage grad = parts_of_y(shape).taken_from(g), out = parts_of_x(shape).allocate();
  conv_winograd_input_grad(undilated(shape), floats(grad), {}, weight,
                           static_cast<float*>(out->data()));
  parts_of_x(shape).put_into(dx, out);
}

void conv_dilated_weight_grad(const ConvShape& shape, const float* g, const float* x,
                              const View& dweight) {
  const Storage grad = parts_of_y(shape).taken_from(g), in = parts_of_x(shape).taken_from(x);
  conv_winograd_weight_grad(undilated(shape), floats(grad), floats(in), dweight);
}

}  // namespace reel::cpu::REEL_ISA
