#include <algorithm>

#include <reel/backends/mlu/kernels/layout.h>

namespace reel::mlu {
namespace {

// Whether dimension a of the walk lies outside b.
bool outside(const Dims& dims, int a, int b) {
  if (dims.y[a] != dims.y[b]) return dims.y[a] > dims.y[b];
  return dims.x[a] > dims.x[b];
}

void swap(Dims& dims, int a, int b) {
  std::swap(dims.size[a], dims.size[b]);
  std::swap(dims.x[a], dims.x[b]);
  std::swap(dims.y[a], dims.y[b]);
}

}  // namespace

bool make_dims(Dims& dims, const View& x, const View& y) {
  dims.rank = 0;
  for (int d = 0; d < y.rank; ++d) {
    if (y.sizes[d] == 1) continue;
    if (dims.rank == kMaxRank) return false;
    dims.size[dims.rank] = y.sizes[d];
    dims.x[dims.rank] = x.strides[d];
    dims.y[dims.rank++] = y.strides[d];
  }
  // Insertion keeps dimensions in order of which none lies outside the other.
  for (int i = 1; i < dims.rank; ++i) {
    for (int j = i; j > 0 && outside(dims, j, j - 1); --j) swap(dims, j, j - 1);
  }
  int last = 0;
  for (int d = 1; d < dims.rank; ++d) {
    const bool continues =
        dims.x[last] == dims.x[d] * dims.size[d] && dims.y[last] == dims.y[d] * dims.size[d];
    const int64_t merged = continues ? dims.size[last] * dims.size[d] : dims.size[d];
    if (!continues) ++last;
    dims.size[last] = merged;
    dims.x[last] = dims.x[d];
    dims.y[last] = dims.y[d];
  }
  if (dims.rank > 0) dims.rank = last + 1;
  return true;
}

bool is_row_major(const View& view) {
  if (view.row_major) return true;
  int64_t expected = 1;
  for (int d = view.rank - 1; d >= 0; --d) {
    if (view.sizes[d] != 1 && view.strides[d] != expected) return false;
    expected *= view.sizes[d];
  }
  return true;
}

bool is_dense(const View& view) {
  if (is_row_major(view)) return true;
  Dims dims;
  return make_dims(dims, view, view) && dims.rank == 1 && dims.y[0] == 1;
}

bool same_layout(const View& a, const View& b) {
  for (int d = 0; d < a.rank; ++d) {
    if (a.sizes[d] != 1 && a.strides[d] != b.strides[d]) return false;
  }
  return true;
}

bool is_one_value(const View& view) {
  for (int d = 0; d < view.rank; ++d) {
    if (view.sizes[d] != 1 && view.strides[d] != 0) return false;
  }
  return true;
}

DimLast::DimLast(const View& view, int64_t dim)
    : sizes_(view.sizes, view.sizes + view.rank),
      strides_(view.strides, view.strides + view.rank),
      view_(view) {
  if (dim >= view.rank - 1) return;
  std::rotate(sizes_.begin() + dim, sizes_.begin() + dim + 1, sizes_.end());
  std::rotate(strides_.begin() + dim, strides_.begin() + dim + 1, strides_.end());
  view_.sizes = sizes_.data();
  view_.strides = strides_.data();
  view_.row_major = false;
}

Temporary::Temporary(Device device, ScalarType dtype, std::span<const int64_t> sizes)
    : sizes_(sizes.begin(), sizes.end()), strides_(sizes.size()) {
  int64_t stride = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides_[d] = stride;
    stride *= sizes[d];
  }
  view_.row_major = true;
  allocate(device, dtype);
}

Temporary::Temporary(Device device, ScalarType dtype, const View& like)
    : sizes_(like.sizes, like.sizes + like.rank), strides_(like.strides, like.strides + like.rank) {
  view_.row_major = like.row_major;
  allocate(device, dtype);
}

void Temporary::allocate(Device device, ScalarType dtype) {
  view_.sizes = sizes_.data();
  view_.strides = strides_.data();
  view_.rank = static_cast<int>(sizes_.size());
  view_.numel = 1;
  for (const int64_t size : sizes_) view_.numel *= size;
  view_.dtype = dtype;
  storage_ = allocate_storage(static_cast<size_t>(view_.numel) * element_size(dtype), device);
  view_.storage = storage_.get();
  view_.data = storage_->data();
}

}  // namespace reel::mlu
