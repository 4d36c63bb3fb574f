#pragma once

// Pooling over images [height, width, channel]. Strides come width first; without them they are
// those of windows side by side. Windows that do not fit are left out.

#include <bang/detail.h>

namespace bang::detail {

/// The large image, and the windows that slide over it. Dilations: 1 is none.
struct Windows {
  int64_t channel, height, width, kernel_height, kernel_width, stride_width, stride_height;
  int64_t dilation_height = 1, dilation_width = 1, out_dilation_height = 1, out_dilation_width = 1;

  BANG_HELPER int64_t rows() const {
    return (height - (kernel_height - 1) * dilation_height - 1) / stride_height + 1;
  }
  BANG_HELPER int64_t columns() const {
    return (width - (kernel_width - 1) * dilation_width - 1) / stride_width + 1;
  }
  BANG_HELPER int64_t large() const { return height * width * channel; }
  BANG_HELPER int64_t small() const { return rows() * columns() * channel; }
  /// Element i of window (y, x), channel 0, in the large image.
  BANG_HELPER int64_t element(int64_t y, int64_t x, int64_t i) const {
    const int64_t row = y * stride_height + i / kernel_width * dilation_height;
    const int64_t column = x * stride_width + i % kernel_width * dilation_width;
    return (row * width + column) * channel;
  }
  BANG_HELPER int64_t window() const { return kernel_height * kernel_width; }
  /// Window (y, x) in the small image, and how many elements that one spans: output dilation leaves
  /// pixels between.
  BANG_HELPER int64_t result(int64_t y, int64_t x) const {
    const int64_t row = (columns() - 1) * out_dilation_width + 1;
    return (y * out_dilation_height * row + x * out_dilation_width) * channel;
  }
  BANG_HELPER int64_t result_span() const { return result(rows() - 1, columns() - 1) + channel; }

  /// `element_bytes`: of the images.
  void check(Op& op, int64_t element_bytes) const {
    op.require(channel > 0, "a channel count greater than 0", channel);
    op.require(kernel_height > 0, "a kernel height greater than 0", kernel_height);
    op.require(kernel_width > 0, "a kernel width greater than 0", kernel_width);
    op.require(stride_height > 0, "a stride height greater than 0", stride_height);
    op.require(stride_width > 0, "a stride width greater than 0", stride_width);
    op.require(dilation_height > 0 && dilation_width > 0 && out_dilation_height > 0 &&
                   out_dilation_width > 0,
               "dilations of 1 (none) or more", 0);
    const int64_t tall = (kernel_height - 1) * dilation_height + 1;
    const int64_t wide = (kernel_width - 1) * dilation_width + 1;
    op.require(height >= tall, "a height of at least the kernel's", height);
    op.require(width >= wide, "a width of at least the kernel's", width);
    require_lines(op, channel * element_bytes);
  }
  /// Each element of each window passes the vector unit.
  void account(Op& op, int64_t element_bytes, double cycles) const {
    op.vector(small() * window() * element_bytes, cycles);
  }
};

enum class Pool : uint8_t { sum, average, max, min };

template <Pool P, class T>
BANG_BUILTIN void pool(const char* name, Site site, T* dst, const T* src, const Windows& w) {
  Op op(name, site);
  constexpr int64_t kElement = sizeof(T);
  w.check(op, kElement);
  op.reads(src, w.large()).writes(dst, w.small());
  disjoint(op, dst, w.small() * kElement, src, w.large() * kElement);
  w.account(op, kElement, P == Pool::sum || P == Pool::average ? kSimpleCycles : 1);
  const int64_t window = w.window(), channel = w.channel, rows = w.rows(), columns = w.columns();
  Scratch<Wide<T>> totals(channel);
  Wide<T>* __restrict total = totals.data();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      const T* from = src + w.element(y, x, 0);
      for (int64_t c = 0; c < channel; ++c) {
        const T value = from[c];
        total[c] = static_cast<Wide<T>>(value);
      }
      for (int64_t i = 1; i < window; ++i) {
        from = src + w.element(y, x, i);
        for (int64_t c = 0; c < channel; ++c) {
          const T element = from[c];
          const auto value = static_cast<Wide<T>>(element);
          if constexpr (P == Pool::max) {
            total[c] = value > total[c] ? value : total[c];
          } else if constexpr (P == Pool::min) {
            total[c] = value < total[c] ? value : total[c];
          } else {
            total[c] += value;
          }
        }
      }
      T* to = dst + w.result(y, x);
      for (int64_t c = 0; c < channel; ++c) {
        if constexpr (P == Pool::average) total[c] /= static_cast<Wide<T>>(window);
        to[c] = static_cast<T>(total[c]);
      }
    }
  }
}

/// The place of the largest or smallest element in its window, the first of several. `values` may
/// be null.
template <bool Largest, class Index, class T>
BANG_BUILTIN void pool_index(const char* name, Site site, T* values, Index* indices, const T* src,
                             const Windows& w) {
  static_assert(sizeof(Index) == sizeof(T), "indices are as wide as the elements");
  Op op(name, site);
  constexpr int64_t kElement = sizeof(T);
  w.check(op, kElement);
  if (sizeof(T) == 2) op.require(w.window() < 1 << 16, "windows of less than 65536", w.window());
  op.reads(src, w.large());
  const int64_t rows = w.rows(), columns = w.columns(), window = w.window();
  if (w.out_dilation_height == 1 && w.out_dilation_width == 1) {
    op.writes(indices, w.small());
    if (values != nullptr) op.writes(values, w.small());
  } else {
    for (int64_t i = 0; i < rows * columns; ++i) {
      const int64_t at = w.result(i / columns, i % columns);
      op.writes(indices + at, w.channel);
      if (values != nullptr) op.writes(values + at, w.channel);
    }
  }
  disjoint(op, indices, w.result_span() * kElement, src, w.large() * kElement);
  w.account(op, kElement, 1);
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      const int64_t to = w.result(y, x);
      for (int64_t c = 0; c < w.channel; ++c) {
        T best = src[w.element(y, x, 0) + c];
        int64_t place = 0;
        for (int64_t i = 1; i < window; ++i) {
          const T element = src[w.element(y, x, i) + c];
          const auto value = static_cast<Wide<T>>(element), bound = static_cast<Wide<T>>(best);
          if (Largest ? value > bound : value < bound) {
            best = element;
            place = i;
          }
        }
        indices[to + c] = static_cast<Index>(place);
        if (values != nullptr) values[to + c] = best;
      }
    }
  }
}

/// What all windows cover of the large image, set to 0 before the windows are spread over it.
template <class T>
BANG_BUILTIN void clear_windows(Op& op, T* dst, const Windows& w) {
  const int64_t rows = w.rows(), columns = w.columns(), window = w.window();
  // Side by side or overlapping windows leave no holes: whole rows are named at once.
  const bool dense = w.stride_width <= w.kernel_width;
  const int64_t covered = (columns - 1) * w.stride_width + w.kernel_width;
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t i = 0; i < w.kernel_height; ++i) {
      T* row = dst + (y * w.stride_height + i) * w.width * w.channel;
      if (dense) op.writes(row, covered * w.channel);
      for (int64_t x = 0; !dense && x < columns; ++x) {
        op.writes(row + x * w.stride_width * w.channel, w.kernel_width * w.channel);
      }
    }
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t i = 0; i < window; ++i) {
        T* to = dst + w.element(y, x, i);
        for (int64_t c = 0; c < w.channel; ++c) to[c] = T{};
      }
    }
  }
}

template <class T>
BANG_HELPER void spread(T& to, Wide<T> value, mluPoolBPOverlap overlap) {
  const T before = to;
  to = static_cast<T>(overlap == OVERLAP_ACC ? static_cast<Wide<T>>(before) + value : value);
}

template <class T>
BANG_BUILTIN void average_backward(const char* name, Site site, T* dst, const T* src,
                                   const Windows& w, mluPoolBPOverlap overlap) {
  Op op(name, site);
  constexpr int64_t kElement = sizeof(T);
  w.check(op, kElement);
  op.reads(src, w.small());
  disjoint(op, dst, w.large() * kElement, src, w.small() * kElement);
  clear_windows(op, dst, w);
  w.account(op, kElement, kSimpleCycles);
  const int64_t rows = w.rows(), columns = w.columns(), window = w.window();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t i = 0; i < window; ++i) {
        for (int64_t c = 0; c < w.channel; ++c) {
          const T gradient = src[w.result(y, x) + c];
          spread(dst[w.element(y, x, i) + c],
                 static_cast<Wide<T>>(gradient) / static_cast<Wide<T>>(window), overlap);
        }
      }
    }
  }
}

template <class T, class Index>
BANG_BUILTIN void max_backward(const char* name, Site site, T* dst, const T* src, const Index* mask,
                               const Windows& w, mluPoolBPOverlap overlap) {
  static_assert(sizeof(Index) == sizeof(T), "the mask is as wide as the elements");
  Op op(name, site);
  constexpr int64_t kElement = sizeof(T);
  w.check(op, kElement);
  op.reads(src, w.small()).reads(mask, w.small());
  disjoint(op, dst, w.large() * kElement, src, w.small() * kElement);
  const int64_t rows = w.rows(), columns = w.columns(), window = w.window();
  for (int64_t i = 0; i < w.small(); ++i) {
    const auto place = static_cast<int64_t>(mask[i]);
    op.require(place >= 0 && place < window, "indices inside the window", place);
  }
  clear_windows(op, dst, w);
  w.account(op, kElement, kSimpleCycles);
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t c = 0; c < w.channel; ++c) {
        const T gradient = src[w.result(y, x) + c];
        const auto place = static_cast<int64_t>(mask[w.result(y, x) + c]);
        spread(dst[w.element(y, x, place) + c], static_cast<Wide<T>>(gradient), overlap);
      }
    }
  }
}

template <class T>
BANG_BUILTIN void unpool(const char* name, Site site, T* dst, const T* src, const Windows& w,
                         int64_t index) {
  Op op(name, site);
  constexpr int64_t kElement = sizeof(T);
  w.check(op, kElement);
  op.require(index >= 0 && index < w.window(), "an index inside the window", index);
  op.reads(src, w.small());
  disjoint(op, dst, w.large() * kElement, src, w.small() * kElement);
  clear_windows(op, dst, w);
  w.account(op, kElement, 1);
  const int64_t rows = w.rows(), columns = w.columns();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t c = 0; c < w.channel; ++c) {
        dst[w.element(y, x, index) + c] = src[w.result(y, x) + c];
      }
    }
  }
}

}  // namespace bang::detail

namespace bang::builtin {

template <class T>
void __bang_sumpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, int stride_width, int stride_height,
                    Site site = Site::here()) {
  detail::pool<detail::Pool::sum, T>(
      "__bang_sumpool", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class T>
void __bang_sumpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, Site site = Site::here()) {
  __bang_sumpool(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                 kernel_height, site);
}
template <class T>
void __bang_avgpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, int stride_width, int stride_height,
                    Site site = Site::here()) {
  detail::pool<detail::Pool::average, T>(
      "__bang_avgpool", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class T>
void __bang_avgpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, Site site = Site::here()) {
  __bang_avgpool(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                 kernel_height, site);
}
template <class T>
void __bang_maxpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, int stride_width, int stride_height,
                    Site site = Site::here()) {
  detail::pool<detail::Pool::max, T>(
      "__bang_maxpool", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class T>
void __bang_maxpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, Site site = Site::here()) {
  __bang_maxpool(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                 kernel_height, site);
}
template <class T>
void __bang_minpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, int stride_width, int stride_height,
                    Site site = Site::here()) {
  detail::pool<detail::Pool::min, T>(
      "__bang_minpool", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class T>
void __bang_minpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                    int kernel_width, Site site = Site::here()) {
  __bang_minpool(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                 kernel_height, site);
}

// dst: where in its window each result stands (row * kernel_width + column), in integers as wide as
// the elements.

template <class Index, class T>
void __bang_maxpool_index(Index* dst, const T* src, int channel, int height, int width,
                          int kernel_height, int kernel_width, int stride_width, int stride_height,
                          Site site = Site::here()) {
  detail::pool_index<true, Index, T>(
      "__bang_maxpool_index", site, nullptr, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class Index, class T>
void __bang_maxpool_index(Index* dst, const T* src, int channel, int height, int width,
                          int kernel_height, int kernel_width, Site site = Site::here()) {
  __bang_maxpool_index(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                       kernel_height, site);
}
template <class Index, class T>
void __bang_minpool_index(Index* dst, const T* src, int channel, int height, int width,
                          int kernel_height, int kernel_width, int stride_width, int stride_height,
                          Site site = Site::here()) {
  detail::pool_index<false, Index, T>(
      "__bang_minpool_index", site, nullptr, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height});
}
template <class Index, class T>
void __bang_minpool_index(Index* dst, const T* src, int channel, int height, int width,
                          int kernel_height, int kernel_width, Site site = Site::here()) {
  __bang_minpool_index(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width,
                       kernel_height, site);
}

/// Both: the values from dst on, the indices `value_index_stride` bytes behind them. in_dh and
/// in_dw dilate the window, out_dh and out_dw the result.
template <class T>
void __bang_maxpool_value_index(T* dst, As<const T*> src, int channel, int height, int width,
                                int kernel_height, int kernel_width, int stride_width,
                                int stride_height, int value_index_stride, int in_dh, int in_dw,
                                int out_dh, int out_dw, Site site = Site::here()) {
  auto* indices = reinterpret_cast<Bits<T>*>(detail::advance(dst, value_index_stride));
  detail::pool_index<true, Bits<T>, T>("__bang_maxpool_value_index", site, dst, indices, src,
                                       {channel, height, width, kernel_height, kernel_width,
                                        stride_width, stride_height, in_dh, in_dw, out_dh, out_dw});
}
template <class T>
void __bang_minpool_value_index(T* dst, As<const T*> src, int channel, int height, int width,
                                int kernel_height, int kernel_width, int stride_width,
                                int stride_height, int value_index_stride, int in_dh, int in_dw,
                                int out_dh, int out_dw, Site site = Site::here()) {
  auto* indices = reinterpret_cast<Bits<T>*>(detail::advance(dst, value_index_stride));
  detail::pool_index<false, Bits<T>, T>(
      "__bang_minpool_value_index", site, dst, indices, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height, in_dh,
       in_dw, out_dh, out_dw});
}

// Backward: height and width are those of dst, the large image. What no window covers stays as it
// is; where windows overlap the gradients are summed, or the last one counts.

template <class T, class Index>
void __bang_maxpool_bp(T* dst, As<const T*> src, const Index* mask, int channel, int height,
                       int width, int kernel_height, int kernel_width, int stride_width,
                       int stride_height, mluPoolBPOverlap overlap = OVERLAP_ACC,
                       Site site = Site::here()) {
  detail::max_backward<T>(
      "__bang_maxpool_bp", site, dst, src, mask,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height}, overlap);
}
template <class T>
void __bang_avgpool_bp(T* dst, As<const T*> src, int channel, int height, int width,
                       int kernel_height, int kernel_width, int stride_width, int stride_height,
                       mluPoolBPOverlap overlap = OVERLAP_ACC, Site site = Site::here()) {
  detail::average_backward<T>(
      "__bang_avgpool_bp", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height}, overlap);
}
/// Each element of src at place `index` of its window in dst, 0 at the other places.
template <class T>
void __bang_unpool(T* dst, As<const T*> src, int channel, int height, int width, int kernel_height,
                   int kernel_width, int stride_width, int stride_height, int index,
                   Site site = Site::here()) {
  detail::unpool<T>(
      "__bang_unpool", site, dst, src,
      {channel, height, width, kernel_height, kernel_width, stride_width, stride_height}, index);
}

}  // namespace bang::builtin

using namespace bang::builtin;
