#include <cmath>
#include <limits>

#include <reel/tensor/check.h>
#include <reel/tensor/ops/sort.h>
#include <reel/tensor/ops/statistics.h>

namespace reel {
namespace ops {
namespace {

ScalarType real_type(ScalarType type) {
  return type == kComplexFloat ? kFloat : type == kComplexDouble ? kDouble : type;
}

Shape list_of(const Reduce& op, int64_t rank) {
  Shape dims;
  for (int64_t d = 0; d < rank; ++d) {
    if (op.reduces(d)) dims.push_back(d);
  }
  return dims;
}

// x / |x|, 0 for 0.
Tensor direction_of(const Tensor& x) { return x.is_complex() ? sgn(x) : sign(x); }

}  // namespace

void Norm::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  call.out(reduced_sizes(x.sizes(), dims, keepdim), real_type(x.dtype()));
}

void Norm::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Sum sum{{dims, keepdim}};
  if (count_of(x, dims) == 0) {
    const Shape sizes = reduced_sizes(x.sizes(), dims, keepdim);
    return call.set(0, zeros(sizes, x.options().dtype(real_type(x.dtype()))));
  }
  if (p == 2 && !x.is_complex()) return call.set(0, apply(sum, x.square()).sqrt());
  const Tensor size = x.abs();
  if (p == 0) {
    call.set(0, apply(sum, (size != 0).to(size.dtype())));
  } else if (p == 1) {
    call.set(0, apply(sum, size));
  } else if (p == 2) {
    call.set(0, apply(sum, size.square()).sqrt());
  } else if (std::isinf(p)) {
    call.set(0, p > 0 ? apply(Amax{{dims, keepdim}}, size) : apply(Amin{{dims, keepdim}}, size));
  } else {
    call.set(0, apply(sum, size.pow(p)).pow(1 / p));
  }
}

void Norm::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor g = restore(call.grad(), *this, x.dim());
  if (p == 0) return call.set(0, zeros_like(x));
  if (p == 1) return call.set(0, direction_of(x) * g);
  const Tensor norm = restore(call.out(), *this, x.dim());
  if (std::isinf(p)) {
    const Tensor size = x.abs();
    const Tensor hit = size.eq(norm).logical_or(isnan(size).logical_and(isnan(norm)));
    const Tensor count = x.dim() == 0 ? hit : hit.sum(list_of(*this, x.dim()), true);
    return call.set(0, direction_of(x) * (g / count.to(g.dtype()) * hit.to(g.dtype())));
  }
  const Tensor zero = norm == 0;
  if (p == 2) return call.set(0, x * (g / norm).masked_fill(zero, 0));
  Tensor slope = x.abs().pow(p - 1);
  if (p < 1) slope = slope.masked_fill(x == 0, 0);
  call.set(0, direction_of(x) * slope * (g * norm.pow(1 - p)).masked_fill(zero, 0));
}

void Median::compose(Compose& call) const {
  const Tensor x = call.in(0).reshape({-1});
  if (x.numel() == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return call.set(0, scalar_tensor(nan, TensorOptions(kDouble).device(x.device())).to(x.dtype()));
  }
  const auto rule = ignore_nan ? Choose::Rule::NanMedian : Choose::Rule::Median;
  call.set(0, x.gather(0, apply(Choose{0, rule}, x)).squeeze(0));
}

void Median::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor y = call.out();
  const Tensor hit = x.eq(y).logical_or(isnan(x).logical_and(isnan(y))).to(x.dtype());
  call.set(0, call.grad() * hit / hit.sum());
}

}  // namespace ops

namespace {

using namespace ops;

void check_floating(const char* op, const char* sentence, const Tensor& self) {
  if (!is_differentiable(self.dtype())) {
    fail("{}: {} only support floating point and complex dtypes", op, sentence);
  }
}

// Half and BFloat16 are computed as Float and rounded once.
bool is_short(const Tensor& x) { return x.dtype() == kHalf || x.dtype() == kBFloat16; }

// The square root whose slope at 0 is taken as 0, as PyTorch does, where it would be infinite.
Tensor root(const Tensor& x) {
  if (!GradMode::is_enabled() || !x.requires_grad()) return x.sqrt();
  const Tensor zero = x.detach() == 0;
  return x.masked_fill(zero, 1).sqrt().masked_fill(zero, 0);
}

// (variance, mean), the mean with its dimensions kept.
std::tuple<Tensor, Tensor> moments(const Tensor& self, uint64_t dims, double correction,
                                   bool keepdim) {
  if (is_short(self)) {
    const auto [v, m] = moments(self.to(kFloat), dims, correction, keepdim);
    return {v.to(self.dtype()), m.to(self.dtype())};
  }
  const auto n = static_cast<double>(count_of(self, dims));
  const Tensor mean = apply(Sum{{dims, true}}, self) / n;
  const auto spread = [&](const Tensor& x) { return apply(Sum{{dims, keepdim}}, x.square()); };
  const Tensor centred = self - mean;
  const Tensor total =
      self.is_complex() ? spread(real(centred)) + spread(imag(centred)) : spread(centred);
  return {total / std::max(0.0, n - correction), mean};
}

}  // namespace

Tensor var(const Tensor& self, IntArrayRef dim, std::optional<int64_t> correction, bool keepdim) {
  check_floating("var", "std and var", self);
  return std::get<0>(moments(self, dim_set("var", self, dim),
                             static_cast<double>(correction.value_or(1)), keepdim));
}
Tensor var(const Tensor& self, IntArrayRef dim, bool unbiased, bool keepdim) {
  return var(self, dim, std::optional<int64_t>(unbiased ? 1 : 0), keepdim);
}
Tensor var(const Tensor& self, bool unbiased) { return var(self, IntArrayRef(), unbiased, false); }

Tensor std(const Tensor& self, IntArrayRef dim, std::optional<int64_t> correction, bool keepdim) {
  check_floating("std", "std and var", self);
  if (is_short(self)) return std(self.to(kFloat), dim, correction, keepdim).to(self.dtype());
  return root(var(self, dim, correction, keepdim));
}
Tensor std(const Tensor& self, IntArrayRef dim, bool unbiased, bool keepdim) {
  return std(self, dim, std::optional<int64_t>(unbiased ? 1 : 0), keepdim);
}
Tensor std(const Tensor& self, bool unbiased) { return std(self, IntArrayRef(), unbiased, false); }

std::tuple<Tensor, Tensor> var_mean(const Tensor& self, IntArrayRef dim,
                                    std::optional<int64_t> correction, bool keepdim) {
  check_floating("var_mean", "var_mean", self);
  const uint64_t dims = dim_set("var_mean", self, dim);
  const auto [variance, mean] =
      moments(self, dims, static_cast<double>(correction.value_or(1)), keepdim);
  return {variance, mean.reshape(reduced_sizes(self.sizes(), dims, keepdim))};
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, IntArrayRef dim, bool unbiased,
                                    bool keepdim) {
  return var_mean(self, dim, std::optional<int64_t>(unbiased ? 1 : 0), keepdim);
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, bool unbiased) {
  return var_mean(self, IntArrayRef(), unbiased, false);
}

std::tuple<Tensor, Tensor> std_mean(const Tensor& self, IntArrayRef dim,
                                    std::optional<int64_t> correction, bool keepdim) {
  check_floating("std_mean", "std_mean", self);
  if (is_short(self)) {
    const auto [s, m] = std_mean(self.to(kFloat), dim, correction, keepdim);
    return {s.to(self.dtype()), m.to(self.dtype())};
  }
  const auto [variance, mean] = var_mean(self, dim, correction, keepdim);
  return {root(variance), mean};
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, IntArrayRef dim, bool unbiased,
                                    bool keepdim) {
  return std_mean(self, dim, std::optional<int64_t>(unbiased ? 1 : 0), keepdim);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, bool unbiased) {
  return std_mean(self, IntArrayRef(), unbiased, false);
}

Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim) {
  if (!is_differentiable(self.dtype())) {
    fail("norm(): input dtype should be either floating point or complex. Got {} instead.",
         self.dtype());
  }
  if (p && p->is_complex()) {
    fail("norm: norm_kernel_tensor_iterator_impl expects norm to be integer or float");
  }
  if (is_short(self)) return norm(self.to(kFloat), p, dim, keepdim).to(self.dtype());
  return apply(Norm{{dim_set("norm", self, dim), keepdim}, p ? p->toDouble() : 2}, self);
}
Tensor norm(const Tensor& self, const Scalar& p) { return norm(self, p, IntArrayRef(), false); }
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim,
            ScalarType dtype) {
  if (!is_differentiable(dtype)) {
    fail(
        "norm(): the desired output dtype should be either floating point or complex. Got {} "
        "instead.",
        dtype);
  }
  return norm(self.to(dtype), p, dim, keepdim);
}
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, ScalarType dtype) {
  return norm(self, p, IntArrayRef(), false, dtype);
}

Tensor frobenius_norm(const Tensor& self, IntArrayRef dim, bool keepdim) {
  if (dim.size() > 2) {
    fail("frobenius_norm: Expected at most 2 dimensions, but got {} dimensions instead.",
         dim.size());
  }
  return norm(self, 2, dim, keepdim);
}
Tensor frobenius_norm(const Tensor& self) { return norm(self, 2); }

Tensor nuclear_norm(const Tensor& self, IntArrayRef dim, bool keepdim) {
  if (dim.size() != 2) fail("nuclear_norm: nuclear norm requires a 'dim' argument of size 2");
  const int64_t row = wrap_dim(dim[0], self.dim());
  const int64_t column = wrap_dim(dim[1], self.dim());
  dim_set("nuclear_norm", self, dim);
  Shape order;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (d != row && d != column) order.push_back(d);
  }
  order.push_back(row);
  order.push_back(column);
  const Tensor total = linalg_svdvals(self.permute(order)).sum(-1);
  if (!keepdim) return total;
  return total.unsqueeze(std::min(row, column)).unsqueeze(std::max(row, column));
}
Tensor nuclear_norm(const Tensor& self, bool keepdim) {
  if (self.dim() != 2) {
    fail(
        "nuclear_norm: Expected a tensor with 2 dimensions, but got a tensor with {} dimension{} "
        "instead.",
        self.dim(), self.dim() == 1 ? "" : "s");
  }
  return nuclear_norm(self, {0, 1}, keepdim);
}

Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p) {
  return norm(sub(self, other), p);
}

namespace {

Tensor median_of_all(const char* op, const Tensor& self, bool ignore_nan) {
  if (self.is_complex()) fail("{}: \"median_cpu\" not implemented for '{}'", op, self.dtype());
  return apply(Median{{dim_set(op, self, {}), false}, ignore_nan}, self);
}

}  // namespace

Tensor median(const Tensor& self) { return median_of_all("median", self, false); }
Tensor nanmedian(const Tensor& self) { return median_of_all("nanmedian", self, true); }

Tensor Tensor::var(bool unbiased) const { return reel::var(*this, unbiased); }
Tensor Tensor::var(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return reel::var(*this, dim, unbiased, keepdim);
}
Tensor Tensor::std(bool unbiased) const { return reel::std(*this, unbiased); }
Tensor Tensor::std(IntArrayRef dim, bool unbiased, bool keepdim) const {
  return reel::std(*this, dim, unbiased, keepdim);
}
Tensor Tensor::norm(const Scalar& p) const { return reel::norm(*this, p); }
Tensor Tensor::norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim) const {
  return reel::norm(*this, p, dim, keepdim);
}

}  // namespace reel
