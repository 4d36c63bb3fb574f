// What happens on the tape, against LibTorch: the same lines run by both (scenarios.h), and random
// programs that write in place and through views (programs.h).

#include <cmath>

#include "autograd/libtorch/transcript.h"
#include "support/catch.h"

namespace {

using reel::test::Event;
using reel::test::Transcript;

// Sums of a few terms in double: rounding only.
bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::fabs(a - b) <= 1e-12 + 1e-10 * std::fabs(b);
}

bool agree(const Event& a, const Event& b) {
  if (a.text != b.text || a.values.size() != b.values.size()) return false;
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (!near(a.values[i], b.values[i])) return false;
  }
  return true;
}

std::string str(const Event& event) {
  std::string text = event.text + " [";
  for (const double value : event.values) text += " " + std::to_string(value);
  return text + " ]";
}

// What differs, or nothing.
std::string difference(const Transcript& ours, const Transcript& theirs) {
  std::string all;
  for (size_t i = 0; i < ours.events.size() && i < theirs.events.size(); ++i) {
    if (agree(ours.events[i], theirs.events[i])) continue;
    all += "reel:     " + str(ours.events[i]) + "\nLibTorch: " + str(theirs.events[i]) + "\n";
  }
  if (ours.events.size() != theirs.events.size()) all += "one ended before the other\n";
  return all;
}

}  // namespace

TEST_CASE("the tape behaves as LibTorch's") {
  const auto& ours = reel::test::reel_scenarios();
  const auto& theirs = reel::test::libtorch_scenarios();
  REQUIRE(ours.size() == theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    Transcript mine, other;
    ours[i].run(mine);
    theirs[i].run(other);
    INFO(ours[i].name);
    CHECK(difference(mine, other) == "");
  }
}

TEST_CASE("random programs of views and writes in place have LibTorch's gradients") {
  constexpr uint64_t kPrograms = 600;
  int refused = 0;
  for (uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const Transcript mine = reel::test::reel_program(seed);
    const Transcript other = reel::test::libtorch_program(seed);
    INFO("seed " << seed);
    CHECK(difference(mine, other) == "");
    refused += mine.events.back().text.starts_with("refused");
  }
  // Most programs must run to their end, or little is compared.
  CHECK(refused < static_cast<int>(kPrograms) / 2);
}
