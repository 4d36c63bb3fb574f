#include <algorithm>
#include <numeric>
#include <utility>

#include <reel/backends/reference/reference.h>
#include <reel/backends/reference/rows.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops/sort.h>

namespace reel::reference {
namespace {

template <class T>
bool less(T a, T b) {
  return a < b || (is_nan(b) && !is_nan(a));
}
template <class T>
bool greater(T a, T b) {
  return a > b || (is_nan(a) && !is_nan(b));
}

// A value and where it was.
template <class T>
struct Item {
  T value;
  int64_t position;
};
template <class T>
using Items = std::vector<Item<Compute<T>>>;

template <class T>
void read_row(const View& x, int64_t dim, int64_t begin, Items<T>& row) {
  row.resize(static_cast<size_t>(size_along(x, dim)));
  for (size_t i = 0; i < row.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    row[i] = {convert<Compute<T>>(x.as<const T>()[begin + at * stride_along(x, dim)]), at};
  }
}

// Calls select(row) and writes the first elements of the row it leaves.
template <class Op, class Select>
const char* ordered(const Call& call, const Select& select) {
  const View& x = call.in[0];
  const View& values = call.out[0];
  const View& positions = call.out[1];
  const int64_t dim = call.as<Op>().dim;
  if (values.numel == 0) return nullptr;
  const int64_t n = size_along(values, dim);
  const bool done = RealTypes::visit(x.dtype, [&]<class T>() {
    Rows(dim, x, values, positions).template for_each<Items<T>>([&](const auto& at, Items<T>& row) {
      read_row<T>(x, dim, at[0], row);
      select(row);
      for (int64_t i = 0; i < n; ++i) {
        const auto& item = row[static_cast<size_t>(i)];
        values.as<T>()[at[1] + i * stride_along(values, dim)] = convert<T>(item.value);
        positions.as<int64_t>()[at[2] + i * stride_along(positions, dim)] = item.position;
      }
    });
  });
  return done ? nullptr : kNoDtype;
}

const char* sort(const Call& call) {
  const auto& op = call.as<ops::Sort>();
  return ordered<ops::Sort>(call, [&](auto& row) {
    const auto before = [&](const auto& a, const auto& b) {
      return op.descending ? greater(a.value, b.value) : less(a.value, b.value);
    };
    if (op.stable) {
      std::stable_sort(row.begin(), row.end(), before);
    } else {
      std::sort(row.begin(), row.end(), before);
    }
  });
}

// A heap for few of many, else a partition that is then sorted: which of equal elements are taken,
// and in which order, follows from that and is LibTorch's.
const char* topk(const Call& call) {
  const auto& op = call.as<ops::TopK>();
  return ordered<ops::TopK>(call, [&](auto& row) {
    const auto before = [&](const auto& a, const auto& b) {
      return op.largest ? greater(a.value, b.value) : less(a.value, b.value);
    };
    if (op.k * 64 <= static_cast<int64_t>(row.size())) {
      std::partial_sort(row.begin(), row.begin() + op.k, row.end(), before);
      return;
    }
    std::nth_element(row.begin(), row.begin() + (op.k - 1), row.end(), before);
    if (op.sorted) std::sort(row.begin(), row.begin() + (op.k - 1), before);
  });
}

// Quickselect with the median of three as pivot (Press et al., Numerical Recipes, 8.5), which
// decides as in LibTorch which of equal elements comes to stand at k.
template <class Row>
void quickselect(Row& row, size_t k) {
  const auto over = [&](size_t i, size_t j) { return greater(row[i].value, row[j].value); };
  const auto order = [&](size_t i, size_t j) {
    if (over(i, j)) std::swap(row[i], row[j]);
  };
  size_t left = 0;
  size_t right = row.size() - 1;
  while (left < right) {
    if (right == left + 1) return order(left, right);
    std::swap(row[left + (right - left) / 2], row[left + 1]);
    order(left + 1, right);
    order(left, right);
    order(left + 1, left);
    // The pivot stands at `left`, elements of either side of it stop the walks.
    size_t i = left + 1;
    size_t j = right;
    for (;;) {
      do ++i;
      while (over(left, i));
      do --j;
      while (over(j, left));
      if (j < i) break;
      std::swap(row[i], row[j]);
    }
    std::swap(row[left], row[j]);
    if (j <= k) left = i;
    if (j >= k) right = j - 1;
  }
}

template <class T>
int64_t position_of_nth(std::vector<Item<T>>& row, size_t n) {
  const auto nth = row.begin() + static_cast<int64_t>(n);
  std::nth_element(row.begin(), nth, row.end(), [](const auto& a, const auto& b) {
    if (less(a.value, b.value)) return true;
    return !less(b.value, a.value) && a.position < b.position;
  });
  return nth->position;
}

template <class T>
int64_t position_of_median(std::vector<Item<T>>& row, bool ignore_nan) {
  const auto nan = [](const auto& item) { return is_nan(item.value); };
  auto count = static_cast<int64_t>(row.size());
  if (ignore_nan) {
    count -= std::count_if(row.begin(), row.end(), nan);
  } else if (const auto first = std::find_if(row.begin(), row.end(), nan); first != row.end()) {
    return first->position;
  }
  return count == 0 ? 0 : position_of_nth(row, static_cast<size_t>((count - 1) / 2));
}

template <class T>
int64_t position_of_mode(std::vector<Item<T>>& row) {
  std::sort(row.begin(), row.end(),
            [](const auto& a, const auto& b) { return less(a.value, b.value); });
  int64_t best = 0;
  size_t most = 0;
  for (size_t begin = 0; begin < row.size();) {
    size_t end = begin + 1;
    while (end < row.size() && row[end].value == row[begin].value) ++end;
    if (end - begin > most) {
      most = end - begin;
      best = row[end - 1].position;
    }
    begin = end;
  }
  return best;
}

const char* choose(const Call& call) {
  const auto& op = call.as<ops::Choose>();
  const View& x = call.in[0];
  const View& positions = call.out[0];
  if (positions.numel == 0) return nullptr;
  const bool done = RealTypes::visit(x.dtype, [&]<class T>() {
    Rows(op.dim, x, positions).template for_each<Items<T>>([&](const auto& at, Items<T>& row) {
      using Rule = ops::Choose::Rule;
      read_row<T>(x, op.dim, at[0], row);
      int64_t& position = positions.as<int64_t>()[at[1]];
      if (op.rule == Rule::Kth) {
        quickselect(row, static_cast<size_t>(op.k));
        position = row[static_cast<size_t>(op.k)].position;
      } else if (op.rule == Rule::Mode) {
        position = position_of_mode(row);
      } else {
        position = position_of_median(row, op.rule == Rule::NanMedian);
      }
    });
  });
  return done ? nullptr : kNoDtype;
}

// The first position whose boundary is not less than the value, or greater than it; NaN is behind
// all.
template <class T>
const char* search(const Call& call) {
  const View& boundaries = call.in[0];
  const View& values = call.in[1];
  const View& sorter = call.in[2];
  const View& y = call.out[0];
  const bool right = call.as<ops::SearchSorted>().right;
  const int64_t dim = boundaries.rank - 1;
  const int64_t n = boundaries.sizes[dim];
  Walk<4> walk;
  for (int d = 0; d < values.rank; ++d) {
    const bool own = boundaries.rank > 1 && d < dim;
    walk.add(values.sizes[d], {own ? boundaries.strides[d] : 0, values.strides[d],
                               own && sorter.defined() ? sorter.strides[d] : 0, y.strides[d]});
  }
  walk.for_each([&](const auto& at) {
    const auto value = convert<Compute<T>>(values.as<const T>()[at[1]]);
    const auto boundary = [&](int64_t i) {
      if (sorter.defined()) {
        i = sorter.as<const int64_t>()[at[2] + i * sorter.strides[dim]];
        if (i < 0 || i >= n) {
          fail_index("searchsorted: sorter index {} is out of range for boundaries of size {}", i,
                     n);
        }
      }
      return convert<Compute<T>>(boundaries.as<const T>()[at[0] + i * boundaries.strides[dim]]);
    };
    int64_t begin = 0;
    int64_t end = n;
    while (begin < end) {
      const int64_t middle = begin + (end - begin) / 2;
      const auto b = boundary(middle);
      const bool beyond = right ? b > value : b >= value;
      if (beyond) {
        end = middle;
      } else {
        begin = middle + 1;
      }
    }
    y.as<int64_t>()[at[3]] = begin;
  });
  return nullptr;
}

const char* searchsorted(const Call& call) {
  const bool done = RealTypes::visit(call.in[0].dtype, [&]<class T>() { search<T>(call); });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_sort(KernelTable& table) {
  table.add(ops::Sort::name, sort);
  table.add(ops::TopK::name, topk);
  table.add(ops::Choose::name, choose);
  table.add(ops::SearchSorted::name, searchsorted);
}

}  // namespace reel::reference
