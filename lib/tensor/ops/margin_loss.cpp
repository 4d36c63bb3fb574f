// Losses of regression, of margins and of embeddings.

#include <cmath>
#include <numbers>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/loss.h>

namespace reel {

using ops::reduce_loss;

// Huber 1964: a parabola near zero, lines of slope delta beyond.
Tensor huber_loss(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
  if (!(delta > 0)) fail("huber_loss: huber_loss does not support non-positive values for delta.");
  const Tensor z = (self - target).abs();
  return reduce_loss("huber_loss",
                     where(z.detach() < delta, z.square() * 0.5, (z - 0.5 * delta) * delta),
                     reduction);
}

// Girshick 2015.
Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, int64_t reduction, double beta) {
  if (!(beta >= 0)) {
    fail("smooth_l1_loss: smooth_l1_loss does not support negative values for beta.");
  }
  if (beta == 0) return l1_loss(self, target, reduction);
  const Tensor z = (self - target).abs();
  return reduce_loss("smooth_l1_loss",
                     where(z.detach() < beta, z.square() * 0.5 / beta, z - 0.5 * beta), reduction);
}

Tensor soft_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  if (!self.is_floating_point()) {
    fail("soft_margin_loss: result type Float can't be cast to the desired output type {}",
         self.dtype());
  }
  return reduce_loss("soft_margin_loss", ((-self * target).exp() + 1).log(), reduction);
}

Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
  if (!is_differentiable(self.dtype()) || !is_differentiable(target.dtype())) {
    fail("kl_div: kl_div: Integral inputs not supported.");
  }
  if (log_target) return reduce_loss("kl_div", target.exp() * (target - self), reduction);
  return reduce_loss("kl_div", xlogy(target, target) - target * self, reduction);
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full,
                        double eps, int64_t reduction) {
  Tensor loss = log_input ? input.exp() - target * input : input - target * (input + eps).log();
  if (full) {
    // Stirling's formula for log(target!), where the target is above 1.
    const Tensor small = target.detach() <= 1;
    const Tensor t = target.masked_fill(small, 1);
    const Tensor stirling = t * t.log() - t + (t * (2 * std::numbers::pi)).log() * 0.5;
    loss = loss + stirling.masked_fill(small, 0);
  }
  return reduce_loss("poisson_nll_loss", loss, reduction);
}

Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin,
                            int64_t reduction) {
  const Tensor hinge = (margin - self).clamp(0);
  const Tensor apart = where(target != 1, hinge, 0);
  const Tensor together = where(target != -1, self, 0);
  return reduce_loss("hinge_embedding_loss", apart + together, reduction);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           double margin, int64_t reduction) {
  return reduce_loss("margin_ranking_loss", (-target * (input1 - input2) + margin).clamp(0),
                     reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin, int64_t reduction) {
  constexpr const char* kOp = "cosine_embedding_loss";
  constexpr double kEps = 1e-12;
  if (target.dim() > 1) {
    fail("{}: 0D or 1D target tensor expected, multi-target not supported", kOp);
  }
  const int64_t rank = target.dim() + 1;
  if (input1.dim() != rank || input2.dim() != rank) {
    fail("{}: {}D target tensor expects {}D input tensors, but found inputs with sizes {} and {}.",
         kOp, rank - 1, rank, input1.sizes(), input2.sizes());
  }
  const auto dot = [](const Tensor& a, const Tensor& b) { return (a * b).sum(-1); };
  const Tensor squares = (dot(input1, input1) + kEps) * (dot(input2, input2) + kEps);
  const Tensor cosine = dot(input1, input2) / squares.sqrt();
  const Tensor alike = where(target == 1, 1 - cosine, 0);
  const Tensor apart = where(target == -1, (cosine - margin).clamp(0), 0);
  return reduce_loss(kOp, alike + apart, reduction);
}

// Balntas et al. 2016.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin, double p, double eps, bool swap, int64_t reduction) {
  constexpr const char* kOp = "triplet_margin_loss";
  if (anchor.dim() != positive.dim() || anchor.dim() != negative.dim()) {
    fail("{}: All inputs should have same dimension but got {}D, {}D and {}D inputs.", kOp,
         anchor.dim(), positive.dim(), negative.dim());
  }
  const Tensor near = pairwise_distance(anchor, positive, p, eps);
  Tensor far = pairwise_distance(anchor, negative, p, eps);
  if (swap) far = minimum(pairwise_distance(positive, negative, p, eps), far);
  return reduce_loss(kOp, (near - far + margin).clamp(0), reduction);
}

namespace {

/// Scores [N, C] or [C] as rows of classes.
Tensor as_rows(const char* op, const Tensor& self) {
  if (self.dim() > 2 || (self.dim() > 0 && self.size(-1) == 0)) {
    fail("{}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: {}", op,
         self.sizes());
  }
  if (!self.is_floating_point()) {
    fail("{}: expected a floating-point input, got {}", op, self.dtype());
  }
  return self.dim() == 2 ? self : self.reshape({1, self.numel()});
}

void check_long(const char* op, const Tensor& target) {
  if (target.dtype() != kLong) {
    fail("{}: expected scalar type Long but found {}", op, target.dtype());
  }
}

}  // namespace

// Crammer and Singer 2001.
Tensor multi_margin_loss(const Tensor& self, const Tensor& target, const Scalar& p,
                         const Scalar& margin, const Tensor& weight, int64_t reduction) {
  constexpr const char* kOp = "multi_margin_loss";
  const double power = p.toDouble();
  if (power != 1 && power != 2) fail("{}: only p == 1 and p == 2 supported", kOp);
  const Tensor x = as_rows(kOp, self);
  const int64_t n = x.size(0), classes = x.size(1);
  if (target.dim() > 1 || target.numel() != n) {
    fail("{}: inconsistent target size, got: {}", kOp, target.sizes());
  }
  check_long(kOp, target);
  if (weight.defined() && weight.numel() != classes) {
    fail("{}: inconsistent weight size, got: {}", kOp, weight.sizes());
  }
  const Tensor index = target.reshape({n});
  if (n > 0 && (index.min().item<int64_t>() < 0 || index.max().item<int64_t>() >= classes)) {
    fail("{}: target out of range", kOp);
  }
  const Tensor column = index.unsqueeze(1);
  const Tensor excess = (x - x.gather(1, column) + margin).clamp(0);
  Tensor terms = power == 1 ? excess : excess.square();
  if (weight.defined())
    terms = terms * weight.reshape({classes}).index_select(0, index).unsqueeze(1);
  const Tensor own = arange(classes, index.options()).unsqueeze(0) == column;
  const Tensor loss = terms.masked_fill(own, 0).sum(1) / static_cast<double>(classes);
  return reduce_loss(kOp, self.dim() == 2 ? loss : loss.reshape(target.sizes()), reduction);
}

Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  constexpr const char* kOp = "multilabel_margin_loss";
  const Tensor x = as_rows(kOp, self);
  const int64_t n = x.size(0), classes = x.size(1);
  if (target.sizes() != self.sizes() &&
      !(self.dim() < 2 && target.dim() < 2 && target.numel() == self.numel())) {
    fail("{}: inconsistent size {} for argument #2 'target'", kOp, target.sizes());
  }
  check_long(kOp, target);
  // A row of targets ends at its first -1. `lists` counts how often a row has a class.
  const Tensor list = target.to(Device(kCPU)).contiguous();
  const int64_t* const labels = list.data_ptr<int64_t>();
  std::vector<double> lists(static_cast<size_t>(n * classes));
  for (int64_t i = 0; i < n * classes; ++i) {
    if (labels[i] < -1 || labels[i] >= classes) {
      fail("{}: argument #2 'target' is out of range", kOp);
    }
  }
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t k = row * classes; k < (row + 1) * classes && labels[k] >= 0; ++k) {
      lists[static_cast<size_t>(row * classes + labels[k])] += 1;
    }
  }
  const Tensor count =
      tensor(lists, TensorOptions(kDouble).device(Device(kCPU))).view({n, classes}).to(x.options());
  // Every label against every class that is none: [N, label, class].
  const Tensor excess = (1 - x.unsqueeze(2) + x.unsqueeze(1)).clamp(0);
  const Tensor pairs = count.unsqueeze(2) * (count == 0).to(x.dtype()).unsqueeze(1);
  const Tensor loss = (excess * pairs).sum({1, 2}) / static_cast<double>(classes);
  return reduce_loss(kOp, self.dim() == 2 ? loss : loss.reshape({}), reduction);
}

}  // namespace reel
