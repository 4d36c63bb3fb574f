#include <limits>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/scan.h>

namespace reel {
namespace ops {
namespace {

// Element i becomes the sum of those from i on.
Tensor sum_to_end(const Tensor& x, int64_t dim) { return x.flip(dim).cumsum(dim).flip(dim); }

Tensor conjugate(const Tensor& x) { return x.is_complex() ? x.conj() : x; }

void infer_with_positions(Infer& call) {
  call.out_like(call.in(0));
  call.out_like(call.in(0), kLong);
}

void backward_to_positions(int64_t dim, Replay& call) {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).scatter_add(dim, call.out(1), g));
}

}  // namespace

void Scan::infer(Infer& call) const { call.out_like(call.in(0)); }
void CumMax::infer(Infer& call) const { infer_with_positions(call); }
void CumMin::infer(Infer& call) const { infer_with_positions(call); }

void CumSum::backward(Replay& call) const { call.set(0, sum_to_end(call.grad(), dim)); }

// d y_i / d x_j is y_i / x_j for j <= i. Where zeros make that 0 / 0, it is the product of the
// other factors: y with 1 in the place of x_j.
void CumProd::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor g = call.grad();
  if (x.numel() == 0) return call.set(0, g);
  if (!(x == 0).any().item<bool>()) {
    return call.set(0, sum_to_end(g * conjugate(call.out()), dim) / conjugate(x));
  }
  std::vector<Tensor> columns;
  const int64_t n = x.size(dim);
  for (int64_t j = 0; j < n; ++j) {
    Tensor rest = ones_like(x.narrow(dim, j, 1));
    if (j + 1 < n) rest = cat({rest, x.narrow(dim, j + 1, n - j - 1)}, dim).cumprod(dim);
    if (j > 0) rest = rest * x.narrow(dim, 0, j).prod(dim, true);
    columns.push_back((g.narrow(dim, j, n - j) * conjugate(rest)).sum(dim, true));
  }
  call.set(0, cat(columns, dim));
}

// dx_j is the sum of g_i exp(x_j - y_i) for i >= j, its positive and negative parts as logarithms,
// since exp(-y_i) alone overflows. The logarithm of 0 is a finite number here, so that no
// infinities cancel in gradients of higher order.
void LogCumSumExp::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor y = call.out();
  const Tensor g = call.grad();
  const double nothing = x.dtype() == kDouble ? std::numeric_limits<double>::lowest()
                         : x.dtype() == kHalf ? -65504
                                              : -0x1.fep127;
  const auto part = [&](const Tensor& share) {
    const Tensor log_share = where(share > 0, where(share > 0, share, 1).log(), nothing);
    return ((log_share - y).flip(dim).logcumsumexp(dim).flip(dim) + x).exp();
  };
  call.set(0, part(g) - part(-g));
}

void CumMax::backward(Replay& call) const { backward_to_positions(dim, call); }
void CumMin::backward(Replay& call) const { backward_to_positions(dim, call); }

}  // namespace ops

namespace {

// A 0-dim tensor counts as one of one element.
template <class Op>
Tensor scan(const Tensor& self, int64_t dim) {
  const Op op{{wrap_dim(dim, self.dim())}};
  if (self.dim() == 0) return ops::apply(op, self.unsqueeze(0)).squeeze(0);
  return ops::apply(op, self);
}

// Sums and products of integers and bools are int64 unless asked otherwise.
Tensor to_sum_type(const Tensor& self, std::optional<ScalarType> dtype) {
  const ScalarType type = dtype.value_or(is_differentiable(self.dtype()) ? self.dtype() : kLong);
  return self.dtype() == type ? self : self.to(type);
}

template <class Op>
std::tuple<Tensor, Tensor> scan_extremes(const Tensor& self, int64_t dim) {
  if (self.is_complex()) {
    fail("{}: \"{}_cpu\" not implemented for '{}'", Op::name, Op::name, self.dtype());
  }
  const Op op{{wrap_dim(dim, self.dim())}};
  const Tensor x[] = {self.dim() == 0 ? self.unsqueeze(0) : self};
  ops::Outputs y = ops::apply_all(op, x);
  if (self.dim() == 0) return {y[0].squeeze(0), y[1].squeeze(0)};
  return {std::move(y[0]), std::move(y[1])};
}

}  // namespace

Tensor cumsum(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return scan<ops::CumSum>(to_sum_type(self, dtype), dim);
}

Tensor cumprod(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return scan<ops::CumProd>(to_sum_type(self, dtype), dim);
}

Tensor logcumsumexp(const Tensor& self, int64_t dim) {
  if (!self.is_floating_point()) {
    fail("logcumsumexp: \"logcumsumexp_out_cpu\" not implemented for '{}'", self.dtype());
  }
  return scan<ops::LogCumSumExp>(self, dim);
}

std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim) {
  return scan_extremes<ops::CumMax>(self, dim);
}
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim) {
  return scan_extremes<ops::CumMin>(self, dim);
}

namespace {

// In place, Bool and small integers stay what they are, and no other dtype can be asked for.
void check_same_dtype(const char* op, const Tensor& self, std::optional<ScalarType> dtype) {
  if (dtype && *dtype != self.dtype()) {
    fail("{}: Bad in-place call: input tensor dtype {} and output tensor dtype {} should match", op,
         self.dtype(), *dtype);
  }
}

}  // namespace

Tensor& Tensor::cumsum_(int64_t dim, std::optional<ScalarType> dtype) {
  check_same_dtype("cumsum_", *this, dtype);
  return ops::InPlaceForm(*this, "cumsum_").of(reel::cumsum(*this, dim).to(this->dtype()));
}

Tensor& Tensor::cumprod_(int64_t dim, std::optional<ScalarType> dtype) {
  check_same_dtype("cumprod_", *this, dtype);
  return ops::InPlaceForm(*this, "cumprod_").of(reel::cumprod(*this, dim).to(this->dtype()));
}

}  // namespace reel
