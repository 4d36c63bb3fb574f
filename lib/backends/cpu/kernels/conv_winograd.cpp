#include <reel/backends/cpu/kernels/winograd.h>
#include <reel/backends/weight_cache.h>

// The course of a 3x3 convolution by Winograd. A block of tiles goes through all three steps on one
// thread while it is in that core's L2, and meanwhile streams U from L3 ("blocked"). Where U is too
// large for that, or the threads have few blocks, the steps are separate ("staged"): first all of
// V, then M, then the results. If U, a multiple of the weight, is not kept as a whole, few threads
// make it where they multiply with it, and it never leaves their L2, while all of V passes by each
// of them. For many that is too much to pass: they make it a part of the outputs at a time, which
// stays in L3.

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

// So few that all of V may pass by each: eight were faster with a U that is made for all of them.
bool few_threads() { return get_num_threads() <= 4; }

// Position t of a block, a panel of outputs from n on, `depth` channels from k on: m = (or +=) v u.
// The panel of U after this one is fetched meanwhile, then what is ahead.
template <int kOut>
void multiply_panel(const Winograd<kOut>& conv, const TileBlock& block, int64_t t, const float* v,
                    const float* u, float* m, int64_t n, int64_t k, int64_t depth,
                    Ahead<float>& ahead) {
  const int vectors = panel_vectors<float>(n, conv.out_channels), width = vectors * kL;
  const float* const of_depth = v + k * block.count;
  bool first = true;
  block.for_each_panel(t / conv.kIn, t % conv.kIn, [&](int64_t row, int64_t rows) {
    micro_kernel<float>(static_cast<int>(rows), vectors)(
        depth, of_depth + row * conv.v_depth(k), u, k == 0 ? zero_row<float>() : nullptr,
        m + row * width, width, width, first ? nullptr : ahead.next(depth * width));
    first = false;
  });
}

// Position t, outputs [begin, end), whose U was made before.
template <int kOut>
void multiply_position(const Winograd<kOut>& conv, const TileBlock& block, int64_t t,
                       const float* v, const float* u, float* m, int64_t begin, int64_t end,
                       Ahead<float> ahead = {}) {
  for (int64_t n = begin; n < end; n += kPanel, u += kPanel * conv.in_channels) {
    const int width = panel_vectors<float>(n, conv.out_channels) * kL;
    for (int64_t k = 0; k < conv.in_channels; k += kBlockDepth) {
      multiply_panel(conv, block, t, v, u + k * width, m + (n - begin) * block.count, n, k,
                     std::min(kBlockDepth, conv.in_channels - k), ahead);
    }
  }
}

// Rows [begin, end) of the positions, the panel of outputs from n on, whose U is made here, a row
// at a time. What comes from afar is V: that of the next position is fetched meanwhile.
template <int kOut>
void make_and_multiply(const Winograd<kOut>& conv, const TileBlock& block, const float* v,
                       int64_t v_stride, float* m, int64_t m_stride, int64_t n, int64_t begin,
                       int64_t end) {
  const int64_t u_stride = position_stride(kBlockDepth * kPanel);
  const int width = panel_vectors<float>(n, conv.out_channels) * kL;
  float* taps = scratch<float>(Slot::transform_in, kBlockDepth * 9 * kPanel);
  float* u = scratch<float>(Slot::transform_out, conv.kIn * u_stride);
  for (int64_t k = 0; k < conv.in_channels; k += kBlockDepth) {
    const int64_t depth = std::min(kBlockDepth, conv.in_channels - k);
    gather_taps(conv, k, depth, n, taps);
    for (int64_t row = begin; row < end; ++row) {
      transform_taps(conv, taps, depth, width, row, u, u_stride);
      for (int64_t column = 0; column < conv.kIn; ++column) {
        const int64_t t = row * conv.kIn + column;
        Ahead<float> next{v + (t + 1) * v_stride + k * block.count, depth * block.count};
        multiply_panel(conv, block, t, v + t * v_stride, u + column * u_stride, m + t * m_stride, n,
                       k, depth, next);
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
  const int64_t whole_tiles = EvenSplit(conv.grid().products(), conv.kPositions).groups;
  const int64_t threads = get_num_threads(), share = (whole_tiles + threads - 1) / threads;
  const int64_t blocks =
      std::max((share + fitting - 1) / fitting, std::clamp<int64_t>(share / kTileRows, 1, 4));
  return std::max<int64_t>((share + blocks - 1) / blocks, 1);
}

// So many fetches, done little by little: by the end of a step, as large a part of them as of the
// steps.
class Fetches {
 public:
  explicit Fetches(int64_t count) : count_(count) {}
  template <class Fetch>
  void go_on(int64_t step, int64_t steps, const Fetch& fetch) {
    for (; done_ < count_ * step / steps; ++done_) fetch(done_);
  }

 private:
  int64_t count_, done_ = 0;
};

// V of a block of tiles stays in this core's L2 while U streams by. What the block will write, and
// the next one read, comes from memory while this one is multiplied.
template <int kOut>
void run_blocked(const Winograd<kOut>& conv, const View& weight) {
  Storage whole = kept_weight(conv, weight, 1);
  if (!whole) whole = transform_whole_weight(conv);
  const auto* u = static_cast<const float*>(whole->data());
  const TileBlocks blocks(conv.grid(), tiles_of_block(conv));
  const int64_t parts = EvenSplit(conv.out_channels, conv.part()).groups;
  const bool goes_on = blocks.count() >= 4 * get_num_threads();  // mostly, a thread, with the next
  parallel_for(0, blocks.count(), 1, [&](int64_t number, int64_t) {
    const TileBlock block = blocks[number];
    const int64_t next = block.first + block.count;
    const int64_t v_stride = position_stride(block.count * conv.in_padded());
    const int64_t m_stride = position_stride(block.count * conv.part());
    float* v = scratch<float>(Slot::transform_in, conv.kPositions * v_stride);
    float* m = scratch<float>(Slot::transform_out, conv.kPositions * m_stride);
    transform_inputs(conv, block, 0, block.count, v, v_stride);
    Fetches inputs(goes_on && number + 1 < blocks.count() ? blocks[number + 1].count * conv.kIn
                                                          : 0);
    int64_t step = 0;
    for_each_part(conv, 0, conv.out_channels, [&](int64_t n, int64_t n_end) {
      Fetches outputs(block.count * kOut);
      for (int t = 0; t < conv.kPositions; ++t) {
        multiply_position(conv, block, t, v + t * v_stride,
                          conv.part_of(u, n) + t * conv.u_stride(), m + t * m_stride, n, n_end);
        inputs.go_on(++step, parts * conv.kPositions,
                     [&](int64_t i) { fetch_inputs(conv, next + i / conv.kIn, i % conv.kIn); });
        outputs.go_on(t + 1, conv.kPositions, [&](int64_t i) {
          fetch_outputs(conv, block.first + i / kOut, i % kOut, n, n_end);
        });
      }
      transform_outputs(conv, block, 0, block.count, m, m_stride, n, n_end);
    });
  });
}

// M of a block, panels of outputs as tasks, or rows of positions of them if these are few.
template <int kOut>
void multiply_making(const Winograd<kOut>& conv, const TileBlock& block, const float* v,
                     int64_t v_stride, float* m, int64_t m_stride) {
  const int64_t panels = EvenSplit(conv.out_channels, kPanel).groups;
  const int64_t groups = (2 * get_num_threads() + panels - 1) / panels;
  const EvenSplit rows(conv.kIn, (conv.kIn + groups - 1) / groups);
  parallel_for(0, panels * rows.groups, 1, [&](int64_t task, int64_t) {
    const int64_t n = task / rows.groups * kPanel, begin = rows.begin(task % rows.groups);
    make_and_multiply(conv, block, v, v_stride, m + n * block.count, m_stride, n, begin,
                      begin + rows.size(task % rows.groups));
  });
}

// The same of the outputs [begin, end), with a U that has these first. A panel a task: positions
// alone would not occupy many threads evenly. The panels of a position share out the fetching of V
// of the next one, which mostly is this thread's, too.
template <int kOut>
void multiply_made(const Winograd<kOut>& conv, const TileBlock& block, const float* v,
                   int64_t v_stride, const float* u, float* m, int64_t m_stride, int64_t begin,
                   int64_t end) {
  const EvenSplit panels(end - begin, kPanel);
  parallel_for(0, conv.kPositions * panels.groups, 1, [&](int64_t task, int64_t) {
    const int64_t t = task / panels.groups, n = task % panels.groups * kPanel;
    const int64_t share = t + 1 < conv.kPositions ? v_stride / panels.groups : 0;
    multiply_position(conv, block, t, v + t * v_stride,
                      conv.part_of(u, n) + t * conv.u_stride() + n % conv.part() * conv.in_channels,
                      m + t * m_stride + n * block.count, begin + n,
                      std::min(begin + n + kPanel, end),
                      {v + (t + 1) * v_stride + task % panels.groups * share, share});
  });
}

// With a whole U, or one that is made meanwhile, all outputs are multiplied at once. Either way of
// making it costs less than the whole ones that blocks of tiles would make, so where both do not
// fit, these are kept: this one's has to be met often enough that a network's backward pass came by
// twice meanwhile.
template <int kOut>
void run_staged(const Winograd<kOut>& conv, const View& weight) {
  constexpr int kMeetings = 4;
  constexpr int64_t kStageTiles = 720 * kTileRows / WinogradTile<kOut>::kPositions;
  const Storage kept = kept_weight(conv, weight, kMeetings);
  const bool making = !kept && few_threads(), in_parts = !kept && !making;
  const int64_t outputs = in_parts ? conv.part() : conv.out_padded();
  const TileBlocks blocks(conv.grid(), kStageTiles);
  const int64_t v_stride = position_stride(blocks.most_tiles() * conv.in_padded());
  const int64_t m_stride = position_stride(blocks.most_tiles() * outputs);
  const int64_t floats =
      conv.kPositions * (v_stride + m_stride) + (in_parts ? conv.u_part_size() : 0);
  const Storage memory = allocate_storage(sizeof(float) * static_cast<size_t>(floats), kCPU);
  float* v = static_cast<float*>(memory->data());
  float* m = v + conv.kPositions * v_stride;
  float* u = kept ? static_cast<float*>(kept->data()) : m + conv.kPositions * m_stride;
  for (int64_t number = 0; number < blocks.count(); ++number) {
    const TileBlock block = blocks[number];
    parallel_for(0, block.count, 1, [&](int64_t i, int64_t) {
      // Memory takes about as long to bring a tile as two take to be transformed.
      for (int line = 0; i + 2 < block.count && line < conv.kIn; ++line) {
        fetch_inputs(conv, block.first + i + 2, line);
      }
      transform_inputs(conv, block, i, 1, v, v_stride);
    });
    for (int64_t n = 0; n < conv.out_channels; n += outputs) {
      const int64_t n_end = std::min(n + outputs, conv.out_channels);
      if (in_parts) transform_weights(conv, n, n_end, u);
      if (making) {
        multiply_making(conv, block, v, v_stride, m, m_stride);
      } else {
        multiply_made(conv, block, v, v_stride, u, m, m_stride, n, n_end);
      }
      parallel_for(0, block.count, 1, [&](int64_t i, int64_t) {
        transform_outputs(conv, block, i, 1, m, m_stride, n, n_end);
      });
    }
  }
}

// Weights whose U stays in L3 while the blocks go by.
bool has_small_weight(const WinogradCall& call) {
  constexpr int64_t kSmallWeight = (int64_t{3} << 20) / (9 * sizeof(float));
  return call.in_channels * call.out_channels <= kSmallWeight;
}

// Tiles of 6x6 save a fifth of the products, or more where 4x4 ones hang over; of few tiles a
// larger U costs more.
bool wants_large_tiles(const WinogradCall& call) {
  constexpr int64_t kFewest = 48;
  const auto grid = [&](int64_t side) {
    return TileGrid{call.images, call.out_height, call.out_width, side};
  };
  return grid(6).count() >= kFewest && 10 * grid(6).products() <= 9 * grid(4).products();
}

// Where many threads have few blocks each, U comes from L3 for all of them at once, and one that is
// late has nothing to give away. In steps it comes once, for V and M that other cores wrote.
template <int kOut>
bool wants_stages(const Winograd<kOut>& conv) {
  if (!has_small_weight(conv)) return true;
  const int64_t tiles = conv.grid().count(), threads = get_num_threads();
  if (threads < 4 || tiles > 3 * kTileRows * threads) return false;
  const int64_t blocks = TileBlocks(conv.grid(), tiles_of_block(conv)).count();
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
