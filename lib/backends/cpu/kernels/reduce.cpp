#include <algorithm>
#include <vector>

#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/kernels.h>
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

// Combines elements [begin, end) of the reduced dimensions.
template <class Fold, class T>
Total<T> fold_range(const Geometry& reduced, const T* x, int64_t begin, int64_t end) {
  const int64_t stride = reduced.inner_stride(0);
  if (reduced.rank() <= 1 && stride == 1) return fold_run<Fold, T>(x + begin, end - begin);
  Total<T> total = Fold::template identity<Total<T>>();
  Cursor cursor(reduced, begin);
  for (int64_t position = begin; position < end;) {
    int64_t n = std::min(end - position, reduced.inner_size() - cursor.inner());
    const T* run = x + cursor.offset(0);
    T together[kGather];
    if (stride != 1 && n > 1) {
      n = std::min(n, kGather);
      for (int64_t i = 0; i < n; ++i) together[i] = run[i * stride];
      run = together;
    }
    total = static_cast<Total<T>>(Fold::combine(total, fold_run<Fold, T>(run, n)));
    position += n;
    if (position < end) cursor.advance(n);
  }
  return total;
}

// Every output on its own, its elements lying in runs.
template <class Fold, class T>
void reduce_inner(const Split& split, const T* x, T* y) {
  const int64_t outputs = split.kept.numel();
  const int64_t count = split.reduced.numel();
  if (count <= 2 * kChunk) {
    parallel_for(0, outputs, std::max<int64_t>(1, kChunk / count), [&](int64_t begin, int64_t end) {
      const Geometry& kept = split.kept;
      Cursor cursor(kept, begin);
      for (int64_t position = begin; position < end;) {
        const int64_t n = std::min(end - position, kept.inner_size() - cursor.inner());
        for (int64_t i = 0; i < n; ++i) {
          const T* in = x + cursor.offset(0) + i * kept.inner_stride(0);
          y[cursor.offset(1) + i * kept.inner_stride(1)] =
              static_cast<T>(fold_range<Fold, T>(split.reduced, in, 0, count));
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
      partial[static_cast<size_t>(i)] = fold_range<Fold, T>(split.reduced, x + cursor.offset(0),
                                                            first, std::min(first + kChunk, count));
    }
  });
  for (int64_t i = 0; i < outputs; ++i) {
    Total<T> total = Fold::template identity<Total<T>>();
    for (int64_t c = 0; c < chunks; ++c) {
      total =
          static_cast<Total<T>>(Fold::combine(total, partial[static_cast<size_t>(i * chunks + c)]));
    }
    y[Cursor(split.kept, i).offset(1)] = static_cast<T>(total);
  }
}

// Rows [begin, end) of the reduced dimensions into the totals of n columns that are neighbours.
template <class Fold, class T>
void fold_rows(const Geometry& reduced, const T* x, int64_t begin, int64_t end, Total<T>* totals,
               int64_t n) {
  const int64_t stride = reduced.inner_stride(0);
  Cursor cursor(reduced, begin);
  for (int64_t position = begin; position < end;) {
    const int64_t rows = std::min(end - position, reduced.inner_size() - cursor.inner());
    const T* row = x + cursor.offset(0);
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const T* a = row + r * stride;
      const T* b = a + stride;
      const T* c = b + stride;
      const T* d = c + stride;
      for (int64_t i = 0; i < n; ++i) {
        const T ab = static_cast<T>(Fold::combine(a[i], b[i]));
        const T cd = static_cast<T>(Fold::combine(c[i], d[i]));
        const T four = static_cast<T>(Fold::combine(ab, cd));
        totals[i] = static_cast<Total<T>>(Fold::combine(totals[i], static_cast<Total<T>>(four)));
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
void reduce_outer(const Split& split, const T* x, T* y) {
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
      fold_rows<Fold, T>(split.reduced, x + cursor.offset(0), first,
                         std::min(first + rows_per_chunk, rows), totals, n);
      if (chunks > 1) {
        std::copy_n(totals, n, partial.data() + (chunk * rest + outer) * width + column);
      } else {
        T* out = y + cursor.offset(1);
        for (int64_t i = 0; i < n; ++i) out[i * y_stride] = static_cast<T>(totals[i]);
      }
    }
  });
  for (int64_t i = 0; chunks > 1 && i < rest * width; ++i) {
    Total<T> total = partial[static_cast<size_t>(i)];
    for (int64_t c = 1; c < chunks; ++c) {
      total = static_cast<Total<T>>(
          Fold::combine(total, partial[static_cast<size_t>(c * rest * width + i)]));
    }
    y[Cursor(kept, i).offset(1)] = static_cast<T>(total);
  }
}

template <class Fold, class T>
const char* reduce_as(const Call& call, const ops::Reduce& op) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  Split split;
  if (!make_split(split, op, x, y)) return kManyDims;
  if (y.numel == 0) return nullptr;
  if (split.reduced.numel() == 0) {
    for (int64_t i = 0; i < y.numel; ++i) {
      y.as<T>()[Cursor(split.kept, i).offset(1)] = Fold::template identity<T>();
    }
  } else if (split.kept.inner_stride(0) == 1) {
    reduce_outer<Fold, T>(split, x.as<const T>(), y.as<T>());
  } else {
    reduce_inner<Fold, T>(split, x.as<const T>(), y.as<T>());
  }
  return nullptr;
}

template <class Op, class Fold>
const char* reduce(const Call& call) {
  const Op& op = call.as<Op>();
  switch (call.in[0].dtype) {
    case kFloat:
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
