#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/winograd_transforms.h>
#include <reel/backends/cpu/weight_cache.h>

// 3x3 convolution by Winograd's F(4x4, 3x3). With U, V, M the transformed weights, inputs and
// outputs, M[t] = V[t] U[t] for each of the 36 positions t of a transformed tile:
//
//   U [36][O / 2L][C][2L]       panels of B
//   V [36][tiles / R][C / L][R][L]   panels of A, in the order by_vector
//   M [36][O / 2L][tiles][2L]
//
// A block of tiles goes through all three steps on one thread while it is in that core's L2, and
// meanwhile streams U from L3 ("blocked"). Where U is too large for that, the steps are separate
// and every part of U is read once ("staged").

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;

struct Winograd {
  int64_t images, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  std::array<int64_t, 2> padding;
  const float* x;
  const float* u;
  const float* bias;
  float* y;

  int64_t tiles_down() const { return (out_height + kTileOut - 1) / kTileOut; }
  int64_t tiles_across() const { return (out_width + kTileOut - 1) / kTileOut; }
  int64_t tiles() const { return images * tiles_down() * tiles_across(); }
  int64_t in_padded() const { return padded_columns<float>(in_channels); }
  int64_t out_padded() const { return padded_columns<float>(out_channels); }
};

// Floats between the positions of a transformed array of `count` values: an odd number of cache
// lines, since the 36 positions of a tile are written together and must not share cache sets.
int64_t position_stride(int64_t count) { return ((count + 15) / 16 | 1) * 16; }

int64_t u_size(int64_t in_channels, int64_t out_channels) {
  return kPositions * position_stride(padded_columns<float>(out_channels) * in_channels);
}

// Where a tile lies: its image and its first output pixel.
struct TilePlace {
  int64_t image, row, column;
  TilePlace(const Winograd& conv, int64_t tile)
      : image(tile / (conv.tiles_down() * conv.tiles_across())),
        row(tile / conv.tiles_across() % conv.tiles_down() * kTileOut),
        column(tile % conv.tiles_across() * kTileOut) {}
};

// U from the weight of the forward convolution, or of its input gradient: that is a convolution
// with the weight turned by 180 degrees and inputs and outputs swapped. In double, because every
// error made here is in all outputs.
void transform_weights(const Weight<float>& weight, bool input_grad, int64_t in_channels,
                       int64_t out_channels, float* u) {
  constexpr int kD = kLanes<double>;
  const int64_t stride = position_stride(padded_columns<float>(out_channels) * in_channels);
  const int64_t panels = EvenSplit(out_channels, kPanel).groups;
  parallel_for(0, panels * in_channels, 64, [&](int64_t task, int64_t task_end) {
    for (; task < task_end; ++task) {
      const int64_t n = task / in_channels * kPanel, c = task % in_channels;
      const int64_t width = panel_vectors<float>(n, out_channels) * kL;
      alignas(64) double taps[3][3][kPanel] = {};
      for (int64_t j = 0; j < std::min<int64_t>(kPanel, out_channels - n); ++j) {
        for (int row = 0; row < 3; ++row) {
          for (int column = 0; column < 3; ++column) {
            taps[row][column][j] = input_grad ? *weight.at(c, n + j, 2 - row, 2 - column)
                                              : *weight.at(n + j, c, row, column);
          }
        }
      }
      float* out = u + n * in_channels + c * width;
      for (int64_t j = 0; j < width; j += kD) {
        Vec<double> columns[3][6];
        for (int column = 0; column < 3; ++column) {
          const Vec<double> g[3] = {load(&taps[0][column][j]), load(&taps[1][column][j]),
                                    load(&taps[2][column][j])};
          transform_weight(g, columns[column]);
        }
        for (int row = 0; row < 6; ++row) {
          const Vec<double> g[3] = {columns[0][row], columns[1][row], columns[2][row]};
          Vec<double> values[6];
          transform_weight(g, values);
          for (int column = 0; column < 6; ++column) {
            alignas(64) double lanes[kD];
            store(lanes, values[column]);
            float* to = out + (row * kTileIn + column) * stride + j;
            for (int l = 0; l < kD; ++l) to[l] = static_cast<float>(lanes[l]);
          }
        }
      }
    }
  });
}

// One tile, L channels: v[t * stride] = B' d B for the 6x6 vectors that pixel(row, column) gives.
template <class Pixel>
[[gnu::always_inline]] inline void transform_tile_input(const Pixel& pixel, float* v,
                                                        int64_t stride) {
  Vec<float> half[6][6];  // [column][row], columns transformed
  for (int column = 0; column < 6; ++column) {
    const Vec<float> d[6] = {pixel(0, column), pixel(1, column), pixel(2, column),
                             pixel(3, column), pixel(4, column), pixel(5, column)};
    transform_input(d, half[column]);
  }
  for (int row = 0; row < 6; ++row) {
    const Vec<float> d[6] = {half[0][row], half[1][row], half[2][row],
                             half[3][row], half[4][row], half[5][row]};
    Vec<float> values[6];
    transform_input(d, values);
    for (int column = 0; column < 6; ++column) {
      store(v + (row * kTileIn + column) * stride, values[column]);
    }
  }
}

// The pixels that the tile after the next adds to the next one: memory takes about as long to
// bring them as two tiles take to be transformed.
constexpr int kAhead = 2 * kTileOut + kTileIn - kTileOut;

// All channels of one tile. v is its row in the panel; vectors of a row are `rows` vectors apart.
void transform_input_tile(const Winograd& conv, int64_t tile, float* v, int64_t rows,
                          int64_t stride) {
  const TilePlace place(conv, tile);
  const int64_t channels = conv.in_channels, line = conv.in_width * channels;
  const int64_t top = place.row - conv.padding[0], left = place.column - conv.padding[1];
  const float* corner =
      conv.x + ((place.image * conv.in_height + top) * conv.in_width + left) * channels;
  const bool inside =
      top >= 0 && left >= 0 && top + kTileIn <= conv.in_height && left + kTileIn <= conv.in_width;
  const int64_t whole = inside ? channels / kL * kL : 0;
  int64_t c = 0;
  for (; c < whole; c += kL, v += rows * kL) {
    for (int row = 0; row < kTileIn; ++row) {
      for (int column = 0; column < kTileOut; ++column) {
        __builtin_prefetch(corner + row * line + (kAhead + column) * channels + c);
      }
    }
    transform_tile_input(
        [&](int row, int column) __attribute__((always_inline)) {
          return load(corner + row * line + column * channels + c);
        },
        v, stride);
  }
  for (; c < channels; c += kL, v += rows * kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    transform_tile_input(
        [&](int row, int column) {
          const bool valid = top + row >= 0 && top + row < conv.in_height && left + column >= 0 &&
                             left + column < conv.in_width;
          const float* p = corner + row * line + column * channels + c;
          if (!valid) return broadcast(0.0f);
          return lanes == kL ? load(p) : load_n(p, lanes);
        },
        v, stride);
  }
}

// One tile, L channels of the output: y = A' m A + bias, written through put(row, column, value).
template <class Put>
[[gnu::always_inline]] inline void transform_tile_output(const float* m, int64_t stride,
                                                         const Vec<float>& bias, const Put& put) {
  Vec<float> half[6][4];  // [column][row], columns transformed
  for (int column = 0; column < 6; ++column) {
    Vec<float> values[6];
    for (int row = 0; row < 6; ++row) values[row] = load(m + (row * kTileIn + column) * stride);
    transform_output(values, half[column]);
  }
  for (int row = 0; row < kTileOut; ++row) {
    const Vec<float> values[6] = {half[0][row], half[1][row], half[2][row],
                                  half[3][row], half[4][row], half[5][row]};
    Vec<float> y[4];
    transform_output(values, y);
    for (int column = 0; column < kTileOut; ++column) put(row, column, y[column] + bias);
  }
}

// All channels of one tile, number `row` of the `tiles` in m.
void transform_output_tile(const Winograd& conv, int64_t tile, const float* m, int64_t row,
                           int64_t tiles, int64_t stride) {
  const TilePlace place(conv, tile);
  const int64_t channels = conv.out_channels, line = conv.out_width * channels;
  float* corner =
      conv.y +
      ((place.image * conv.out_height + place.row) * conv.out_width + place.column) * channels;
  const auto rows = static_cast<int>(std::min<int64_t>(kTileOut, conv.out_height - place.row));
  const auto columns = static_cast<int>(std::min<int64_t>(kTileOut, conv.out_width - place.column));
  for (int64_t c = 0; c < channels; c += kL) {
    const int64_t n = c / kPanel * kPanel;
    const int64_t width = panel_vectors<float>(n, channels) * kL;
    const float* from = m + n * tiles + row * width + (c - n);
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    const Vec<float> bias = conv.bias != nullptr ? load_n(conv.bias + c, lanes) : broadcast(0.0f);
    if (rows == kTileOut && columns == kTileOut && lanes == kL) {
      transform_tile_output(
          from, stride,
          bias, [&](int i, int j, const Vec<float>& value) __attribute__((always_inline)) {
            store(corner + i * line + j * channels + c, value);
          });
    } else {
      transform_tile_output(from, stride, bias, [&](int i, int j, const Vec<float>& value) {
        if (i < rows && j < columns) store_n(corner + i * line + j * channels + c, value, lanes);
      });
    }
  }
}

// M[t] = V[t] U[t] for `tiles` rows and the panels of columns [n, n_end).
void multiply_position(const Winograd& conv, int position, int64_t tiles, const float* v,
                       int64_t v_stride, float* m, int64_t m_stride, int64_t n, int64_t n_end) {
  const EvenSplit split(tiles, kTileRows);
  const float* u = conv.u + position * position_stride(conv.out_padded() * conv.in_channels);
  v += position * v_stride;
  m += position * m_stride;
  for (; n < n_end; n += kPanel) {
    const int vectors = panel_vectors<float>(n, conv.out_channels);
    const int width = vectors * kL;
    for (int64_t i = 0; i < split.groups; ++i) {
      const auto rows = static_cast<int>(split.size(i));
      micro_kernel<float>(PanelOrder::by_vector, rows, vectors)(
          conv.in_channels, v + split.begin(i) * conv.in_padded(), u + n * conv.in_channels,
          zero_row<float>(), 0, m + n * tiles + split.begin(i) * width, width, width);
    }
  }
}

// V of the tiles [first, first + tiles), or of those of them in panels [panel, panel_end).
void transform_inputs(const Winograd& conv, int64_t first, int64_t tiles, int64_t panel,
                      int64_t panel_end, float* v, int64_t v_stride) {
  const EvenSplit split(tiles, kTileRows);
  for (; panel < panel_end; ++panel) {
    float* rows = v + split.begin(panel) * conv.in_padded();
    for (int64_t r = 0; r < split.size(panel); ++r) {
      transform_input_tile(conv, first + split.begin(panel) + r, rows + r * kL, split.size(panel),
                           v_stride);
    }
  }
}

void run_blocked(const Winograd& conv, int64_t block_tiles) {
  const EvenSplit blocks(conv.tiles(), block_tiles);
  parallel_for(0, blocks.groups, 1, [&](int64_t block, int64_t) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    const int64_t v_stride = position_stride(tiles * conv.in_padded());
    const int64_t m_stride = position_stride(tiles * conv.out_padded());
    float* v = scratch<float>(Slot::transform_in, kPositions * v_stride);
    float* m = scratch<float>(Slot::transform_out, kPositions * m_stride);
    transform_inputs(conv, first, tiles, 0, EvenSplit(tiles, kTileRows).groups, v, v_stride);
    for (int t = 0; t < kPositions; ++t) {
      multiply_position(conv, t, tiles, v, v_stride, m, m_stride, 0, conv.out_channels);
    }
    for (int64_t i = 0; i < tiles; ++i) {
      transform_output_tile(conv, first + i, m, i, tiles, m_stride);
    }
  });
}

void run_staged(const Winograd& conv, int64_t block_tiles) {
  const EvenSplit blocks(conv.tiles(), block_tiles);
  const int64_t v_stride = position_stride(blocks.size(0) * conv.in_padded());
  const int64_t m_stride = position_stride(blocks.size(0) * conv.out_padded());
  const auto bytes = static_cast<size_t>(kPositions * (v_stride + m_stride)) * sizeof(float);
  const Storage transformed = allocate_storage(bytes, kCPU);
  float* v = static_cast<float*>(transformed->data());
  float* m = v + kPositions * v_stride;
  // A part of a position's columns: few enough that there are tasks for many threads.
  constexpr int64_t kPart = 4 * kPanel;
  const int64_t parts = EvenSplit(conv.out_channels, kPart).groups;
  for (int64_t block = 0; block < blocks.groups; ++block) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    parallel_for(0, EvenSplit(tiles, kTileRows).groups, 1, [&](int64_t panel, int64_t panel_end) {
      transform_inputs(conv, first, tiles, panel, panel_end, v, v_stride);
    });
    parallel_for(0, kPositions * parts, 1, [&](int64_t task, int64_t) {
      const int64_t n = task % parts * kPart;
      multiply_position(conv, static_cast<int>(task / parts), tiles, v, v_stride, m, m_stride, n,
                        std::min(n + kPart, conv.out_channels));
    });
    parallel_for(0, tiles, 2, [&](int64_t i, int64_t end) {
      for (; i < end; ++i) transform_output_tile(conv, first + i, m, i, tiles, m_stride);
    });
  }
}

void run(const Winograd& conv) {
  // V and M of a block: what a core's L2 holds beside a panel of U.
  constexpr int64_t kBlockBytes = 768 << 10;
  const int64_t tile_bytes = kPositions * 4 * (conv.in_padded() + conv.out_padded());
  const int64_t u_bytes = 4 * u_size(conv.in_channels, conv.out_channels);
  if (u_bytes <= (12 << 20)) {
    const int64_t fitting = std::max<int64_t>(kBlockBytes / tile_bytes / kTileRows, 1) * kTileRows;
    const int64_t shared = std::max<int64_t>(conv.tiles() / kEnoughTasks, kTileRows);
    run_blocked(conv, std::min(fitting, shared));
  } else {
    run_staged(conv, 20 * kTileRows);
  }
}

Storage transformed_weight(const View& view, WeightForm form) {
  const bool input_grad = form == WeightForm::input_grad_winograd;
  const WeightKey key(form, view);
  const WeightStamp stamp(view);
  Storage u = find_packed_weight(view, key, stamp);
  if (u) return u;
  const int64_t in_channels = view.sizes[input_grad ? 0 : 1];
  const int64_t out_channels = view.sizes[input_grad ? 1 : 0];
  u = allocate_storage(sizeof(float) * static_cast<size_t>(u_size(in_channels, out_channels)),
                       kCPU);
  transform_weights(weight_of<float>(view), input_grad, in_channels, out_channels,
                    static_cast<float*>(u->data()));
  keep_packed_weight(view, key, stamp, u);
  return u;
}

}  // namespace

void conv_winograd(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                   float* y) {
  const Storage u = transformed_weight(weight, WeightForm::forward_winograd);
  run({shape.images, shape.height, shape.width, shape.channels, shape.out_height, shape.out_width,
       shape.outputs, shape.attrs.padding, x, static_cast<const float*>(u->data()), bias, y});
}

void conv_winograd_input_grad(const ConvShape& shape, const float* g, const View& weight,
                              float* dx) {
  const Storage u = transformed_weight(weight, WeightForm::input_grad_winograd);
  const auto& padding = shape.attrs.padding;
  run({shape.images,
       shape.out_height,
       shape.out_width,
       shape.outputs,
       shape.height,
       shape.width,
       shape.channels,
       {2 - padding[0], 2 - padding[1]},
       g,
       static_cast<const float*>(u->data()),
       nullptr,
       dx});
}

}  // namespace reel::cpu::REEL_ISA
