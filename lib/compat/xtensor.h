#pragma once

// Optional: tensors as xtensor arrays and back, over the same memory. Needs xtensor.

#include <vector>

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>

#include <reel/tensor/ops.h>

namespace reel {

/// Views a tensor of dtype T on the CPU, any shape and strides, no copy. Valid while the tensor's
/// memory is; errors for other dtypes and devices.
template <class T>
auto as_xtensor(const Tensor& tensor) {
  detail::check_accessor(tensor, tensor.sizes().size());
  const std::vector<size_t> shape(tensor.sizes().begin(), tensor.sizes().end());
  const std::vector<std::ptrdiff_t> strides(tensor.strides().begin(), tensor.strides().end());
  // The span that the elements lie in, for what checks bounds.
  size_t span = tensor.numel() == 0 ? 0 : 1;
  for (size_t d = 0; span != 0 && d < shape.size(); ++d) {
    span += (shape[d] - 1) * static_cast<size_t>(strides[d]);
  }
  return xt::adapt(tensor.data_ptr<T>(), span, xt::no_ownership(), shape, strides);
}

/// A tensor over the memory of an array that the caller keeps alive.
template <class T>
Tensor from_xtensor(xt::xarray<T>& array) {
  const std::vector<int64_t> sizes(array.shape().begin(), array.shape().end());
  std::vector<int64_t> strides(array.strides().begin(), array.strides().end());
  return from_blob(array.data(), sizes, strides, scalar_type_of<T>);
}

}  // namespace reel
