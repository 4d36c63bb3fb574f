#include <algorithm>
#include <type_traits>

#include <reel/backends/cpu/kernels/pool.h>
#include <reel/tensor/error.h>

// Pooling of pictures whose rows lie in a piece: the lanes of a vector are windows of a row.

namespace reel::cpu::REEL_ISA {
namespace {

template <class T>
T* row_of(const View& view, int64_t plane, int64_t row) {
  const int64_t image = plane / view.sizes[1], channel = plane % view.sizes[1];
  return view.as<T>() + image * view.strides[0] + channel * view.strides[1] + row * view.strides[2];
}

// Lane l is p[l * stride], for the first n lanes.
template <class T>
Vec<T> load_strided(const T* p, int64_t stride, int n) {
  constexpr int kL = kLanes<T>;
  if (stride == 1) return load_some(p, n);
  if (stride == 2 && n == kL) {
    // The second vector begins with the last element of the first: nothing behind the last lane's
    // element is read.
    using Lanes [[gnu::vector_size(sizeof(Vec<T>))]] = T;
    const auto low = std::bit_cast<Lanes>(load(p));
    const auto high = std::bit_cast<Lanes>(load(p + kL - 1));
    return [&]<int... kI>(std::integer_sequence<int, kI...>) {
      return std::bit_cast<Vec<T>>(
          __builtin_shufflevector(low, high, (kI < kL / 2 ? 2 * kI : 2 * kI + 1)...));
    }
    (std::make_integer_sequence<int, kL>());
  }
  alignas(64) T lanes[kL] = {};
  for (int l = 0; l < n; ++l) lanes[l] = p[l * stride];
  return load(lanes);
}

// Windows [first, last) of a row reach into no padding.
struct Inside {
  int64_t first = 0, last = 0;

  explicit Inside(const PoolShape& shape) {
    const ops::PoolAttrs& attrs = shape.attrs;
    const int64_t span = attrs.dilation[1] * (attrs.kernel_size[1] - 1);
    const auto clipped = [&](int64_t window) {
      const int64_t begin = window * attrs.stride[1] - attrs.padding[1];
      return begin < 0 || begin + span >= shape.width;
    };
    while (first < shape.out_width && clipped(first)) ++first;
    last = first;
    while (last < shape.out_width && !clipped(last)) ++last;
  }
};

// Calls body(plane, row of windows) on all threads.
template <class Body>
void for_each_row(const PoolShape& shape, const Body& body) {
  const int64_t window = shape.attrs.kernel_size[0] * shape.attrs.kernel_size[1];
  const int64_t rows = shape.images * shape.channels * shape.out_height;
  parallel_for(0, rows, 1 + 32768 / (shape.out_width * window), [&](int64_t row, int64_t end) {
    for (; row < end; ++row) body(row / shape.out_height, row % shape.out_height);
  });
}

// Calls one(window) for the windows that are clipped, several(first window, n) for the others.
template <int kL, class One, class Several>
void for_each_window(const PoolShape& shape, const Inside& inside, const One& one,
                     const Several& several) {
  for (int64_t window = 0; window < inside.first; ++window) one(window);
  for (int64_t window = inside.first; window < inside.last; window += kL) {
    several(window, static_cast<int>(std::min<int64_t>(kL, inside.last - window)));
  }
  for (int64_t window = inside.last; window < shape.out_width; ++window) one(window);
}

template <class T>
const char* max_pool(const Call& call) {
  constexpr int kL = kLanes<T>;
  const View &x = call.in[0], &values = call.out[0], &indices = call.out[1];
  const PoolShape shape(x, values, call.as<ops::MaxPool2d>());
  const ops::PoolAttrs& attrs = shape.attrs;
  const int64_t width = shape.width, stride = attrs.stride[1];
  if (shape.height * width > kExactPositions<T>) return "plane has too many positions";
  const Inside inside(shape);
  alignas(64) T numbers[kL];
  for (int l = 0; l < kL; ++l) numbers[l] = static_cast<T>(l * stride);
  const Vec<T> apart = load(numbers);
  for_each_row(shape, [&](int64_t plane, int64_t row) {
    const Span& rows = shape.rows[static_cast<size_t>(row)];
    T* value = row_of<T>(values, plane, row);
    int64_t* index = row_of<int64_t>(indices, plane, row);
    const auto one = [&](int64_t window) {
      const Span& columns = shape.columns[static_cast<size_t>(window)];
      T best = -std::numeric_limits<T>::infinity();
      index[window] = rows.begin * width + columns.begin;
      for (int64_t i = rows.begin; i < rows.end; i += attrs.dilation[0]) {
        const T* line = row_of<const T>(x, plane, i);
        for (int64_t j = columns.begin; j < columns.end; j += attrs.dilation[1]) {
          const T v = line[j];
          if (!(v > best || v != v)) continue;
          best = v;
          index[window] = i * width + j;
        }
      }
      value[window] = best;
    };
    const auto several = [&](int64_t window, int n) {
      const int64_t begin = window * stride - attrs.padding[1];
      Vec<T> best = broadcast(-std::numeric_limits<T>::infinity());
      Vec<T> best_at = apart + broadcast(static_cast<T>(rows.begin * width + begin));
      for (int64_t i = rows.begin; i < rows.end; i += attrs.dilation[0]) {
        const T* line = row_of<const T>(x, plane, i);
        for (int64_t k = 0; k < attrs.kernel_size[1]; ++k) {
          const int64_t j = begin + k * attrs.dilation[1];
          const Vec<T> v = load_strided(line + j, stride, n);
          const Mask<T> wins = (v > best) | is_nan(v);
          best = select(wins, v, best);
          best_at = select(wins, apart + broadcast(static_cast<T>(i * width + j)), best_at);
        }
      }
      store_some(value + window, best, n);
      alignas(64) T positions[kL];
      store(positions, best_at);
      for (int l = 0; l < n; ++l) index[window + l] = static_cast<int64_t>(positions[l]);
    };
    for_each_window<kL>(shape, inside, one, several);
  });
  return nullptr;
}

template <class T>
const char* avg_pool(const Call& call) {
  constexpr int kL = kLanes<T>;
  const View &x = call.in[0], &y = call.out[0];
  const auto& op = call.as<ops::AvgPool2d>();
  const PoolShape shape(x, y, op);
  const std::vector<int64_t> row_divisors = divisors(op, shape.rows);
  const std::vector<int64_t> column_divisors = divisors(op, shape.columns);
  const Inside inside(shape);
  for_each_row(shape, [&](int64_t plane, int64_t row) {
    const Span& rows = shape.rows[static_cast<size_t>(row)];
    T* to = row_of<T>(y, plane, row);
    const auto divisor = [&](int64_t window) {
      return static_cast<T>(op.divisor_override != 0
                                ? op.divisor_override
                                : row_divisors[static_cast<size_t>(row)] *
                                      column_divisors[static_cast<size_t>(window)]);
    };
    const auto one = [&](int64_t window) {
      const Span& columns = shape.columns[static_cast<size_t>(window)];
      T sum = 0;
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        const T* line = row_of<const T>(x, plane, i);
        for (int64_t j = columns.begin; j < columns.end; ++j) sum += line[j];
      }
      to[window] = sum / divisor(window);
    };
    const auto several = [&](int64_t window, int n) {
      const int64_t begin = window * op.stride[1] - op.padding[1];
      Vec<T> sum = broadcast(T(0));
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        const T* line = row_of<const T>(x, plane, i) + begin;
        for (int64_t j = 0; j < op.kernel_size[1]; ++j) {
          sum = sum + load_strided(line + j, op.stride[1], n);
        }
      }
      store_some(to + window, divide(sum, broadcast(divisor(window))), n);
    };
    for_each_window<kL>(shape, inside, one, several);
  });
  return nullptr;
}

// Calls body(plane, its elements of dx as zeros), then brings these to dx.
template <class T, class Body>
void for_each_plane_of(const View& dx, const Body& body) {
  const int64_t height = dx.sizes[2], width = dx.sizes[3], pixels = height * width;
  parallel_for(0, dx.sizes[0] * dx.sizes[1], 1 + 16384 / pixels, [&](int64_t plane, int64_t end) {
    std::vector<T> sums(static_cast<size_t>(pixels));
    for (; plane < end; ++plane) {
      std::fill(sums.begin(), sums.end(), T(0));
      body(plane, sums.data());
      for (int64_t row = 0; row < height; ++row) {
        std::copy_n(sums.data() + row * width, width, row_of<T>(dx, plane, row));
      }
    }
  });
}

template <class T>
const char* max_pool_grad(const Call& call) {
  const View &g = call.in[0], &indices = call.in[1], &dx = call.out[0];
  const int64_t pixels = dx.sizes[2] * dx.sizes[3];
  for_each_plane_of<T>(dx, [&](int64_t plane, T* to) {
    for (int64_t row = 0; row < g.sizes[2]; ++row) {
      const T* grad = row_of<const T>(g, plane, row);
      const int64_t* index = row_of<const int64_t>(indices, plane, row);
      for (int64_t window = 0; window < g.sizes[3]; ++window) {
        const int64_t at = index[window];
        if (at < 0 || at >= pixels) {
          throw IndexError("max_pool2d_grad: an index lies outside the plane of the input");
        }
        to[at] += grad[window];
      }
    }
  });
  return nullptr;
}

template <class T>
const char* avg_pool_grad(const Call& call) {
  const View &g = call.in[0], &dx = call.out[0];
  const auto& op = call.as<ops::AvgPool2dGrad>();
  const PoolShape shape(dx, g, op);
  const std::vector<int64_t> row_divisors = divisors(op, shape.rows);
  const std::vector<int64_t> column_divisors = divisors(op, shape.columns);
  for_each_plane_of<T>(dx, [&](int64_t plane, T* to) {
    for (size_t row = 0; row < shape.rows.size(); ++row) {
      const T* grad = row_of<const T>(g, plane, static_cast<int64_t>(row));
      for (size_t window = 0; window < shape.columns.size(); ++window) {
        const Span &rows = shape.rows[row], &columns = shape.columns[window];
        const int64_t divisor = op.divisor_override != 0
                                    ? op.divisor_override
                                    : row_divisors[row] * column_divisors[window];
        const T share = static_cast<T>(grad[window]) / static_cast<T>(divisor);
        for (int64_t i = rows.begin; i < rows.end; ++i) {
          for (int64_t j = columns.begin; j < columns.end; ++j) to[i * shape.width + j] += share;
        }
      }
    }
  });
  return nullptr;
}

bool has_rows(const View& view) { return view.sizes[3] == 1 || view.strides[3] == 1; }

}  // namespace

bool have_rows(const View& a, const View& b) {
  // Of one channel or one pixel a view is both.
  const bool channels_inside = a.sizes[1] > 1 && a.strides[1] == 1 && a.strides[3] != 1;
  return !channels_inside && has_rows(a) && has_rows(b);
}

const char* max_pool_planes(const Call& call) {
  return call.out[0].dtype == kFloat ? max_pool<float>(call) : max_pool<double>(call);
}
const char* max_pool_grad_planes(const Call& call) {
  return call.out[0].dtype == kFloat ? max_pool_grad<float>(call) : max_pool_grad<double>(call);
}
const char* avg_pool_planes(const Call& call) {
  return call.out[0].dtype == kFloat ? avg_pool<float>(call) : avg_pool<double>(call);
}
const char* avg_pool_grad_planes(const Call& call) {
  return call.out[0].dtype == kFloat ? avg_pool_grad<float>(call) : avg_pool_grad<double>(call);
}

}  // namespace reel::cpu::REEL_ISA
