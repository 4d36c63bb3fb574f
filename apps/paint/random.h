#pragma once

#include <cstdint>

// Random numbers and noise of integer arithmetic and of float operations that IEEE 754 rounds once,
// so that a seed gives the same painting on every machine. std:: distributions do not promise that,
// nor does C++ say which operand of a sum or argument of a call comes first; statements and braces
// have an order.

namespace paint {

/// A well mixed hash of 64 bits: the output function of splitmix64 (Steele, Lea and Flood 2014).
constexpr uint64_t hash(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The upper 24 bits of a hash as a float of [0, 1).
constexpr float to_unit(uint64_t bits) { return static_cast<float>(bits >> 40) * 0x1p-24f; }

/// A stream of random numbers.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(hash(seed)) {}

  uint64_t bits() { return hash(state_++); }
  /// Uniform of [0, 1).
  float uniform() { return to_unit(bits()); }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Bell-shaped of [-1, 1): from the mean of three uniform numbers.
  float bell() {
    float sum = 0;
    for (int i = 0; i < 3; ++i) sum += uniform();
    return sum * (2.0f / 3) - 1;
  }
  /// A whole number of [0, end).
  int64_t below(int64_t end) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(end)); }
  bool chance(float probability) { return uniform() < probability; }

 private:
  uint64_t state_;
};

/// Smooth noise over the plane, about -1..1, whose waves are about two units long: Perlin's
/// gradient noise (2002) with hashed gradients.
class Noise {
 public:
  explicit Noise(uint64_t seed) : seed_(hash(seed)) {}

  float at(float x, float y) const;
  /// Sum of octaves, each of half the size and height of the one before.
  float octaves(float x, float y, int count) const;

 private:
  uint64_t seed_;
};

}  // namespace paint
