// The same table against LibTorch: an oracle that others wrote.

#include <torch/torch.h>

#include <reel/reel.h>

#include "conformance/values.h"
#include "support/catch.h"

namespace {

namespace ours {
namespace library = reel;
#include "conformance/table.h"
}  // namespace ours

namespace theirs {
namespace library = torch;
#include "conformance/table.h"
}  // namespace theirs

struct Dtype {
  const char* name;
  reel::ScalarType ours;
  torch::ScalarType theirs;
  bool floating;
};
const Dtype kDtypes[] = {{"Float", reel::kFloat, torch::kFloat, true},
                         {"Double", reel::kDouble, torch::kDouble, true},
                         {"Int", reel::kInt, torch::kInt, false},
                         {"Long", reel::kLong, torch::kLong, false}};

template <class Library, class Case>
auto make_inputs(const Case& c, bool floating, bool scalar, Library library) {
  decltype(c.run({})) inputs;
  for (size_t i = 0; i < c.shapes.size(); ++i) {
    int64_t count = 1;
    for (const int64_t n : c.shapes[i]) count *= n;
    const double scale = floating ? 1 : 4;
    const auto values = conformance::spread(scalar ? 1 : count, c.low * scale, c.high * scale, i);
    inputs.push_back(library(values, scalar ? std::vector<int64_t>{} : c.shapes[i]));
  }
  return inputs;
}

torch::Tensor to_torch(const reel::Tensor& t) {
  const reel::Tensor d = t.detach().to(reel::kDouble).contiguous();
  return torch::from_blob(d.data_ptr(), t.sizes().vec(), torch::kDouble).clone();
}

void compare(const std::vector<reel::Tensor>& got, const std::vector<torch::Tensor>& expected,
             double relative) {
  REQUIRE(got.size() == expected.size());
  for (size_t k = 0; k < got.size(); ++k) {
    INFO("result " << k);
    REQUIRE(got[k].defined() == expected[k].defined());
    if (!got[k].defined()) continue;
    CHECK(std::string(reel::to_string(got[k].dtype())) ==
          std::string(c10::toString(expected[k].scalar_type())));
    REQUIRE(got[k].sizes().vec() == expected[k].sizes().vec());
    if (got[k].numel() == 0) continue;
    const torch::Tensor b = expected[k].detach().to(torch::kDouble);
    const double scale = std::max(1.0, b.abs().max().item<double>());
    // Double keeps 29 bits more than float; whole numbers are exact.
    const double tolerance = got[k].dtype() == reel::kDouble           ? relative * 1e-7
                             : reel::is_floating_point(got[k].dtype()) ? relative
                                                                       : 0;
    const torch::Tensor difference = to_torch(got[k]) - b;
    CHECK(
        difference.masked_fill(b.isnan() & to_torch(got[k]).isnan(), 0).abs().max().item<double>() /
            scale <=
        tolerance);
  }
}

// Gradients of the sum of all floating-point results, each weighted by its position.
template <class List, class Run, class Grad>
List gradients(List inputs, Run run, Grad grad) {
  for (auto& x : inputs) x.requires_grad_();
  decltype((inputs[0] * 1).sum()) total;
  double weight = 1;
  for (const auto& y : run(inputs)) {
    if (!y.requires_grad()) continue;
    const auto term = (y * y * 0.5 + y).sum() * weight;
    total = total.defined() ? total + term : term;
    weight += 0.5;
  }
  return grad(total, inputs);
}

}  // namespace

TEST_CASE("reel computes what LibTorch computes") {
  const auto our_cases = ours::all_cases();
  const auto their_cases = theirs::all_cases();
  for (size_t i = 0; i < our_cases.size(); ++i) {
    const auto& c = our_cases[i];
    for (const Dtype& dtype : kDtypes) {
      if (!dtype.floating && !c.integers) continue;
      for (const bool scalar : {false, true}) {
        if (scalar && !c.any_shape) continue;
        INFO(c.name << ", " << dtype.name << (scalar ? ", 0-dim" : ""));
        const auto a = make_inputs(c, dtype.floating, scalar, [&](auto values, auto sizes) {
          return reel::tensor(values, reel::kDouble).view(sizes).to(dtype.ours);
        });
        const auto b =
            make_inputs(their_cases[i], dtype.floating, scalar, [&](auto values, auto sizes) {
              return torch::tensor(values, torch::kDouble).view(sizes).to(dtype.theirs);
            });
        // Both round: the difference may be the sum of two errors.
        const double tolerance = 2 * c.tolerance;
        compare(c.run(a), their_cases[i].run(b), tolerance);
        if (!dtype.floating || c.order == 0) continue;
        compare(gradients(a, c.run,
                          [](auto total, auto inputs) {
                            return reel::autograd::grad({total}, inputs, {}, {}, false, true);
                          }),
                gradients(b, their_cases[i].run,
                          [](auto total, auto inputs) {
                            return torch::autograd::grad({total}, inputs, {}, {}, false, true);
                          }),
                4 * tolerance);
      }
    }
  }
}
