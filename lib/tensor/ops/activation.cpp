// Activation functions with parameters.

#include <reel/tensor/ops/activation.h>
#include <reel/tensor/ops/elementwise_call.h>
#include <reel/tensor/ops/special.h>

namespace reel {

using namespace ops;

Tensor celu(const Tensor& x, const Scalar& alpha) {
  const double a = alpha.toDouble();
  if (a == 0) fail("celu: ZeroDivisionError: alpha cannot be 0 for CELU");
  return elu(x, alpha, 1, 1 / a);
}

// Klambauer et al. 2017.
Tensor selu(const Tensor& x) { return elu(x, 1.6732632423543772848, 1.0507009873554804934); }

// Dauphin et al. 2017.
Tensor glu(const Tensor& x, int64_t dim) {
  if (x.dim() == 0) fail("glu: glu does not support 0-dimensional tensors");
  const int64_t d = wrap_dim(dim, x.dim());
  const int64_t size = x.size(d);
  if (size % 2 != 0) {
    fail("glu: Halving dimension must be even, but dimension {} is size {}", d, size);
  }
  return x.narrow(d, 0, size / 2) * sigmoid(x.narrow(d, size / 2, size / 2));
}

Tensor hardshrink(const Tensor& x, const Scalar& lambda) {
  return unary(Hardshrink{{}, lambda.toDouble()}, x);
}

Tensor softshrink(const Tensor& x, const Scalar& lambda) {
  const double l = lambda.toDouble();
  if (!(l >= 0)) {
    fail("softshrink: lambda must be greater or equal to 0, but found to be {}.", l);
  }
  return unary(Softshrink{{}, l}, x);
}

Tensor hardtanh(const Tensor& x, const Scalar& low, const Scalar& high) {
  if (x.dtype() == kBool) fail("hardtanh: Bool inputs not supported for hardtanh");
  if (is_integral(x.dtype())) {
    const int64_t least = low.toLong();
    const int64_t most = high.toLong();
    if (x.dtype() == kByte && (least < 0 || most < 0)) {
      fail("hardtanh: cannot do hardtanh on an unsigned type with negative limits");
    }
    return clamp(x, least, most);
  }
  return unary(Hardtanh{{}, low.toDouble(), high.toDouble()}, x);
}

Tensor logit(const Tensor& x, std::optional<double> eps) {
  return unary(Logit{{}, eps.value_or(-1)}, x);
}

// He et al. 2015: one slope for all channels, which are dimension 1, or one for each.
Tensor prelu(const Tensor& x, const Tensor& weight) {
  if (weight.dtype() != x.dtype()) {
    fail("prelu: Found dtype {} but expected {}", weight.dtype(), x.dtype());
  }
  const int64_t channels = x.dim() > 1 ? x.size(1) : 1;
  if (weight.numel() != 1) {
    if (x.dim() == 0) fail("prelu: Not allow zero-dim input tensor.");
    if (weight.numel() != channels) {
      fail(
          "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = "
          "{} and channel size = {}.",
          weight.numel(), channels);
    }
  }
  if (weight.dim() > 1) {
    fail("prelu: prelu: Expected `weight` to be a scalar or 1D tensor, but got ndim = {}",
         weight.dim());
  }
  std::vector<int64_t> sizes(static_cast<size_t>(x.dim()), 1);
  if (x.dim() > 1) sizes[1] = weight.numel();
  return where(x > 0, x, weight.reshape(sizes) * x);
}

Tensor threshold(const Tensor& x, const Scalar& bound, const Scalar& value) {
  const Tensor low = wrap_checked("threshold", bound, x.dtype(), x);
  return where(x <= low, wrap_checked("threshold", value, x.dtype(), x), x);
}

// In whole powers of ten, which are exact up to 10^22.
Tensor round(const Tensor& x, int64_t decimals) {
  if (decimals == 0) return round(x);
  const ScalarType type = compute_type<Logit>(x.dtype());
  const double ten = std::pow(10.0, std::fabs(static_cast<double>(decimals)));
  const Tensor y = cast(x, type);
  return decimals > 0 ? round(y * ten) / ten : round(y / ten) * ten;
}

}  // namespace reel
