// Cholesky, LU, determinants, linear equations and inverses. Gradients follow M. Giles, "An
// extended collection of matrix derivative results for forward and reverse mode automatic
// differentiation" (2008), written in ops so that every order exists.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/linalg.h>

namespace reel {
namespace ops {

void check_matrices(const char* op, const Tensor& a) {
  if (a.dim() < 2) fail("{}: The input tensor A must have at least 2 dimensions.", op);
}

void check_square(const char* op, const Tensor& a) {
  check_matrices(op, a);
  if (a.size(-1) != a.size(-2)) {
    fail("{}: A must be batches of square matrices, but they are {} by {} matrices", op, a.size(-2),
         a.size(-1));
  }
}

void check_float_or_complex(const char* op, const Tensor& a) {
  if (!is_differentiable(a.dtype())) {
    fail("{}: Expected a floating point or complex tensor as input. Got {}", op, a.dtype());
  }
}

void check_linalg_dtype(const char* op, const char* kernel, const Tensor& a) {
  const ScalarType type = a.dtype();
  if (type != kFloat && type != kDouble && !is_complex(type)) {
    fail("{}: \"{}\" not implemented for '{}'", op, kernel, type);
  }
}

Shape batch_of(const Tensor& a) { return a.sizes().slice(0, static_cast<size_t>(a.dim()) - 2); }

Shape with_tail(Shape batch, std::initializer_list<int64_t> tail) {
  for (const int64_t size : tail) batch.push_back(size);
  return batch;
}

Tensor solve(const Tensor& a, const Tensor& b, MatrixKind kind) {
  return apply(Solve{kind, IfSingular::Infinite}, a, b);
}

namespace {

// The kind of A^H for that of A.
MatrixKind adjoint_of(MatrixKind kind) {
  switch (kind) {
    case MatrixKind::Lower:
      return MatrixKind::Upper;
    case MatrixKind::Upper:
      return MatrixKind::Lower;
    case MatrixKind::UnitLower:
      return MatrixKind::UnitUpper;
    case MatrixKind::UnitUpper:
      return MatrixKind::UnitLower;
    case MatrixKind::General:
      break;
  }
  return kind;
}

// Diagonal matrices [..., n, n] with one number of x [...] each.
Tensor scaled_identity(const Tensor& x, int64_t n) {
  return diag_embed(x.unsqueeze(-1).expand(with_tail(x.sizes(), {n})));
}

}  // namespace

Tensor solve_right(const Tensor& a, const Tensor& b, MatrixKind kind) {
  return solve(a.mH(), b.mH(), adjoint_of(kind)).mH();
}

void Cholesky::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype(legacy ? "cholesky" : "linalg.cholesky", "cholesky_cpu", a);
  call.out(a.sizes(), a.dtype());
}

// With A = L L^H: dA = L^-H S L^-1, S the Hermitian part of the lower triangle of L^H dL, its
// diagonal halved.
void Cholesky::backward(Replay& call) const {
  const Tensor l = upper ? call.out().mH() : call.out();
  const Tensor g = upper ? call.grad().mH() : call.grad();
  Tensor s = matmul(l.mH(), g).tril();
  s = s - diag_embed(matrix_diagonal(s)) * 0.5;
  s = (s + s.mH()) * 0.5;
  call.set(0, solve_right(l, solve(l.mH(), s, MatrixKind::Upper), MatrixKind::Lower));
}

void Lu::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.lu", "lu_cpu", a);
  const int64_t m = a.size(-2);
  const int64_t n = a.size(-1);
  const int64_t k = std::min(m, n);
  call.out(with_tail(batch_of(a), {m, m}), a.dtype());
  call.out(with_tail(batch_of(a), {m, k}), a.dtype());
  call.out(with_tail(batch_of(a), {k, n}), a.dtype());
}

// P^T A = L U. Of the leading square part, dA = L^-H (tril(L^H dL, -1) + triu(dU U^H)) U^-H. The
// rows of L below it are A2 U^-1, the columns of U beside it L^-1 A2.
void Lu::backward(Replay& call) const {
  const Tensor l = call.out(1);
  const Tensor u = call.out(2);
  const int64_t k = l.size(-1);
  const int64_t below = l.size(-2) - k;
  const int64_t beside = u.size(-1) - k;
  const Tensor l1 = l.narrow(-2, 0, k);
  const Tensor u1 = u.narrow(-1, 0, k);
  Tensor gl = call.grad(1);
  Tensor gu = call.grad(2);
  Tensor rest;
  if (below > 0) {
    rest = solve_right(u1.mH(), gl.narrow(-2, k, below), MatrixKind::Lower);
    gu = gu - matmul(l.narrow(-2, k, below).mH(), rest);
    gl = gl.narrow(-2, 0, k);
  } else if (beside > 0) {
    rest = solve(l1.mH(), gu.narrow(-1, k, beside), MatrixKind::UnitUpper);
    gl = gl - matmul(rest, u.narrow(-1, k, beside).mH());
    gu = gu.narrow(-1, 0, k);
  }
  const Tensor middle = matmul(l1.mH(), gl).tril(-1) + matmul(gu, u1.mH()).triu();
  Tensor g = solve_right(u1.mH(), solve(l1.mH(), middle, MatrixKind::UnitUpper), MatrixKind::Lower);
  if (below > 0) g = cat({g, rest}, -2);
  if (beside > 0) g = cat({g, rest}, -1);
  call.set(0, matmul(call.out(0), g));
}

void Det::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.det", "lu_cpu", a);
  call.out(batch_of(a), a.dtype());
}

namespace {

// For each of S [..., n] the product of the others.
Tensor products_of_others(const Tensor& s) {
  const int64_t n = s.size(-1);
  std::vector<Tensor> left{ones_like(s.select(-1, 0))};
  std::vector<Tensor> right{left[0]};
  for (int64_t i = 1; i < n; ++i) {
    left.push_back(left.back() * s.select(-1, i - 1));
    right.push_back(right.back() * s.select(-1, n - i));
  }
  std::vector<Tensor> products;
  for (int64_t i = 0; i < n; ++i) {
    products.push_back(left[static_cast<size_t>(i)] * right[static_cast<size_t>(n - 1 - i)]);
  }
  return stack(products, -1);
}

}  // namespace

// dA = conj(det) g A^-H. Where A is singular the cofactors come from A = U S V^H:
// conj(det U det V^H) g U diag(products of the other singular values) V^H.
void Det::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor det = call.out();
  const Tensor conj = is_complex(det.dtype()) ? det.conj() : det;
  if (!(det == 0).any().item<bool>() || a.size(-1) == 0) {
    call.set(0, solve(a.mH(), scaled_identity(call.grad() * conj, a.size(-1))));
    return;
  }
  const auto [u, s, vh] = thin_svd(a);
  Tensor phase = linalg_det(u) * linalg_det(vh);
  if (is_complex(det.dtype())) phase = phase.conj();
  const Tensor scale = products_of_others(s) * (call.grad() * phase).unsqueeze(-1);
  call.set(0, matmul(u * scale.unsqueeze(-2), vh));
}

void Slogdet::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.slogdet", "lu_cpu", a);
  call.out(batch_of(a), a.dtype());
  call.out(batch_of(a), real_dtype(a.dtype()));
}

// log det = log sign + log |det|, so dA = (g + i Im(g_sign conj(sign))) A^-H.
void Slogdet::backward(Replay& call) const {
  const Tensor a = call.in(0);
  Tensor g = call.grad(1);
  if (is_complex(a.dtype())) g = complex(g, imag(call.grad(0) * call.out(0).conj()));
  call.set(0, solve(a.mH(), scaled_identity(g, a.size(-1))));
}

void Solve::infer(Infer& call) const {
  check_linalg_dtype("linalg.solve", "lu_cpu", call.in(0));
  call.out(call.in(1).sizes(), call.in(1).dtype());
}

// dB = A^-H dX, dA = -dB X^H in the part of A that is read.
void Solve::backward(Replay& call) const {
  const Tensor gb = ops::solve(call.in(0).mH(), call.grad(), adjoint_of(kind));
  if (call.needs(1)) call.set(1, gb);
  if (!call.needs(0)) return;
  const Tensor ga = -matmul(gb, call.out().mH());
  switch (kind) {
    case MatrixKind::General:
      return call.set(0, ga);
    case MatrixKind::Lower:
      return call.set(0, ga.tril());
    case MatrixKind::Upper:
      return call.set(0, ga.triu());
    case MatrixKind::UnitLower:
      return call.set(0, ga.tril(-1));
    case MatrixKind::UnitUpper:
      return call.set(0, ga.triu(1));
  }
}

}  // namespace ops

namespace {

using namespace ops;

Tensor identity_like(const Tensor& a) { return eye(a.size(-1), a.options()).expand(a.sizes()); }

void check_low_precision(const char* op, const Tensor& a) {
  if (a.dtype() == kHalf || a.dtype() == kBFloat16) {
    fail("{}: Low precision dtypes not supported. Got {}", op, a.dtype());
  }
}

void check_determinant(const char* op, const Tensor& a) {
  check_square(op, a);
  check_float_or_complex(op, a);
}

// The batches of both broadcast.
std::array<Tensor, 2> broadcast_batches(const Tensor& a, const Tensor& b) {
  const Shape batch = broadcast_sizes(batch_of(b), batch_of(a));
  return {a.expand(with_tail(batch, {a.size(-2), a.size(-1)})),
          b.expand(with_tail(batch, {b.size(-2), b.size(-1)}))};
}

}  // namespace

Tensor linalg_cholesky(const Tensor& self, bool upper) {
  check_square("linalg.cholesky", self);
  check_float_or_complex("linalg.cholesky", self);
  return apply(Cholesky{upper, false}, self);
}

Tensor cholesky(const Tensor& self, bool upper) {
  if (self.numel() == 0) {
    check_matrices("cholesky", self);
    return empty_like(self);
  }
  check_square("cholesky", self);
  return apply(Cholesky{upper, true}, self);
}

Tensor cholesky_solve(const Tensor& self, const Tensor& input2, bool upper) {
  if (self.dim() < 2) {
    fail("cholesky_solve: b should have at least 2 dimensions, but has {} dimensions instead",
         self.dim());
  }
  if (input2.dim() < 2) {
    fail("cholesky_solve: u should have at least 2 dimensions, but has {} dimensions instead",
         input2.dim());
  }
  check_square("cholesky_solve", input2);
  if (input2.size(-2) != self.size(-2)) {
    fail(
        "Incompatible matrix sizes for cholesky_solve: each A matrix is {} by {} but each b matrix "
        "is {} by {}",
        input2.size(-1), input2.size(-1), self.size(-2), self.size(-1));
  }
  if (self.dtype() != input2.dtype()) {
    fail(
        "Expected b and A to have the same dtype, but found b of type {} and A of type {} instead.",
        self.dtype(), input2.dtype());
  }
  check_linalg_dtype("cholesky_solve", "cholesky_solve_cpu", self);
  const auto [factor, b] = broadcast_batches(input2, self);
  const Tensor l = upper ? factor.mH() : factor;
  return solve(l.mH(), solve(l, b, MatrixKind::Lower), MatrixKind::Upper);
}

std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& A, bool pivot) {
  if (A.dim() < 2) {
    fail("linalg.lu: Expected tensor with 2 or more dimensions. Got size: {} instead", A.sizes());
  }
  if (!pivot) fail("linalg.lu_factor: LU without pivoting is not implemented on the CPU");
  Outputs factors = apply_all(Lu{}, std::span(&A, 1));
  return {factors[0], factors[1], factors[2]};
}

Tensor linalg_det(const Tensor& A) {
  check_determinant("linalg.det", A);
  return apply(Det{}, A);
}

Tensor det(const Tensor& self) { return linalg_det(self); }

std::tuple<Tensor, Tensor> linalg_slogdet(const Tensor& A) {
  check_determinant("linalg.slogdet", A);
  check_low_precision("linalg.slogdet", A);
  Outputs results = apply_all(Slogdet{}, std::span(&A, 1));
  return {results[0], results[1]};
}

std::tuple<Tensor, Tensor> slogdet(const Tensor& self) { return linalg_slogdet(self); }

Tensor logdet(const Tensor& self) {
  check_determinant("logdet", self);
  check_low_precision("logdet", self);
  const auto [sign, log] = linalg_slogdet(self);
  if (is_complex(self.dtype())) return sign.log() + log;
  return log.masked_fill(sign == -1, std::numeric_limits<double>::quiet_NaN());
}

Tensor linalg_inv(const Tensor& A) {
  check_determinant("linalg.inv", A);
  check_low_precision("linalg.inv", A);
  return apply(Solve{MatrixKind::General, IfSingular::FailInverse}, A, identity_like(A));
}

Tensor inverse(const Tensor& self) { return linalg_inv(self); }

Tensor linalg_solve(const Tensor& A, const Tensor& B, bool left) {
  check_square("linalg.solve", A);
  check_float_or_complex("linalg.solve", A);
  if (A.dtype() != B.dtype()) {
    fail(
        "linalg.solve: Expected A and B to have the same dtype, but found A of type {} and B of "
        "type {} instead",
        A.dtype(), B.dtype());
  }
  // One right-hand side for each matrix, or one for all.
  const bool vector =
      B.dim() == 1 ||
      (A.dim() - 1 == B.dim() && B.sizes() == A.sizes().slice(0, static_cast<size_t>(A.dim()) - 1));
  Tensor b = vector ? B.unsqueeze(-1) : B;
  if (b.dim() < 2) fail("linalg.solve: The input tensor B must have at least 2 dimensions.");
  if (A.size(-2) != b.size(left ? -2 : -1)) {
    fail("linalg.solve: Incompatible shapes of A and B for the equation {} ({}x{} and {}x{})",
         left ? "AX = B" : "XA = B", A.size(-2), A.size(-1), b.size(-2), b.size(-1));
  }
  Tensor a = left ? A : A.transpose(-2, -1);
  if (!left) b = b.transpose(-2, -1);
  const auto both = broadcast_batches(a, b);
  Tensor x = apply(Solve{MatrixKind::General, IfSingular::FailSolve}, both[0], both[1]);
  if (!left) x = x.transpose(-2, -1);
  return vector ? x.squeeze(-1) : x;
}

}  // namespace reel
