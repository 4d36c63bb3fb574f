#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {

// Srivastava et al. 2014; what is kept is divided by its share. Drawn as PyTorch draws it, so that
// a seed drops the same elements.
Tensor dropout(const Tensor& input, double p, bool train) {
  if (!(p >= 0 && p <= 1)) {
    fail("dropout probability has to be between 0 and 1, but got {}", p);
  }
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return input * zeros({}, input.options());
  Tensor noise = empty_like(input).bernoulli_(1 - p);
  return input * noise.div_(1 - p);
}

}  // namespace reel
