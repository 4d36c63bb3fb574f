#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/past_cache.h>
#include <reel/backends/cpu/vec.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/index.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int64_t kChunk = 32768;  // elements that are worth another thread
constexpr int64_t kColumns = 512;  // neighbours that are updated side by side

// The reference finds the first of these and says which it is.
constexpr const char* kBadIndex = "index out of bounds";

int64_t size_along(const View& view, int64_t dim) { return view.rank == 0 ? 1 : view.sizes[dim]; }
int64_t stride_along(const View& view, int64_t dim) {
  return view.rank == 0 ? 0 : view.strides[dim];
}

bool indices_fit(const View& index, int64_t size) {
  Geometry geometry(1);
  const View* views[] = {&index};
  if (!make_geometry(geometry, views)) return false;
  std::atomic<bool> fit = true;
  parallel_for(0, index.numel, kChunk, [&](int64_t begin, int64_t end) {
    Cursor cursor(geometry, begin);
    const int64_t stride = geometry.inner_stride(0);
    bool good = true;
    for (int64_t position = begin; position < end;) {
      const int64_t n = std::min(end - position, geometry.inner_size() - cursor.inner());
      const int64_t* run = index.as<const int64_t>() + cursor.offset(0);
      // A negative index is a large number without a sign.
      const auto check = [&](int64_t step) {
        for (int64_t i = 0; i < n; ++i) {
          good &= static_cast<uint64_t>(run[i * step]) < static_cast<uint64_t>(size);
        }
      };
      stride == 1 ? check(1) : check(stride);
      position += n;
      if (position < end) cursor.advance(n);
    }
    if (!good) fit.store(false, std::memory_order_relaxed);
  });
  return fit.load(std::memory_order_relaxed);
}

// Element by element: i runs over all dimensions but one, j along that one; other[i, j] belongs to
// target[i, index[i, j]].
struct Scattered {
  Geometry others{3};
  int64_t count = 0;         // along the dimension
  int64_t index_stride = 0;  // of which these are the strides
  int64_t other_stride = 0;
  int64_t target_stride = 0;
};

// `target` is what the indices point into, `other` has the index's sizes.
bool make_scattered(Scattered& s, const View& target, const View& index, const View& other,
                    int64_t dim) {
  for (int d = 0; d < index.rank; ++d) {
    const int64_t strides[] = {other.strides[d], index.strides[d], target.strides[d]};
    if (d != dim && !s.others.add(index.sizes[d], strides)) return false;
  }
  s.others.order_and_merge(0);
  s.count = size_along(index, dim);
  s.index_stride = stride_along(index, dim);
  s.other_stride = stride_along(other, dim);
  s.target_stride = stride_along(target, dim);
  return true;
}

// Calls body(target element, other element). Targets of different i never meet, so threads share
// the i; along the dimension everything happens in order.
template <class T, class Body>
void for_each_scattered(const Scattered& s, T* target, const int64_t* index, T* other,
                        const Body& body) {
  const int64_t grain = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, s.count));
  parallel_for(0, s.others.numel(), grain, [&](int64_t begin, int64_t end) {
    Cursor cursor(s.others, begin);
    for (int64_t position = begin; position < end;) {
      const int64_t n =
          std::min({end - position, s.others.inner_size() - cursor.inner(), kColumns});
      const int64_t steps[] = {s.others.inner_stride(0), s.others.inner_stride(1),
                               s.others.inner_stride(2)};
      for (int64_t j = 0; j < s.count; ++j) {
        T* b = other + cursor.offset(0) + j * s.other_stride;
        const int64_t* at = index + cursor.offset(1) + j * s.index_stride;
        T* a = target + cursor.offset(2);
        for (int64_t i = 0; i < n; ++i) {
          body(a[i * steps[2] + at[i * steps[1]] * s.target_stride], b[i * steps[0]]);
        }
      }
      position += n;
      if (position < end) cursor.advance(n);
    }
  });
}

template <class T, class Body>
const char* scattered(const View& target, const View& index, const View& other, int64_t dim,
                      const Body& body) {
  if (index.numel == 0) return nullptr;
  Scattered s;
  if (!make_scattered(s, target, index, other, dim)) return kManyDims;
  for_each_scattered(s, target.as<T>(), index.as<const int64_t>(), other.as<T>(), body);
  return nullptr;
}

// Calls kernel.template operator()<T>() with an unsigned integer of an element's size: for values
// that are only moved.
template <class Run>
const char* by_size(ScalarType dtype, const Run& run) {
  switch (element_size(dtype)) {
    case 1:
      return run.template operator()<uint8_t>();
    case 2:
      return run.template operator()<uint16_t>();
    case 4:
      return run.template operator()<uint32_t>();
    case 8:
      return run.template operator()<uint64_t>();
    default:
      return kNoDtype;
  }
}
// The same for types that add.
template <class Run>
const char* by_type(ScalarType dtype, const Run& run) {
  switch (dtype) {
    case kFloat:
      return run.template operator()<float>();
    case kDouble:
      return run.template operator()<double>();
    case kInt:
      return run.template operator()<int32_t>();
    case kLong:
      return run.template operator()<int64_t>();
    default:
      return kNoDtype;
  }
}

template <class T>
void copy_slice(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t n) {
  if (from_stride == 1 && to_stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
  }
}

// to[i] = from[i * from_step + at[i] * stride] for n neighbours but of from's, where indices are
// below `size`.
template <class T>
class GatherRun {
 public:
  GatherRun(int64_t size, int64_t from_step, int64_t stride)
      : size_(size), from_step_(from_step), stride_(stride) {
#ifdef __AVX512F__
    // Offsets in 32 bits where they fit: eight elements an instruction otherwise.
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    in_vectors_ = sizeof(T) == 4 && size <= kMost / std::max<int64_t>(1, stride) &&
                  size * stride + 16 * from_step <= kMost && stride >= 0 && from_step >= 0;
#endif
  }

  // False if an index is not below the size; what it points at is not touched. Indices lie behind
  // `at` up to `last`, those of runs to come among them. kStream only if `to` begins a line.
  template <bool kStream>
  bool copy(const int64_t* at, [[maybe_unused]] const int64_t* last, const T* from, T* to,
            int64_t n) const {
    bool good = true;
    int64_t i = 0;
#ifdef __AVX512F__
    if (in_vectors_) {
      for (; i + 16 <= n; i += 16) {
        good &= copy_vector<kStream>(at + i, last, from + i * from_step_, to + i);
      }
    }
#endif
    for (; i < n; ++i) {
      const bool fits = is_below(at[i]);
      good &= fits;
      to[i] = from[i * from_step_ + (fits ? at[i] : 0) * stride_];
    }
    return good;
  }

 private:
  // A negative index is a large number without a sign.
  bool is_below(int64_t index) const {
    return static_cast<uint64_t>(index) < static_cast<uint64_t>(size_);
  }

#ifdef __AVX512F__
  template <bool kStream>
  bool copy_vector(const int64_t* at, const int64_t* last, const T* from, T* to) const {
    // Whole rows are often taken: fetched ahead by one element a line, where rows of the same sizes
    // follow each other (elsewhere a wrong guess is harmless), and copied. Their indices have to be
    // there by then.
    constexpr int64_t kAhead = 768, kIndexAhead = 2 * kAhead;
    __builtin_prefetch(at + kIndexAhead);
    __builtin_prefetch(at + kIndexAhead + 8);
    const int64_t ahead = *std::min(at + kAhead, last);
    __builtin_prefetch(from + (is_below(ahead) ? ahead * stride_ : 0));
    const __m512i low = _mm512_loadu_si512(at), high = _mm512_loadu_si512(at + 8);
    const __m512i first = _mm512_set1_epi64(*at);
    if (from_step_ == 1 && is_below(*at) &&
        (_mm512_cmpeq_epi64_mask(low, first) & _mm512_cmpeq_epi64_mask(high, first)) == 0xff) {
      write<kStream>(to, _mm512_loadu_si512(from + *at * stride_));
      return true;
    }
    const __m512i limit = _mm512_set1_epi64(size_);
    const auto fit = static_cast<__mmask16>(_mm512_cmplt_epu64_mask(low, limit) |
                                            _mm512_cmplt_epu64_mask(high, limit) << 8);
    const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                                             _mm512_cvtepi64_epi32(high), 1);
    const __m512i along =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32(static_cast<int32_t>(from_step_)));
    const __m512i place = _mm512_add_epi32(
        _mm512_mullo_epi32(index, _mm512_set1_epi32(static_cast<int32_t>(stride_))), along);
    write<kStream>(to, _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), fit, place, from, 4));
    return fit == 0xffff;
  }
#endif

  int64_t size_, from_step_, stride_;
  bool in_vectors_ = false;
};

// In the order in which y lies: no two elements meet.
const char* gather(const Call& call) {
  const View& x = call.in[0];
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::Gather>().dim;
  if (y.numel == 0) return nullptr;
  const int64_t size = size_along(x, dim);
  Geometry geometry(3);
  for (int d = 0; d < y.rank; ++d) {
    const int64_t strides[] = {y.strides[d], index.strides[d], d == dim ? 0 : x.strides[d]};
    if (!geometry.add(y.sizes[d], strides)) return kManyDims;
  }
  geometry.order_and_merge(0);
  const int64_t stride = stride_along(x, dim);
  const int64_t steps[] = {geometry.inner_stride(0), geometry.inner_stride(1),
                           geometry.inner_stride(2)};
  const bool in_runs = steps[0] == 1 && steps[1] == 1 && size > 0;
  const int64_t* last = index.as<const int64_t>() + (geometry.linear(1) ? index.numel - 1 : 0);
  if (!in_runs && !indices_fit(index, size)) return kBadIndex;
  return by_size(x.dtype, [&]<class T>() -> const char* {
    const GatherRun<T> run(size, steps[2], stride);
    const bool large = y.numel > kPastCache / static_cast<int64_t>(sizeof(T));
    std::atomic<bool> fit = true;
    parallel_for(0, y.numel, kChunk, [&](int64_t begin, int64_t end) {
      Cursor cursor(geometry, begin);
      bool good = true;
      for (int64_t position = begin; position < end;) {
        const int64_t n = std::min(end - position, geometry.inner_size() - cursor.inner());
        T* to = y.as<T>() + cursor.offset(0);
        const int64_t* at = index.as<const int64_t>() + cursor.offset(1);
        const T* from = x.as<const T>() + cursor.offset(2);
        if (in_runs) {
          const int64_t* behind = std::max(last, at + n - 1);
          good &= large && are_lines(to, 0) ? run.template copy<true>(at, behind, from, to, n)
                                            : run.template copy<false>(at, behind, from, to, n);
        } else if (steps[1] == 0) {
          copy_slice(from + *at * stride, steps[2], to, steps[0], n);
        } else {
          for (int64_t i = 0; i < n; ++i) {
            to[i * steps[0]] = from[i * steps[2] + at[i * steps[1]] * stride];
          }
        }
        position += n;
        if (position < end) cursor.advance(n);
      }
      if (large) end_writes<true>();
      if (!good) fit.store(false, std::memory_order_relaxed);
    });
    return fit.load(std::memory_order_relaxed) ? nullptr : kBadIndex;
  });
}

// y = x, unless y is x.
const char* start_from(const Call& call) {
  return call.in[0].data == call.out[0].data ? nullptr : copy_same(call.in[0], call.out[0]);
}

const char* scatter_add(const Call& call) {
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::ScatterAdd>().dim;
  if (!indices_fit(index, size_along(y, dim))) return kBadIndex;
  return by_type(y.dtype, [&]<class T>() -> const char* {
    if (const char* reason = start_from(call)) return reason;
    return scattered<T>(y, index, call.in[2], dim, [](T& a, const T& b) { a += b; });
  });
}

const char* scatter(const Call& call) {
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::Scatter>().dim;
  if (!indices_fit(index, size_along(y, dim))) return kBadIndex;
  return by_size(y.dtype, [&]<class T>() -> const char* {
    if (const char* reason = start_from(call)) return reason;
    return scattered<T>(y, index, call.in[2], dim, [](T& a, const T& b) { a = b; });
  });
}

// Slices: for every i of the index, slice index[i] of `indexed` and slice i of `other`.
struct Slices {
  Geometry rest{2};  // the other dimensions of (other, indexed)
  const int64_t* index = nullptr;
  int64_t count = 0;
  int64_t index_stride = 0;
  int64_t other_stride = 0;
  int64_t indexed_stride = 0;
};

bool make_slices(Slices& s, const View& indexed, const View& index, const View& other,
                 int64_t dim) {
  for (int d = 0; d < other.rank; ++d) {
    const int64_t strides[] = {other.strides[d], indexed.strides[d]};
    if (d != dim && !s.rest.add(other.sizes[d], strides)) return false;
  }
  s.rest.order_and_merge(0);
  s.index = index.as<const int64_t>();
  s.count = index.numel;
  s.index_stride = stride_along(index, 0);
  s.other_stride = stride_along(other, dim);
  s.indexed_stride = stride_along(indexed, dim);
  return true;
}

// Calls body(indexed run, its stride, other run, its stride, length). Threads share the rest; the
// indices are met in order.
template <class T, class Body>
void for_each_slice(const Slices& s, T* indexed, T* other, const Body& body) {
  const int64_t rest = s.rest.numel();
  const int64_t grain = std::max<int64_t>(64, kChunk / std::max<int64_t>(1, s.count));
  parallel_for(0, rest, grain, [&](int64_t begin, int64_t end) {
    Cursor cursor(s.rest, begin);
    for (int64_t position = begin; position < end;) {
      const int64_t n = std::min(end - position, s.rest.inner_size() - cursor.inner());
      for (int64_t i = 0; i < s.count; ++i) {
        const int64_t at = s.index[i * s.index_stride];
        body(indexed + cursor.offset(1) + at * s.indexed_stride, s.rest.inner_stride(1),
             other + cursor.offset(0) + i * s.other_stride, s.rest.inner_stride(0), n);
      }
      position += n;
      if (position < end) cursor.advance(n);
    }
  });
}

const char* index_select(const Call& call) {
  const View& x = call.in[0];
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::IndexSelect>().dim;
  if (!indices_fit(index, size_along(x, dim))) return kBadIndex;
  if (y.numel == 0) return nullptr;
  Slices s;
  if (!make_slices(s, x, index, y, dim)) return kManyDims;
  return by_size(x.dtype, [&]<class T>() -> const char* {
    const auto copy = [](const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t n) {
      copy_slice(from, from_stride, to, to_stride, n);
    };
    if (s.rest.rank() > 1 || s.rest.inner_size() >= kChunk) {
      for_each_slice<T>(s, x.as<T>(), y.as<T>(), copy);
      return nullptr;
    }
    // Rows of a table: every row is one run, threads share the rows. The beginnings of those to
    // come are fetched, since no prefetcher of the CPU can guess them.
    constexpr int64_t kAhead = 32, kLine = 64 / sizeof(T), kFetched = 8 * kLine;
    const int64_t length = s.rest.inner_size();
    const bool dense = s.rest.inner_stride(0) == 1 && s.rest.inner_stride(1) == 1;
    const bool stream = y.numel > kPastCache / static_cast<int64_t>(sizeof(T)) && dense &&
                        are_lines(y.as<T>(), s.other_stride) && length % kLine == 0;
    const auto row = [&](int64_t i) {
      return x.as<const T>() + s.index[i * s.index_stride] * s.indexed_stride;
    };
    parallel_for(0, s.count, std::max<int64_t>(1, kChunk / length), [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) {
        const T* ahead = row(std::min(i + kAhead, e - 1));
        for (int64_t j = 0; j < std::min(length, kFetched); j += kLine) {
          __builtin_prefetch(ahead + j);
        }
        T* to = y.as<T>() + i * s.other_stride;
        if (stream) {
          copy_lines(row(i), to, length);
        } else {
          copy(row(i), s.rest.inner_stride(1), to, s.rest.inner_stride(0), length);
        }
      }
      if (stream) end_writes<true>();
    });
    return nullptr;
  });
}

const char* index_add(const Call& call) {
  const View& index = call.in[1];
  const View& source = call.in[2];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::IndexAdd>().dim;
  if (!indices_fit(index, size_along(y, dim))) return kBadIndex;
  Slices s;
  if (!make_slices(s, y, index, source, dim)) return kManyDims;
  return by_type(y.dtype, [&]<class T>() -> const char* {
    if (const char* reason = start_from(call)) return reason;
    if (source.numel == 0) return nullptr;
    for_each_slice<T>(s, y.as<T>(), source.as<T>(),
                      [](T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t n) {
                        if (to_stride == 1 && from_stride == 1) {
                          for (int64_t i = 0; i < n; ++i) to[i] += from[i];
                        } else {
                          for (int64_t i = 0; i < n; ++i)
                            to[i * to_stride] += from[i * from_stride];
                        }
                      });
    return nullptr;
  });
}

const char* index_copy(const Call& call) {
  const View& index = call.in[1];
  const View& source = call.in[2];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::IndexCopy>().dim;
  if (!indices_fit(index, size_along(y, dim))) return kBadIndex;
  Slices s;
  if (!make_slices(s, y, index, source, dim)) return kManyDims;
  return by_size(y.dtype, [&]<class T>() -> const char* {
    if (const char* reason = start_from(call)) return reason;
    if (source.numel == 0) return nullptr;
    for_each_slice<T>(s, y.as<T>(), source.as<T>(),
                      [](T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t n) {
                        copy_slice(from, from_stride, to, to_stride, n);
                      });
    return nullptr;
  });
}

}  // namespace

void register_index(KernelTable& table) {
  table.add(ops::Gather::name, gather);
  table.add(ops::ScatterAdd::name, scatter_add);
  table.add(ops::Scatter::name, scatter);
  table.add(ops::IndexSelect::name, index_select);
  table.add(ops::IndexAdd::name, index_add);
  table.add(ops::IndexCopy::name, index_copy);
}

}  // namespace reel::cpu::REEL_ISA
