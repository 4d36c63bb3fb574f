#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/norm.h>

namespace reel {
namespace ops {
namespace {

/// All dimensions but the channels'.
std::vector<int64_t> all_but_channels(const Tensor& x) {
  std::vector<int64_t> dims = {0};
  for (int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

/// A vector [C] in the place of the channels of x.
Tensor per_channel(const Tensor& vector, const Tensor& x) {
  Shape sizes(static_cast<size_t>(x.dim()), 1);
  sizes[1] = x.size(1);
  return vector.reshape(sizes);
}

/// (dx, dweight, dbias); mean and inverse deviation [C].
Outputs gradients(bool training, const Tensor& g, const Tensor& x, const Tensor& weight,
                  const Tensor& mean, const Tensor& inverse) {
  const std::vector<int64_t> dims = all_but_channels(x);
  const Tensor scale = per_channel(inverse, x);
  const Tensor normal = (x - per_channel(mean, x)) * scale;
  const Tensor dbias = g.sum(dims);
  const Tensor dweight = (g * normal).sum(dims);
  Tensor dx = g;
  if (training) {
    // Mean and deviation move with x: what they take of the gradient is removed.
    const double n = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
    dx = dx - (per_channel(dbias, x) + normal * per_channel(dweight, x)) / n;
  }
  dx = dx * scale;
  if (weight.defined()) dx = dx * per_channel(weight, x);
  return {dx, dweight, dbias};
}

}  // namespace

void BatchNorm::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  if (x.dim() < 2) {
    fail("batch_norm: expected an input of at least 2 dimensions, got {}", x.sizes());
  }
  if (!x.is_floating_point()) {
    fail("batch_norm: expected a floating-point input, got {}", x.dtype());
  }
  constexpr const char* kNames[] = {"input", "weight", "bias", "running_mean", "running_var"};
  for (int i = 1; i < 5; ++i) {
    if (!call.has(i)) continue;
    const Tensor& p = call.in(i);
    if (p.dim() != 1 || p.size(0) != x.size(1)) {
      fail("batch_norm: {} should contain {} elements not {} (input {}, {} {})", kNames[i],
           x.size(1), p.numel(), x.sizes(), kNames[i], p.sizes());
    }
    if (p.dtype() != x.dtype()) {
      fail("batch_norm: expected scalar type {} but found {} ({})", x.dtype(), p.dtype(),
           kNames[i]);
    }
  }
  if (!training && !(call.has(3) && call.has(4))) {
    fail("batch_norm: Expected running_mean and running_var to be defined when training=False");
  }
  if (training && x.numel() == x.size(1)) {
    fail("batch_norm: Expected more than 1 value per channel when training, got input size {}",
         x.sizes());
  }
  call.out_like(x);
  call.out({x.size(1)}, x.dtype());
  call.out({x.size(1)}, x.dtype());
}

void BatchNorm::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const std::vector<int64_t> dims = all_but_channels(x);
  const Tensor mean = training ? x.mean(dims) : call.in(3).clone();
  const Tensor centred = x - per_channel(mean, x);
  const Tensor variance = training ? centred.square().mean(dims) : call.in(4);
  const Tensor inverse = (variance + eps).rsqrt();
  Tensor y = centred * per_channel(inverse, x);
  if (call.has(1)) y = y * per_channel(call.in(1), x);
  if (call.has(2)) y = y + per_channel(call.in(2), x);
  call.set(0, y);
  call.set(1, mean);
  call.set(2, inverse);
}

void BatchNorm::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (!call.needs(0) && !call.needs(1)) {
    std::vector<int64_t> dims = all_but_channels(g);
    return call.set(2, g.sum(dims));
  }
  const Tensor x = call.in(0);
  const Tensor weight = call.has_in(1) ? call.in(1) : Tensor();
  Tensor mean = call.out(1).detach();
  Tensor inverse = call.out(2).detach();
  Outputs grads;
  if (call.create_graph()) {
    if (training) {
      // Computed again, on the tape: they depend on x.
      const std::vector<int64_t> dims = all_but_channels(x);
      mean = x.mean(dims);
      inverse = ((x - per_channel(mean, x)).square().mean(dims) + eps).rsqrt();
    }
    grads = gradients(training, g, x, weight, mean, inverse);
  } else {
    const Tensor inputs[] = {g, x, weight, mean, inverse};
    grads = apply_all(BatchNormGrad{training}, inputs);
  }
  for (int i = 0; i < 3; ++i) {
    if (call.needs(i)) call.set(i, grads[static_cast<size_t>(i)]);
  }
}

void BatchNormGrad::infer(Infer& call) const {
  const Tensor& x = call.in(1);
  if (call.in(0).sizes() != x.sizes()) {
    fail("{}: expected a gradient of the input's shape {}, got {}", name, x.sizes(),
         call.in(0).sizes());
  }
  call.out_like(x);
  call.out({x.size(1)}, x.dtype());
  call.out({x.size(1)}, x.dtype());
}

void BatchNormGrad::compose(Compose& call) const {
  call.results() = gradients(training, call.in(0), call.in(1), call.has(2) ? call.in(2) : Tensor(),
                             call.in(3), call.in(4));
}

}  // namespace ops

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps, bool) {
  const Tensor inputs[] = {input, weight, bias, running_mean, running_var};
  const ops::Outputs out = ops::apply_all(ops::BatchNorm{training, eps}, inputs);
  if (training) {
    NoGradGuard guard;
    const double n = static_cast<double>(input.numel()) / static_cast<double>(input.size(1));
    if (running_mean.defined()) {
      Tensor(running_mean).mul_(1 - momentum).add_(out[1].detach(), momentum);
    }
    if (running_var.defined()) {
      // The running variance is the unbiased one, unlike that which normalises.
      const Tensor biased = out[2].detach().square().reciprocal() - eps;
      Tensor(running_var).mul_(1 - momentum).add_(biased.clamp(0), momentum * n / (n - 1));
    }
  }
  return out[0];
}

}  // namespace reel
