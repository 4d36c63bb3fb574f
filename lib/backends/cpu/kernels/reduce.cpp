#include <algorithm>
#include <vector>

#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/narrow.h>
#include <reel/backends/cpu/kernels/reduce.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/reduce.h>

namespace reel::cpu::REEL_ISA {
namespace {

// Elements of one partial result, and what is worth another thread.
constexpr int64_t kChunk = 65536;
// Elements of a strided run that are brought together at a time.
constexpr int64_t kGather = 1024;
// Columns that are reduced side by side: their totals stay in the first-level cache.
constexpr int64_t kColumns = 1024;
// Of which so many become one before they are added to a total.
template <class T>
constexpr int64_t kLines = std::is_same_v<T, float> ? 8 : 4;

// The dimensions that stay (views x and y) and those that are reduced (x).
struct Split {
  Geometry kept{2};
  Geometry reduced{1};
};

bool make_split(Split& split, const ops::Reduce& op, const View& x, const View& y) {
  const bool keepdim = y.rank == x.rank;
  int out_dim = 0;
  for (int d = 0; d < x.rank; ++d) {
    bool fits = true;
    if (op.reduces(d)) {
      fits = split.reduced.add(x.sizes[d], &x.strides[d]);
      if (keepdim) ++out_dim;
    } else {
      const int64_t strides[] = {x.strides[d], y.strides[out_dim++]};
      fits = split.kept.add(x.sizes[d], strides);
    }
    if (!fits) return false;
  }
  split.kept.order_and_merge(0);
  split.reduced.order_and_merge(0);
  return true;
}

// What is folded as T: elements of T, or where that is float, of half or bfloat16.
template <class T>
struct Operand {
  void* data;
  ScalarType dtype;

  explicit Operand(const View& view) : data(view.data), dtype(view.dtype) {}
  bool narrow() const { return std::is_same_v<T, float> && (dtype == kHalf || dtype == kBFloat16); }
  T* at(int64_t offset) const { return static_cast<T*>(data) + offset; }
  // n elements side by side: where they are, or brought to `together`.
  const T* run(int64_t offset, int64_t stride, int64_t n, T* together) const {
    if (!narrow()) {
      if (stride == 1 || n == 1) return at(offset);
      for (int64_t i = 0; i < n; ++i) together[i] = at(offset)[i * stride];
      return together;
    }
    if constexpr (std::is_same_v<T, float>) widen_run(offset, stride, n, together);
    return together;
  }
  void put(int64_t offset, T value) const {
    if (!narrow()) {
      *at(offset) = value;
    } else if constexpr (std::is_same_v<T, float>) {
      if (dtype == kHalf) static_cast<Half*>(data)[offset] = value;
      if (dtype == kBFloat16) static_cast<BFloat16*>(data)[offset] = value;
    }
  }

 private:
  // Not inlined: it is long, and called where runs are.
  [[gnu::noinline]] void widen_run(int64_t offset, int64_t stride, int64_t n, float* to) const {
    const auto from = [&]<class S>(const S* p) {
      if (stride == 1) return widen(p, n, to);
      for (int64_t i = 0; i < n; ++i) to[i] = p[i * stride];
    };
    dtype == kHalf ? from(static_cast<const Half*>(data) + offset)
                   : from(static_cast<const BFloat16*>(data) + offset);
  }
};

// Combines elements [begin, end) of the reduced dimensions of what begins at `start`.
template <class Fold, class T>
Total<T> fold_range(const Geometry& reduced, const Operand<T>& x, int64_t start, int64_t begin,
                    int64_t end) {
  const int64_t stride = reduced.inner_stride(0);
  if (reduced.rank() <= 1 && stride == 1 && !x.narrow()) {
    return fold_run<Fold, T>(x.at(start + begin), end - begin);
  }
  Total<T> total = Fold::template identity<Total<T>>();
  Cursor cursor(reduced, begin);
  for (int64_t position = begin; position < end;) {
    int64_t n = std::min(end - position, reduced.inner_size() - cursor.inner());
    T together[kGather];
    if (x.narrow() || stride != 1) n = std::min(n, kGather);
    const T* run = x.run(start + cursor.offset(0), stride, n, together);
    total = static_cast<Total<T>>(Fold::combine(total, fold_run<Fold, T>(run, n)));
    position += n;
    if (position < end) cursor.advance(n);
  }
  return total;
}

// A few rows of n neighbours, `stride` apart.
template <class Fold>
void fold_short_rows(const Operand<float>& x, int64_t start, int64_t stride, int rows, int64_t n,
                     float* totals) {
  const float* data = x.at(start);
  alignas(64) float together[kLanes<float> * kShortRow<float>];
  if (x.narrow()) {
    for (int r = 0; r < rows; ++r) x.run(start + r * stride, 1, n, together + r * n);
    data = together;
    stride = n;
  }
  store(totals, fold_rows<Fold, float>(rows, n, [&](int r, int64_t i, int m) {
                  __builtin_prefetch(data + (rows + r) * stride + i);
                  return load_part(data + r * stride + i, m);
                }).v);
}

// Every output on its own, its elements lying in runs.
template <class Fold, class T>
void reduce_inner(const Split& split, const Operand<T>& x, const Operand<T>& y) {
  const int64_t outputs = split.kept.numel();
  const int64_t count = split.reduced.numel();
  const bool in_rows = split.reduced.rank() <= 1 && split.reduced.inner_stride(0) == 1 &&
                       count >= kLanes<float> && count <= kShortRow<float>;
  if (count <= 2 * kChunk) {
    parallel_for(0, outputs, std::max<int64_t>(1, kChunk / count), [&](int64_t begin, int64_t end) {
      const Geometry& kept = split.kept;
      Cursor cursor(kept, begin);
      for (int64_t position = begin; position < end;) {
        const int64_t n = std::min(end - position, kept.inner_size() - cursor.inner());
        int64_t i = 0;
        if constexpr (std::is_same_v<T, float>) {
          for (int64_t k = 0; in_rows && i < n; i += k) {
            k = std::min<int64_t>(kLanes<T>, n - i);
            alignas(64) T totals[kLanes<T>];
            fold_short_rows<Fold>(x, cursor.offset(0) + i * kept.inner_stride(0),
                                  kept.inner_stride(0), static_cast<int>(k), count, totals);
            for (int64_t j = 0; j < k; ++j) {
              y.put(cursor.offset(1) + (i + j) * kept.inner_stride(1), totals[j]);
            }
          }
        }
        for (; i < n; ++i) {
          const int64_t start = cursor.offset(0) + i * kept.inner_stride(0);
          y.put(cursor.offset(1) + i * kept.inner_stride(1),
                static_cast<T>(fold_range<Fold, T>(split.reduced, x, start, 0, count)));
        }
        position += n;
        if (position < end) cursor.advance(n);
      }
    });
    return;
  }
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  std::vector<Total<T>> partial(static_cast<size_t>(outputs * chunks));
  parallel_for(0, outputs * chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Cursor cursor(split.kept, i / chunks);
      const int64_t first = i % chunks * kChunk;
      partial[static_cast<size_t>(i)] = fold_range<Fold, T>(split.reduced, x, cursor.offset(0),
                                                            first, std::min(first + kChunk, count));
    }
  });
  for (int64_t i = 0; i < outputs; ++i) {
    Total<T> total = Fold::template identity<Total<T>>();
    for (int64_t c = 0; c < chunks; ++c) {
      total =
          static_cast<Total<T>>(Fold::combine(total, partial[static_cast<size_t>(i * chunks + c)]));
    }
    y.put(Cursor(split.kept, i).offset(1), static_cast<T>(total));
  }
}

// Rows [begin, end) of the reduced dimensions into the totals of n columns that are neighbours.
template <class Fold, class T>
void fold_lines(const Geometry& reduced, const Operand<T>& x, int64_t start, int64_t begin,
                int64_t end, Total<T>* totals, int64_t n) {
  Cursor cursor(reduced, begin);
  for (int64_t position = begin; position < end;) {
    int64_t rows = std::min(end - position, reduced.inner_size() - cursor.inner());
    int64_t stride = reduced.inner_stride(0);
    const T* row = x.at(start + cursor.offset(0));
    alignas(64) T together[std::is_same_v<T, float> ? kLines<T> * kColumns : 1];
    if (x.narrow()) {
      rows = std::min(rows, kLines<T>);
      for (int64_t r = 0; r < rows; ++r) {
        x.run(start + cursor.offset(0) + r * stride, 1, n, together + r * n);
      }
      row = together;
      stride = n;
    }
    int64_t r = 0;
    const auto both = [](T a, T b) { return static_cast<T>(Fold::combine(a, b)); };
    for (; r + kLines<T> <= rows; r += kLines<T>) {
      const T* a = row + r * stride;
      if (n <= kShortRow<T>) {  // of short rows the CPU by itself looks too little ahead
        for (int64_t k = 0; k < kLines<T>; ++k) {
          const T* ahead = a + (2 * kLines<T> + k) * stride;
          for (int64_t i = 0; i < n; i += 64 / sizeof(T)) __builtin_prefetch(ahead + i);
        }
      }
      for (int64_t i = 0; i < n; ++i) {
        const auto two = [&](int64_t k) {
          return both(a[k * stride + i], a[(k + 1) * stride + i]);
        };
        T all = both(two(0), two(2));
        if constexpr (kLines<T> == 8) all = both(all, both(two(4), two(6)));
        totals[i] = static_cast<Total<T>>(Fold::combine(totals[i], static_cast<Total<T>>(all)));
      }
    }
    for (; r < rows; ++r) {
      const T* a = row + r * stride;
      for (int64_t i = 0; i < n; ++i) {
        totals[i] = static_cast<Total<T>>(Fold::combine(totals[i], static_cast<Total<T>>(a[i])));
      }
    }
    position += rows;
    if (position < end) cursor.advance(rows);
  }
}

// Neighbouring outputs side by side: the inner kept dimension has stride 1 in x.
template <class Fold, class T>
void reduce_outer(const Split& split, const Operand<T>& x, const Operand<T>& y) {
  const Geometry& kept = split.kept;
  const int64_t rows = split.reduced.numel();
  const int64_t width = kept.inner_size();
  const int64_t tiles = (width + kColumns - 1) / kColumns;
  const int64_t rest = kept.numel() / width;
  const int64_t rows_per_chunk = std::max<int64_t>(64, kChunk / std::min(width, kColumns));
  const int64_t chunks = (rows + rows_per_chunk - 1) / rows_per_chunk;
  const int64_t y_stride = kept.inner_stride(1);
  std::vector<Total<T>> partial(chunks > 1 ? static_cast<size_t>(chunks * rest * width)
                                           : size_t{0});

  const int64_t task_size = std::min(rows, rows_per_chunk) * std::min(width, kColumns);
  const int64_t grain = std::max<int64_t>(1, kChunk / task_size);
  parallel_for(0, rest * tiles * chunks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t chunk = task % chunks;
      const int64_t column = task / chunks % tiles * kColumns;
      const int64_t outer = task / chunks / tiles;
      const int64_t n = std::min(kColumns, width - column);
      const Cursor cursor(kept, outer * width + column);
      alignas(64) Total<T> totals[kColumns];
      std::fill_n(totals, n, Fold::template identity<Total<T>>());
      const int64_t first = chunk * rows_per_chunk;
      fold_lines<Fold, T>(split.reduced, x, cursor.offset(0), first,
                          std::min(first + rows_per_chunk, rows), totals, n);
      if (chunks > 1) {
        std::copy_n(totals, n, partial.data() + (chunk * rest + outer) * width + column);
      } else {
        for (int64_t i = 0; i < n; ++i) {
          y.put(cursor.offset(1) + i * y_stride, static_cast<T>(totals[i]));
        }
      }
    }
  });
  for (int64_t i = 0; chunks > 1 && i < rest * width; ++i) {
    Total<T> total = partial[static_cast<size_t>(i)];
    for (int64_t c = 1; c < chunks; ++c) {
      total = static_cast<Total<T>>(
          Fold::combine(total, partial[static_cast<size_t>(c * rest * width + i)]));
    }
    y.put(Cursor(kept, i).offset(1), static_cast<T>(total));
  }
}

template <class Fold, class T>
const char* reduce_as(const Call& call, const ops::Reduce& op) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  Split split;
  if (!make_split(split, op, x, y)) return kManyDims;
  if (y.numel == 0) return nullptr;
  const Operand<T> from(x), to(y);
  if (split.reduced.numel() == 0) {
    for (int64_t i = 0; i < y.numel; ++i) {
      to.put(Cursor(split.kept, i).offset(1), Fold::template identity<T>());
    }
  } else if (split.kept.inner_stride(0) == 1) {
    reduce_outer<Fold, T>(split, from, to);
  } else {
    reduce_inner<Fold, T>(split, from, to);
  }
  return nullptr;
}

template <class Op, class Fold>
const char* reduce(const Call& call) {
  const Op& op = call.as<Op>();
  switch (call.in[0].dtype) {
    case kFloat:
    case kHalf:
    case kBFloat16:
      return reduce_as<Fold, float>(call, op);
    case kDouble:
      return reduce_as<Fold, double>(call, op);
    case kInt:
      return reduce_as<Fold, int32_t>(call, op);
    case kLong:
      return reduce_as<Fold, int64_t>(call, op);
    case kByte:
      return reduce_as<Fold, uint8_t>(call, op);
    default:
      break;
  }
  // Bytes of 0 and 1 stay that in all folds but the sum.
  if (call.in[0].dtype == kBool && !std::is_same_v<Fold, SumFold>) {
    return reduce_as<Fold, uint8_t>(call, op);
  }
  return kNoDtype;
}

}  // namespace

void register_reduce(KernelTable& table) {
  table.add(ops::Sum::name, reduce<ops::Sum, SumFold>);
  table.add(ops::Prod::name, reduce<ops::Prod, ProdFold>);
  table.add(ops::Amax::name, reduce<ops::Amax, MaxFold>);
  table.add(ops::Amin::name, reduce<ops::Amin, MinFold>);
  register_arg_reduce(table);
  register_softmax(table);
}

}  // namespace reel::cpu::REEL_ISA
