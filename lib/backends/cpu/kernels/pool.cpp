#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/layout.h>
#include <reel/backends/cpu/kernels/pool.h>
#include <reel/tensor/error.h>

// Pooling of pictures whose channels vary fastest, or that lie so for the time being: the lanes of
// a vector are channels and a window is a few loads.

namespace reel::cpu::REEL_ISA {
namespace {

// PyTorch's rule: a later element wins if it is greater or NaN.
//
// values, indices [N, Ho, Wo, C] from x [N, H, W, C].
template <class T>
void max_pool(const PoolShape& shape, const T* x, T* values, int64_t* indices) {
  constexpr int kL = kLanes<T>;
  const int64_t channels = shape.channels, width = shape.width;
  shape.for_each_line([&](int64_t line, int64_t image, const Span& rows) {
    const T* plane = x + image * shape.height * width * channels;
    T* value = values + line * shape.out_width * channels;
    int64_t* index = indices + line * shape.out_width * channels;
    for (const Span& columns : shape.columns) {
      for (int64_t c = 0; c < channels; c += kL) {
        const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
        Vec<T> best = broadcast(-std::numeric_limits<T>::infinity());
        Vec<T> best_at = broadcast(static_cast<T>(rows.begin * width + columns.begin));
        for (int64_t i = rows.begin; i < rows.end; i += shape.attrs.dilation[0]) {
          for (int64_t j = columns.begin; j < columns.end; j += shape.attrs.dilation[1]) {
            const T* p = plane + (i * width + j) * channels + c;
            const Vec<T> v = load_some(p, lanes);
            const Mask<T> wins = (v > best) | is_nan(v);
            best = select(wins, v, best);
            best_at = select(wins, broadcast(static_cast<T>(i * width + j)), best_at);
          }
        }
        alignas(64) T positions[kL];
        store(positions, best_at);
        store_some(value + c, best, lanes);
        if (lanes == kL) {
          for (int l = 0; l < kL; ++l) index[c + l] = static_cast<int64_t>(positions[l]);
        } else {
          for (int l = 0; l < lanes; ++l) index[c + l] = static_cast<int64_t>(positions[l]);
        }
      }
      value += channels;
      index += channels;
    }
  });
}

// Windows that touch neither each other nor the padding: every element of dx is written once.
bool tiles_the_image(const PoolShape& shape) {
  const ops::PoolAttrs& attrs = shape.attrs;
  return attrs.kernel_size == attrs.stride && attrs.padding == std::array<int64_t, 2>{0, 0} &&
         attrs.dilation == std::array<int64_t, 2>{1, 1} &&
         shape.out_height * attrs.stride[0] <= shape.height &&
         shape.out_width * attrs.stride[1] <= shape.width;
}

template <class T>
void max_pool_grad_tiled(const PoolShape& shape, const T* g, const int64_t* indices, T* dx) {
  const int64_t channels = shape.channels, width = shape.width;
  const int64_t covered = shape.out_width * shape.attrs.stride[1];
  shape.for_each_line([&](int64_t line, int64_t image, const Span& rows) {
    T* plane = dx + image * shape.height * width * channels;
    const T* line_g = g + line * shape.out_width * channels;
    const int64_t* line_at = indices + line * shape.out_width * channels;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = 0; j < covered; ++j) {
        const int64_t position = i * width + j, window = j / shape.attrs.stride[1] * channels;
        const T* grad = line_g + window;
        const int64_t* at = line_at + window;
        T* to = plane + position * channels;
        for (int64_t c = 0; c < channels; ++c) to[c] = at[c] == position ? grad[c] : T(0);
      }
      std::fill_n(plane + (i * width + covered) * channels, (width - covered) * channels, T(0));
    }
    if (line % shape.out_height != shape.out_height - 1) return;
    std::fill(plane + rows.end * width * channels, plane + shape.height * width * channels, T(0));
  });
}

// Overlapping windows: each task owns some channels of an image, so that no two add to one element
// and the order of additions is fixed.
template <class T>
void max_pool_grad_scattered(const PoolShape& shape, const T* g, const int64_t* indices, T* dx) {
  constexpr int64_t kChannels = 64 / sizeof(T);  // a cache line
  const int64_t channels = shape.channels, pixels = shape.height * shape.width;
  const int64_t out_pixels = shape.out_height * shape.out_width;
  const int64_t blocks = (channels + kChannels - 1) / kChannels;
  parallel_for(0, shape.images * blocks, 1, [&](int64_t task, int64_t) {
    const int64_t image = task / blocks, first = task % blocks * kChannels;
    const int64_t count = std::min(kChannels, channels - first);
    T* plane = dx + image * pixels * channels + first;
    for (int64_t p = 0; p < pixels; ++p) std::fill_n(plane + p * channels, count, T(0));
    for (int64_t p = 0; p < out_pixels; ++p) {
      const int64_t from = (image * out_pixels + p) * channels + first;
      for (int64_t c = 0; c < count; ++c) {
        const int64_t at = indices[from + c];
        if (at < 0 || at >= pixels) {
          throw IndexError("max_pool2d_grad: an index lies outside the plane of the input");
        }
        plane[at * channels + c] += g[from + c];
      }
    }
  });
}

template <class T>
const char* max_pool_row(const Call& call) {
  const View &x = call.in[0], &values = call.out[0], &indices = call.out[1];
  if (values.numel == 0) return nullptr;
  if (have_rows(x, values) && have_rows(x, indices)) return max_pool_planes(call);
  const PoolShape shape(x, values, call.as<ops::MaxPool2d>());
  if (shape.height * shape.width > kExactPositions<T>) return "plane has too many positions";
  const ChannelsLastInput<T> in(x);
  const ChannelsLastOutput<T> out(values);
  const ChannelsLastOutput<int64_t> at(indices);
  max_pool<T>(shape, in.data(), out.data(), at.data());
  out.finish();
  at.finish();
  return nullptr;
}

template <class T>
const char* max_pool_grad_row(const Call& call) {
  const View &g = call.in[0], &indices = call.in[1], &dx = call.out[0];
  if (dx.numel == 0) return nullptr;
  if (have_rows(g, dx) && have_rows(indices, dx) && g.numel > 0) return max_pool_grad_planes(call);
  const PoolShape shape(dx, g, call.as<ops::MaxPool2dGrad>());
  const ChannelsLastInput<T> grad(g);
  const ChannelsLastInput<int64_t> at(indices);
  const ChannelsLastOutput<T> out(dx);
  if (tiles_the_image(shape)) {
    max_pool_grad_tiled<T>(shape, grad.data(), at.data(), out.data());
  } else {
    max_pool_grad_scattered<T>(shape, grad.data(), at.data(), out.data());
  }
  out.finish();
  return nullptr;
}

// y [N, Ho, Wo, C] = means of x [N, H, W, C].
template <class T>
const char* avg_pool_row(const Call& call) {
  constexpr int kL = kLanes<T>;
  const View &x = call.in[0], &y = call.out[0];
  if (y.numel == 0) return nullptr;
  if (have_rows(x, y)) return avg_pool_planes(call);
  const auto& op = call.as<ops::AvgPool2d>();
  const PoolShape shape(x, y, op);
  const std::vector<int64_t> row_divisors = divisors(op, shape.rows);
  const std::vector<int64_t> column_divisors = divisors(op, shape.columns);
  const ChannelsLastInput<T> in(x);
  const ChannelsLastOutput<T> out(y);
  const int64_t channels = shape.channels, width = shape.width;
  shape.for_each_line([&](int64_t line, int64_t image, const Span& rows) {
    const T* plane = in.data() + image * shape.height * width * channels;
    T* to = out.data() + line * shape.out_width * channels;
    const int64_t row_divisor = row_divisors[static_cast<size_t>(line % shape.out_height)];
    for (size_t window = 0; window < shape.columns.size(); ++window, to += channels) {
      const Span& columns = shape.columns[window];
      const int64_t divisor =
          op.divisor_override != 0 ? op.divisor_override : row_divisor * column_divisors[window];
      for (int64_t c = 0; c < channels; c += kL) {
        const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
        Vec<T> sum = broadcast(T(0));
        for (int64_t i = rows.begin; i < rows.end; ++i) {
          for (int64_t j = columns.begin; j < columns.end; ++j) {
            const T* p = plane + (i * width + j) * channels + c;
            sum = sum + load_some(p, lanes);
          }
        }
        sum = divide(sum, broadcast(static_cast<T>(divisor)));
        store_some(to + c, sum, lanes);
      }
    }
  });
  out.finish();
  return nullptr;
}

// The windows that hold each position of an axis: all between first and last.
std::vector<Span> windows_over(const std::vector<Span>& spans, int64_t size) {
  std::vector<Span> over(static_cast<size_t>(size));
  for (size_t i = 0; i < spans.size(); ++i) {
    for (int64_t p = spans[i].begin; p < spans[i].end; ++p) {
      Span& windows = over[static_cast<size_t>(p)];
      if (windows.end == 0) windows.begin = static_cast<int64_t>(i);
      windows.end = static_cast<int64_t>(i) + 1;
    }
  }
  return over;
}

// dx [N, H, W, C] gathers from the windows of g [N, Ho, Wo, C] that hold the pixel.
template <class T>
const char* avg_pool_grad_row(const Call& call) {
  constexpr int kL = kLanes<T>;
  const View &g = call.in[0], &dx = call.out[0];
  if (dx.numel == 0) return nullptr;
  if (have_rows(dx, g) && g.numel > 0) return avg_pool_grad_planes(call);
  const auto& op = call.as<ops::AvgPool2dGrad>();
  const PoolShape shape(dx, g, op);
  const std::vector<int64_t> row_divisors = divisors(op, shape.rows);
  const std::vector<int64_t> column_divisors = divisors(op, shape.columns);
  const std::vector<Span> rows = windows_over(shape.rows, shape.height);
  const std::vector<Span> columns = windows_over(shape.columns, shape.width);
  const ChannelsLastInput<T> in(g);
  const ChannelsLastOutput<T> out(dx);
  const int64_t channels = shape.channels;
  const int64_t grain = 1 + 32768 / (shape.width * channels);
  parallel_for(0, shape.images * shape.height, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const T* plane =
          in.data() + line / shape.height * shape.out_height * shape.out_width * channels;
      const Span& over = rows[static_cast<size_t>(line % shape.height)];
      T* to = out.data() + line * shape.width * channels;
      for (const Span& across : columns) {
        for (int64_t c = 0; c < channels; c += kL) {
          const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
          Vec<T> sum = broadcast(T(0));
          for (int64_t i = over.begin; i < over.end; ++i) {
            for (int64_t j = across.begin; j < across.end; ++j) {
              const int64_t divisor = op.divisor_override != 0
                                          ? op.divisor_override
                                          : row_divisors[static_cast<size_t>(i)] *
                                                column_divisors[static_cast<size_t>(j)];
              const T* p = plane + (i * shape.out_width + j) * channels + c;
              sum = sum + divide(load_some(p, lanes), broadcast(static_cast<T>(divisor)));
            }
          }
          store_some(to + c, sum, lanes);
        }
        to += channels;
      }
    }
  });
  out.finish();
  return nullptr;
}

// Half and bfloat16 in float: pictures whose channels vary fastest are not taken apart, of others
// planes are.
template <Kernel kFloatKernel, Kernel kDoubleKernel>
const char* by_dtype(const Call& call) {
  const View& out = call.out[0];
  if (out.dtype == kFloat) return kFloatKernel(call);
  if (out.dtype == kDouble) return kDoubleKernel(call);
  if (!is_narrow(out.dtype)) return "dtype is not a floating-point one";
  if (out.numel == 0) return nullptr;
  Cut cut;
  const int dim = have_rows(out, out) && out.sizes[1] > out.sizes[0] ? 1 : 0;
  std::fill_n(cut.in, call.num_in, dim);
  std::fill_n(cut.out, call.num_out, dim);
  return run_in_parts(call, kFloatKernel, cut);
}

}  // namespace

void register_pool(KernelTable& table) {
  table.add("max_pool2d", by_dtype<max_pool_row<float>, max_pool_row<double>>);
  table.add("max_pool2d_grad", by_dtype<max_pool_grad_row<float>, max_pool_grad_row<double>>);
  table.add("avg_pool2d", by_dtype<avg_pool_row<float>, avg_pool_row<double>>);
  table.add("avg_pool2d_grad", by_dtype<avg_pool_grad_row<float>, avg_pool_grad_row<double>>);
}

}  // namespace reel::cpu::REEL_ISA
