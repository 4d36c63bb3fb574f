#pragma once

// Views, joining, splitting, padding, and other changes of shape. Names and defaults are
// LibTorch's; methods of Tensor are the same functions with the tensor first. Every dtype; negative
// dimensions count from the end. A dimension that is not there is an IndexError, sizes that do not
// fit are an Error.

#include <reel/tensor/tensor.h>

namespace reel {

// Views: the same elements under other sizes, no copy.

/// A view where the strides allow it, else a copy. One size may be -1: it follows from the others.
Tensor reshape(const Tensor& self, IntArrayRef shape);
/// Dimensions start_dim to end_dim (inclusive) as one; a 0-d tensor becomes one of size 1.
Tensor flatten(const Tensor& self, int64_t start_dim = 0, int64_t end_dim = -1);
/// Dimension dim as several; one of the sizes may be -1.
Tensor unflatten(const Tensor& self, int64_t dim, IntArrayRef sizes);
/// One dimension, in a contiguous copy if need be.
Tensor ravel(const Tensor& self);
/// Dimension i of the result is dimension dims[i] of self.
Tensor permute(const Tensor& self, IntArrayRef dims);
/// Two dimensions exchanged, under three names.
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Tensor swapaxes(const Tensor& self, int64_t axis0, int64_t axis1);
Tensor swapdims(const Tensor& self, int64_t dim0, int64_t dim1);
/// A matrix transposed; fewer dimensions as they are.
Tensor t(const Tensor& self);
/// The matrices of the last two dimensions transposed, and conjugated.
Tensor adjoint(const Tensor& self);
/// Dimensions `source` moved to the places `destination`; the others keep their order.
Tensor movedim(const Tensor& self, IntArrayRef source, IntArrayRef destination);
Tensor movedim(const Tensor& self, int64_t source, int64_t destination);
Tensor moveaxis(const Tensor& self, IntArrayRef source, IntArrayRef destination);
Tensor moveaxis(const Tensor& self, int64_t source, int64_t destination);
/// Without dimensions of size 1 (or without dim, if it is of size 1), and with one more.
Tensor squeeze(const Tensor& self);
Tensor squeeze(const Tensor& self, int64_t dim);
Tensor unsqueeze(const Tensor& self, int64_t dim);
/// Elements start to end in steps of at least 1; bounds beyond the dimension are cut to it.
Tensor slice(const Tensor& self, int64_t dim = 0, std::optional<int64_t> start = {},
             std::optional<int64_t> end = {}, int64_t step = 1);
/// Elements start to start + length, all of which must be there. A tensor start is 0-d of integers.
Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length);
Tensor narrow(const Tensor& self, int64_t dim, const Tensor& start, int64_t length);
/// The slice `index` of dim, without that dimension.
Tensor select(const Tensor& self, int64_t dim, int64_t index);
/// The elements whose index in dim2 is that in dim1 plus offset, as a new last dimension.
Tensor diagonal(const Tensor& self, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
/// Dimensions of size 1, or missing in front, repeated to `size` without a copy.
Tensor broadcast_to(const Tensor& self, IntArrayRef size);
/// All tensors broadcast to the shape that they have in common.
std::vector<Tensor> broadcast_tensors(TensorList tensors);
/// At least so many dimensions: new ones of size 1 as NumPy places them.
Tensor atleast_1d(const Tensor& self);
Tensor atleast_2d(const Tensor& self);
Tensor atleast_3d(const Tensor& self);
std::vector<Tensor> atleast_1d(TensorList tensors);
std::vector<Tensor> atleast_2d(TensorList tensors);
std::vector<Tensor> atleast_3d(TensorList tensors);
/// Any window into the storage, in elements; in place, self itself looks through it.
Tensor as_strided(const Tensor& self, IntArrayRef size, IntArrayRef stride,
                  std::optional<int64_t> storage_offset = {});
const Tensor& as_strided_(const Tensor& self, IntArrayRef size, IntArrayRef stride,
                          std::optional<int64_t> storage_offset = {});
/// A view of [..., 2] Float or Double as complex numbers, and back. The last dimension must have
/// stride 1, the others and the offset even ones. real() and imag() are slices of view_as_real.
Tensor view_as_complex(const Tensor& self);
Tensor view_as_real(const Tensor& self);
/// Shares the memory, off the tape; in place, self leaves it.
Tensor detach(const Tensor& self);
Tensor& detach_(Tensor& self);

// A tensor taken apart: lists of views.

/// Parts of split_size (the last may be shorter), or of the sizes given, which add up to dim's.
std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim = 0);
std::vector<Tensor> split(const Tensor& self, IntArrayRef split_size, int64_t dim = 0);
std::vector<Tensor> split_with_sizes(const Tensor& self, IntArrayRef split_sizes, int64_t dim = 0);
/// At most so many parts of equal size, the last shorter.
std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim = 0);
/// The slices of dim, without that dimension.
std::vector<Tensor> unbind(const Tensor& self, int64_t dim = 0);
/// Exactly so many parts, the first ones larger by one, or cut before each index. A tensor is a
/// number of parts if it is 0-d, indices if it is 1-d; a Long.
std::vector<Tensor> tensor_split(const Tensor& self, int64_t sections, int64_t dim = 0);
std::vector<Tensor> tensor_split(const Tensor& self, IntArrayRef indices, int64_t dim = 0);
std::vector<Tensor> tensor_split(const Tensor& self, const Tensor& tensor_indices_or_sections,
                                 int64_t dim = 0);
/// tensor_split along the second (of a vector, the only), first and third dimension; the number of
/// sections must divide its size.
std::vector<Tensor> hsplit(const Tensor& self, int64_t sections);
std::vector<Tensor> hsplit(const Tensor& self, IntArrayRef indices);
std::vector<Tensor> vsplit(const Tensor& self, int64_t sections);
std::vector<Tensor> vsplit(const Tensor& self, IntArrayRef indices);
std::vector<Tensor> dsplit(const Tensor& self, int64_t sections);
std::vector<Tensor> dsplit(const Tensor& self, IntArrayRef indices);

// Tensors put together, of the dtype that theirs promote to.

/// One after the other along dim, under three names; empty vectors are skipped.
Tensor cat(ArrayRef<Tensor> tensors, int64_t dim = 0);
Tensor concat(TensorList tensors, int64_t dim = 0);
Tensor concatenate(TensorList tensors, int64_t dim = 0);
/// Side by side along a new dimension; all of one size.
Tensor stack(ArrayRef<Tensor> tensors, int64_t dim = 0);
/// Beside, below and behind each other: cat along the second, first and third dimension of tensors
/// of at least so many (vectors lie down in hstack and stand up in column_stack).
Tensor hstack(TensorList tensors);
Tensor vstack(TensorList tensors);
Tensor row_stack(TensorList tensors);
Tensor dstack(TensorList tensors);
Tensor column_stack(TensorList tensors);
/// A matrix of the given ones along its diagonal, zeros elsewhere.
Tensor block_diag(TensorList tensors);
/// Coordinates of a grid: result i is tensors[i] along dimension i and constant along the others.
/// With "xy" the first two dimensions change places, with "ij" not.
std::vector<Tensor> meshgrid(ArrayRef<Tensor> tensors);
std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing);
/// All tuples with one element of each vector, as rows.
Tensor cartesian_prod(TensorList tensors);
/// All choices of r elements of a vector in lexicographic order of their positions, as rows.
Tensor combinations(const Tensor& self, int64_t r = 2, bool with_replacement = false);
/// Sequences [length_i, ...] as [longest, N, ...], or [N, longest, ...] if batch_first.
Tensor pad_sequence(TensorList sequences, bool batch_first = false, double padding_value = 0.0);

// Copies in another order.

/// Preserve keeps the order in memory of a dense tensor.
Tensor clone(const Tensor& self, MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor flip(const Tensor& self, IntArrayRef dims);
Tensor fliplr(const Tensor& self);
Tensor flipud(const Tensor& self);
/// Elements shifted along dims; what leaves at the end comes in at the front. Without dims the
/// tensor is rolled as a vector.
Tensor roll(const Tensor& self, IntArrayRef shifts, IntArrayRef dims = {});
/// Rotated k times by 90 degrees from dims[0] towards dims[1].
Tensor rot90(const Tensor& self, int64_t k = 1, IntArrayRef dims = {0, 1});
/// Repeated dims[i] times along dimension i, counted from the last.
Tensor tile(const Tensor& self, IntArrayRef dims);
/// i repeated repeats[i] times for each i; each slice of dim (of the flattened tensor) repeated so
/// often. output_size, if given, is what the repeats add up to.
Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> output_size = {});
Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim = {},
                         std::optional<int64_t> output_size = {});
Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim = {},
                         std::optional<int64_t> output_size = {});

// Diagonals and triangles.

/// A matrix with this vector as its diagonal; of a matrix, a copy of its diagonal.
Tensor diag(const Tensor& self, int64_t diagonal = 0);
/// The last dimension as the diagonal of new dimensions dim1 and dim2; diagflat flattens first.
Tensor diag_embed(const Tensor& self, int64_t offset = 0, int64_t dim1 = -2, int64_t dim2 = -1);
Tensor diagflat(const Tensor& self, int64_t offset = 0);
/// Zeros above (tril) or below (triu) the given diagonal of the last two dimensions.
Tensor tril(const Tensor& self, int64_t diagonal = 0);
Tensor triu(const Tensor& self, int64_t diagonal = 0);

// Copies of self with a view of it overwritten by src, which is of the view's size.
Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index);
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim = 0,
                     std::optional<int64_t> start = {}, std::optional<int64_t> end = {},
                     int64_t step = 1);
Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset = 0, int64_t dim1 = 0,
                        int64_t dim2 = 1);
Tensor as_strided_scatter(const Tensor& self, const Tensor& src, IntArrayRef size,
                          IntArrayRef stride, std::optional<int64_t> storage_offset = {});

// Padding. `pad` lists (before, after) pairs from the last dimension on; negative amounts crop.

/// Mode "constant" puts `value` there, "reflect" mirrors without repeating the border, "replicate"
/// repeats it, "circular" goes on at the other end. All but constant pad the 1 to 3 dimensions
/// behind the channels of [(N,) C, ...].
Tensor pad(const Tensor& self, IntArrayRef pad, std::string_view mode = "constant",
           std::optional<double> value = {});
Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value = 0);
Tensor reflection_pad1d(const Tensor& self, IntArrayRef padding);
Tensor reflection_pad2d(const Tensor& self, IntArrayRef padding);
Tensor reflection_pad3d(const Tensor& self, IntArrayRef padding);
Tensor replication_pad1d(const Tensor& self, IntArrayRef padding);
Tensor replication_pad2d(const Tensor& self, IntArrayRef padding);
Tensor replication_pad3d(const Tensor& self, IntArrayRef padding);

// Memory in place: for tensors that are not on the tape. The functions work on a copy.

/// Gives self the template's sizes; its memory grows if need be, new elements hold anything.
const Tensor& resize_as_(const Tensor& self, const Tensor& the_template,
                         MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor resize_as(const Tensor& self, const Tensor& the_template,
                 MemoryFormat memory_format = MemoryFormat::Preserve);
/// What looks at source's memory, or at none.
Tensor set(const Tensor& self, const Tensor& source);
Tensor set(const Tensor& self);

}  // namespace reel
