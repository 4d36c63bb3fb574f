// Builtins that public kernels use and no public document states, and a few that no other test
// calls, against the same in plain C++.

#include <algorithm>
#include <cmath>

#include "mlu/builtins.h"
#include "support/catch.h"

namespace {

using namespace test::mlu;
using Words = std::vector<uint32_t>;

// Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
Words philox_word_by_word(Words counter, Words key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

Floats wave(size_t count, double amplitude) {
  Floats values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(amplitude * std::sin(static_cast<double>(i * i) * 0.37 + 0.2));
  }
  return values;
}

template <class F>
void check_each(Computed which, const Floats& a, const Floats& b, F expected) {
  const Floats got = computed(which, a, b);
  REQUIRE(last_failure().empty());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(static_cast<int>(which), i);
    REQUIRE(got[i] == static_cast<float>(expected(a[i], b[i])));
  }
}

}  // namespace

TEST_CASE("registers of the vector unit generate the numbers of Philox", "[mlu]") {
  struct Case {
    Words counter, key, published;
  };
  // The answers that its authors publish.
  const Case cases[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {Words(4, ~0u), Words(2, ~0u), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Case& c : cases) {
    for (const bool third_operand : {false, true}) {
      const Words got = philox(c.counter, c.key, third_operand);
      REQUIRE(last_failure().empty());
      for (uint32_t lane = 0; lane < 64; ++lane) {
        Words counter = c.counter;
        counter[2] += lane;
        const Words expected = philox_word_by_word(counter, c.key);
        if (lane == 0) CHECK(expected == c.published);
        CHECK(Words{got[lane], got[64 + lane], got[128 + lane], got[192 + lane]} == expected);
      }
    }
  }
}

TEST_CASE("registers hold 128 halves, of which some may be stored", "[mlu]") {
  const Floats got = squared_lanes();
  REQUIRE(last_failure().empty());
  for (int i = 0; i < 128; ++i) {
    // Multiples of a quarter below 2048 are halves; beyond, multiples of two.
    const double lane = 1 + 0.5 * i, square = lane * lane;
    const double step = square < 512 ? 0.25 : square < 1024 ? 0.5 : square < 2048 ? 1 : 2;
    const double expected = i < 100 ? std::nearbyint(square / step) * step : lane;
    CAPTURE(i);
    CHECK(got[static_cast<size_t>(i)] == static_cast<float>(expected));
  }
}

TEST_CASE("functions, conversions and fills that no document states", "[mlu]") {
  const Floats a = wave(300, 90), b = wave(300, 7), positive = [&] {
    Floats values = a;
    for (float& value : values) value = std::abs(value);
    return values;
  }();
  check_each(Computed::sine, a, b, [](double x, double) { return std::sin(x); });
  check_each(Computed::cosine, a, b, [](double x, double) { return std::cos(x); });
  check_each(Computed::hypotenuse, a, b, [](double x, double y) { return std::hypot(x, y); });
  check_each(Computed::truncated, a, b, [](double x, double) { return std::trunc(x); });
  check_each(Computed::remainder, positive, b,
             [](double x, double) { return (static_cast<uint64_t>(x) << 40) % 1000003; });
  check_each(Computed::fixed_point, a, b, [](double x, double) { return std::trunc(x * 8); });
  check_each(Computed::from_fixed_point, a, b, [](double x, double) { return std::trunc(x) / 8; });
  check_each(Computed::saturated, a, b,
             [](float x, float) { return std::clamp(static_cast<int>(x * 1000), -32768, 32767); });
  check_each(Computed::root, positive, b, [](double x, double) { return std::sqrt(x); });
  const Floats sequence = computed(Computed::sequence, a, b);
  for (size_t i = 0; i < a.size(); ++i) REQUIRE(sequence[i] == static_cast<float>(i));

  const auto largest = std::max_element(a.begin(), a.end());
  const Floats found = computed(Computed::largest, a, b);
  CHECK(found[0] == *largest);
  CHECK(found[1] == static_cast<float>(largest - a.begin()));
  CHECK(found[2] == *largest);

  const Floats filled = computed(Computed::filled, a, b);
  for (size_t i = 0; i < a.size(); ++i) {
    REQUIRE(filled[i] == (i < 8 || i >= 24 ? 1.5f : i < 16 ? 2.5f : 3.5f));
  }
  CHECK(last_failure().empty());
}

TEST_CASE("single loads and stores in each memory, and gathering behind one's back", "[mlu]") {
  const Floats src = {3, -5, 7, 11, 13, 17};
  int least = 100;
  const Floats got = exchange(src, {20, 0, 8, 12}, least);
  CHECK(last_failure().empty());
  CHECK(got == Floats{22, 14, -10, 6, 17, 3, 7, 11, 1});
  CHECK(least == -10);
}
