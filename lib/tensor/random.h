#pragma once

#include <memory>

#include <reel/tensor/tensor.h>

namespace reel {

/// A stream of random numbers: PyTorch's CPU generator (mt19937), so that a seed gives its numbers.
/// Copies share the stream.
class Generator {
 public:
  explicit Generator(uint64_t seed = 67280421310721u);
  void set_current_seed(uint64_t seed);
  uint64_t current_seed() const;
  uint32_t random();
  uint64_t random64();
  /// The whole state for a checkpoint, a Byte tensor; set_state throws if it is not one.
  Tensor get_state() const;
  void set_state(const Tensor& state);

  struct State;
  State& state() const { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

/// The generator that is used when none is given.
Generator& default_generator();
/// Seeds it.
void manual_seed(uint64_t seed);

/// Uniform of [0, 1) and normal numbers, drawn in the order of the memory they fill.
Tensor rand(IntArrayRef size, const TensorOptions& options = {});
Tensor rand(IntArrayRef size, Generator generator, const TensorOptions& options = {});
Tensor randn(IntArrayRef size, const TensorOptions& options = {});
Tensor randn(IntArrayRef size, Generator generator, const TensorOptions& options = {});
/// Integers of [low, high), int64 unless options say otherwise.
Tensor randint(int64_t high, IntArrayRef size, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, IntArrayRef size, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, IntArrayRef size, Generator generator,
               const TensorOptions& options = {});
/// The integers of [0, n) in random order, int64 unless options say otherwise.
Tensor randperm(int64_t n, const TensorOptions& options = {});
Tensor randperm(int64_t n, Generator generator, const TensorOptions& options = {});
Tensor rand_like(const Tensor& self, const TensorOptions& options = {});
Tensor randn_like(const Tensor& self, const TensorOptions& options = {});
Tensor randint_like(const Tensor& self, int64_t high, const TensorOptions& options = {});
Tensor randint_like(const Tensor& self, int64_t low, int64_t high,
                    const TensorOptions& options = {});
/// 1 with probability p, else 0, for each element of p; of p's dtype.
Tensor bernoulli(const Tensor& p);

}  // namespace reel
