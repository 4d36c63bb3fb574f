#include <cstring>

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/winograd_transforms.h>
#include <reel/backends/cpu/weight_cache.h>

// 3x3 convolution by Winograd's F(4x4, 3x3). With U, V, M the transformed weights, inputs and
// outputs, M[t] = V[t] U[t] for each of the 36 positions t of a transformed tile:
//
//   U [O / P][36][P / 2L][C][2L]     panels of B, for parts of P outputs
//   V [36][tiles / R][C / L][R][L]   panels of A, in the order by_vector
//   M [36][P / 2L][tiles][2L]
//
// A block of tiles goes through all three steps on one thread while it is in that core's L2, and
// meanwhile streams U from L3 ("blocked"). Where U is too large for that, the steps are separate
// ("staged"): first all of V; then M and the results for a part of the outputs at a time, and if U,
// four times the weight, is not kept as a whole, that part of U, which does not leave L3.

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;
// Outputs that are multiplied at a time, so that their M is small.
constexpr int64_t kPart = 4 * kPanel;

struct Winograd {
  int64_t images, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  std::array<int64_t, 2> padding;
  Weight<float> weight;
  bool input_grad;
  const float* x;
  const float* bias;
  float* y;
  Gate<float> gate;   // of x, if that is a gradient
  Epilogue epilogue;  // of y

  TileGrid grid() const { return {images, out_height, out_width}; }
  int64_t in_padded() const { return padded_columns<float>(in_channels); }
  int64_t out_padded() const { return padded_columns<float>(out_channels); }
  int64_t part() const { return std::min(kPart, out_padded()); }
  int64_t u_stride() const { return position_stride(part() * in_channels); }
  int64_t u_part_size() const { return kPositions * u_stride(); }
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

// The parts of the outputs [n, end).
template <class Body>
void for_each_part(const Winograd& conv, int64_t n, int64_t end, const Body& body) {
  for (; n < end; n += conv.part()) body(n, std::min(n + conv.part(), end));
}

// taps [count][9][width] of the panel of outputs from n on, for input channels from `channel` on.
// The input gradient is a convolution with the weight turned by 180 degrees (which transform_taps
// does) and inputs and outputs swapped.
void gather_taps(const Winograd& conv, int64_t channel, int64_t count, int64_t n, float* taps) {
  const Weight<float>& w = conv.weight;
  const int64_t columns = std::min<int64_t>(kPanel, conv.out_channels - n);
  const int vectors = panel_vectors<float>(n, conv.out_channels);
  const int64_t tap_stride = w.column_stride;
  const int64_t channel_stride = conv.input_grad ? w.output_stride : w.channel_stride;
  const int64_t n_stride = conv.input_grad ? w.channel_stride : w.output_stride;
  const float* first = w.data + channel * channel_stride + n * n_stride;
  // Channels or rows that follow each other in memory are copied in one.
  const bool rows_follow = w.row_stride == 3 * tap_stride;
  const bool channels_follow = rows_follow && channel_stride == 9 * tap_stride;
  const int64_t depth = channels_follow ? 9 * count : rows_follow ? 9 : 3;
  for (int64_t part = 0; part * depth < 9 * count; ++part) {
    const float* from = rows_follow ? first + part * channel_stride
                                    : first + part / 3 * channel_stride + part % 3 * w.row_stride;
    pack_columns<float>({from, tap_stride, n_stride}, 0, columns, vectors, 0, depth,
                        taps + part * depth * vectors * kL);
  }
}

// u[column * stride] = positions (row, column) of G g G' for a panel's taps [9][width].
void transform_taps(const Winograd& conv, const float* taps, int width, int row, float* u,
                    int64_t stride) {
  for (int lane = 0; lane < width; lane += kL) {
    const auto tap = [&](int i, int j) {
      const int at = i * 3 + j;
      return load(taps + (conv.input_grad ? 8 - at : at) * width + lane);
    };
    Vec<float> columns[3];
    for (int j = 0; j < 3; ++j) {
      const Vec<float> g[3] = {tap(0, j), tap(1, j), tap(2, j)};
      columns[j] = transform_weight(g, row);
    }
    for (int j = 0; j < 6; ++j) store(u + j * stride + lane, transform_weight(columns, j));
  }
}

// U of the outputs [begin, end), a part.
void transform_weights(const Winograd& conv, int64_t begin, int64_t end, float* u) {
  const int64_t stride = conv.u_stride();
  constexpr int64_t kChannels = 16;  // of a task
  const int64_t panels = EvenSplit(end - begin, kPanel).groups;
  const int64_t groups = EvenSplit(conv.in_channels, kChannels).groups;
  parallel_for(0, panels * groups, 1, [&](int64_t task, int64_t) {
    const int64_t n = begin + task / groups * kPanel, first = task % groups * kChannels;
    const int64_t count = std::min(kChannels, conv.in_channels - first);
    const int width = panel_vectors<float>(n, conv.out_channels) * kL;
    alignas(64) float taps[kChannels * 9 * kPanel];
    gather_taps(conv, first, count, n, taps);
    for (int64_t c = 0; c < count; ++c) {
      for (int row = 0; row < kTileIn; ++row) {
        float* to = u + row * kTileIn * stride + (n - begin) * conv.in_channels;
        transform_taps(conv, taps + c * 9 * width, width, row, to + (first + c) * width, stride);
      }
    }
  });
}

// The pixels that the tile after the next adds to the next one: memory takes about as long to
// bring them as two tiles take to be transformed.
constexpr int kAhead = 2 * kTileOut + kTileIn - kTileOut;

// The pixels of a tile of gradients that come out of pooling: each is the value of its window where
// it was the winner, else 0.
class UnpooledTile {
 public:
  UnpooledTile(const Winograd& conv, int64_t image, int64_t top, int64_t left) {
    const int64_t height = conv.in_height / 2, width = conv.in_width / 2;
    for (int i = 0; i < kTileIn; ++i) {
      // Rounded down: -1 lies in window -1, which is outside.
      const int64_t row = (top + i) >> 1, column = (left + i) >> 1;
      rows_[i] =
          row < 0 || row >= height ? -1 : ((image * height + row) * width) * conv.in_channels;
      columns_[i] = column < 0 || column >= width ? -1 : column * conv.in_channels;
      row_numbers_[i] = static_cast<uint8_t>(((top + i) & 1) * 2);
      column_numbers_[i] = static_cast<uint8_t>((left + i) & 1);
    }
    values_ = conv.x;
    winners_ = conv.gate.winners;
  }
  Vec<float> operator()(int row, int column, int64_t c, int lanes) const {
    if ((rows_[row] | columns_[column]) < 0) return broadcast(0.0f);
    const int64_t at = rows_[row] + columns_[column] + c;
    const auto number = static_cast<uint8_t>(row_numbers_[row] + column_numbers_[column]);
    return load_where_equal(values_ + at, winners_ + at, number, lanes);
  }

 private:
  const float* values_;
  const uint8_t* winners_;
  int64_t rows_[kTileIn], columns_[kTileIn];  // offsets; -1 outside
  uint8_t row_numbers_[kTileIn], column_numbers_[kTileIn];
};

// All channels of one tile. v is its row in the panel; vectors of a row are `rows` vectors apart.
void transform_unpooled_tile(const Winograd& conv, int64_t tile, float* v, int64_t rows,
                             int64_t stride) {
  const TilePlace place(conv.grid(), tile);
  const UnpooledTile pixels(conv, place.image, place.row - conv.padding[0],
                            place.column - conv.padding[1]);
  for (int64_t c = 0; c < conv.in_channels; c += kL, v += rows * kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, conv.in_channels - c));
    transform_tile_input(
        [&](int row, int column)
            __attribute__((always_inline)) { return pixels(row, column, c, lanes); },
        v, stride);
  }
}

template <bool kGated>
void transform_input_tile(const Winograd& conv, int64_t tile, float* v, int64_t rows,
                          int64_t stride) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.in_channels, line = conv.in_width * channels;
  const int64_t top = place.row - conv.padding[0], left = place.column - conv.padding[1];
  const int64_t corner_at =
      ((place.image * conv.in_height + top) * conv.in_width + left) * channels;
  const float* corner = conv.x + corner_at;
  const float* passed = kGated ? conv.gate.y + corner_at : nullptr;
  const bool inside =
      top >= 0 && left >= 0 && top + kTileIn <= conv.in_height && left + kTileIn <= conv.in_width;
  const int64_t whole = inside ? channels / kL * kL : 0;
  int64_t c = 0;
  for (; c < whole; c += kL, v += rows * kL) {
    for (int row = 0; row < kTileIn; ++row) {
      for (int column = 0; column < kTileOut; ++column) {
        const int64_t next = row * line + (kAhead + column) * channels + c;
        __builtin_prefetch(corner + next);
        if constexpr (kGated) __builtin_prefetch(passed + next);
      }
    }
    transform_tile_input(
        [&](int row, int column) __attribute__((always_inline)) {
          const int64_t at = row * line + column * channels + c;
          const Vec<float> value = load(corner + at);
          if constexpr (!kGated) return value;
          return select(load(passed + at) > broadcast(0.0f), value, broadcast(0.0f));
        },
        v, stride);
  }
  for (; c < channels; c += kL, v += rows * kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    transform_tile_input(
        [&](int row, int column) {
          const bool valid = top + row >= 0 && top + row < conv.in_height && left + column >= 0 &&
                             left + column < conv.in_width;
          const int64_t at = row * line + column * channels + c;
          if (!valid) return broadcast(0.0f);
          const Vec<float> value = load_n(corner + at, lanes);
          if constexpr (!kGated) return value;
          return select(load_n(passed + at, lanes) > broadcast(0.0f), value, broadcast(0.0f));
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

Vec<float> relu(const Vec<float>& v) { return select(v < broadcast(0.0f), broadcast(0.0f), v); }

// The windows of one tile, L channels, pooled: PyTorch's rule is that a later value wins if it is
// greater or NaN.
void pool_tile(const Vec<float> (&y)[kTileOut][kTileOut], int rows, int columns, int64_t line,
               int64_t channels, int lanes, float* values, uint8_t* winners) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      Vec<float> best = y[2 * i][2 * j], winner = broadcast(0.0f);
      for (int k = 1; k < 4; ++k) {
        const Vec<float>& value = y[2 * i + k / 2][2 * j + k % 2];
        const Mask<float> wins = (value > best) | is_nan(value);
        best = select(wins, value, best);
        winner = select(wins, broadcast(static_cast<float>(k)), winner);
      }
      constexpr float kNone = ops::Conv2dReluPool::kNoWinner;
      winner = select(best > broadcast(0.0f), winner, broadcast(kNone));
      const int64_t at = i * line + j * channels;
      store_n(values + at, relu(best), lanes);
      alignas(64) float numbers[kL];
      alignas(64) uint8_t bytes[kL];
      store(numbers, winner);
      for (int l = 0; l < kL; ++l) bytes[l] = static_cast<uint8_t>(static_cast<int>(numbers[l]));
      std::memcpy(winners + at, bytes, static_cast<size_t>(lanes));
    }
  }
}

// As transform_output_tile, of which only the pooled values are written.
void transform_pooled_tile(const Winograd& conv, int64_t tile, const float* m, int64_t row,
                           int64_t tiles, int64_t stride, int64_t begin, int64_t end) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.out_channels;
  const int64_t height = conv.out_height / 2, width = conv.out_width / 2;
  const int64_t corner =
      ((place.image * height + place.row / 2) * width + place.column / 2) * channels;
  const auto rows = static_cast<int>(std::min<int64_t>(kTileOut / 2, height - place.row / 2));
  const auto columns = static_cast<int>(std::min<int64_t>(kTileOut / 2, width - place.column / 2));
  for (int64_t c = begin; c < end; c += kL) {
    const int64_t n = c / kPanel * kPanel;
    const int64_t panel = panel_vectors<float>(n, channels) * kL;
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    const Vec<float> bias = conv.bias != nullptr ? load_n(conv.bias + c, lanes) : broadcast(0.0f);
    Vec<float> y[kTileOut][kTileOut];
    transform_tile_output(
        m + (n - begin) * tiles + row * panel + (c - n), stride,
        bias, [&](int i, int j, const Vec<float>& value) __attribute__((always_inline)) {
          y[i][j] = value;
        });
    pool_tile(y, rows, columns, width * channels, channels, lanes, conv.y + corner + c,
              conv.epilogue.winners + corner + c);
  }
}

// Channels [begin, end), whole panels, of one tile, which is number `row` of the `tiles` in m.
template <bool kRelu>
void transform_output_tile(const Winograd& conv, int64_t tile, const float* m, int64_t row,
                           int64_t tiles, int64_t stride, int64_t begin, int64_t end) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.out_channels, line = conv.out_width * channels;
  float* corner =
      conv.y +
      ((place.image * conv.out_height + place.row) * conv.out_width + place.column) * channels;
  const auto rows = static_cast<int>(std::min<int64_t>(kTileOut, conv.out_height - place.row));
  const auto columns = static_cast<int>(std::min<int64_t>(kTileOut, conv.out_width - place.column));
  for (int64_t c = begin; c < end; c += kL) {
    const int64_t n = c / kPanel * kPanel;
    const int64_t width = panel_vectors<float>(n, channels) * kL;
    const float* from = m + (n - begin) * tiles + row * width + (c - n);
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    const Vec<float> bias = conv.bias != nullptr ? load_n(conv.bias + c, lanes) : broadcast(0.0f);
    if (rows == kTileOut && columns == kTileOut && lanes == kL) {
      transform_tile_output(
          from, stride,
          bias, [&](int i, int j, const Vec<float>& value) __attribute__((always_inline)) {
            store(corner + i * line + j * channels + c, kRelu ? relu(value) : value);
          });
    } else {
      transform_tile_output(from, stride, bias, [&](int i, int j, const Vec<float>& value) {
        if (i >= rows || j >= columns) return;
        store_n(corner + i * line + j * channels + c, kRelu ? relu(value) : value, lanes);
      });
    }
  }
}

// The results of `count` tiles, number `row` and on of the `tiles` in m.
void transform_outputs(const Winograd& conv, int64_t first, int64_t row, int64_t count,
                       const float* m, int64_t tiles, int64_t stride, int64_t begin, int64_t end) {
  const auto transform = conv.epilogue.winners != nullptr ? transform_pooled_tile
                         : conv.epilogue.relu             ? transform_output_tile<true>
                                                          : transform_output_tile<false>;
  for (; count > 0; --count, ++row) transform(conv, first + row, m, row, tiles, stride, begin, end);
}

// One position, outputs [begin, end): m = v u.
void multiply_position(const Winograd& conv, int64_t tiles, const float* v, const float* u,
                       float* m, int64_t begin, int64_t end) {
  const EvenSplit split(tiles, kTileRows);
  for (int64_t n = begin; n < end; n += kPanel, u += kPanel * conv.in_channels) {
    const int vectors = panel_vectors<float>(n, conv.out_channels), width = vectors * kL;
    for (int64_t k = 0; k < conv.in_channels; k += kBlockDepth) {
      const int64_t depth = std::min(kBlockDepth, conv.in_channels - k);
      for (int64_t i = 0; i < split.groups; ++i) {
        const auto rows = static_cast<int>(split.size(i));
        const int64_t row = split.begin(i);
        float* to = m + (n - begin) * tiles + row * width;
        micro_kernel<float>(rows, vectors)(depth, v + row * conv.in_padded() + k * rows,
                                           u + k * width, k == 0 ? zero_row<float>() : to,
                                           k == 0 ? 0 : width, to, width, width);
      }
    }
  }
}

// V of the tiles [first, first + tiles), or of those of them in panels [panel, panel_end).
void transform_inputs(const Winograd& conv, int64_t first, int64_t tiles, int64_t panel,
                      int64_t panel_end, float* v, int64_t v_stride) {
  const EvenSplit split(tiles, kTileRows);
  const auto transform = conv.gate.winners != nullptr ? transform_unpooled_tile
                         : conv.gate.y != nullptr     ? transform_input_tile<true>
                                                      : transform_input_tile<false>;
  for (; panel < panel_end; ++panel) {
    float* rows = v + split.begin(panel) * conv.in_padded();
    for (int64_t r = 0; r < split.size(panel); ++r) {
      transform(conv, first + split.begin(panel) + r, rows + r * kL, split.size(panel), v_stride);
    }
  }
}

// V of a block of tiles stays in this core's L2 while U streams by.
void run_blocked(const Winograd& conv, const float* u, int64_t block_tiles) {
  const EvenSplit blocks(conv.grid().count(), block_tiles);
  parallel_for(0, blocks.groups, 1, [&](int64_t block, int64_t) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    const int64_t v_stride = position_stride(tiles * conv.in_padded());
    const int64_t m_stride = position_stride(tiles * conv.part());
    float* v = scratch<float>(Slot::transform_in, kPositions * v_stride);
    float* m = scratch<float>(Slot::transform_out, kPositions * m_stride);
    transform_inputs(conv, first, tiles, 0, EvenSplit(tiles, kTileRows).groups, v, v_stride);
    for_each_part(conv, 0, conv.out_channels, [&](int64_t n, int64_t n_end) {
      for (int t = 0; t < kPositions; ++t) {
        multiply_position(conv, tiles, v + t * v_stride, conv.part_of(u, n) + t * conv.u_stride(),
                          m + t * m_stride, n, n_end);
      }
      transform_outputs(conv, first, 0, tiles, m, tiles, m_stride, n, n_end);
    });
  });
}

// With a whole U, V of a position is read once for all outputs; without, U is made a part at a
// time.
void run_staged(const Winograd& conv, const float* whole_u) {
  constexpr int64_t kStageTiles = 20 * kTileRows;
  const int64_t outputs = whole_u != nullptr ? conv.out_padded() : conv.part();
  const EvenSplit blocks(conv.grid().count(), kStageTiles);
  const int64_t v_stride = position_stride(blocks.size(0) * conv.in_padded());
  const int64_t m_stride = position_stride(blocks.size(0) * outputs);
  const int64_t floats =
      kPositions * (v_stride + m_stride) + (whole_u != nullptr ? 0 : conv.u_part_size());
  const Storage memory = allocate_storage(sizeof(float) * static_cast<size_t>(floats), kCPU);
  float* v = static_cast<float*>(memory->data());
  float* m = v + kPositions * v_stride;
  float* made_u = m + kPositions * m_stride;
  for (int64_t block = 0; block < blocks.groups; ++block) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    parallel_for(0, EvenSplit(tiles, kTileRows).groups, 1, [&](int64_t panel, int64_t panel_end) {
      transform_inputs(conv, first, tiles, panel, panel_end, v, v_stride);
    });
    for (int64_t n = 0; n < conv.out_channels; n += outputs) {
      const int64_t n_end = std::min(n + outputs, conv.out_channels);
      if (whole_u == nullptr) transform_weights(conv, n, n_end, made_u);
      parallel_for(0, kPositions, 1, [&](int64_t t, int64_t) {
        for_each_part(conv, n, n_end, [&](int64_t part, int64_t part_end) {
          const float* u = whole_u != nullptr ? conv.part_of(whole_u, part) : made_u;
          multiply_position(conv, tiles, v + t * v_stride, u + t * conv.u_stride(),
                            m + t * m_stride + (part - n) * tiles, part, part_end);
        });
      });
      parallel_for(0, tiles, 4, [&](int64_t i, int64_t end) {
        transform_outputs(conv, first, i, end - i, m, tiles, m_stride, n, n_end);
      });
    }
  }
}

Storage transform_whole_weight(const Winograd& conv) {
  const Storage u = allocate_storage(conv.u_bytes(), kCPU);
  for_each_part(conv, 0, conv.out_channels, [&](int64_t n, int64_t n_end) {
    transform_weights(conv, n, n_end, conv.part_of(static_cast<float*>(u->data()), n));
  });
  return u;
}

// The whole U of a weight that is worth keeping it: a small one, or one that is met again as it
// was. While a weight is trained a large one is not, and U is four times its size.
Storage kept_weight(const Winograd& conv, const View& weight) {
  constexpr size_t kSmallBytes = 5 << 20;
  const WeightKey key(
      conv.input_grad ? WeightForm::input_grad_winograd : WeightForm::forward_winograd, weight);
  const WeightStamp stamp(weight);
  if (Storage u = find_packed_weight(weight, key, stamp)) return u;
  if (conv.u_bytes() > kSmallBytes && !met_before(weight, key, stamp, conv.u_bytes())) return {};
  Storage u = transform_whole_weight(conv);
  keep_packed_weight(weight, key, stamp, u);
  return u;
}

// Tiles whose V and M are in half of a core's L2 (2 MB), beside a panel of U: the other half may be
// another's, and larger blocks were no faster. Every thread gets some blocks.
int64_t tiles_of_block(const Winograd& conv) {
  constexpr int64_t kBlockBytes = 768 << 10;
  const int64_t tile_bytes = kPositions * 4 * (conv.in_padded() + conv.part());
  const int64_t fitting = kBlockBytes / tile_bytes / kTileRows * kTileRows;
  const int64_t shared = conv.grid().count() / (4 * get_num_threads());
  return std::max<int64_t>(std::min(fitting, shared), kTileRows);
}

void run(const Winograd& conv, const View& weight) {
  // A U that stays in L3 while the blocks go by.
  constexpr size_t kBlockedBytes = 12 << 20;
  Storage u = kept_weight(conv, weight);
  if (conv.u_bytes() > kBlockedBytes) {
    return run_staged(conv, u ? static_cast<const float*>(u->data()) : nullptr);
  }
  if (!u) u = transform_whole_weight(conv);
  run_blocked(conv, static_cast<const float*>(u->data()), tiles_of_block(conv));
}

}  // namespace

void conv_winograd(const ConvShape& shape, const float* x, const View& weight, const float* bias,
                   const Epilogue& epilogue, float* y) {
  run({shape.images,
       shape.height,
       shape.width,
       shape.channels,
       shape.out_height,
       shape.out_width,
       shape.outputs,
       shape.attrs.padding,
       weight_of<float>(weight),
       false,
       x,
       bias,
       y,
       {},
       epilogue},
      weight);
}

void conv_winograd_input_grad(const ConvShape& shape, const float* g, const Gate<float>& gate,
                              const View& weight, float* dx) {
  const auto& padding = shape.attrs.padding;
  run({shape.images,
       shape.out_height,
       shape.out_width,
       shape.outputs,
       shape.height,
       shape.width,
       shape.channels,
       {2 - padding[0], 2 - padding[1]},
       weight_of<float>(weight),
       true,
       g,
       nullptr,
       dx,
       gate,
       {}},
      weight);
}

}  // namespace reel::cpu::REEL_ISA
