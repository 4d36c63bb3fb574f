#pragma once

#include <limits>
#include <vector>

#include <reel/backends/cpu/vec.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/pool.h>

namespace reel::cpu::REEL_ISA {

/// The part of a window along one axis that lies inside the image.
struct Span {
  int64_t begin = 0, end = 0;  // positions begin, begin + dilation, ... below end
  int64_t counted = 0;         // positions that PyTorch's mean counts when it includes the padding
};

inline std::vector<Span> spans_of(const ops::PoolAttrs& attrs, size_t axis, int64_t size,
                                  int64_t out_size) {
  const int64_t kernel = attrs.kernel_size[axis], padding = attrs.padding[axis];
  const int64_t dilation = attrs.dilation[axis];
  std::vector<Span> spans(static_cast<size_t>(out_size));
  for (int64_t i = 0; i < out_size; ++i) {
    const int64_t first = i * attrs.stride[axis] - padding;
    const int64_t skipped = first < 0 ? (-first + dilation - 1) / dilation : 0;
    Span& span = spans[static_cast<size_t>(i)];
    span.begin = first + skipped * dilation;
    span.end = std::max(span.begin, std::min(size, first + dilation * (kernel - 1) + 1));
    span.counted = std::min(first + kernel, size + padding) - first;
  }
  return spans;
}

struct PoolShape {
  int64_t images, channels, height, width, out_height, out_width;
  ops::PoolAttrs attrs;
  std::vector<Span> rows, columns;

  PoolShape(const View& x, const View& y, const ops::PoolAttrs& pool)
      : images(x.sizes[0]),
        channels(x.sizes[1]),
        height(x.sizes[2]),
        width(x.sizes[3]),
        out_height(y.sizes[2]),
        out_width(y.sizes[3]),
        attrs(pool),
        rows(spans_of(pool, 0, height, out_height)),
        columns(spans_of(pool, 1, width, out_width)) {}

  // Calls body(row of windows in the batch, its image, its row span) on all threads.
  template <class Body>
  void for_each_line(const Body& body) const {
    const int64_t window = attrs.kernel_size[0] * attrs.kernel_size[1];
    const int64_t grain = 1 + 32768 / (out_width * channels * window);
    parallel_for(0, images * out_height, grain, [&](int64_t line, int64_t end) {
      for (; line < end; ++line) {
        body(line, line / out_height, rows[static_cast<size_t>(line % out_height)]);
      }
    });
  }
};

/// What the sum over a window is divided by is a product of one factor for each axis.
template <class Op>
std::vector<int64_t> divisors(const Op& op, const std::vector<Span>& spans) {
  std::vector<int64_t> result;
  result.reserve(spans.size());
  for (const Span& span : spans) {
    result.push_back(op.count_include_pad ? span.counted : span.end - span.begin);
  }
  return result;
}

/// The first n elements as lanes, 0 < n <= kLanes, and the first n lanes to memory.
template <class T>
inline Vec<T> load_some(const T* p, int n) {
  return n == kLanes<T> ? load(p) : load_n(p, n);
}
template <class T>
inline void store_some(T* p, const Vec<T>& v, int n) {
  n == kLanes<T> ? store(p, v) : store_n(p, v, n);
}

/// Positions in a plane are carried as T, which is exact as long as they are below this.
template <class T>
inline constexpr int64_t kExactPositions = int64_t{1} << std::numeric_limits<T>::digits;

/// True if the rows of all these [N, C, H, W] lie in a piece and channels do not vary fastest, so
/// that the lanes of a vector had better be columns than channels.
bool have_rows(const View& a, const View& b);

// The four kernels for these, in pool_planes.cpp; of float32 and float64.
const char* max_pool_planes(const Call& call);
const char* max_pool_grad_planes(const Call& call);
const char* avg_pool_planes(const Call& call);
const char* avg_pool_grad_planes(const Call& call);

}  // namespace reel::cpu::REEL_ISA
