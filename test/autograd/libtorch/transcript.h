#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

// What a scenario did, so that the same lines run by reel and by LibTorch can be compared.

namespace reel::test {

struct Event {
  std::string text;            ///< what was looked at; for an error, its words
  std::vector<double> values;  ///< the numbers seen
};

class Transcript {
 public:
  void note(std::string text, std::vector<double> values = {}) {
    events.push_back({std::move(text), std::move(values)});
  }
  /// Runs `f`, which must fail with a message that holds `words`.
  template <class F>
  void refused(const std::string& words, const F& f) {
    try {
      f();
    } catch (const std::exception& error) {
      const std::string what = error.what();
      note(what.find(words) != std::string::npos ? "refused: " + words : "refused: " + what);
      return;
    }
    note("not refused: " + words);
  }
  std::vector<Event> events;
};

struct Scenario {
  const char* name;
  void (*run)(Transcript& t);
};

/// The scenarios of scenarios.h, and the random program of a seed (see programs.h), run by each.
const std::vector<Scenario>& reel_scenarios();
const std::vector<Scenario>& libtorch_scenarios();
Transcript reel_program(uint64_t seed);
Transcript libtorch_program(uint64_t seed);

}  // namespace reel::test
