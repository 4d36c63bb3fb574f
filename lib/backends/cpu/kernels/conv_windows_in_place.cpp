#include <reel/backends/cpu/kernels/conv_windows.h>

// Windows read in place: the pixels of a line are evenly spaced, in the image or in a copy of some
// lines with the padding around it, and micro-kernels take a stride.

namespace reel::cpu::REEL_ISA {
namespace {

// The lines of x that the windows of some lines of y meet, where a value's place in a window is the
// same for all pixels: x itself, or a copy of a group's channels with the padding around it.
template <class T>
class Lines {
 public:
  explicit Lines(const TapProblem& problem) : problem_(problem) {
    const auto [first_row, last_row] =
        std::minmax_element(problem.taps.begin(), problem.taps.end(),
                            [](const Tap& a, const Tap& b) { return a.row < b.row; });
    const auto [first_column, last_column] =
        std::minmax_element(problem.taps.begin(), problem.taps.end(),
                            [](const Tap& a, const Tap& b) { return a.column < b.column; });
    top_ = first_row->row;
    left_ = first_column->column;
    height_ = last_row->row - top_ + 1;
    const int64_t right = (problem.columns - 1) * problem.in_stride[1] + last_column->column + 1;
    padded_ = top_ < 0 || left_ < 0 || right > problem.in_width ||
              (problem.rows - 1) * problem.in_stride[0] + last_row->row >= problem.in_height;
    width_ = padded_ ? right - left_ : problem.in_width;
    pixel_ = padded_ ? problem.in_channels : problem.in_pixel();
  }
  int64_t pixel() const { return pixel_; }          ///< from one to the next
  int64_t line() const { return width_ * pixel_; }  ///< from one to the next

  // Where the window of the first pixel of line `row` begins, of an image of one group, if lines
  // [row, row + count) of y are wanted.
  const T* at(const T* x, int64_t image, int64_t row, int64_t count) const {
    const T* from = x + image * problem_.in_height * problem_.in_width * problem_.in_pixel();
    const int64_t first = row * problem_.in_stride[0] + top_;
    if (!padded_) return from + first * line() + left_ * pixel_;
    const int64_t lines = (count - 1) * problem_.in_stride[0] + height_;
    T* const copy = scratch<T>(Slot::panel_a, lines * line() + kLanes<T>);
    const int64_t begin = std::clamp<int64_t>(-left_, 0, width_);
    const int64_t end = std::clamp<int64_t>(problem_.in_width - left_, begin, width_);
    T* to = copy;
    for (int64_t i = first; i < first + lines; ++i, to += line()) {
      if (i < 0 || i >= problem_.in_height) {
        std::fill_n(to, line(), T(0));
        continue;
      }
      std::fill_n(to, begin * pixel_, T(0));
      std::fill_n(to + end * pixel_, (width_ - end) * pixel_, T(0));
      const T* pixel = from + (i * problem_.in_width + left_ + begin) * problem_.in_pixel();
      if (pixel_ == problem_.in_pixel()) {
        std::copy_n(pixel, (end - begin) * pixel_, to + begin * pixel_);
        continue;
      }
      for (int64_t j = begin; j < end; ++j, pixel += problem_.in_pixel()) {
        copy_run(pixel, pixel_, to + j * pixel_);
      }
    }
    return copy;
  }

  // The runs of columns [k, k + depth) of a window, from where it begins.
  void runs(int64_t k, int64_t depth, std::vector<Run>& runs) const {
    runs.clear();
    for (const int64_t end = k + depth; k < end;) {
      const int64_t channel = k % problem_.in_channels;
      const Tap& tap = problem_.taps[static_cast<size_t>(k / problem_.in_channels)];
      const Run run{(tap.row - top_) * line() + (tap.column - left_) * pixel_ + channel,
                    std::min(problem_.in_channels - channel, end - k)};
      k += run.length;
      if (!runs.empty() && runs.back().offset + runs.back().length == run.offset) {
        runs.back().length += run.length;
      } else {
        runs.push_back(run);
      }
    }
  }

 private:
  const TapProblem& problem_;
  int64_t top_, left_, height_, width_, pixel_;
  bool padded_;
};

}  // namespace

// y by lines, whose windows are read in place.
template <class T>
void solve_in_place(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                    bool with_relu) {
  const int64_t depth = problem.depth(), padded = padded_columns<T>(problem.out_channels);
  // Sums of one block of the depth are not read again: lines may be many, which share their copy.
  const int64_t most = depth <= kBlockDepth ? 1024 : 224;
  const int64_t tasks = std::max<int64_t>(kEnoughTasks, 4 * get_num_threads());
  const int64_t tile_rows =
      std::clamp<int64_t>(problem.positions() / tasks, 4 * kTileRows, most / kTileRows * kTileRows);
  const EvenSplit row_split(problem.rows, std::max<int64_t>(1, tile_rows / problem.columns));
  const int64_t pieces = problem.images * row_split.groups;
  const int64_t tile_columns = columns_of_tile<T>(problem, pieces);
  const int64_t column_tiles = (problem.out_channels + tile_columns - 1) / tile_columns;
  const EvenSplit tiles(problem.columns, kTileRows);
  const Lines<T> lines(problem);
  const DepthBlocks<T> blocks(depth);
  const int64_t a_line = problem.in_stride[0] * lines.line();
  const int64_t a_stride = problem.in_stride[1] * lines.pixel();
  const int64_t c_line = problem.out_stride[0] * problem.out_width * problem.out_pixel();
  const int64_t c_stride = problem.out_stride[1] * problem.out_pixel();

  parallel_for(0, problem.groups * pieces * column_tiles, 1, [&](int64_t task, int64_t) {
    const int64_t group = task / (column_tiles * pieces), piece = task / column_tiles % pieces;
    const int64_t n0 = task % column_tiles * tile_columns;
    const int64_t columns = std::min(tile_columns, problem.out_channels - n0);
    const int64_t channel = group * problem.out_channels + n0;
    const int64_t image = piece / row_split.groups;
    const int64_t row = row_split.begin(piece % row_split.groups);
    const int64_t rows = row_split.size(piece % row_split.groups);
    const T* from = lines.at(x + group * problem.in_channels, image, row, rows);
    T* to = y + channel +
            (image * problem.out_height + problem.out_origin[0]) * problem.out_width *
                problem.out_pixel() +
            problem.out_origin[1] * problem.out_pixel() + row * c_line;
    std::vector<Run> runs;
    for (int64_t k = 0; k < depth; k += blocks.step) {
      const int64_t depth_here = blocks.size(k);
      lines.runs(k, depth_here, runs);
      Strided<T> a{from, a_stride, 1, runs.data(), static_cast<int64_t>(runs.size()), depth_here};
      const T* b = packed + (group * depth + k) * padded + n0 * depth_here;
      for (int64_t n = 0; n < columns; n += kTileColumns<T>, b += kTileColumns<T> * depth_here) {
        const int vectors = panel_vectors<T>(n, columns);
        const int width = static_cast<int>(std::min<int64_t>(columns - n, kTileColumns<T>));
        const T* first = bias == nullptr ? zero_row<T>() : bias + channel + n;
        for (int64_t tile = 0; tile < rows * tiles.groups; ++tile) {
          const int64_t i = tile / tiles.groups, t = tile % tiles.groups;
          a.data = from + i * a_line + tiles.begin(t) * a_stride;
          T* c = to + i * c_line + tiles.begin(t) * c_stride + n;
          strided_kernel<T>(static_cast<int>(tiles.size(t)), vectors)(
              a, b, k == 0 ? first : nullptr, c, c_stride, width);
        }
      }
    }
    for (int64_t r = 0; with_relu && r < rows * problem.columns; ++r) {
      relu(to + r / problem.columns * c_line + r % problem.columns * c_stride, columns);
    }
  });
}

// dweight' [tap, channel][O] = windows' [tap, channel][pixels] g [pixels][O], windows read in
// place.
template <class T>
void weight_grad_in_place(const TapProblem& problem, const T* g, const T* x, const View& dweight) {
  const Lines<T> lines(problem);
  std::vector<Run> windows;
  lines.runs(0, problem.depth(), windows);
  const int64_t outputs = problem.out_channels, size = problem.depth() * outputs;
  const EvenSplit row_split(problem.rows, std::max<int64_t>(1, kBlockDepth / problem.columns));
  const int64_t blocks = problem.images * row_split.groups;
  const EvenSplit slices(blocks, std::max<int64_t>(1, (blocks + kEnoughTasks - 1) / kEnoughTasks));
  const int64_t parts = std::max<int64_t>(slices.groups, 1);
  const Storage partial =
      allocate_storage(sizeof(T) * static_cast<size_t>(problem.groups * parts * size), kCPU);
  T* const sums = static_cast<T*>(partial->data());

  parallel_for(0, problem.groups * parts, 1, [&](int64_t task, int64_t) {
    const int64_t group = task / parts, slice = task % parts;
    T* const out = sums + task * size;
    std::fill_n(out, size, T(0));
    std::vector<Run> pixels;
    const int64_t slice_end = slices.begin(slice) + slices.size(slice);
    // Few threads go on with the next slice.
    const int64_t fetched_end = 2 * get_num_threads() <= parts ? blocks : slice_end;
    for (int64_t block = slices.begin(slice); block < slice_end; ++block) {
      const int64_t image = block / row_split.groups;
      const int64_t row = row_split.begin(block % row_split.groups);
      const int64_t rows = row_split.size(block % row_split.groups);
      const T* from = lines.at(x + group * problem.in_channels, image, row, rows);
      pixels.clear();
      for (int64_t i = 0; i < rows; ++i) {
        pixels.push_back({i * problem.in_stride[0] * lines.line(), problem.columns});
      }
      const int64_t depth = rows * problem.columns;
      const int64_t pixel = (image * problem.rows + row) * problem.columns;
      const Matrix<const T> grad{g + pixel * problem.out_pixel() + group * outputs,
                                 problem.out_pixel(), 1};
      // What the next block packs is on its way meanwhile; that of a group does not lie in one.
      const bool fetches = problem.groups == 1 && block + 1 < fetched_end;
      const int64_t next = fetches ? std::min(depth, problem.positions() - pixel - depth) : 0;
      Ahead<T> ahead{grad.at(depth, 0), next * outputs};
      for (int64_t n = 0; n < outputs; n += kTileColumns<T>) {
        const int vectors = panel_vectors<T>(n, outputs);
        const int64_t width = std::min<int64_t>(outputs - n, kTileColumns<T>);
        T* b = scratch<T>(Slot::panel_b, vectors * kLanes<T> * depth);
        pack_columns<T>(grad, n, width, vectors, 0, depth, b);
        T* c = out + n;
        for (const Run& window : windows) {
          const EvenSplit tiles(window.length, kTileRows);
          for (int64_t t = 0; t < tiles.groups; ++t, c += tiles.size(t - 1) * outputs) {
            strided_kernel<T>(static_cast<int>(tiles.size(t)), vectors)(
                {from + window.offset + tiles.begin(t), 1, problem.in_stride[1] * lines.pixel(),
                 pixels.data(), rows, depth, ahead.next(depth * vectors * kLanes<T>)},
                b, nullptr, c, outputs, static_cast<int>(width));
          }
        }
      }
    }
  });
  const Slices left = problem.groups == 1 ? add_halves(sums, parts, size) : Slices{parts, size};
  add_slices<T>(problem, left, parts * size, sums, dweight);
}

template void solve_in_place<float>(const TapProblem&, const float*, const float*, const float*,
                                    float*, bool);
template void solve_in_place<double>(const TapProblem&, const double*, const double*, const double*,
                                     double*, bool);
template void weight_grad_in_place<float>(const TapProblem&, const float*, const float*,
                                          const View&);
template void weight_grad_in_place<double>(const TapProblem&, const double*, const double*,
                                           const View&);

}  // namespace reel::cpu::REEL_ISA
