#pragma once

// Operands of products of fixed point as lines of int8 (see fixed.cpp for the halves of int16).

#include <array>
#include <cstring>

#include <reel/backends/cpu/kernels/gemm_words.h>

namespace reel::cpu::REEL_ISA {

inline int8_t high_half(int16_t x) { return static_cast<int8_t>(x >> 8); }
inline int8_t low_half(int16_t x) { return static_cast<int8_t>((x & 255) - 128); }
inline void split(const int16_t* x, int64_t count, int8_t* high, int8_t* low) {
  for (int64_t i = 0; i < count; ++i) {
    high[i] = high_half(x[i]);
    low[i] = low_half(x[i]);
  }
}
/// What zero is, as int8 or as the halves of an int16.
inline constexpr int8_t kZero[2] = {0, -128};

/// Items along the depth, each one line of int8 or two, high and low halves.
struct FixedLines {
  Lines<int8_t> lines;  ///< size * parts of them
  int64_t size = 0;
  int parts = 1;
  int64_t item_stride = 1, part_stride = 0;  ///< lines from item to item, from half to half
  Storage storage;
};

/// A matrix of Char or Short by lines along the depth, from `begin` of the depth on.
struct MatrixView {
  const void* data;
  ScalarType dtype;
  int64_t lines, line_stride, depth_stride, begin;
};

/// Lines that lie side by side are packed in blocks of so many: their number is filled up with
/// zeros.
inline int64_t whole_blocks(int64_t lines) {
  return (lines + kWordBlock - 1) / kWordBlock * kWordBlock;
}

inline Storage bytes_storage(int64_t count) {
  return allocate_storage(static_cast<size_t>(count), kCPU);
}

/// `depth` of a matrix: its memory, or the halves of it.
inline FixedLines lines_of(const MatrixView& v, int64_t depth) {
  FixedLines result;
  result.size = v.lines;
  const int64_t offset = v.begin * v.depth_stride;
  if (v.dtype == kChar) {
    result.lines = {static_cast<const int8_t*>(v.data) + offset, v.line_stride, v.depth_stride,
                    v.lines, depth};
    return result;
  }
  // What is side by side stays so: [part, line, depth] or [depth, part, line].
  const bool across = v.line_stride == 1 && v.depth_stride != 1;
  const int64_t lines = across ? whole_blocks(v.lines) : v.lines;
  result.parts = 2;
  result.part_stride = lines;
  result.storage = bytes_storage(2 * lines * depth);
  auto* const to = static_cast<int8_t*>(result.storage->data());
  const auto* const from = static_cast<const int16_t*>(v.data) + offset;
  const int64_t outer = across ? depth : v.lines, inner = across ? v.lines : depth;
  const int64_t outer_stride = across ? v.depth_stride : v.line_stride;
  const int64_t inner_stride = across ? v.line_stride : v.depth_stride;
  const int64_t row = across ? 2 * lines : depth, low = across ? lines : lines * depth;
  parallel_for(0, outer, 1 + 32768 / (inner + 1), [&](int64_t i, int64_t end) {
    for (; i < end; ++i) {
      const int16_t* x = from + i * outer_stride;
      int8_t *h = to + i * row, *l = h + low;
      if (inner_stride == 1) {
        split(x, inner, h, l);
      } else {
        for (int64_t j = 0; j < inner; ++j) split(x + j * inner_stride, 1, h + j, l + j);
      }
      if (across) {
        std::fill(h + inner, h + lines, int8_t{0});
        std::fill(l + inner, l + lines, int8_t{0});
      }
    }
  });
  result.lines = {to, across ? 1 : depth, across ? 2 * lines : 1, 2 * lines, depth};
  return result;
}

/// The kernels of a group of a weight [O, C, Kh, Kw], O from `first` on, along (Kh, Kw, C); or, if
/// `turned`, those of the input gradient: a line for each of C, along (Kh, Kw, O), backwards.
inline FixedLines filter_lines(const View& w, int64_t first, int64_t count, bool turned) {
  const int64_t lines = turned ? w.sizes[1] : count, channels = turned ? count : w.sizes[1];
  const int64_t line_stride = w.strides[turned ? 1 : 0];
  const int64_t channel_stride = w.strides[turned ? 0 : 1];
  const int64_t rows = w.sizes[2], columns = w.sizes[3], depth = rows * columns * channels;
  FixedLines result;
  result.size = lines;
  result.parts = w.dtype == kChar ? 1 : 2;
  result.part_stride = lines;
  result.storage = bytes_storage(result.parts * lines * depth);
  auto* const to = static_cast<int8_t*>(result.storage->data());
  for (int64_t i = 0; i < lines; ++i) {
    int8_t *h = to + i * depth, *l = h + lines * depth;
    for (int64_t k = 0; k < rows * columns; ++k) {
      const int64_t place = turned ? rows * columns - 1 - k : k;
      const int64_t start = first * w.strides[0] + i * line_stride +
                            place / columns * w.strides[2] + place % columns * w.strides[3];
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t at = start + c * channel_stride;
        if (result.parts == 1) {
          *h++ = w.as<const int8_t>()[at];
        } else {
          *h++ = high_half(w.as<const int16_t>()[at]);
          *l++ = low_half(w.as<const int16_t>()[at]);
        }
      }
    }
  }
  result.lines = {to, depth, 1, result.parts * lines, depth};
  return result;
}

/// What windows see of pictures: the channels of a group under each element of a kernel.
struct PatchGeometry {
  struct Axis {
    int64_t kernel, results, stride, dilation;
    int64_t padding;  ///< may be negative
    int64_t zoom;     ///< zoom - 1 zeros stand between two lines of the picture
  };
  int64_t channels;  ///< of a group
  std::array<Axis, 2> axes;

  int64_t depth() const { return channels * axes[0].kernel * axes[1].kernel; }
  int64_t results() const { return axes[0].results * axes[1].results; }
  /// Where a pixel of the result lies in y [N, C, H, W].
  int64_t place(int64_t pixel, const View& y) const {
    const int64_t width = axes[1].results, row = pixel / width;
    return row / axes[0].results * y.strides[0] + row % axes[0].results * y.strides[2] +
           pixel % width * y.strides[3];
  }
};

/// Patches of pixels as [pixel, part, row], where a row is the elements and zeros.
struct Patches {
  Storage storage;
  int64_t pixels, depth, row;
  int parts;

  /// A line for each pixel.
  FixedLines by_pixel() const {
    return {{static_cast<const int8_t*>(storage->data()), row, 1, pixels * parts, depth},
            pixels,
            parts,
            parts,
            1,
            storage};
  }
  /// A line for each element of the kernel, along the pixels.
  FixedLines by_element() const {
    return {{static_cast<const int8_t*>(storage->data()), 1, parts * row, parts * row, pixels},
            depth,
            parts,
            1,
            row,
            storage};
  }
};

/// Pictures [N, C, H, W] of Char or Short as int8 with dense channels: their memory, or a copy, or
/// halves of them.
class FixedPictures {
 public:
  explicit FixedPictures(const View& x)
      : channels_(x.sizes[1]),
        height_(x.sizes[2]),
        width_(x.sizes[3]),
        image_(height_ * width_ * channels_),
        row_(width_ * channels_),
        column_(channels_),
        parts_(x.dtype == kChar ? 1 : 2) {
    if (parts_ == 1 && (x.strides[1] == 1 || channels_ == 1)) {
      planes_[0] = x.as<const int8_t>();
      image_ = x.strides[0], row_ = x.strides[2], column_ = x.strides[3];
      return;
    }
    const int64_t plane = x.sizes[0] * image_;
    storage_ = bytes_storage(parts_ * plane);
    auto* const to = static_cast<int8_t*>(storage_->data());
    planes_ = {to, to + plane};
    parallel_for(0, x.sizes[0] * height_, 1 + 32768 / (row_ + 1), [&](int64_t line, int64_t end) {
      for (; line < end; ++line) {
        const int64_t from = line / height_ * x.strides[0] + line % height_ * x.strides[2];
        for (int64_t i = 0; i < width_; ++i) {
          copy_pixel(x, from + i * x.strides[3], to + line * row_ + i * column_, plane);
        }
      }
    });
  }
  int parts() const { return parts_; }

  /// `count` patches of a group, from pixel `first` of the results of all pictures on.
  Patches patches(const PatchGeometry& g, int64_t group, int64_t first, int64_t count) const {
    const int64_t depth = g.depth(), row = whole_blocks(depth);
    Patches result{bytes_storage(count * parts_ * row), count, depth, row, parts_};
    auto* const to = static_cast<int8_t*>(result.storage->data());
    parallel_for(0, count, 1 + 32768 / (parts_ * row), [&](int64_t i, int64_t end) {
      const int64_t width = g.axes[1].results, height = g.axes[0].results;
      int64_t x = (first + i) % width, y = (first + i) / width % height;
      int64_t image = (first + i) / width / height;
      for (; i < end; ++i) {
        for (int part = 0; part < parts_; ++part) {
          int8_t* line = to + (i * parts_ + part) * row;
          const int8_t* from =
              planes_[static_cast<size_t>(part)] + image * image_ + group * g.channels;
          gather(g, y, x, from, kZero[part], line);
          fill(line + depth, 0, row - depth);
        }
        // Divisions would take longer than the copies.
        if (++x < width) continue;
        x = 0;
        if (++y < height) continue;
        y = 0, ++image;
      }
    });
    return result;
  }

 private:
  void copy_pixel(const View& x, int64_t from, int8_t* to, int64_t plane) const {
    if (parts_ == 2 && x.strides[1] == 1) {
      return split(x.as<const int16_t>() + from, channels_, to, to + plane);
    }
    for (int64_t c = 0; c < channels_; ++c) {
      const int64_t at = from + c * x.strides[1];
      if (parts_ == 1) {
        to[c] = x.as<const int8_t>()[at];
      } else {
        split(x.as<const int16_t>() + at, 1, to + c, to + plane + c);
      }
    }
  }
  void gather(const PatchGeometry& g, int64_t result_y, int64_t result_x, const int8_t* from,
              int8_t zero, int8_t* to) const {
    const auto& [rows, columns] = g.axes;
    const int64_t y0 = result_y * rows.stride - rows.padding;
    const int64_t x0 = result_x * columns.stride - columns.padding;
    const int64_t line = columns.kernel * g.channels;
    for (int64_t k = 0; k < rows.kernel; ++k, to += line) {
      const int64_t y = line_under(rows, y0 + k * rows.dilation, height_);
      if (y < 0) {
        fill(to, zero, line);
      } else {
        gather_row(columns, g.channels, x0, from + y * row_, zero, to);
      }
    }
  }
  /// The line of the picture at a place between its zeros; -1: a zero.
  static int64_t line_under(const PatchGeometry::Axis& axis, int64_t place, int64_t size) {
    if (axis.zoom > 1) {
      if (place < 0 || place % axis.zoom != 0) return -1;
      place /= axis.zoom;
    }
    return place >= 0 && place < size ? place : -1;
  }
  void gather_row(const PatchGeometry::Axis& columns, int64_t channels, int64_t x0,
                  const int8_t* row, int8_t zero, int8_t* to) const {
    if (columns.zoom == 1 && columns.dilation == 1 && column_ == channels) {
      if (x0 >= 0 && x0 + columns.kernel <= width_) {
        return copy(row + x0 * channels, to, columns.kernel * channels);
      }
      const int64_t begin = std::clamp<int64_t>(-x0, 0, columns.kernel);
      const int64_t end = std::clamp<int64_t>(width_ - x0, begin, columns.kernel);
      fill(to, zero, begin * channels);
      copy(row + (x0 + begin) * channels, to + begin * channels, (end - begin) * channels);
      fill(to + end * channels, zero, (columns.kernel - end) * channels);
      return;
    }
    for (int64_t k = 0; k < columns.kernel; ++k, to += channels) {
      const int64_t x = line_under(columns, x0 + k * columns.dilation, width_);
      if (x < 0) {
        fill(to, zero, channels);
      } else {
        copy(row + x * column_, to, channels);
      }
    }
  }
  /// Pieces of 4 or 8 bytes, which may overlap, where a call would take longer.
  static void copy(const int8_t* from, int8_t* to, int64_t count) {
    if (count > 16 || count < 4) {
      if (count > 0) std::memcpy(to, from, static_cast<size_t>(count));
    } else if (count < 8) {
      copy_ends<int32_t>(from, to, count);
    } else {
      copy_ends<int64_t>(from, to, count);
    }
  }
  template <class Piece>
  static void copy_ends(const int8_t* from, int8_t* to, int64_t count) {
    const int64_t last = count - int64_t{sizeof(Piece)};
    Piece first_piece, last_piece;
    std::memcpy(&first_piece, from, sizeof(Piece));
    std::memcpy(&last_piece, from + last, sizeof(Piece));
    std::memcpy(to, &first_piece, sizeof(Piece));
    std::memcpy(to + last, &last_piece, sizeof(Piece));
  }
  static void fill(int8_t* to, int8_t value, int64_t count) {
    if (count > 0) std::memset(to, value, static_cast<size_t>(count));
  }

  int64_t channels_, height_, width_, image_, row_, column_;
  int parts_;
  std::array<const int8_t*, 2> planes_{};
  Storage storage_;
};

/// A gradient [N, O, H, W] as rows of channels, one for each pixel.
class DensePixels {
 public:
  explicit DensePixels(const View& g) : dtype_(g.dtype), data_(g.data), channels_(g.sizes[1]) {
    const int64_t height = g.sizes[2], width = g.sizes[3];
    if (g.strides[1] == 1 && g.strides[3] == channels_ && g.strides[2] == width * channels_ &&
        g.strides[0] == height * width * channels_) {
      return;
    }
    const auto item = static_cast<int64_t>(element_size(dtype_));
    storage_ = bytes_storage(g.numel * item);
    data_ = storage_->data();
    parallel_for(0, g.sizes[0] * height, 1 + 32768 / (width * channels_ + 1),
                 [&](int64_t line, int64_t end) {
                   for (; line < end; ++line) {
                     const int64_t from =
                         line / height * g.strides[0] + line % height * g.strides[2];
                     if (dtype_ == kChar) {
                       copy_line<int8_t>(g, from, line * width);
                     } else {
                       copy_line<int16_t>(g, from, line * width);
                     }
                   }
                 });
  }
  /// `count` channels from `begin` on, along the pixels from `first` on.
  MatrixView channels(int64_t begin, int64_t count, int64_t first) const {
    const auto item = static_cast<int64_t>(element_size(dtype_));
    return {static_cast<const char*>(data_) + begin * item, dtype_, count, 1, channels_, first};
  }

 private:
  template <class T>
  void copy_line(const View& g, int64_t from, int64_t pixel) const {
    T* to = static_cast<T*>(data_) + pixel * channels_;
    for (int64_t x = 0; x < g.sizes[3]; ++x) {
      for (int64_t c = 0; c < channels_; ++c) {
        *to++ = g.as<const T>()[from + x * g.strides[3] + c * g.strides[1]];
      }
    }
  }

  ScalarType dtype_;
  void* data_;
  int64_t channels_;
  Storage storage_;
};

}  // namespace reel::cpu::REEL_ISA
