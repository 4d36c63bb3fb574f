#pragma once

// Copies, fills, single loads and stores, gather and scatter.

#include <bang/detail.h>

namespace bang::detail {

/// What the documentation asks of strided copies in any direction; the copy itself checks the
/// direction and the memory.
inline CopyShape checked(const char* name, Site site, mluMemcpyDirection_t direction,
                         const CopyShape& shape) {
  Op op(name, site);
  op.require(shape.size > 0, "a size greater than 0", shape.size);
  op.require(shape.dst_segments1 >= 0 && shape.dst_segments2 >= 0 && shape.src_segments1 >= 0 &&
                 shape.src_segments2 >= 0,
             "segment counts of 0 (one segment) or more", -1);
  const int64_t written = (shape.dst_segments1 + 1) * (shape.dst_segments2 + 1);
  const int64_t read = (shape.src_segments1 + 1) * (shape.src_segments2 + 1);
  op.require(written == read, "as many segments in the destination as in the source", written);
  const auto apart = [&](int64_t stride, int64_t segments) {
    op.require(segments == 0 || (stride < 0 ? -stride : stride) >= shape.size,
               "a destination stride of at least the size", stride);
  };
  apart(shape.dst_stride0, shape.dst_segments1);
  apart(shape.dst_stride1, shape.dst_segments2);
  if (direction == GDRAM2WRAM || direction == NRAM2WRAM || direction == SRAM2WRAM) {
    op.require(shape.dst_stride0 % 8 == 0, "a stride in WRAM of a multiple of 8",
               shape.dst_stride0);
    op.require(shape.dst_stride1 % 8 == 0, "a stride in WRAM of a multiple of 8",
               shape.dst_stride1);
  }
  return shape;
}

/// `mask` may be null: all of them.
template <class Offset>
BANG_BUILTIN void gather(const char* name, Site site, void* dst, const void* src,
                         const Offset* offsets, const void* mask, int64_t size,
                         mluMemcpyDirection_t direction, int64_t stride, int64_t count,
                         bool asynchronous) {
  Op op(name, site);
  op.require(count > 0, "a number of transfers greater than 0", count);
  op.require(stride >= size, "a stride of at least the transfer size", stride);
  op.reads(offsets, count);
  if (mask != nullptr) op.reads(static_cast<const uint8_t*>(mask), (count + 7) / 8);
  for (int64_t i = 0; i < count; ++i) {
    if (mask != nullptr && !bit(mask, i)) continue;
    copy(name, site, advance(static_cast<char*>(dst), i * stride),
         advance(static_cast<const char*>(src), static_cast<int64_t>(offsets[i])), direction,
         {size}, asynchronous);
  }
}
template <class Offset>
BANG_BUILTIN void scatter(const char* name, Site site, void* dst, const void* src,
                          const Offset* offsets, const void* mask, int64_t size,
                          mluMemcpyDirection_t direction, int64_t stride, int64_t count,
                          bool asynchronous) {
  Op op(name, site);
  op.require(count > 0, "a number of transfers greater than 0", count);
  op.require(stride >= size, "a stride of at least the transfer size", stride);
  op.reads(offsets, count);
  if (mask != nullptr) op.reads(static_cast<const uint8_t*>(mask), (count + 7) / 8);
  for (int64_t i = 0; i < count; ++i) {
    if (mask != nullptr && !bit(mask, i)) continue;
    copy(name, site, advance(static_cast<char*>(dst), static_cast<int64_t>(offsets[i])),
         advance(static_cast<const char*>(src), i * stride), direction, {size}, asynchronous);
  }
}

template <class T>
void fill_value(const char* name, Site site, void* dst, int64_t count, T value, Space space) {
  static_assert(!std::is_same_v<T, double>,
                "the value's type is that of the elements, and there is no double on the card");
  Op(name, site).require(count > 0, "a count greater than 0", count);
  fill(name, site, dst, count, sizeof(T), &value, space);
}
/// `iter1` + 1 times `iter2` + 1 rows, the strides in bytes.
template <class T>
void fill_block(const char* name, Site site, void* dst, int64_t count, T value, int64_t stride0,
                int64_t iter1, int64_t stride1, int64_t iter2, Space space) {
  Op op(name, site);
  const int64_t row = count * static_cast<int64_t>(sizeof(T));
  op.require(iter1 >= 0, "an iteration count of 0 (once) or more", iter1);
  op.require(iter2 >= 0, "an iteration count of 0 (once) or more", iter2);
  op.require(iter1 == 0 || stride0 >= row, "a first stride of at least the row", stride0);
  op.require(iter2 == 0 || stride1 >= (iter1 == 0 ? row : stride0 * (iter1 + 1)),
             "a second stride of at least the rows of the first", stride1);
  for (int64_t j = 0; j <= iter2; ++j) {
    for (int64_t i = 0; i <= iter1; ++i) {
      fill_value(name, site, advance(static_cast<char*>(dst), i * stride0 + j * stride1), count,
                 value, space);
    }
  }
}

/// Loads and stores of the scalar unit; in cycles, from the time of scalar loops on a card.
inline constexpr double kScalarOnChip = 9, kScalarOffChip = 205;
template <class T>
BANG_BUILTIN T load(const char* name, Site site, const T* p, Space space) {
  Op op(name, site);
  op.reads(p, 1, space);
  op.scalar(space == Space::gdram ? kScalarOffChip : kScalarOnChip);
  return *p;
}
template <class T>
BANG_BUILTIN void store(const char* name, Site site, T* p, const T& value, Space space) {
  Op op(name, site);
  op.writes(p, 1, space);
  op.scalar(space == Space::gdram ? kScalarOffChip : kScalarOnChip);
  *p = value;
}

}  // namespace bang::detail

namespace bang::builtin {

inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     Site site = Site::here()) {
  copy("__memcpy", site, dst, src, dir, {size}, false);
}
/// SRAM2SRAM: to the same address of another cluster.
inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     int id_dst_cluster, Site site = Site::here()) {
  copy("__memcpy", site, dst, src, dir, {size}, false, id_dst_cluster);
}
/// `segnum` is the number of segments minus one; strides are in bytes.
inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     int64_t dst_stride, int64_t src_stride, int64_t segnum,
                     Site site = Site::here()) {
  const CopyShape shape{size, dst_stride, segnum, 0, 0, src_stride, segnum, 0, 0};
  copy("__memcpy", site, dst, src, dir, detail::checked("__memcpy", site, dir, shape), false);
}
inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     int64_t dst_stride, int64_t src_stride, int64_t segnum, int id_dst_cluster,
                     Site site = Site::here()) {
  const CopyShape shape{size, dst_stride, segnum, 0, 0, src_stride, segnum, 0, 0};
  copy("__memcpy", site, dst, src, dir, detail::checked("__memcpy", site, dir, shape), false,
       id_dst_cluster);
}
inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     int64_t dst_stride0, int64_t dst_segnum1, int64_t dst_stride1,
                     int64_t dst_segnum2, int64_t src_stride0, int64_t src_segnum1,
                     int64_t src_stride1, int64_t src_segnum2, Site site = Site::here()) {
  const CopyShape shape{size,        dst_stride0, dst_segnum1, dst_stride1, dst_segnum2,
                        src_stride0, src_segnum1, src_stride1, src_segnum2};
  copy("__memcpy", site, dst, src, dir, detail::checked("__memcpy", site, dir, shape), false);
}
inline void __memcpy(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                     int64_t dst_stride0, int64_t dst_segnum1, int64_t dst_stride1,
                     int64_t dst_segnum2, int64_t src_stride0, int64_t src_segnum1,
                     int64_t src_stride1, int64_t src_segnum2, int id_dst_cluster,
                     Site site = Site::here()) {
  const CopyShape shape{size,        dst_stride0, dst_segnum1, dst_stride1, dst_segnum2,
                        src_stride0, src_segnum1, src_stride1, src_segnum2};
  copy("__memcpy", site, dst, src, dir, detail::checked("__memcpy", site, dir, shape), false,
       id_dst_cluster);
}

inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           Site site = Site::here()) {
  copy("__memcpy_async", site, dst, src, dir, {size}, true);
}
inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           int id_dst_cluster, Site site = Site::here()) {
  copy("__memcpy_async", site, dst, src, dir, {size}, true, id_dst_cluster);
}
inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           int64_t dst_stride, int64_t src_stride, int64_t segnum,
                           Site site = Site::here()) {
  const CopyShape shape{size, dst_stride, segnum, 0, 0, src_stride, segnum, 0, 0};
  copy("__memcpy_async", site, dst, src, dir, detail::checked("__memcpy_async", site, dir, shape),
       true);
}
inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           int64_t dst_stride, int64_t src_stride, int64_t segnum,
                           int id_dst_cluster, Site site = Site::here()) {
  const CopyShape shape{size, dst_stride, segnum, 0, 0, src_stride, segnum, 0, 0};
  copy("__memcpy_async", site, dst, src, dir, detail::checked("__memcpy_async", site, dir, shape),
       true, id_dst_cluster);
}
inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           int64_t dst_stride0, int64_t dst_segnum1, int64_t dst_stride1,
                           int64_t dst_segnum2, int64_t src_stride0, int64_t src_segnum1,
                           int64_t src_stride1, int64_t src_segnum2, Site site = Site::here()) {
  const CopyShape shape{size,        dst_stride0, dst_segnum1, dst_stride1, dst_segnum2,
                        src_stride0, src_segnum1, src_stride1, src_segnum2};
  copy("__memcpy_async", site, dst, src, dir, detail::checked("__memcpy_async", site, dir, shape),
       true);
}
inline void __memcpy_async(void* dst, const void* src, int64_t size, mluMemcpyDirection_t dir,
                           int64_t dst_stride0, int64_t dst_segnum1, int64_t dst_stride1,
                           int64_t dst_segnum2, int64_t src_stride0, int64_t src_segnum1,
                           int64_t src_stride1, int64_t src_segnum2, int id_dst_cluster,
                           Site site = Site::here()) {
  const CopyShape shape{size,        dst_stride0, dst_segnum1, dst_stride1, dst_segnum2,
                        src_stride0, src_segnum1, src_stride1, src_segnum2};
  copy("__memcpy_async", site, dst, src, dir, detail::checked("__memcpy_async", site, dir, shape),
       true, id_dst_cluster);
}

inline void __memcpy_nram_to_nram(void* dst, const void* src, int64_t size,
                                  Site site = Site::here()) {
  copy("__memcpy_nram_to_nram", site, dst, src, NRAM2NRAM, {size}, false);
}
inline void __memcpy_nram_to_nram(void* dst, const void* src, int64_t size, int64_t dst_stride,
                                  int64_t src_stride, int64_t segnum, Site site = Site::here()) {
  const CopyShape shape{size, dst_stride, segnum, 0, 0, src_stride, segnum, 0, 0};
  copy("__memcpy_nram_to_nram", site, dst, src, NRAM2NRAM,
       detail::checked("__memcpy_nram_to_nram", site, NRAM2NRAM, shape), false);
}

/// Copies inside NRAM by the vector unit, in order with the computations around it.
BANG_BUILTIN void __bang_move(void* dst, const void* src, int64_t size, Site site = Site::here()) {
  Op op("__bang_move", site);
  op.require(size > 0, "a size greater than 0", size);
  require_lines(op, size);
  op.reads(static_cast<const char*>(src), size).writes(static_cast<char*>(dst), size);
  op.vector(size, 1);
  __builtin_memmove(dst, src, static_cast<size_t>(size));
}
BANG_BUILTIN void __bang_move(void* dst, const void* src, int64_t size, int64_t dst_stride,
                              int64_t src_stride, int64_t segnum, Site site = Site::here()) {
  Op op("__bang_move", site);
  op.require(size > 0, "a size greater than 0", size);
  op.require(segnum >= 0, "a segment count of 0 (one segment) or more", segnum);
  op.require(segnum == 0 || dst_stride >= size, "a destination stride of at least the size",
             dst_stride);
  op.reads_rows(static_cast<const char*>(src), size, segnum + 1, src_stride);
  op.writes_rows(static_cast<char*>(dst), size, segnum + 1, dst_stride);
  for (int64_t i = 0; i <= segnum; ++i) {
    op.vector(size, 1);
    __builtin_memmove(detail::advance(static_cast<char*>(dst), i * dst_stride),
                      detail::advance(static_cast<const char*>(src), i * src_stride),
                      static_cast<size_t>(size));
  }
}

// Fills. The type of the value is the type of the elements: (half)0, 1.0f, 3.

template <class T>
void __bang_write_value(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__bang_write_value", site, dst, elem_count, value, Space::nram);
}
template <class T>
void __bang_write_value(void* dst, int64_t elem_count, T value, int64_t stride0, int64_t iter1,
                        int64_t stride1, int64_t iter2, Site site = Site::here()) {
  detail::fill_block("__bang_write_value", site, dst, elem_count, value, stride0, iter1, stride1,
                     iter2, Space::nram);
}
template <class T>
void __bang_write_zero(T* dst, int64_t elem_count, Site site = Site::here()) {
  const unsigned char zeros[sizeof(T)] = {};
  Op op("__bang_write_zero", site);
  op.require(elem_count > 0, "a count greater than 0", elem_count);
  require_lines(op, elem_count * static_cast<int64_t>(sizeof(T)));
  fill("__bang_write_zero", site, dst, elem_count, sizeof(T), zeros, Space::nram);
}
template <class T>
void __memset_nram(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__memset_nram", site, dst, elem_count, value, Space::nram);
}
template <class T>
void __nramset(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__nramset", site, dst, elem_count, value, Space::nram);
}
template <class T>
void __nramset(void* dst, int64_t elem_count, T value, int64_t stride0, int64_t iter1,
               int64_t stride1, int64_t iter2, Site site = Site::here()) {
  detail::fill_block("__nramset", site, dst, elem_count, value, stride0, iter1, stride1, iter2,
                     Space::nram);
}
template <class T>
void __nramset_async(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__nramset_async", site, dst, elem_count, value, Space::nram);
}
template <class T>
void __sramset(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__sramset", site, dst, elem_count, value, Space::sram);
}
template <class T>
void __sramset(void* dst, int64_t elem_count, T value, int64_t stride0, int64_t iter1,
               int64_t stride1, int64_t iter2, Site site = Site::here()) {
  detail::fill_block("__sramset", site, dst, elem_count, value, stride0, iter1, stride1, iter2,
                     Space::sram);
}
template <class T>
void __gdramset(void* dst, int64_t elem_count, T value, Site site = Site::here()) {
  detail::fill_value("__gdramset", site, dst, elem_count, value, Space::gdram);
}
template <class T>
void __gdramset(void* dst, int64_t elem_count, T value, int64_t stride0, int64_t iter1,
                int64_t stride1, int64_t iter2, Site site = Site::here()) {
  detail::fill_block("__gdramset", site, dst, elem_count, value, stride0, iter1, stride1, iter2,
                     Space::gdram);
}
/// A core's own part of GDRAM is memory of the host here.
template <class T>
void __ldramset(void* dst, int64_t elem_count, T value) {
  for (int64_t i = 0; i < elem_count; ++i) static_cast<T*>(dst)[i] = value;
}
template <class T>
void __ldramset(void* dst, int64_t elem_count, T value, int64_t stride0, int64_t iter1,
                int64_t stride1, int64_t iter2) {
  for (int64_t j = 0; j <= iter2; ++j) {
    for (int64_t i = 0; i <= iter1; ++i) {
      __ldramset(detail::advance(static_cast<char*>(dst), i * stride0 + j * stride1), elem_count,
                 value);
    }
  }
}

// With the type in the name: here the value converts.

template <class V>
void __nramset_half(half* dst, int64_t elem_count, V value, Site site = Site::here()) {
  detail::fill_value("__nramset_half", site, dst, elem_count,
                     static_cast<half>(static_cast<float>(value)), Space::nram);
}
inline void __nramset_float(float* dst, int64_t elem_count, float value, Site site = Site::here()) {
  detail::fill_value("__nramset_float", site, dst, elem_count, value, Space::nram);
}
inline void __nramset_int(int* dst, int64_t elem_count, int value, Site site = Site::here()) {
  detail::fill_value("__nramset_int", site, dst, elem_count, value, Space::nram);
}
inline void __nramset_unsigned_int(unsigned* dst, int64_t elem_count, unsigned value,
                                   Site site = Site::here()) {
  detail::fill_value("__nramset_unsigned_int", site, dst, elem_count, value, Space::nram);
}
inline void __nramset_short(short* dst, int64_t elem_count, short value, Site site = Site::here()) {
  detail::fill_value("__nramset_short", site, dst, elem_count, value, Space::nram);
}
inline void __nramset_unsigned_short(unsigned short* dst, int64_t elem_count, unsigned short value,
                                     Site site = Site::here()) {
  detail::fill_value("__nramset_unsigned_short", site, dst, elem_count, value, Space::nram);
}

// One element, by the scalar unit.

template <class T>
T __load_nram(const T* p, Site site = Site::here()) {
  return detail::load("__load_nram", site, p, Space::nram);
}
template <class T>
T __load_sram(const T* p, Site site = Site::here()) {
  return detail::load("__load_sram", site, p, Space::sram);
}
template <class T>
T __load_gdram(const T* p, Site site = Site::here()) {
  return detail::load("__load_gdram", site, p, Space::gdram);
}
template <class T>
void __store_nram(T* p, As<T> value, Site site = Site::here()) {
  detail::store("__store_nram", site, p, value, Space::nram);
}
template <class T>
void __store_sram(T* p, As<T> value, Site site = Site::here()) {
  detail::store("__store_sram", site, p, value, Space::sram);
}
template <class T>
void __store_gdram(T* p, As<T> value, Site site = Site::here()) {
  detail::store("__store_gdram", site, p, value, Space::gdram);
}

// Gather: transfer i comes from `offset[i]` bytes into src and goes to i * dst_stride in dst.
// Scatter is the reverse. Transfers whose bit in the mask is 0 leave their place as it is.

template <class Offset>
void __gather(void* dst, const void* src, const Offset* offset, const void* mask,
              int64_t transfer_size, mluMemcpyDirection_t dir, int64_t dst_stride,
              int64_t transfer_num, Site site = Site::here()) {
  detail::gather("__gather", site, dst, src, offset, mask, transfer_size, dir, dst_stride,
                 transfer_num, false);
}
template <class Offset>
void __gather(void* dst, const void* src, const Offset* offset, int64_t transfer_size,
              mluMemcpyDirection_t dir, int64_t dst_stride, int64_t transfer_num,
              Site site = Site::here()) {
  detail::gather("__gather", site, dst, src, offset, nullptr, transfer_size, dir, dst_stride,
                 transfer_num, false);
}
template <class Offset>
void __gather_async(void* dst, const void* src, const Offset* offset, const void* mask,
                    int64_t transfer_size, mluMemcpyDirection_t dir, int64_t dst_stride,
                    int64_t transfer_num, Site site = Site::here()) {
  detail::gather("__gather_async", site, dst, src, offset, mask, transfer_size, dir, dst_stride,
                 transfer_num, true);
}
template <class Offset>
void __gather_async(void* dst, const void* src, const Offset* offset, int64_t transfer_size,
                    mluMemcpyDirection_t dir, int64_t dst_stride, int64_t transfer_num,
                    Site site = Site::here()) {
  detail::gather("__gather_async", site, dst, src, offset, nullptr, transfer_size, dir, dst_stride,
                 transfer_num, true);
}
template <class Offset>
void __bang_gather_async(void* dst, const void* src, const Offset* offset, const void* mask,
                         int64_t transfer_size, mluMemcpyDirection_t dir, int64_t dst_stride,
                         int64_t transfer_num, Site site = Site::here()) {
  detail::gather("__bang_gather_async", site, dst, src, offset, mask, transfer_size, dir,
                 dst_stride, transfer_num, true);
}
template <class Offset>
void __bang_gather_async(void* dst, const void* src, const Offset* offset, int64_t transfer_size,
                         mluMemcpyDirection_t dir, int64_t dst_stride, int64_t transfer_num,
                         Site site = Site::here()) {
  detail::gather("__bang_gather_async", site, dst, src, offset, nullptr, transfer_size, dir,
                 dst_stride, transfer_num, true);
}
template <class Offset>
void __scatter(void* dst, const void* src, const Offset* offset, const void* mask,
               int64_t transfer_size, mluMemcpyDirection_t dir, int64_t src_stride,
               int64_t transfer_num, Site site = Site::here()) {
  detail::scatter("__scatter", site, dst, src, offset, mask, transfer_size, dir, src_stride,
                  transfer_num, false);
}
template <class Offset>
void __scatter(void* dst, const void* src, const Offset* offset, int64_t transfer_size,
               mluMemcpyDirection_t dir, int64_t src_stride, int64_t transfer_num,
               Site site = Site::here()) {
  detail::scatter("__scatter", site, dst, src, offset, nullptr, transfer_size, dir, src_stride,
                  transfer_num, false);
}
template <class Offset>
void __scatter_async(void* dst, const void* src, const Offset* offset, const void* mask,
                     int64_t transfer_size, mluMemcpyDirection_t dir, int64_t src_stride,
                     int64_t transfer_num, Site site = Site::here()) {
  detail::scatter("__scatter_async", site, dst, src, offset, mask, transfer_size, dir, src_stride,
                  transfer_num, true);
}
template <class Offset>
void __scatter_async(void* dst, const void* src, const Offset* offset, int64_t transfer_size,
                     mluMemcpyDirection_t dir, int64_t src_stride, int64_t transfer_num,
                     Site site = Site::here()) {
  detail::scatter("__scatter_async", site, dst, src, offset, nullptr, transfer_size, dir,
                  src_stride, transfer_num, true);
}

}  // namespace bang::builtin

using namespace bang::builtin;
