// Every op of the table, for every dtype and layout, on the CPU against the reference backend:
// values and first gradients; and gradients of first and second order against finite differences.

#include <reel/autograd/gradcheck.h>
#include <reel/reel.h>

#include "conformance/compare.h"
#include "support/catch.h"
#include "support/tensors.h"

using namespace conformance;

TEST_CASE("the CPU computes what the reference computes, for every dtype and layout") {
  const reel::ScalarType dtypes[] = {reel::kFloat, reel::kDouble, reel::kInt, reel::kLong,
                                     reel::kByte};
  for (const Case& c : all_cases()) {
    for (const auto dtype : dtypes) {
      if (!reel::is_floating_point(dtype) && !c.integers) continue;
      if (dtype == reel::kByte && c.low < 0) continue;
      compare_with_reference(c, dtype);
    }
  }
}

TEST_CASE("so do products and convolutions of half and bfloat16") {
  for (const Case& c : all_cases()) {
    const std::string name = c.name;
    const bool product = name.starts_with("mm") || name == "bmm" || name == "matmul" ||
                         name == "addmm" || name == "linear" || name.starts_with("conv2d");
    // The greatest of four is a matter of rounding if two are as good as equal.
    if (!product || name.find("pool") != std::string::npos) continue;
    for (const auto dtype : {reel::kHalf, reel::kBFloat16}) compare_with_reference(c, dtype);
  }
}

TEST_CASE("gradients of first and second order agree with finite differences") {
  for (const Case& c : all_cases()) {
    if (c.order == 0 || c.tolerance > 5e-5)
      continue;  // the wide ones take too long element by element
    INFO(c.name);
    List inputs = make_inputs(c, reel::kDouble, Layout::Contiguous, reel::kCPU);
    for (Tensor& x : inputs) x.requires_grad_();
    const auto differentiable_results = [&c](const List& x) {
      List results;
      for (const Tensor& y : c.run(x)) {
        if (y.requires_grad()) results.push_back(y);
      }
      return results;
    };
    CHECK(reel::autograd::gradcheck(differentiable_results, inputs));
    if (c.order == 2) CHECK(reel::autograd::gradgradcheck(differentiable_results, inputs));
  }
}
