// Every op of the table on the simulated card against the reference backend, in every layout.

#include <conformance/compare.h>

#include "backend_support.h"

TEST_CASE("the mlu backend computes what the reference computes") {
  const reel::Device device = mlu_test::device();
  bang::clear_findings();
  for (const conformance::Case& c : conformance::all_cases()) {
    for (const reel::ScalarType dtype : {reel::kFloat, reel::kInt, reel::kLong, reel::kByte}) {
      if (!reel::is_floating_point(dtype) && !c.integers) continue;
      if (dtype == reel::kByte && c.low < 0) continue;
      conformance::compare_with_reference(c, dtype, device);
    }
  }
  CHECK(mlu_test::findings() == "");
}
