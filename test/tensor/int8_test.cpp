#include <vector>

#include <reel/autograd/autograd.h>
#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>

#include "support/catch.h"

using Catch::Matchers::ContainsSubstring;
using reel::Tensor;

namespace {

Tensor integers(reel::IntArrayRef sizes) { return reel::randint(-128, 128, sizes, reel::kChar); }

bool same(const Tensor& a, const Tensor& b) { return reel::equal(a.cpu(), b.cpu()); }

}  // namespace

TEST_CASE("_int_mm gives what a product of int32 gives, on every backend") {
  for (const char* device : {"cpu", "reference"}) {
    const Tensor a = integers({37, 50}).to(reel::Device(device));
    const Tensor b = integers({21, 50}).to(reel::Device(device)).t();
    const Tensor c = reel::_int_mm(a, b);
    CHECK(c.dtype() == reel::kInt);
    CHECK(same(c, reel::mm(a.to(reel::kInt), b.to(reel::kInt))));
    CHECK(reel::_int_mm(a.narrow(0, 0, 0), b).sizes() == reel::IntArrayRef({0, 21}));
    CHECK(same(reel::_int_mm(a.narrow(1, 0, 0), b.narrow(0, 0, 0)),
               reel::zeros({37, 21}, reel::kInt)));
  }
}

TEST_CASE("int8_linear is linear of what was quantised") {
  const Tensor input = integers({3, 5, 40}), weight = integers({17, 40});
  const Tensor weight_scale = reel::rand({17}) + 0.5, bias = reel::randn({17});
  for (const Tensor& input_scale : {reel::full({3, 5}, 0.01) + reel::rand({3, 5}) * 0.01,
                                    reel::full({}, 0.02), reel::full({1}, 0.02)}) {
    const Tensor scale = input_scale.numel() == 1 ? input_scale : input_scale.unsqueeze(-1);
    const Tensor want =
        reel::linear(input.to(reel::kDouble) * scale,
                     weight.to(reel::kDouble) * weight_scale.unsqueeze(-1), bias.to(reel::kDouble));
    for (const char* name : {"cpu", "reference"}) {
      const reel::Device device(name);
      const Tensor got =
          reel::int8_linear(input.to(device), weight.to(device), input_scale.to(device),
                            weight_scale.to(device), bias.to(device));
      CHECK(got.dtype() == reel::kFloat);
      CHECK(got.sizes() == reel::IntArrayRef({3, 5, 17}));
      CHECK((got.cpu() - want).abs().max().item<double>() <=
            1e-6 * want.abs().max().item<double>());
    }
  }
  CHECK(reel::int8_linear(integers({40}), weight, reel::ones({}), weight_scale).sizes() ==
        reel::IntArrayRef({17}));
}

TEST_CASE("Products of int8 say what they expect") {
  const Tensor a = integers({3, 4}), b = integers({4, 5});
  CHECK_THROWS_WITH(reel::_int_mm(a, integers({4})),
                    ContainsSubstring("_int_mm: Expected mat2 to be of dimension 2 but got 1"));
  CHECK_THROWS_WITH(
      reel::_int_mm(a, a),
      ContainsSubstring("_int_mm: self.size(1) needs to match mat2.size(0) but got 4 and 3"));
  CHECK_THROWS_WITH(reel::_int_mm(a, b.to(reel::kFloat)),
                    ContainsSubstring("_int_mm: Expected mat2 dtype to be Char but got Float"));
  const Tensor weight = integers({5, 4}), one = reel::ones({1}), five = reel::ones({5});
  CHECK_THROWS_WITH(reel::int8_linear(a.to(reel::kFloat), weight, one, five),
                    ContainsSubstring("int8_linear: expected an input of Char, got Float"));
  CHECK_THROWS_WITH(reel::int8_linear(a, b, one, five),
                    ContainsSubstring("int8_linear: expected a weight [N, 4] for an input of 4 "
                                      "features, got [4, 5]"));
  CHECK_THROWS_WITH(reel::int8_linear(a, weight, reel::ones({2}), five),
                    ContainsSubstring("int8_linear: expected an input_scale of one element or [3] "
                                      "for input [3, 4], got [2]"));
  CHECK_THROWS_WITH(reel::int8_linear(a, weight, one, reel::ones({4})),
                    ContainsSubstring("int8_linear: expected a weight_scale [5] for weight [5, 4], "
                                      "got [4]"));
  CHECK_THROWS_WITH(reel::int8_linear(a, weight, one, five, reel::ones({5}, reel::kDouble)),
                    ContainsSubstring("int8_linear: expected a bias of Float, got Double"));
}

TEST_CASE("int8_linear has no gradient, and says so") {
  const Tensor scale = reel::ones({5}).requires_grad_();
  const Tensor y = reel::int8_linear(integers({3, 4}), integers({5, 4}), reel::ones({1}), scale);
  CHECK_THROWS_WITH(y.sum().backward(),
                    ContainsSubstring("int8_linear: the derivative is not implemented"));
}
