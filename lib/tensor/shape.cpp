#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include <reel/tensor/check.h>
#include <reel/tensor/shape.h>

namespace reel {

void detail::array_index_out_of_range(size_t index, size_t size) {
  fail("ArrayRef: invalid index Index = {}; Length = {}", index, size);
}

void Shape::copy_heap(const Shape& other) {
  heap_ = new int64_t[size_];
  std::memcpy(heap_, other.heap_, size_ * sizeof(int64_t));
}

void Shape::resize_heap(size_t rank) {
  const size_t kept = std::min(rank, size_);
  if (rank <= kInline) {
    if (heap_ != nullptr) {
      if (kept > 0) std::memcpy(inline_.data(), heap_, kept * sizeof(int64_t));
      delete[] heap_;
      heap_ = nullptr;
    }
  } else if (rank != size_) {
    int64_t* larger = new int64_t[rank];
    if (kept > 0) std::memcpy(larger, data(), kept * sizeof(int64_t));
    delete[] heap_;
    heap_ = larger;
  }
  size_ = rank;
}

void Shape::insert(size_t at, int64_t value) {
  resize(size_ + 1);
  int64_t* p = data();
  std::memmove(p + at + 1, p + at, (size_ - 1 - at) * sizeof(int64_t));
  p[at] = value;
}

void Shape::erase(size_t at) {
  int64_t* p = data();
  std::memmove(p + at, p + at + 1, (size_ - 1 - at) * sizeof(int64_t));
  resize(size_ - 1);
}

int64_t numel_of(IntArrayRef sizes) {
  // Zeros are left out of the product that is checked: strides are made of the other sizes, and
  // those must fit too.
  constexpr size_t kMaxRank = 64;
  if (sizes.size() > kMaxRank) {
    fail("Tensors have at most {} dimensions, got {}", kMaxRank, sizes.size());
  }
  int64_t product = 1;
  bool empty = false;
  for (const int64_t size : sizes) {
    if (size < 0) fail("Trying to create tensor with negative dimension {}: {}", size, sizes);
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, size, &product)) {
      fail("numel: integer multiplication overflow for sizes {}", sizes);
    }
  }
  return empty ? 0 : product;
}

Shape contiguous_strides(IntArrayRef sizes) {
  Shape strides;
  strides.resize(sizes.size());
  int64_t* to = strides.data();
  int64_t next = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    to[d] = next;
    next *= std::max<int64_t>(sizes[d], 1);
  }
  return strides;
}

Shape channels_last_strides(IntArrayRef sizes) {
  if (sizes.size() != 4) {
    fail("required rank 4 tensor to use channels_last format, got sizes {}", sizes);
  }
  Shape strides(4);
  strides[1] = 1;
  strides[3] = sizes[1];
  strides[2] = strides[3] * sizes[3];
  strides[0] = strides[2] * sizes[2];
  return strides;
}

Shape dense_strides_like(IntArrayRef sizes, IntArrayRef strides) {
  if (is_contiguous_layout(sizes, strides)) return contiguous_strides(sizes);
  if (is_channels_last_layout(sizes, strides)) return channels_last_strides(sizes);
  if (is_dense_layout(sizes, strides)) return strides;

  // TensorIterator's order: an insertion sort of the dimensions by stride, starting from the last.
  // Broadcast dimensions (stride 0) are neither before nor after any other, so that an ordinary
  // sort, which needs a total order, would not do.
  const size_t rank = sizes.size();
  std::vector<size_t> order(rank);
  std::iota(order.rbegin(), order.rend(), size_t{0});
  const auto compare = [&](size_t a, size_t b) {
    if (strides[a] == 0 || strides[b] == 0) return 0;
    if (strides[a] != strides[b]) return strides[a] < strides[b] ? -1 : 1;
    return sizes[a] > sizes[b] ? 1 : 0;
  };
  for (size_t i = 1; i < rank; ++i) {
    size_t moving = i;
    for (size_t at = i; at-- > 0;) {
      const int c = compare(order[at], order[moving]);
      if (c < 0) break;
      if (c > 0) {
        std::swap(order[at], order[moving]);
        moving = at;
      }
    }
  }
  Shape dense(rank);
  int64_t next = 1;
  for (const size_t d : order) {
    dense[d] = next;
    next *= std::max<int64_t>(sizes[d], 1);
  }
  return dense;
}

namespace {

/// True if the dimensions, taken in this order, follow each other without gaps. Those of size 1
/// may have any stride.
template <class Order>
bool follow_each_other(IntArrayRef sizes, IntArrayRef strides, const Order& order) {
  int64_t expected = 1;
  for (const size_t d : order) {
    if (sizes[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

bool is_empty(IntArrayRef sizes) { return std::find(sizes.begin(), sizes.end(), 0) != sizes.end(); }

}  // namespace

bool is_contiguous_layout(IntArrayRef sizes, IntArrayRef strides) {
  int64_t expected = 1;
  bool contiguous = true;
  for (size_t d = sizes.size(); d-- > 0;) {
    if (sizes[d] == 0) return true;
    if (sizes[d] == 1) continue;
    contiguous = contiguous && strides[d] == expected;
    expected *= sizes[d];
  }
  return contiguous;
}

bool is_channels_last_layout(IntArrayRef sizes, IntArrayRef strides) {
  return sizes.size() == 4 &&
         follow_each_other(sizes, strides, std::initializer_list<size_t>{1, 3, 2, 0});
}

bool is_dense_layout(IntArrayRef sizes, IntArrayRef strides) {
  if (is_contiguous_layout(sizes, strides) || is_empty(sizes)) return true;
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return strides[a] < strides[b]; });
  return follow_each_other(sizes, strides, order);
}

Shape broadcast_sizes(IntArrayRef a, IntArrayRef b) {
  const size_t rank = std::max(a.size(), b.size());
  Shape result(rank);
  for (size_t d = rank; d-- > 0;) {
    const size_t missing_a = rank - a.size(), missing_b = rank - b.size();
    const int64_t size_a = d < missing_a ? 1 : a[d - missing_a];
    const int64_t size_b = d < missing_b ? 1 : b[d - missing_b];
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      fail(
          "The size of tensor a ({}) must match the size of tensor b ({}) at non-singleton "
          "dimension {}",
          size_a, size_b, d);
    }
    result[d] = size_a == 1 ? size_b : size_a;
  }
  return result;
}

int64_t wrap_dim(int64_t dim, int64_t rank) {
  const int64_t count = std::max<int64_t>(rank, 1);
  if (dim < -count || dim >= count) {
    fail_index("Dimension out of range (expected to be in range of [{}, {}], but got {})", -count,
               count - 1, dim);
  }
  return dim < 0 ? dim + count : dim;
}

std::string str(IntArrayRef values) { return fmt::format("{}", values); }

}  // namespace reel
