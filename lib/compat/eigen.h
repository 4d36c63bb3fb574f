#pragma once

// Optional: tensors as Eigen matrices and back, over the same memory. Needs Eigen 3.4.

#include <Eigen/Core>

#include <reel/tensor/ops.h>

namespace reel {

/// A matrix on the CPU as Eigen sees it: any strides, no copy. Valid while the tensor's memory is.
template <class T>
using EigenMap = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
                            Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

/// Views a [rows, columns] tensor of dtype T; errors for other ranks, dtypes and devices.
template <class T>
EigenMap<T> as_eigen(const Tensor& matrix) {
  detail::check_accessor(matrix, 2);
  return EigenMap<T>(
      matrix.data_ptr<T>(), matrix.size(0), matrix.size(1),
      Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(matrix.stride(0), matrix.stride(1)));
}

/// A tensor [rows, columns] over the memory of a matrix that the caller keeps alive.
template <class Derived>
Tensor from_eigen(Eigen::PlainObjectBase<Derived>& matrix) {
  using T = typename Derived::Scalar;
  const int64_t rows = matrix.rows();
  const int64_t columns = matrix.cols();
  const bool by_rows = Derived::IsRowMajor;
  const int64_t strides[] = {by_rows ? columns : 1, by_rows ? 1 : rows};
  return from_blob(matrix.data(), {rows, columns}, strides, scalar_type_of<T>);
}

}  // namespace reel
