// The example programs in BANG C check themselves; here they run at small sizes.

#include <string>

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
