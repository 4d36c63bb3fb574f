#include <algorithm>
#include <cmath>
#include <vector>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

// Sequences and index lists made of other functions.

namespace reel {

Tensor range(const Scalar& start, const Scalar& end, const Scalar& step,
             const TensorOptions& options) {
  const double first = start.toDouble(), last = end.toDouble(), by = step.toDouble();
  if (by == 0 || std::isnan(by)) fail("range: step must be nonzero");
  if (!std::isfinite(first) || !std::isfinite(last)) {
    fail("range: unsupported range: {} -> {}", first, last);
  }
  if (by > 0 ? last < first : last > first) {
    fail("range: upper bound and lower bound inconsistent with step sign");
  }
  const double count = std::floor((last - first) / by) + 1;
  if (!(count < 0x1p53)) fail("range: invalid size, possible overflow?");
  const ScalarType type = options.dtype();
  const auto steps = static_cast<int64_t>(count);
  if (is_integral(type)) {
    return (arange(steps, options.dtype(kLong).requires_grad(false)) * step.toLong() +
            start.toLong())
        .to(type);
  }
  Tensor result =
      (arange(steps, options.dtype(kDouble).requires_grad(false)) * by + first).to(type);
  if (options.requires_grad()) result.requires_grad_();
  return result;
}

Tensor range(const Scalar& start, const Scalar& end, const TensorOptions& options) {
  return range(start, end, 1, options);
}

Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base,
                const TensorOptions& options) {
  if (steps < 0) fail("logspace: number of steps must be non-negative, got {}", steps);
  const ScalarType type = options.dtype();
  // Exponents of whole results need not be whole.
  const bool whole = is_integral(type);
  const Tensor exponents =
      whole ? linspace(start.toLong(), end.toLong(), steps, options.dtype(kFloat))
            : linspace(start, end, steps, options.requires_grad(false));
  const double from = whole ? std::trunc(base) : base;
  Tensor result = pow(Scalar(from), whole ? exponents.to(kDouble) : exponents).to(type);
  if (options.requires_grad()) result.requires_grad_();
  return result;
}

namespace {

/// Indices [2, n] of the elements (i, j) of a matrix with first(i) <= j < last(i).
template <class First, class Last>
Tensor indices_of(int64_t rows, const First& first, const Last& last,
                  const TensorOptions& options) {
  std::vector<int64_t> row_of;
  std::vector<int64_t> column_of;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = first(i); j < last(i); ++j) {
      row_of.push_back(i);
      column_of.push_back(j);
    }
  }
  const auto count = static_cast<int64_t>(row_of.size());
  row_of.insert(row_of.end(), column_of.begin(), column_of.end());
  return tensor(row_of, kLong)
      .view({2, count})
      .to(options.has_dtype() ? options : options.dtype(kLong));
}

void check_matrix(const char* op, int64_t row, int64_t col) {
  if (row < 0) fail("{}: row must be non-negative, got{}", op, row);
  if (col < 0) fail("{}: col must be non-negative, got{}", op, col);
}

/// a + b, kept within [0, limit].
int64_t bounded_sum(int64_t a, int64_t b, int64_t limit) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? limit : 0;
  return std::clamp<int64_t>(sum, 0, limit);
}

}  // namespace

Tensor tril_indices(int64_t row, int64_t col, int64_t offset, const TensorOptions& options) {
  check_matrix("tril_indices", row, col);
  return indices_of(
      row, [](int64_t) { return int64_t{0}; },
      [&](int64_t i) { return bounded_sum(i + 1, offset, col); }, options);
}

Tensor triu_indices(int64_t row, int64_t col, int64_t offset, const TensorOptions& options) {
  check_matrix("triu_indices", row, col);
  return indices_of(
      row, [&](int64_t i) { return bounded_sum(i, offset, col); }, [&](int64_t) { return col; },
      options);
}

// Column j of the result is x to the power of j, or of N - 1 - j.
Tensor vander(const Tensor& x, std::optional<int64_t> N, bool increasing) {
  if (x.dim() != 1) fail("vander: x must be a one-dimensional tensor.");
  const int64_t n = N.value_or(x.numel());
  if (n < 0) fail("vander: N must be non-negative.");
  const Tensor powers = pow(x.unsqueeze(-1), arange(n, TensorOptions(kLong).device(x.device())));
  return increasing ? powers : powers.flip({-1});
}

}  // namespace reel
