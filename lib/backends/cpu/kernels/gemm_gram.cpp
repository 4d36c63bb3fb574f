#include <reel/backends/cpu/kernels/gemm_gram.h>

// c [N, N] = a a' where the rows of a lie side by side, as the channels of a channels-last picture
// do: a' is packed once, in blocks of the depth, and the panels serve as both operands; the next
// block is on its way from memory meanwhile. Half of the products are those of the other half.

namespace reel::cpu::REEL_ISA {
namespace {

template <class T>
inline constexpr int64_t kPanel = kTileColumns<T>;
/// Two panels of this depth share L1.
constexpr int64_t kGramDepth = 128;

// `depth` columns of a from k on as panels [depth][kPanel], the last one of as many vectors as it
// has, filled up with zeros.
template <class T>
void pack_block(const Matrix<const T>& a, int64_t rows, int64_t k, int64_t depth, T* out) {
  constexpr int kL = kLanes<T>;
  const int64_t whole = rows / kPanel<T> * kPanel<T>, rest = rows - whole;
  const int vectors = panel_vectors<T>(whole, rows);
  for (int64_t i = 0; i < depth; ++i) {
    const T* from = a.at(0, k + i);
    T* to = out + i * kPanel<T>;
    for (int64_t n = 0; n < whole; n += kPanel<T>, to += depth * kPanel<T>) {
      for (int v = 0; v < kTileVectors; ++v) store(to + v * kL, load(from + n + v * kL));
    }
    if (rest == 0) continue;
    to = out + whole * depth + i * vectors * kL;
    for (int v = 0; v < vectors; ++v) {
      const int64_t lanes = std::min<int64_t>(rest - v * kL, kL);
      store(to + v * kL, load_n(from + whole + v * kL, static_cast<int>(lanes)));
    }
  }
}

// Panels i and j >= i: their tile of c, set or added to, of a packed block. Of a panel with itself
// what lies below the diagonal is left out, a vector at a time.
template <class T>
void multiply_panels(int64_t i, int64_t j, int64_t rows, int64_t depth, const T* block,
                     bool accumulate, T* c, Ahead<T>& ahead) {
  const Run whole{0, depth};
  const int64_t height = std::min(rows - i * kPanel<T>, kPanel<T>);
  const int64_t part = i == j ? kLanes<T> : kPanel<T>;
  const int64_t step = panel_vectors<T>(i * kPanel<T>, rows) * kLanes<T>;
  const int64_t step_b = panel_vectors<T>(j * kPanel<T>, rows) * kLanes<T>;
  for (int64_t first = 0; first < height; first += part) {
    const int64_t m = i * kPanel<T> + first, left = i == j ? first : 0, n = j * kPanel<T> + left;
    const auto vectors = static_cast<int>((step_b - left) / kLanes<T>);
    const auto width = static_cast<int>(std::min(rows - n, step_b - left));
    const EvenSplit split(std::min(height - first, part), kTileRows);
    for (int64_t r = 0; r < split.groups; ++r) {
      strided_kernel<T>(static_cast<int>(split.size(r)), vectors)(
          {block + i * depth * kPanel<T> + first + split.begin(r), 1, step, &whole, 1, depth,
           ahead.next(depth * vectors * kLanes<T>), left},
          block + j * depth * kPanel<T> + left, accumulate ? nullptr : zero_row<T>(),
          c + (m + split.begin(r)) * rows + n, rows, width);
    }
  }
}

// Calls body(i, j) for the places from the diagonal on of a matrix of side `count`, on all threads.
template <class Body>
void for_each_pair(int64_t count, int64_t grain, const Body& body) {
  parallel_for(0, count * (count + 1) / 2, grain, [&](int64_t task, int64_t end) {
    int64_t i = 0, j = task;  // a row is one shorter than the one above it
    while (j >= count - i) j -= count - i++;
    for (j += i; task < end; ++task) {
      body(i, j);
      if (++j == count) j = ++i;
    }
  });
}

// Sums what the slices hold of c from the diagonal on, and mirrors it: square blocks of it.
template <class T>
void merge(int64_t rows, int64_t slices, const T* partial, const Matrix<T>& c) {
  constexpr int64_t kSide = 64 / sizeof(T);
  const int64_t grain = 1 + 16384 / (slices * kSide * kSide);
  for_each_pair(EvenSplit(rows, kSide).groups, grain, [&](int64_t i, int64_t j) {
    const int64_t m0 = i * kSide, height = std::min(rows - m0, kSide);
    const int64_t n0 = j * kSide, width = std::min(rows - n0, kSide);
    T sums[kSide][kSide] = {};
    const T* part = partial + m0 * rows + n0;
    for (int64_t s = 0; s < slices; ++s, part += rows * rows) {
      for (int64_t m = 0; m < height; ++m) {
        for (int64_t n = i == j ? m : 0; n < width; ++n) sums[m][n] += part[m * rows + n];
      }
    }
    for (int64_t m = 0; m < height; ++m) {
      for (int64_t n = i == j ? m : 0; n < width; ++n) {
        *c.at(m0 + m, n0 + n) = *c.at(n0 + n, m0 + m) = sums[m][n];
      }
    }
  });
}

}  // namespace

template <class T>
void gram_by_columns(int64_t rows, int64_t depth, const Matrix<const T>& a, const Matrix<T>& c) {
  const int64_t panels = EvenSplit(rows, kPanel<T>).groups;
  // Deep products of few rows are cut along the depth, into more slices than threads where their
  // sums are small beside what is read.
  constexpr int64_t kMostSlices = 64, kSmallSums = 1 << 19;
  int64_t slices = 1;
  const auto pays = [&](int64_t count) {
    return count <= kMostSlices && depth >= 8 * rows && depth / count >= 512 &&
           (count <= kEnoughTasks || count * rows * rows <= kSmallSums);
  };
  while (pays(2 * slices)) slices *= 2;
  const EvenSplit split(depth, (depth + slices - 1) / slices);
  const Storage sums =
      allocate_storage(sizeof(T) * static_cast<size_t>(split.groups * rows * rows), kCPU);
  T* const partial = static_cast<T*>(sums->data());
  if (slices > 1) {
    parallel_for(0, split.groups, 1, [&](int64_t slice, int64_t) {
      T* block = scratch<T>(Slot::panel_b, panels * kPanel<T> * kGramDepth);
      const int64_t begin = split.begin(slice), end = begin + split.size(slice);
      for (int64_t k = begin; k < end; k += kGramDepth) {
        const int64_t size = std::min(kGramDepth, end - k);
        pack_block(a, rows, k, size, block);
        const int64_t next = a.column_stride == rows ? std::min(end - k - size, kGramDepth) : 0;
        Ahead<T> ahead{a.at(0, k + size), next * rows};
        for (int64_t i = 0; i < panels; ++i) {
          for (int64_t j = i; j < panels; ++j) {
            multiply_panels(i, j, rows, size, block, k > begin, partial + slice * rows * rows,
                            ahead);
          }
        }
      }
    });
  } else {
    const int64_t padded = panels * kPanel<T>;
    const Storage packed = allocate_storage(sizeof(T) * static_cast<size_t>(padded * depth), kCPU);
    T* const blocks = static_cast<T*>(packed->data());
    const int64_t count = EvenSplit(depth, kGramDepth).groups;
    parallel_for(0, count, 1 + 32768 / (padded * kGramDepth), [&](int64_t task, int64_t end) {
      for (; task < end; ++task) {
        const int64_t k = task * kGramDepth;
        pack_block(a, rows, k, std::min(kGramDepth, depth - k), blocks + k * padded);
      }
    });
    for_each_pair(panels, 1 + 32768 / (depth * kPanel<T>), [&](int64_t i, int64_t j) {
      for (int64_t k = 0; k < depth; k += kGramDepth) {
        const int64_t next = std::min(k + kGramDepth, depth);
        const int64_t next_panel = std::min(kGramDepth, depth - next) * kPanel<T>;
        Ahead<T> ahead{blocks + next * padded + j * next_panel, next_panel};
        multiply_panels(i, j, rows, next - k, blocks + k * padded, k > 0, partial, ahead);
      }
    });
  }
  merge<T>(rows, split.groups, partial, c);
}

template void gram_by_columns<float>(int64_t, int64_t, const Matrix<const float>&,
                                     const Matrix<float>&);
template void gram_by_columns<double>(int64_t, int64_t, const Matrix<const double>&,
                                      const Matrix<double>&);

}  // namespace reel::cpu::REEL_ISA
