#include <cstdlib>
#include <utility>

#include <reel/backends/cpu/kernels/geometry.h>

namespace reel::cpu::REEL_ISA {

bool Geometry::add(int64_t size, const int64_t* strides) {
  if (size == 1) return true;
  if (rank_ == kMaxRank) return false;
  sizes_[rank_] = size;
  for (int v = 0; v < views_; ++v) strides_[v][rank_] = strides[v];
  ++rank_;
  return true;
}

void Geometry::swap(int a, int b) {
  std::swap(sizes_[a], sizes_[b]);
  for (int v = 0; v < views_; ++v) std::swap(strides_[v][a], strides_[v][b]);
}

bool Geometry::before(int a, int b, int key) const {
  for (int v = 0; v < views_; ++v) {
    const int view = v == 0 ? key : (v <= key ? v - 1 : v);
    const int64_t stride_a = std::abs(strides_[view][a]);
    const int64_t stride_b = std::abs(strides_[view][b]);
    if (stride_a != stride_b && stride_a != 0 && stride_b != 0) return stride_a > stride_b;
    // A dimension in which the key stands still says nothing about order; ask the next view.
    if (stride_a != stride_b) continue;
  }
  return a < b;
}

void Geometry::order_and_merge(int key) {
  for (int i = 1; i < rank_; ++i) {
    for (int j = i; j > 0 && !before(j - 1, j, key); --j) swap(j - 1, j);
  }
  int last = 0;
  for (int d = 1; d < rank_; ++d) {
    bool continues = true;
    for (int v = 0; v < views_; ++v) {
      continues = continues && strides_[v][last] == strides_[v][d] * sizes_[d];
    }
    if (continues) {
      sizes_[last] *= sizes_[d];
    } else {
      sizes_[++last] = sizes_[d];
    }
    for (int v = 0; v < views_; ++v) strides_[v][last] = strides_[v][d];
  }
  if (rank_ > 0) rank_ = last + 1;
}

int64_t Geometry::numel() const {
  int64_t total = 1;
  for (int d = 0; d < rank_; ++d) total *= sizes_[d];
  return total;
}

bool Geometry::linear(int view) const {
  int64_t expected = 1;
  for (int d = rank_ - 1; d >= 0; --d) {
    if (strides_[view][d] != expected) return false;
    expected *= sizes_[d];
  }
  return true;
}

bool Geometry::crosswise(int view) const {
  bool other = false;
  for (int d = 0; d < rank_ - 1; ++d) other = other || strides_[view][d] == 1;
  return other && inner_stride(view) > 1;
}

bool Geometry::periodic(int view) const {
  for (int d = 0; d < rank_ - 1; ++d) {
    if (strides_[view][d] != 0) return false;
  }
  return true;
}

void Cursor::seek(int64_t position) {
  for (int v = 0; v < geometry_.views(); ++v) offsets_[v] = 0;
  for (int d = geometry_.rank() - 1; d >= 0; --d) {
    index_[d] = 0;
    if (position == 0) continue;
    index_[d] = position % geometry_.size(d);
    position /= geometry_.size(d);
    for (int v = 0; v < geometry_.views(); ++v) offsets_[v] += index_[d] * geometry_.stride(v, d);
  }
}

void Cursor::advance(int64_t count) {
  int d = geometry_.rank() - 1;
  if (d < 0) return;
  index_[d] += count;
  for (int v = 0; v < geometry_.views(); ++v) offsets_[v] += count * geometry_.stride(v, d);
  while (index_[d] == geometry_.size(d) && d > 0) {
    index_[d] = 0;
    ++index_[d - 1];
    for (int v = 0; v < geometry_.views(); ++v) {
      offsets_[v] += geometry_.stride(v, d - 1) - geometry_.size(d) * geometry_.stride(v, d);
    }
    --d;
  }
}

bool make_geometry(Geometry& geometry, const View* const* views) {
  for (int d = 0; d < views[0]->rank; ++d) {
    int64_t strides[Geometry::kMaxViews];
    for (int v = 0; v < geometry.views(); ++v) strides[v] = views[v]->strides[d];
    if (!geometry.add(views[0]->sizes[d], strides)) return false;
  }
  geometry.order_and_merge(0);
  return true;
}

}  // namespace reel::cpu::REEL_ISA
