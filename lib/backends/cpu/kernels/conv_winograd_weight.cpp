#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/winograd_transforms.h>

// The weight gradient of a 3x3 convolution. Forward, y = A' [(G w G') * (B' x B)] A for each tile;
// w meets what that makes of x and y, so dw = G' [sum over the tiles of (A dy A') * (B' x B)] G,
// with a quarter of the multiplications of the sum over pixels. With V and D the transformed inputs
// and gradients, S[t] += V[t]' D[t] for each of the 36 positions t of a tile:
//
//   V [36][tiles][C]
//   D [36][O / 2L][tiles][2L]   panels of B
//   S [36][C][O]
//
// A block of tiles, the depth of these products, goes through at a time. S is four times the
// weight. That of a small one is summed by each task for itself, over tiles that it transforms
// itself, so that nothing of V and D comes from another core; a large one that a single block gives
// is made and transformed in parts, each in a core's L2.

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;

// The vector of [height, width, channels] pixels at (row, column); zeros outside.
Vec<float> pixel_at(const float* pixels, int64_t height, int64_t width, int64_t channels,
                    int64_t row, int64_t column, int64_t c, int lanes) {
  if (row < 0 || row >= height || column < 0 || column >= width) return broadcast(0.0f);
  const float* p = pixels + (row * width + column) * channels + c;
  return lanes == kL ? load(p) : load_n(p, lanes);
}

// All channels of one tile of inputs; v is its row.
void transform_tile(const ConvShape& shape, const TilePlace& place, const float* x, float* v,
                    int64_t stride) {
  const float* image = x + place.image * shape.height * shape.width * shape.channels;
  const int64_t top = place.row - shape.attrs.padding[0];
  const int64_t left = place.column - shape.attrs.padding[1];
  const bool inside =
      top >= 0 && left >= 0 && top + kTileIn <= shape.height && left + kTileIn <= shape.width;
  const int64_t line = shape.width * shape.channels, whole = shape.channels / kL * kL;
  const float* corner = image + top * line + left * shape.channels;
  int64_t c = 0;
  for (; inside && c < whole; c += kL) {
    transform_tile_input(
        [&](int i, int j) __attribute__((always_inline)) {
          return load(corner + i * line + j * shape.channels + c);
        },
        v + c, stride);
  }
  for (; c < shape.channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, shape.channels - c));
    transform_tile_input(
        [&](int i, int j) __attribute__((always_inline)) {
          return pixel_at(image, shape.height, shape.width, shape.channels, top + i, left + j, c,
                          lanes);
        },
        v + c, stride);
  }
}

// All outputs of one tile of gradients, number `row` of `tiles`: d[t * stride] = A dy A'.
void transform_tile_gradient(const ConvShape& shape, const TilePlace& place, const float* g,
                             int64_t row, int64_t tiles, float* d, int64_t stride) {
  const float* image = g + place.image * shape.out_height * shape.out_width * shape.outputs;
  const int64_t line = shape.out_width * shape.outputs;
  const float* corner = image + place.row * line + place.column * shape.outputs;
  const bool inside = place.row + kTileOut <= shape.out_height &&
                      place.column + kTileOut <= shape.out_width && shape.outputs % kL == 0;
  for (int64_t c = 0; c < shape.outputs; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, shape.outputs - c));
    Vec<float> half[kTileOut][kTileIn];  // [column][row], columns transformed
    for (int j = 0; j < kTileOut; ++j) {
      Vec<float> y[kTileOut];
      for (int i = 0; i < kTileOut; ++i) {
        y[i] = inside ? load(corner + i * line + j * shape.outputs + c)
                      : pixel_at(image, shape.out_height, shape.out_width, shape.outputs,
                                 place.row + i, place.column + j, c, lanes);
      }
      transform_output_adjoint(y, half[j]);
    }
    const int64_t n = c / kPanel * kPanel;
    const int64_t width = panel_vectors<float>(n, shape.outputs) * kL;
    float* to = d + n * tiles + row * width + (c - n);
    for (int i = 0; i < kTileIn; ++i) {
      const Vec<float> y[kTileOut] = {half[0][i], half[1][i], half[2][i], half[3][i]};
      Vec<float> m[kTileIn];
      transform_output_adjoint(y, m);
      for (int j = 0; j < kTileIn; ++j) store(to + (i * kTileIn + j) * stride, m[j]);
    }
  }
}

// dweight = G' S G for outputs [n, n + L) of channels [c, c_end), whose sums are rows of `width`
// from `sums` on; S may be the sum of several.
void transform_sums(const ConvShape& shape, const float* sums, int64_t width, int64_t stride,
                    int64_t c, int64_t c_end, int64_t n, const View& dweight,
                    Slices parts = {1, 0}) {
  const int lanes = static_cast<int>(std::min<int64_t>(kL, shape.outputs - n));
  for (; c < c_end; ++c, sums += width) {
    Vec<float> half[kTileIn][3];  // [column][tap row]
    for (int j = 0; j < kTileIn; ++j) {
      Vec<float> u[kTileIn];
      for (int i = 0; i < kTileIn; ++i) {
        const float* from = sums + (i * kTileIn + j) * stride;
        u[i] = load_n(from, lanes);
        for (int64_t part = 1; part < parts.count; ++part) {
          u[i] = u[i] + load_n(from + part * parts.stride, lanes);
        }
      }
      transform_weight_adjoint(u, half[j]);
    }
    float* to = dweight.as<float>() + n * dweight.strides[0] + c * dweight.strides[1];
    for (int i = 0; i < 3; ++i) {
      const Vec<float> u[kTileIn] = {half[0][i], half[1][i], half[2][i],
                                     half[3][i], half[4][i], half[5][i]};
      Vec<float> taps[3];
      transform_weight_adjoint(u, taps);
      for (int j = 0; j < 3; ++j) {
        alignas(64) float values[kL];
        store(values, taps[j]);
        float* tap = to + i * dweight.strides[2] + j * dweight.strides[3];
        for (int l = 0; l < lanes; ++l) tap[l * dweight.strides[0]] = values[l];
      }
    }
  }
}

// From so many on their parts occupy the threads, and all of S would not stay in L2.
bool has_many_weights(const ConvShape& shape) {
  return shape.channels * shape.outputs >= 128 * 128;
}

TileGrid grid_of(const ConvShape& shape) {
  return {shape.images, shape.out_height, shape.out_width};
}

// V and D of a block of tiles, and how to multiply them.
struct Transformed {
  const float *v, *d;
  int64_t tiles, channels, v_stride, d_stride;

  // Position t of S for `count` channels from m on and `width` outputs from n on, a whole panel
  // first.
  void multiply(int t, int64_t m, int64_t count, int64_t n, int64_t width, float* sums) const {
    const Matrix<const float> a{v + t * v_stride + m, 1, channels};
    const auto pack = [&](int64_t row, int64_t rows, int64_t k, int64_t depth, float* panel) {
      pack_rows<float>(PanelOrder::by_depth, a, row, rows, k, depth, panel);
    };
    multiply_tile<float>(
        PanelOrder::by_depth, count, width, tiles,
        blocks_of_rows<float>(PanelOrder::by_depth, count, pack),
        [&](int64_t, int64_t, int64_t column) { return d + t * d_stride + (n + column) * tiles; },
        {}, sums, width);
  }
};

// S and the weight's gradient, a part in L2 at a time.
void multiply_in_parts(const ConvShape& shape, const Transformed& block, const View& dweight) {
  const EvenSplit rows(shape.channels, 4 * kTileRows);
  constexpr int64_t kColumns = 2 * kPanel;
  const int64_t parts = EvenSplit(shape.outputs, kColumns).groups;
  parallel_for(0, rows.groups * parts, 1, [&](int64_t task, int64_t) {
    const int64_t m = rows.begin(task / parts), count = rows.size(task / parts);
    const int64_t n = task % parts * kColumns, width = std::min(kColumns, shape.outputs - n);
    const int64_t stride = position_stride(count * width);
    float* sums = scratch<float>(Slot::tile, kPositions * stride);
    for (int t = 0; t < kPositions; ++t) block.multiply(t, m, count, n, width, sums + t * stride);
    for (int64_t j = 0; j < width; j += kL) {
      transform_sums(shape, sums + j, width, stride, m, m + count, n + j, dweight);
    }
  });
}

// S of tiles [first, end), a few at a time: so many that to add to S costs little beside them.
void sum_tiles(const ConvShape& shape, const float* g, const float* x, int64_t first, int64_t end,
               float* sums, int64_t stride) {
  constexpr int64_t kTiles = 84;
  const TileGrid grid = grid_of(shape);
  const int64_t channels = padded_columns<float>(shape.channels);
  const int64_t v_stride = position_stride(kTiles * channels);
  const int64_t d_stride = position_stride(kTiles * padded_columns<float>(shape.outputs));
  float* v = scratch<float>(Slot::transform_in, kPositions * v_stride);
  float* d = scratch<float>(Slot::transform_out, kPositions * d_stride);
  const EvenSplit blocks(end - first, kTiles), rows(shape.channels, kTileRows);
  for (int64_t block = 0; block < blocks.groups; ++block) {
    const int64_t tiles = blocks.size(block);
    for (int64_t row = 0; row < tiles; ++row) {
      const TilePlace place(grid, first + blocks.begin(block) + row);
      transform_tile(shape, place, x, v + row * channels, v_stride);
      transform_tile_gradient(shape, place, g, row, tiles, d, d_stride);
    }
    const Run whole{0, tiles};
    for (int t = 0; t < kPositions; ++t) {
      for (int64_t n = 0; n < shape.outputs; n += kPanel) {
        const int vectors = panel_vectors<float>(n, shape.outputs);
        const auto width = static_cast<int>(std::min<int64_t>(shape.outputs - n, kPanel));
        for (int64_t i = 0; i < rows.groups; ++i) {
          strided_kernel<float>(static_cast<int>(rows.size(i)), vectors)(
              {v + t * v_stride + rows.begin(i), 1, channels, &whole, 1, tiles},
              d + t * d_stride + n * tiles, block == 0 ? zero_row<float>() : nullptr,
              sums + t * stride + rows.begin(i) * shape.outputs + n, shape.outputs, width);
        }
      }
    }
  }
}

// Of few weights. Every task's S is added up at the end: it gets enough tiles for that.
void sum_by_tiles(const ConvShape& shape, const float* g, const float* x, const View& dweight) {
  const int64_t count = grid_of(shape).count();
  const EvenSplit tasks(count, std::max<int64_t>(64, (count + kEnoughTasks - 1) / kEnoughTasks));
  const int64_t stride = position_stride(shape.channels * shape.outputs);
  const Storage memory = allocate_storage(
      sizeof(float) * static_cast<size_t>(tasks.groups * kPositions * stride), kCPU);
  auto* const sums = static_cast<float*>(memory->data());
  parallel_for(0, tasks.groups, 1, [&](int64_t task, int64_t) {
    const int64_t first = tasks.begin(task);
    sum_tiles(shape, g, x, first, first + tasks.size(task), sums + task * kPositions * stride,
              stride);
  });
  const Slices left = add_halves(sums, tasks.groups, kPositions * stride);
  const EvenSplit channels(shape.channels, 16);
  const int64_t vectors = (shape.outputs + kL - 1) / kL;
  parallel_for(0, vectors * channels.groups, 1, [&](int64_t task, int64_t) {
    const int64_t n = task / channels.groups * kL, c = channels.begin(task % channels.groups);
    transform_sums(shape, sums + c * shape.outputs + n, shape.outputs, stride, c,
                   c + channels.size(task % channels.groups), n, dweight, left);
  });
}

}  // namespace

int64_t winograd_tiles(const ConvShape& shape) { return grid_of(shape).count(); }

bool winograd_weight_grad_saves(const ConvShape& shape) {
  return winograd_tiles(shape) >= (has_many_weights(shape) ? 16 : 48);
}

void conv_winograd_weight_grad(const ConvShape& shape, const float* g, const float* x,
                               const View& dweight) {
  if (!has_many_weights(shape)) return sum_by_tiles(shape, g, x, dweight);
  const TileGrid grid = grid_of(shape);
  const EvenSplit blocks(grid.count(), kBlockDepth);
  const int64_t channels = padded_columns<float>(shape.channels);
  const int64_t v_stride = position_stride(blocks.size(0) * channels);
  const int64_t d_stride = position_stride(blocks.size(0) * padded_columns<float>(shape.outputs));
  const bool in_parts = blocks.groups == 1;
  const int64_t s_stride = position_stride(in_parts ? 0 : shape.channels * shape.outputs);
  const int64_t floats = kPositions * (v_stride + d_stride + s_stride);
  const Storage memory = allocate_storage(sizeof(float) * static_cast<size_t>(floats), kCPU);
  float* v = static_cast<float*>(memory->data());
  float* d = v + kPositions * v_stride;
  float* sums = d + kPositions * d_stride;
  const EvenSplit rows(shape.channels, 8 * kTileRows);
  for (int64_t block = 0; block < blocks.groups; ++block) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    parallel_for(0, tiles, 4, [&](int64_t row, int64_t end) {
      for (; row < end; ++row) {
        const TilePlace place(grid, first + row);
        transform_tile(shape, place, x, v + row * channels, v_stride);
        transform_tile_gradient(shape, place, g, row, tiles, d, d_stride);
      }
    });
    const Transformed transformed{v, d, tiles, channels, v_stride, d_stride};
    if (in_parts) return multiply_in_parts(shape, transformed, dweight);
    parallel_for(0, kPositions * rows.groups, 1, [&](int64_t task, int64_t) {
      const auto t = static_cast<int>(task / rows.groups);
      const int64_t m = rows.begin(task % rows.groups), count = rows.size(task % rows.groups);
      float* sum = sums + t * s_stride + m * shape.outputs;
      // Each block is added up for itself: sums of sums lose fewer digits than one long sum.
      float* c = block == 0 ? sum : scratch<float>(Slot::tile, count * shape.outputs);
      transformed.multiply(t, m, count, 0, shape.outputs, c);
      if (block == 0) return;
      for (int64_t i = 0; i < count * shape.outputs; ++i) sum[i] += c[i];
    });
  }
  parallel_for(0, (shape.outputs + kL - 1) / kL, 1, [&](int64_t vector, int64_t) {
    const int64_t n = vector * kL;
    transform_sums(shape, sums + n, shape.outputs, s_stride, 0, shape.channels, n, dweight);
  });
}

}  // namespace reel::cpu::REEL_ISA
