// QR, eigenvalues, singular values, pseudoinverses and least squares. Gradients follow Giles (2008,
// see linalg_solve.cpp), J. Townsend, "Differentiating the singular value decomposition" (2016),
// and for the pseudoinverse G. Golub and V. Pereyra (1973).

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/linalg.h>

namespace reel {
namespace ops {
namespace {

Tensor skew(const Tensor& a) { return a - a.mH(); }

// Differences b_j - a_i of a vector's elements at (i, j), 1 on the diagonal.
Tensor differences(const Tensor& x) {
  const Tensor e = x.unsqueeze(-2) - x.unsqueeze(-1);
  return e + eye(x.size(-1), e.options());
}

// Vectors of complex matrices are known up to a phase each; a function of them that sees the phase
// has no gradient.
void check_phase(const char* op, const char* vectors, const Tensor& diagonal) {
  const NoGradGuard no_grad;
  if ((imag(diagonal).abs() > 1e-2).any().item<bool>()) {
    fail(
        "{}: The {} in the complex case are specified up to multiplication by e^{{i phi}}. The "
        "specified loss function depends on this phase term, making it ill-defined.",
        op, vectors);
  }
}

}  // namespace

void Qr::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.qr", "geqrf_cpu", a);
  const int64_t m = a.size(-2);
  const int64_t n = a.size(-1);
  const int64_t k = complete ? m : std::min(m, n);
  call.out(with_tail(batch_of(a), {m, k}), a.dtype());
  call.out(with_tail(batch_of(a), {k, n}), a.dtype());
}

// With X = triu(dR R^H - Q^H dQ): dA = (dQ + Q (X + X^H, its diagonal halved)) R^-H. Columns of A
// beyond the square ones are A2 = Q R2.
void Qr::backward(Replay& call) const {
  const Tensor q = call.out(0);
  const Tensor r = call.out(1);
  const int64_t m = q.size(-2);
  const int64_t n = r.size(-1);
  if (complete && m > n) {
    fail(
        "linalg.qr: The QR decomposition is not differentiable when mode='complete' and nrows > "
        "ncols");
  }
  const int64_t k = std::min(m, n);
  Tensor gq = call.grad(0);
  Tensor gr = call.grad(1);
  Tensor rest;
  if (n > k) {
    const Tensor g = gr.narrow(-1, k, n - k);
    rest = matmul(q, g);
    gq = gq + matmul(call.in(0).narrow(-1, k, n - k), g.mH());
    gr = gr.narrow(-1, 0, k);
  }
  const Tensor r1 = r.narrow(-1, 0, k);
  Tensor x = (matmul(gr, r1.mH()) - matmul(q.mH(), gq)).triu();
  x = x + x.mH();
  x = x - diag_embed(matrix_diagonal(x)) * 0.5;
  Tensor g = solve_right(r1.mH(), gq + matmul(q, x), MatrixKind::Lower);
  if (rest.defined()) g = cat({g, rest}, -1);
  call.set(0, g);
}

void Eigh::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.eigh", "linalg_eigh_cpu", a);
  call.out(with_tail(batch_of(a), {a.size(-1)}), real_dtype(a.dtype()));
  if (vectors) call.out(a.sizes(), a.dtype());
}

// dA = V (diag(dL) + skew(V^H dV) / 2 / (l_j - l_i)) V^H.
void Eigh::backward(Replay& call) const {
  const Tensor v = call.out(1);
  const Tensor l = call.out(0);
  Tensor middle = diag_embed(call.grad(0)).to(v.dtype());
  if (call.has_grad(1)) {
    const Tensor g = matmul(v.mH(), call.grad(1));
    if (is_complex(v.dtype()))
      check_phase("linalg_eigh_backward", "eigenvectors", matrix_diagonal(g));
    const Tensor s = skew(g) * 0.5;
    middle = middle + (s - diag_embed(matrix_diagonal(s))) / differences(l);
  }
  call.set(0, matmul(matmul(v, middle), v.mH()));
}

void Eig::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.eig", "linalg_eig_out_cpu", a);
  const ScalarType type = real_dtype(a.dtype()) == kFloat ? kComplexFloat : kComplexDouble;
  call.out(with_tail(batch_of(a), {a.size(-1)}), type);
  if (vectors) call.out(a.sizes(), type);
}

// With G = V^H dV, less what would change the norm of a vector: dA = V^-H (diag(dL) + (G -
// V^H V diag(Re G)) / conj(l_j - l_i)) V^H.
void Eig::backward(Replay& call) const {
  const Tensor l = call.out(0);
  const Tensor v = call.out(1);
  Tensor middle = diag_embed(call.grad(0));
  if (call.has_grad(1)) {
    const Tensor g = matmul(v.mH(), call.grad(1));
    check_phase("linalg_eig_backward", "eigenvectors", matrix_diagonal(g));
    const Tensor tangent = g - matmul(v.mH(), v * real(matrix_diagonal(g)).unsqueeze(-2));
    middle = middle + (tangent - diag_embed(matrix_diagonal(tangent))) / differences(l).conj();
  }
  const Tensor g = solve(v.mH(), matmul(middle, v.mH()));
  call.set(0, is_complex(call.in_dtype(0)) ? g : real(g));
}

void Svd::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  check_linalg_dtype("linalg.svd", "linalg_svd_cpu", a);
  const int64_t m = a.size(-2);
  const int64_t n = a.size(-1);
  const int64_t k = std::min(m, n);
  if (vectors) call.out(with_tail(batch_of(a), {m, full ? m : k}), a.dtype());
  call.out(with_tail(batch_of(a), {k}), real_dtype(a.dtype()));
  if (vectors) call.out(with_tail(batch_of(a), {full ? n : k, n}), a.dtype());
}

// dA = U (skew(U^H dU) / E S + S skew(V^H dV) / E + diag(dS)) V^H, E = s_j^2 - s_i^2, and what dU
// and dV have outside the spaces of U and V, over S. Of full U and V only the first K columns have
// gradients: the others are any basis of what is left.
void Svd::backward(Replay& call) const {
  const Tensor s = call.out(1);
  const int64_t k = s.size(-1);
  const Tensor u = call.out(0).narrow(-1, 0, k);
  const Tensor vh = call.out(2).narrow(-2, 0, k);
  const bool is_complex_case = is_complex(u.dtype());
  if (!call.has_grad(0) && !call.has_grad(2)) {
    call.set(0, matmul(u * call.grad(1).unsqueeze(-2), vh));
    return;
  }
  const Tensor gu = call.grad(0).narrow(-1, 0, k);
  const Tensor gv = call.grad(2).narrow(-2, 0, k).mH();
  const Tensor v = vh.mH();
  const Tensor us = skew(matmul(u.mH(), gu));
  const Tensor vs = skew(matmul(v.mH(), gv));
  if (is_complex_case) {
    check_phase("svd_backward", "singular vectors", matrix_diagonal(us) + matrix_diagonal(vs));
  }
  const Tensor e = differences(s.square());
  Tensor middle = us / e * s.unsqueeze(-2) + s.unsqueeze(-1) * (vs / e) + diag_embed(call.grad(1));
  // On the diagonals of a phase's two halves: Im(U^H dU) over 2 S.
  if (is_complex_case) {
    middle = middle - diag_embed(matrix_diagonal(middle)) +
             diag_embed(call.grad(1) + matrix_diagonal(us) / (2 * s));
  }
  Tensor g = matmul(matmul(u, middle), vh);
  if (u.size(-2) > k) {
    const Tensor outside = (gu - matmul(u, matmul(u.mH(), gu))) / s.unsqueeze(-2);
    g = g + matmul(outside, vh);
  }
  if (v.size(-2) > k) {
    const Tensor outside = (gv - matmul(v, matmul(vh, gv))) / s.unsqueeze(-2);
    g = g + matmul(u, outside.mH());
  }
  call.set(0, g);
}

std::array<Tensor, 3> thin_svd(const Tensor& a) {
  Outputs results = apply_all(Svd{false, true}, std::span(&a, 1));
  return {results[0], results[1], results[2]};
}

void Pinv::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  call.out(with_tail(batch_of(a), {a.size(-1), a.size(-2)}), a.dtype());
}

void Pinv::compose(Compose& call) const {
  const Tensor& a = call.in(0);
  const auto inverse_of = [&](const Tensor& values, const Tensor& magnitudes) {
    const Tensor largest = amax(magnitudes, -1, /*keepdim=*/true);
    const Tensor least = maximum(call.in(1).unsqueeze(-1), call.in(2).unsqueeze(-1) * largest);
    return values.reciprocal().masked_fill(magnitudes <= least, 0).unsqueeze(-2);
  };
  if (a.numel() == 0) {
    call.set(0, zeros(with_tail(batch_of(a), {a.size(-1), a.size(-2)}), a.options()));
  } else if (hermitian) {
    const auto [l, v] = linalg_eigh(a);
    call.set(0, matmul(v * inverse_of(l, l.abs()), v.mH()));
  } else {
    const auto [u, s, vh] = thin_svd(a);
    call.set(0, matmul(vh.mH() * inverse_of(s, s), u.mH()));
  }
}

// dA = -P^H dP P^H + (I - A P) dP^H P P^H + P^H P dP^H (I - P A).
void Pinv::backward(Replay& call) const {
  const Tensor a = call.in(0);
  const Tensor p = call.out();
  const Tensor ph = p.mH();
  const Tensor gh = call.grad().mH();
  Tensor g = -matmul(matmul(p, gh), p).mH();
  const Tensor right = matmul(matmul(gh, p), ph);
  g = g + right - matmul(a, matmul(p, right));
  const Tensor left = matmul(ph, matmul(p, gh));
  call.set(0, g + left - matmul(matmul(left, p), a));
}

}  // namespace ops

namespace {

using namespace ops;

// Whether gradients will ask for the vectors of a decomposition.
bool wants_gradient(const Tensor& a) { return GradMode::is_enabled() && a.requires_grad(); }

Svd thin(bool vectors) { return Svd{false, vectors}; }

bool is_upper(const char* op, std::string_view uplo) {
  const char c = uplo.empty() ? ' ' : uplo[0];
  if (uplo.size() != 1 || (c != 'L' && c != 'l' && c != 'U' && c != 'u')) {
    fail("{}: Expected UPLO argument to be 'L' or 'U', but got {}", op, uplo);
  }
  return c == 'U' || c == 'u';
}

void check_no_driver(std::optional<std::string_view> driver) {
  if (driver) {
    fail(
        "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with "
        "cuSOLVER backend.");
  }
}

}  // namespace

std::tuple<Tensor, Tensor> linalg_qr(const Tensor& A, std::string_view mode) {
  check_matrices("linalg.qr", A);
  check_float_or_complex("linalg.qr", A);
  if (mode != "reduced" && mode != "complete" && mode != "r") {
    fail(
        "linalg.qr: qr received unrecognized mode '{}' but expected one of 'reduced' (default), "
        "'r', or 'complete'",
        mode);
  }
  Outputs factors = apply_all(Qr{mode == "complete"}, std::span(&A, 1));
  if (mode == "r") return {empty({0}, A.options()), factors[1]};
  return {factors[0], factors[1]};
}

std::tuple<Tensor, Tensor> qr(const Tensor& self, bool some) {
  return linalg_qr(self, some ? "reduced" : "complete");
}

std::tuple<Tensor, Tensor> linalg_eigh(const Tensor& self, std::string_view UPLO) {
  check_square("linalg.eigh", self);
  Outputs results = apply_all(Eigh{is_upper("linalg.eigh", UPLO), true}, std::span(&self, 1));
  return {results[0], results[1]};
}

Tensor linalg_eigvalsh(const Tensor& self, std::string_view UPLO) {
  check_square("linalg.eigh", self);
  const Eigh op{is_upper("linalg.eigh", UPLO), wants_gradient(self)};
  return apply_all(op, std::span(&self, 1))[0];
}

namespace {

Outputs eig(const char* op, const Tensor& self, bool vectors) {
  check_square(op, self);
  if (!is_differentiable(self.dtype())) {
    fail("{}: Unknown Complex ScalarType for {}", op, self.dtype());
  }
  return apply_all(Eig{vectors}, std::span(&self, 1));
}

}  // namespace

std::tuple<Tensor, Tensor> linalg_eig(const Tensor& self) {
  Outputs results = eig("linalg.eig", self, true);
  return {results[0], results[1]};
}

Tensor linalg_eigvals(const Tensor& self) {
  return eig("linalg.eigvals", self, wants_gradient(self))[0];
}

std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& A, bool full_matrices,
                                              std::optional<std::string_view> driver) {
  check_matrices("linalg.svd", A);
  check_float_or_complex("linalg.svd", A);
  check_no_driver(driver);
  Outputs results = apply_all(Svd{full_matrices, true}, std::span(&A, 1));
  return {results[0], results[1], results[2]};
}

Tensor linalg_svdvals(const Tensor& A, std::optional<std::string_view> driver) {
  check_matrices("linalg.svd", A);
  check_float_or_complex("linalg.svd", A);
  check_no_driver(driver);
  const bool vectors = wants_gradient(A);
  return apply_all(thin(vectors), std::span(&A, 1))[vectors ? 1 : 0];
}

std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& self, bool some, bool compute_uv) {
  if (self.dim() < 2) {
    fail("linalg.svd: input should have at least 2 dimensions, but has {} dimensions instead",
         self.dim());
  }
  if (!compute_uv) {
    const auto square = [&](int64_t n) {
      return zeros(with_tail(batch_of(self), {n, n}), self.options());
    };
    const Tensor s = linalg_svdvals(self);
    return {square(self.size(-2)), s, square(self.size(-1))};
  }
  const auto [u, s, vh] = linalg_svd(self, !some);
  return {u, s, vh.mH()};
}

}  // namespace reel
