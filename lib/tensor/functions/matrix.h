#pragma once

// Matrix products and linear algebra. Names and defaults are LibTorch's; methods of
// Tensor are the same functions with the tensor first.

#include <reel/tensor/tensor.h>

namespace reel {

// Matrix products. Both factors are of one dtype; Bool has none.
/// The product of the last two dimensions, batches before them broadcast; of vectors [N] the inner
/// product, of a vector and a matrix the sum over the dimension they share.
Tensor matmul(const Tensor& self, const Tensor& other);
Tensor linalg_matmul(const Tensor& self, const Tensor& other);
/// [M, N] of [M, K] and [K, N].
Tensor mm(const Tensor& self, const Tensor& mat2);
/// [B, M, N] of [B, M, K] and [B, K, N].
Tensor bmm(const Tensor& self, const Tensor& mat2);
/// [M] of [M, K] and [K].
Tensor mv(const Tensor& self, const Tensor& vec);
/// The inner product of vectors [N].
Tensor dot(const Tensor& self, const Tensor& tensor);
/// The sum of conj(self) * other, of two vectors of one length and dtype.
Tensor vdot(const Tensor& self, const Tensor& other);
/// Sums of conj(x) * y along a dimension.
Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim = -1);
/// The products [M, N] of each element of a vector [M] with each of another [N].
Tensor outer(const Tensor& self, const Tensor& vec2);
Tensor ger(const Tensor& self, const Tensor& vec2);
/// x x^T [N, N] of x [N, M]: the products of each row with each. Beyond LibTorch; half the work of
/// mm(x, x.t()) in the gradient.
Tensor gram(const Tensor& self);
/// Sums of products over the last dimension of both.
Tensor inner(const Tensor& self, const Tensor& other);
/// Sums of products over pairs of dimensions; the other dimensions of self come before other's.
Tensor tensordot(const Tensor& self, const Tensor& other, IntArrayRef dims_self,
                 IntArrayRef dims_other);
/// Sums of products in Einstein's notation, "bij,bjk->bik": labels are dimensions, those missing
/// from the result are summed over, "..." is dimensions that broadcast. Without "->" the result has
/// the labels that appear once, in alphabetical order. `path` pairs the operands to contract next;
/// from left to right unless given.
Tensor einsum(std::string_view equation, TensorList tensors, IntArrayRef path = {});
/// The matrices multiplied in the order of least work; first and last may be vectors.
Tensor linalg_multi_dot(TensorList tensors);
/// The Kronecker product: each element of self times all of other, as blocks.
Tensor kron(const Tensor& self, const Tensor& other);
/// The cross product along a dimension of size 3: the given, or else the first.
Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim = {});
Tensor linalg_cross(const Tensor& self, const Tensor& other, int64_t dim = -1);
/// The product of n matrices; the identity for 0, of the inverse for n < 0.
Tensor matrix_power(const Tensor& self, int64_t n);
Tensor linalg_matrix_power(const Tensor& self, int64_t n);
/// The sum of the diagonal of a matrix.
Tensor trace(const Tensor& self);
Tensor linalg_diagonal(const Tensor& A, int64_t offset = 0, int64_t dim1 = -2, int64_t dim2 = -1);

// beta * self + alpha * a product of the other two, to which self broadcasts: mat1 mat2, mat vec,
// the outer product of vec1 and vec2, batch1 batch2, and that summed over the batch. With beta 0
// self is not read.
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
             const Scalar& alpha = 1);
Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta = 1,
             const Scalar& alpha = 1);
Tensor& addmv_(Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta = 1,
               const Scalar& alpha = 1);
Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta = 1,
            const Scalar& alpha = 1);
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2,
               const Scalar& beta = 1, const Scalar& alpha = 1);
Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2,
              const Scalar& beta = 1, const Scalar& alpha = 1);

// Linear algebra, of Float, Double and complex matrices [..., M, N] with any batch before. Results
// that do not exist (of a singular matrix, of one that is not positive definite) are errors that
// say which matrix of the batch it was. x^H is the conjugate transpose.
/// L of A = L L^H, or U of A = U^H U with upper, of a Hermitian positive definite A. Reads that
/// triangle only.
Tensor linalg_cholesky(const Tensor& self, bool upper = false);
Tensor cholesky(const Tensor& self, bool upper = false);
/// X of A X = self, A given by its Cholesky factor.
Tensor cholesky_solve(const Tensor& self, const Tensor& input2, bool upper = false);
/// (P, L, U) of A = P L U with partial pivoting.
std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& A, bool pivot = true);
/// (Q, R) of A = Q R. mode "reduced": Q [M, K], R [K, N] with K = min(M, N); "complete": Q [M, M],
/// R [M, N]; "r": R alone.
std::tuple<Tensor, Tensor> linalg_qr(const Tensor& A, std::string_view mode = "reduced");
std::tuple<Tensor, Tensor> qr(const Tensor& self, bool some = true);

Tensor linalg_det(const Tensor& A);
Tensor det(const Tensor& self);
/// (sign, log |det|); (0, -inf) for a singular matrix.
std::tuple<Tensor, Tensor> linalg_slogdet(const Tensor& A);
std::tuple<Tensor, Tensor> slogdet(const Tensor& self);
/// log(det); NaN where it is negative.
Tensor logdet(const Tensor& self);

/// X of A X = B, or of X A = B with left = false. B is of matrices, or of vectors [..., N] of A's
/// batch, or one vector.
Tensor linalg_solve(const Tensor& A, const Tensor& B, bool left = true);
Tensor linalg_inv(const Tensor& A);
Tensor inverse(const Tensor& self);
/// (X, residuals, rank, singular values) of the X of least |A X - b|, and of least |X| if there are
/// several. Of the drivers "gels", "gelsy", "gelsd", "gelss", gels takes full rank for granted;
/// singular values up to rcond times the largest count as zero. What a driver does not give is
/// empty. The gradient is that of X.
std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(
    const Tensor& self, const Tensor& b, std::optional<double> rcond = {},
    std::optional<std::string_view> driver = {});

// The Moore-Penrose inverse, and the number of singular values that are not zero. Those up to
// max(atol, rtol * largest) count as zero; rtol is the dtype's precision times the larger size
// unless one is given. Tensors hold one tolerance per matrix. With hermitian, by eigenvalues.
Tensor linalg_pinv(const Tensor& self, const Tensor& atol = {}, const Tensor& rtol = {},
                   bool hermitian = false);
Tensor linalg_pinv(const Tensor& self, std::optional<double> atol, std::optional<double> rtol,
                   bool hermitian = false);
Tensor linalg_pinv(const Tensor& self, double rcond, bool hermitian = false);
Tensor linalg_pinv(const Tensor& self, const Tensor& rcond, bool hermitian = false);
Tensor pinverse(const Tensor& self, double rcond = 1e-15);
Tensor linalg_matrix_rank(const Tensor& input, const Tensor& atol = {}, const Tensor& rtol = {},
                          bool hermitian = false);
Tensor linalg_matrix_rank(const Tensor& self, std::optional<double> atol,
                          std::optional<double> rtol, bool hermitian = false);
Tensor linalg_matrix_rank(const Tensor& self, double tol, bool hermitian = false);
Tensor linalg_matrix_rank(const Tensor& input, const Tensor& tol, bool hermitian = false);

// Eigenvalues and singular values. Vectors are columns of norm 1, known up to a sign or, of complex
// matrices, a phase; gradients exist for functions that do not depend on it.
/// (L, V) of A = V diag(L) V^H, A Hermitian; reads its triangle UPLO. L is real and ascends.
std::tuple<Tensor, Tensor> linalg_eigh(const Tensor& self, std::string_view UPLO = "L");
Tensor linalg_eigvalsh(const Tensor& self, std::string_view UPLO = "L");
/// (L, V) of A V = V diag(L), both complex, in no particular order.
std::tuple<Tensor, Tensor> linalg_eig(const Tensor& self);
Tensor linalg_eigvals(const Tensor& self);
/// (U, S, V^H) of A = U diag(S) V^H; S descends. U and V^H are square if full_matrices.
std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& A, bool full_matrices = true,
                                              std::optional<std::string_view> driver = {});
Tensor linalg_svdvals(const Tensor& A, std::optional<std::string_view> driver = {});
/// (U, S, V): V, not V^H. Without compute_uv U and V are zeros.
std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& self, bool some = true,
                                       bool compute_uv = true);

// Norms, real. `dtype` is what is computed in.
/// (sum |x|^ord)^(1/ord) over the dimensions, all if none are given; the largest and smallest |x|
/// for inf and -inf, the number of elements that are not 0 for 0.
Tensor linalg_vector_norm(const Tensor& self, const Scalar& ord = 2, IntArrayRef dim = {},
                          bool keepdim = false, std::optional<ScalarType> dtype = {});
/// ord 1, -1: the largest and smallest sum of a column's |x|; inf, -inf: of a row's; 2, -2: the
/// largest and smallest singular value.
Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, IntArrayRef dim = {-2, -1},
                          bool keepdim = false, std::optional<ScalarType> dtype = {});
/// "fro": the root of the sum of squares; "nuc": the sum of the singular values.
Tensor linalg_matrix_norm(const Tensor& self, std::string_view ord = "fro",
                          IntArrayRef dim = {-2, -1}, bool keepdim = false,
                          std::optional<ScalarType> dtype = {});
/// The norm of matrices if ord is given and there are two dimensions, else of vectors.
Tensor linalg_norm(const Tensor& self, const std::optional<Scalar>& ord = {}, IntArrayRef dim = {},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
Tensor linalg_norm(const Tensor& self, std::string_view ord, IntArrayRef dim = {},
                   bool keepdim = false, std::optional<ScalarType> dtype = {});
/// The norm of A times that of its inverse, in the norm p; 2 unless given. Infinite for a singular
/// A.
Tensor linalg_cond(const Tensor& self, const std::optional<Scalar>& p = {});
Tensor linalg_cond(const Tensor& self, std::string_view p);

}  // namespace reel
