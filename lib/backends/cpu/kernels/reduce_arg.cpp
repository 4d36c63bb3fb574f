#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/cpu/kernels/reduce.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/reduce.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int64_t kChunk = 32768;  // elements that are worth another thread
constexpr int64_t kColumns = 256;  // columns that are searched side by side

// The first position of `best` or of NaN in x[0..n), else n; n is exact as T.
template <class T>
int64_t find_first(const T* x, int64_t n, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    // In all lanes without a branch, which short rows would mispredict.
    alignas(64) T lanes[kLanes<T>];
    for (int i = 0; i < kLanes<T>; ++i) lanes[i] = static_cast<T>(i);
    Vec<T> at = load(lanes);
    Vec<T> first = broadcast(static_cast<T>(n));
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      const Vec<T> v = i + kLanes<T> <= n ? load(x + i) : load_n(x + i, static_cast<int>(n - i));
      const Mask<T> found = (v == broadcast(best)) | is_nan(v);
      first = select(found & (at < first), at, first);
      at = at + broadcast(static_cast<T>(kLanes<T>));
    }
    return static_cast<int64_t>(reduce_lanes<T>(
        first, [](const Vec<T>& a, const Vec<T>& b) { return select(a < b, a, b); }));
  } else {
    return std::find(x, x + n, best) - x;
  }
}

// The first position of the extreme of a run, NaN before all: find its value, then where it is.
template <class Fold, class T>
int64_t find_in_run(const T* x, int64_t n) {
  constexpr int64_t kBlock = 4096;
  const T best = static_cast<T>(fold_run<Fold, T>(x, n));
  for (int64_t i = 0;; i += kBlock) {
    const int64_t count = std::min(kBlock, n - i);
    const int64_t at = find_first(x + i, count, best);
    if (at < count) return i + at;
  }
}

// The same of a few short rows, `stride` apart.
template <class Fold>
void find_in_rows(const float* x, int64_t stride, int rows, int64_t n, int64_t* positions) {
  using V = Vec<float>;
  const auto part = [&](int r, int64_t i, int m) { return load_part(x + r * stride + i, m); };
  using Numbers = std::conditional_t<std::is_same_v<Fold, MaxFold>, MaxNumberFold, MinNumberFold>;
  alignas(64) float best[kLanes<float>];
  Mask<float> nan(false);
  store(best, fold_rows<Numbers, float>(rows, n, [&](int r, int64_t i, int m) {
                // The next rows: the CPU by itself looks too little ahead.
                __builtin_prefetch(x + (rows + r) * stride + i);
                const Num<float> value = part(r, i, m);
                nan = nan | is_nan(value.v);
                return value;
              }).v);
  if (xsimd::any(nan)) {
    for (int r = 0; r < rows; ++r) positions[r] = find_in_run<Fold>(x + r * stride, n);
    return;
  }
  // From the end to the front, a bit an element, without a branch, which would be mispredicted.
  // The zeros that are read behind a row may match too, but what matches in the row comes first.
  constexpr int64_t kBits = 64;
  for (int r = 0; r < rows; ++r) {
    const V value(best[r]);
    int64_t found = 0;
    for (int64_t first = (n - 1) / kBits * kBits; first >= 0; first -= kBits) {
      uint64_t bits = 0;
      for_parts<float>(std::min(kBits, n - first), [&](int64_t i, int m) {
        bits |= lane_bits(part(r, first + i, m).v == value) << i;
      });
      found = bits == 0 ? found : first + std::countr_zero(bits);
    }
    positions[r] = found;
  }
}

// One position for each of m columns that are neighbours in x: their extremes, then from the end
// to the front where they are. Positions are as wide as T, so that the loop is a vector's.
template <class Fold, class T>
void find_in_columns(const T* x, int64_t stride, int64_t n, int64_t* positions, int64_t m) {
  using Position = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  T best[kColumns];
  Position found[kColumns];
  std::copy_n(x, m, best);
  std::fill_n(found, m, 0);
  for (int64_t i = 1; i < n; ++i) {
    const T* row = x + i * stride;
    for (int64_t c = 0; c < m; ++c) best[c] = Fold::combine(best[c], row[c]);
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    const T* row = x + i * stride;
    const auto position = static_cast<Position>(i);
    for (int64_t c = 0; c < m; ++c) {
      const bool here = (row[c] == best[c]) | (row[c] != row[c]);
      found[c] = here ? position : found[c];
    }
  }
  std::copy_n(found, m, positions);
}

template <class Fold, class T>
const char* arg_as(const Call& call, int64_t dim) {
  const View& x = call.in[0];
  const View& y = call.out[0];
  if (y.numel == 0) return nullptr;
  const bool keepdim = y.rank == x.rank;
  Geometry kept(2);
  int out_dim = 0;
  for (int d = 0; d < x.rank; ++d) {
    if (d == dim) {
      if (keepdim) ++out_dim;
      continue;
    }
    const int64_t strides[] = {x.strides[d], y.strides[out_dim++]};
    if (!kept.add(x.sizes[d], strides)) return kManyDims;
  }
  kept.order_and_merge(0);
  const int64_t n = x.rank == 0 ? 1 : x.sizes[dim];
  const int64_t stride = x.rank == 0 ? 1 : x.strides[dim];
  const bool columns = kept.inner_stride(0) == 1 && stride != 1;
  const bool in_rows = std::is_same_v<T, float> && !columns && n <= kShortRow<T>;
  if (!columns && stride != 1 && n > 1) return "strided in all dimensions";
  if (n > std::numeric_limits<int32_t>::max()) return "more than 2^31 positions";

  const int64_t grain = std::max<int64_t>(1, kChunk / n);
  parallel_for(0, y.numel, grain, [&](int64_t begin, int64_t end) {
    Cursor cursor(kept, begin);
    for (int64_t position = begin; position < end;) {
      const T* in = x.as<const T>() + cursor.offset(0);
      int64_t* out = y.as<int64_t>() + cursor.offset(1);
      int64_t count = 1;
      if (columns) {
        count = std::min({end - position, kept.inner_size() - cursor.inner(), kColumns});
        int64_t found[kColumns];
        find_in_columns<Fold, T>(in, stride, n, found, count);
        for (int64_t c = 0; c < count; ++c) out[c * kept.inner_stride(1)] = found[c];
      } else if (in_rows) {
        if constexpr (std::is_same_v<T, float>) {
          count =
              std::min<int64_t>({end - position, kept.inner_size() - cursor.inner(), kLanes<T>});
          int64_t found[kLanes<T>];
          find_in_rows<Fold>(in, kept.inner_stride(0), static_cast<int>(count), n, found);
          for (int64_t c = 0; c < count; ++c) out[c * kept.inner_stride(1)] = found[c];
        }
      } else {
        *out = find_in_run<Fold, T>(in, n);
      }
      position += count;
      if (position < end) cursor.advance(count);
    }
  });
  return nullptr;
}

template <class Op, class Fold>
const char* arg_reduce(const Call& call) {
  const int64_t dim = call.as<Op>().dim;
  switch (call.in[0].dtype) {
    case kFloat:
      return arg_as<Fold, float>(call, dim);
    case kDouble:
      return arg_as<Fold, double>(call, dim);
    case kInt:
      return arg_as<Fold, int32_t>(call, dim);
    case kLong:
      return arg_as<Fold, int64_t>(call, dim);
    case kByte:
      return arg_as<Fold, uint8_t>(call, dim);
    case kHalf:
    case kBFloat16: {
      Cut cut;
      cut.in[0] = cut.out[0] = longest_dim(call.in[0], dim);
      if (call.out[0].rank != call.in[0].rank && cut.out[0] > dim) --cut.out[0];
      return run_in_parts(call, arg_reduce<Op, Fold>, cut);
    }
    default:
      return kNoDtype;
  }
}

}  // namespace

void register_arg_reduce(KernelTable& table) {
  table.add(ops::ArgMax::name, arg_reduce<ops::ArgMax, MaxFold>);
  table.add(ops::ArgMin::name, arg_reduce<ops::ArgMin, MinFold>);
}

}  // namespace reel::cpu::REEL_ISA
