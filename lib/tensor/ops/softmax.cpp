#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops/reduce.h>

namespace reel {
namespace ops {
namespace {

void infer_like(const char* op, const Infer& call, int64_t dim) {
  const Tensor& x = call.in(0);
  if (!x.is_floating_point()) {
    fail("{}: expected a floating-point tensor, got {}; give a dtype to compute in", op, x.dtype());
  }
  if (call.num_inputs() > 1 && call.in(1).sizes() != x.sizes()) {
    fail("{}: expected gradient and output of one shape, got {} and {}", op, x.sizes(),
         call.in(1).sizes());
  }
  wrap_dim(dim, x.dim());
}

/// x minus its maximum along dim, so that no exponential overflows.
Tensor shifted(const Tensor& x, int64_t dim) { return x - x.amax(dim, true); }

Tensor softmax_gradient(const Tensor& g, const Tensor& y, int64_t dim) {
  const Tensor gy = g * y;
  return gy - y * gy.sum(dim, true);
}

Tensor log_softmax_gradient(const Tensor& g, const Tensor& y, int64_t dim) {
  return g - y.exp() * g.sum(dim, true);
}

}  // namespace

void Softmax::infer(Infer& call) const {
  infer_like(name, call, dim);
  call.out_like(call.in(0));
}

void Softmax::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  if (x.numel() == 0) return call.set(0, x.clone());
  const Tensor e = shifted(x, dim).exp();
  call.set(0, e / e.sum(dim, true));
}

void Softmax::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor y = call.out();
  call.set(0, call.create_graph() ? softmax_gradient(g, y, dim) : apply(SoftmaxGrad{dim}, g, y));
}

void SoftmaxGrad::infer(Infer& call) const {
  infer_like(name, call, dim);
  call.out_like(call.in(1));
}

void SoftmaxGrad::compose(Compose& call) const {
  call.set(0, softmax_gradient(call.in(0), call.in(1), dim));
}

void LogSoftmax::infer(Infer& call) const {
  infer_like(name, call, dim);
  call.out_like(call.in(0));
}

void LogSoftmax::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  if (x.numel() == 0) return call.set(0, x.clone());
  const Tensor s = shifted(x, dim);
  call.set(0, s - s.exp().sum(dim, true).log());
}

void LogSoftmax::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor y = call.out();
  call.set(
      0, call.create_graph() ? log_softmax_gradient(g, y, dim) : apply(LogSoftmaxGrad{dim}, g, y));
}

void LogSoftmaxGrad::infer(Infer& call) const {
  infer_like(name, call, dim);
  call.out_like(call.in(1));
}

void LogSoftmaxGrad::compose(Compose& call) const {
  call.set(0, log_softmax_gradient(call.in(0), call.in(1), dim));
}

}  // namespace ops

namespace {

/// Applies an op along one dimension, in another dtype if one is given; a 0-d tensor counts as one
/// of one element.
template <class Op>
Tensor along(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  const Tensor x = dtype ? self.to(*dtype) : self;
  const Op op{wrap_dim(dim, x.dim())};
  if (!x.is_floating_point()) {
    const bool last = op.dim >= x.dim() - 1;
    fail("{}: \"{}softmax_{}kernel_impl\" not implemented for '{}'", Op::name,
         last && Op::name == ops::LogSoftmax::name ? "log_" : "", last ? "lastdim_" : "",
         x.dtype());
  }
  if (x.dim() == 0) return ops::apply(op, x.unsqueeze(0)).squeeze(0);
  return ops::apply(op, x);
}

}  // namespace

Tensor softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return along<ops::Softmax>(self, dim, dtype);
}

Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return along<ops::LogSoftmax>(self, dim, dtype);
}

Tensor logsumexp(const Tensor& self, IntArrayRef dim, bool keepdim) {
  if (self.is_complex()) {
    fail("logsumexp(): Expected floating point type for result tensor, but got: {}", self.dtype());
  }
  if (!self.is_floating_point()) return logsumexp(self.to(get_default_dtype()), dim, keepdim);
  if (self.numel() == 0) return self.exp().sum(dim, keepdim).log();
  Tensor largest;
  {
    // The shift cancels out of the value, so it has no part in the gradient.
    NoGradGuard guard;
    largest = self.amax(dim, true);
    largest = where(isfinite(largest), largest, 0);
  }
  const Tensor sum = (self - largest).exp().sum(dim, keepdim).log();
  return sum + (keepdim ? largest : largest.reshape(sum.sizes()));
}

Tensor Tensor::softmax(int64_t dim, std::optional<ScalarType> dtype) const {
  return reel::softmax(*this, dim, dtype);
}
Tensor Tensor::log_softmax(int64_t dim, std::optional<ScalarType> dtype) const {
  return reel::log_softmax(*this, dim, dtype);
}
Tensor Tensor::logsumexp(IntArrayRef dim, bool keepdim) const {
  return reel::logsumexp(*this, dim, keepdim);
}

}  // namespace reel
