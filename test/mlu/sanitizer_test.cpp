#include "sanitizer.h"

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <support/catch.h>
#include <support/files.h>

#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/findings.h>

using bang::Finding;
using Kind = bang::Finding::Kind;

namespace {

constexpr int kCount = 1024;

struct Outcome {
  std::vector<Finding> findings;
  std::string failure;
  std::vector<float> data;
};

Outcome run(const std::string& kernel, cnrtFunctionType_t type, int tasks) {
  bang::clear_findings();
  float* data = nullptr;
  REQUIRE(cnrtMalloc(reinterpret_cast<void**>(&data), kCount * sizeof(float)) == cnrtSuccess);
  Outcome outcome;
  outcome.data.assign(kCount, 1);
  REQUIRE(cnrtMemcpy(data, outcome.data.data(), kCount * sizeof(float), cnrtMemcpyHostToDev) ==
          cnrtSuccess);
  launch(kernel, type, tasks, data);
  outcome.failure = bang::default_queue(0).synchronize();
  outcome.findings = bang::findings();
  REQUIRE(cnrtMemcpy(outcome.data.data(), data, kCount * sizeof(float), cnrtMemcpyDevToHost) ==
          cnrtSuccess);
  cnrtFree(data);
  return outcome;
}

// The line of sanitizer.mlu that says "MISTAKE <kernel>"; 0: none does.
int line_of(const std::string& kernel) {
  std::ifstream file(reel::test::test_file("mlu/sanitizer.mlu"));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with("MISTAKE " + kernel)) return number;
  }
  return 0;
}

constexpr cnrtFunctionType_t kBlock = CNRT_FUNC_TYPE_BLOCK, kUnion1 = CNRT_FUNC_TYPE_UNION1;

}  // namespace

TEST_CASE("A mistake is named with its kernel, line and core") {
  struct Case {
    const char* kernel;
    cnrtFunctionType_t type;
    int tasks;
    Kind kind;
    const char* words;
  };
  const Case cases[] = {
      {"too_much_nram", kBlock, 1, Kind::out_of_memory, "'second' needs 400000 bytes of NRAM"},
      {"past_the_end", kBlock, 1, Kind::out_of_bounds, "128 bytes past the end of 'a'"},
      {"not_in_nram", kBlock, 1, Kind::wrong_space, "but the operand lies in GDRAM"},
      {"wrong_direction", kBlock, 1, Kind::out_of_bounds, "NRAM, 'a'"},
      {"past_the_block", kBlock, 1, Kind::out_of_bounds, "reads 4096 bytes of GDRAM"},
      {"never_written", kBlock, 1, Kind::uninitialized, "__bang_add reads 'a' + 4064"},
      {"weights_of_one_core", kUnion1, 4, Kind::uninitialized, "reads 'w'"},
      {"too_early", kBlock, 1, Kind::unjoined_copy, "has yet to bring"},
      {"overwritten", kBlock, 1, Kind::unjoined_copy, "has yet to fetch"},
      {"fetched_from_sram", kUnion1, 4, Kind::unjoined_copy, "'shared' + 32, which"},
      {"shared_without_barrier", kUnion1, 4, Kind::race, "writes 'shared'"},
      {"memory_core_leaves", kUnion1, 4, Kind::deadlock,
       "the memory core of cluster 0 has left the kernel"},
      {"locked_twice", kBlock, 1, Kind::deadlock, "__bang_lock(0, 0) is held already"},
      {"locked_at_a_barrier", kUnion1, 4, Kind::deadlock, "waits in __bang_lock"},
      {"not_locked", kBlock, 1, Kind::wrong_argument, "gives back what this core does not hold"},
      {"shared_in_a_block", kBlock, 1, Kind::wrong_space, "block tasks have no SRAM"},
      {"store_past_the_end", kBlock, 1, Kind::out_of_bounds, "a store writes 4 bytes"},
      {"load_of_nothing", kBlock, 1, Kind::uninitialized, "a load reads 'a' + 12"},
      {"asserted", kBlock, 1, Kind::failed, "out == nullptr"},
  };
  for (const Case& c : cases) {
    INFO(c.kernel);
    const auto begin = std::chrono::steady_clock::now();
    const Outcome outcome = run(c.kernel, c.type, c.tasks);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    REQUIRE(outcome.findings.size() == 1);
    const Finding& finding = outcome.findings[0];
    INFO(finding.text());
    CHECK(finding.kind == c.kind);
    CHECK_THAT(finding.message, Catch::Matchers::ContainsSubstring(c.words));
    CHECK(finding.kernel == c.kernel);
    if (const int line = line_of(c.kernel); line != 0) {
      CHECK(finding.line == line);
      CHECK(finding.file.ends_with("sanitizer.mlu"));
    }
    CHECK(!finding.core.empty());
    CHECK(finding.hard() == !outcome.failure.empty());
    // How to mend it; what an assertion demands is its own advice.
    CHECK(finding.advice.empty() == (c.kind == Kind::failed));
    const bool of_an_operand = c.kind == Kind::out_of_bounds || c.kind == Kind::uninitialized ||
                               c.kind == Kind::unjoined_copy || c.kind == Kind::race ||
                               finding.kernel == "not_in_nram";
    CHECK((finding.address != 0) == of_an_operand);
    // A deadlock too is reported, not waited for.
    CHECK(seconds.count() < (c.kind == Kind::deadlock ? 1 : 30));
  }
}

TEST_CASE("A kernel without a mistake has no findings") {
  const Outcome outcome = run("correct", kUnion1, 4);
  CHECK(outcome.failure.empty());
  CHECK(outcome.findings.empty());
  for (int i = 0; i < kCount; ++i) {
    REQUIRE(outcome.data[static_cast<size_t>(i)] == (i % (kCount / 4) == 0 ? 3 : 2));
  }
}

TEST_CASE("Silent mistakes are not looked for when the sanitizer is off") {
  bang::set_sanitizing(false);
  const Outcome outcome = run("never_written", kBlock, 1);
  const Outcome bounds = run("past_the_end", kBlock, 1);
  bang::set_sanitizing(true);
  CHECK(outcome.findings.empty());
  REQUIRE(bounds.findings.size() == 1);
  CHECK(bounds.findings[0].kind == Kind::out_of_bounds);
}

TEST_CASE("A launch that the device can not run is refused") {
  struct Case {
    cnrtFunctionType_t type;
    int tasks;
    const char* words;
  };
  const Case cases[] = {
      {kUnion1, 3, "dim.x of union1 is a multiple of 4, got 3"},
      {kBlock, 0, "dimensions are at least 1"},
      {CNRT_FUNC_TYPE_UNION16, 64, "union16 needs 16 clusters, mtp_372 has 8"},
      {static_cast<cnrtFunctionType_t>(77), 4, "77 is no function type"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = run("correct", c.type, c.tasks);
    REQUIRE(outcome.findings.size() == 1);
    CHECK(outcome.findings[0].kind == Kind::launch_geometry);
    CHECK_THAT(outcome.failure, Catch::Matchers::ContainsSubstring(c.words));
  }
}

TEST_CASE("A queue goes on after a kernel that failed") {
  CHECK(!run("past_the_end", kBlock, 1).failure.empty());
  CHECK(run("correct", kUnion1, 4).failure.empty());
}
