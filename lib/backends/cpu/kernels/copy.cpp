#include <algorithm>
#include <cstring>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/transpose.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/shape.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int64_t kChunk = 32768;  // elements that are worth another thread

// The inner dimension of y is 1 apart in y, dimension `across` 1 apart in x. Tiles keep the lines
// of both in the cache; they are long in the direction of those that are further apart, of which
// only a few are fetched ahead, or written, well at a time.
template <class T>
void copy_transposed(const Geometry& geometry, int across, const T* x, T* y) {
  constexpr int64_t kAlong = 1024, kAcross = 64;
  constexpr int64_t kCached = (int64_t{4} << 20) / sizeof(T);  // more would leave the cache anyway
  const int inner = geometry.rank() - 1;
  const int64_t rows = geometry.size(across);
  const int64_t cols = geometry.size(inner);
  const int64_t x_stride = geometry.stride(1, inner);
  const int64_t y_stride = geometry.stride(0, across);
  const int64_t tile_rows = x_stride > y_stride ? kAlong : kAcross;
  const int64_t tile_cols = x_stride > y_stride ? kAcross : kAlong;
  const int64_t row_tiles = (rows + tile_rows - 1) / tile_rows;
  const int64_t col_tiles = (cols + tile_cols - 1) / tile_cols;
  Geometry others(2);
  for (int d = 0; d < inner; ++d) {
    const int64_t strides[] = {geometry.stride(0, d), geometry.stride(1, d)};
    if (d != across) others.add(geometry.size(d), strides);
  }
  const int64_t tiles = others.numel() * row_tiles * col_tiles;
  const bool large = geometry.numel() > kCached;
  parallel_for(0, tiles, kChunk / (kAlong * kAcross), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const Cursor base(others, t / (row_tiles * col_tiles));
      const int64_t r = t / col_tiles % row_tiles * tile_rows;
      const int64_t c = t % col_tiles * tile_cols;
      const T* from = x + base.offset(1) + c * x_stride + r;
      T* to = y + base.offset(0) + r * y_stride + c;
      const int64_t height = std::min(tile_rows, rows - r), width = std::min(tile_cols, cols - c);
      if (large && are_lines(to, y_stride)) {
        transpose_tile<true>(from, x_stride, to, y_stride, height, width);
      } else {
        transpose_tile(from, x_stride, to, y_stride, height, width);
      }
    }
  });
}

template <class T>
void copy_run(const T* x, int64_t x_stride, T* y, int64_t y_stride, int64_t n) {
  if (y_stride == 1 && x_stride == 1) {
    std::memcpy(y, x, static_cast<size_t>(n) * sizeof(T));
  } else if (y_stride == 1 && x_stride == 0) {
    std::fill_n(y, n, *x);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * y_stride] = x[i * x_stride];
  }
}

template <class T>
void copy_as(const Geometry& geometry, const View& x_view, const View& y_view) {
  const T* x = x_view.as<const T>();
  T* y = y_view.as<T>();
  const int inner = geometry.rank() - 1;
  if (inner > 0 && geometry.inner_stride(0) == 1 && geometry.inner_stride(1) > 1) {
    for (int d = 0; d < inner; ++d) {
      if (geometry.stride(1, d) == 1) return copy_transposed(geometry, d, x, y);
    }
  }
  parallel_for(0, y_view.numel, kChunk, [&](int64_t begin, int64_t end) {
    Cursor cursor(geometry, begin);
    for (int64_t position = begin; position < end;) {
      const int64_t n = std::min(end - position, geometry.inner_size() - cursor.inner());
      copy_run(x + cursor.offset(1), geometry.inner_stride(1), y + cursor.offset(0),
               geometry.inner_stride(0), n);
      position += n;
      if (position < end) cursor.advance(n);
    }
  });
}

// Inputs that lie as the output does, but for the dimension along which they are joined: each is
// `rows` runs, which the output has in turn. Written in order, not an input at a time.
const char* cat(const Call& call) {
  const View& y = call.out[0];
  const auto dim = call.as<ops::Cat>().dim;
  if (y.numel == 0) return nullptr;
  const auto item = static_cast<int64_t>(element_size(y.dtype));
  const int64_t run = y.sizes[dim] * y.strides[dim];
  const int64_t rows = y.numel / run;
  if (rows == 1 || !is_dense(y)) return "one run for each input";
  for (int i = 0; i < call.num_in; ++i) {
    const View& x = call.in[i];
    if (x.numel == 0) continue;
    if (x.dtype != y.dtype) return kNoDtype;
    for (int d = 0; d < y.rank; ++d) {
      const bool outside = d != dim && y.strides[d] >= run;
      const int64_t stride = outside ? y.strides[d] / y.sizes[dim] * x.sizes[dim] : y.strides[d];
      if (x.sizes[d] != 1 && x.strides[d] != stride) return "layout";
    }
  }
  parallel_for(0, rows, std::max<int64_t>(1, kChunk / run), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      char* to = y.as<char>() + row * run * item;
      for (int i = 0; i < call.num_in; ++i) {
        const View& x = call.in[i];
        if (x.numel == 0) continue;
        const int64_t bytes = x.sizes[dim] * y.strides[dim] * item;
        std::memcpy(to, x.as<const char>() + row * bytes, static_cast<size_t>(bytes));
        to += bytes;
      }
    }
  });
  return nullptr;
}

const char* copy(const Call& call) {
  if (call.in[0].dtype != call.out[0].dtype) return copy_cast(call);
  return copy_same(call.in[0], call.out[0]);
}

}  // namespace

const char* copy_same(const View& x, const View& y) {
  if (y.numel == 0) return nullptr;
  Geometry geometry(2);
  const View* views[] = {&y, &x};
  if (!make_geometry(geometry, views)) return kManyDims;
  switch (element_size(y.dtype)) {
    case 1:
      return copy_as<uint8_t>(geometry, x, y), nullptr;
    case 2:
      return copy_as<uint16_t>(geometry, x, y), nullptr;
    case 4:
      return copy_as<uint32_t>(geometry, x, y), nullptr;
    case 8:
      return copy_as<uint64_t>(geometry, x, y), nullptr;
    default:
      return kNoDtype;
  }
}

bool is_dense(const View& view) {
  Geometry geometry(1);
  const View* views[] = {&view};
  return make_geometry(geometry, views) && geometry.linear(0);
}

Aligned::Aligned(const View& input, const View& like) : view_(input) {
  view_.strides = like.strides;
  view_.row_major = like.row_major;
  if (std::equal(input.strides, input.strides + input.rank, like.strides)) return;
  const size_t bytes = static_cast<size_t>(input.numel) * element_size(input.dtype);
  copy_ = allocate_storage(bytes, kCPU);
  view_.data = copy_->data();
  copy_same(input, view_);
}

void register_copy(KernelTable& table) {
  table.add(ops::Copy::name, copy);
  table.add(ops::Cat::name, cat);
}

}  // namespace reel::cpu::REEL_ISA
