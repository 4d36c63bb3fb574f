#include <reel/backends/cpu/kernels/conv_windows.h>

// Windows packed: tiles of rows anywhere are gathered from the image.

namespace reel::cpu::REEL_ISA {
namespace {

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

// Tiles of pixels: of many all channels, of few a tile a thread.
template <class T>
TilePlan plan_pixels(const TapProblem& problem) {
  const int64_t positions = problem.positions(), threads = get_num_threads();
  const int64_t volume = positions * problem.out_channels * problem.depth();
  constexpr int64_t kRows = 224 / kTileRows * kTileRows;
  // Groups are tasks already.
  if (problem.groups == 1 && positions < kEnoughTasks * kRows && volume <= kOwnVolume) {
    return plan_own_tiles(positions, problem.out_channels, sizeof(T),
                          std::clamp<int64_t>(volume / kTaskVolume, 1, threads));
  }
  const int64_t rows = std::clamp<int64_t>(positions / kEnoughTasks, 4 * kTileRows, kRows);
  return {rows, columns_of_tile<T>(problem, EvenSplit(positions, rows).groups), 1};
}

}  // namespace

// y by tiles of pixels anywhere, whose windows are packed.
template <class T>
void solve_packed(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y,
                  bool with_relu) {
  const int64_t positions = problem.positions(), depth = problem.depth();
  const int64_t padded = padded_columns<T>(problem.out_channels);
  const TilePlan plan = plan_pixels<T>(problem);
  const EvenSplit row_split(positions, plan.tile_rows);
  const int64_t tile_columns = plan.tile_columns;
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
    const auto pack = [&](int64_t row, int64_t count, int64_t k, int64_t block, T* panel) {
      reader.pack(m + row, count, k, block, panel);
    };
    multiply_tile<T>(
        PanelOrder::by_vector, rows, columns, depth,
        blocks_of_rows<T>(PanelOrder::by_vector, rows, pack),
        [&](int64_t k, int64_t block, int64_t column) {
          return group_panels + k * padded + (n + column) * block;
        },
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

// dweight [O][tap, channel] = g' [O][pixels] windows [pixels][tap, channel], group by group.
template <class T>
void weight_grad_packed(const TapProblem& problem, const T* g, const T* x, const View& dweight) {
  const int64_t rows = problem.out_channels, columns = problem.depth();
  // Many groups are a task each; few share all threads one after the other.
  const int64_t grain = problem.groups >= kEnoughTasks / 2 ? 1 : problem.groups;
  parallel_for(0, problem.groups, grain, [&](int64_t group, int64_t group_end) {
    const Storage product = allocate_storage(sizeof(T) * static_cast<size_t>(rows * columns), kCPU);
    T* values = static_cast<T*>(product->data());
    for (; group < group_end; ++group) {
      const WindowReader<T> reader(problem, x + group * problem.in_channels);
      const Matrix<const T> grad{g + group * rows, 1, problem.out_pixel()};
      multiply_in_tiles<T>(
          PanelOrder::by_depth, rows, columns, problem.positions(),
          [&](int64_t m, int64_t count, int64_t k, int64_t block, T* panel) {
            pack_rows<T>(PanelOrder::by_depth, grad, m, count, k, block, panel);
          },
          [&](int64_t n, int64_t count, int vectors, int64_t k, int64_t block, T* panel) {
            reader.pack_transposed(n, count, vectors, k, block, panel);
          },
          Matrix<T>{values, columns, 1});
      const int64_t channels = problem.in_channels;
      parallel_for(0, rows, 1 + 16384 / columns, [&](int64_t m, int64_t m_end) {
        for (; m < m_end; ++m) {
          const T* from = values + m * columns;
          for (const Tap& tap : problem.taps) {
            T* to = dweight.as<T>() + (group * rows + m) * dweight.strides[0] +
                    tap.kernel_row * dweight.strides[2] + tap.kernel_column * dweight.strides[3];
            for (int64_t c = 0; c < channels; ++c) to[c * dweight.strides[1]] = *from++;
          }
        }
      });
    }
  });
}

template void solve_packed<float>(const TapProblem&, const float*, const float*, const float*,
                                  float*, bool);
template void solve_packed<double>(const TapProblem&, const double*, const double*, const double*,
                                   double*, bool);
template void weight_grad_packed<float>(const TapProblem&, const float*, const float*, const View&);
template void weight_grad_packed<double>(const TapProblem&, const double*, const double*,
                                         const View&);

}  // namespace reel::cpu::REEL_ISA
