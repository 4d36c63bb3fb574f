#include <limits>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/op.h>

namespace reel {
namespace ops {
namespace {

/// y = x, but the gradient is multiplied by `factor`, input 1.
struct ScaleGradient {
  static constexpr const char* name = "scale_gradient";
  static constexpr Reads reads{in(1)};
  void infer(Infer& call) const { call.out_like(call.in(0)); }
  void compose(Compose& call) const { call.set(0, call.in(0).clone()); }
  void backward(Replay& call) const { call.set(0, call.grad() * call.in(1)); }
};

}  // namespace
}  // namespace ops

Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx,
                 bool scale_grad_by_freq, bool sparse) {
  if (weight.dim() != 2) fail("embedding: 'weight' must be 2-D, got {}", weight.sizes());
  if (indices.dtype() != kLong && indices.dtype() != kInt) {
    fail(
        "embedding: Expected tensor for argument #1 'indices' to have one of the following scalar "
        "types: Long, Int; but got CPU{}Type instead (while checking arguments for embedding)",
        indices.dtype());
  }
  if (sparse) fail("embedding: sparse gradients are not supported");
  const int64_t rows = weight.size(0);
  if (padding_idx != -1 && (padding_idx < -rows || padding_idx >= rows)) {
    fail("embedding: Padding_idx must be within num_embeddings: expected it in [{}, {}), got {}",
         -rows, rows, padding_idx);
  }
  const Tensor flat = indices.reshape({indices.numel()}).to(kLong);
  Tensor result = weight.index_select(0, flat);
  if (GradMode::is_enabled() && weight.requires_grad()) {
    Tensor factor;
    if (scale_grad_by_freq) {
      const Tensor ones = reel::ones({flat.numel()}, weight.options());
      const Tensor counts = zeros({rows}, weight.options()).index_add(0, flat, ones);
      factor = counts.index_select(0, flat).reciprocal();
    }
    if (padding_idx != -1) {
      const int64_t padding = padding_idx < 0 ? padding_idx + rows : padding_idx;
      const Tensor kept = flat.ne(padding).to(weight.dtype());
      factor = factor.defined() ? factor * kept : kept;
    }
    if (factor.defined()) result = ops::apply(ops::ScaleGradient{}, result, factor.unsqueeze(1));
  }
  Shape sizes = indices.sizes();
  sizes.push_back(weight.size(1));
  return result.view(sizes);
}

Tensor one_hot(const Tensor& self, int64_t num_classes) {
  if (self.dtype() != kLong) {
    fail("one_hot is only applicable to index tensor. (got {})", self.dtype());
  }
  if (self.numel() == 0 && num_classes <= 0) {
    fail("one_hot: Can not infer total number of classes from empty tensor.");
  }
  if (num_classes < -1 || num_classes == 0) {
    fail("one_hot: num_classes should be positive, got {}", num_classes);
  }
  if (self.numel() > 0) {
    if (self.min().item<int64_t>() < 0) fail("one_hot: Class values must be non-negative.");
    const int64_t largest = self.max().item<int64_t>();
    if (num_classes == -1 && largest < std::numeric_limits<int64_t>::max()) {
      num_classes = largest + 1;
    }
    if (largest >= num_classes) {
      fail("one_hot: Class values must be smaller than num_classes. (got {} and {})", largest,
           num_classes);
    }
  }
  Shape sizes = self.sizes();
  sizes.push_back(num_classes);
  return zeros(sizes, self.options()).scatter(-1, self.unsqueeze(-1), 1);
}

}  // namespace reel
