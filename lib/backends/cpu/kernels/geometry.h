#pragma once

#include <cstdint>

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// The dimensions by which several views of the same sizes are walked: those of size 1 left out,
/// reordered so that memory is met in order, and merged where one continues the other. Strides are
/// in elements.
class Geometry {
 public:
  static constexpr int kMaxRank = 16;
  static constexpr int kMaxViews = 5;

  explicit Geometry(int views) : views_(views) {}

  /// Appends a dimension; strides[v] is the stride of view v. False if there are too many.
  bool add(int64_t size, const int64_t* strides);
  /// Puts the largest strides of view `key` outermost (of others where that one's are 0), then
  /// merges what can be.
  void order_and_merge(int key);

  int rank() const { return rank_; }
  int views() const { return views_; }
  int64_t size(int dim) const { return sizes_[dim]; }
  int64_t stride(int view, int dim) const { return strides_[view][dim]; }
  int64_t numel() const;
  /// Size and stride of the innermost dimension; 1 and 0 if there is none.
  int64_t inner_size() const { return rank_ == 0 ? 1 : sizes_[rank_ - 1]; }
  int64_t inner_stride(int view) const { return rank_ == 0 ? 0 : strides_[view][rank_ - 1]; }
  /// True if the walk meets the elements of a view one after the other in memory.
  bool linear(int view) const;
  /// True if the walk goes across the order in which the view lies in memory: neighbours of the
  /// inner dimension are far apart, those of another are next to each other.
  bool crosswise(int view) const;
  /// True if the view stands still in all dimensions but the innermost.
  bool periodic(int view) const;

 private:
  void swap(int a, int b);
  bool before(int a, int b, int key) const;

  int rank_ = 0;
  int views_;
  int64_t sizes_[kMaxRank];
  int64_t strides_[kMaxViews][kMaxRank];
};

/// A place in a Geometry: the index and each view's offset.
class Cursor {
 public:
  /// At element number `position` of the walk.
  Cursor(const Geometry& geometry, int64_t position) : geometry_(geometry) { seek(position); }
  void seek(int64_t position);
  int64_t offset(int view) const { return offsets_[view]; }
  /// The index in the innermost dimension.
  int64_t inner() const { return geometry_.rank() == 0 ? 0 : index_[geometry_.rank() - 1]; }
  /// Moves on by `count` elements, which may not go beyond the end of the inner dimension.
  void advance(int64_t count);

 private:
  const Geometry& geometry_;
  int64_t index_[Geometry::kMaxRank];
  int64_t offsets_[Geometry::kMaxViews];
};

/// A walk over all dimensions of views of the same sizes, ordered by the first. False if there are
/// too many dimensions.
bool make_geometry(Geometry& geometry, const View* const* views);

/// Why a kernel leaves a call to the reference.
inline constexpr const char* kManyDims = "more than 16 dimensions";
inline constexpr const char* kNoDtype = "dtype";

}  // namespace reel::cpu::REEL_ISA
