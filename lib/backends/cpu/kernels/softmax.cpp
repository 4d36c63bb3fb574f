#include <algorithm>
#include <vector>

#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/cpu/kernels/reduce.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/reduce.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int64_t kChunk = 16384;  // elements that are worth another thread
constexpr int64_t kColumns = 512;  // columns that are computed side by side

// An operand, its neighbours in one dimension and how far apart it is in another.
template <class T>
struct Lines {
  T* data;
  int64_t stride;
  T* operator[](int64_t i) const { return data + i * stride; }
};

// One row of consecutive elements, a few short ones at once, or columns side by side. Two inputs
// for gradients (g, y), else x twice.
template <bool kLog>
struct Forward {
  template <class T>
  static void short_rows(Lines<const T> x, Lines<const T>, Lines<T> y, int64_t n, int count) {
    T largest[kLanes<T>], last[kLanes<T>];
    // While it computes, the CPU by itself looks too little ahead: what is written below, then what
    // the next rows are read from, is fetched. NaN makes the sum NaN.
    store(largest, fold_rows<MaxNumberFold, T>(count, n, [&](int r, int64_t i, int m) {
                     __builtin_prefetch(y[r] + i, 1);
                     return load_part(x[r] + i, m);
                   }).v);
    const Num<T> sum = fold_rows<SumFold, T>(count, n, [&](int r, int64_t i, int m) {
      __builtin_prefetch(x[count + r] + i);
      const Num<T> value = exp_not_large(load_part(x[r] + i, m) - largest[r]);
      if constexpr (!kLog) store_part(y[r] + i, value, m);
      return value;
    });
    store(last, (kLog ? log(sum) : 1 / sum).v);
    for (int r = 0; r < count; ++r) {
      const T* from = kLog ? x[r] : y[r];
      T* to = y[r];
      const Num<T> top = largest[r], factor = last[r];
      for_parts<T>(n, [&](int64_t i, int m) {
        const Num<T> value = load_part(from + i, m);
        store_part<T>(to + i, kLog ? value - top - factor : value * factor, m);
      });
    }
  }

  template <class T>
  static void row(const T* x, const T*, T* y, int64_t n) {
    const T largest = static_cast<T>(fold_run<MaxFold, T>(x, n));
    if constexpr (kLog) {
      const double sum = fold_map<SumFold, T>(
          n, [&](const Num<T>& a) { return exp_not_large(a - largest); }, x);
      const T log_sum = std::log(static_cast<T>(sum));
      map(
          y, n, [&](const Num<T>& a) { return a - largest - log_sum; }, x);
    } else {
      map(
          y, n, [&](const Num<T>& a) { return exp_not_large(a - largest); }, x);
      const T scale = static_cast<T>(1 / fold_run<SumFold, T>(y, n));
      map(
          y, n, [&](const Num<T>& a) { return a * scale; }, y);
    }
  }

  // m columns side by side, n elements apart by the strides.
  template <class T>
  static void columns(const T* x, int64_t x_stride, const T*, int64_t, T* y, int64_t y_stride,
                      int64_t n, int64_t m) {
    T largest[kColumns];
    T last[kColumns];
    std::copy_n(x, m, largest);
    for (int64_t i = 1; i < n; ++i) {
      map(
          largest, m, [](const Num<T>& a, const Num<T>& b) { return maximum(a, b); }, largest,
          x + i * x_stride);
    }
    std::fill_n(last, m, T(0));
    for (int64_t i = 0; i < n; ++i) {
      T* row = y + i * y_stride;
      map(
          row, m, [](const Num<T>& a, const Num<T>& b) { return exp(a - b); }, x + i * x_stride,
          largest);
      map(
          last, m, [](const Num<T>& a, const Num<T>& b) { return a + b; }, last, row);
    }
    map(
        last, m, [](const Num<T>& a) { return kLog ? log(a) : 1 / a; }, last);
    for (int64_t i = 0; i < n; ++i) {
      T* row = y + i * y_stride;
      if constexpr (kLog) {
        map(
            row, m, [](const Num<T>& a, const Num<T>& b, const Num<T>& c) { return a - b - c; },
            x + i * x_stride, largest, last);
      } else {
        map(
            row, m, [](const Num<T>& a, const Num<T>& b) { return a * b; }, row, last);
      }
    }
  }
};

template <bool kLog>
struct Backward {
  template <class T>
  static Num<T> result(const Num<T>& g, const Num<T>& y, const Num<T>& sum) {
    if constexpr (kLog)
      return g - exp(y) * sum;
    else
      return y * (g - sum);
  }

  template <class T>
  static void short_rows(Lines<const T> g, Lines<const T> y, Lines<T> dx, int64_t n, int count) {
    T sums[kLanes<T>];
    store(sums, fold_rows<SumFold, T>(count, n, [&](int r, int64_t i, int m) {
                  const Num<T> slope = load_part(g[r] + i, m);
                  return kLog ? slope : slope * load_part(y[r] + i, m);
                }).v);
    for (int r = 0; r < count; ++r) {
      const T *slope = g[r], *value = y[r];
      T* to = dx[r];
      const Num<T> sum = sums[r];
      for_parts<T>(n, [&](int64_t i, int m) {
        store_part<T>(to + i, result<T>(load_part(slope + i, m), load_part(value + i, m), sum), m);
      });
    }
  }

  template <class T>
  static void row(const T* g, const T* y, T* dx, int64_t n) {
    double sum = 0;
    if constexpr (kLog) {
      sum = fold_run<SumFold, T>(g, n);
    } else {
      sum = fold_map<SumFold, T>(
          n, [](const Num<T>& a, const Num<T>& b) { return a * b; }, g, y);
    }
    const Num<T> total = sum;
    map(
        dx, n, [&](const Num<T>& a, const Num<T>& b) { return result(a, b, total); }, g, y);
  }

  template <class T>
  static void columns(const T* g, int64_t g_stride, const T* y, int64_t y_stride, T* dx,
                      int64_t dx_stride, int64_t n, int64_t m) {
    T sum[kColumns];
    std::fill_n(sum, m, T(0));
    for (int64_t i = 0; i < n; ++i) {
      map(
          sum, m,
          [](const Num<T>& s, const Num<T>& a, const Num<T>& b) { return s + (kLog ? a : a * b); },
          sum, g + i * g_stride, y + i * y_stride);
    }
    for (int64_t i = 0; i < n; ++i) {
      map(
          dx + i * dx_stride, m,
          [](const Num<T>& a, const Num<T>& b, const Num<T>& s) { return result(a, b, s); },
          g + i * g_stride, y + i * y_stride, sum);
    }
  }
};

// Views: out, first input, second input; `dim` of each has n elements `strides` apart.
template <class Kind, class T>
void run(const Geometry& others, const View* const* views, const int64_t* strides, int64_t n) {
  T* out = views[0]->as<T>();
  const T* a = views[1]->as<const T>();
  const T* b = views[2]->as<const T>();
  const bool rows = n == 1 || (strides[0] == 1 && strides[1] == 1 && strides[2] == 1);
  const bool side_by_side =
      others.inner_stride(0) == 1 && others.inner_stride(1) == 1 && others.inner_stride(2) == 1;
  const int64_t grain = std::max<int64_t>(side_by_side && !rows ? 64 : 1, kChunk / n);
  parallel_for(0, others.numel(), grain, [&](int64_t begin, int64_t end) {
    std::vector<T> together(rows || side_by_side ? 0 : static_cast<size_t>(3 * n));
    Cursor cursor(others, begin);
    for (int64_t position = begin; position < end;) {
      T* y = out + cursor.offset(0);
      const T* x = a + cursor.offset(1);
      const T* z = b + cursor.offset(2);
      int64_t count = 1;
      if (std::is_same_v<T, float> && rows && n <= kShortRow<T>) {
        if constexpr (std::is_same_v<T, float>) {
          count =
              std::min<int64_t>({end - position, others.inner_size() - cursor.inner(), kLanes<T>});
          Kind::short_rows(Lines<const T>{x, others.inner_stride(1)},
                           Lines<const T>{z, others.inner_stride(2)},
                           Lines<T>{y, others.inner_stride(0)}, n, static_cast<int>(count));
        }
      } else if (rows) {
        Kind::row(x, z, y, n);
      } else if (side_by_side) {
        count = std::min({end - position, others.inner_size() - cursor.inner(), kColumns});
        Kind::columns(x, strides[1], z, strides[2], y, strides[0], n, count);
      } else {
        T* first = together.data();
        T* second = first + n;
        T* result = second + n;
        for (int64_t i = 0; i < n; ++i) {
          first[i] = x[i * strides[1]];
          second[i] = z[i * strides[2]];
        }
        Kind::row(first, second, result, n);
        for (int64_t i = 0; i < n; ++i) y[i * strides[0]] = result[i];
      }
      position += count;
      if (position < end) cursor.advance(count);
    }
  });
}

template <class Op, class Kind>
const char* softmax(const Call& call) {
  const View& out = call.out[0];
  if (out.numel == 0) return nullptr;
  const int64_t dim = call.as<Op>().dim;
  const View* views[] = {&out, &call.in[0], call.num_in > 1 ? &call.in[1] : &call.in[0]};
  Geometry others(3);
  int64_t along[3] = {1, 1, 1};
  for (int d = 0; d < out.rank; ++d) {
    int64_t strides[3];
    for (int v = 0; v < 3; ++v) strides[v] = views[v]->strides[d];
    if (d == dim) {
      std::copy_n(strides, 3, along);
    } else if (!others.add(out.sizes[d], strides)) {
      return kManyDims;
    }
  }
  others.order_and_merge(0);
  const int64_t n = out.rank == 0 ? 1 : out.sizes[dim];
  switch (out.dtype) {
    case kFloat:
      return run<Kind, float>(others, views, along, n), nullptr;
    case kDouble:
      return run<Kind, double>(others, views, along, n), nullptr;
    case kHalf:
    case kBFloat16: {
      Cut cut;
      std::fill(std::begin(cut.in), std::end(cut.in), longest_dim(out, dim));
      cut.out[0] = cut.in[0];
      return run_in_parts(call, softmax<Op, Kind>, cut);
    }
    default:
      return kNoDtype;
  }
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add(ops::Softmax::name, softmax<ops::Softmax, Forward<false>>);
  table.add(ops::LogSoftmax::name, softmax<ops::LogSoftmax, Forward<true>>);
  table.add(ops::SoftmaxGrad::name, softmax<ops::SoftmaxGrad, Backward<false>>);
  table.add(ops::LogSoftmaxGrad::name, softmax<ops::LogSoftmaxGrad, Backward<true>>);
}

}  // namespace reel::cpu::REEL_ISA
