#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <type_traits>
#include <vector>

#include <reel/backends/parallel.h>
#include <reel/tensor/box_muller.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/random_fill.h>

// PyTorch 1.13's CPU algorithms, down to the order in which numbers are drawn and rounded.

namespace reel {

using namespace ops;

namespace {

// The following give their numbers to a tensor on the CPU.

template <class T>
void uniform_fill(T* data, int64_t size, Engine& engine) {
  if constexpr (std::is_same_v<T, float>) return engine.uniform(data, size);
  fill_from_words<Engine::Bits<T>>(data, size, engine,
                                   [](auto... words) { return Engine::uniform_of<T>(words...); });
}

void uniform_values(const Tensor& values, double from, double to, Engine& engine) {
  if (values.is_complex()) return uniform_values(view_as_real(values), from, to, engine);
  check_real("uniform_", values);
  if (!(from <= to)) {
    fail("uniform_ expects to return a [from, to) range, but found from={} > to={}", from, to);
  }
  visit_real(values.dtype(), [&]<class T>() {
    using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Compute low = static_cast<T>(static_cast<Compute>(from));
    const Compute range = static_cast<T>(static_cast<T>(static_cast<Compute>(to)) - low);
    if (!(range <= std::numeric_limits<Compute>::max())) {
      fail(
          "uniform_ expects to-from <= std::numeric_limits<{}>::max(), but found to={} and from={} "
          "which result in to-from to exceed the limit",
          values.dtype(), to, from);
    }
    const std::lock_guard lock(engine.mutex);
    T* data = static_cast<T*>(values.data_ptr());
    if constexpr (std::is_same_v<T, float>) {
      return engine.uniform(data, values.numel(), range, low);
    }
    fill_from_words<Engine::Bits<T>>(data, values.numel(), engine, [&](auto... words) {
      const T drawn = Engine::uniform_of<T>(words...);
      return static_cast<T>(std::fma(static_cast<Compute>(drawn), range, low));
    });
  });
}

/// As box_muller_16 for 16-bit types, every intermediate value rounded where PyTorch rounds it.
template <class T>
void box_muller_16_rounded(T* values, T mean, T std) {
  const auto step = [](float x) {
    return std::is_same_v<T, BFloat16> ? static_cast<float>(BFloat16(x)) : x;
  };
  for (int j = 0; j < 8; ++j) {
    const T u1 = 1.0f - values[j];
    const T radius = step(std::sqrt(step(-2.0f * step(std::log(static_cast<float>(u1))))));
    const T theta = static_cast<float>(2 * std::numbers::pi * static_cast<double>(values[j + 8]));
    const auto place = [&](float direction) -> T {
      const float scaled = step(radius * step(direction));
      if constexpr (std::is_same_v<T, Half>) return std::fma(scaled, float(std), float(mean));
      return step(scaled * std) + mean;
    };
    values[j] = place(std::cos(static_cast<float>(theta)));
    values[j + 8] = place(std::sin(static_cast<float>(theta)));
  }
}

/// 16 numbers at a time; the last 16 are drawn again if the size is no multiple of 16.
template <class T>
void normal_fill_blocks(T* data, int64_t size, T mean, T std, Engine& engine) {
  const auto transform = [&](T* block) {
    if constexpr (std::is_floating_point_v<T>) {
      reel::detail::box_muller_16(block, mean, std);
    } else {
      box_muller_16_rounded(block, mean, std);
    }
  };
  uniform_fill(data, size, engine);
  constexpr int64_t kWorth = 512;  // blocks that are worth another thread
  parallel_for(0, size / 16, kWorth, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) transform(data + 16 * i);
  });
  if (size % 16 != 0) {
    uniform_fill(data + size - 16, 16, engine);
    transform(data + size - 16);
  }
}

/// In blocks if the tensor that is filled has 16 elements and is contiguous, which `values` need
/// not be the same as.
void normal_values(const Tensor& values, double mean, double std, bool in_blocks, Engine& engine) {
  if (values.is_complex()) {
    // The variance is that of both parts together.
    normal_values(view_as_real(values), 0, std / std::sqrt(2.0), in_blocks, engine);
    if (mean != 0) Tensor(values).add_(mean);
    return;
  }
  check_real("normal_", values);
  if (!(std >= 0)) fail("normal_ expects std >= 0.0, but found std={}", std);
  visit_real(values.dtype(), [&]<class T>() {
    using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const std::lock_guard lock(engine.mutex);
    if (in_blocks) {
      normal_fill_blocks<T>(static_cast<T*>(values.data_ptr()), values.numel(),
                            static_cast<Compute>(mean), static_cast<Compute>(std), engine);
    } else {
      fill_serially<T>(values, [&] {
        return static_cast<T>(static_cast<Compute>(std::fma(engine.normal(), std, mean)));
      });
    }
  });
}

bool in_normal_blocks(const Tensor& tensor) {
  return tensor.numel() * (tensor.is_complex() ? 2 : 1) >= 16 && tensor.is_contiguous();
}

/// PyTorch moves the bounds of a floating-point range inwards where T cannot tell them from their
/// neighbours, so that no number is rounded to one outside.
template <class T>
void narrow_to_exact(int64_t& from, int64_t& to) {
  constexpr int kDigits = std::is_same_v<T, double>     ? 53
                          : std::is_same_v<T, float>    ? 24
                          : std::is_same_v<T, BFloat16> ? 8
                                                        : 11;
  using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const auto rounded = [](int64_t value) {
    return static_cast<Compute>(static_cast<T>(static_cast<Compute>(value)));
  };
  const auto spacing = [](int64_t value) {
    const auto size = static_cast<uint64_t>(value);
    const int bits = std::bit_width(value < 0 ? 0 - size : size);
    return std::exp2(bits - kDigits);
  };
  if (const double low = rounded(from + 1); low < static_cast<double>(from)) {
    from = static_cast<int64_t>(low + spacing(from + 1));
  }
  if (const double high = rounded(to - 1); high >= static_cast<double>(to)) {
    to = static_cast<int64_t>(high - spacing(to - 1));
  }
}

template <class T>
T from_integer(int64_t value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return static_cast<T>(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

/// The largest value up to which every integer is one of T.
template <class T>
constexpr int64_t largest_exact() {
  if constexpr (std::is_same_v<T, Half>) return 1 << 11;
  if constexpr (std::is_same_v<T, BFloat16>) return 1 << 8;
  if constexpr (std::is_same_v<T, float>) return 1 << 24;
  if constexpr (std::is_same_v<T, double>) return int64_t{1} << 53;
  return static_cast<int64_t>(std::numeric_limits<T>::max());
}

/// Of [from, from + range).
template <class T>
void draw_integers(const Tensor& values, int64_t from, uint64_t range, Engine& engine) {
  constexpr bool kMayBeWide =
      std::is_same_v<T, int64_t> || (kIsReal<T> && !std::is_same_v<T, Half>);
  const auto number = [&](uint64_t bits) {
    return from_integer<T>(static_cast<int64_t>(bits % range + static_cast<uint64_t>(from)));
  };
  const std::lock_guard lock(engine.mutex);
  T* data = static_cast<T*>(values.data_ptr());
  if constexpr (kMayBeWide) {
    if (range >= uint64_t{1} << 32) {
      return fill_from_words<uint64_t>(
          data, values.numel(), engine,
          [&](uint32_t high, uint32_t low) { return number(Engine::joined(high, low)); });
    }
  }
  fill_from_words<uint32_t>(data, values.numel(), engine, number);
}

void random_values(const Tensor& values, int64_t from, int64_t to, Engine& engine) {
  if (from >= to) {
    fail("random_ expects 'from' to be less than 'to', but got from={} >= to={}", from, to);
  }
  visit_number("random_", values.dtype(), [&]<class T>() {
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Half>) {
      using Bounds = std::numeric_limits<std::conditional_t<std::is_integral_v<T>, T, int32_t>>;
      constexpr int64_t kLow = std::is_integral_v<T> ? Bounds::min() : -65504;
      constexpr int64_t kHigh = std::is_integral_v<T> ? Bounds::max() : 65504;
      const auto check = [&](const char* name, int64_t v) {
        if (v >= kLow && v <= kHigh) return;
        fail("random_: {} is out of bounds for {}, got {}", name, values.dtype(), v);
      };
      check("from", from);
      check("to - 1", to - 1);
    }
    if constexpr (kIsReal<T>) narrow_to_exact<T>(from, to);
    draw_integers<T>(values, from, static_cast<uint64_t>(to) - static_cast<uint64_t>(from), engine);
  });
}

/// Of [from, the largest exact value of the dtype]; from the smallest int64 on, all 64 bits.
void random_values_from(const Tensor& values, int64_t from, Engine& engine) {
  if (from != std::numeric_limits<int64_t>::min()) {
    int64_t last = 0;
    visit_number("random_", values.dtype(), [&]<class T>() { last = largest_exact<T>(); });
    if (from > last) {
      fail(
          "random_ expects 'from' to be less than or equal to 'to_inc', but got from={} > "
          "to_inc={}",
          from, last);
    }
    if (last < std::numeric_limits<int64_t>::max()) {
      visit_number("random_", values.dtype(), [&]<class T>() {
        int64_t first = from;
        int64_t end = last;
        if constexpr (kIsReal<T>) narrow_to_exact<T>(first, end);
        draw_integers<T>(values, first, static_cast<uint64_t>(last - first) + 1, engine);
      });
      return;
    }
  }
  visit_number("random_", values.dtype(), [&]<class T>() {
    if constexpr (std::is_same_v<T, int64_t> || (kIsReal<T> && !std::is_same_v<T, Half>)) {
      // 0 where the range is 2^64.
      const uint64_t range = uint64_t{1} +
                             static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) -
                             static_cast<uint64_t>(from);
      const std::lock_guard lock(engine.mutex);
      fill_serially<T>(values, [&] {
        const uint64_t bits = engine.random64();
        return from_integer<T>(
            static_cast<int64_t>((range == 0 ? bits : bits % range) + static_cast<uint64_t>(from)));
      });
    } else {
      fail("random_: the full range of 64 bits is for Long, Double, Float and BFloat16, got {}",
           values.dtype());
    }
  });
}

/// The options with which a tensor is made on the CPU before it becomes what they ask for.
TensorOptions host(const TensorOptions& options) {
  return options.device(kCPU).requires_grad(false);
}

Tensor deliver(Tensor values, const TensorOptions& options) {
  values = values.to(options.device());
  if (options.requires_grad()) values.requires_grad_(true);
  return values;
}

TensorOptions long_unless_set(const TensorOptions& options) {
  return options.has_dtype() ? options : options.dtype(kLong);
}

/// Options for an empty_like on the CPU and for its delivery.
TensorOptions options_like(const Tensor& self, const TensorOptions& options) {
  return options.has_device() ? options : options.device(self.device());
}

}  // namespace

Tensor& Tensor::uniform_(double from, double to, std::optional<Generator> generator) {
  return fill_in_place("uniform_", *this, [&](const Tensor& values) {
    uniform_values(values, from, to, engine_of(generator));
  });
}

Tensor& Tensor::normal_(double mean, double std, std::optional<Generator> generator) {
  const bool in_blocks = in_normal_blocks(*this);
  return fill_in_place("normal_", *this, [&](const Tensor& values) {
    normal_values(values, mean, std, in_blocks, engine_of(generator));
  });
}

Tensor& Tensor::random_(int64_t from, std::optional<int64_t> to,
                        std::optional<Generator> generator) {
  return fill_in_place("random_", *this, [&](const Tensor& values) {
    if (to) {
      random_values(values, from, *to, engine_of(generator));
    } else {
      random_values_from(values, from, engine_of(generator));
    }
  });
}

Tensor& Tensor::random_(int64_t to, std::optional<Generator> generator) {
  return random_(0, to, std::move(generator));
}

Tensor& Tensor::random_(std::optional<Generator> generator) {
  return fill_in_place("random_", *this, [&](const Tensor& values) {
    visit_number("random_", values.dtype(), [&]<class T>() {
      Engine& engine = engine_of(generator);
      const std::lock_guard lock(engine.mutex);
      // All that T can hold from 0 on: of a floating-point type, the integers it tells apart.
      constexpr bool kWide = std::is_same_v<T, double> || std::is_same_v<T, int64_t>;
      const uint64_t range =
          std::is_same_v<T, bool> ? 2 : static_cast<uint64_t>(largest_exact<T>()) + 1;
      fill_serially<T>(values, [&] {
        return from_integer<T>(
            static_cast<int64_t>((kWide ? engine.random64() : engine.random()) % range));
      });
    });
  });
}

Tensor& ops::fill_bernoulli(Tensor& self, double p, double divisor, Engine& engine) {
  return fill_in_place("bernoulli_", self, [&](const Tensor& values) {
    visit_number("bernoulli_", values.dtype(), [&]<class T>() {
      constexpr int64_t kBlock = 512;
      const T one = static_cast<T>(T(1) / from_double<T>(divisor));
      uint32_t drawn[kBlock];
      T* data = static_cast<T*>(values.data_ptr());
      const int64_t size = values.numel();
      const std::lock_guard lock(engine.mutex);
      for (int64_t i = 0; i < size; i += kBlock) {
        const int64_t n = std::min(kBlock, size - i);
        if constexpr (sizeof(T) == sizeof(uint32_t)) {
          engine.uniform_below(p, std::bit_cast<uint32_t>(one), drawn, n);
          std::memcpy(data + i, drawn, static_cast<size_t>(n) * sizeof(T));
        } else {
          engine.uniform_below(p, 1, drawn, n);
          const T numbers[] = {T(0), one};  // a branch would be mispredicted as often as not
          for (int64_t j = 0; j < n; ++j) data[i + j] = numbers[drawn[j]];
        }
      }
    });
  });
}

Tensor& Tensor::bernoulli_(double p, std::optional<Generator> generator) {
  if (!(p >= 0 && p <= 1)) fail("bernoulli_ expects p to be in [0, 1], but got p={}", p);
  return fill_bernoulli(*this, p, 1, engine_of(generator));
}

Tensor bernoulli(const Tensor& p, std::optional<Generator> generator) {
  check_real("bernoulli", p);
  const Tensor chances = p.detach().cpu().contiguous();
  const Tensor result = empty_like(chances);
  Engine& engine = engine_of(generator);
  visit_real(chances.dtype(), [&]<class T>() {
    using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* chance = static_cast<const T*>(chances.data_ptr());
    const std::lock_guard lock(engine.mutex);
    fill_serially<T>(result, [&] {
      const auto at = static_cast<Compute>(*chance++);
      if (!(at >= 0 && at <= 1)) fail("bernoulli: Expected p_in >= 0 && p_in <= 1, got {}", at);
      return T(engine.uniform<Compute>() < at ? 1 : 0);
    });
  });
  return result.to(p.device());
}

Tensor bernoulli(const Tensor& self, double p, std::optional<Generator> generator) {
  return empty_like(self, {}, MemoryFormat::Contiguous).bernoulli_(p, std::move(generator));
}

Tensor bernoulli(const Tensor& self, const Tensor& p, std::optional<Generator> generator) {
  return empty_like(self, {}, MemoryFormat::Contiguous).bernoulli_(p, std::move(generator));
}

Tensor& Tensor::bernoulli_(const Tensor& p, std::optional<Generator> generator) {
  return ops::write_result(*this, "bernoulli_",
                           reel::bernoulli(p.expand(sizes()), std::move(generator)).to(dtype()));
}

Tensor rand(IntArrayRef size, std::optional<Generator> generator, const TensorOptions& options) {
  const Tensor values = empty(size, host(options));
  uniform_values(values, 0, 1, engine_of(generator));
  return deliver(values, options);
}

Tensor randn(IntArrayRef size, std::optional<Generator> generator, const TensorOptions& options) {
  const Tensor values = empty(size, host(options));
  normal_values(values, 0, 1, in_normal_blocks(values), engine_of(generator));
  return deliver(values, options);
}

Tensor randint(int64_t low, int64_t high, IntArrayRef size, std::optional<Generator> generator,
               const TensorOptions& given) {
  const TensorOptions options = long_unless_set(given);
  const Tensor values = empty(size, host(options));
  random_values(values, low, high, engine_of(generator));
  return deliver(values, options);
}

Tensor randperm(int64_t n, std::optional<Generator> generator, const TensorOptions& given) {
  if (n < 0) fail("randperm: n must be non-negative, got {}", n);
  const TensorOptions options = long_unless_set(given);
  const Tensor result = empty(n, host(options));
  visit_number("randperm", options.dtype(), [&]<class T>() {
    constexpr int64_t kExact = largest_exact<T>();
    if (n - 1 > kExact) fail("randperm: n={} is too large for dtype {}", n, options.dtype());
    T* data = static_cast<T*>(result.data_ptr());
    for (int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(static_cast<double>(i));
    Engine& engine = engine_of(generator);
    const std::lock_guard lock(engine.mutex);
    for (int64_t i = 0; i + 1 < n; ++i) {
      const auto other = i + static_cast<int64_t>(engine.random() % static_cast<uint64_t>(n - i));
      std::swap(data[i], data[other]);
    }
  });
  return deliver(result, options);
}

Tensor rand(IntArrayRef size, const TensorOptions& options) {
  return rand(size, default_generator(), options);
}

Tensor randn(IntArrayRef size, const TensorOptions& options) {
  return randn(size, default_generator(), options);
}

Tensor randint(int64_t high, IntArrayRef size, const TensorOptions& options) {
  return randint(0, high, size, default_generator(), options);
}

Tensor randint(int64_t low, int64_t high, IntArrayRef size, const TensorOptions& options) {
  return randint(low, high, size, default_generator(), options);
}

Tensor randperm(int64_t n, const TensorOptions& options) {
  return randperm(n, default_generator(), options);
}

Tensor randint(int64_t high, IntArrayRef size, std::optional<Generator> generator,
               const TensorOptions& options) {
  return randint(0, high, size, std::move(generator), options);
}

Tensor rand_like(const Tensor& self, const TensorOptions& given, MemoryFormat memory_format) {
  const TensorOptions options = options_like(self, given);
  const Tensor values = empty_like(self, host(options), memory_format);
  uniform_values(values, 0, 1, default_generator().state());
  return deliver(values, options);
}

Tensor randn_like(const Tensor& self, const TensorOptions& given, MemoryFormat memory_format) {
  const TensorOptions options = options_like(self, given);
  const Tensor values = empty_like(self, host(options), memory_format);
  normal_values(values, 0, 1, in_normal_blocks(values), default_generator().state());
  return deliver(values, options);
}

Tensor randint_like(const Tensor& self, int64_t high, const TensorOptions& options,
                    MemoryFormat memory_format) {
  return randint_like(self, 0, high, options, memory_format);
}

Tensor randint_like(const Tensor& self, int64_t low, int64_t high, const TensorOptions& given,
                    MemoryFormat memory_format) {
  const TensorOptions options = options_like(self, given);
  const Tensor values = empty_like(self, host(options), memory_format);
  random_values(values, low, high, default_generator().state());
  return deliver(values, options);
}

}  // namespace reel
