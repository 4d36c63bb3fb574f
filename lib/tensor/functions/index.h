#pragma once

// Reading and writing by index. Names and defaults are LibTorch's; methods of Tensor are the same
// functions with the tensor first. Every dtype. Indices are Long tensors; one outside its dimension
// is an IndexError, and nothing is written then. In place, only the elements that are named are
// touched. Of sources with equal indices the last is seen, and has the gradient.

#include <reel/tensor/indexing.h>
#include <reel/tensor/tensor.h>

namespace reel {

// By expressions of integers, slices, None, "...", bools, integer tensors and masks, which are
// placed as NumPy places them: neighbouring tensors stay where they are, separated ones come first.

/// A view if there are no tensors among the indices, else a copy.
Tensor index(const Tensor& self, ArrayRef<TensorIndex> indices);
/// self with `values`, which broadcast, written there; with accumulate they are added, as often as
/// an element is named.
Tensor index_put(const Tensor& self, ArrayRef<TensorIndex> indices, const Tensor& values,
                 bool accumulate = false);

// By a tensor of indices along dim, element by element: self[index[i][j]][j] for dim 0, and so on.

/// Of index's shape. sparse_grad is for compatibility: gradients are always dense.
Tensor gather(const Tensor& self, int64_t dim, const Tensor& index, bool sparse_grad = false);
/// self with a source element, or the value, written at each index; `reduce` "add" or "multiply"
/// combines it with what is there.
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
               std::string_view reduce);
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
               std::string_view reduce);
Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
/// `reduce` is "sum", "prod", "mean", "amax" or "amin" of the sources that meet at an element and,
/// with include_self, of what was there. Equal extremes share the gradient.
Tensor scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                      std::string_view reduce, bool include_self = true);
/// gather, with self and indices broadcast in the other dimensions; without dim, of vectors.
Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim = {});

// By a vector of indices along dim, slice by slice; Int indices will do but for index_fill.

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index);
/// self with alpha * source added to the slices index[0], index[1], ... along dim.
Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha = 1);
/// self with these slices filled; a tensor value is 0-d. Negative indices count from the end.
Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value);
/// As scatter_reduce: "prod", "mean", "amax" or "amin".
Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                    std::string_view reduce, bool include_self = true);

// By positions in the tensor seen as a vector; negative ones count from the end.

/// Of index's shape.
Tensor take(const Tensor& self, const Tensor& index);
/// self with source's elements, one for each position, written or added there.
Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate = false);

// By masks of bools (or, as of old, bytes), which broadcast.

/// The elements under the mask, as a vector.
Tensor masked_select(const Tensor& self, const Tensor& mask);
/// self with the value, a number or a 0-d tensor, under the mask.
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value);
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Tensor& value);
/// self with the elements under the mask replaced by those of source, one after the other.
Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source);
/// The indices of the elements that are not 0, as rows; under two names.
Tensor nonzero(const Tensor& self);
Tensor argwhere(const Tensor& self);

}  // namespace reel
