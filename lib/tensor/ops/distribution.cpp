// Random numbers of other distributions than the uniform and the normal one.

#include <cmath>
#include <numbers>

#include <reel/tensor/ops/random_fill.h>
#include <reel/tensor/random.h>

// PyTorch 1.13's CPU algorithms: one or more uniform doubles of [0, 1) for each element, in the
// order of memory, the result computed in double and then rounded.

namespace reel {

using namespace ops;

namespace {

/// Writes draw(engine) into every element of a floating-point tensor.
template <class Draw>
Tensor& fill_real(const char* op, Tensor& self, const std::optional<Generator>& generator,
                  const Draw& draw) {
  check_real(op, self);
  return fill_in_place(op, self, [&](const Tensor& values) {
    Engine& engine = engine_of(generator);
    const std::lock_guard lock(engine.mutex);
    visit_real(values.dtype(), [&]<class T>() {
      fill_serially<T>(values, [&] { return from_double<T>(draw(engine)); });
    });
  });
}

/// Hoermann 1993 (transformed rejection) from 10 on, below by multiplying uniform numbers
/// (Knuth, The Art of Computer Programming, volume 2, 3.4.1).
int64_t draw_poisson(double lambda, Engine& engine) {
  if (lambda >= 10) {
    const double slope = std::sqrt(lambda);
    const double log_lambda = std::log(lambda);
    const double b = 0.931 + 2.53 * slope;
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const double u = engine.uniform<double>() - 0.5;
      const double v = engine.uniform<double>();
      const double us = 0.5 - std::fabs(u);
      const double k = std::floor((2 * a / us + b) * u + lambda + 0.43);
      if (us >= 0.07 && v <= v_r) return static_cast<int64_t>(k);
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
          -lambda + k * log_lambda - std::lgamma(k + 1)) {
        return static_cast<int64_t>(k);
      }
    }
  }
  if (lambda == 0) return 0;
  const double limit = std::exp(-lambda);
  int64_t count = 0;
  for (double product = engine.uniform<double>(); product > limit;
       product *= engine.uniform<double>()) {
    ++count;
  }
  return count;
}

}  // namespace

Tensor& Tensor::exponential_(double lambd, std::optional<Generator> generator) {
  if (!(lambd >= 0)) fail("exponential_ expects lambda >= 0.0, but found lambda={}", lambd);
  return fill_real("exponential_", *this, generator, [&](Engine& engine) {
    return -1.0 / lambd * std::log(1.0 - engine.uniform<double>());
  });
}

Tensor& Tensor::cauchy_(double median, double sigma, std::optional<Generator> generator) {
  if (!(sigma > 0)) fail("cauchy_ expects sigma > 0.0, but found sigma={}", sigma);
  return fill_real("cauchy_", *this, generator, [&](Engine& engine) {
    return median + sigma * std::tan(std::numbers::pi * (engine.uniform<double>() - 0.5));
  });
}

Tensor& Tensor::log_normal_(double mean, double std, std::optional<Generator> generator) {
  if (!(std > 0)) fail("log_normal_ expects std > 0.0, but found std={}", std);
  return fill_real("log_normal_", *this, generator,
                   [&](Engine& engine) { return std::exp(engine.normal() * std + mean); });
}

Tensor& Tensor::geometric_(double p, std::optional<Generator> generator) {
  if (!(p > 0 && p < 1)) fail("geometric_ expects p to be in (0, 1), but got p={}", p);
  return fill_in_place("geometric_", *this, [&](const Tensor& values) {
    Engine& engine = engine_of(generator);
    const std::lock_guard lock(engine.mutex);
    visit_number("geometric_", values.dtype(), [&]<class T>() {
      fill_serially<T>(values, [&] {
        return from_double<T>(std::ceil(std::log(engine.uniform<double>()) / std::log(1.0 - p)));
      });
    });
  });
}

Tensor poisson(const Tensor& self, std::optional<Generator> generator) {
  check_real("poisson", self);
  const Tensor rates = self.detach().cpu().contiguous();
  const Tensor result = empty_like(rates);
  Engine& engine = engine_of(generator);
  visit_real(rates.dtype(), [&]<class T>() {
    const T* rate = static_cast<const T*>(rates.data_ptr());
    const std::lock_guard lock(engine.mutex);
    fill_serially<T>(result, [&] {
      const auto lambda = static_cast<double>(*rate++);
      if (!(lambda >= 0 && lambda < 0x1p62))
        fail("poisson: invalid Poisson rate, expected rate to be non-negative");
      return from_double<T>(static_cast<double>(draw_poisson(lambda, engine)));
    });
  });
  return result.to(self.device());
}

namespace {

/// For each row of weights, `count` columns drawn with replacement: a uniform number is looked up
/// in the cumulative distribution.
Tensor draw_with_replacement(const Tensor& weights, int64_t count, Engine& engine) {
  const int64_t rows = weights.size(0);
  const int64_t columns = weights.size(1);
  const Tensor result = empty({rows, count}, kLong);
  auto* drawn = result.data_ptr<int64_t>();
  visit_real(weights.dtype(), [&]<class T>() {
    using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* row = static_cast<const T*>(weights.data_ptr());
    std::vector<Sum> cumulative(static_cast<size_t>(columns));
    const std::lock_guard lock(engine.mutex);
    for (int64_t i = 0; i < rows; ++i, row += columns, drawn += count) {
      Sum sum = 0;
      for (int64_t j = 0; j < columns; ++j) {
        sum = static_cast<T>(sum + static_cast<Sum>(row[j]));
        cumulative[static_cast<size_t>(j)] = sum;
      }
      for (Sum& c : cumulative) c = static_cast<T>(c / sum);
      cumulative.back() = 1;
      for (int64_t k = 0; k < count; ++k) {
        const double u = engine.uniform<double>();
        const auto at = std::partition_point(cumulative.begin(), cumulative.end(),
                                             [&](Sum c) { return static_cast<double>(c) < u; });
        drawn[k] = std::min<int64_t>(at - cumulative.begin(), columns - 1);
      }
    }
  });
  return result;
}

}  // namespace

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement,
                   std::optional<Generator> generator) {
  if (!self.is_floating_point()) {
    fail("multinomial only supports floating-point dtypes for input, got: {}", self.dtype());
  }
  if (num_samples <= 0) fail("multinomial: cannot sample n_sample <= 0 samples");
  if (self.dim() < 1 || self.dim() > 2) {
    fail("multinomial: prob_dist must be 1 or 2 dim, got {}", self.sizes());
  }
  const int64_t categories = self.size(-1);
  if (!replacement && num_samples > categories) {
    fail("multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  }
  if (categories > int64_t{1} << 24) {
    fail("multinomial: number of categories cannot exceed 2^24, got {}", categories);
  }
  const Tensor chances = self.detach();
  const bool valid =
      chances.numel() == 0 ||
      (chances.ge(0).logical_and(chances.lt(std::numeric_limits<double>::infinity())))
          .all()
          .item<bool>();
  if (!valid) {
    fail("multinomial: probability tensor contains either `inf`, `nan` or element < 0");
  }
  if (categories > 0 && chances.sum(-1).eq(0).any().item<bool>()) {
    fail("multinomial: invalid multinomial distribution (sum of probabilities <= 0)");
  }
  if (chances.numel() == 0) {
    return empty(self.dim() == 1 ? Shape{num_samples} : Shape{self.size(0), num_samples},
                 self.options().dtype(kLong));
  }
  // A category wins with its probability where each chance is divided by an exponential number, and
  // the largest are a sample without replacement (Efraimidis and Spirakis 2006).
  if (!replacement) {
    const Tensor q = empty_like(chances).exponential_(1, std::move(generator));
    const Tensor keys = chances / q;
    if (num_samples == 1) return keys.argmax(-1, true);
    return std::get<1>(keys.topk(num_samples));
  }
  const Tensor rows = chances.dim() == 1 ? chances.unsqueeze(0) : chances;
  const Tensor drawn =
      draw_with_replacement(rows.cpu().contiguous(), num_samples, engine_of(generator));
  return (self.dim() == 1 ? drawn.squeeze(0) : drawn).to(self.device());
}

Tensor normal(const Tensor& mean, double std, std::optional<Generator> generator) {
  return empty_like(mean, {}, MemoryFormat::Contiguous)
      .normal_(0, std, std::move(generator))
      .add_(mean);
}

namespace {

void check_deviations(const Tensor& std) {
  if (std.is_complex()) fail("normal expects standard deviation to be non-complex");
  if (std.numel() > 0 && std.lt(0).any().item<bool>()) {
    fail("normal expects all elements of std >= 0.0");
  }
}

}  // namespace

Tensor normal(double mean, const Tensor& std, std::optional<Generator> generator) {
  check_deviations(std);
  return empty_like(std, {}, MemoryFormat::Contiguous)
      .normal_(0, 1, std::move(generator))
      .mul_(std)
      .add_(mean);
}

Tensor normal(const Tensor& mean, const Tensor& std, std::optional<Generator> generator) {
  check_deviations(std);
  const Shape sizes = broadcast_sizes(mean.sizes(), std.sizes());
  return empty(sizes, mean.options().requires_grad(false))
      .normal_(0, 1, std::move(generator))
      .mul_(std)
      .add_(mean);
}

Tensor normal(double mean, double std, IntArrayRef size, std::optional<Generator> generator,
              const TensorOptions& options) {
  Tensor result =
      empty(size, options.requires_grad(false)).normal_(mean, std, std::move(generator));
  if (options.requires_grad()) result.requires_grad_();
  return result;
}

// The functions that leave their tensor as it is.
Tensor exponential(const Tensor& self, double lambd, std::optional<Generator> generator) {
  return empty_like(self).exponential_(lambd, std::move(generator));
}
Tensor cauchy(const Tensor& self, double median, double sigma, std::optional<Generator> generator) {
  return empty_like(self).cauchy_(median, sigma, std::move(generator));
}
Tensor log_normal(const Tensor& self, double mean, double std, std::optional<Generator> generator) {
  return empty_like(self).log_normal_(mean, std, std::move(generator));
}
Tensor geometric(const Tensor& self, double p, std::optional<Generator> generator) {
  return empty_like(self).geometric_(p, std::move(generator));
}
Tensor random(const Tensor& self, int64_t from, std::optional<int64_t> to,
              std::optional<Generator> generator) {
  return empty_like(self).random_(from, to, std::move(generator));
}
Tensor random(const Tensor& self, int64_t to, std::optional<Generator> generator) {
  return empty_like(self).random_(to, std::move(generator));
}
Tensor random(const Tensor& self, std::optional<Generator> generator) {
  return empty_like(self).random_(std::move(generator));
}
Tensor uniform(const Tensor& self, double from, double to, std::optional<Generator> generator) {
  return empty_like(self).uniform_(from, to, std::move(generator));
}

}  // namespace reel
