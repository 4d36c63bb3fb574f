#pragma once

#include <reel/tensor/generator.h>
#include <reel/tensor/tensor.h>

namespace reel {

/// The generator that is used when none is given.
Generator& default_generator();
/// Seeds it.
void manual_seed(uint64_t seed);

/// Uniform of [0, 1) and normal numbers, drawn in the order of the memory they fill.
Tensor rand(IntArrayRef size, const TensorOptions& options = {});
Tensor rand(IntArrayRef size, std::optional<Generator> generator,
            const TensorOptions& options = {});
Tensor randn(IntArrayRef size, const TensorOptions& options = {});
Tensor randn(IntArrayRef size, std::optional<Generator> generator,
             const TensorOptions& options = {});
/// Integers of [low, high), int64 unless options say otherwise.
Tensor randint(int64_t high, IntArrayRef size, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, IntArrayRef size, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, IntArrayRef size, std::optional<Generator> generator,
               const TensorOptions& options = {});
/// The integers of [0, n) in random order, int64 unless options say otherwise.
Tensor randperm(int64_t n, const TensorOptions& options = {});
Tensor randperm(int64_t n, std::optional<Generator> generator, const TensorOptions& options = {});
Tensor rand_like(const Tensor& self, const TensorOptions& options = {},
                 MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor randn_like(const Tensor& self, const TensorOptions& options = {},
                  MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor randint_like(const Tensor& self, int64_t high, const TensorOptions& options = {},
                    MemoryFormat memory_format = MemoryFormat::Preserve);
Tensor randint_like(const Tensor& self, int64_t low, int64_t high,
                    const TensorOptions& options = {},
                    MemoryFormat memory_format = MemoryFormat::Preserve);
/// 1 with probability p, else 0, for each element of p; of p's dtype.
Tensor bernoulli(const Tensor& p, std::optional<Generator> generator = {});

Tensor& alpha_dropout_(Tensor& self, double p, bool train);
Tensor bernoulli(const Tensor& self, double p, std::optional<Generator> generator = {});
Tensor bernoulli(const Tensor& self, const Tensor& p, std::optional<Generator> generator = {});
Tensor cauchy(const Tensor& self, double median = 0, double sigma = 1,
              std::optional<Generator> generator = {});
Tensor& dropout_(Tensor& self, double p, bool train);
Tensor exponential(const Tensor& self, double lambd = 1, std::optional<Generator> generator = {});
Tensor& feature_alpha_dropout_(Tensor& self, double p, bool train);
Tensor geometric(const Tensor& self, double p, std::optional<Generator> generator = {});
Tensor log_normal(const Tensor& self, double mean = 1, double std = 2,
                  std::optional<Generator> generator = {});
Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement = false,
                   std::optional<Generator> generator = {});
Tensor normal(const Tensor& mean, double std = 1, std::optional<Generator> generator = {});
Tensor normal(double mean, const Tensor& std, std::optional<Generator> generator = {});
Tensor normal(const Tensor& mean, const Tensor& std, std::optional<Generator> generator = {});
Tensor normal(double mean, double std, IntArrayRef size, std::optional<Generator> generator = {},
              const TensorOptions& options = {});
Tensor poisson(const Tensor& self, std::optional<Generator> generator = {});
Tensor randint(int64_t high, IntArrayRef size, std::optional<Generator> generator,
               const TensorOptions& options = kLong);
Tensor random(const Tensor& self, int64_t from, std::optional<int64_t> to,
              std::optional<Generator> generator = {});
Tensor random(const Tensor& self, int64_t to, std::optional<Generator> generator = {});
Tensor random(const Tensor& self, std::optional<Generator> generator = {});
Tensor& rrelu_(Tensor& self, const Scalar& lower = 0.125, const Scalar& upper = 0.3333333333333333,
               bool training = false, std::optional<Generator> generator = {});
Tensor uniform(const Tensor& self, double from = 0, double to = 1,
               std::optional<Generator> generator = {});
Tensor alpha_dropout(const Tensor& input, double p, bool train);
Tensor feature_alpha_dropout(const Tensor& input, double p, bool train);
Tensor rrelu(const Tensor& self, const Scalar& lower = 0.125,
             const Scalar& upper = 0.3333333333333333, bool training = false,
             std::optional<Generator> generator = {});

}  // namespace reel
