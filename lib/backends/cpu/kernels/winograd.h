#pragma once

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/winograd_transforms.h>

// 3x3 convolution by Winograd's F(4x4, 3x3) or F(6x6, 3x3). With U, V, M the transformed weights,
// inputs and outputs, M[t] = V[t] U[t] for each of the P = 36 or 64 positions t of a transformed
// tile:
//
//   U [O / part][P][part / 2L][C][2L]     panels of B, for parts of the outputs
//   V [P][C / D][tiles / R][D / L][R][L]  panels of A, in the order by_vector; D is kBlockDepth
//   M [P][part / 2L][tiles][2L]
//
// A tile that has fewer points than others leaves positions of V and M out: these are not written.

namespace reel::cpu::REEL_ISA {

/// A convolution, or an input gradient as the convolution that it is. Activations are dense and
/// channels-last.
struct WinogradCall {
  int64_t images, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  std::array<int64_t, 2> padding;
  Weight<float> weight;
  bool input_grad;
  const float* x;
  const float* bias;
  float* y;
  Gate<float> gate;   ///< of x, if that is a gradient
  Epilogue epilogue;  ///< of y
};

/// The same in tiles of kOutputs x kOutputs.
template <int kOutputs>
struct Winograd : WinogradCall, WinogradTile<kOutputs> {
  TileGrid grid() const { return {images, out_height, out_width, kOutputs}; }
  int64_t in_padded() const { return padded_columns<float>(in_channels); }
  // Of the block of V's depth that begins with channel k.
  int64_t v_depth(int64_t k) const { return std::min(kBlockDepth, in_padded() - k); }
  int64_t out_padded() const { return padded_columns<float>(out_channels); }
  // Outputs that are multiplied at a time, so that their M is small.
  int64_t part() const { return std::min<int64_t>(4 * kTileColumns<float>, out_padded()); }
  int64_t u_stride() const { return position_stride(part() * in_channels); }
  int64_t u_part_size() const { return Winograd::kPositions * u_stride(); }
  size_t u_bytes() const {
    return sizeof(float) *
           static_cast<size_t>((out_channels + part() - 1) / part() * u_part_size());
  }
  // The part of U that begins with output n.
  template <class T>
  T* part_of(T* u, int64_t n) const {
    return u + n / part() * u_part_size();
  }
};

/// Tiles [first, first + count) of a grid, multiplied together. A panel of V holds tiles with the
/// same points.
class TileBlock {
 public:
  struct Part {
    int64_t begin, end;  ///< numbers in the block
    TilePoints points;
    EvenSplit panels() const { return {end - begin, kTileRows}; }
  };
  TileBlock(const TileGrid& grid, int64_t first, int64_t count) : first(first), count(count) {
    int64_t begin = 0, end = -first;
    for (int i = 0; i < TileGrid::kSections; ++i) {
      const TileSection section = grid.section(i);
      end += section.count(grid.images);
      parts_[i] = {begin, std::clamp(end, begin, count), section.points};
      begin = parts_[i].end;
    }
  }
  const Part& part_of(int64_t tile) const {
    int i = 0;
    while (tile >= parts_[i].end) ++i;
    return parts_[i];
  }
  /// body(row, rows) for each panel that has position (row, column).
  template <class Body>
  void for_each_panel(int64_t row, int64_t column, const Body& body) const {
    for (const Part& part : parts_) {
      if (part.begin == part.end || !part.points.has(row, column)) continue;
      const EvenSplit panels = part.panels();
      for (int64_t i = 0; i < panels.groups; ++i) {
        body(part.begin + panels.begin(i), panels.size(i));
      }
    }
  }

  const int64_t first, count;

 private:
  Part parts_[TileGrid::kSections];
};

/// The blocks of a grid, each of about as many products as `most` whole tiles have, or fewer.
class TileBlocks {
 public:
  TileBlocks(const TileGrid& grid, int64_t most) : grid_(grid) {
    const int64_t of_tile = grid.section(0).products_of_tile();
    count_ = EvenSplit(grid.products(), most * of_tile).groups;
  }
  int64_t count() const { return count_; }
  TileBlock operator[](int64_t i) const { return {grid_, begin(i), begin(i + 1) - begin(i)}; }
  int64_t most_tiles() const {
    int64_t most = 0;
    for (int64_t i = 0; i < count_; ++i) most = std::max(most, begin(i + 1) - begin(i));
    return most;
  }

 private:
  int64_t begin(int64_t i) const { return grid_.tile_after(grid_.products() * i / count_); }
  TileGrid grid_;
  int64_t count_;
};

/// taps [count][9][width] of the panel of outputs from n on, for input channels from `channel` on.
template <int kOut>
void gather_taps(const Winograd<kOut>& conv, int64_t channel, int64_t count, int64_t n,
                 float* taps);

/// Row `row` of the positions of U for these: u[column * stride] is [count][width].
template <int kOut>
void transform_taps(const Winograd<kOut>& conv, const float* taps, int64_t count, int width,
                    int64_t row, float* u, int64_t stride);

/// U of the outputs [begin, end), which begin with a part, part by part. On all threads.
template <int kOut>
void transform_weights(const Winograd<kOut>& conv, int64_t begin, int64_t end, float* u);

/// V of `count` tiles of a block, from number `row` on.
template <int kOut>
void transform_inputs(const Winograd<kOut>& conv, const TileBlock& block, int64_t row,
                      int64_t count, float* v, int64_t stride);

/// Fetches what transform_inputs will read of line `line` of a tile and no tile before it has read.
template <int kOut>
void fetch_inputs(const Winograd<kOut>& conv, int64_t tile, int64_t line);

/// The results of `count` tiles of a block, from number `row` on: channels [begin, end), whole
/// panels.
template <int kOut>
void transform_outputs(const Winograd<kOut>& conv, const TileBlock& block, int64_t row,
                       int64_t count, const float* m, int64_t stride, int64_t begin, int64_t end);

/// Fetches what transform_outputs will write of line `line` of a tile.
template <int kOut>
void fetch_outputs(const Winograd<kOut>& conv, int64_t tile, int64_t line, int64_t begin,
                   int64_t end);

}  // namespace reel::cpu::REEL_ISA
