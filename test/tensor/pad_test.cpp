#include <reel/nn/functional.h>
#include <reel/tensor/ops.h>

#include "support/catch.h"

using namespace reel;
namespace F = reel::nn::functional;

TEST_CASE("pad mirrors, repeats and wraps around") {
  const Tensor x = arange(4).view({1, 4});
  const auto is = [&](const char* mode, const std::vector<int64_t>& want) {
    return pad(x, {2, 3}, mode).equal(tensor(want).view({1, -1}));
  };
  CHECK(is("reflect", {2, 1, 0, 1, 2, 3, 2, 1, 0}));
  CHECK(is("replicate", {0, 0, 0, 1, 2, 3, 3, 3, 3}));
  CHECK(is("circular", {2, 3, 0, 1, 2, 3, 0, 1, 2}));
  CHECK(is("constant", {0, 0, 0, 1, 2, 3, 0, 0, 0}));
  CHECK(F::pad(x, F::PadFuncOptions({2, 3}).mode(kReflect)).equal(pad(x, {2, 3}, "reflect")));
  CHECK(F::pad(x, F::PadFuncOptions({0, 1}).value(7))[0][4].item<int>() == 7);
  CHECK_THROWS_WITH(pad(x, {4, 0}, "reflect"),
                    "pad: Argument #4: Padding size should be less than the corresponding input "
                    "dimension, but got: padding (4, 0) at dimension 1 of input [1, 4]");
  CHECK_THROWS_WITH(pad(x, {-2, -2}, "replicate"),
                    "pad: input (W: 4) is too small. Calculated output W: 0");
  CHECK_THROWS_WITH(pad(x, {1, 1}, "mirror"), "pad: Unrecognised padding mode mirror");
  CHECK_THROWS_WITH(pad(x, {1, 1}, "reflect", 3),
                    "pad: Padding mode \"reflect\" doesn't take in value argument");
  CHECK_THROWS_WITH(
      pad(x, {1, 1, 1, 1}, "circular"),
      "pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now "
      "(got 4 values for sizes [1, 4] in mode circular)");
}
