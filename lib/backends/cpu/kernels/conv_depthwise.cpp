#include <cstring>

#include <reel/backends/cpu/kernels/conv.h>

// One channel in and one out for each group: no sums over channels, so the lanes of a vector are
// channels and every tap is one fma.

namespace reel::cpu::REEL_ISA {
namespace {

// Where along one axis of the kernel a tap meets another map.
struct Hit {
  int64_t tap, position;
};

// The input positions of the window of output position i that lie inside the image.
std::vector<Hit> window_hits(int64_t i, int64_t kernel, int64_t stride, int64_t padding,
                             int64_t dilation, int64_t size) {
  std::vector<Hit> hits;
  for (int64_t tap = 0; tap < kernel; ++tap) {
    const int64_t position = i * stride - padding + tap * dilation;
    if (position >= 0 && position < size) hits.push_back({tap, position});
  }
  return hits;
}

// The output positions whose windows hold input position i.
std::vector<Hit> gradient_hits(int64_t i, int64_t kernel, int64_t stride, int64_t padding,
                               int64_t dilation, int64_t out_size) {
  std::vector<Hit> hits;
  for (int64_t tap = 0; tap < kernel; ++tap) {
    const int64_t position = i + padding - tap * dilation;
    if (position >= 0 && position % stride == 0 && position / stride < out_size) {
      hits.push_back({tap, position / stride});
    }
  }
  return hits;
}

template <class Make>
std::vector<std::vector<Hit>> all_hits(int64_t count, const Make& make) {
  std::vector<std::vector<Hit>> hits;
  for (int64_t i = 0; i < count; ++i) hits.push_back(make(i));
  return hits;
}

// The weight as [tap][channel].
template <class T>
Storage by_tap(const ConvShape& shape, const View& view) {
  const Weight<T> weight = weight_of<T>(view);
  Storage packed =
      allocate_storage(sizeof(T) * static_cast<size_t>(shape.taps() * shape.channels), kCPU);
  T* out = static_cast<T*>(packed->data());
  for (int64_t i = 0; i < shape.kernel_height; ++i) {
    for (int64_t j = 0; j < shape.kernel_width; ++j) {
      for (int64_t c = 0; c < shape.channels; ++c) *out++ = *weight.at(c, 0, i, j);
    }
  }
  return packed;
}

// y[n, i, j, :] = bias + sum over hits of x[n, rows[i], columns[j], :] * weight[tap, :]
template <class T>
void gather(int64_t images, int64_t channels, const std::vector<std::vector<Hit>>& rows,
            const std::vector<std::vector<Hit>>& columns, int64_t in_height, int64_t in_width,
            int64_t kernel_width, const T* x, const T* weight, const T* bias, T* y) {
  constexpr int kL = kLanes<T>;
  const auto out_height = static_cast<int64_t>(rows.size());
  const auto out_width = static_cast<int64_t>(columns.size());
  const int64_t grain = 1 + 16384 / (out_width * channels);
  parallel_for(0, images * out_height, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const T* image = x + line / out_height * in_height * in_width * channels;
      T* out = y + line * out_width * channels;
      for (int64_t j = 0; j < out_width; ++j, out += channels) {
        for (int64_t c = 0; c < channels; c += kL) {
          const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
          Vec<T> sum = bias == nullptr ? broadcast(T(0)) : load_n(bias + c, lanes);
          for (const Hit& row : rows[static_cast<size_t>(line % out_height)]) {
            for (const Hit& column : columns[static_cast<size_t>(j)]) {
              const T* p = image + (row.position * in_width + column.position) * channels + c;
              const T* w = weight + (row.tap * kernel_width + column.tap) * channels + c;
              sum = lanes == kL ? fma(load(p), load(w), sum)
                                : fma(load_n(p, lanes), load_n(w, lanes), sum);
            }
          }
          lanes == kL ? store(out + c, sum) : store_n(out + c, sum, lanes);
        }
      }
    }
  });
}

}  // namespace

template <class T>
void conv_depthwise(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const Storage packed = by_tap<T>(shape, weight);
  const auto rows = all_hits(shape.out_height, [&](int64_t i) {
    return window_hits(i, shape.kernel_height, attrs.stride[0], attrs.padding[0], attrs.dilation[0],
                       shape.height);
  });
  const auto columns = all_hits(shape.out_width, [&](int64_t i) {
    return window_hits(i, shape.kernel_width, attrs.stride[1], attrs.padding[1], attrs.dilation[1],
                       shape.width);
  });
  gather<T>(shape.images, shape.channels, rows, columns, shape.height, shape.width,
            shape.kernel_width, x, static_cast<const T*>(packed->data()), bias, y);
}

template <class T>
void conv_depthwise_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const Storage packed = by_tap<T>(shape, weight);
  const auto rows = all_hits(shape.height, [&](int64_t i) {
    return gradient_hits(i, shape.kernel_height, attrs.stride[0], attrs.padding[0],
                         attrs.dilation[0], shape.out_height);
  });
  const auto columns = all_hits(shape.width, [&](int64_t i) {
    return gradient_hits(i, shape.kernel_width, attrs.stride[1], attrs.padding[1],
                         attrs.dilation[1], shape.out_width);
  });
  gather<T>(shape.images, shape.channels, rows, columns, shape.out_height, shape.out_width,
            shape.kernel_width, g, static_cast<const T*>(packed->data()), nullptr, dx);
}

template <class T>
void conv_depthwise_weight_grad(const ConvShape& shape, const T* g, const T* x,
                                const View& dweight) {
  constexpr int kL = kLanes<T>;
  const ops::ConvAttrs& attrs = shape.attrs;
  const int64_t channels = shape.channels, lines = shape.images * shape.out_height;
  const int64_t size = shape.taps() * channels;
  // Partial sums over fixed groups of lines keep the result independent of the threads.
  const EvenSplit split(lines, (lines + kEnoughTasks - 1) / kEnoughTasks);
  const Storage storage =
      allocate_storage(sizeof(T) * static_cast<size_t>(split.groups * size), kCPU);
  T* partial = static_cast<T*>(storage->data());

  parallel_for(0, split.groups, 1, [&](int64_t task, int64_t) {
    T* sums = partial + task * size;
    std::memset(sums, 0, sizeof(T) * static_cast<size_t>(size));
    const int64_t first = split.begin(task);
    for (int64_t line = first; line < first + split.size(task); ++line) {
      const int64_t image = line / shape.out_height, i = line % shape.out_height;
      const T* grad = g + line * shape.out_width * channels;
      for (const Hit& row : window_hits(i, shape.kernel_height, attrs.stride[0], attrs.padding[0],
                                        attrs.dilation[0], shape.height)) {
        const T* in = x + (image * shape.height + row.position) * shape.width * channels;
        for (int64_t tap = 0; tap < shape.kernel_width; ++tap) {
          // Outputs j with 0 <= j * stride + offset < width.
          const int64_t stride = attrs.stride[1];
          const int64_t offset = tap * attrs.dilation[1] - attrs.padding[1];
          const int64_t begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
          const int64_t end =
              offset >= shape.width
                  ? 0
                  : std::min(shape.out_width, (shape.width - offset + stride - 1) / stride);
          T* sum = sums + (row.tap * shape.kernel_width + tap) * channels;
          for (int64_t c = 0; c < channels; c += kL) {
            const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
            Vec<T> acc = load_n(sum + c, lanes);
            for (int64_t j = begin; j < end; ++j) {
              const T* p = in + (j * stride + offset) * channels + c;
              const T* q = grad + j * channels + c;
              acc = lanes == kL ? fma(load(p), load(q), acc)
                                : fma(load_n(p, lanes), load_n(q, lanes), acc);
            }
            store_n(sum + c, acc, lanes);
          }
        }
      }
    }
  });
  for (int64_t tap = 0; tap < shape.taps(); ++tap) {
    for (int64_t c = 0; c < channels; ++c) {
      T sum = 0;
      for (int64_t task = 0; task < split.groups; ++task) {
        sum += partial[task * size + tap * channels + c];
      }
      dweight.as<T>()[c * dweight.strides[0] + tap / shape.kernel_width * dweight.strides[2] +
                      tap % shape.kernel_width * dweight.strides[3]] = sum;
    }
  }
}

template void conv_depthwise<float>(const ConvShape&, const float*, const View&, const float*,
                                    float*);
template void conv_depthwise<double>(const ConvShape&, const double*, const View&, const double*,
                                     double*);
template void conv_depthwise_input_grad<float>(const ConvShape&, const float*, const View&, float*);
template void conv_depthwise_input_grad<double>(const ConvShape&, const double*, const View&,
                                                double*);
template void conv_depthwise_weight_grad<float>(const ConvShape&, const float*, const float*,
                                                const View&);
template void conv_depthwise_weight_grad<double>(const ConvShape&, const double*, const double*,
                                                 const View&);

}  // namespace reel::cpu::REEL_ISA
