#include <cmath>

#include <reel/tensor/ops/random_fill.h>
#include <reel/tensor/random.h>

namespace reel {

using namespace ops;

namespace {

/// What is dropped draws its numbers as PyTorch does, so that a seed drops the same elements.
void check_probability(double p) {
  if (!(p >= 0 && p <= 1)) {
    fail("dropout probability has to be between 0 and 1, but got {}", p);
  }
}

/// Klambauer et al. 2017: what is dropped becomes the value that selu has far to the left, and the
/// result is scaled and shifted so that mean and variance stay.
Tensor alpha_dropped(const Tensor& input, Tensor noise, double p) {
  constexpr double kAlpha = 1.7580993408473766;
  noise.bernoulli_(1 - p);
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  const Tensor b = noise.add(-1).mul_(kAlpha * a).add_(kAlpha * a * p);
  noise.mul_(a);
  return input * noise + b;
}

bool keeps_all(const Tensor& input, double p, bool train) {
  return p == 0 || !train || input.numel() == 0;
}

Tensor dropped_all(const Tensor& input) { return input * zeros({}, input.options()); }

}  // namespace

// Srivastava et al. 2014; what is kept is divided by its share.
Tensor dropout(const Tensor& input, double p, bool train) {
  check_probability(p);
  if (keeps_all(input, p, train)) return input;
  if (p == 1) return dropped_all(input);
  // Drawn in the order of indices, whatever the order in memory.
  Tensor noise = empty_like(input, {}, MemoryFormat::Contiguous);
  check_real("dropout", noise);
  return input * fill_bernoulli(noise, 1 - p, 1 - p, default_generator().state());
}

Tensor alpha_dropout(const Tensor& input, double p, bool train) {
  check_probability(p);
  if (keeps_all(input, p, train)) return input;
  if (p == 1) return dropped_all(input);
  return alpha_dropped(input, empty_like(input, {}, MemoryFormat::Contiguous), p);
}

Tensor feature_alpha_dropout(const Tensor& input, double p, bool train) {
  check_probability(p);
  if (keeps_all(input, p, train)) return input;
  if (p == 1) return dropped_all(input);
  if (input.dim() < 2)
    fail("feature_alpha_dropout: Feature dropout requires at least 2 dimensions in the input");
  Shape sizes(input.sizes().size(), 1);
  sizes[0] = input.size(0);
  sizes[1] = input.size(1);
  return alpha_dropped(input, empty(sizes, input.options().requires_grad(false)), p);
}

// Xu et al. 2015: the slope of negative values is random while training, then the middle.
Tensor rrelu(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
             std::optional<Generator> generator) {
  const double low = lower.toDouble();
  const double high = upper.toDouble();
  if (!training) return leaky_relu(self, (low + high) / 2);
  if (!(low <= high)) {
    fail("rrelu: Lower bound should be less than or equal to the upper bound, got {} and {}", low,
         high);
  }
  check_real("rrelu", self);
  const Tensor x = self.detach().cpu().contiguous();
  const Tensor slopes = empty_like(x);
  Engine& engine = engine_of(generator);
  visit_real(x.dtype(), [&]<class T>() {
    const T* value = static_cast<const T*>(x.data_ptr());
    const std::lock_guard lock(engine.mutex);
    fill_serially<T>(slopes, [&] {
      if (static_cast<double>(*value++) > 0) return from_double<T>(1);
      return from_double<T>(engine.uniform<double>() * (high - low) + low);
    });
  });
  return self * slopes.to(self.device());
}

}  // namespace reel
