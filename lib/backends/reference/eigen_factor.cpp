// Factorizations by elimination and by reflections.

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <Eigen/QR>

#include <reel/backends/reference/dense.h>

namespace reel::reference {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using MatrixMap = Eigen::Map<Matrix<T>>;

template <class T>
MatrixMap<T> map(Dense<T>& a) {
  return {a.data.data(), a.rows, a.cols};
}
template <class T>
Eigen::Map<const Matrix<T>> map(const Dense<T>& a) {
  return {a.data.data(), a.rows, a.cols};
}

// The order of the first leading minor that is not positive, which Eigen does not tell.
template <class T>
int64_t bad_minor(Dense<T> a) {
  for (int64_t k = 0; k < a.rows; ++k) {
    auto pivot = std::real(a(k, k));
    for (int64_t j = 0; j < k; ++j) pivot -= std::norm(a(k, j));
    if (!(pivot > 0)) return k + 1;
    pivot = std::sqrt(pivot);
    a(k, k) = pivot;
    for (int64_t i = k + 1; i < a.rows; ++i) {
      for (int64_t j = 0; j < k; ++j) a(i, k) -= a(i, j) * Eigen::numext::conj(a(k, j));
      a(i, k) /= pivot;
    }
  }
  return a.rows;
}

}  // namespace

template <class T>
int64_t cholesky_in_place(Dense<T>& a) {
  if (a.rows == 0) return 0;
  auto m = map(a);
  const Eigen::LLT<Matrix<T>> llt(m);
  if (llt.info() != Eigen::Success) return bad_minor(a);
  m = llt.matrixL();
  return 0;
}

template <class T>
Swaps lu_in_place(Dense<T>& a) {
  Swaps result;
  result.swaps.assign(static_cast<size_t>(a.cols), 0);
  Matrix<T> lu = map(a);
  Eigen::Matrix<Eigen::Index, Eigen::Dynamic, 1> swaps(a.cols);
  Eigen::Index count = 0;
  Eigen::internal::partial_lu_inplace(lu, swaps, count);
  result.odd = count % 2 != 0;
  for (int64_t k = 0; k < a.pivots(); ++k) result.swaps[static_cast<size_t>(k)] = swaps(k);
  map(a) = lu;
  return result;
}

template <class T>
void solve_triangle(const Dense<T>& a, Dense<T>& b, bool lower, bool unit) {
  if (b.data.empty()) return;
  const auto m = map(a);
  auto x = map(b);
  if (lower && unit) {
    m.template triangularView<Eigen::UnitLower>().solveInPlace(x);
  } else if (lower) {
    m.template triangularView<Eigen::Lower>().solveInPlace(x);
  } else if (unit) {
    m.template triangularView<Eigen::UnitUpper>().solveInPlace(x);
  } else {
    m.template triangularView<Eigen::Upper>().solveInPlace(x);
  }
}

template <class T>
Dense<T> qr_in_place(Dense<T>& a, int64_t columns) {
  Dense<T> q(a.rows, columns);
  auto result = map(q);
  result.setIdentity();
  if (a.data.empty()) return q;
  auto m = map(a);
  const Eigen::HouseholderQR<Matrix<T>> factors(m);
  result.applyOnTheLeft(factors.householderQ());
  m = factors.matrixQR();
  return q;
}

#define REEL_INSTANTIATE(T)                                             \
  template int64_t cholesky_in_place(Dense<T>&);                        \
  template Swaps lu_in_place(Dense<T>&);                                \
  template void solve_triangle(const Dense<T>&, Dense<T>&, bool, bool); \
  template Dense<T> qr_in_place(Dense<T>&, int64_t);
REEL_INSTANTIATE(float)
REEL_INSTANTIATE(double)
REEL_INSTANTIATE(std::complex<double>)
#undef REEL_INSTANTIATE

}  // namespace reel::reference
