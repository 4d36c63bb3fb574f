#include <reel/backends/cpu/kernels/winograd.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;

// To L2.
template <class T>
void fetch(const T* from, int64_t count) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(from + i, 0, 2);
}

// The pixels of a tile of gradients that come out of pooling: each is the value of its window where
// it was the winner, else 0.
template <int kOut>
class UnpooledTile {
 public:
  UnpooledTile(const Winograd<kOut>& conv, int64_t image, int64_t top, int64_t left) {
    const int64_t height = conv.in_height / 2, width = conv.in_width / 2;
    for (int i = 0; i < kIn; ++i) {
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
  static constexpr int kIn = kOut + 2;
  const float* values_;
  const uint8_t* winners_;
  int64_t rows_[kIn], columns_[kIn];  // offsets; -1 outside
  uint8_t row_numbers_[kIn], column_numbers_[kIn];
};

// Where V has the channels of a tile, row `row` of `tiles`.
template <int kOut>
class RowOfV {
 public:
  RowOfV(const Winograd<kOut>& conv, float* v, int64_t tiles, int64_t row)
      : conv_(conv), v_(v), tiles_(tiles) {
    const EvenSplit panels(tiles, kTileRows);
    const int64_t panel = panels.group(row);
    begin_ = panels.begin(panel);
    rows_ = panels.size(panel);
    row_ = row - begin_;
  }
  float* at(int64_t c) const {
    const int64_t k = c / kBlockDepth * kBlockDepth;
    return v_ + k * tiles_ + begin_ * conv_.v_depth(k) + (c - k) * rows_ + row_ * kL;
  }

 private:
  const Winograd<kOut>& conv_;
  float* v_;
  int64_t tiles_, begin_, rows_, row_;  // the panel's first row, its rows, the row in it
};

// All channels of one tile.
template <int kOut>
void transform_unpooled_tile(const Winograd<kOut>& conv, int64_t tile, const RowOfV<kOut>& v,
                             int64_t stride) {
  const TilePlace place(conv.grid(), tile);
  const UnpooledTile<kOut> pixels(conv, place.image, place.row - conv.padding[0],
                                  place.column - conv.padding[1]);
  for (int64_t c = 0; c < conv.in_channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, conv.in_channels - c));
    transform_tile_input<kOut>(
        [&](int row, int column)
            __attribute__((always_inline)) { return pixels(row, column, c, lanes); },
        v.at(c), stride);
  }
}

template <int kOut, bool kGated>
void transform_input_tile(const Winograd<kOut>& conv, int64_t tile, const RowOfV<kOut>& v,
                          int64_t stride) {
  const TilePlace place(conv.grid(), tile);
  const int64_t channels = conv.in_channels, line = conv.in_width * channels;
  const int64_t top = place.row - conv.padding[0], left = place.column - conv.padding[1];
  const int64_t corner_at =
      ((place.image * conv.in_height + top) * conv.in_width + left) * channels;
  const float* corner = conv.x + corner_at;
  const float* passed = kGated ? conv.gate.y + corner_at : nullptr;
  constexpr int kIn = kOut + 2;
  const bool inside =
      top >= 0 && left >= 0 && top + kIn <= conv.in_height && left + kIn <= conv.in_width;
  const int64_t whole = inside ? channels / kL * kL : 0;
  int64_t c = 0;
  for (; c < whole; c += kL) {
    transform_tile_input<kOut>(
        [&](int row, int column) __attribute__((always_inline)) {
          const int64_t at = row * line + column * channels + c;
          const Vec<float> value = load(corner + at);
          if constexpr (!kGated) return value;
          return select(load(passed + at) > broadcast(0.0f), value, broadcast(0.0f));
        },
        v.at(c), stride);
  }
  for (; c < channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    transform_tile_input<kOut>(
        [&](int row, int column) {
          const bool valid = top + row >= 0 && top + row < conv.in_height && left + column >= 0 &&
                             left + column < conv.in_width;
          const int64_t at = row * line + column * channels + c;
          if (!valid) return broadcast(0.0f);
          const Vec<float> value = load_n(corner + at, lanes);
          if constexpr (!kGated) return value;
          return select(load_n(passed + at, lanes) > broadcast(0.0f), value, broadcast(0.0f));
        },
        v.at(c), stride);
  }
}

}  // namespace

template <int kOut>
void transform_inputs(const Winograd<kOut>& conv, int64_t first, int64_t row, int64_t count,
                      float* v, int64_t tiles, int64_t stride) {
  const auto transform = conv.gate.winners != nullptr ? transform_unpooled_tile<kOut>
                         : conv.gate.y != nullptr     ? transform_input_tile<kOut, true>
                                                      : transform_input_tile<kOut, false>;
  for (; count > 0; --count, ++row) {
    transform(conv, first + row, RowOfV<kOut>(conv, v, tiles, row), stride);
  }
}

template <int kOut>
void fetch_inputs(const Winograd<kOut>& conv, int64_t tile, int64_t line) {
  const TilePlace place(conv.grid(), tile);
  const int64_t side = conv.gate.winners != nullptr ? 2 : 1;  // of the window a value stands for
  const int64_t height = conv.in_height / side, width = conv.in_width / side;
  const int64_t row = place.row - conv.padding[0] + line, left = place.column - conv.padding[1];
  if (row < 0 || row >= height * side || row % side != 0) return;
  const int64_t begin = place.column == 0 ? 0 : (left + conv.kIn - kOut) / side;
  const int64_t end = std::min((left + conv.kIn + side - 1) / side, width);
  const int64_t at = ((place.image * height + row / side) * width + begin) * conv.in_channels;
  const int64_t count = std::max<int64_t>(end - begin, 0) * conv.in_channels;
  fetch(conv.x + at, count);
  if (conv.gate.y != nullptr) fetch(conv.gate.y + at, count);
  if (conv.gate.winners != nullptr) fetch(conv.gate.winners + at, count);
}

template void fetch_inputs<4>(const Winograd<4>&, int64_t, int64_t);
template void fetch_inputs<6>(const Winograd<6>&, int64_t, int64_t);
template void transform_inputs<4>(const Winograd<4>&, int64_t, int64_t, int64_t, float*, int64_t,
                                  int64_t);
template void transform_inputs<6>(const Winograd<6>&, int64_t, int64_t, int64_t, float*, int64_t,
                                  int64_t);

}  // namespace reel::cpu::REEL_ISA
