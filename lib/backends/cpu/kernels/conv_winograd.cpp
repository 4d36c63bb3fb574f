#include <reel/backends/cpu/kernels/winograd.h>
#include <reel/backends/weight_cache.h>

// The course of a 3x3 convolution by Winograd. A block of tiles goes through all three steps on one
// thread while it is in that core's L2, and meanwhile streams U from L3 ("blocked"). Where U is too
// large for that, or the threads have few blocks, the steps are separate ("staged"): first all of
// V; then M and the results for a part of the outputs at a time, and if U, a multiple of the
// weight, is not kept as a whole, that part of U, which does not leave L3.

namespace reel::cpu::REEL_ISA {
namespace {

using namespace backends;

constexpr int kL = kLanes<float>;
constexpr int kPanel = kTileColumns<float>;

// The parts of the outputs [n, end).
template <int kOut, class Body>
void for_each_part(const Winograd<kOut>& conv, int64_t n, int64_t end, const Body& body) {
  for (; n < end; n += conv.part()) body(n, std::min(n + conv.part(), end));
}

// One position, outputs [begin, end): m = v u.
template <int kOut>
void multiply_position(const Winograd<kOut>& conv, int64_t tiles, const float* v, const float* u,
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
                                           u + k * width, k == 0 ? zero_row<float>() : nullptr, to,
                                           width, width);
      }
    }
  }
}

template <int kOut>
Storage transform_whole_weight(const Winograd<kOut>& conv) {
  const Storage u = allocate_storage(conv.u_bytes(), kCPU);
  transform_weights(conv, 0, conv.out_channels, static_cast<float*>(u->data()));
  return u;
}

// The whole U of a weight that is worth keeping it: a small one, or one that was met `meetings`
// times as it is. While a weight is trained a large one is not, and U is a multiple of its size.
template <int kOut>
Storage kept_weight(const Winograd<kOut>& conv, const View& weight, int meetings) {
  constexpr size_t kSmallBytes = 5 << 20;
  const WeightKey key(
      conv.input_grad ? WeightForm::input_grad_winograd : WeightForm::forward_winograd, weight,
      {kOut});
  const WeightStamp stamp(weight);
  if (Storage u = find_packed_weight(weight, key, stamp)) return u;
  if (conv.u_bytes() > kSmallBytes && !met_before(weight, key, stamp, conv.u_bytes(), meetings)) {
    return {};
  }
  Storage u = transform_whole_weight(conv);
  keep_packed_weight(weight, key, stamp, u);
  return u;
}

// Tiles whose V and M are in half of a core's L2 (2 MB), beside a panel of U: the other half may be
// another's, and larger blocks were no faster. Every thread gets as many blocks, some if there are
// enough tiles.
template <int kOut>
int64_t tiles_of_block(const Winograd<kOut>& conv) {
  constexpr int64_t kBlockBytes = 768 << 10;
  const int64_t tile_bytes = conv.kPositions * 4 * (conv.in_padded() + conv.part());
  const int64_t fitting =
      std::max<int64_t>(kBlockBytes / tile_bytes / kTileRows * kTileRows, kTileRows);
  const int64_t threads = get_num_threads(), share = (conv.grid().count() + threads - 1) / threads;
  const int64_t blocks =
      std::max((share + fitting - 1) / fitting, std::clamp<int64_t>(share / kTileRows, 1, 4));
  return std::max<int64_t>((share + blocks - 1) / blocks, 1);
}

// V of a block of tiles stays in this core's L2 while U streams by.
template <int kOut>
void run_blocked(const Winograd<kOut>& conv, const View& weight) {
  Storage whole = kept_weight(conv, weight, 1);
  if (!whole) whole = transform_whole_weight(conv);
  const auto* u = static_cast<const float*>(whole->data());
  const EvenSplit blocks(conv.grid().count(), tiles_of_block(conv));
  parallel_for(0, blocks.groups, 1, [&](int64_t block, int64_t) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    const int64_t v_stride = position_stride(tiles * conv.in_padded());
    const int64_t m_stride = position_stride(tiles * conv.part());
    float* v = scratch<float>(Slot::transform_in, conv.kPositions * v_stride);
    float* m = scratch<float>(Slot::transform_out, conv.kPositions * m_stride);
    transform_inputs(conv, first, 0, tiles, v, tiles, v_stride);
    for_each_part(conv, 0, conv.out_channels, [&](int64_t n, int64_t n_end) {
      for (int t = 0; t < conv.kPositions; ++t) {
        multiply_position(conv, tiles, v + t * v_stride, conv.part_of(u, n) + t * conv.u_stride(),
                          m + t * m_stride, n, n_end);
      }
      transform_outputs(conv, first, 0, tiles, m, tiles, m_stride, n, n_end);
    });
  });
}

// With a whole U, V of a position is read once for all outputs; without, U is made a part at a
// time, which costs less than a whole one. So where both do not fit, whole ones are kept: these
// have to be met often enough that a network's backward pass came by twice meanwhile.
template <int kOut>
void run_staged(const Winograd<kOut>& conv, const View& weight) {
  constexpr int kMeetings = 4;
  const Storage kept = kept_weight(conv, weight, kMeetings);
  const auto* whole_u = kept ? static_cast<const float*>(kept->data()) : nullptr;
  constexpr int64_t kStageTiles = 20 * kTileRows;
  const int64_t outputs = whole_u != nullptr ? conv.out_padded() : conv.part();
  const EvenSplit blocks(conv.grid().count(), kStageTiles);
  const int64_t v_stride = position_stride(blocks.size(0) * conv.in_padded());
  const int64_t m_stride = position_stride(blocks.size(0) * outputs);
  const int64_t floats =
      conv.kPositions * (v_stride + m_stride) + (whole_u != nullptr ? 0 : conv.u_part_size());
  const Storage memory = allocate_storage(sizeof(float) * static_cast<size_t>(floats), kCPU);
  float* v = static_cast<float*>(memory->data());
  float* m = v + conv.kPositions * v_stride;
  float* made_u = m + conv.kPositions * m_stride;
  for (int64_t block = 0; block < blocks.groups; ++block) {
    const int64_t first = blocks.begin(block), tiles = blocks.size(block);
    parallel_for(0, tiles, 1, [&](int64_t i, int64_t) {
      transform_inputs(conv, first, i, 1, v, tiles, v_stride);
    });
    for (int64_t n = 0; n < conv.out_channels; n += outputs) {
      const int64_t n_end = std::min(n + outputs, conv.out_channels);
      if (whole_u == nullptr) transform_weights(conv, n, n_end, made_u);
      // A panel a task: positions alone would not occupy many threads evenly.
      const EvenSplit panels(n_end - n, kPanel);
      parallel_for(0, conv.kPositions * panels.groups, 1, [&](int64_t task, int64_t) {
        const int64_t t = task / panels.groups, begin = n + task % panels.groups * kPanel;
        const float* u = (whole_u != nullptr ? conv.part_of(whole_u, begin) : made_u) +
                         t * conv.u_stride() + begin % conv.part() * conv.in_channels;
        multiply_position(conv, tiles, v + t * v_stride, u, m + t * m_stride + (begin - n) * tiles,
                          begin, std::min(begin + kPanel, n_end));
      });
      parallel_for(0, tiles, 1, [&](int64_t i, int64_t) {
        transform_outputs(conv, first, i, 1, m, tiles, m_stride, n, n_end);
      });
    }
  }
}

// Weights whose U stays in L3 while the blocks go by.
bool has_small_weight(const WinogradCall& call) {
  constexpr int64_t kSmallWeight = (int64_t{3} << 20) / (9 * sizeof(float));
  return call.in_channels * call.out_channels <= kSmallWeight;
}

// Tiles of 6x6 save up to a fifth of the products, but hang over more. U, 64 products a tap, has to
// stay in L3.
bool wants_large_tiles(const WinogradCall& call) {
  const auto tiles = [&](int64_t side) {
    return TileGrid{call.images, call.out_height, call.out_width, side}.count();
  };
  const int64_t small = 36 * tiles(4), large = 64 * tiles(6);
  return has_small_weight(call) && tiles(6) >= 48 && 10 * large <= 9 * small;
}

// Where many threads have few blocks each, U comes from L3 for all of them at once, and one that is
// late has nothing to give away. In steps it comes once, for V and M that other cores wrote.
template <int kOut>
bool wants_stages(const Winograd<kOut>& conv) {
  if (!has_small_weight(conv)) return true;
  const int64_t tiles = conv.grid().count(), threads = get_num_threads();
  if (threads < 4 || tiles > 3 * kTileRows * threads) return false;
  const int64_t blocks = EvenSplit(tiles, tiles_of_block(conv)).groups;
  const int64_t u = conv.in_channels * conv.out_channels;
  return blocks * u > 3 * (u + 2 * tiles * (conv.in_channels + conv.out_channels));
}

template <int kOut>
void run_in_tiles(const WinogradCall& call, const View& weight) {
  const Winograd<kOut> conv{call, {}};
  wants_stages(conv) ? run_staged(conv, weight) : run_blocked(conv, weight);
}

void run(const WinogradCall& call, const View& weight) {
  wants_large_tiles(call) ? run_in_tiles<6>(call, weight) : run_in_tiles<4>(call, weight);
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
