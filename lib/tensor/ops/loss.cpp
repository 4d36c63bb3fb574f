#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/loss.h>
#include <reel/tensor/ops/op.h>

namespace reel {
namespace ops {
namespace {

/// -(t log x + (1 - t) log(1 - x)) for x in [0, 1]. The logarithms end at -100 and the gradient's
/// denominator at 1e-12 (of float), as in PyTorch, so that 0 and 1 give finite numbers; composed of
/// clamp and log the gradient there would be NaN.
struct BinaryCrossEntropy {
  static constexpr const char* name = "binary_cross_entropy";
  static constexpr Reads reads{in(0) | in(1), in(0)};

  static Tensor log_of(const Tensor& x) { return x.log().clamp(-100); }

  void infer(Infer& call) const { call.out_like(call.in(0)); }
  void compose(Compose& call) const {
    const Tensor& x = call.in(0);
    const Tensor& t = call.in(1);
    call.set(0, (t - 1) * log_of(1 - x) - t * log_of(x));
  }
  void backward(Replay& call) const {
    const Tensor g = call.grad();
    const Tensor x = call.in(0);
    if (call.needs(0)) call.set(0, g * (x - call.in(1)) / (x * (1 - x)).clamp(1e-12F));
    if (call.needs(1)) call.set(1, g * (log_of(1 - x) - log_of(x)));
  }
};

}  // namespace

Tensor reduce_loss(const char* op, const Tensor& loss, int64_t reduction) {
  switch (reduction) {
    case Reduction::None:
      return loss;
    case Reduction::Mean:
      return loss.mean();
    case Reduction::Sum:
      return loss.sum();
    default:
      fail("{}: expected a reduction of None, Mean or Sum, got {}", op, reduction);
  }
}

}  // namespace ops

namespace {

using ops::reduce_loss;

void check_class_weight(const char* op, const Tensor& weight, int64_t classes) {
  if (weight.defined() && (weight.dim() != 1 || weight.numel() != classes)) {
    fail(
        "{}: weight tensor should be defined either for all {} classes or no classes but got "
        "weight tensor of shape: {}",
        op, classes, weight.sizes());
  }
}

int64_t class_dim(const Tensor& input) { return input.dim() == 1 ? 0 : 1; }

/// The classes' weights in the place of the input's classes.
Tensor along_classes(const Tensor& weight, const Tensor& input) {
  Shape sizes(static_cast<size_t>(input.dim()), 1);
  sizes[static_cast<size_t>(class_dim(input))] = weight.numel();
  return weight.view(sizes);
}

/// Of each position, whether its class counts, the class (0 where it does not count) and its
/// weight (0 where it does not count).
struct Classes {
  Tensor counts;
  Tensor index;
  Tensor weight;
};

Classes classes_of(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                   int64_t ignore_index, int64_t classes) {
  Classes result;
  result.counts = target.ne(ignore_index);
  result.index = target.masked_fill(target.eq(ignore_index), 0);
  if (result.index.numel() > 0) {
    const int64_t low = result.index.min().item<int64_t>();
    const int64_t high = result.index.max().item<int64_t>();
    if (low < 0 || high >= classes) {
      fail_index("{}: Target {} is out of bounds. There are {} classes.", op, low < 0 ? low : high,
                 classes);
    }
  }
  result.weight = result.counts.to(input.dtype());
  if (weight.defined()) {
    const Tensor flat = result.index.reshape({result.index.numel()});
    result.weight = weight.index_select(0, flat).reshape(result.index.sizes()) * result.weight;
  }
  return result;
}

/// The sum over what counts, over its total weight if the mean is asked for.
Tensor weighted(const char* op, const Tensor& loss, const Tensor& weight, int64_t reduction) {
  if (reduction == Reduction::Mean) return loss.sum() / weight.sum();
  return reduce_loss(op, loss, reduction);
}

/// The checks of class indices; returns the number of classes. PyTorch's words for rows of another
/// number depend on the op.
int64_t check_class_indices(const char* op, const Tensor& input, const Tensor& target,
                            const Tensor& weight, bool rows_alone = false) {
  if (input.dim() == 0 || !input.is_floating_point()) {
    fail("{}: expected a floating-point input [N, C], [C] or [N, C, d1, ...], got {} {}", op,
         input.dtype(), input.sizes());
  }
  if (target.dtype() != kLong && target.dtype() != kByte) {
    fail("{}: expected scalar type Long but found {} (target)", op, target.dtype());
  }
  const int64_t classes = input.size(class_dim(input));
  if (input.dim() <= 2 && target.dim() > 1) {
    fail("{}: 0D or 1D target tensor expected, multi-target not supported, got target {}", op,
         target.sizes());
  }
  if (input.dim() >= 2 && !(input.dim() == 2 && rows_alone) &&
      (target.dim() == 0 || target.size(0) != input.size(0))) {
    fail("{}: Expected input batch_size ({}) to match target batch_size ({}).", op, input.size(0),
         target.dim() == 0 ? 0 : target.size(0));
  }
  Shape expected = input.sizes();
  expected.erase(static_cast<size_t>(class_dim(input)));
  const bool one_of_one = input.dim() == 1 && target.numel() == 1;
  if (target.sizes() != IntArrayRef(expected) && !one_of_one) {
    if (input.dim() > 2) {
      fail("{}: Expected target size {}, got {}", op, IntArrayRef(expected), target.sizes());
    }
    fail("{}: size mismatch (got input: {}, target: {})", op, input.sizes(), target.sizes());
  }
  check_class_weight(op, weight, classes);
  return classes;
}

Tensor nll(const char* op, const Tensor& input, const Tensor& target, const Classes& classes,
           int64_t reduction) {
  const int64_t dim = class_dim(input);
  const Tensor index = target.dim() == input.dim() ? classes.index : classes.index.unsqueeze(dim);
  const Tensor picked = input.gather(dim, index).reshape(target.sizes());
  // What does not count is replaced, not multiplied by 0, which would keep its NaN.
  const Tensor loss = where(classes.counts, -picked * classes.weight, 0);
  return weighted(op, loss, classes.weight, reduction);
}

Tensor smooth_cross_entropy(const Tensor& logs, const Tensor& target, const Tensor& weight,
                            int64_t reduction, int64_t ignore_index, double smoothing) {
  constexpr const char* kOp = "cross_entropy_loss";
  const int64_t count = check_class_indices(kOp, logs, target, weight);
  const Classes classes = classes_of(kOp, logs, target, weight, ignore_index, count);
  Tensor hard = nll(kOp, logs, target, classes, reduction);
  if (smoothing == 0) return hard;
  const Tensor all = weight.defined() ? logs * along_classes(weight, logs) : logs;
  const Tensor spread = where(classes.counts, -all.sum(class_dim(logs)).reshape(target.sizes()), 0);
  return hard * (1 - smoothing) + weighted(kOp, spread, classes.weight, reduction) *
                                      (smoothing / static_cast<double>(count));
}

/// Targets are probabilities of the classes.
Tensor soft_cross_entropy(const Tensor& logs, const Tensor& target, const Tensor& weight,
                          int64_t reduction, double smoothing) {
  constexpr const char* kOp = "cross_entropy_loss";
  const int64_t count = logs.size(class_dim(logs));
  check_class_weight(kOp, weight, count);
  Tensor p = target;
  if (smoothing > 0) p = p * (1 - smoothing) + smoothing / static_cast<double>(count);
  if (weight.defined()) p = p * along_classes(weight, logs);
  return reduce_loss(kOp, -(logs * p).sum(class_dim(logs)), reduction);
}

void check_same_size(const char* op, const Tensor& input, const Tensor& target) {
  if (input.sizes() != target.sizes()) {
    fail(
        "{}: Using a target size ({}) that is different to the input size ({}). Please ensure "
        "they have the same size.",
        op, target.sizes(), input.sizes());
  }
}

}  // namespace

Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduce_loss("mse_loss", (self - target).square(), reduction);
}

Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduce_loss("l1_loss", (self - target).abs(), reduction);
}

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                int64_t ignore_index) {
  constexpr const char* kOp = "nll_loss";
  const int64_t count = check_class_indices(kOp, self, target, weight, /*rows_alone=*/true);
  const Classes classes = classes_of(kOp, self, target.to(kLong), weight, ignore_index, count);
  return nll(kOp, self, target, classes, reduction);
}

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight,
                          int64_t reduction, int64_t ignore_index, double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    fail("cross_entropy_loss: label_smoothing must be between 0.0 and 1.0. Got: {}",
         label_smoothing);
  }
  if (self.dim() == 0) {
    fail("cross_entropy_loss: expected an input [N, C], [C] or [N, C, d1, ...], got {}",
         self.sizes());
  }
  const Tensor logs = log_softmax(self, class_dim(self));
  if (self.sizes() != target.sizes()) {
    return smooth_cross_entropy(logs, target.dtype() == kByte ? target.to(kLong) : target, weight,
                                reduction, ignore_index, label_smoothing);
  }
  if (!target.is_floating_point()) {
    fail(
        "cross_entropy_loss: Expected floating point type for target with class probabilities, "
        "got {}",
        target.dtype());
  }
  if (ignore_index >= 0) {
    fail("cross_entropy_loss: ignore_index is not supported for floating point target");
  }
  return soft_cross_entropy(logs, target, weight, reduction, label_smoothing);
}

Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                            int64_t reduction) {
  constexpr const char* kOp = "binary_cross_entropy";
  check_same_size(kOp, self, target);
  if (self.dtype() != target.dtype() || !self.is_floating_point()) {
    fail("{}: Found dtype {} but expected {}", kOp, target.dtype(), self.dtype());
  }
  const Tensor inside = logical_and(self.detach() >= 0, self.detach() <= 1);
  if (!inside.all().item<bool>()) {
    fail("{}: all elements of input should be between 0 and 1", kOp);
  }
  const Tensor loss = ops::apply(ops::BinaryCrossEntropy{}, self, target);
  return reduce_loss(kOp, weight.defined() ? loss * weight : loss, reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target,
                                        const Tensor& weight, const Tensor& pos_weight,
                                        int64_t reduction) {
  constexpr const char* kOp = "binary_cross_entropy_with_logits";
  check_same_size(kOp, self, target);
  // softplus(-x) = log(1 + exp(-x)) does not overflow; beyond 40 it is -x to the last bit.
  Tensor tail = softplus(-self, 1, 40);
  if (pos_weight.defined()) tail = tail * ((pos_weight - 1) * target + 1);
  const Tensor loss = (1 - target) * self + tail;
  return reduce_loss(kOp, weight.defined() ? loss * weight : loss, reduction);
}

}  // namespace reel
