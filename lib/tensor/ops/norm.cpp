#include <algorithm>

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
    fail_index(
        "batch_norm: Dimension out of range (expected to be in range of [{}, {}], but got 1): the "
        "input {} has no channels",
        -std::max<int64_t>(x.dim(), 1), std::max<int64_t>(x.dim() - 1, 0), x.sizes());
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
      fail(
          "batch_norm: mixed dtype (CPU): expect parameter to have scalar type of {}, but {} is {}",
          x.dtype(), kNames[i], p.dtype());
    }
  }
  if (!training && !(call.has(3) && call.has(4))) {
    fail("batch_norm: {} must be defined in evaluation mode",
         call.has(3) ? "running_var" : "running_mean");
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

namespace {

/// x [..., ] to mean 0 and variance 1 over each of `rows` equal pieces of its elements in order.
Tensor normalize_rows(const Tensor& x, int64_t rows, double eps) {
  const Tensor inputs[] = {x.reshape({1, rows, x.numel() / rows}), {}, {}, {}, {}};
  return ops::apply_all(ops::BatchNorm{true, eps}, inputs)[0].reshape(x.sizes());
}

Tensor scale_and_shift(Tensor y, const Tensor& weight, const Tensor& bias, IntArrayRef sizes) {
  if (weight.defined()) y = y * weight.reshape(sizes);
  if (bias.defined()) y = y + bias.reshape(sizes);
  return y;
}

void check_norm_dtype(const char* op, const char* kernel, const Tensor& x) {
  if (!x.is_floating_point()) {
    fail("{}: \"{}\" not implemented for '{}'", op, kernel, x.dtype());
  }
}

}  // namespace

// Wu and He 2018.
Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps, bool) {
  constexpr const char* kOp = "group_norm";
  if (input.dim() < 2) {
    fail_index(
        "{}: Dimension out of range (expected to be in range of [{}, {}], but got 1): the input {} "
        "has no channels",
        kOp, -std::max<int64_t>(input.dim(), 1), std::max<int64_t>(input.dim() - 1, 0),
        input.sizes());
  }
  const int64_t channels = input.size(1);
  if (num_groups < 1) fail("{}: Expected num groups to be greater than 0, got {}", kOp, num_groups);
  if (channels % num_groups != 0) {
    fail(
        "{}: Expected number of channels in input to be divisible by num_groups, but got input of "
        "shape {} and num_groups={}",
        kOp, input.sizes(), num_groups);
  }
  const auto check = [&](const char* what, const Tensor& p) {
    if (!p.defined() || (p.dim() == 1 && p.numel() == channels)) return;
    fail(
        "{}: Expected {} to be a vector of size equal to the number of channels in input, but got "
        "{} of shape {} and input of shape {}",
        kOp, what, what, p.sizes(), input.sizes());
  };
  check("weight", weight);
  check("bias", bias);
  check_norm_dtype(kOp, "GroupNormKernelImpl", input);
  if (input.numel() == 0) return input.clone();
  Shape sizes(static_cast<size_t>(input.dim()), 1);
  sizes[1] = channels;
  return scale_and_shift(normalize_rows(input, input.size(0) * num_groups, eps), weight, bias,
                         sizes);
}

// Ba et al. 2016.
Tensor layer_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps, bool) {
  constexpr const char* kOp = "layer_norm";
  const size_t count = normalized_shape.size();
  if (count == 0) {
    fail(
        "{}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
        "element, but got normalized_shape = {}",
        kOp, normalized_shape);
  }
  const auto check = [&](const char* what, const Tensor& p) {
    if (!p.defined() || p.sizes() == normalized_shape) return;
    fail(
        "{}: Expected {} to be of same shape as normalized_shape, but got {} of shape {} and "
        "normalized_shape = {}",
        kOp, what, what, p.sizes(), normalized_shape);
  };
  check("weight", weight);
  check("bias", bias);
  const size_t rank = input.sizes().size();
  if (rank < count || !(input.sizes().slice(rank - count, count) == normalized_shape)) {
    std::string expected = "[*";
    for (int64_t size : normalized_shape) expected += fmt::format(", {}", size);
    fail("{}: Given normalized_shape={}, expected input with shape {}], but got input of size{}",
         kOp, normalized_shape, expected, input.sizes());
  }
  check_norm_dtype(kOp, "LayerNormKernelImpl", input);
  if (input.numel() == 0) return input.clone();
  const int64_t rows = numel_of(input.sizes().slice(0, rank - count));
  return scale_and_shift(normalize_rows(input, rows, eps), weight, bias, normalized_shape);
}

// Ulyanov et al. 2016: batch normalisation with every picture of the batch for channels.
Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps, bool) {
  if (!use_input_stats && !(running_mean.defined() && running_var.defined())) {
    fail(
        "instance_norm: Expected running_mean and running_var to be defined when use_input_stats "
        "is false");
  }
  if (input.dim() < 2) {
    fail("instance_norm: expected an input [N, C, ...], got {}", input.sizes());
  }
  const int64_t n = input.size(0), c = input.size(1);
  const auto repeat = [&](const Tensor& t) {
    if (!t.defined()) return t;
    return t.reshape({1, t.numel()}).expand({n, t.numel()}).reshape({n * t.numel()});
  };
  Shape sizes = input.sizes();
  sizes[0] = 1;
  sizes[1] = n * c;
  // The statistics of each picture are updated, then their mean is kept.
  const auto copy = [&](const Tensor& t) { return t.defined() ? repeat(t.detach()).clone() : t; };
  const Tensor mean = copy(running_mean);
  const Tensor var = copy(running_var);
  const Tensor y = batch_norm(input.reshape(sizes), repeat(weight), repeat(bias), mean, var,
                              use_input_stats, momentum, eps);
  {
    const NoGradGuard guard;
    if (running_mean.defined()) Tensor(running_mean).copy_(mean.view({n, c}).mean(0));
    if (running_var.defined()) Tensor(running_var).copy_(var.view({n, c}).mean(0));
  }
  return y.reshape(input.sizes());
}

}  // namespace reel
