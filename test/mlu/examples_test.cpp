// The example programs in BANG C check themselves; here they run at small sizes.

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using namespace reel::test;

namespace {

ProcessResult example(const std::string& name, const std::string& arguments,
                      const std::string& environment = "") {
  return run_command(environment + " " + program("../examples/example-" + name) + " " + arguments);
}

void check_right(const ProcessResult& result) {
  CAPTURE(result.output);
  CHECK(result.status == 0);
  CHECK_THAT(result.output, !ContainsSubstring("reel-mlu:"));  // no findings
  CHECK_THAT(result.output, !ContainsSubstring("runs on the CPU"));
}

}  // namespace

TEST_CASE("examples: matmul") {
  const ProcessResult result = example("matmul", "1000 5");
  check_right(result);
  CHECK_THAT(result.output, ContainsSubstring("06 five-stage pipeline"));
  CHECK_THAT(result.output, !ContainsSubstring("WRONG"));
}

TEST_CASE("examples: matmul: a Chrome trace shows what a pipeline does at a time") {
  const TempDir dir;
  const std::string path = dir.file("trace.json");
  check_right(example("matmul", "16384", "REEL_MLU_TRACE=" + path));

  struct Span {
    double begin, end;
    // The file rounds to 0.1 ns.
    bool meets(const Span& other) const {
      return begin + 1e-3 < other.end && other.begin + 1e-3 < end;
    }
  };
  std::vector<Span> kernels;  // of the steps in turn
  std::map<std::string, std::vector<Span>> units;
  for (const auto& event : nlohmann::json::parse(std::ifstream(path))) {
    REQUIRE(event.at("ph") == "X");
    const double begin = event.at("ts"), duration = event.at("dur");
    REQUIRE(duration >= 0);
    REQUIRE(event.at("name").is_string());
    const std::string process = event.at("pid"), thread = event.at("tid");
    if (thread == "kernels") {
      kernels.push_back({begin, begin + duration});
    } else if (process == "mlu:0 cluster 0") {
      units[thread].push_back({begin, begin + duration});
    }
  }
  // Of a core's computations in a kernel: how many have a copy from or to GDRAM beside them.
  const auto beside = [&](size_t step) {
    int count = 0, beside_copies = 0;
    const std::string core = "core 0 ";
    const std::vector<Span>&copies = units.at(core + "io"), &computed = units.at(core + "compute");
    for (const Span& span : computed) {
      if (!span.meets(kernels.at(step))) continue;
      ++count;
      beside_copies += std::any_of(copies.begin(), copies.end(),
                                   [&](const Span& copy) { return copy.meets(span); });
    }
    REQUIRE(count > 0);
    return static_cast<double>(beside_copies) / count;
  };
  CHECK(kernels.size() == 6);
  CHECK(beside(3) == 0);   // 04, copies and computations in turn
  CHECK(beside(4) > 0.5);  // 05, in a pipeline
}

TEST_CASE("examples: power_difference") {
  // Less than a tile, one tile, one more than fits the cores' first tiles; none.
  for (const char* arguments : {"5 0", "5 1", "8192 2", "262145 3", "1000 7", "0 2"}) {
    CAPTURE(arguments);
    const ProcessResult result = example("power-difference", arguments, "REEL_TRACE=mlu");
    check_right(result);
    CHECK_THAT(result.output,
               ContainsSubstring("gradients and differences on mlu:0          right"));
    CHECK_THAT(result.output, ContainsSubstring("power_difference_kernel "));
    CHECK_THAT(result.output, !ContainsSubstring("WRONG"));
  }
  CHECK(example("power-difference", "5 -1").status != 0);
}

TEST_CASE("examples: proposal") {
  const std::string small = "--height 160 --width 240 ";
  for (const char* arguments :
       {"", "--images 3 --seed 2", "--candidates 150 --proposals 500 --max-overlap 1 --seed 4",
        "--candidates 1 --proposals 1", "--max-overlap 0", "--max-overlap 1 --proposals 2000",
        "--min-size 100 --max-overlap 0.3 --images 2", "--min-size 1000"}) {
    CAPTURE(arguments);
    const ProcessResult result = example("proposal", small + arguments);
    check_right(result);
    CHECK_THAT(result.output, ContainsSubstring("the same boxes in the same order"));
  }
}

TEST_CASE("examples: proposal: settings that NRAM does not hold") {
  const ProcessResult result = example("proposal", "--candidates 10000");
  CHECK(result.status == 1);
  CHECK(result.output == "Proposal: expected 1 to 6144 candidates, got 10000\n");
}

TEST_CASE("examples: placement") {
  const ProcessResult result =
      example("placement", "", "REEL_FALLBACK=forbid REEL_TRACE=placement");
  check_right(result);
  // The first layers on the CPU, the others and their gradients on the card; then all of it there.
  for (const char* line :
       {"mm -> cpu\n", "mm -> mlu:0\n", "mm -> mlu:1\n", "add -> mlu:1\n", "max_pool2d -> cpu\n",
        "log_softmax -> mlu:0\n", "log_softmax_grad -> mlu:0\n", "conv2d_weight_grad -> cpu\n",
        "conv2d_weight_grad -> mlu:1\n", "addcdiv -> cpu\n", "addcdiv -> mlu:0\n",
        "gradient of features.0.weight on cpu\n", "gradient of scores.0.weight on mlu:0\n",
        "state.0.exp_avg        on mlu:1\n",
        "add: Expected all tensors to be on the same device, but found at least two devices, mlu:0 "
        "and mlu:1!\n"}) {
    CHECK_THAT(result.output, ContainsSubstring(line));
  }
  CHECK_THAT(result.output, !ContainsSubstring("conv2d -> mlu:0\n"));
  CHECK_THAT(result.output, !ContainsSubstring("log_softmax -> cpu\n"));
}
