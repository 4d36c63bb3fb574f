// What singular values say: ranks, condition numbers, pseudoinverses, least squares.

#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/linalg.h>

namespace reel {
namespace {

using namespace ops;

bool is_supported(ScalarType type) { return type == kFloat || type == kDouble || is_complex(type); }

void check_tolerance(const char* op, const char* name, const Tensor& tolerance) {
  if (is_complex(tolerance.dtype())) {
    fail("{}: {} tensor of complex type is not supported. Got {}", op, name, tolerance.dtype());
  }
}

// Per matrix, below what its singular values count as zero: max(atol, rtol * largest).
struct Tolerance {
  Tensor absolute;
  Tensor relative;
};

TensorOptions real_options(const Tensor& a) { return a.options().dtype(real_dtype(a.dtype())); }

// What PyTorch takes if nothing is given: the precision times the larger size.
double default_rtol(const Tensor& a) {
  const double epsilon = real_dtype(a.dtype()) == kFloat ? 0x1p-23 : 0x1p-52;
  return epsilon * static_cast<double>(std::max(a.size(-1), a.size(-2)));
}

Tolerance tolerance_of(const char* op, const Tensor& a, const Tensor& atol, const Tensor& rtol) {
  const TensorOptions options = real_options(a);
  const Shape batch = batch_of(a);
  if (atol.defined()) check_tolerance(op, "atol", atol);
  if (rtol.defined()) check_tolerance(op, "rtol", rtol);
  Tolerance t;
  t.absolute = atol.defined() ? atol.to(options.dtype()) : zeros({}, options);
  if (rtol.defined()) {
    t.relative = rtol.to(options.dtype());
  } else {
    t.relative = full({}, default_rtol(a), options);
    if (atol.defined()) {
      t.relative = where(t.absolute > 0, zeros({}, options), t.relative);
    }
  }
  return t;
}

Tolerance tolerance_of(const Tensor& a, std::optional<double> atol, std::optional<double> rtol) {
  const double absolute = atol.value_or(0);
  const double relative = rtol ? *rtol : absolute > 0 ? 0 : default_rtol(a);
  return {full({}, absolute, real_options(a)), full({}, relative, real_options(a))};
}

void check_rank_input(const Tensor& a, bool hermitian) {
  constexpr const char* kOp = "linalg.matrix_rank";
  if (a.dim() < 2) {
    fail("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.");
  }
  if (!is_supported(a.dtype())) {
    fail("{}: This function doesn't handle types other than float and double", kOp);
  }
  if (hermitian) check_square("linalg.eigh", a);
}

Tensor rank_of(const Tensor& a, const Tolerance& t, bool hermitian) {
  const NoGradGuard no_grad;
  if (a.numel() == 0) return zeros(batch_of(a), a.options().dtype(kLong));
  const Tensor s = hermitian ? linalg_eigvalsh(a).abs() : linalg_svdvals(a);
  const Tensor largest = amax(s, -1, /*keepdim=*/true);
  const Tensor least = maximum(t.absolute.unsqueeze(-1), t.relative.unsqueeze(-1) * largest);
  return (s > least).sum(IntArrayRef(-1));
}

Tensor pinv_of(const Tensor& a, const Tolerance& t, bool hermitian) {
  if (a.dim() < 2 || !is_supported(a.dtype())) {
    fail(
        "linalg.pinv({}{{{}}}): expected a tensor with 2 or more dimensions of float, double, "
        "cfloat or cdouble types",
        a.dtype(), a.sizes());
  }
  if (hermitian) check_square("linalg.eigh", a);
  return apply(Pinv{hermitian}, a, t.absolute, t.relative);
}

// Checks that come before the sizes are looked at.
const Tensor& checked_for_pinv(const Tensor& a) {
  if (a.dim() < 2 || !is_supported(a.dtype())) pinv_of(a, {}, false);
  return a;
}

}  // namespace

Tensor linalg_matrix_rank(const Tensor& input, const Tensor& atol, const Tensor& rtol,
                          bool hermitian) {
  check_rank_input(input, hermitian);
  return rank_of(input, tolerance_of("torch.linalg.matrix_rank", input, atol, rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, std::optional<double> atol,
                          std::optional<double> rtol, bool hermitian) {
  check_rank_input(self, hermitian);
  return rank_of(self, tolerance_of(self, atol, rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, double tol, bool hermitian) {
  return linalg_matrix_rank(self, tol, 0.0, hermitian);
}
Tensor linalg_matrix_rank(const Tensor& input, const Tensor& tol, bool hermitian) {
  check_rank_input(input, hermitian);
  return linalg_matrix_rank(input, tol, zeros({}, real_options(input)), hermitian);
}

Tensor linalg_pinv(const Tensor& self, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  const Tensor& a = checked_for_pinv(self);
  return pinv_of(a, tolerance_of("torch.linalg.pinv", a, atol, rtol), hermitian);
}
Tensor linalg_pinv(const Tensor& self, std::optional<double> atol, std::optional<double> rtol,
                   bool hermitian) {
  const Tensor& a = checked_for_pinv(self);
  return pinv_of(a, tolerance_of(a, atol, rtol), hermitian);
}
Tensor linalg_pinv(const Tensor& self, double rcond, bool hermitian) {
  return linalg_pinv(self, 0.0, rcond, hermitian);
}
Tensor linalg_pinv(const Tensor& self, const Tensor& rcond, bool hermitian) {
  const Tensor& a = checked_for_pinv(self);
  check_tolerance("torch.linalg.pinv", "rcond", rcond);
  return linalg_pinv(a, zeros({}, real_options(a)), rcond, hermitian);
}
Tensor pinverse(const Tensor& self, double rcond) { return linalg_pinv(self, rcond, false); }

namespace {

void check_condition(const Tensor& a) {
  if (a.dim() < 2) fail("linalg.cond: The input tensor must have at least 2 dimensions.");
}

Tensor empty_condition(const Tensor& a) { return zeros(batch_of(a), real_options(a)); }

// norm(A) * norm(A^-1), infinite for a singular A.
template <class Order>
Tensor condition_by_inverse(const Tensor& a, const Order& order, std::string_view name) {
  check_square(fmt::format("linalg.cond(ord={})", name).c_str(), a);
  check_float_or_complex("linalg.inv", a);
  if (a.numel() == 0) return empty_condition(a);
  const Tensor inverse = apply(Solve{}, a, eye(a.size(-1), a.options()).expand(a.sizes()));
  return linalg_matrix_norm(a, order) * linalg_matrix_norm(inverse, order);
}

}  // namespace

Tensor linalg_cond(const Tensor& self, const std::optional<Scalar>& p) {
  check_condition(self);
  const double order = p ? p->toDouble() : 2;
  if (std::abs(order) == 2) {
    if (self.numel() == 0 && is_differentiable(self.dtype())) return empty_condition(self);
    const Tensor s = linalg_svdvals(self);
    const Tensor first = s.select(-1, 0);
    const Tensor last = s.select(-1, -1);
    return order > 0 ? first / last : last / first;
  }
  if (std::abs(order) != 1 && !std::isinf(order)) {
    fail("linalg.cond got an invalid norm type: {}", order);
  }
  return condition_by_inverse(self, *p, fmt::format("{}", order));
}

Tensor linalg_cond(const Tensor& self, std::string_view p) {
  check_condition(self);
  if (p == "nuc") {
    check_square("linalg.cond(ord=nuc)", self);
    if (self.numel() == 0 && is_differentiable(self.dtype())) return empty_condition(self);
    const Tensor s = linalg_svdvals(self);
    return s.sum(IntArrayRef(-1)) * s.reciprocal().sum(IntArrayRef(-1));
  }
  if (p != "fro" && self.size(-1) == self.size(-2)) {
    fail("linalg.cond got an invalid norm type: {}", p);
  }
  return condition_by_inverse(self, p, p);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(const Tensor& self, const Tensor& b,
                                                        std::optional<double> rcond,
                                                        std::optional<std::string_view> driver) {
  constexpr const char* kOp = "torch.linalg.lstsq";
  const std::string_view name = driver.value_or("gelsy");
  if (self.dim() < 2) fail("{}: input must have at least 2 dimensions.", kOp);
  if (b.dim() < 1) fail("{}: other must have at least 1 dimension.", kOp);
  const int64_t difference = self.dim() - b.dim();
  if (difference < 0 || difference > 1) {
    fail(
        "{}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) "
        "<= 1",
        kOp);
  }
  const bool vector = difference == 1;
  if (self.size(-2) != b.size(vector ? -1 : -2)) {
    fail("{}: input.size(-2) should match other.size({})", kOp, vector ? -1 : -2);
  }
  if (self.dtype() != b.dtype()) {
    fail(
        "{}: Expected input and other to have the same dtype, but got input's dtype {} and other's "
        "dtype {}",
        kOp, self.dtype(), b.dtype());
  }
  if (!is_supported(self.dtype())) {
    fail("{}: This function doesn't handle types other than float and double", kOp);
  }
  if (name != "gels" && name != "gelsy" && name != "gelsd" && name != "gelss") {
    fail("{}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)", kOp);
  }
  const Tensor right = vector ? b.unsqueeze(-1) : b;
  const Shape batch = broadcast_sizes(batch_of(self), batch_of(right));
  const int64_t m = self.size(-2);
  const int64_t n = self.size(-1);
  const Tensor a = self.expand(with_tail(batch, {m, n}));
  const Tensor rhs = right.expand(with_tail(batch, {m, right.size(-1)}));

  // gels takes full rank for granted.
  const double rtol = name == "gels" ? 0 : rcond.value_or(default_rtol(self));
  const Tensor solution = matmul(linalg_pinv(self, 0.0, rtol, false), rhs);

  const NoGradGuard no_grad;
  const TensorOptions real = real_options(self);
  Tensor rank = name == "gels" ? empty({0}, self.options().dtype(kLong))
                               : linalg_matrix_rank(a, 0.0, rtol, false);
  const bool full_rank = name == "gels" || (rank == n).all().item<bool>();
  Tensor residuals = empty({0}, real);
  if (m > n && name != "gelsy" && full_rank) {
    residuals = (matmul(a, solution) - rhs).abs().square().sum(IntArrayRef(-2));
  }
  const Tensor values = name == "gelsd" || name == "gelss" ? linalg_svdvals(a) : empty({0}, real);
  return {vector ? solution.squeeze(-1) : solution, residuals, rank, values};
}

}  // namespace reel
