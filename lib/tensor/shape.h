#pragma once

#include <array>
#include <string>

#include <reel/tensor/array_ref.h>

namespace reel {

/// Sizes or strides of a tensor: inline up to 6 dimensions, on the heap beyond.
class Shape {
 public:
  Shape() = default;
  explicit Shape(size_t rank, int64_t value = 0) {
    resize(rank);
    for (size_t i = 0; i < rank; ++i) data()[i] = value;
  }
  Shape(IntArrayRef values) { assign(values); }
  Shape(std::initializer_list<int64_t> values) { assign(IntArrayRef(values)); }
  Shape(const Shape& other) : size_(other.size_), inline_(other.inline_) {
    if (other.heap_ != nullptr) copy_heap(other);
  }
  Shape(Shape&& other) noexcept { steal(other); }
  Shape& operator=(const Shape& other) {
    if (this != &other) assign(other);
    return *this;
  }
  Shape& operator=(Shape&& other) noexcept {
    if (this != &other) {
      delete[] heap_;
      steal(other);
    }
    return *this;
  }
  ~Shape() { delete[] heap_; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return heap_ != nullptr ? heap_ : inline_.data(); }
  const int64_t* data() const { return heap_ != nullptr ? heap_ : inline_.data(); }
  int64_t& operator[](size_t i) { return data()[i]; }
  int64_t operator[](size_t i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + size_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }
  int64_t back() const { return data()[size_ - 1]; }
  operator IntArrayRef() const { return {data(), size_}; }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

  void push_back(int64_t value) { insert(size_, value); }
  void insert(size_t at, int64_t value);
  void erase(size_t at);
  /// All values but the one at this place.
  Shape without(size_t at) const {
    Shape rest;
    rest.resize(size_ - 1);
    const int64_t* from = data();
    int64_t* to = rest.data();
    for (size_t i = 0; i < rest.size_; ++i) to[i] = from[i < at ? i : i + 1];
    return rest;
  }
  /// New elements hold no particular value.
  void resize(size_t rank) {
    if (rank <= kInline && heap_ == nullptr) {
      size_ = rank;
    } else {
      resize_heap(rank);
    }
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    return IntArrayRef(a) == IntArrayRef(b);
  }

 private:
  static constexpr size_t kInline = 6;

  // A call to memmove costs more than the few values it would move: this loop is unrolled, and
  // where a whole Shape is copied, all its places are, whatever they hold.
  void assign(IntArrayRef values) {
    resize(values.size());
    if (size_ > kInline) {
      for (size_t i = 0; i < size_; ++i) heap_[i] = values[i];
      return;
    }
    for (size_t i = 0; i < kInline; ++i) {
      if (i < size_) inline_[i] = values[i];
    }
  }
  void steal(Shape& other) {
    size_ = other.size_;
    heap_ = other.heap_;
    inline_ = other.inline_;
    other.heap_ = nullptr;
    other.size_ = 0;
  }
  void copy_heap(const Shape& other);
  void resize_heap(size_t rank);

  size_t size_ = 0;
  int64_t* heap_ = nullptr;
  std::array<int64_t, kInline> inline_;
};

/// How the elements of a tensor are ordered in memory. Preserve keeps what the input has.
enum class MemoryFormat : uint8_t { Contiguous, Preserve, ChannelsLast };

/// Product of the sizes; throws if it does not fit 63 bits or a size is negative.
int64_t numel_of(IntArrayRef sizes);
/// Row-major strides, in elements.
Shape contiguous_strides(IntArrayRef sizes);
/// Strides of a 4-d tensor whose channels (dimension 1) vary fastest.
Shape channels_last_strides(IntArrayRef sizes);
/// Dense strides in the order of `strides`, as PyTorch gives elementwise results: a permuted
/// input gives an equally permuted result, a non-dense one its order without the gaps.
Shape dense_strides_like(IntArrayRef sizes, IntArrayRef strides);
bool is_contiguous_layout(IntArrayRef sizes, IntArrayRef strides);
bool is_channels_last_layout(IntArrayRef sizes, IntArrayRef strides);
/// True if the elements fill their span of memory without gaps or overlap, in any order.
bool is_dense_layout(IntArrayRef sizes, IntArrayRef strides);
/// The shape both broadcast to; throws PyTorch's "The size of tensor a (3) must match ...".
Shape broadcast_sizes(IntArrayRef a, IntArrayRef b);
/// `dim` counted from the front; throws an IndexError outside [-rank, rank). Rank 0 counts as 1.
int64_t wrap_dim(int64_t dim, int64_t rank);
/// "[1, 3, 8, 8]".
std::string str(IntArrayRef values);

}  // namespace reel
