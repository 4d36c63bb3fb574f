#include <cstring>

#include <reel/backends/cpu/kernels/conv_hits.h>

// One channel in and one out for each group: no sums over channels, so the lanes of a vector are
// channels and every tap is one fma.

namespace reel::cpu::REEL_ISA {
namespace {

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

constexpr int kBlock = 4;  // outputs that share their taps and, side by side, their inputs

// The distance between the inputs of kBlock outputs from j on that each meet three inputs side by
// side with the same taps: 1 or 2; 0 if they do not.
int block_stride(const std::vector<std::vector<Hit>>& columns, int64_t j) {
  if (j + kBlock > static_cast<int64_t>(columns.size())) return 0;
  const std::vector<Hit>& first = columns[static_cast<size_t>(j)];
  if (first.size() != 3 || columns[static_cast<size_t>(j + 1)].size() != 3) return 0;
  const int64_t stride = columns[static_cast<size_t>(j + 1)][0].position - first[0].position;
  if (stride != 1 && stride != 2) return 0;
  for (int b = 0; b < kBlock; ++b) {
    const std::vector<Hit>& hits = columns[static_cast<size_t>(j + b)];
    if (hits.size() != 3) return 0;
    for (int t = 0; t < 3; ++t) {
      const Hit &hit = hits[static_cast<size_t>(t)], &same = first[static_cast<size_t>(t)];
      if (hit.tap != same.tap || hit.position != first[0].position + b * stride + t) return 0;
    }
  }
  return static_cast<int>(stride);
}

// What one output position, or a block of them, is summed from.
template <class T>
struct Window {
  const T* image;   // [height, width, channels]
  const T* weight;  // [tap][channels]
  const T* bias;
  int64_t width, channels, kernel_width;
  const std::vector<Hit>& rows;
  const std::vector<Hit>& columns;

  const T* input(const Hit& row, const Hit& column) const {
    return image + (row.position * width + column.position) * channels;
  }
  const T* tap(const Hit& row, const Hit& column) const {
    return weight + (row.tap * kernel_width + column.tap) * channels;
  }
};

// kBlock outputs, all whole vectors of channels.
template <class T, int kStride>
void gather_block(const Window<T>& window, int64_t whole, T* y) {
  constexpr int kL = kLanes<T>, kInputs = (kBlock - 1) * kStride + 3;
  for (int64_t c = 0; c < whole; c += kL) {
    Vec<T> sums[kBlock];
    for (auto& sum : sums) sum = window.bias == nullptr ? broadcast(T(0)) : load(window.bias + c);
    for (const Hit& row : window.rows) {
      const T* p = window.input(row, window.columns[0]) + c;
      Vec<T> x[kInputs];
      for (int i = 0; i < kInputs; ++i) x[i] = load(p + i * window.channels);
      for (int t = 0; t < 3; ++t) {
        const Vec<T> w = load(window.tap(row, window.columns[static_cast<size_t>(t)]) + c);
        for (int b = 0; b < kBlock; ++b) sums[b] = fma(x[b * kStride + t], w, sums[b]);
      }
    }
    for (int b = 0; b < kBlock; ++b) store(y + b * window.channels + c, sums[b]);
  }
}

// One output, channels from c on.
template <class T>
void gather_pixel(const Window<T>& window, int64_t c, T* y) {
  constexpr int kL = kLanes<T>;
  for (; c < window.channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, window.channels - c));
    Vec<T> sum = window.bias == nullptr ? broadcast(T(0)) : load_n(window.bias + c, lanes);
    for (const Hit& row : window.rows) {
      for (const Hit& column : window.columns) {
        const T *p = window.input(row, column) + c, *w = window.tap(row, column) + c;
        sum =
            lanes == kL ? fma(load(p), load(w), sum) : fma(load_n(p, lanes), load_n(w, lanes), sum);
      }
    }
    lanes == kL ? store(y + c, sum) : store_n(y + c, sum, lanes);
  }
}

// y[n, i, j, :] = bias + sum over hits of x[n, rows[i], columns[j], :] * weight[tap, :]
template <class T>
void gather(int64_t images, int64_t channels, const std::vector<std::vector<Hit>>& rows,
            const std::vector<std::vector<Hit>>& columns, int64_t in_height, int64_t in_width,
            int64_t kernel_width, const T* x, const T* weight, const T* bias, T* y) {
  const auto out_height = static_cast<int64_t>(rows.size());
  const auto out_width = static_cast<int64_t>(columns.size());
  const int64_t grain = 1 + 16384 / (out_width * channels);
  const int64_t whole = channels / kLanes<T> * kLanes<T>;
  std::vector<int> strides;
  for (int64_t j = 0; j < out_width; ++j) strides.push_back(block_stride(columns, j));
  parallel_for(0, images * out_height, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const T* image = x + line / out_height * in_height * in_width * channels;
      T* out = y + line * out_width * channels;
      int64_t begun = 0;  // outputs before this one have their whole vectors
      for (int64_t j = 0; j < out_width; ++j, out += channels) {
        const Window<T> window{image,
                               weight,
                               bias,
                               in_width,
                               channels,
                               kernel_width,
                               rows[static_cast<size_t>(line % out_height)],
                               columns[static_cast<size_t>(j)]};
        const int stride = j >= begun ? strides[static_cast<size_t>(j)] : 0;
        if (stride != 0) {
          stride == 1 ? gather_block<T, 1>(window, whole, out)
                      : gather_block<T, 2>(window, whole, out);
          begun = j + kBlock;
        }
        gather_pixel(window, j < begun ? whole : 0, out);
      }
    }
  });
}

// sums[t] += the products of g [end - begin] with the inputs that the three taps of a row meet.
// Six chains of sums hide the latency of fma.
template <class T>
void add_three_taps(const T* x, const T* g, int64_t begin, int64_t end, int64_t stride,
                    int64_t channels, int lanes, T* sums) {
  Vec<T> acc[2][3];
  for (int t = 0; t < 3; ++t) {
    acc[0][t] = load_n(sums + t * channels, lanes);
    acc[1][t] = broadcast(T(0));
  }
  const bool all = lanes == kLanes<T>;
  const auto add = [&](int64_t j, Vec<T>(&to)[3]) __attribute__((always_inline)) {
    const T *p = x + j * stride * channels, *q = g + j * channels;
    const Vec<T> gradient = all ? load(q) : load_n(q, lanes);
    for (int t = 0; t < 3; ++t) {
      const Vec<T> input = all ? load(p + t * channels) : load_n(p + t * channels, lanes);
      to[t] = fma(input, gradient, to[t]);
    }
  };
  int64_t j = begin;
  for (; j + 2 <= end; j += 2) {
    add(j, acc[0]);
    add(j + 1, acc[1]);
  }
  if (j < end) add(j, acc[0]);
  for (int t = 0; t < 3; ++t) store_n(sums + t * channels, acc[0][t] + acc[1][t], lanes);
}

// The sizes of x, y and the kernel along an axis.
struct Axis {
  int64_t in, out, kernel;
  Axis(const ConvShape& shape, size_t axis)
      : in(axis == 0 ? shape.height : shape.width),
        out(axis == 0 ? shape.out_height : shape.out_width),
        kernel(axis == 0 ? shape.kernel_height : shape.kernel_width) {}
};

}  // namespace

std::vector<std::vector<Hit>> window_hits(const ConvShape& shape, size_t axis) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const Axis size(shape, axis);
  std::vector<std::vector<Hit>> hits(static_cast<size_t>(size.out));
  for (int64_t i = 0; i < size.out; ++i) {
    for (int64_t tap = 0; tap < size.kernel; ++tap) {
      const int64_t position =
          i * attrs.stride[axis] - attrs.padding[axis] + tap * attrs.dilation[axis];
      if (position < 0 || position >= size.in) continue;
      hits[static_cast<size_t>(i)].push_back({tap, position});
    }
  }
  return hits;
}

std::vector<std::vector<Hit>> gradient_hits(const ConvShape& shape, size_t axis) {
  const auto windows = window_hits(shape, axis);
  std::vector<std::vector<Hit>> hits(static_cast<size_t>(Axis(shape, axis).in));
  for (size_t i = 0; i < windows.size(); ++i) {
    for (const Hit& hit : windows[i]) {
      hits[static_cast<size_t>(hit.position)].push_back({hit.tap, static_cast<int64_t>(i)});
    }
  }
  return hits;
}

template <class T>
void conv_depthwise(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y) {
  const Storage packed = by_tap<T>(shape, weight);
  const auto rows = window_hits(shape, 0), columns = window_hits(shape, 1);
  gather<T>(shape.images, shape.channels, rows, columns, shape.height, shape.width,
            shape.kernel_width, x, static_cast<const T*>(packed->data()), bias, y);
}

template <class T>
void conv_depthwise_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx) {
  const Storage packed = by_tap<T>(shape, weight);
  const auto rows = gradient_hits(shape, 0), columns = gradient_hits(shape, 1);
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
  const auto row_hits = window_hits(shape, 0);
  // Partial sums over fixed groups of lines keep the result independent of the threads.
  const EvenSplit split(lines, std::max<int64_t>(1, (lines + kEnoughTasks - 1) / kEnoughTasks));
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
      for (const Hit& row : row_hits[static_cast<size_t>(i)]) {
        const T* in = x + (image * shape.height + row.position) * shape.width * channels;
        // Outputs j with 0 <= j * stride + offset < width.
        const int64_t stride = attrs.stride[1];
        const auto offset_of = [&](int64_t tap) {
          return tap * attrs.dilation[1] - attrs.padding[1];
        };
        const auto begin_of = [&](int64_t tap) {
          const int64_t offset = offset_of(tap);
          return offset >= 0 ? 0 : std::min(shape.out_width, (-offset + stride - 1) / stride);
        };
        const auto end_of = [&](int64_t tap) {
          const int64_t room = shape.width - offset_of(tap);
          return room <= 0 ? 0 : std::min(shape.out_width, (room + stride - 1) / stride);
        };
        T* row_sums = sums + row.tap * shape.kernel_width * channels;
        // Three taps side by side are summed together where all of them meet the image.
        const bool three = shape.kernel_width == 3 && attrs.dilation[1] == 1;
        const int64_t begin_all = begin_of(0), end_all = three ? end_of(2) : 0;
        if (three && begin_all < end_all) {
          for (int64_t c = 0; c < channels; c += kL) {
            const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
            add_three_taps(in + offset_of(0) * channels + c, grad + c, begin_all, end_all, stride,
                           channels, lanes, row_sums + c);
          }
        }
        const auto add_range = [&](int64_t tap, int64_t begin, int64_t end) {
          if (begin >= end) return;
          for (int64_t c = 0; c < channels; c += kL) {
            const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
            Vec<T> acc = load_n(row_sums + tap * channels + c, lanes);
            for (int64_t j = begin; j < end; ++j) {
              const T* p = in + (j * stride + offset_of(tap)) * channels + c;
              acc = fma(load_n(p, lanes), load_n(grad + j * channels + c, lanes), acc);
            }
            store_n(row_sums + tap * channels + c, acc, lanes);
          }
        };
        for (int64_t tap = 0; tap < shape.kernel_width; ++tap) {
          if (three && begin_all < end_all) {
            add_range(tap, begin_of(tap), std::min(begin_all, end_of(tap)));
            add_range(tap, std::max(end_all, begin_of(tap)), end_of(tap));
          } else {
            add_range(tap, begin_of(tap), end_of(tap));
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
