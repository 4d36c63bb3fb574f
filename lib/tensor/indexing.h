#pragma once

#include <reel/tensor/tensor.h>

namespace reel {
namespace indexing {

struct NoneType {};
struct EllipsisType {};
/// A new dimension of size 1.
inline constexpr NoneType None{};
/// All dimensions not named by the other indices; "..." means the same.
inline constexpr EllipsisType Ellipsis{};

/// start:stop:step; None (or leaving it out) takes the whole range. Steps are positive.
class Slice {
 public:
  Slice() = default;
  Slice(NoneType) {}
  Slice(int64_t start, int64_t stop, int64_t step = 1) : start_(start), stop_(stop), step_(step) {}
  Slice(int64_t start, NoneType, int64_t step = 1) : start_(start), step_(step) {}
  Slice(NoneType, int64_t stop, int64_t step = 1) : stop_(stop), step_(step) {}
  Slice(NoneType, NoneType, int64_t step = 1) : step_(step) {}
  explicit Slice(int64_t start) : start_(start) {}

  std::optional<int64_t> start() const { return start_; }
  std::optional<int64_t> stop() const { return stop_; }
  int64_t step() const { return step_; }

 private:
  std::optional<int64_t> start_;
  std::optional<int64_t> stop_;
  int64_t step_ = 1;
};

}  // namespace indexing

/// One entry of an index expression: None, "...", an integer, a bool, a Slice or a tensor of
/// integers or bools.
class TensorIndex {
 public:
  enum class Kind : uint8_t { None, Ellipsis, Integer, Boolean, Slice, Tensor };

  TensorIndex(indexing::NoneType) : kind_(Kind::None) {}
  TensorIndex(indexing::EllipsisType) : kind_(Kind::Ellipsis) {}
  /// Only "..." is a string index.
  TensorIndex(const char* text);
  TensorIndex(int64_t index) : kind_(Kind::Integer), integer_(index) {}
  TensorIndex(int index) : TensorIndex(static_cast<int64_t>(index)) {}
  TensorIndex(bool value) : kind_(Kind::Boolean), integer_(value ? 1 : 0) {}
  TensorIndex(indexing::Slice slice) : kind_(Kind::Slice), slice_(slice) {}
  TensorIndex(Tensor tensor) : kind_(Kind::Tensor), tensor_(static_cast<Tensor&&>(tensor)) {}

  Kind kind() const { return kind_; }
  int64_t integer() const { return integer_; }
  const indexing::Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Kind kind_;
  int64_t integer_ = 0;
  indexing::Slice slice_;
  Tensor tensor_;
};

}  // namespace reel
