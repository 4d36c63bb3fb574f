#pragma once

// Pooling row by row: a row of the result, [columns, channels], is gathered from the rows that lie
// under it (backward: over it), of which one is loaded while the one before is used. Padding is
// never read, so that it can not win.

#include <algorithm>
#include <bang.h>

#include <reel/backends/mlu/kernels/launch.h>
#include <reel/backends/mlu/kernels/operand.h>
#include <reel/backends/mlu/kernels/pipeline.h>
#include <reel/tensor/ops/pool.h>

namespace reel::mlu::pooling {

constexpr int64_t kRow = 12288;  // elements of a row: 13 of them fit NRAM
constexpr int64_t kFloat32 = sizeof(float);

/// One of the two dimensions of pictures under windows.
struct Axis {
  int64_t size, results, kernel, stride, padding, dilation;

  int64_t at(int64_t result, int64_t element) const {
    return result * stride - padding + element * dilation;
  }
  /// The results whose window has this element in the picture, not in the padding.
  Share inside(int64_t element) const {
    const int64_t before = padding - element * dilation, behind = size - 1 + before;
    const int64_t begin = before <= 0 ? 0 : divide_up(before, stride);
    const int64_t end = behind < 0 ? 0 : min(results, behind / stride + 1);
    return {min(begin, end), end};
  }
  /// The first element of a window that is in the picture.
  int64_t first_inside(int64_t result) const {
    const int64_t before = padding - result * stride;
    return before <= 0 ? 0 : divide_up(before, dilation);
  }
  /// How much of a window an average counts.
  int64_t counted(int64_t result, bool with_padding) const {
    const int64_t begin = at(result, 0), end = begin + kernel;
    if (with_padding) return min(end, size + padding) - begin;
    return min(end, size) - max(begin, int64_t{0});
  }
};

/// Pictures [images, rows, columns, channels] with dense channels.
template <class T>
struct Picture {
  T* data;
  int64_t image, row, column;
  T* at(int64_t i, int64_t r, int64_t channel) const {
    return data + i * image + r * row + channel;
  }
};

struct Pooling {
  Picture<const float> from;
  Picture<const int64_t> winners_from;  ///< of the gradient of a maximum
  Picture<float> to;
  Picture<int64_t> winners_to;         ///< of a maximum
  Picture<const uint8_t> places_from;  ///< of windows after relu
  Picture<uint8_t> places_to;
  Axis rows, columns;
  int64_t images, channels, block, blocks;
  bool backward, with_padding;
  int64_t divisor;

  int64_t rows_to() const { return backward ? rows.size : rows.results; }
  int64_t columns_to() const { return backward ? columns.size : columns.results; }
  int64_t jobs() const { return images * rows_to() * blocks; }
};

/// A row of the result and one of the rows it is made of.
struct Step {
  int64_t image, row, channel, channels;
  int64_t element, from;  ///< row of the kernel; row of the source, -1: none
  bool first, last;

  Step(const Pooling& p, int64_t i)
      : element(i % p.rows.kernel), first(element == 0), last(element == p.rows.kernel - 1) {
    i /= p.rows.kernel;
    channel = i % p.blocks * p.block;
    channels = min(p.block, p.channels - channel);
    i /= p.blocks;
    row = i % p.rows_to();
    image = i / p.rows_to();
    from = p.backward ? result_over(p) : p.rows.at(row, element);
    if (from >= (p.backward ? p.rows.results : p.rows.size)) from = -1;
  }

 private:
  int64_t result_over(const Pooling& p) const {
    const int64_t start = row + p.rows.padding - element * p.rows.dilation;
    return start < 0 || start % p.rows.stride != 0 ? -1 : start / p.rows.stride;
  }
};

/// NRAM as rows.
struct Memory {
  float* data;
  float* row(int i) const { return data + i * kRow; }
  int32_t* integers(int i) const { return reinterpret_cast<int32_t*>(row(i)); }
};

inline int as_count(int64_t count) { return static_cast<int>(count); }

template <class T>
void load_row(T* to, const Picture<const T>& from, const Step& s, int64_t columns) {
  constexpr int64_t kElement = sizeof(T);
  const int64_t bytes = s.channels * kElement;
  __memcpy_async(to, from.at(s.image, s.from, s.channel), bytes, GDRAM2NRAM, bytes,
                 from.column * kElement, columns - 1);
}
template <class T>
void store_row(const Picture<T>& to, const T* from, const Step& s, int64_t columns) {
  constexpr int64_t kElement = sizeof(T);
  const int64_t bytes = s.channels * kElement;
  __memcpy_async(to.at(s.image, s.row, s.channel), from, bytes, NRAM2GDRAM, to.column * kElement,
                 bytes, columns - 1);
}

/// What element `element` of the windows of a row sees of `row`, for the results in `share`.
inline const float* seen(float* scratch, const float* row, const Axis& columns, const Share& share,
                         int64_t element, int64_t channels) {
  const float* from = row + columns.at(share.begin, element) * channels;
  if (columns.stride == 1) return from;
  const int64_t bytes = channels * kFloat32;
  __memcpy(scratch, from, bytes, NRAM2NRAM, bytes, columns.stride * bytes,
           share.end - share.begin - 1);
  return scratch;
}

template <class Method>
__mlu_global__ void pool_rows(Pooling p) {
  __nram__ float nram[13 * kRow];
  Method method(p, {nram});
  const int64_t elements = p.rows.kernel;
  const Share share = share_of(p.jobs());
  const auto step = [&](int64_t i) { return Step(p, share.begin * elements + i); };
  const auto out = [&](int64_t i) { return static_cast<int>(i / elements % 2); };
  pipeline((share.end - share.begin) * elements, [&](int64_t i, int b) { method.load(step(i), b); },
           [&](int64_t i, int b) { method.compute(step(i), b, out(i)); },
           [&](int64_t i, int) {
             const Step s = step(i);
             if (s.last) method.store(s, out(i));
           });
}

template <class T>
Picture<T> picture_of(const PictureMemory& x) {
  const PictureLayout& layout = x.layout();
  return {static_cast<T*>(x.data()), layout.image, layout.row, layout.column};
}

inline Axis axis_of(const ops::PoolAttrs& op, size_t a, const View& large, const View& small) {
  return {large.sizes[a + 2], small.sizes[a + 2], op.kernel_size[a],
          op.stride[a],       op.padding[a],      op.dilation[a]};
}

/// `large`: the picture, `small`: one element for each window.
inline Pooling pooling_of(const ops::PoolAttrs& op, const View& large, const View& small,
                          bool backward) {
  Pooling p{};
  p.rows = axis_of(op, 0, large, small);
  p.columns = axis_of(op, 1, large, small);
  p.images = large.sizes[0];
  p.channels = large.sizes[1];
  p.backward = backward;
  const int64_t fit = kRow / std::max(large.sizes[3], small.sizes[3]);
  if (fit == 0) return p;
  p.blocks = divide_up(p.channels, std::min(fit, p.channels));
  p.block = divide_up(p.channels, p.blocks);
  return p;
}

template <class Method>
const char* run(const Pooling& p) {
  if (p.blocks == 0) return "a row does not fit the core's memory";
  pool_rows<Method><<<tasks_for(p.jobs()), CNRT_FUNC_TYPE_BLOCK, nullptr>>>(p);
  return nullptr;
}

}  // namespace reel::mlu::pooling
