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

// Where the pixels of a tile lie that reaches over the edge, whose [height, width, channels]
// pictures may be those that pooling made of it (`halved` is 1 then, else 0).
template <int kOut>
class EdgePixels {
 public:
  static constexpr int kIn = kOut + 2;
  EdgePixels(const Winograd<kOut>& conv, const TilePlace& place, int halved) {
    const int64_t height = conv.in_height >> halved, width = conv.in_width >> halved;
    for (int i = 0; i < kIn; ++i) {
      // Rounded down: -1 lies in window -1, which is outside.
      const int64_t row = (place.row - conv.padding[0] + i) >> halved;
      const int64_t column = (place.column - conv.padding[1] + i) >> halved;
      const bool has_row = row >= 0 && row < height, has_column = column >= 0 && column < width;
      rows_[i] = has_row ? (place.image * height + row) * width * conv.in_channels : -1;
      columns_[i] = has_column ? column * conv.in_channels : -1;
    }
  }
  // Negative outside.
  int64_t at(int row, int column) const {
    return (rows_[row] | columns_[column]) < 0 ? -1 : rows_[row] + columns_[column];
  }

 private:
  int64_t rows_[kIn], columns_[kIn];
};

// Where V has the channels of a tile, number `tile` of a block.
template <int kOut>
class RowOfV {
 public:
  RowOfV(const Winograd<kOut>& conv, const TileBlock& block, int64_t tile, float* v)
      : conv_(conv), v_(v), tiles_(block.count) {
    const TileBlock::Part& part = block.part_of(tile);
    const EvenSplit panels = part.panels();
    const int64_t panel = panels.group(tile - part.begin);
    begin_ = part.begin + panels.begin(panel);
    rows_ = panels.size(panel);
    row_ = tile - begin_;
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

// All channels of one tile of gradients that come out of pooling: each is the value of its window
// where it was the winner, else 0.
template <int kOut>
void transform_unpooled_tile(const Winograd<kOut>& conv, const TilePlace& place,
                             const RowOfV<kOut>& v, int64_t stride) {
  const EdgePixels<kOut> pixels(conv, place, 1);
  const int64_t top = place.row - conv.padding[0], left = place.column - conv.padding[1];
  for (int64_t c = 0; c < conv.in_channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, conv.in_channels - c));
    transform_tile_input<kOut>(
        [&](int row, int column) __attribute__((always_inline)) {
          const int64_t at = pixels.at(row, column);
          if (at < 0) return broadcast(0.0f);
          const auto number = static_cast<uint8_t>(((top + row) & 1) * 2 + ((left + column) & 1));
          return load_where_equal(conv.x + at + c, conv.gate.winners + at + c, number, lanes);
        },
        v.at(c), stride, place.points);
  }
}

// The vector at x + at, 0 where a ReLU gave nothing.
template <int kOut, bool kGated>
[[gnu::always_inline]] inline Vec<float> input_at(const Winograd<kOut>& conv, int64_t at,
                                                  int lanes) {
  const auto of = [&](const float* from) { return lanes == kL ? load(from) : load_n(from, lanes); };
  const Vec<float> value = of(conv.x + at);
  if constexpr (!kGated) return value;
  return select(of(conv.gate.y + at) > broadcast(0.0f), value, broadcast(0.0f));
}

// All channels of one tile.
template <int kOut, bool kGated>
void transform_input_tile(const Winograd<kOut>& conv, const TilePlace& place, const RowOfV<kOut>& v,
                          int64_t stride) {
  const int64_t channels = conv.in_channels, line = conv.in_width * channels;
  const int64_t top = place.row - conv.padding[0], left = place.column - conv.padding[1];
  constexpr int kIn = kOut + 2;
  const bool inside =
      top >= 0 && left >= 0 && top + kIn <= conv.in_height && left + kIn <= conv.in_width;
  int64_t c = 0;
  if (inside) {
    const int64_t corner = ((place.image * conv.in_height + top) * conv.in_width + left) * channels;
    for (; c + kL <= channels; c += kL) {
      transform_tile_input<kOut>(
          [&](int row, int column) __attribute__((always_inline)) {
            return input_at<kOut, kGated>(conv, corner + row * line + column * channels + c, kL);
          },
          v.at(c), stride);
    }
  }
  if (c >= channels) return;
  const EdgePixels<kOut> pixels(conv, place, 0);
  for (; c < channels; c += kL) {
    const int lanes = static_cast<int>(std::min<int64_t>(kL, channels - c));
    transform_tile_input<kOut>(
        [&](int row, int column) __attribute__((always_inline)) {
          const int64_t at = pixels.at(row, column);
          return at < 0 ? broadcast(0.0f) : input_at<kOut, kGated>(conv, at + c, lanes);
        },
        v.at(c), stride, place.points);
  }
}

}  // namespace

template <int kOut>
void transform_inputs(const Winograd<kOut>& conv, const TileBlock& block, int64_t row,
                      int64_t count, float* v, int64_t stride) {
  const auto transform = conv.gate.winners != nullptr ? transform_unpooled_tile<kOut>
                         : conv.gate.y != nullptr     ? transform_input_tile<kOut, true>
                                                      : transform_input_tile<kOut, false>;
  for (; count > 0; --count, ++row) {
    transform(conv, TilePlace(conv.grid(), block.first + row), RowOfV<kOut>(conv, block, row, v),
              stride);
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
template void transform_inputs<4>(const Winograd<4>&, const TileBlock&, int64_t, int64_t, float*,
                                  int64_t);
template void transform_inputs<6>(const Winograd<6>&, const TileBlock&, int64_t, int64_t, float*,
                                  int64_t);

}  // namespace reel::cpu::REEL_ISA
