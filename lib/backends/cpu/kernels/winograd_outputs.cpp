#include <cstring>

#include <reel/backends/cpu/kernels/past_cache.h>
#include <reel/backends/cpu/kernels/winograd.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;

Vec<float> relu(const Vec<float>& v) { return select(v < broadcast(0.0f), broadcast(0.0f), v); }

// The windows of one tile, L channels, pooled: PyTorch's rule is that a later value wins if it is
// greater or NaN.
template <int kOut>
void pool_tile(const Vec<float> (&y)[kOut][kOut], int rows, int columns, int64_t line,
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
template <int kOut>
void transform_pooled_tile(const Winograd<kOut>& conv, int64_t tile, const float* m, int64_t row,
                           int64_t tiles, int64_t stride, int64_t begin, int64_t end) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.out_channels;
  const int64_t height = conv.out_height / 2, width = conv.out_width / 2;
  const int64_t corner =
      ((place.image * height + place.row / 2) * width + place.column / 2) * channels;
  const auto rows = static_cast<int>(std::min<int64_t>(kOut / 2, height - place.row / 2));
  const auto columns = static_cast<int>(std::min<int64_t>(kOut / 2, width - place.column / 2));
  for (int64_t c = begin; c < end; c += kL) {
    const int64_t n = c / kPanel * kPanel;
    const int64_t panel = panel_vectors<float>(n, channels) * kL;
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    const Vec<float> bias = conv.bias != nullptr ? load_n(conv.bias + c, lanes) : broadcast(0.0f);
    Vec<float> y[kOut][kOut];
    transform_tile_output<kOut>(
        m + (n - begin) * tiles + row * panel + (c - n), stride, bias,
        [&](int i, int j, const Vec<float>& value)
            __attribute__((always_inline)) { y[i][j] = value; },
        place.points);
    pool_tile<kOut>(y, rows, columns, width * channels, channels, lanes, conv.y + corner + c,
                    conv.epilogue.winners + corner + c);
  }
}

// Channels [begin, end), whole panels, of one tile, which is number `row` of the `tiles` in m.
template <int kOut, bool kRelu, bool kStream>
void transform_output_tile(const Winograd<kOut>& conv, int64_t tile, const float* m, int64_t row,
                           int64_t tiles, int64_t stride, int64_t begin, int64_t end) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.out_channels, line = conv.out_width * channels;
  float* corner =
      conv.y +
      ((place.image * conv.out_height + place.row) * conv.out_width + place.column) * channels;
  const auto rows = static_cast<int>(std::min<int64_t>(kOut, conv.out_height - place.row));
  const auto columns = static_cast<int>(std::min<int64_t>(kOut, conv.out_width - place.column));
  for (int64_t c = begin; c < end; c += kL) {
    const int64_t n = c / kPanel * kPanel;
    const int64_t width = panel_vectors<float>(n, channels) * kL;
    const float* from = m + (n - begin) * tiles + row * width + (c - n);
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    const Vec<float> bias = conv.bias != nullptr ? load_n(conv.bias + c, lanes) : broadcast(0.0f);
    if (rows == kOut && columns == kOut && lanes == kL) {
      transform_tile_output<kOut>(
          from, stride,
          bias, [&](int i, int j, const Vec<float>& value) __attribute__((always_inline)) {
            write<kStream>(corner + i * line + j * channels + c, kRelu ? relu(value) : value);
          });
    } else {
      transform_tile_output<kOut>(
          from, stride, bias,
          [&](int i, int j, const Vec<float>& value) {
            if (i >= rows || j >= columns) return;
            store_n(corner + i * line + j * channels + c, kRelu ? relu(value) : value, lanes);
          },
          place.points);
    }
  }
}

bool writes_past_cache(const WinogradCall& call) {
  const int64_t values = call.images * call.out_height * call.out_width * call.out_channels;
  return call.epilogue.winners == nullptr &&
         values * static_cast<int64_t>(sizeof(float)) >= kPastCache &&
         are_lines(call.y, call.out_channels);
}

template <int kOut, bool kStream>
auto output_tile(bool relu) {
  return relu ? transform_output_tile<kOut, true, kStream>
              : transform_output_tile<kOut, false, kStream>;
}

}  // namespace

template <int kOut>
void transform_outputs(const Winograd<kOut>& conv, const TileBlock& block, int64_t row,
                       int64_t count, const float* m, int64_t stride, int64_t begin, int64_t end) {
  const bool pools = conv.epilogue.winners != nullptr, stream = writes_past_cache(conv);
  const auto transform = pools    ? transform_pooled_tile<kOut>
                         : stream ? output_tile<kOut, true>(conv.epilogue.relu)
                                  : output_tile<kOut, false>(conv.epilogue.relu);
  for (; count > 0; --count, ++row) {
    transform(conv, block.first + row, m, row, block.count, stride, begin, end);
  }
  if (stream) end_writes<true>();
}

template <int kOut>
void fetch_outputs(const Winograd<kOut>& conv, int64_t tile, int64_t line, int64_t begin,
                   int64_t end) {
  const TilePlace place(conv.grid(), tile);
  const bool pools = conv.epilogue.winners != nullptr;
  const int64_t side = pools ? 2 : 1;
  const int64_t height = conv.out_height / side, width = conv.out_width / side;
  const int64_t row = (place.row + line) / side;
  if (line % side != 0 || row >= height || writes_past_cache(conv)) return;
  int64_t column = place.column / side;
  const int64_t columns_end = std::min(column + kOut / side, width);
  for (; column < columns_end; ++column) {
    const int64_t at = ((place.image * height + row) * width + column) * conv.out_channels;
    for (int64_t c = begin; c < end; c += kL) __builtin_prefetch(conv.y + at + c, 1, 2);
    if (pools) __builtin_prefetch(conv.epilogue.winners + at + begin, 1, 2);
  }
}

template void fetch_outputs<4>(const Winograd<4>&, int64_t, int64_t, int64_t, int64_t);
template void fetch_outputs<6>(const Winograd<6>&, int64_t, int64_t, int64_t, int64_t);
template void transform_outputs<4>(const Winograd<4>&, const TileBlock&, int64_t, int64_t,
                                   const float*, int64_t, int64_t, int64_t);
template void transform_outputs<6>(const Winograd<6>&, const TileBlock&, int64_t, int64_t,
                                   const float*, int64_t, int64_t, int64_t);

}  // namespace reel::cpu::REEL_ISA
