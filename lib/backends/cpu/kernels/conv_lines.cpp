#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/line_filter.h>
#include <reel/backends/weight_cache.h>

// Kernels of 5 or 7 taps along an axis by minimal filtering along it. With u, v, m the transformed
// weights, inputs and outputs, the P = 8 or 9 positions of a transformed tile are the groups of a
// convolution without padding whose taps are those along the other axis, "across":
//
//   v [images][height or tiles][tiles or width][P][C], with the padding across; m like it, of O

namespace reel::cpu::REEL_ISA {
namespace {

using namespace backends;

Storage floats(int64_t count) {
  return allocate_storage(sizeof(float) * static_cast<size_t>(count), kCPU);
}
float* data(const Storage& storage) { return static_cast<float*>(storage->data()); }
void add(const float* from, int64_t count, float* to) {
  parallel_for(0, count, 16384, [&](int64_t i, int64_t end) {
    for (; i < end; ++i) to[i] += from[i];
  });
}

class LineConvolution {
 public:
  explicit LineConvolution(const ConvShape& shape)
      : shape_(shape), along_width_(line_filter(shape.kernel_width) != nullptr) {
    filter_ = line_filter(along(shape.kernel_height, shape.kernel_width));
    tiles_ = (along(shape.out_height, shape.out_width) + filter_->outputs - 1) / filter_->outputs;
    padding_ = along(shape.attrs.padding[0], shape.attrs.padding[1]);
    across_padding_ = across(shape.attrs.padding[0], shape.attrs.padding[1]);
    across_taps_ = across(shape.kernel_height, shape.kernel_width);
  }

  // A third fewer multiplications, and enough pixels for the larger weight.
  bool saves() const {
    const int64_t out = along(shape_.out_height, shape_.out_width);
    return padding_ < filter_->taps && across_padding_ < across_taps_ &&
           3 * filter_->positions * tiles_ <= 2 * filter_->taps * out &&
           shape_.images * inner(1).out_width >= 64;
  }

  // The weights as inner() takes them.
  Storage packed(const Weight<float>& weight) const {
    const int64_t channels = shape_.channels, outputs = shape_.outputs;
    const int64_t stride = along(weight.row_stride, weight.column_stride);
    const int64_t across_stride = across(weight.row_stride, weight.column_stride);
    const Storage u = floats(across_taps_ * channels * filter_->positions * outputs);
    // So many outputs that a cache line of each stays in L1 until its neighbours are read.
    constexpr int64_t kOutputs = 16;
    const int64_t blocks = (outputs + kOutputs - 1) / kOutputs;
    parallel_for(0, blocks * across_taps_, 1, [&](int64_t task, int64_t) {
      const int64_t tap = task % across_taps_, o = task / across_taps_ * kOutputs;
      for (int64_t c = 0; c < channels; ++c) {
        filter_->transform_weight(
            weight.at(o, c, 0, 0) + tap * across_stride, stride, weight.output_stride,
            std::min(kOutputs, outputs - o), outputs,
            data(u) + (tap * channels + c) * filter_->positions * outputs + o);
      }
    });
    const int64_t step = filter_->positions * outputs;
    return pack_weight(inner(1), InnerWeight(*this, data(u), {1, step, 0, channels * step}).view);
  }

  void run(const float* x, const Storage& weight, const float* bias, bool relu, float* y) const {
    for_some_images(
        shape_.images, [&](const LineConvolution& part, int64_t image, float* v, float* m) {
          part.transform_inputs(x + image * pixels_of_x() * shape_.channels, v);
          conv_packed(part.inner(part.shape_.images), v, weight, m);
          part.transform_outputs(m, bias, relu, y + image * pixels_of_y() * shape_.outputs);
        });
  }

  void weight_gradient(const float* g, const float* x, const View& dweight) const {
    const int64_t line = across_taps_ * shape_.channels;
    const int64_t size = filter_->positions * shape_.outputs * line;
    const Storage sums = floats(size), more = floats(size);
    // Sums of sums lose fewer digits than one long sum: so many images at a time, or lines of one.
    const EvenSplit lines(inner(1).out_width / tiles_,
                          std::max<int64_t>(1, filter_->longest_sum / tiles_));
    const int64_t most = filter_->longest_sum / inner(1).out_width;
    bool first = true;
    for_some_images(most, [&](const LineConvolution& part, int64_t image, float* v, float* m) {
      part.transform_inputs(x + image * pixels_of_x() * shape_.channels, v);
      part.transform_gradients(g + image * pixels_of_y() * shape_.outputs, m);
      ConvShape inner = part.inner(part.shape_.images);
      const int64_t beyond = inner.width - inner.out_width;
      for (int64_t i = 0; i < lines.groups; ++i) {
        const int64_t from = lines.begin(i) * tiles_ * filter_->positions;
        inner.out_width = lines.size(i) * tiles_;
        inner.width = inner.out_width + beyond;
        const InnerWeight u(*this, data(first ? sums : more), {line, 1, 0, shape_.channels});
        conv_implicit_weight_grad<float>(inner, m + from * shape_.outputs,
                                         v + from * shape_.channels, u.view);
        if (!std::exchange(first, false)) add(data(more), size, data(sums));
      }
    });
    transform_sums(data(sums), dweight);
  }

 private:
  template <class T>
  T along(T height, T width) const {
    return along_width_ ? width : height;
  }
  template <class T>
  T across(T height, T width) const {
    return along_width_ ? height : width;
  }
  int64_t pixels_of_x() const { return shape_.height * shape_.width; }
  int64_t pixels_of_y() const { return shape_.out_height * shape_.out_width; }

  // The convolution of v with u. All pixels of an image are one line: the next one across is
  // `tiles` further on; or there is but one tap.
  ConvShape inner(int64_t images) const {
    ConvShape inner{};
    inner.images = images;
    inner.channels = filter_->positions * shape_.channels;
    inner.outputs = filter_->positions * shape_.outputs;
    inner.height = inner.out_height = inner.kernel_height = 1;
    inner.width = tiles_ * (across(shape_.height, shape_.width) + 2 * across_padding_);
    inner.out_width = tiles_ * across(shape_.out_height, shape_.out_width);
    inner.kernel_width = across_taps_;
    inner.attrs.dilation = {1, tiles_};
    inner.attrs.groups = filter_->positions;
    return inner;
  }

  // u as a weight [P O, C, 1, across taps].
  struct InnerWeight {
    std::array<int64_t, 4> sizes, strides;
    View view;
    InnerWeight(const LineConvolution& conv, float* u, const std::array<int64_t, 4>& steps)
        : sizes{conv.filter_->positions * conv.shape_.outputs, conv.shape_.channels, 1,
                conv.across_taps_},
          strides(steps) {
      view.data = u;
      view.sizes = sizes.data();
      view.strides = strides.data();
      view.numel = sizes[0] * sizes[1] * sizes[3];
      view.rank = 4;
      view.dtype = kFloat;
    }
    InnerWeight(const InnerWeight&) = delete;
    InnerWeight& operator=(const InnerWeight&) = delete;
  };

  // At most `most` images at a time, and as many as have transforms that a cache holds: body(their
  // convolution, the first of them, memory for v and m).
  template <class Body>
  void for_some_images(int64_t most, const Body& body) const {
    constexpr int64_t kBytes = 4 << 20;
    const ConvShape one = inner(1);
    const int64_t v_size = one.width * one.channels, m_size = one.out_width * one.outputs;
    const int64_t fit = kBytes / (int64_t{sizeof(float)} * (v_size + m_size));
    most = std::clamp<int64_t>(std::min(most, fit), 1, shape_.images);
    const Storage v = floats(most * v_size), m = floats(most * m_size);
    for (int64_t image = 0; image < shape_.images; image += most) {
      LineConvolution part = *this;
      part.shape_.images = std::min(most, shape_.images - image);
      body(part, image, data(v), data(m));
    }
  }

  // A map that falls into tiles of `count` pixels, each the filter's outputs further on.
  struct Map {
    int64_t height, width, channels, padding, across_padding;
    int count;
  };
  // body(number, where its pixel 0 is, tile) for the tiles of all images, as they lie in v and m.
  template <class Body>
  void for_each_tile(const Map& map, const Body& body) const {
    const int64_t length = along(map.height, map.width), count = across(map.height, map.width);
    const int64_t padded = count + 2 * map.across_padding, tiles = padded * tiles_;
    const int64_t stride = along(map.width, int64_t{1}) * map.channels;
    const int64_t across_stride = across(map.width, int64_t{1}) * map.channels;
    const int64_t grain = 1 + 16384 / (filter_->positions * map.channels);
    parallel_for(0, shape_.images * tiles, grain, [&](int64_t at, int64_t at_end) {
      for (; at < at_end; ++at) {
        const int64_t in_image = at % tiles;
        const int64_t tile = along_width_ ? in_image % tiles_ : in_image / padded;
        const int64_t line =
            (along_width_ ? in_image / tiles_ : in_image % padded) - map.across_padding;
        const int64_t first = tile * filter_->outputs - map.padding;
        const int64_t begin = std::clamp<int64_t>(-first, 0, map.count);
        const bool inside = line >= 0 && line < count;
        const int64_t end = inside ? std::clamp<int64_t>(length - first, begin, map.count) : begin;
        const int64_t image = at / tiles * map.height * map.width * map.channels;
        body(at, image + line * across_stride + first * stride,
             LineTile{stride, static_cast<int>(begin), static_cast<int>(end)});
      }
    });
  }
  Map map_of_y() const {
    return {shape_.out_height, shape_.out_width, shape_.outputs, 0, 0, filter_->outputs};
  }

  void transform_inputs(const float* x, float* v) const {
    const int64_t channels = shape_.channels;
    const Map map{shape_.height, shape_.width,    channels,
                  padding_,      across_padding_, filter_->positions};
    for_each_tile(map, [&](int64_t at, int64_t from, const LineTile& tile) {
      filter_->transform_input(x + from, tile, channels, v + at * filter_->positions * channels);
    });
  }
  void transform_outputs(const float* m, const float* bias, bool relu, float* y) const {
    for_each_tile(map_of_y(), [&](int64_t at, int64_t to, const LineTile& tile) {
      filter_->transform_output(m + at * filter_->positions * shape_.outputs, shape_.outputs, bias,
                                relu, y + to, tile);
    });
  }
  void transform_gradients(const float* g, float* m) const {
    for_each_tile(map_of_y(), [&](int64_t at, int64_t from, const LineTile& tile) {
      filter_->transform_output_grad(g + from, tile, shape_.outputs,
                                     m + at * filter_->positions * shape_.outputs);
    });
  }
  // Of sums [P][O][across taps][C].
  void transform_sums(const float* sums, const View& dweight) const {
    const auto& strides = dweight.strides;
    const int64_t lines = shape_.outputs * across_taps_, channels = shape_.channels;
    parallel_for(0, lines, 1 + 4096 / channels, [&](int64_t line, int64_t end) {
      for (; line < end; ++line) {
        float* to = dweight.as<float>() + line / across_taps_ * strides[0] +
                    line % across_taps_ * across(strides[2], strides[3]);
        filter_->transform_weight_grad(sums + line * channels, lines * channels, channels, to,
                                       strides[1], along(strides[2], strides[3]));
      }
    });
  }

  ConvShape shape_;
  bool along_width_;
  const LineFilter* filter_;
  int64_t tiles_, padding_, across_padding_, across_taps_;
};

Storage packed_weight(const LineConvolution& conv, const View& view, const Weight<float>& weight,
                      WeightForm form) {
  const WeightKey key(form, view);
  const WeightStamp stamp(view);
  if (Storage packed = find_packed_weight(view, key, stamp)) return packed;
  Storage packed = conv.packed(weight);
  keep_packed_weight(view, key, stamp, packed);
  return packed;
}

}  // namespace

bool conv_lines_saves(const ConvShape& shape) {
  const bool along_height = line_filter(shape.kernel_height) != nullptr && shape.kernel_width == 1;
  return (along_height || line_filter(shape.kernel_width) != nullptr) &&
         LineConvolution(shape).saves();
}

void conv_lines(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                bool relu, float* y) {
  const LineConvolution conv(shape);
  const Storage packed =
      packed_weight(conv, weight, weight_of<float>(weight), WeightForm::forward_lines);
  conv.run(x, packed, bias, relu, y);
}

void conv_lines_input_grad(const ConvShape& shape, const float* g, const View& weight, float* dx) {
  // The convolution of g with the kernel turned around.
  const auto& padding = shape.attrs.padding;
  ConvShape turned = shape;
  std::swap(turned.channels, turned.outputs);
  std::swap(turned.height, turned.out_height);
  std::swap(turned.width, turned.out_width);
  turned.attrs.padding = {shape.kernel_height - 1 - padding[0],
                          shape.kernel_width - 1 - padding[1]};
  Weight<float> w = weight_of<float>(weight);
  w = {w.at(0, 0, shape.kernel_height - 1, shape.kernel_width - 1), w.channel_stride,
       w.output_stride, -w.row_stride, -w.column_stride};
  const LineConvolution conv(turned);
  conv.run(g, packed_weight(conv, weight, w, WeightForm::input_grad_lines), nullptr, false, dx);
}

void conv_lines_weight_grad(const ConvShape& shape, const float* g, const float* x,
                            const View& dweight) {
  LineConvolution(shape).weight_gradient(g, x, dweight);
}

}  // namespace reel::cpu::REEL_ISA
