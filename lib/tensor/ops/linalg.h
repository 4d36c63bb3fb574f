#pragma once

#include <reel/tensor/ops/op.h>

// Factorizations of matrices and what needs them. Matrices are the last two dimensions, all before
// them are a batch; dtypes are Float, Double, ComplexFloat and ComplexDouble. x^H is the conjugate
// transpose.

namespace reel::ops {

/// A = L L^H, or U^H U with upper; reads that triangle of A only.
struct Cholesky {
  static constexpr const char* name = "linalg_cholesky";
  static constexpr Reads reads{out()};
  bool upper = false;
  bool legacy = false;  ///< called as cholesky, for messages
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A [M, N] = P [M, M] L [M, K] U [K, N] with partial pivoting, K = min(M, N).
struct Lu {
  static constexpr const char* name = "linalg_lu";
  static constexpr Reads reads{out(0) | out(1) | out(2)};
  static constexpr int outputs = 3;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

struct Det {
  static constexpr const char* name = "linalg_det";
  static constexpr Reads reads{in(0) | out()};
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// (sign, log |det|); sign 0 and log -inf for a singular matrix.
struct Slogdet {
  static constexpr const char* name = "linalg_slogdet";
  static constexpr Reads reads{in(0) | out(0)};
  static constexpr int outputs = 2;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// Which part of A is read, and what is known of it.
enum class MatrixKind : uint8_t { General, Lower, Upper, UnitLower, UnitUpper };

/// What becomes of A X = B with a singular A: an error in the words of solve or of inv, or an X of
/// infinities.
enum class IfSingular : uint8_t { FailSolve, FailInverse, Infinite };

/// X [N, K] of A X = B, A [N, N]; the batches are the same.
struct Solve {
  static constexpr const char* name = "linalg_solve";
  static constexpr Reads reads{in(0) | out(), in(0)};
  MatrixKind kind = MatrixKind::General;
  IfSingular if_singular = IfSingular::Infinite;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A = Q R; Q [M, K] and R [K, N] with K = min(M, N), or K = M if complete.
struct Qr {
  static constexpr const char* name = "linalg_qr";
  static constexpr Reads reads{in(0) | out(0) | out(1)};
  static constexpr int outputs = 2;
  bool complete = false;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A = V diag(L) V^H of a Hermitian A, of which one triangle is read; L is real and ascends.
/// Without vectors only L.
struct Eigh {
  static constexpr const char* name = "linalg_eigh";
  static constexpr Reads reads{out(0) | out(1)};
  static constexpr int outputs = 2;
  bool upper = false;
  bool vectors = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A V = V diag(L); L and V are complex, the columns of V of norm 1, their largest elements real.
/// Without vectors only L.
struct Eig {
  static constexpr const char* name = "linalg_eig";
  static constexpr Reads reads{out(0) | out(1)};
  static constexpr int outputs = 2;
  bool vectors = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// A [M, N] = U diag(S) V^H as (U [M, K], S [K], V^H [K, N]) with K = min(M, N); U [M, M] and
/// V^H [N, N] if full. S is real and descends. Without vectors only S.
struct Svd {
  static constexpr const char* name = "linalg_svd";
  static constexpr Reads reads{out(0) | out(1) | out(2)};
  static constexpr int outputs = 3;
  bool full = false;
  bool vectors = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// The Moore-Penrose inverse [N, M] of A [M, N]: singular values up to max(atol, rtol * largest)
/// count as zero. atol and rtol are per matrix.
struct Pinv {
  static constexpr const char* name = "linalg_pinv";
  static constexpr Reads reads{in(0) | out()};
  bool hermitian = false;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// Checks of all functions here, in PyTorch's words; `op` is the function's name.
void check_matrices(const char* op, const Tensor& a);
void check_square(const char* op, const Tensor& a);
void check_float_or_complex(const char* op, const Tensor& a);
/// `kernel` is the name that PyTorch gives its own in the message.
void check_linalg_dtype(const char* op, const char* kernel, const Tensor& a);

/// Float or Double for the complex types, else the type itself.
constexpr ScalarType real_dtype(ScalarType type) {
  return type == kComplexFloat ? kFloat : type == kComplexDouble ? kDouble : type;
}
inline Tensor matrix_diagonal(const Tensor& a) { return a.diagonal(0, -2, -1); }

/// Sizes of the batch, and those with more behind them.
Shape batch_of(const Tensor& a);
Shape with_tail(Shape batch, std::initializer_list<int64_t> tail);

/// X of A X = B, or of X A = B; no check of A.
Tensor solve(const Tensor& a, const Tensor& b, MatrixKind kind = MatrixKind::General);
Tensor solve_right(const Tensor& a, const Tensor& b, MatrixKind kind = MatrixKind::General);

/// (U, S, V^H), (S) of A as ops of their own.
std::array<Tensor, 3> thin_svd(const Tensor& a);

}  // namespace reel::ops
