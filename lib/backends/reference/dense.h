#pragma once

// Decompositions of one dense matrix, in plain types: the only door to Eigen, whose templates take
// long to compile, so nothing of ours is included here. T is float, double or std::complex<double>,
// and of what iterates only the last two.

#include <complex>
#include <cstdint>
#include <vector>

namespace reel::reference {

/// A matrix of its own memory, column by column.
template <class T>
struct Dense {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<T> data;

  Dense() = default;
  Dense(int64_t r, int64_t c, T fill = T()) : rows(r), cols(c) {
    data.assign(static_cast<size_t>(r * c), fill);
  }
  T& operator()(int64_t r, int64_t c) { return data[static_cast<size_t>(c * rows + r)]; }
  const T& operator()(int64_t r, int64_t c) const {
    return data[static_cast<size_t>(c * rows + r)];
  }
  int64_t pivots() const { return rows < cols ? rows : cols; }
};

/// The lower Cholesky factor of the Hermitian matrix whose lower triangle is given, in its place.
/// Returns 0, or the order of the first leading minor that is not positive.
template <class T>
int64_t cholesky_in_place(Dense<T>& a);

/// L and U of the row-permuted matrix in its place, L without its diagonal of ones. Row k was
/// swapped with row swaps[k], one after the other.
struct Swaps {
  std::vector<int64_t> swaps;
  bool odd = false;
};
template <class T>
Swaps lu_in_place(Dense<T>& a);

/// X of A X = B in the place of B, for the lower or upper triangle of A, its diagonal ones if unit.
template <class T>
void solve_triangle(const Dense<T>& a, Dense<T>& b, bool lower, bool unit);

/// Q of A = Q R, with as many columns as asked for; R is left in the upper triangle of A.
template <class T>
Dense<T> qr_in_place(Dense<T>& a, int64_t columns);

/// What iterations give; `converged` is false if they did not end. Values, and vectors as columns.
template <class Value, class T>
struct Spectrum {
  std::vector<Value> values;
  Dense<T> left;
  Dense<T> right;
  bool converged = true;
};

/// Of the Hermitian matrix whose lower triangle is given; eigenvalues ascend.
template <class T>
Spectrum<double, T> eigen_hermitian(const Dense<T>& a, bool vectors);
template <class T>
Spectrum<std::complex<double>, std::complex<double>> eigen_general(const Dense<T>& a, bool vectors);
/// A = left diag(values) right^H, values descend; full: left and right are square.
template <class T>
Spectrum<double, T> singular(const Dense<T>& a, bool full, bool vectors);

}  // namespace reel::reference
