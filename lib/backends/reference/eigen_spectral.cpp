// Eigenvalues and singular values.

#include <limits>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include <reel/backends/reference/dense.h>

namespace reel::reference {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

template <class T>
Eigen::Map<const Matrix<T>> map(const Dense<T>& a) {
  return {a.data.data(), a.rows, a.cols};
}

template <class T>
Dense<T> to_dense(const Matrix<T>& m) {
  Dense<T> result(m.rows(), m.cols());
  Eigen::Map<Matrix<T>>(result.data.data(), m.rows(), m.cols()) = m;
  return result;
}

// Columns of norm 1 whose largest elements are real, as LAPACK gives them. A column that is real
// already keeps its sign.
void normalize(Matrix<std::complex<double>>& vectors) {
  for (int64_t c = 0; c < vectors.cols(); ++c) {
    auto column = vectors.col(c);
    Eigen::Index largest = 0;
    column.cwiseAbs2().maxCoeff(&largest);
    const std::complex<double> pivot = column(largest);
    column /= column.norm();
    if (column.imag().isZero(0)) continue;
    column *= std::conj(pivot) / std::abs(pivot);
    column(largest) = std::real(column(largest));
  }
}

}  // namespace

template <class T>
Spectrum<double, T> eigen_hermitian(const Dense<T>& a, bool vectors) {
  Spectrum<double, T> result;
  const Matrix<T> lower = map(a).template triangularView<Eigen::Lower>();
  if (!lower.allFinite()) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result.values.assign(static_cast<size_t>(a.rows), nan);
    result.left = Dense<T>(a.rows, a.rows, nan);
    return result;
  }
  if (a.rows == 0) return result;
  const Eigen::SelfAdjointEigenSolver<Matrix<T>> solver(
      lower, vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  result.converged = solver.info() == Eigen::Success;
  if (!result.converged) return result;
  const auto& values = solver.eigenvalues();
  result.values.assign(values.data(), values.data() + values.size());
  if (vectors) result.left = to_dense<T>(solver.eigenvectors());
  return result;
}

template <class T>
Spectrum<std::complex<double>, std::complex<double>> eigen_general(const Dense<T>& a,
                                                                   bool vectors) {
  using Solver = std::conditional_t<std::is_floating_point_v<T>, Eigen::EigenSolver<Matrix<T>>,
                                    Eigen::ComplexEigenSolver<Matrix<T>>>;
  Spectrum<std::complex<double>, std::complex<double>> result;
  if (a.rows == 0) return result;
  const Solver solver(map(a), vectors);
  result.converged = solver.info() == Eigen::Success;
  if (!result.converged) return result;
  const auto& values = solver.eigenvalues();
  result.values.assign(values.data(), values.data() + values.size());
  if (!vectors) return result;
  Matrix<std::complex<double>> columns = solver.eigenvectors();
  normalize(columns);
  result.left = to_dense<std::complex<double>>(columns);
  return result;
}

template <class T>
Spectrum<double, T> singular(const Dense<T>& a, bool full, bool vectors) {
  const int64_t k = a.pivots();
  const int64_t left = full ? a.rows : k;
  const int64_t right = full ? a.cols : k;
  Spectrum<double, T> result;
  if (!map(a).allFinite()) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result.values.assign(static_cast<size_t>(k), nan);
    result.left = Dense<T>(a.rows, left, nan);
    result.right = Dense<T>(a.cols, right, nan);
  } else if (k == 0) {
    result.left = to_dense<T>(Matrix<T>::Identity(a.rows, left));
    result.right = to_dense<T>(Matrix<T>::Identity(a.cols, right));
  } else {
    const unsigned flags = !vectors ? 0
                           : full   ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                    : Eigen::ComputeThinU | Eigen::ComputeThinV;
    const Eigen::BDCSVD<Matrix<T>> solver(map(a), flags);
    result.converged = solver.info() == Eigen::Success;
    const auto& values = solver.singularValues();
    result.values.assign(values.data(), values.data() + values.size());
    if (vectors) result.left = to_dense<T>(solver.matrixU());
    if (vectors) result.right = to_dense<T>(solver.matrixV());
  }
  return result;
}

template Spectrum<double, double> eigen_hermitian(const Dense<double>&, bool);
template Spectrum<double, std::complex<double>> eigen_hermitian(const Dense<std::complex<double>>&,
                                                                bool);
template Spectrum<std::complex<double>, std::complex<double>> eigen_general(const Dense<double>&,
                                                                            bool);
template Spectrum<std::complex<double>, std::complex<double>> eigen_general(
    const Dense<std::complex<double>>&, bool);
template Spectrum<double, double> singular(const Dense<double>&, bool, bool);
template Spectrum<double, std::complex<double>> singular(const Dense<std::complex<double>>&, bool,
                                                         bool);

}  // namespace reel::reference
