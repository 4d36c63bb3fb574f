#include <algorithm>
#include <numeric>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/visit.h>

// The distinct slices of a tensor. How many there are depends on the values, so this is not an op:
// it works on a copy in the memory of the CPU.

namespace reel {
namespace {

// Rows that are equal to the row before them, in a given order, belong to the same group.
struct Groups {
  std::vector<int64_t> first;   ///< a row of each group
  std::vector<int64_t> counts;  ///< rows in each group
  std::vector<int64_t> group;   ///< of each row
};

template <class T>
bool row_less(const T* a, const T* b, int64_t width) {
  for (int64_t i = 0; i < width; ++i) {
    const bool a_nan = a[i] != a[i];
    const bool b_nan = b[i] != b[i];
    if (a[i] < b[i] || (b_nan && !a_nan)) return true;
    if (b[i] < a[i] || (a_nan && !b_nan)) return false;
  }
  return false;
}

// NaN differs from everything.
template <class T>
bool row_equal(const T* a, const T* b, int64_t width) {
  for (int64_t i = 0; i < width; ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}

template <class T>
Groups group_rows(const T* x, int64_t rows, int64_t width, bool sorted) {
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (sorted) {
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return row_less(x + a * width, x + b * width, width);
    });
  }
  Groups groups;
  groups.group.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || !row_equal(x + order[i - 1] * width, x + order[i] * width, width)) {
      groups.first.push_back(order[i]);
      groups.counts.push_back(0);
    }
    ++groups.counts.back();
    groups.group[static_cast<size_t>(order[i])] = static_cast<int64_t>(groups.first.size()) - 1;
  }
  return groups;
}

Tensor to_tensor(const std::vector<int64_t>& values, IntArrayRef sizes, Device device) {
  const Tensor t = empty(sizes, kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t.to(device);
}

Groups groups_of(const char* op, const char* kernel, const Tensor& rows, bool sorted) {
  if (rows.is_complex()) {
    fail("{}: \"{}\" not implemented for '{}'", op, kernel, rows.dtype());
  }
  Tensor x = rows.detach().cpu();
  // Numbers of 16 bits are compared as the Float that they are.
  if (x.dtype() == kHalf || x.dtype() == kBFloat16) x = x.to(kFloat);
  x = x.contiguous();
  const int64_t count = x.size(0);
  const int64_t width = count == 0 ? 0 : x.numel() / count;
  return visit_dtype(x.dtype(), [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T>) {
      return group_rows(x.data_ptr<T>(), count, width, sorted);
    } else {
      return Groups();
    }
  });
}

std::tuple<Tensor, Tensor, Tensor> unique_slices(const char* op, const Tensor& self, int64_t dim,
                                                 bool sorted) {
  if (self.dim() == 0) {
    fail_index("{}: Dimension specified as {} but tensor has no dimensions", op, dim);
  }
  const int64_t d = wrap_dim(dim, self.dim());
  const Device device = self.device();
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (self.size(i) == 0 && i != d) {
      fail(
          "{}: There are 0 sized dimensions, and they aren't selected, so unique cannot be applied",
          op);
    }
  }
  if (self.size(d) == 0) {
    const Tensor none = empty({0}, TensorOptions(kLong).device(device));
    return {self.clone(), none, none.clone()};
  }
  const Groups groups = groups_of(op, "unique_dim", self.transpose(0, d), sorted);
  const auto count = static_cast<int64_t>(groups.first.size());
  return {self.detach().index_select(d, to_tensor(groups.first, count, device)),
          to_tensor(groups.group, self.size(d), device), to_tensor(groups.counts, count, device)};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool /*sorted*/,
                                              bool /*return_inverse*/, bool /*return_counts*/) {
  return unique_slices("unique_dim", self, dim, true);
}

std::tuple<Tensor, Tensor, Tensor> unique_dim_consecutive(const Tensor& self, int64_t dim,
                                                          bool /*return_inverse*/,
                                                          bool /*return_counts*/) {
  return unique_slices("unique_dim_consecutive", self, dim, false);
}

std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse,
                                                      bool return_counts,
                                                      std::optional<int64_t> dim) {
  if (dim && !(self.dim() == 1 && (*dim == 0 || *dim == -1))) {
    return unique_dim_consecutive(self, *dim, return_inverse, return_counts);
  }
  const Device device = self.device();
  const Tensor flat = self.detach().reshape({-1});
  const Groups groups = groups_of("unique_consecutive", "unique", flat, false);
  const auto count = static_cast<int64_t>(groups.first.size());
  const Tensor none = empty({0}, TensorOptions(kLong).device(device));
  return {flat.index_select(0, to_tensor(groups.first, count, device)),
          return_inverse ? to_tensor(groups.group, self.sizes(), device) : none,
          return_counts ? to_tensor(groups.counts, count, device) : none.clone()};
}

}  // namespace reel
