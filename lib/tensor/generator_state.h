#pragma once

// Internal: the engine behind Generator.

#include <array>
#include <mutex>
#include <optional>
#include <type_traits>

#include <reel/tensor/half.h>
#include <reel/tensor/random.h>

namespace reel {

/// Mersenne Twister 19937 (Matsumoto and Nishimura 1998) as PyTorch keeps it. The mutex is held by
/// whoever draws; one fill of a tensor is one stretch of the stream.
struct Generator::State {
  static constexpr uint32_t kSize = 624;
  static constexpr uint32_t kShift = 397;

  explicit State(uint64_t seed) { reset(seed); }
  void reset(uint64_t seed);
  uint32_t random() {
    if (--left == 0) twist();
    return tempered[next++];
  }
  uint64_t random64() {
    const uint32_t high = random();
    return joined(high, random());
  }
  static uint64_t joined(uint32_t high, uint32_t low) { return uint64_t{high} << 32 | low; }
  /// What a number of [0, 1) of type T is made of, and the number: 24 random bits for float, 53 for
  /// double, as many as a 16-bit type's mantissa holds.
  template <class T>
  using Bits = std::conditional_t<std::is_same_v<T, double>, uint64_t, uint32_t>;
  template <class T>
  static T uniform_of(uint32_t word);
  template <class T>
  static T uniform_of(uint32_t high, uint32_t low);
  template <class T>
  T uniform() {
    const uint32_t word = random();
    if constexpr (sizeof(Bits<T>) == sizeof word) {
      return uniform_of<T>(word);
    } else {
      return uniform_of<T>(word, random());
    }
  }
  /// The next n results of random().
  void random_words(uint32_t* out, int64_t n);
  /// The next n results of uniform<float>() * range + from, rounded once.
  void uniform(float* out, int64_t n, float range = 1, float from = 0);
  /// For each of the next n results of uniform<double>(), `value` where it is less than p, else 0.
  void uniform_below(double p, uint32_t value, uint32_t* out, int64_t n);
  /// What the words become when they are drawn, made for all at once. To be called by who sets
  /// them.
  void temper();
  /// Box and Muller 1958: every second number is the sine that belonged to the one before.
  double normal();

  Counter references = 1;
  std::mutex mutex;
  uint64_t seed = 0;
  std::array<uint32_t, kSize> words{};
  std::array<uint32_t, kSize> tempered{};
  uint32_t left = 1;
  uint32_t next = 0;
  std::optional<double> next_normal;

 private:
  void twist();
};

// Integers with a sign, which the CPU turns into floating-point numbers by vectors.
template <>
inline float Generator::State::uniform_of<float>(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits & 0xffffffu)) * 0x1p-24f;
}
template <>
inline double Generator::State::uniform_of<double>(uint32_t high, uint32_t low) {
  return static_cast<double>(static_cast<int64_t>(joined(high & 0x1fffffu, low))) * 0x1p-53;
}
template <>
inline Half Generator::State::uniform_of<Half>(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits & 0x7ffu)) * 0x1p-11f;
}
template <>
inline BFloat16 Generator::State::uniform_of<BFloat16>(uint32_t bits) {
  return static_cast<float>(static_cast<int32_t>(bits & 0xffu)) * 0x1p-8f;
}

}  // namespace reel
