#pragma once

// What kernels share that go along one dimension: where its rows begin.

#include <algorithm>

#include <reel/backends/parallel.h>
#include <reel/backends/reference/loops.h>

namespace reel::reference {

template <class T>
bool is_nan(T x) {
  return x != x;
}

/// The rows along `dim` of views whose other sizes are equal.
template <size_t N>
class Rows {
 public:
  template <class... Views>
  Rows(int64_t dim, const View& first, const Views&... others)
      : walk_(walk_except(dim, first, others...)), size_(size_along(first, dim)) {
    for (const int64_t n : walk_.sizes) count_ *= n;
  }

  int64_t count() const { return count_; }

  /// Offsets of row r in each view.
  std::array<int64_t, N> operator[](int64_t r) const {
    std::array<int64_t, N> offset{};
    for (size_t d = walk_.sizes.size(); d-- > 0;) {
      const int64_t i = r % walk_.sizes[d];
      r /= walk_.sizes[d];
      for (size_t k = 0; k < N; ++k) offset[k] += i * walk_.strides[k][d];
    }
    return offset;
  }

  /// Calls body(offsets, scratch) for every row, on several threads; `scratch` is a Scratch that
  /// lasts over rows.
  template <class Scratch, class Body>
  void for_each(const Body& body) const {
    constexpr int64_t kChunk = 32768;  // elements that are worth another thread
    const int64_t grain = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, size_));
    parallel_for(0, count_, grain, [&](int64_t begin, int64_t end) {
      Scratch scratch;
      for (int64_t r = begin; r < end; ++r) body((*this)[r], scratch);
    });
  }

 private:
  Walk<N> walk_;
  int64_t size_;
  int64_t count_ = 1;
};
template <class... Views>
Rows(int64_t, const View&, const Views&...) -> Rows<1 + sizeof...(Views)>;

}  // namespace reel::reference
