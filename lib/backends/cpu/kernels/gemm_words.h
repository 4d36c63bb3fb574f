#pragma once

// Products of narrow numbers. A word is 32 bits of the depth: four int8, or two int16 or bfloat16,
// which one instruction multiplies with the word of another operand and adds up in 32 bits. Both
// operands are packed whole, which costs little beside them and makes any strides the same thing.

#include <cstdint>

#include <reel/backends/cpu/kernels/gemm_tiles.h>

namespace reel::cpu::REEL_ISA {

/// Words that lie side by side in a packed panel of A, a cache line; the depth is filled up to a
/// multiple of it with zeros.
inline constexpr int kWordBlock = 16;

/// Multiplies packed panels. Sum is int32_t or float.
template <class Sum>
struct WordKernel {
  int group;            ///< elements in a word
  int unit, rows;       ///< a panel of A has a multiple of `unit` rows, at most `rows`
  int64_t depth;        ///< words that are multiplied at a time
  bool biased = false;  ///< A holds int8 as uint8, each 128 more than it is
  /// What a thread does before and after it multiplies.
  void (*begin)() = [] {};
  void (*end)() = [] {};
  /// c [rows][vectors * L] = a b, or with `add` c + a b, for a [words / 16][rows][16] and
  /// b [words][vectors * L].
  void (*multiply)(int rows, int vectors, int64_t words, const int32_t* a, const int32_t* b,
                   bool add, Sum* c, int64_t c_stride) = nullptr;
};

/// int8 by int8: the fastest there is.
WordKernel<int32_t> int8_kernel();
/// bfloat16 by bfloat16, where denormal numbers count as 0; or none (`multiply` is nullptr) where
/// there is no AMX. AVX512-BF16 is not used: vdpbf16ps started half as often as a multiply-add of
/// floats where it was measured (docs/performance.md).
WordKernel<float> bfloat16_kernel();

/// The rows of A in panels, as even as their unit allows.
struct PanelSplit {
  EvenSplit units;
  int unit;
  template <class Sum>
  PanelSplit(int64_t rows, const WordKernel<Sum>& kernel)
      : units((rows + kernel.unit - 1) / kernel.unit, kernel.rows / kernel.unit),
        unit(kernel.unit) {}
  int64_t count() const { return units.groups; }
  int64_t begin(int64_t panel) const { return units.begin(panel) * unit; }
  int64_t size(int64_t panel) const { return units.size(panel) * unit; }
};

/// An operand by lines: the rows of A or the columns of B, each along the depth.
template <class T>
struct Lines {
  const T* data;
  int64_t line_stride, depth_stride;
  int64_t count, depth;
};

/// A panel of A: `rows` lines from m on as [words / 16][rows][16]. `flip` changes bits of every
/// word: 0x80808080 makes int8 into uint8 that are 128 more.
template <class T, int kGroup>
void pack_word_rows(const Lines<T>& a, int64_t m, int64_t rows, uint32_t flip, int32_t* out);
/// A panel of B: lines n to n + vectors * L as [words][vectors * L].
template <class T, int kGroup>
void pack_word_columns(const Lines<T>& b, int64_t n, int vectors, int32_t* out);

/// The product of operands that are only known by how they are packed: pack_a(m, panel_rows, out)
/// and pack_b(n, vectors, out) write a panel of the whole depth; finish(m, n, rows, columns, sums,
/// stride) takes the sums of a part of the result.
template <class Sum, class PackA, class PackB, class Finish>
void multiply_words(const WordKernel<Sum>& kernel, int64_t rows, int64_t columns, int64_t depth,
                    const PackA& pack_a, const PackB& pack_b, const Finish& finish) {
  constexpr int64_t kPanel = kTileColumns<int32_t>;
  const int64_t blocks = (depth + kWordBlock * kernel.group - 1) / (kWordBlock * kernel.group);
  const int64_t words = blocks * kWordBlock, padded = padded_columns<int32_t>(columns);
  const PanelSplit panels(rows, kernel);
  const int64_t padded_rows = panels.begin(panels.count());
  const auto words_storage = [](int64_t count) {
    return allocate_storage(sizeof(int32_t) * static_cast<size_t>(count), kCPU);
  };
  const Storage packed_a = words_storage(padded_rows * words);
  const Storage packed_b = words_storage(padded * words);
  auto* const a = static_cast<int32_t*>(packed_a->data());
  auto* const b = static_cast<int32_t*>(packed_b->data());
  const int64_t column_panels = (columns + kPanel - 1) / kPanel;
  parallel_for(0, panels.count() + column_panels, 1 + 16384 / (kPanel * (words + 1)),
               [&](int64_t task, int64_t end) {
                 for (; task < end; ++task) {
                   const int64_t n = (task - panels.count()) * kPanel;
                   if (n < 0) {
                     pack_a(panels.begin(task), panels.size(task), a + panels.begin(task) * words);
                   } else {
                     pack_b(n, panel_vectors<int32_t>(n, columns), b + n * words);
                   }
                 }
               });

  const TilePlan plan = plan_tiles(rows, columns, words, sizeof(Sum));
  const EvenSplit row_tiles(panels.count(), std::max<int64_t>(1, plan.tile_rows / kernel.rows));
  const int64_t column_tiles = (columns + plan.tile_columns - 1) / plan.tile_columns;
  const int64_t tiles = row_tiles.groups * column_tiles;
  // A deep product is also cut along the depth, which integers do not mind and whose place depends
  // on the sizes alone.
  const EvenSplit slices(blocks, std::max<int64_t>((blocks + plan.slices - 1) / plan.slices, 1));
  const bool sliced = slices.groups > 1;
  const Storage partial = sliced ? words_storage(slices.groups * padded_rows * padded) : Storage();
  parallel_for(0, tiles * std::max<int64_t>(slices.groups, 1), 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / tiles, row_tile = task % tiles / column_tiles;
    const int64_t first = row_tiles.begin(row_tile), last = first + row_tiles.size(row_tile);
    const int64_t m = panels.begin(first), n = task % column_tiles * plan.tile_columns;
    const int64_t tile_rows = panels.begin(last) - m;
    const int64_t tile_columns = std::min(plan.tile_columns, columns - n);
    const int64_t stride = sliced ? padded : padded_columns<int32_t>(tile_columns);
    Sum* const sums =
        sliced ? static_cast<Sum*>(partial->data()) + (slice * padded_rows + m) * padded + n
               : scratch<Sum>(Slot::tile, tile_rows * stride);
    const int64_t k_begin = slices.begin(slice) * kWordBlock;
    const int64_t k_end = blocks == 0 ? 0 : k_begin + slices.size(slice) * kWordBlock;
    if (k_begin == k_end) std::fill_n(sums, tile_rows * stride, Sum(0));
    kernel.begin();
    for (int64_t k = k_begin; k < k_end; k += kernel.depth) {
      const int64_t depth_here = std::min(kernel.depth, k_end - k);
      for (int64_t j = 0; j < tile_columns; j += kPanel) {
        const int vectors = panel_vectors<int32_t>(n + j, columns);
        const int32_t* const panel_b = b + (n + j) * words + k * vectors * kLanes<int32_t>;
        for (int64_t i = first; i < last; ++i) {
          const int64_t panel_rows = panels.size(i);
          kernel.multiply(static_cast<int>(panel_rows), vectors, depth_here,
                          a + panels.begin(i) * words + k * panel_rows, panel_b, k > k_begin,
                          sums + (panels.begin(i) - m) * stride + j, stride);
        }
      }
    }
    kernel.end();
    if (!sliced) finish(m, n, std::min(tile_rows, rows - m), tile_columns, sums, stride);
  });
  if (!sliced) return;
  parallel_for(0, rows, 1 + 16384 / (columns * slices.groups), [&](int64_t m, int64_t m_end) {
    for (; m < m_end; ++m) {
      Sum* const sums = static_cast<Sum*>(partial->data()) + m * padded;
      for (int64_t s = 1; s < slices.groups; ++s) {
        const Sum* const more = sums + s * padded_rows * padded;
        for (int64_t n = 0; n < columns; ++n) sums[n] += more[n];
      }
      finish(m, 0, 1, columns, sums, padded);
    }
  });
}

}  // namespace reel::cpu::REEL_ISA
