#pragma once

#include <reel/backends/backend.h>
#include <reel/backends/cpu/kernels/gemm.h>
#include <reel/backends/cpu/kernels/narrow.h>
#include <reel/backends/parallel.h>

namespace reel::cpu::REEL_ISA {

/// Multiplications worth a task of their own: some 10 us.
inline constexpr int64_t kTaskVolume = 1 << 18;
/// More tasks than threads even the load out; the number must not depend on the threads.
inline constexpr int64_t kEnoughTasks = 16;

/// How a product is cut into tasks: tiles of C, each over a slice of the depth.
struct TilePlan {
  int64_t tile_rows, tile_columns, slices;
};

inline TilePlan plan_tiles(int64_t rows, int64_t columns, int64_t depth, int64_t element_bytes) {
  // Blocks of A and B of this size share a 1 MB L2.
  TilePlan plan{std::min<int64_t>(224, rows), std::min(4096 / element_bytes, columns), 1};
  const int64_t enough = std::clamp<int64_t>(rows * columns * depth / kTaskVolume, 1, kEnoughTasks);
  const auto tasks = [&] {
    return EvenSplit(rows, plan.tile_rows).groups * EvenSplit(columns, plan.tile_columns).groups;
  };
  // A deep product (a Gram matrix, a weight's gradient) is cut along the depth first: then every
  // element of A and B is still packed only once.
  if (tasks() < enough && depth >= 8 * std::max(rows, columns) && depth >= 2048) {
    plan.slices = std::min(enough, depth / 1024);
    return plan;
  }
  while (tasks() < enough && (plan.tile_rows > 56 || plan.tile_columns > 64)) {
    const bool cut_rows =
        plan.tile_columns <= 64 || (plan.tile_rows > 56 && plan.tile_rows > plan.tile_columns);
    int64_t& side = cut_rows ? plan.tile_rows : plan.tile_columns;
    side = (side + 1) / 2;
  }
  // Whole panels, so that a packed B can be shared.
  const int64_t panel = kTileVectors * 64 / element_bytes;
  plan.tile_columns = (plan.tile_columns + panel - 1) / panel * panel;
  return plan;
}

/// B [depth][columns] packed whole: for each block of the depth, panels of [block][vectors * L].
template <class T, class PackB>
Storage pack_whole(int64_t columns, int64_t depth, const PackB& pack_b) {
  const DepthBlocks<T> blocks(depth);
  const int64_t padded = padded_columns<T>(columns);
  const Storage packed = allocate_storage(sizeof(T) * static_cast<size_t>(padded * depth), kCPU);
  const int64_t panels = EvenSplit(columns, kTileColumns<T>).groups;
  const int64_t count = EvenSplit(depth, blocks.step).groups * panels;
  const int64_t grain = 1 + 32768 / (kTileColumns<T> * blocks.step);
  parallel_for(0, count, grain, [&](int64_t task, int64_t end) {
    for (; task < end; ++task) {
      const int64_t k = task / panels * blocks.step, n = task % panels * kTileColumns<T>;
      pack_b(n, std::min<int64_t>(columns - n, kTileColumns<T>), panel_vectors<T>(n, columns), k,
             blocks.size(k), static_cast<T*>(packed->data()) + k * padded + n * blocks.size(k));
    }
  });
  return packed;
}

/// Writes sums to where they belong, rounded where that is narrower.
template <class T, class Out>
void store_row(const T* sums, int64_t count, Out* out, int64_t stride) {
  if constexpr (!std::is_same_v<T, Out>) {
    if (stride == 1) return narrow(sums, count, out);
  }
  for (int64_t j = 0; j < count; ++j) out[j * stride] = static_cast<Out>(sums[j]);
}

/// A packed whole: for each block of the depth, the panels of tile after tile.
template <class T, class PackA>
Storage pack_whole_rows(PanelOrder order, const EvenSplit& tiles, int64_t rows, int64_t depth,
                        const PackA& pack_a) {
  const DepthBlocks<T> blocks(depth);
  const Storage packed =
      allocate_storage(sizeof(T) * static_cast<size_t>(panel_size<T>(order, rows, depth)), kCPU);
  parallel_for(
      0, EvenSplit(depth, blocks.step).groups * tiles.groups, 1, [&](int64_t task, int64_t) {
        const int64_t k = task / tiles.groups * blocks.step, size = blocks.size(k);
        const int64_t first = tiles.begin(task % tiles.groups);
        T* out = static_cast<T*>(packed->data()) + rows * k + panel_size<T>(order, first, size);
        for_each_row_panel(
            order, tiles.size(task % tiles.groups), size, out,
            [&](int64_t m, int64_t count, T* panel) { pack_a(first + m, count, k, size, panel); });
      });
  return packed;
}

/// What a product packs of an operand for all tiles that read it stays in the caches.
inline constexpr int64_t kSharedBytes = 16 << 20;

/// As multiply_in_tiles, by the given plan; if `shared`, B is packed once for all tiles.
template <class T, class PackA, class PackB, class Out>
void multiply_by_plan(const TilePlan& plan, bool shared, PanelOrder order, int64_t rows,
                      int64_t columns, int64_t depth, const PackA& pack_a, const PackB& pack_b,
                      const Matrix<Out>& c, bool symmetric) {
  const EvenSplit row_split(rows, plan.tile_rows);
  // A depth of 0, of an empty batch, is one slice of nothing.
  const EvenSplit slice_split(std::max<int64_t>(depth, 1),
                              std::max<int64_t>((depth + plan.slices - 1) / plan.slices, 1));
  const int64_t column_tiles = EvenSplit(columns, plan.tile_columns).groups;
  const int64_t tiles = row_split.groups * column_tiles;
  const int64_t slices = plan.slices == 1 ? 1 : slice_split.groups;
  const Storage whole = shared ? pack_whole<T>(columns, depth, pack_b) : Storage();
  const bool shares_rows = slices == 1 && column_tiles > 1 && depth > 0 &&
                           rows * depth * int64_t{sizeof(T)} <= kSharedBytes;
  const Storage whole_rows =
      shares_rows ? pack_whole_rows<T>(order, row_split, rows, depth, pack_a) : Storage();
  const Storage partial =
      slices > 1 ? allocate_storage(sizeof(T) * static_cast<size_t>(slices * rows * columns), kCPU)
                 : Storage();
  parallel_for(0, tiles * slices, 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / tiles, row_tile = task % tiles / column_tiles;
    const int64_t m = row_split.begin(row_tile), tile_rows = row_split.size(row_tile);
    const int64_t n = task % column_tiles * plan.tile_columns;
    const int64_t tile_columns = std::min(plan.tile_columns, columns - n);
    const Wanted wanted{!symmetric, m - n};
    if (!wanted(0, tile_columns)) return;
    const int64_t k0 = slices > 1 ? slice_split.begin(slice) : 0;
    const int64_t slice_depth = slices > 1 ? slice_split.size(slice) : depth;
    const bool direct = std::is_same_v<T, Out> && slices == 1 && c.column_stride == 1;
    T* out = nullptr;
    int64_t out_stride = 0;
    if (slices > 1) {
      out = static_cast<T*>(partial->data()) + (slice * rows + m) * columns + n;
      out_stride = columns;
    } else {
      out_stride = direct ? c.row_stride : tile_columns;
      if constexpr (std::is_same_v<T, Out>) out = c.at(m, n);
      if (!direct) out = scratch<T>(Slot::tile, tile_rows * tile_columns);
    }
    const auto pack = [&](int64_t row, int64_t count, int64_t k, int64_t block, T* panel) {
      pack_a(m + row, count, k0 + k, block, panel);
    };
    const auto block_of_rows = blocks_of_rows<T>(order, tile_rows, pack);
    multiply_tile<T>(
        order, tile_rows, tile_columns, slice_depth,
        [&](int64_t k, int64_t block) -> const T* {
          if (!shares_rows) return block_of_rows(k, block);
          return static_cast<const T*>(whole_rows->data()) + rows * k +
                 panel_size<T>(order, m, block);
        },
        [&](int64_t k, int64_t block) -> const T* {
          if (shared) {
            return static_cast<const T*>(whole->data()) + k * padded_columns<T>(columns) +
                   n * block;
          }
          T* b = scratch<T>(Slot::panel_b, padded_columns<T>(tile_columns) * block);
          for_each_panel(tile_columns, block, b,
                         [&](int64_t column, int64_t count, int vectors, T* panel) {
                           pack_b(n + column, count, vectors, k0 + k, block, panel);
                         });
          return b;
        },
        {}, out, out_stride, wanted);
    if (slices > 1 || direct) return;
    for (int64_t i = 0; i < tile_rows; ++i) {
      store_row(out + i * tile_columns, tile_columns, c.at(m + i, n), c.column_stride);
    }
  });
  if (slices == 1 && !symmetric) return;
  const int64_t grain = std::max<int64_t>(1, 32768 / (columns * slices));
  parallel_for(0, rows, grain, [&](int64_t m, int64_t m_end) {
    for (; m < m_end; ++m) {
      const int64_t first = symmetric ? m : 0;
      const T* p = slices > 1 ? static_cast<const T*>(partial->data()) + m * columns : nullptr;
      for (int64_t n = first; n < columns; ++n) {
        T sum = slices > 1 ? p[n] : static_cast<T>(*c.at(m, n));
        for (int64_t s = 1; s < slices; ++s) sum += p[s * rows * columns + n];
        *c.at(m, n) = static_cast<Out>(sum);
        if (symmetric) *c.at(n, m) = static_cast<Out>(sum);
      }
    }
  });
}

/// c [rows, columns] = a b with operands that are only known by how they are packed:
/// pack_a(m, rows, k, depth, out) and pack_b(n, columns, vectors, k, depth, out). Sums are T; c may
/// be narrower. If the product is known to be symmetric, what lies above the diagonal is computed
/// and then mirrored.
template <class T, class PackA, class PackB, class Out>
void multiply_in_tiles(PanelOrder order, int64_t rows, int64_t columns, int64_t depth,
                       const PackA& pack_a, const PackB& pack_b, const Matrix<Out>& c,
                       bool symmetric = false) {
  const TilePlan plan = plan_tiles(rows, columns, depth, sizeof(T));
  const bool shared = plan.slices == 1 && plan.tile_rows < rows && depth > 0;
  // Where B is larger than that, the columns go by in parts.
  const EvenSplit tiles(columns, plan.tile_columns);
  const int64_t tile_bytes = plan.tile_columns * depth * int64_t{sizeof(T)};
  const EvenSplit parts(tiles.groups, shared && !symmetric && tile_bytes > 0
                                          ? std::max<int64_t>(kSharedBytes / tile_bytes, 1)
                                          : tiles.groups);
  for (int64_t part = 0; part < parts.groups; ++part) {
    const int64_t first = parts.begin(part) * plan.tile_columns;
    const int64_t count = std::min(parts.size(part) * plan.tile_columns, columns - first);
    multiply_by_plan<T>(
        plan, shared && padded_columns<T>(count) * depth * int64_t{sizeof(T)} <= kSharedBytes,
        order, rows, count, depth, pack_a,
        [&](int64_t n, int64_t panel, int vectors, int64_t k, int64_t block, T* out) {
          pack_b(first + n, panel, vectors, k, block, out);
        },
        Matrix<Out>{c.at(0, first), c.row_stride, c.column_stride}, symmetric);
  }
}

}  // namespace reel::cpu::REEL_ISA
