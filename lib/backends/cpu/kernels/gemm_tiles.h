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
  int64_t tiles(int64_t rows, int64_t columns) const {
    return EvenSplit(rows, tile_rows).groups * EvenSplit(columns, tile_columns).groups;
  }
};

/// Whole panels, so that a packed B can be shared.
inline int64_t whole_panels(int64_t columns, int64_t element_bytes) {
  const int64_t panel = kTileVectors * 64 / element_bytes;
  return (columns + panel - 1) / panel * panel;
}

inline TilePlan plan_tiles(int64_t rows, int64_t columns, int64_t depth, int64_t element_bytes) {
  // Such a block of A and a part of B's share a 1 MB L2.
  TilePlan plan{std::min<int64_t>(128, rows), std::min(4096 / element_bytes, columns), 1};
  const int64_t volume = rows * columns * depth;
  const int64_t enough = std::clamp<int64_t>(volume / kTaskVolume, 1, kEnoughTasks);
  // A deep product (a Gram matrix, a weight's gradient) is cut along the depth first: then every
  // element of A and B is still packed only once.
  if (plan.tiles(rows, columns) < enough && depth >= 8 * std::max(rows, columns) && depth >= 2048) {
    plan.slices = std::min(enough, depth / 1024);
    return plan;
  }
  // Tiles may depend on the threads: the sums are the same.
  const int64_t wanted =
      std::min(volume / kTaskVolume, std::max<int64_t>(enough, 8 * get_num_threads()));
  while (plan.tiles(rows, columns) < wanted && (plan.tile_rows > 56 || plan.tile_columns > 64)) {
    const bool cut_rows =
        plan.tile_columns <= 64 || (plan.tile_rows > 56 && plan.tile_rows > plan.tile_columns);
    int64_t& side = cut_rows ? plan.tile_rows : plan.tile_columns;
    side = (side + 1) / 2;
  }
  plan.tile_columns = whole_panels(plan.tile_columns, element_bytes);
  return plan;
}

/// A product of so few multiplications is done before packed panels that another core wrote have
/// come over: each task packs all that it reads.
inline constexpr int64_t kOwnVolume = 1 << 28;

/// A tile a thread, or as many for each, that take the least time. What an element of C costs in a
/// step of the depth is the unit; to pack an element costs four of them.
inline TilePlan plan_own_tiles(int64_t rows, int64_t columns, int64_t element_bytes,
                               int64_t threads) {
  const auto up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  TilePlan best{};
  int64_t least = 0;
  for (int64_t across = 1;; across *= 2) {
    const int64_t tiles = up(up(rows, 256) * across, threads) * threads;
    const TilePlan plan{up(rows, up(tiles, across)),
                        whole_panels(up(columns, across), element_bytes), 1};
    const int64_t cost =
        up(plan.tiles(rows, columns), threads) *
        (plan.tile_rows * plan.tile_columns + 4 * (plan.tile_rows + plan.tile_columns));
    if (least == 0 || cost < least) {
      least = cost;
      best = plan;
    }
    if (across >= threads) return best;
  }
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

/// So many sums to be added up, a stride from each other.
struct Slices {
  int64_t count, stride;
};

/// Adds up `count` sums of `size` elements that as many tasks made, each half of them for itself,
/// in the first of the half. A half is mostly what one of two threads made, and what it finds in
/// its caches: of the other's only the other half's total is read, which may be ten times as slow.
template <class T>
Slices add_halves(T* sums, int64_t count, int64_t size) {
  if (count < 4) return {count, size};
  const int64_t half = (count + 1) / 2;
  const EvenSplit parts(size, 4096);
  parallel_for(0, 2 * parts.groups, 1, [&](int64_t task, int64_t) {
    const int64_t of_half = task < parts.groups ? half : count - half;
    const int64_t part = task % parts.groups;
    T* total = sums + task / parts.groups * half * size + parts.begin(part);
    for (int64_t i = 1; i < of_half; ++i) {
      const T* more = total + i * size;
      for (int64_t j = 0; j < parts.size(part); ++j) total[j] += more[j];
    }
  });
  return {2, half * size};
}

/// Writes sums to where they belong, rounded where that is narrower.
template <class T, class Out>
void store_row(const T* sums, int64_t count, Out* out, int64_t stride) {
  if constexpr (!std::is_same_v<T, Out>) {
    if (stride == 1) return narrow(sums, count, out);
  }
  for (int64_t j = 0; j < count; ++j) out[j * stride] = static_cast<Out>(sums[j]);
}

/// A B that is packed once for all tiles stays in the caches.
inline constexpr int64_t kSharedBytes = 16 << 20;

/// As multiply_in_tiles, by the given plan; if `shared`, B is packed once for all tiles.
template <class T, class PackA, class PackB, class Out>
void multiply_by_plan(const TilePlan& plan, bool shared, PanelOrder order, int64_t rows,
                      int64_t columns, int64_t depth, const PackA& pack_a, const PackB& pack_b,
                      const Matrix<Out>& c, bool symmetric, const T* rows_of_a) {
  const EvenSplit row_split(rows, plan.tile_rows);
  // Beside a small B what takes time is to read A: the next tile's is on its way meanwhile.
  constexpr int64_t kSmallBytes = 128 << 10;
  const bool fetches = rows_of_a != nullptr && columns * depth * int64_t{sizeof(T)} <= kSmallBytes;
  const auto ahead = [&](int64_t row) {
    if (!fetches || row >= rows) return Ahead<T>{};
    return Ahead<T>{rows_of_a + row * depth, std::min(rows - row, plan.tile_rows) * depth};
  };
  // A depth of 0, of an empty batch, is one slice of nothing.
  const EvenSplit slice_split(std::max<int64_t>(depth, 1),
                              std::max<int64_t>((depth + plan.slices - 1) / plan.slices, 1));
  const int64_t column_tiles = EvenSplit(columns, plan.tile_columns).groups;
  const int64_t tiles = row_split.groups * column_tiles;
  const int64_t slices = plan.slices == 1 ? 1 : slice_split.groups;
  const Storage whole = shared ? pack_whole<T>(columns, depth, pack_b) : Storage();
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
    multiply_tile<T>(
        order, tile_rows, tile_columns, slice_depth, blocks_of_rows<T>(order, tile_rows, pack),
        [&](int64_t k, int64_t block, int64_t column) -> const T* {
          if (shared) {
            return static_cast<const T*>(whole->data()) + k * padded_columns<T>(columns) +
                   (n + column) * block;
          }
          T* panel = scratch<T>(Slot::panel_b, kTileColumns<T> * block);
          const int64_t rest = tile_columns - column;
          pack_b(n + column, std::min<int64_t>(rest, kTileColumns<T>),
                 panel_vectors<T>(column, tile_columns), k0 + k, block, panel);
          return panel;
        },
        {}, out, out_stride, wanted, ahead(m + tile_rows));
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
/// and then mirrored. `rows_of_a`: a, if it lies in memory row after row.
template <class T, class PackA, class PackB, class Out>
void multiply_in_tiles(PanelOrder order, int64_t rows, int64_t columns, int64_t depth,
                       const PackA& pack_a, const PackB& pack_b, const Matrix<Out>& c,
                       bool symmetric = false, const T* rows_of_a = nullptr) {
  TilePlan plan = plan_tiles(rows, columns, depth, sizeof(T));
  const int64_t volume = rows * columns * depth, threads = get_num_threads();
  const bool own = plan.slices == 1 && !symmetric && volume <= kOwnVolume;
  if (own) {
    plan = plan_own_tiles(rows, columns, sizeof(T),
                          std::clamp<int64_t>(volume / kTaskVolume, 1, threads));
  }
  const bool shared = !own && plan.slices == 1 && plan.tile_rows < rows && depth > 0;
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
        Matrix<Out>{c.at(0, first), c.row_stride, c.column_stride}, symmetric, rows_of_a);
  }
}

}  // namespace reel::cpu::REEL_ISA
