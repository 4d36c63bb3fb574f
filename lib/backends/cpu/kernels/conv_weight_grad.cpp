#include <reel/backends/cpu/kernels/conv_windows.h>
#include <reel/backends/cpu/kernels/transpose.h>

// Weight gradients of windows of many channels, dweight' [tap, channel][O] = windows' g. x is
// copied once by blocks of as many channels as a micro-kernel has rows, with the padding around it:
// there the windows of all taps lie as a panel of A would, and a tap is an offset. A task has a
// block of channels, a panel of outputs and all taps, so that what it reads of g stays in L1. A
// thread copies, multiplies and adds up the same blocks.

namespace reel::cpu::REEL_ISA {
namespace {

// x as [group][block of channels][image][row][column][channels of the block], g as
// [group][panel of outputs][image][row][column][vectors * L], of some images.
template <class T>
class Blocks {
 public:
  Blocks(const TapProblem& problem, int64_t images)
      : problem_(problem), images_(images), split_(problem.in_channels, kTileRows) {
    int64_t bottom = problem.taps[0].row, right = problem.taps[0].column;
    top_ = bottom;
    left_ = right;
    for (const Tap& tap : problem.taps) {
      top_ = std::min(top_, tap.row);
      left_ = std::min(left_, tap.column);
      bottom = std::max(bottom, tap.row);
      right = std::max(right, tap.column);
    }
    height_ = (problem.rows - 1) * problem.in_stride[0] + bottom - top_ + 1;
    width_ = (problem.columns - 1) * problem.in_stride[1] + right - left_ + 1;
    memory_ = allocate_storage(sizeof(T) * static_cast<size_t>(x_size() + g_size()), kCPU);
  }
  /// Elements of the copies of an image.
  static int64_t image_size(const TapProblem& problem) {
    const Blocks one(problem, 0);
    return problem.in_pixel() * one.height_ * one.width_ +
           problem.groups * padded_columns<T>(problem.out_channels) * problem.rows *
               problem.columns;
  }

  int64_t blocks() const { return split_.groups; }  ///< of channels in a group
  int64_t first_channel(int64_t block) const { return split_.begin(block); }
  int64_t channels(int64_t block) const { return split_.size(block); }
  /// Where a tap of the window of output (0, 0) of the first image lies.
  const T* window(int64_t group, int64_t block, const Tap& tap) const {
    return block_data(group, block) +
           ((tap.row - top_) * width_ + tap.column - left_) * channels(block);
  }
  /// From there to the windows of a line of outputs, counted through the images.
  int64_t line(int64_t block, int64_t line) const {
    const int64_t row = line % problem_.rows * problem_.in_stride[0];
    return (line / problem_.rows * height_ + row) * width_ * channels(block);
  }
  int64_t pixel_stride(int64_t block) const { return problem_.in_stride[1] * channels(block); }
  const T* grad(int64_t group, int64_t output, int64_t line) const {
    const int vectors = panel_vectors<T>(output, problem_.out_channels);
    return panel_data(group, output) + line * problem_.columns * vectors * kLanes<T>;
  }

  /// Copies from the first of the images on.
  void fill(const T* x, const T* g) {
    constexpr int64_t kChunk = 16384;  // elements that are worth another thread
    const int64_t all = problem_.groups * blocks(), threads = get_num_threads();
    const EvenSplit shares(all, (all + threads - 1) / threads);
    const EvenSplit lines(images_ * height_, 1 + kChunk / (width_ * problem_.in_pixel()));
    parallel_for(0, shares.groups * lines.groups, 1, [&](int64_t task, int64_t) {
      const int64_t share = task / lines.groups, part = task % lines.groups;
      for (int64_t i = 0; i < lines.size(part); ++i) {
        copy_line(x, lines.begin(part) + i, shares.begin(share), shares.size(share));
      }
    });
    const int64_t panels = EvenSplit(problem_.out_channels, kTileColumns<T>).groups;
    const EvenSplit parts(images_ * problem_.rows,
                          1 + kChunk / (problem_.columns * kTileColumns<T>));
    parallel_for(0, problem_.groups * panels * parts.groups, 1, [&](int64_t task, int64_t) {
      const int64_t part = task % parts.groups, panel = task / parts.groups;
      copy_grad(g, panel / panels, panel % panels * kTileColumns<T>, parts.begin(part),
                parts.size(part));
    });
  }

 private:
  int64_t x_size() const { return problem_.in_pixel() * images_ * height_ * width_; }
  int64_t g_size() const {
    return problem_.groups * padded_columns<T>(problem_.out_channels) * g_pixels();
  }
  int64_t g_pixels() const { return images_ * problem_.rows * problem_.columns; }
  T* block_data(int64_t group, int64_t block) const {
    return static_cast<T*>(memory_->data()) +
           (group * problem_.in_channels + first_channel(block)) * images_ * height_ * width_;
  }
  T* panel_data(int64_t group, int64_t output) const {
    return static_cast<T*>(memory_->data()) + x_size() +
           (group * padded_columns<T>(problem_.out_channels) + output) * g_pixels();
  }

  // Of blocks [first, first + count), counted through the groups.
  void copy_line(const T* x, int64_t line, int64_t first, int64_t count) const {
    const int64_t row = line % height_ + top_;
    const bool inside = row >= 0 && row < problem_.in_height;
    const int64_t begin = std::clamp<int64_t>(-left_, 0, width_);
    const int64_t end = std::clamp<int64_t>(inside ? problem_.in_width - left_ : 0, begin, width_);
    const T* line_of_x =
        x + ((line / height_ * problem_.in_height + row) * problem_.in_width + left_) *
                problem_.in_pixel();
    for (int64_t i = first; i < first + count; ++i) {
      const int64_t group = i / blocks(), block = i % blocks(), width = channels(block);
      const Matrix<const T> from{line_of_x + group * problem_.in_channels, 1, problem_.in_pixel()};
      T* to = block_data(group, block) + line * width_ * width;
      std::fill_n(to, begin * width, T(0));
      if (begin < end) {
        pack_rows<T>(PanelOrder::by_depth, from, first_channel(block), width, begin, end - begin,
                     to + begin * width);
      }
      std::fill_n(to + end * width, (width_ - end) * width, T(0));
    }
  }
  // The panel of outputs from n on, of `lines` lines.
  void copy_grad(const T* g, int64_t group, int64_t n, int64_t line, int64_t lines) const {
    const int64_t outputs = problem_.out_channels, columns = problem_.columns;
    const int vectors = panel_vectors<T>(n, outputs);
    pack_columns<T>({g + group * outputs, problem_.out_pixel(), 1}, n,
                    std::min<int64_t>(outputs - n, kTileColumns<T>), vectors, line * columns,
                    lines * columns, panel_data(group, n) + line * columns * vectors * kLanes<T>);
  }

  const TapProblem& problem_;
  int64_t images_, top_, left_, height_, width_;
  EvenSplit split_;
  Storage memory_;
};

// sums [tap, channel][outputs] of a group (+)= what a block of channels and the panel of outputs
// from n on give in lines [line, end) of all images' lines.
template <class T>
void multiply(const TapProblem& problem, const Blocks<T>& blocks, int64_t group, int64_t block,
              int64_t n, int64_t line, int64_t end, bool accumulate, T* sums) {
  const int64_t outputs = problem.out_channels, channels = blocks.channels(block);
  const int vectors = panel_vectors<T>(n, outputs);
  const int width = static_cast<int>(std::min<int64_t>(outputs - n, kTileColumns<T>));
  const StridedKernel<T> kernel = strided_kernel<T>(static_cast<int>(channels), vectors);
  const int64_t most = std::max<int64_t>(1, kBlockDepth / problem.columns);
  std::vector<Run> runs;
  for (int64_t count = 0; line < end; line += count) {
    count = std::min(most, end - line);
    runs.clear();
    for (int64_t i = line; i < line + count; ++i) {
      runs.push_back({blocks.line(block, i), problem.columns});
    }
    const T* b = blocks.grad(group, n, line);
    T* c = sums + blocks.first_channel(block) * outputs + n;
    for (const Tap& tap : problem.taps) {
      kernel({blocks.window(group, block, tap), 1, blocks.pixel_stride(block), runs.data(), count,
              count * problem.columns},
             b, accumulate ? nullptr : zero_row<T>(), c, outputs, width);
      c += problem.in_channels * outputs;
    }
    accumulate = true;
  }
}

}  // namespace

template <class T>
void weight_grad_by_channels(const TapProblem& problem, const T* g, const T* x,
                             const View& dweight) {
  // Copies of that many images at a time.
  constexpr int64_t kCopyBytes = 32 << 20;
  const int64_t image_bytes = int64_t{sizeof(T)} * Blocks<T>::image_size(problem);
  const EvenSplit chunks(problem.images, std::max<int64_t>(1, kCopyBytes / image_bytes));
  const int64_t outputs = problem.out_channels;
  const int64_t panels = EvenSplit(outputs, kTileColumns<T>).groups;
  const int64_t channel_blocks = EvenSplit(problem.in_channels, kTileRows).groups;
  const int64_t of_group = panels * channel_blocks, tasks = problem.groups * of_group;
  // Threads divide the groups, or the blocks of a few.
  const bool by_blocks = problem.groups < get_num_threads();
  // Few channels: the sum over the lines is cut too. So is a long sum of a small gradient, for its
  // rounding's sake.
  const int64_t lines = chunks.groups == 0 ? 0 : chunks.size(0) * problem.rows;
  const bool deep = problem.positions() >= 8 * std::max(outputs, problem.depth());
  const int64_t wanted =
      std::max(kEnoughTasks / tasks, deep ? std::min(kEnoughTasks, problem.positions() / 1024) : 1);
  const int64_t slices = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(lines, 1));
  const int64_t size = problem.depth() * outputs;
  const Storage partial =
      allocate_storage(sizeof(T) * static_cast<size_t>(problem.groups * slices * size), kCPU);
  T* const sums = static_cast<T*>(partial->data());
  if (chunks.groups == 0) std::fill_n(sums, problem.groups * slices * size, T(0));
  for (int64_t chunk = 0; chunk < chunks.groups; ++chunk) {
    const int64_t first = chunks.begin(chunk), images = chunks.size(chunk);
    Blocks<T> blocks(problem, images);
    blocks.fill(x + first * problem.in_height * problem.in_width * problem.in_pixel(),
                g + first * problem.rows * problem.columns * problem.out_pixel());
    const int64_t chunk_lines = images * problem.rows;
    parallel_for(0, tasks * slices, 1, [&](int64_t task, int64_t) {
      const int64_t slice = task % slices, group = task / (slices * of_group);
      const int64_t i = task / slices % of_group;
      const int64_t block = by_blocks ? i / panels : i % channel_blocks;
      const int64_t panel = by_blocks ? i % panels : i / channel_blocks;
      multiply<T>(problem, blocks, group, block, panel * kTileColumns<T>,
                  chunk_lines * slice / slices, chunk_lines * (slice + 1) / slices, chunk > 0,
                  sums + (group * slices + slice) * size);
    });
  }
  add_slices<T>(problem, {slices, size}, slices * size, sums, dweight);
}

template <class T>
void add_slices(const TapProblem& problem, const Slices& slices, int64_t group_step, const T* sums,
                const View& dweight) {
  const int64_t outputs = problem.out_channels, channels = problem.in_channels;
  const auto taps = static_cast<int64_t>(problem.taps.size());
  // A vector of outputs at a time: each of them is written in a row.
  const auto add = [&](int64_t group, const Tap& tap, int64_t o, const T* from, int64_t c,
                       int64_t end) {
    const int lanes = static_cast<int>(std::min<int64_t>(outputs - o, kLanes<T>));
    T* to = dweight.as<T>() + (group * outputs + o) * dweight.strides[0] +
            tap.kernel_row * dweight.strides[2] + tap.kernel_column * dweight.strides[3];
    const auto total = [&](const T* first) {
      Vec<T> sum = load_n(first, lanes);
      for (int64_t i = 1; i < slices.count; ++i) {
        sum = sum + load_n(first + i * slices.stride, lanes);
      }
      return sum;
    };
    alignas(64) T values[kLanes<T> * kLanes<T>];
    const bool squares = lanes == kLanes<T> && dweight.strides[1] == 1;
    for (; squares && c + kLanes<T> <= end; c += kLanes<T>) {
      for (int i = 0; i < kLanes<T>; ++i) {
        store(values + i * kLanes<T>, total(from + (c + i) * outputs));
      }
      Square<T>::template transpose<false>(values, kLanes<T>, to + c, dweight.strides[0]);
    }
    for (; c < end; ++c) {
      store(values, total(from + c * outputs));
      for (int i = 0; i < lanes; ++i) {
        to[i * dweight.strides[0] + c * dweight.strides[1]] = values[i];
      }
    }
  };
  // Channel by channel, as they were summed.
  const EvenSplit parts(channels, 4 * kLanes<T>);
  const int64_t vectors = (outputs + kLanes<T> - 1) / kLanes<T>, of_part = vectors * taps;
  constexpr int64_t kGrain = 1024 / kLanes<T>;
  parallel_for(0, problem.groups * parts.groups * of_part, kGrain, [&](int64_t at, int64_t end) {
    for (; at < end; ++at) {
      const int64_t group = at / of_part / parts.groups, part = at / of_part % parts.groups;
      const int64_t o = at % of_part / taps * kLanes<T>, tap = at % taps, c = parts.begin(part);
      add(group, problem.taps[static_cast<size_t>(tap)], o,
          sums + group * group_step + tap * channels * outputs + o, c, c + parts.size(part));
    }
  });
}

template void weight_grad_by_channels<float>(const TapProblem&, const float*, const float*,
                                             const View&);
template void weight_grad_by_channels<double>(const TapProblem&, const double*, const double*,
                                              const View&);
template void add_slices<float>(const TapProblem&, const Slices&, int64_t, const float*,
                                const View&);
template void add_slices<double>(const TapProblem&, const Slices&, int64_t, const double*,
                                 const View&);

}  // namespace reel::cpu::REEL_ISA
