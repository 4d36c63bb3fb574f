#pragma once

// Reductions, running sums, order, searching, statistics, differences. Names, defaults, results and
// errors are LibTorch's; methods of Tensor are the same functions with the tensor first.

#include <reel/tensor/tensor.h>

namespace reel {

// Reductions. `dim` names the dimensions that become one element each, counted from the end if
// negative; an empty list means all of them. They vanish, or with `keepdim` stay as 1. A dimension
// named twice or out of range is an error. A tensor of no dimensions counts as one of one element.

/// Sum and product; of integers and Bool they are Long. With `dtype`, elements are cast to it
/// first. Of no elements: 0 and 1.
Tensor sum(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor sum(const Tensor& self, IntArrayRef dim, bool keepdim = false,
           std::optional<ScalarType> dtype = {});
Tensor prod(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor prod(const Tensor& self, int64_t dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
/// The mean, for floating point and complex; give a dtype for integers. NaN of no elements.
Tensor mean(const Tensor& self, std::optional<ScalarType> dtype = {});
Tensor mean(const Tensor& self, IntArrayRef dim, bool keepdim = false,
            std::optional<ScalarType> dtype = {});
/// As sum and mean (real only) of the elements that are not NaN.
Tensor nansum(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false,
              std::optional<ScalarType> dtype = {});
Tensor nanmean(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false,
               std::optional<ScalarType> dtype = {});

/// The largest and smallest element; NaN if there is one. An error of no elements, and of complex
/// ones. Elements that are equal to the result share its gradient.
Tensor max(const Tensor& self);
Tensor min(const Tensor& self);
Tensor amax(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false);
Tensor amin(const Tensor& self, IntArrayRef dim = {}, bool keepdim = false);
/// (smallest, largest).
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim = {},
                                   bool keepdim = false);
/// (values, positions) along a dimension, of equal ones the first; the gradient goes there.
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim = false);
/// Elementwise, as maximum and minimum.
inline Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
inline Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }
/// The position (Long) of the extreme along `dim`, or in the flattened tensor.
Tensor argmax(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);

/// Whether all or any elements are not 0: Bool, but Byte of Byte. Of no elements: true and false.
Tensor all(const Tensor& self);
Tensor all(const Tensor& self, int64_t dim, bool keepdim = false);
Tensor any(const Tensor& self);
Tensor any(const Tensor& self, int64_t dim, bool keepdim = false);
/// How many elements are not 0 (Long).
Tensor count_nonzero(const Tensor& self, IntArrayRef dim);
Tensor count_nonzero(const Tensor& self, std::optional<int64_t> dim = {});
/// True if the shapes are equal and all elements are; NaN differs from itself.
bool equal(const Tensor& self, const Tensor& other);
/// True if |self - other| <= atol + rtol |other| everywhere. Dtypes must be equal; shapes
/// broadcast.
bool allclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

/// log(sum(exp(x))), softmax and its logarithm without overflow. Real; softmax of integers needs a
/// dtype, logsumexp of them is of the default dtype.
Tensor logsumexp(const Tensor& self, IntArrayRef dim, bool keepdim = false);
Tensor softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});

// Moments and norms of floating-point and complex tensors; results are real, but means of complex.

/// Variance: squared distances from the mean, summed and divided by n - correction (1 unless given
/// or unbiased is false), or by 0 if that is negative.
Tensor var(const Tensor& self, bool unbiased = true);
Tensor var(const Tensor& self, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor var(const Tensor& self, IntArrayRef dim, std::optional<int64_t> correction,
           bool keepdim = false);
/// The square root of the variance; where that is 0, so is the gradient.
Tensor std(const Tensor& self, bool unbiased = true);
Tensor std(const Tensor& self, IntArrayRef dim, bool unbiased = true, bool keepdim = false);
Tensor std(const Tensor& self, IntArrayRef dim, std::optional<int64_t> correction,
           bool keepdim = false);
/// (variance or its root, mean).
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, bool unbiased = true);
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, IntArrayRef dim, bool unbiased = true,
                                    bool keepdim = false);
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, IntArrayRef dim,
                                    std::optional<int64_t> correction, bool keepdim = false);
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, bool unbiased = true);
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, IntArrayRef dim, bool unbiased = true,
                                    bool keepdim = false);
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, IntArrayRef dim,
                                    std::optional<int64_t> correction, bool keepdim = false);

/// (sum |x|^p)^(1/p), p = 2 unless given; for 0 how many are not 0, for +-inf the largest or
/// smallest |x|. 0 of no elements. With `dtype`, elements are cast to it first.
Tensor norm(const Tensor& self, const Scalar& p = 2);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim,
            bool keepdim = false);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, ScalarType dtype);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim,
            ScalarType dtype);
/// The 2-norm of all elements, or over at most 2 dimensions.
Tensor frobenius_norm(const Tensor& self);
Tensor frobenius_norm(const Tensor& self, IntArrayRef dim, bool keepdim = false);
/// The sum of a matrix's singular values; of every matrix in 2 dimensions `dim`.
Tensor nuclear_norm(const Tensor& self, bool keepdim = false);
Tensor nuclear_norm(const Tensor& self, IntArrayRef dim, bool keepdim = false);
/// The p-norm of self - other, which broadcast.
Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p = 2);

// Running along `dim`: every element from those up to it. Shapes stay.

/// Sums and products; of integers and Bool they are Long. With `dtype`, elements are cast first.
Tensor cumsum(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});
Tensor cumprod(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype = {});
/// log(cumsum(exp(x))) without overflow; floating point.
Tensor logcumsumexp(const Tensor& self, int64_t dim);
/// (values, positions) of the extreme so far, the last of equals; NaN stays once met. Real.
std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim);
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim);

// Order, of real tensors. NaN is greater than any number. Positions are Long, gradients go where
// the values come from.

/// (values, positions) along `dim`; equal elements keep their order, asked for or not.
std::tuple<Tensor, Tensor> sort(const Tensor& self, int64_t dim = -1, bool descending = false);
std::tuple<Tensor, Tensor> sort(const Tensor& self, std::optional<bool> stable, int64_t dim = -1,
                                bool descending = false);
/// The positions alone.
Tensor argsort(const Tensor& self, int64_t dim = -1, bool descending = false);
Tensor argsort(const Tensor& self, bool stable, int64_t dim = -1, bool descending = false);
/// The values alone, along dimension 0.
Tensor msort(const Tensor& self);
/// (values, positions) of the k largest or smallest along `dim`; k is at most its size.
std::tuple<Tensor, Tensor> topk(const Tensor& self, int64_t k, int64_t dim = -1,
                                bool largest = true, bool sorted = true);
/// (values, positions) of the k-th smallest (from 1), the middle (of two the lower; NaN if there is
/// one), the middle without NaN, and the most frequent (of several the smallest). The dimension may
/// not be empty.
std::tuple<Tensor, Tensor> kthvalue(const Tensor& self, int64_t k, int64_t dim = -1,
                                    bool keepdim = false);
std::tuple<Tensor, Tensor> median(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> nanmedian(const Tensor& self, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> mode(const Tensor& self, int64_t dim = -1, bool keepdim = false);
/// The middle of all elements; NaN of none. Elements that are equal to it share its gradient.
Tensor median(const Tensor& self);
Tensor nanmedian(const Tensor& self);
/// What the fraction q (a number, or a vector whose size comes first in the result) of the elements
/// lies below, between two of them by `interpolation`: linear, lower, higher, midpoint or nearest.
/// Float and Double; q of the same dtype, in [0, 1]. nanquantile leaves NaN out.
Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim = {},
                bool keepdim = false, std::string_view interpolation = "linear");
Tensor quantile(const Tensor& self, double q, std::optional<int64_t> dim = {}, bool keepdim = false,
                std::string_view interpolation = "linear");
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim = {},
                   bool keepdim = false, std::string_view interpolation = "linear");
Tensor nanquantile(const Tensor& self, double q, std::optional<int64_t> dim = {},
                   bool keepdim = false, std::string_view interpolation = "linear");

/// Where each value belongs in an ascending sequence: before equal elements, or with `right` (or
/// side "right") behind them. The sequence is 1-d, or has the sizes of `self` but in the last
/// dimension; `sorter` (Long) gives the order in which it ascends. Long, or Int with `out_int32`.
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32 = false,
                    bool right = false, std::optional<std::string_view> side = {},
                    const Tensor& sorter = {});
Tensor searchsorted(const Tensor& sorted_sequence, const Scalar& self, bool out_int32 = false,
                    bool right = false, std::optional<std::string_view> side = {},
                    const Tensor& sorter = {});
/// searchsorted with the arguments exchanged; boundaries are 1-d.
Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32 = false,
                 bool right = false);
Tensor bucketize(const Scalar& self, const Tensor& boundaries, bool out_int32 = false,
                 bool right = false);

/// (distinct elements or slices along `dim`, which of them each one is, how many of each there
/// are), in ascending order; `consecutive`: in the order of the tensor, comparing neighbours only.
/// NaN differs from itself. Not differentiable.
std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self,
                                                      bool return_inverse = false,
                                                      bool return_counts = false,
                                                      std::optional<int64_t> dim = {});
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted = true,
                                              bool return_inverse = false,
                                              bool return_counts = false);
std::tuple<Tensor, Tensor, Tensor> unique_dim_consecutive(const Tensor& self, int64_t dim,
                                                          bool return_inverse = false,
                                                          bool return_counts = false);

// Counting. Not differentiable.

/// How often 0, 1, 2, ... occur in a vector of integers that are not negative (Long), or the sums
/// of their weights (Float of Float, else Double); at least `minlength` of them.
Tensor bincount(const Tensor& self, const Tensor& weights = {}, int64_t minlength = 0);
/// How many elements lie in each of `bins` equal parts of [min, max], of the tensor's own range if
/// both are equal. Others and NaN are left out.
Tensor histc(const Tensor& self, int64_t bins = 100, const Scalar& min = 0, const Scalar& max = 0);
/// (counts or sums of weights, edges) of bins between given edges, or of equal ones over `range`;
/// `density` makes the area 1.
std::tuple<Tensor, Tensor> histogram(const Tensor& self, const Tensor& bins,
                                     const Tensor& weight = {}, bool density = false);
std::tuple<Tensor, Tensor> histogram(const Tensor& self, int64_t bins = 100,
                                     std::optional<ArrayRef<double>> range = {},
                                     const Tensor& weight = {}, bool density = false);

// Differences.

/// Differences of neighbours along `dim`, n times over, after joining what goes before and behind.
Tensor diff(const Tensor& self, int64_t n = 1, int64_t dim = -1, const Tensor& prepend = {},
            const Tensor& append = {});
/// Derivatives along each dimension (all unless given) by central differences of second order, at
/// the edges of order 1 or 2. `spacing` is the distance of neighbours, one number or one for each
/// dimension, or the coordinates of the elements.
std::vector<Tensor> gradient(const Tensor& self, const std::optional<Scalar>& spacing = {},
                             std::optional<int64_t> dim = {}, int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, const Scalar& spacing, IntArrayRef dim,
                             int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, IntArrayRef dim, int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, ArrayRef<Scalar> spacing,
                             std::optional<int64_t> dim = {}, int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, ArrayRef<Scalar> spacing, IntArrayRef dim,
                             int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, TensorList spacing,
                             std::optional<int64_t> dim = {}, int64_t edge_order = 1);
std::vector<Tensor> gradient(const Tensor& self, TensorList spacing, IntArrayRef dim,
                             int64_t edge_order = 1);

}  // namespace reel
