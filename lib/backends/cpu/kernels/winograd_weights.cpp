#include <reel/backends/cpu/kernels/transpose.h>
#include <reel/backends/cpu/kernels/winograd.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;

}  // namespace

// The input gradient is a convolution with the weight turned by 180 degrees (which transform_taps
// does) and inputs and outputs swapped.
template <int kOut>
void gather_taps(const Winograd<kOut>& conv, int64_t channel, int64_t count, int64_t n,
                 float* taps) {
  const Weight<float>& w = conv.weight;
  const int64_t columns = std::min<int64_t>(kPanel, conv.out_channels - n);
  const int vectors = panel_vectors<float>(n, conv.out_channels);
  const int64_t tap_stride = w.column_stride;
  const int64_t channel_stride = conv.input_grad ? w.output_stride : w.channel_stride;
  const int64_t n_stride = conv.input_grad ? w.channel_stride : w.output_stride;
  const float* first = w.data + channel * channel_stride + n * n_stride;
  if (channel_stride == 1 && columns == vectors * kL) {
    for (int tap = 0; tap < 9; ++tap) {
      transpose_tile(first + tap / 3 * w.row_stride + tap % 3 * tap_stride, n_stride,
                     taps + tap * columns, 9 * columns, count, columns);
    }
    return;
  }
  // Channels or rows that follow each other in memory are copied in one. Where only rows do, every
  // channel lies elsewhere and those to come are fetched.
  constexpr int64_t kAhead = 4;
  const bool rows_follow = w.row_stride == 3 * tap_stride;
  const bool channels_follow = rows_follow && channel_stride == 9 * tap_stride;
  const int64_t depth = channels_follow ? 9 * count : rows_follow ? 9 : 3;
  for (int64_t part = 0; part * depth < 9 * count; ++part) {
    const float* from = rows_follow ? first + part * channel_stride
                                    : first + part / 3 * channel_stride + part % 3 * w.row_stride;
    for (int64_t i = 0; depth == 9 && i < columns; ++i) {
      __builtin_prefetch(from + kAhead * channel_stride + i * n_stride);
    }
    pack_columns<float>({from, tap_stride, n_stride}, 0, columns, vectors, 0, depth,
                        taps + part * depth * vectors * kL);
  }
}

template <int kOut>
void transform_taps(const Winograd<kOut>& conv, const float* taps, int64_t count, int width,
                    int64_t row, float* u, int64_t stride) {
  const int64_t step = conv.input_grad ? -width : width;
  taps += conv.input_grad ? 8 * width : 0;
  for (int64_t c = 0; c < count; ++c, taps += 9 * width, u += width) {
    for (int lane = 0; lane < width; lane += kL) {
      const auto tap = [&](int i, int j) { return load(taps + (i * 3 + j) * step + lane); };
      Vec<float> columns[3];
      for (int j = 0; j < 3; ++j) {
        const Vec<float> g[3] = {tap(0, j), tap(1, j), tap(2, j)};
        columns[j] = transform_weight<kOut>(g, row);
      }
      for (int j = 0; j < kOut + 2; ++j) {
        store(u + j * stride + lane, transform_weight<kOut>(columns, j));
      }
    }
  }
}

template <int kOut>
void transform_weights(const Winograd<kOut>& conv, int64_t begin, int64_t end, float* u) {
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
    float* of_panel = conv.part_of(u, n - begin) + (n - begin) % conv.part() * conv.in_channels;
    // A row of positions at a time: few streams into a memory that may be far.
    for (int row = 0; row < conv.kIn; ++row) {
      float* to = of_panel + row * conv.kIn * stride + first * width;
      transform_taps(conv, taps, count, width, row, to, stride);
    }
  });
}

template void transform_weights(const Winograd<4>&, int64_t, int64_t, float*);
template void transform_weights(const Winograd<6>&, int64_t, int64_t, float*);
template void gather_taps(const Winograd<4>&, int64_t, int64_t, int64_t, float*);
template void gather_taps(const Winograd<6>&, int64_t, int64_t, int64_t, float*);
template void transform_taps(const Winograd<4>&, const float*, int64_t, int, int64_t, float*,
                             int64_t);
template void transform_taps(const Winograd<6>&, const float*, int64_t, int, int64_t, float*,
                             int64_t);

}  // namespace reel::cpu::REEL_ISA
