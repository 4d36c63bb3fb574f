#pragma once

// How views lie in memory, for the host functions of kernels, and memory that lives as long as a
// call.

#include <span>
#include <vector>

#include <reel/backends/backend.h>

namespace reel::mlu {

inline constexpr int kMaxRank = 16;

/// The dimensions by which two views of the same sizes are walked: those of size 1 left out, the
/// largest strides of y first, merged where one continues the other. Strides are in elements.
struct Dims {
  int rank = 0;
  int64_t size[kMaxRank];
  int64_t x[kMaxRank], y[kMaxRank];
};
/// False if there are too many.
bool make_dims(Dims& dims, const View& x, const View& y);

/// True if the elements lie one after the other in the order of their indices.
bool is_row_major(const View& view);
/// True if the elements fill a block of memory, in whatever order.
bool is_dense(const View& view);
/// True if two views of the same sizes have the same strides.
bool same_layout(const View& a, const View& b);
/// True if all elements are one.
bool is_one_value(const View& view);

/// Device memory that ends with the call. The queue works in order, so that kernels which are still
/// waiting may use it: what is allocated next is written later.
class Temporary {
 public:
  /// Row-major.
  Temporary(Device device, ScalarType dtype, std::span<const int64_t> sizes);
  /// Of the sizes and strides of `like`, which is dense.
  Temporary(Device device, ScalarType dtype, const View& like);
  const View& view() const { return view_; }
  template <class T>
  T* data() const {
    return view_.as<T>();
  }

 private:
  void allocate(Device device, ScalarType dtype);

  std::vector<int64_t> sizes_, strides_;
  Storage storage_;
  View view_;
};

inline std::span<const int64_t> sizes_of(const View& view) {
  return {view.sizes, static_cast<size_t>(view.rank)};
}
/// A view with one of its dimensions moved behind the others.
class DimLast {
 public:
  DimLast(const View& view, int64_t dim);
  DimLast(const DimLast&) = delete;
  DimLast& operator=(const DimLast&) = delete;
  const View& view() const { return view_; }

 private:
  std::vector<int64_t> sizes_, strides_;
  View view_;
};

/// Size along a dimension; a 0-dim tensor counts as one of size 1.
inline int64_t size_along(const View& view, int64_t dim) {
  return view.rank == 0 ? 1 : view.sizes[dim];
}

/// A row-major view as [outer, size, inner] around one of its dimensions.
struct Around {
  int64_t outer = 1, size = 1, inner = 1;
  Around(const View& view, int64_t dim) {
    for (int d = 0; d < view.rank; ++d) {
      (d < dim ? outer : d == dim ? size : inner) *= view.sizes[d];
    }
  }
};

}  // namespace reel::mlu
