#pragma once

// Builtins that move elements inside NRAM: transposition, rotation, padding, selection by a mask,
// tables, layouts of filters and images.

#include <bang/detail.h>

namespace bang {

/// The place of filter `row` of `rows` in the layout that the matrix unit reads. WRAM is divided
/// among 64 units; unit u computes the output channels u, 64 + u, 128 + u ..., and holds their
/// filters one after the other. That is what __bang_reshape_filter makes of rows in order.
constexpr int64_t filter_place(int64_t row, int64_t rows) {
  return row % 64 * ((rows + 63) / 64) + row / 64;
}

namespace detail {

inline constexpr double kMoveCycles = 1;

/// An out-of-place permutation of a [height, width] matrix.
template <class T>
void matrix_operands(Op& op, const T* dst, const T* src, int64_t height, int64_t width) {
  op.require(height > 0, "a height greater than 0", height);
  op.require(width > 0, "a width greater than 0", width);
  const int64_t count = height * width, bytes = count * static_cast<int64_t>(sizeof(T));
  op.reads(src, count).writes(const_cast<T*>(dst), count);
  disjoint(op, dst, bytes, src, bytes);
  op.vector(bytes, kMoveCycles);
}

template <class T>
BANG_HELPER void whole_matrix_lines(Op& op, int64_t height, int64_t width) {
  require_lines(op, height * static_cast<int64_t>(sizeof(T)));
  require_lines(op, width * static_cast<int64_t>(sizeof(T)));
}

template <class T>
BANG_BUILTIN void pad(const char* name, Site site, T* dst, const T* src, int64_t channel,
                      int64_t height, int64_t width, int64_t top, int64_t bottom, int64_t left,
                      int64_t right, T value) {
  Op op(name, site);
  op.require(channel > 0, "a channel count greater than 0", channel);
  op.require(height > 0, "a height greater than 0", height);
  op.require(width > 0, "a width greater than 0", width);
  op.require(top >= 0 && bottom >= 0 && left >= 0 && right >= 0, "pads of 0 or more", -1);
  const int64_t element = sizeof(T), sides = (left + right) * channel * element;
  if (arch_number() >= 300) {
    op.require(height > 1 || sides < 64, "sides of less than 64 bytes where the height is 1",
               sides);
  } else {
    require_lines(op, channel * width * element);
    require_lines(op, sides);
    require_lines(op, (top * (left + right + width) + left) * channel * element);
    require_lines(op, (bottom * (left + right + width) + right) * channel * element);
  }
  const int64_t row = width * channel, padded = (left + width + right) * channel;
  const int64_t total = (top + height + bottom) * padded;
  op.reads(src, height * row).writes(dst, total);
  disjoint(op, dst, total * element, src, height * row * element);
  op.vector(total * element, kMoveCycles);
  for (int64_t i = 0; i < total; ++i) dst[i] = value;
  for (int64_t y = 0; y < height; ++y) {
    __builtin_memcpy(static_cast<void*>(dst + (top + y) * padded + left * channel), src + y * row,
                     static_cast<size_t>(row * element));
  }
}

/// What a mask keeps, one after the other: how many there are. In place if need be.
struct ByElement {
  template <class T>
  static BANG_HELPER bool keeps(const T* mask, int64_t i) {
    return nonzero(mask[i]);
  }
  template <class T>
  static void operand(Op& op, const T* mask, int64_t count) {
    require_lines(op, count * static_cast<int64_t>(sizeof(T)));
    op.reads(mask, count);
  }
};
struct ByBit {
  static BANG_HELPER bool keeps(const void* mask, int64_t i) { return bit(mask, i); }
  static void operand(Op& op, const void* mask, int64_t count) {
    const int step = arch_number() < 300 ? 1024 : 8;
    op.require(count % step == 0,
               step == 8 ? "a multiple of 8 elements"
                         : "a multiple of 1024 "
                           "elements on this architecture",
               count);
    op.reads(static_cast<const uint8_t*>(mask), (count + 7) / 8);
  }
};
template <class By, class T, class Mask>
BANG_BUILTIN uint32_t collect(const char* name, Site site, T* dst, const T* src, const Mask* mask,
                              int64_t count) {
  Op op(name, site);
  op.require(count > 0, "a count greater than 0", count);
  By::operand(op, mask, count);
  op.reads(src, count);
  uint32_t kept = 0;
  for (int64_t i = 0; i < count; ++i) kept += By::keeps(mask, i) ? 1 : 0;
  // The older cards fill up the first line.
  const int64_t line = arch_number() < 300 ? 128 / static_cast<int64_t>(sizeof(T)) : 0;
  op.writes(dst, kept > line ? kept : line);
  op.vector(count * static_cast<int64_t>(sizeof(T)), kMoveCycles);
  T* to = dst;
  // The mask may be the destination: element i is asked for before anything is written beyond it.
  for (int64_t i = 0; i < count; ++i) {
    const T value = src[i];
    if (By::keeps(mask, i)) *to++ = value;
  }
  for (int64_t i = kept; i < line; ++i) dst[i] = T{};
  return kept;
}
/// The same behind a line of 128 bytes that begins with their number.
template <class By, class T, class Mask>
BANG_BUILTIN void select(const char* name, Site site, T* dst, const T* src, const Mask* mask,
                         int64_t count) {
  Op op(name, site);
  op.require(count > 0, "a count greater than 0", count);
  By::operand(op, mask, count);
  op.reads(src, count);
  const int64_t line = 128 / static_cast<int64_t>(sizeof(T));
  Scratch<T> values(count + line);
  uint32_t kept = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (By::keeps(mask, i)) values[kept++] = src[i];
  }
  const int64_t filled = (kept + line - 1) / line * line;
  for (int64_t i = kept; i < filled; ++i) values[i] = T{};
  const bool old = arch_number() < 300;
  op.writes(reinterpret_cast<char*>(dst), old ? 128 : 4).writes(dst + line, filled);
  op.vector(count * static_cast<int64_t>(sizeof(T)), kMoveCycles);
  if (old) __builtin_memset(static_cast<void*>(dst), 0, 128);
  __builtin_memcpy(static_cast<void*>(dst), &kept, sizeof(kept));
  __builtin_memcpy(static_cast<void*>(dst + line), values.data(),
                   static_cast<size_t>(filled) * sizeof(T));
}

template <class D, class Index>
BANG_BUILTIN void look_up(const char* name, Site site, D* dst, const Index* src, const D* table,
                          int64_t count, int64_t length) {
  static_assert(sizeof(D) == sizeof(Index), "indices are as wide as the table's elements");
  Op op(name, site);
  op.require(count > 0, "a count greater than 0", count);
  op.require(length > 0 && length % 64 == 0, "a table length that is a multiple of 64", length);
  op.reads(src, count).writes(dst, count);
  int64_t last = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<int64_t>(static_cast<std::make_unsigned_t<Index>>(src[i]));
    if (index > last) last = index;
  }
  op.require(last < length, "indices inside the table", last);
  // Kernels declare no more of the table than they look up.
  op.reads(table, last + 1);
  op.vector(count * static_cast<int64_t>(sizeof(D)), 2);
  for (int64_t i = 0; i < count; ++i) {
    dst[i] = table[static_cast<std::make_unsigned_t<Index>>(src[i])];
  }
}

}  // namespace detail
}  // namespace bang

namespace bang::builtin {

/// dst [width, height] = src [height, width]
template <class T>
BANG_BUILTIN void __bang_transpose(T* dst, As<const T*> src, int height, int width,
                                   Site site = Site::here()) {
  Op op("__bang_transpose", site);
  detail::whole_matrix_lines<T>(op, height, width);
  detail::matrix_operands<T>(op, dst, src, height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) dst[x * height + y] = src[y * width + x];
  }
}

/// Clockwise: dst [width, height].
template <class T>
BANG_BUILTIN void __bang_rotate90(T* dst, As<const T*> src, int height, int width,
                                  Site site = Site::here()) {
  Op op("__bang_rotate90", site);
  detail::whole_matrix_lines<T>(op, height, width);
  detail::matrix_operands<T>(op, dst, src, height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) dst[x * height + height - 1 - y] = src[y * width + x];
  }
}
template <class T>
BANG_BUILTIN void __bang_rotate180(T* dst, As<const T*> src, int height, int width,
                                   Site site = Site::here()) {
  Op op("__bang_rotate180", site);
  detail::whole_matrix_lines<T>(op, height, width);
  detail::matrix_operands<T>(op, dst, src, height, width);
  const int64_t count = static_cast<int64_t>(height) * width;
  for (int64_t i = 0; i < count; ++i) dst[count - 1 - i] = src[i];
}
/// Clockwise: dst [width, height].
template <class T>
BANG_BUILTIN void __bang_rotate270(T* dst, As<const T*> src, int height, int width,
                                   Site site = Site::here()) {
  Op op("__bang_rotate270", site);
  detail::whole_matrix_lines<T>(op, height, width);
  detail::matrix_operands<T>(op, dst, src, height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) dst[(width - 1 - x) * height + y] = src[y * width + x];
  }
}
/// Left and right change sides.
template <class T>
BANG_BUILTIN void __bang_mirror(T* dst, As<const T*> src, int height, int width,
                                Site site = Site::here()) {
  Op op("__bang_mirror", site);
  require_lines(op, width * static_cast<int64_t>(sizeof(T)));
  detail::matrix_operands<T>(op, dst, src, height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) dst[y * width + width - 1 - x] = src[y * width + x];
  }
}

/// A frame of zeros, or of `pad_value`, around an image in HWC layout. With two pads: on both sides
/// each.
template <class T>
void __bang_pad(T* dst, As<const T*> src, int channel, int height, int width, int pad_height,
                int pad_width, Site site = Site::here()) {
  detail::pad<T>("__bang_pad", site, dst, src, channel, height, width, pad_height, pad_height,
                 pad_width, pad_width, T{});
}
template <class T>
void __bang_pad(T* dst, As<const T*> src, int channel, int height, int width, int pad_height,
                int pad_width, As<T> pad_value, Site site = Site::here()) {
  detail::pad<T>("__bang_pad", site, dst, src, channel, height, width, pad_height, pad_height,
                 pad_width, pad_width, pad_value);
}
template <class T>
void __bang_pad(T* dst, As<const T*> src, int channel, int height, int width, int pad_top,
                int pad_bottom, int pad_left, int pad_right, Site site = Site::here()) {
  detail::pad<T>("__bang_pad", site, dst, src, channel, height, width, pad_top, pad_bottom,
                 pad_left, pad_right, T{});
}
template <class T>
void __bang_pad(T* dst, As<const T*> src, int channel, int height, int width, int pad_top,
                int pad_bottom, int pad_left, int pad_right, As<T> pad_value,
                Site site = Site::here()) {
  detail::pad<T>("__bang_pad", site, dst, src, channel, height, width, pad_top, pad_bottom,
                 pad_left, pad_right, pad_value);
}

/// The elements of src whose element in the mask is not 0, one after the other.
template <class T>
void __bang_collect(T* dst, As<const T*> src, As<const T*> mask, int elem_count,
                    Site site = Site::here()) {
  detail::collect<detail::ByElement, T>("__bang_collect", site, dst, src, mask, elem_count);
}
template <class T>
void __bang_collect_bitindex(T* dst, As<const T*> src, const void* bitmask, int elem_count,
                             Site site = Site::here()) {
  detail::collect<detail::ByBit, T>("__bang_collect_bitindex", site, dst, src, bitmask, elem_count);
}
/// The same, and returns how many there are.
template <class T>
uint32_t __bang_filter(T* dst, As<const T*> src, As<const T*> mask, int elem_count,
                       Site site = Site::here()) {
  return detail::collect<detail::ByElement, T>("__bang_filter", site, dst, src, mask, elem_count);
}
template <class T>
uint32_t __bang_filter_bitindex(T* dst, As<const T*> src, const void* bitmask, int elem_count,
                                Site site = Site::here()) {
  return detail::collect<detail::ByBit, T>("__bang_filter_bitindex", site, dst, src, bitmask,
                                           elem_count);
}
/// Deprecated name of __bang_collect_bitindex.
template <class T>
void __bang_maskmove_bitindex(T* dst, As<const T*> src, const void* bitmask, int elem_count,
                              Site site = Site::here()) {
  detail::collect<detail::ByBit, T>("__bang_maskmove_bitindex", site, dst, src, bitmask,
                                    elem_count);
}
/// dst: 128 bytes that begin with their number as an unsigned int, then the elements, filled up to
/// whole 128 bytes with zeros.
template <class T>
void __bang_select(T* dst, As<const T*> src, As<const T*> index, int elem_count,
                   Site site = Site::here()) {
  detail::select<detail::ByElement, T>("__bang_select", site, dst, src, index, elem_count);
}
template <class T>
void __bang_select_bitindex(T* dst, As<const T*> src, const void* bitindex, int elem_count,
                            Site site = Site::here()) {
  detail::select<detail::ByBit, T>("__bang_select_bitindex", site, dst, src, bitindex, elem_count);
}
/// dst[i] = src[i] where the mask is not 0.
template <class T>
BANG_BUILTIN void __bang_maskmove(T* dst, As<const T*> src, As<const T*> mask, int elem_count,
                                  Site site = Site::here()) {
  Op op("__bang_maskmove", site);
  op.require(elem_count > 0, "a count greater than 0", elem_count);
  require_lines(op, elem_count * static_cast<int64_t>(sizeof(T)));
  op.reads(src, elem_count).reads(mask, elem_count);
  op.vector(elem_count * static_cast<int64_t>(sizeof(T)), detail::kMoveCycles);
  for (int64_t i = 0; i < elem_count; ++i) {
    if (!detail::nonzero(mask[i])) continue;
    op.writes(dst + i, 1);
    dst[i] = src[i];
  }
}

/// [n, h, w, c] to [n, c, h, w]
template <class T>
BANG_BUILTIN void __bang_reshape_nhwc2nchw(T* dst, As<const T*> src, int n, int h, int w, int c,
                                           Site site = Site::here()) {
  Op op("__bang_reshape_nhwc2nchw", site);
  const int64_t pixels = static_cast<int64_t>(h) * w;
  detail::matrix_operands<T>(op, dst, src, n * pixels, c);
  for (int64_t image = 0; image < n; ++image, src += pixels * c, dst += pixels * c) {
    for (int64_t i = 0; i < pixels; ++i) {
      for (int64_t j = 0; j < c; ++j) dst[j * pixels + i] = src[i * c + j];
    }
  }
}
/// [n, c, h, w] to [n, h, w, c]
template <class T>
BANG_BUILTIN void __bang_reshape_nchw2nhwc(T* dst, As<const T*> src, int n, int h, int w, int c,
                                           Site site = Site::here()) {
  Op op("__bang_reshape_nchw2nhwc", site);
  const int64_t pixels = static_cast<int64_t>(h) * w;
  detail::matrix_operands<T>(op, dst, src, n * pixels, c);
  for (int64_t image = 0; image < n; ++image, src += pixels * c, dst += pixels * c) {
    for (int64_t i = 0; i < pixels; ++i) {
      for (int64_t j = 0; j < c; ++j) dst[i * c + j] = src[j * pixels + i];
    }
  }
}
/// Filters [n, h, w, c] in the order in which the matrix unit reads them from WRAM; n is a multiple
/// of 64.
template <class T>
BANG_BUILTIN void __bang_reshape_filter(T* dst, As<const T*> src, int n, int h, int w, int c,
                                        Site site = Site::here()) {
  Op op("__bang_reshape_filter", site);
  op.require(n % 64 == 0, "a filter count that is a multiple of 64", n);
  const int64_t row = static_cast<int64_t>(h) * w * c;
  if (arch_number() < 300) require_lines(op, row * static_cast<int64_t>(sizeof(T)));
  detail::matrix_operands<T>(op, dst, src, n, row);
  for (int64_t i = 0; i < n; ++i) {
    __builtin_memcpy(static_cast<void*>(dst + filter_place(i, n) * row), src + i * row,
                     static_cast<size_t>(row) * sizeof(T));
  }
}

/// 0, 1, 2, ...
template <class T>
BANG_BUILTIN void __bang_incseq(T* dst, int elem_count, Site site = Site::here()) {
  Op op("__bang_incseq", site);
  op.require(elem_count > 0, "a count greater than 0", elem_count);
  op.writes(dst, elem_count);
  op.vector(elem_count * static_cast<int64_t>(sizeof(T)), 2);
  for (int64_t i = 0; i < elem_count; ++i) {
    dst[i] = static_cast<T>(static_cast<Wide<T>>(i));
  }
}

/// dst[i] = table[src[i]]
template <class D, class Index>
void __bang_lut(D* dst, const Index* src, As<const D*> table, int elem_count, int table_length,
                Site site = Site::here()) {
  detail::look_up<D>("__bang_lut", site, dst, src, table, elem_count, table_length);
}
inline void __bang_lut_s16(int16_t* dst, const int16_t* src, const int16_t* table, int elem_count,
                           int table_length, Site site = Site::here()) {
  detail::look_up("__bang_lut_s16", site, dst, src, table, elem_count, table_length);
}
inline void __bang_lut_s32(int32_t* dst, const int32_t* src, const int32_t* table, int elem_count,
                           int table_length, Site site = Site::here()) {
  detail::look_up("__bang_lut_s32", site, dst, src, table, elem_count, table_length);
}

/// dst [64]: how often each of 64 values is in src. The kernel, in WRAM, has a row of 64 bytes for
/// each value that repeats it.
template <class D, class T>
BANG_BUILTIN void __bang_histogram(D* dst, const T* src, As<const T*> kernel, int size,
                                   Site site = Site::here()) {
  Op op("__bang_histogram", site);
  constexpr int64_t kRow = 64 / sizeof(T);
  op.require(size > 0, "a size greater than 0", size);
  op.reads(src, size).reads(kernel, 64 * kRow, Space::wram).writes(dst, 64);
  detail::disjoint(op, dst, 64 * static_cast<int64_t>(sizeof(D)), src,
                   size * static_cast<int64_t>(sizeof(T)));
  op.vector(64 * size * static_cast<int64_t>(sizeof(T)), 1.0 / 64);
  for (int64_t row = 0; row < 64; ++row) {
    const auto wanted = static_cast<Wide<T>>(kernel[row * kRow]);
    int count = 0;
    for (int64_t i = 0; i < size; ++i) {
      count += static_cast<Wide<T>>(src[i]) == wanted ? 1 : 0;
    }
    dst[row] = static_cast<D>(static_cast<Wide<D>>(count));
  }
}

}  // namespace bang::builtin

using namespace bang::builtin;
