#pragma once

// Internal: the engine behind Generator.

#include <array>
#include <mutex>
#include <optional>

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
    const uint64_t high = random();
    return high << 32 | random();
  }
  /// Of [0, 1): 24 random bits for float, 53 for double, as many as a 16-bit type's mantissa holds.
  template <class T>
  T uniform();
  /// The next n results of random().
  void random_words(uint32_t* out, int64_t n);
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

template <>
inline float Generator::State::uniform<float>() {
  return static_cast<float>(random() & 0xffffffu) * 0x1p-24f;
}
template <>
inline double Generator::State::uniform<double>() {
  return static_cast<double>(random64() & 0x1fffffffffffffu) * 0x1p-53;
}
template <>
inline Half Generator::State::uniform<Half>() {
  return static_cast<float>(random() & 0x7ffu) * 0x1p-11f;
}
template <>
inline BFloat16 Generator::State::uniform<BFloat16>() {
  return static_cast<float>(random() & 0xffu) * 0x1p-8f;
}

}  // namespace reel
