#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include <reel/tensor/check.h>
#include <reel/tensor/generator_state.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

// What torch.get_rng_state() returns, byte for byte.
struct PyTorchState {
  uint64_t seed = 0;
  int32_t left = 1;
  int32_t seeded = 1;
  uint64_t next = 0;
  std::array<uint64_t, Generator::State::kSize> words{};
  double normal_x = 0;
  double normal_y = 0;  // the cached double
  double normal_rho = 0;
  int32_t normal_is_valid = 0;
  int32_t padding = 0;
  float next_float = 0;
  int32_t next_float_is_valid = 0;
};
static_assert(sizeof(PyTorchState) == 5056);

constexpr uint32_t kSize = Generator::State::kSize, kShift = Generator::State::kShift;
constexpr int64_t kBlock = 512;  // numbers that are made at a time

// Loops that the compiler makes vectors of, inlined into a version for each width of registers.
#define REEL_ALWAYS_INLINE [[gnu::always_inline]] inline

REEL_ALWAYS_INLINE void temper_words(const uint32_t* words, uint32_t* tempered) {
  for (uint32_t i = 0; i < kSize; ++i) {
    uint32_t y = words[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    y ^= y >> 18;
    tempered[i] = y;
  }
}

/// What follows from two neighbours u and v.
REEL_ALWAYS_INLINE uint32_t mixed(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ ((0u - (v & 1u)) & 0x9908b0dfu);
}

REEL_ALWAYS_INLINE void next_words(uint32_t* words, uint32_t* tempered) {
  constexpr uint32_t kWrap = kSize - kShift;
  for (uint32_t i = 0; i < kWrap; ++i) words[i] = words[i + kShift] ^ mixed(words[i], words[i + 1]);
  for (uint32_t i = kWrap; i + 1 < kSize; ++i) {
    words[i] = words[i - kWrap] ^ mixed(words[i], words[i + 1]);
  }
  words[kSize - 1] = words[kShift - 1] ^ mixed(words[kSize - 1], words[0]);
  temper_words(words, tempered);
}

/// Numbers of [from, from + range), rounded once; of [0, 1) without the multiply-add, which is a
/// function's call where the CPU has none.
REEL_ALWAYS_INLINE void scale(const uint32_t* words, int64_t n, float range, float from,
                              float* out) {
  const auto uniform = [](uint32_t word) { return Generator::State::uniform_of<float>(word); };
  if (range == 1 && from == 0) {
    for (int64_t i = 0; i < n; ++i) out[i] = uniform(words[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = __builtin_fmaf(uniform(words[i]), range, from);
  }
}

/// For each of n pairs of words, the upper one first: `value` where their last 53 bits are less
/// than `limit`, else 0.
REEL_ALWAYS_INLINE void compare(const uint32_t* pairs, int64_t n, uint64_t limit, uint32_t value,
                                uint32_t* out) {
  const auto upper_limit = static_cast<uint32_t>(limit >> 32);
  const auto lower_limit = static_cast<uint32_t>(limit);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t upper = pairs[2 * i] & 0x1fffffu, lower = pairs[2 * i + 1];
    const uint32_t less = upper < upper_limit ? 1 : 0, same = upper == upper_limit ? 1 : 0;
    out[i] = value & (0u - (less | (same & (lower < lower_limit ? 1u : 0u))));
  }
}

struct Loops {
  decltype(next_words)* next;
  decltype(scale)* scaled;
  decltype(compare)* compared;
};

#define REEL_LOOPS(name, ...)                                                                 \
  struct name {                                                                               \
    __VA_ARGS__ static void next(uint32_t* words, uint32_t* tempered) {                       \
      next_words(words, tempered);                                                            \
    }                                                                                         \
    __VA_ARGS__ static void scaled(const uint32_t* words, int64_t n, float range, float from, \
                                   float* out) {                                              \
      scale(words, n, range, from, out);                                                      \
    }                                                                                         \
    __VA_ARGS__ static void compared(const uint32_t* pairs, int64_t n, uint64_t limit,        \
                                     uint32_t value, uint32_t* out) {                         \
      compare(pairs, n, limit, value, out);                                                   \
    }                                                                                         \
    static constexpr Loops loops{next, scaled, compared};                                     \
  }

REEL_LOOPS(Anywhere, );
#if defined(__x86_64__)
REEL_LOOPS(Avx2, [[gnu::target("avx2,fma")]]);
REEL_LOOPS(Avx512, [[gnu::target("avx512f,fma")]]);
#endif

const Loops& loops() {
  static const Loops& best = []() -> const Loops& {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return Avx512::loops;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Avx2::loops;
#endif
    return Anywhere::loops;
  }();
  return best;
}

}  // namespace

void Generator::State::reset(uint64_t new_seed) {
  seed = new_seed;
  words[0] = static_cast<uint32_t>(seed);
  for (uint32_t i = 1; i < kSize; ++i) {
    words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
  }
  left = 1;
  next = 0;
  next_normal.reset();
}

void Generator::State::twist() {
  loops().next(words.data(), tempered.data());
  left = kSize;
  next = 0;
}

void Generator::State::temper() { temper_words(words.data(), tempered.data()); }

void Generator::State::random_words(uint32_t* out, int64_t n) {
  while (n > 0) {
    if (left == 1) {
      twist();
      ++left;  // random() takes one off before it twists
    }
    const int64_t count = std::min<int64_t>(n, left - 1);
    std::copy_n(tempered.data() + next, count, out);
    left -= static_cast<uint32_t>(count);
    next += static_cast<uint32_t>(count);
    out += count;
    n -= count;
  }
}

void Generator::State::uniform(float* out, int64_t n, float range, float from) {
  uint32_t words[kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t count = std::min(kBlock, n - i);
    random_words(words, count);
    loops().scaled(words, count, range, from, out + i);
  }
}

void Generator::State::uniform_below(double p, uint32_t value, uint32_t* out, int64_t n) {
  const auto limit = static_cast<uint64_t>(std::ceil(p * 0x1p53));
  uint32_t pairs[2 * kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t count = std::min(kBlock, n - i);
    random_words(pairs, 2 * count);
    loops().compared(pairs, count, limit, value, out + i);
  }
}

double Generator::State::normal() {
  if (next_normal.has_value()) {
    const double cached = *next_normal;
    next_normal.reset();
    return cached;
  }
  const double u1 = uniform<double>();
  const double u2 = uniform<double>();
  const double radius = std::sqrt(-2.0 * std::log(1.0 - u2));
  const double theta = 2.0 * std::numbers::pi * u1;
  next_normal = radius * std::sin(theta);
  return radius * std::cos(theta);
}

void retain(Generator::State* state) { state->references.increment(); }
void release(Generator::State* state) {
  if (state->references.decrement()) delete state;
}

Generator::Generator(uint64_t seed) : state_(IntrusivePtr<State>::adopt(new State(seed))) {}

void Generator::set_current_seed(uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  state_->reset(seed);
}

uint64_t Generator::current_seed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->seed;
}

uint32_t Generator::random() {
  const std::lock_guard lock(state_->mutex);
  return state_->random();
}

uint64_t Generator::random64() {
  const std::lock_guard lock(state_->mutex);
  return state_->random64();
}

Tensor Generator::get_state() const {
  PyTorchState saved;
  {
    const std::lock_guard lock(state_->mutex);
    saved.seed = state_->seed;
    saved.left = static_cast<int32_t>(state_->left);
    saved.next = state_->next;
    for (size_t i = 0; i < State::kSize; ++i) saved.words[i] = state_->words[i];
    saved.normal_y = state_->next_normal.value_or(0);
    saved.normal_is_valid = state_->next_normal.has_value() ? 1 : 0;
  }
  Tensor result = empty({sizeof saved}, TensorOptions(kByte).device(kCPU));
  std::memcpy(result.data_ptr(), &saved, sizeof saved);
  return result;
}

void Generator::set_state(const Tensor& state) {
  if (state.dtype() != kByte || state.numel() != sizeof(PyTorchState)) {
    fail("Generator::set_state: expected a Byte tensor of {} elements, got {} of {}",
         sizeof(PyTorchState), state.dtype(), state.numel());
  }
  PyTorchState saved;
  const Tensor bytes = state.cpu().contiguous();
  std::memcpy(&saved, bytes.data_ptr(), sizeof saved);
  // Of the state's words, next are used and left - 1 are not; a fresh seed has used none of none.
  const bool fresh = saved.left == 1 && saved.next == 0;
  const bool in_use = saved.left >= 1 && saved.next <= State::kSize &&
                      static_cast<uint64_t>(saved.left) + saved.next == State::kSize + 1;
  if (saved.seeded != 1 || !(fresh || in_use)) {
    fail("Generator::set_state: the tensor holds no valid state of the generator");
  }
  const std::lock_guard lock(state_->mutex);
  state_->seed = saved.seed;
  state_->left = static_cast<uint32_t>(saved.left);
  state_->next = static_cast<uint32_t>(saved.next);
  for (size_t i = 0; i < State::kSize; ++i)
    state_->words[i] = static_cast<uint32_t>(saved.words[i]);
  state_->temper();
  state_->next_normal.reset();
  if (saved.normal_is_valid != 0) state_->next_normal = saved.normal_y;
}

Generator& default_generator() {
  // Never destroyed: static tensors may still be filled while the process ends.
  static Generator& generator = *new Generator;
  return generator;
}

void manual_seed(uint64_t seed) { default_generator().set_current_seed(seed); }

}  // namespace reel
