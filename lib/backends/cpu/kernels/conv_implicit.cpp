#include <cstring>

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/weight_cache.h>

// Implicit GEMM: the rows of A are output pixels, its columns (tap, channel) of their windows. A is
// never stored: rows along a line of pixels are read where they lie in the image, or in a copy with
// the padding around it; tiles of other rows are gathered from the image as they are packed. An
// input gradient is the same with other taps; a strided one falls into one such problem for each
// residue of the pixel's position modulo the stride.

namespace reel::cpu::REEL_ISA {
namespace {

// A pixel of the window, relative to where the window of output (0, 0) starts, and which weight
// belongs to it.
struct Tap {
  int64_t row, column;                // offset in the input
  int64_t kernel_row, kernel_column;  // in the weight
};

// y[n, i * out_stride + out_origin] = bias + sum over taps x[n, i * in_stride + tap] weight[tap]
struct TapProblem {
  std::vector<Tap> taps;
  int64_t images, groups;
  int64_t in_height, in_width, in_channels;  // channels of a group
  int64_t rows, columns;                     // positions i computed in each image
  std::array<int64_t, 2> in_stride{1, 1};
  int64_t out_height, out_width, out_channels;  // channels of a group
  std::array<int64_t, 2> out_stride{1, 1}, out_origin{0, 0};

  int64_t in_pixel() const { return groups * in_channels; }
  int64_t out_pixel() const { return groups * out_channels; }
  int64_t positions() const { return images * rows * columns; }
  int64_t depth() const { return static_cast<int64_t>(taps.size()) * in_channels; }
  bool writes_every_pixel() const {
    return out_stride == std::array<int64_t, 2>{1, 1} && rows == out_height && columns == out_width;
  }
  // Row m of A is pixel m of the image: 1x1 convolutions.
  bool reads_every_pixel() const {
    return taps.size() == 1 && taps[0].row == 0 && taps[0].column == 0 && rows == in_height &&
           columns == in_width && in_stride == std::array<int64_t, 2>{1, 1};
  }
};

// The image position of a row of A; advances from pixel to pixel.
struct Position {
  int64_t image, row, column;
  Position(const TapProblem& problem, int64_t m)
      : image(m / (problem.rows * problem.columns)),
        row(m / problem.columns % problem.rows),
        column(m % problem.columns) {}
  void next(const TapProblem& problem) {
    if (++column < problem.columns) return;
    column = 0;
    if (++row < problem.rows) return;
    row = 0;
    ++image;
  }
};

// Copies a short run; writes up to a vector beyond its end.
template <class T>
inline void copy_run(const T* from, int64_t count, T* to) {
#ifdef __AVX512VL__
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    store(to + i, load_n(from + i, static_cast<int>(std::min<int64_t>(count - i, kLanes<T>))));
  }
#else
  std::memcpy(to, from, sizeof(T) * static_cast<size_t>(count));
#endif
}

// Gathers rows of A for one group.
template <class T>
class WindowReader {
 public:
  WindowReader(const TapProblem& problem, const T* x)
      : problem_(problem), x_(x), plain_(problem.reads_every_pixel()) {}

  // Packs `count` rows from m on, columns [k, k + depth), by vector. k is a multiple of the lanes.
  void pack(int64_t m, int64_t count, int64_t k, int64_t depth, T* out) const {
    if (plain_) {
      pack_rows<T>(PanelOrder::by_vector, matrix(), m, count, k, depth, out);
    } else if (problem_.in_channels % kLanes<T> == 0) {
      pack_vectors(m, count, k, depth, out);
    } else {
      pack_elements(m, count, k, depth, out);
    }
  }

  // Packs columns [n, n + count), rows [k, k + depth), into [depth][vectors * L].
  void pack_transposed(int64_t n, int64_t count, int vectors, int64_t k, int64_t depth,
                       T* out) const {
    if (plain_) return pack_columns<T>(matrix(), n, count, vectors, k, depth, out);
    constexpr int kL = kLanes<T>;
    const int64_t width = vectors * kL;
    Position at(problem_, k);
    if (problem_.in_channels % kL != 0) {
      for (int64_t i = 0; i < depth; ++i, at.next(problem_), out += width) {
        const T* values = window(at, n, n + count);
        for (int v = 0; v < vectors; ++v) {
          const int64_t lanes = std::clamp<int64_t>(count - v * kL, 0, kL);
          store(out + v * kL, load_n(values + v * kL, static_cast<int>(lanes)));
        }
      }
      return;
    }
    const Tap* taps[kTileVectors];  // each vector lies in one
    int64_t channels[kTileVectors];
    for (int v = 0; v < vectors; ++v) {
      taps[v] = &problem_.taps[static_cast<size_t>((n + v * kL) / problem_.in_channels)];
      channels[v] = (n + v * kL) % problem_.in_channels;
    }
    for (int64_t i = 0; i < depth; ++i, at.next(problem_), out += width) {
      for (int v = 0; v < vectors; ++v) {
        const T* p = pixel(at, *taps[v]);
        store(out + v * kL, p != nullptr ? load(p + channels[v]) : broadcast(T(0)));
      }
    }
  }

 private:
  Matrix<const T> matrix() const { return {x_, problem_.in_pixel(), 1}; }

  // The channels of a tap's pixel, or nullptr in the padding.
  const T* pixel(const Position& at, const Tap& tap) const {
    const int64_t row = at.row * problem_.in_stride[0] + tap.row;
    const int64_t column = at.column * problem_.in_stride[1] + tap.column;
    if (row < 0 || row >= problem_.in_height || column < 0 || column >= problem_.in_width) {
      return nullptr;
    }
    return x_ + ((at.image * problem_.in_height + row) * problem_.in_width + column) *
                    problem_.in_pixel();
  }

  void pack_vectors(int64_t m, int64_t count, int64_t k, int64_t depth, T* out) const {
    constexpr int kL = kLanes<T>;
    const int64_t channels = problem_.in_channels;
    for (int64_t i = 0; i < depth;) {
      const Tap& tap = problem_.taps[static_cast<size_t>((k + i) / channels)];
      const int64_t channel = (k + i) % channels;
      const int64_t vectors = std::min(channels - channel, depth - i) / kL;
      Position at(problem_, m);
      for (int64_t r = 0; r < count; ++r, at.next(problem_)) {
        const T* p = pixel(at, tap);
        T* to = out + (i * count + r * kL);
        for (int64_t v = 0; v < vectors; ++v, to += count * kL) {
          store(to, p != nullptr ? load(p + channel + v * kL) : broadcast(T(0)));
        }
      }
      i += vectors * kL;
    }
  }

  void pack_elements(int64_t m, int64_t count, int64_t k, int64_t depth, T* out) const {
    constexpr int kL = kLanes<T>;
    Position at(problem_, m);
    for (int64_t r = 0; r < count; ++r, at.next(problem_)) {
      const T* values = window(at, k, k + depth);
      for (int64_t i = 0; i < depth; i += kL) {
        store(out + i * count + r * kL, load(values + i));
      }
    }
  }

  // Columns [k, k_end) of a row of A and zeros for a vector beyond the last. Taps side by side in
  // the image lie side by side in memory and are copied in one.
  const T* window(const Position& at, int64_t k, int64_t k_end) const {
    const int64_t channels = problem_.in_channels;
    const bool dense = problem_.groups == 1;
    const auto first = static_cast<size_t>(k / channels);
    const auto taps = static_cast<size_t>((k_end + channels - 1) / channels);
    T* const values =
        scratch<T>(Slot::row, static_cast<int64_t>(taps - first) * channels + 2 * kLanes<T>);
    T* out = values;
    for (size_t t = first; t < taps;) {
      const Tap& tap = problem_.taps[t];
      const T* p = pixel(at, tap);
      size_t run = 1;
      if (p != nullptr && dense) {
        const int64_t room = problem_.in_width - at.column * problem_.in_stride[1] - tap.column;
        while (t + run < taps && static_cast<int64_t>(run) < room &&
               problem_.taps[t + run].row == tap.row &&
               problem_.taps[t + run].column == tap.column + static_cast<int64_t>(run)) {
          ++run;
        }
      }
      const int64_t count = static_cast<int64_t>(run) * channels;
      if (p != nullptr) {
        copy_run(p, count, out);
      } else {
        std::fill_n(out, count, T(0));
      }
      out += count;
      t += run;
    }
    std::fill_n(out, kLanes<T>, T(0));
    return values + (k - static_cast<int64_t>(first) * channels);
  }

  const TapProblem& problem_;
  const T* x_;
  bool plain_;
};

// Columns [n, n + count) of the weights of a tap, B [channel][output], into [depth][vectors * L].
template <class T>
void pack_tap(const Matrix<const T>& b, int64_t n, int64_t count, int vectors, int64_t k,
              int64_t depth, T* out) {
  if (b.row_stride == 1 || b.column_stride == 1) {
    return pack_columns<T>(b, n, count, vectors, k, depth, out);
  }
  // Far from each other are the columns: the channels of one are read in a row.
  const int64_t width = vectors * kLanes<T>;
  for (int64_t j = 0; j < width; ++j) {
    const T* from = b.at(k, n + std::min(j, count - 1));
    for (int64_t i = 0; i < depth; ++i) {
      out[i * width + j] = j < count ? from[i * b.row_stride] : T(0);
    }
  }
}

// Packs B of all groups: for each block of the depth, panels of [depth][vectors * L]. `input_grad`
// swaps the roles of the weight's outputs and channels.
template <class T>
Storage pack_weight(const TapProblem& problem, const View& view, bool input_grad) {
  const Weight<T> weight = weight_of<T>(view);
  const DepthBlocks<T> blocks(problem.depth());
  const int64_t padded = padded_columns<T>(problem.out_channels);
  const int64_t group_size = padded * problem.depth();
  Storage packed =
      allocate_storage(sizeof(T) * static_cast<size_t>(problem.groups * group_size), kCPU);
  const int64_t panels = EvenSplit(problem.out_channels, kTileColumns<T>).groups;
  parallel_for(0, problem.groups * panels, 1, [&](int64_t task, int64_t) {
    const int64_t group = task / panels, n = task % panels * kTileColumns<T>;
    const int64_t columns = std::min<int64_t>(problem.out_channels - n, kTileColumns<T>);
    const int vectors = panel_vectors<T>(n, problem.out_channels);
    T* data = static_cast<T*>(packed->data()) + group * group_size;
    for (int64_t k = 0, count = 0; k < blocks.depth; k += count) {
      const int64_t channel = k % problem.in_channels, k0 = k / blocks.step * blocks.step;
      count = std::min(problem.in_channels - channel, k0 + blocks.size(k0) - k);
      const Tap& tap = problem.taps[static_cast<size_t>(k / problem.in_channels)];
      const int64_t first = group * (input_grad ? problem.in_channels : problem.out_channels);
      const Matrix<const T> outputs_by_channels{
          weight.at(first, 0, tap.kernel_row, tap.kernel_column), weight.output_stride,
          weight.channel_stride};
      T* panel = data + k0 * padded + n * blocks.size(k0);
      pack_tap<T>(input_grad ? outputs_by_channels : outputs_by_channels.transposed(), n, columns,
                  vectors, channel, count, panel + (k - k0) * vectors * kLanes<T>);
    }
  });
  return packed;
}

// `detail` is what the choice and order of taps depends on beyond the weight's view.
template <class T>
Storage packed_weight(const TapProblem& problem, const View& weight, WeightForm form,
                      const std::array<int64_t, 8>& detail) {
  const WeightKey key(form, weight, detail);
  const WeightStamp stamp(weight);
  Storage packed = find_packed_weight(weight, key, stamp);
  if (packed) return packed;
  packed = pack_weight<T>(problem, weight, form == WeightForm::input_grad_panels);
  keep_packed_weight(weight, key, stamp, packed);
  return packed;
}

template <class T>
void relu(T* values, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    const int lanes = static_cast<int>(std::min<int64_t>(count - i, kLanes<T>));
    const Vec<T> v = load_n(values + i, lanes), zero = broadcast(T(0));
    store_n(values + i, select(v < zero, zero, v), lanes);
  }
}

// Few pixels and many channels (the last layers of a classifier) are cut along the channels.
template <class T>
int64_t columns_of_tile(const TapProblem& problem, int64_t pieces) {
  if (pieces * problem.groups >= kEnoughTasks) return problem.out_channels;
  const int64_t parts = kEnoughTasks / (pieces * problem.groups);
  const int64_t even = (problem.out_channels + parts - 1) / parts;
  constexpr int64_t kStep = 2 * kTileColumns<T>;
  return (even + kStep - 1) / kStep * kStep;
}

// y by tiles of pixels anywhere, whose windows are packed.
template <class T>
void solve_tiles(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                 bool with_relu) {
  const int64_t positions = problem.positions(), depth = problem.depth();
  const int64_t padded = padded_columns<T>(problem.out_channels);
  const int64_t tile_rows =
      std::clamp<int64_t>(positions / kEnoughTasks, 4 * kTileRows, 224 / kTileRows * kTileRows);
  const EvenSplit row_split(positions, tile_rows);
  const int64_t tile_columns = columns_of_tile<T>(problem, row_split.groups);
  const int64_t column_tiles = (problem.out_channels + tile_columns - 1) / tile_columns;
  const bool direct = problem.writes_every_pixel();

  parallel_for(0, problem.groups * row_split.groups * column_tiles, 1, [&](int64_t task, int64_t) {
    const int64_t group = task / (row_split.groups * column_tiles);
    const int64_t row_tile = task / column_tiles % row_split.groups;
    const int64_t n = task % column_tiles * tile_columns;
    const int64_t columns = std::min(tile_columns, problem.out_channels - n);
    const int64_t m = row_split.begin(row_tile), rows = row_split.size(row_tile);
    const WindowReader<T> reader(problem, x + group * problem.in_channels);
    const T* group_panels = packed + group * padded * depth;
    T* channels = y + group * problem.out_channels + n;
    T* tile = direct ? channels + m * problem.out_pixel() : scratch<T>(Slot::tile, rows * columns);
    const int64_t tile_stride = direct ? problem.out_pixel() : columns;
    multiply_tile<T>(
        PanelOrder::by_vector, rows, columns, depth,
        [&](int64_t row, int64_t count, int64_t k, int64_t block, T* panel) {
          reader.pack(m + row, count, k, block, panel);
        },
        [&](int64_t k, int64_t block) { return group_panels + k * padded + n * block; },
        {bias == nullptr ? nullptr : bias + group * problem.out_channels + n, false}, tile,
        tile_stride);
    for (int64_t r = 0; with_relu && r < rows; ++r) relu(tile + r * tile_stride, columns);
    if (direct) return;
    Position at(problem, m);
    for (int64_t r = 0; r < rows; ++r, at.next(problem)) {
      const int64_t row = at.row * problem.out_stride[0] + problem.out_origin[0];
      const int64_t column = at.column * problem.out_stride[1] + problem.out_origin[1];
      T* to = channels + ((at.image * problem.out_height + row) * problem.out_width + column) *
                             problem.out_pixel();
      std::copy_n(tile + r * columns, columns, to);
    }
  });
}

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

// y by lines, whose windows are read in place.
template <class T>
void solve_lines(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                 bool with_relu) {
  const int64_t depth = problem.depth(), padded = padded_columns<T>(problem.out_channels);
  const int64_t tile_rows = std::clamp<int64_t>(problem.positions() / kEnoughTasks, 4 * kTileRows,
                                                224 / kTileRows * kTileRows);
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
              a, b, k == 0 ? first : c, k == 0 ? 0 : c_stride, c, c_stride, width);
        }
      }
    }
    for (int64_t r = 0; with_relu && r < rows * problem.columns; ++r) {
      relu(to + r / problem.columns * c_line + r % problem.columns * c_stride, columns);
    }
  });
}

// Lines are worth it if they fill the rows of a micro-kernel and, copied, a cache; and if there are
// enough of them for all threads. A matrix is as well packed.
template <class T>
void solve(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y, bool relu) {
  const bool plain = problem.reads_every_pixel() && problem.writes_every_pixel();
  const int64_t most = problem.images * problem.rows < kEnoughTasks ? 224 : 1024;
  const bool by_lines = !plain && 2 * problem.columns >= kTileRows && problem.columns <= most;
  (by_lines ? solve_lines<T> : solve_tiles<T>)(problem, x, packed, bias, y, relu);
}

// Zeros at the positions of a problem without taps.
template <class T>
void clear(const TapProblem& problem, T* y) {
  const int64_t grain = 1 + 16384 / (problem.columns * problem.out_pixel());
  parallel_for(0, problem.images * problem.rows, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const int64_t row = line % problem.rows * problem.out_stride[0] + problem.out_origin[0];
      T* to = y + ((line / problem.rows * problem.out_height + row) * problem.out_width +
                   problem.out_origin[1]) *
                      problem.out_pixel();
      for (int64_t j = 0; j < problem.columns; ++j) {
        std::fill_n(to + j * problem.out_stride[1] * problem.out_pixel(), problem.out_pixel(),
                    T(0));
      }
    }
  });
}

TapProblem forward_problem(const ConvShape& shape) {
  TapProblem problem{{},
                     shape.images,
                     shape.attrs.groups,
                     shape.height,
                     shape.width,
                     shape.group_channels(),
                     shape.out_height,
                     shape.out_width,
                     shape.attrs.stride,
                     shape.out_height,
                     shape.out_width,
                     shape.group_outputs()};
  for (int64_t i = 0; i < shape.kernel_height; ++i) {
    for (int64_t j = 0; j < shape.kernel_width; ++j) {
      problem.taps.push_back({i * shape.attrs.dilation[0] - shape.attrs.padding[0],
                              j * shape.attrs.dilation[1] - shape.attrs.padding[1], i, j});
    }
  }
  return problem;
}

// dx at (i * stride + origin) gathers from g where a tap of the forward window hits that pixel:
// origin + padding - tap * dilation must be divisible by the stride.
TapProblem input_grad_problem(const ConvShape& shape, std::array<int64_t, 2> origin) {
  const ops::ConvAttrs& attrs = shape.attrs;
  TapProblem problem{{},
                     shape.images,
                     attrs.groups,
                     shape.out_height,
                     shape.out_width,
                     shape.group_outputs(),
                     (shape.height - origin[0] + attrs.stride[0] - 1) / attrs.stride[0],
                     (shape.width - origin[1] + attrs.stride[1] - 1) / attrs.stride[1],
                     {1, 1},
                     shape.height,
                     shape.width,
                     shape.group_channels(),
                     attrs.stride,
                     origin};
  for (int64_t i = 0; i < shape.kernel_height; ++i) {
    const int64_t row = origin[0] + attrs.padding[0] - i * attrs.dilation[0];
    if (row % attrs.stride[0] != 0) continue;
    for (int64_t j = 0; j < shape.kernel_width; ++j) {
      const int64_t column = origin[1] + attrs.padding[1] - j * attrs.dilation[1];
      if (column % attrs.stride[1] != 0) continue;
      problem.taps.push_back({row / attrs.stride[0], column / attrs.stride[1], i, j});
    }
  }
  return problem;
}

// dweight' [tap, channel][O] = windows' [tap, channel][pixels] g [pixels][O], windows read in
// place.
template <class T>
void weight_grad_by_lines(const ConvShape& shape, const TapProblem& problem, const T* g, const T* x,
                          const View& dweight) {
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
    for (int64_t block = slices.begin(slice); block < slices.begin(slice) + slices.size(slice);
         ++block) {
      const int64_t image = block / row_split.groups;
      const int64_t row = row_split.begin(block % row_split.groups);
      const int64_t rows = row_split.size(block % row_split.groups);
      const T* from = lines.at(x + group * problem.in_channels, image, row, rows);
      pixels.clear();
      for (int64_t i = 0; i < rows; ++i) {
        pixels.push_back({i * problem.in_stride[0] * lines.line(), problem.columns});
      }
      const int64_t depth = rows * problem.columns;
      const Matrix<const T> grad{
          g + (image * problem.rows + row) * problem.columns * shape.outputs + group * outputs,
          shape.outputs, 1};
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
                 pixels.data(), rows, depth},
                b, c, outputs, c, outputs, static_cast<int>(width));
          }
        }
      }
    }
  });
  const int64_t depth = problem.depth(), grain = 1 + 16384 / (outputs * parts);
  parallel_for(0, problem.groups * depth, grain, [&](int64_t at, int64_t end) {
    for (; at < end; ++at) {
      const int64_t group = at / depth, k = at % depth;
      T* const total = sums + group * parts * size + k * outputs;
      for (int64_t slice = 1; slice < parts; ++slice) {
        for (int64_t o = 0; o < outputs; o += kLanes<T>) {
          const int lanes = static_cast<int>(std::min<int64_t>(outputs - o, kLanes<T>));
          const T* more = total + slice * size + o;
          store_n(total + o, load_n(total + o, lanes) + load_n(more, lanes), lanes);
        }
      }
      const Tap& tap = problem.taps[static_cast<size_t>(k / problem.in_channels)];
      T* to = dweight.as<T>() + group * outputs * dweight.strides[0] +
              k % problem.in_channels * dweight.strides[1] + tap.kernel_row * dweight.strides[2] +
              tap.kernel_column * dweight.strides[3];
      for (int64_t o = 0; o < outputs; ++o) to[o * dweight.strides[0]] = total[o];
    }
  });
}

}  // namespace

template <class T>
void conv_implicit(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y,
                   bool relu) {
  const TapProblem problem = forward_problem(shape);
  const Storage packed =
      packed_weight<T>(problem, weight, WeightForm::forward_panels, {problem.groups});
  solve<T>(problem, x, static_cast<const T*>(packed->data()), bias, y, relu);
}

template <class T>
void conv_implicit_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx) {
  const auto &stride = shape.attrs.stride, &dilation = shape.attrs.dilation;
  const auto& padding = shape.attrs.padding;
  for (int64_t i = 0; i < std::min(stride[0], shape.height); ++i) {
    for (int64_t j = 0; j < std::min(stride[1], shape.width); ++j) {
      const TapProblem problem = input_grad_problem(shape, {i, j});
      if (problem.taps.empty()) {
        clear(problem, dx);
        continue;
      }
      const Storage packed =
          packed_weight<T>(problem, weight, WeightForm::input_grad_panels,
                           {problem.groups, stride[0], stride[1], dilation[0], dilation[1],
                            (i + padding[0]) % stride[0], (j + padding[1]) % stride[1]});
      solve<T>(problem, g, static_cast<const T*>(packed->data()), nullptr, dx, false);
    }
  }
}

template <class T>
void conv_implicit_weight_grad(const ConvShape& shape, const T* g, const T* x,
                               const View& dweight) {
  // dweight [O][tap, channel] = g' [O][pixels] windows [pixels][tap, channel], group by group.
  const TapProblem problem = forward_problem(shape);
  // Few channels: the windows of a line are read from L1 again and again, and the sums are small.
  if (problem.in_channels <= kLanes<T> && problem.columns <= 1024) {
    return weight_grad_by_lines<T>(shape, problem, g, x, dweight);
  }
  const int64_t rows = shape.group_outputs(), columns = problem.depth();
  const Storage product = allocate_storage(sizeof(T) * static_cast<size_t>(rows * columns), kCPU);
  T* values = static_cast<T*>(product->data());
  for (int64_t group = 0; group < problem.groups; ++group) {
    const WindowReader<T> reader(problem, x + group * problem.in_channels);
    const Matrix<const T> grad{g + group * rows, 1, shape.outputs};
    multiply_in_tiles<T>(
        PanelOrder::by_depth, rows, columns, problem.positions(),
        [&](int64_t m, int64_t count, int64_t k, int64_t block, T* panel) {
          pack_rows<T>(PanelOrder::by_depth, grad, m, count, k, block, panel);
        },
        [&](int64_t n, int64_t count, int vectors, int64_t k, int64_t block, T* panel) {
          reader.pack_transposed(n, count, vectors, k, block, panel);
        },
        Matrix<T>{values, columns, 1});
    const int64_t channels = shape.group_channels(), taps = shape.taps();
    parallel_for(0, rows, 1 + 16384 / columns, [&](int64_t m, int64_t m_end) {
      for (; m < m_end; ++m) {
        for (int64_t tap = 0; tap < taps; ++tap) {
          T* to = dweight.as<T>() + (group * rows + m) * dweight.strides[0] +
                  tap / shape.kernel_width * dweight.strides[2] +
                  tap % shape.kernel_width * dweight.strides[3];
          const T* from = values + m * columns + tap * channels;
          for (int64_t c = 0; c < channels; ++c) to[c * dweight.strides[1]] = from[c];
        }
      }
    });
  }
}

template void conv_implicit<float>(const ConvShape&, const float*, const View&, const float*,
                                   float*, bool);
template void conv_implicit<double>(const ConvShape&, const double*, const View&, const double*,
                                    double*, bool);
template void conv_implicit_input_grad<float>(const ConvShape&, const float*, const View&, float*);
template void conv_implicit_input_grad<double>(const ConvShape&, const double*, const View&,
                                               double*);
template void conv_implicit_weight_grad<float>(const ConvShape&, const float*, const float*,
                                               const View&);
template void conv_implicit_weight_grad<double>(const ConvShape&, const double*, const double*,
                                                const View&);

}  // namespace reel::cpu::REEL_ISA
