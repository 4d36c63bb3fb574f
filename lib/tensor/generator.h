#pragma once

#include <cstdint>

#include <reel/tensor/pointer.h>

namespace reel {

class Tensor;

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
  friend void retain(State* state);
  friend void release(State* state);
  State& state() const { return *state_; }

 private:
  IntrusivePtr<State> state_;
};

}  // namespace reel
