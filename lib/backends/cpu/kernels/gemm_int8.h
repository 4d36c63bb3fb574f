#pragma once

// The product of int8 matrices, each known by its lines.

#include <vector>

#include <reel/backends/backend.h>
#include <reel/backends/cpu/kernels/gemm_words.h>

namespace reel::cpu::REEL_ISA {

/// Fixed point, which is computed as int8; called by register_int8.
void register_fixed(KernelTable& table);

using Int8Lines = Lines<int8_t>;

// At most so many lines of an operand read the other one once, as it lies in memory.
inline constexpr int64_t kFewLines = 4;

// Where the depth is contiguous in both: every element is a dot product. sums[i * few_stride + j *
// many_stride] is that of line i of `few` and line n + j of `many`.
inline void multiply_dots(const Int8Lines& few, const Int8Lines& many, int64_t n, int64_t count,
                          int32_t* sums, int64_t few_stride, int64_t many_stride) {
  for (int64_t j = 0; j < count; ++j) {
    const int8_t* b = many.data + (n + j) * many.line_stride;
    for (int64_t i = 0; i < few.count; ++i) {
      const int8_t* a = few.data + i * few.line_stride;
      int32_t sum = 0;
      for (int64_t k = 0; k < many.depth; ++k) sum += int32_t{a[k]} * int32_t{b[k]};
      sums[i * few_stride + j * many_stride] = sum;
    }
  }
}

// Where the lines of `many` are side by side: they are added up along the depth, some lines at a
// time that stay in L1.
inline void multiply_side_by_side(const Int8Lines& few, const Int8Lines& many, int64_t n,
                                  int64_t count, int32_t* sums) {
  std::fill_n(sums, few.count * count, 0);
  for (int64_t k = 0; k < many.depth; ++k) {
    const int8_t* b = many.data + n + k * many.depth_stride;
    for (int64_t i = 0; i < few.count; ++i) {
      const int32_t a{few.data[i * few.line_stride + k * few.depth_stride]};
      for (int64_t j = 0; j < count; ++j) sums[i * count + j] += a * b[j];
    }
  }
}

// What int8 that are packed as 128 more than they are add to each column: the product of a row of
// 128s with it.
class Excess {
 public:
  Excess(const WordKernel<int32_t>& kernel, int64_t columns, int64_t depth) : kernel_(kernel) {
    if (!kernel.biased) return;
    columns_.resize(static_cast<size_t>(padded_columns<int32_t>(columns)));
    constexpr int64_t kDepth = int64_t{kWordBlock} * 4;
    row_.assign(static_cast<size_t>((depth + kDepth - 1) / kDepth * kWordBlock), kFlip);
  }
  static constexpr int32_t kFlip = static_cast<int32_t>(0x80808080u);

  void add_panel(int64_t n, int vectors, const int32_t* panel) {
    if (columns_.empty()) return;
    kernel_.multiply(1, vectors, static_cast<int64_t>(row_.size()), row_.data(), panel, false,
                     columns_.data() + n, 0);
  }
  void take_from(int64_t n, int64_t rows, int64_t columns, int32_t* sums, int64_t stride) const {
    if (columns_.empty()) return;
    const int32_t* excess = columns_.data() + n;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) sums[i * stride + j] -= excess[j];
    }
  }

 private:
  const WordKernel<int32_t>& kernel_;
  std::vector<int32_t> columns_, row_;
};

// A product in which one operand has few lines, without packing. Returns false where the other one
// lies in neither of two ways.
template <class Finish>
bool multiply_few(const Int8Lines& a, const Int8Lines& b, const Finish& finish) {
  const bool few_rows = a.count <= kFewLines;
  const Int8Lines &few = few_rows ? a : b, &many = few_rows ? b : a;
  const bool dots = a.depth_stride == 1 && b.depth_stride == 1;
  if (!dots && (many.line_stride != 1 || !few_rows)) return false;
  const int64_t worth = 1 + kTaskVolume / (few.count * a.depth + 1);
  const int64_t grain = std::min<int64_t>(dots ? worth : (worth + 255) / 256 * 256, 1024);
  parallel_for(0, many.count, grain, [&](int64_t n, int64_t end) {
    const int64_t count = end - n;
    int32_t* sums = scratch<int32_t>(Slot::tile, few.count * count);
    if (!dots) {
      multiply_side_by_side(few, many, n, count, sums);
    } else if (few_rows) {
      multiply_dots(few, many, n, count, sums, count, 1);
    } else {
      multiply_dots(few, many, n, count, sums, 1, few.count);
    }
    if (few_rows) {
      finish(0, n, few.count, count, sums, count);
    } else {
      finish(n, 0, count, few.count, sums, few.count);
    }
  });
  return true;
}

/// Sums wrap around at 32 bits. finish(m, n, rows, columns, sums, stride) takes the sums of a part
/// of a b.
template <class Finish>
void multiply_int8(const Int8Lines& a, const Int8Lines& b, const Finish& finish) {
  if (a.count == 0 || b.count == 0) return;
  if (std::min(a.count, b.count) <= kFewLines && multiply_few(a, b, finish)) return;
  const WordKernel<int32_t> kernel = int8_kernel();
  const bool pairs = kernel.group == 2;
  const uint32_t flip = kernel.biased ? static_cast<uint32_t>(Excess::kFlip) : 0;
  Excess excess(kernel, b.count, a.depth);
  multiply_words(
      kernel, a.count, b.count, a.depth,
      [&](int64_t m, int64_t rows, int32_t* out) {
        (pairs ? pack_word_rows<int8_t, 2> : pack_word_rows<int8_t, 4>)(a, m, rows, flip, out);
      },
      [&](int64_t n, int vectors, int32_t* out) {
        (pairs ? pack_word_columns<int8_t, 2> : pack_word_columns<int8_t, 4>)(b, n, vectors, out);
        excess.add_panel(n, vectors, out);
      },
      [&](int64_t m, int64_t n, int64_t rows, int64_t columns, int32_t* sums, int64_t stride) {
        excess.take_from(n, rows, columns, sums, stride);
        finish(m, n, rows, columns, sums, stride);
      });
}

}  // namespace reel::cpu::REEL_ISA
