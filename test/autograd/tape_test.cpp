#include <thread>

#include <reel/autograd/entry.h>
#include <reel/autograd/function.h>
#include <reel/backends/allocator.h>
#include <reel/reel.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using test::close;
using test::error_of;
using test::leaf;
using test::values;

TEST_CASE("gradients of several readers add up, and again in a second backward") {
  const Tensor x = leaf({3});
  const Tensor y = (x * x + 3 * x).sum();
  y.backward({}, /*retain_graph=*/true);
  CHECK(close(x.grad(), 2 * x.detach() + 3));
  y.backward();
  CHECK(close(x.grad(), 2 * (2 * x.detach() + 3)));
}

TEST_CASE("a chain of a million ops is recorded, replayed and freed") {
  const int64_t before = tape::live_entries();
  {
    const Tensor x = ones({1}).requires_grad_();
    Tensor y = x;
    for (int i = 0; i < 1000000; ++i) y = y + 1;
    CHECK(tape::live_entries() == before + 1000000);
    y.backward();
    CHECK(x.grad().item<float>() == 1);
  }
  CHECK(tape::live_entries() == before);
}

TEST_CASE("the parts of a tensor share one entry") {
  const int64_t before = tape::live_entries();
  const Tensor x = leaf({4, 3});
  const auto rows = x.unbind(0);
  CHECK(tape::live_entries() == before + 1);
  CHECK(rows[2].grad_fn()->name() == std::string("unbind"));
  CHECK(rows[2].is_view());
  // What no gradient reaches is zero.
  (rows[1] * 2 + rows[3] * rows[3]).sum().backward();
  CHECK(values(x.grad()[0]) == std::vector<double>{0, 0, 0});
  CHECK(values(x.grad()[1]) == std::vector<double>{2, 2, 2});
  CHECK(close(x.grad()[3], 2 * x.detach()[3]));

  // Through views in memory of another order, and to the second order.
  const Tensor y = leaf({2, 5}).detach().t().requires_grad_();
  const auto parts = y.split(2, 0);
  CHECK(parts.size() == 3);
  const Tensor g = autograd::grad({(parts[0] * parts[1] * parts[1]).sum()}, {y}, {}, true, true)[0];
  CHECK(close(g.slice(0, 2, 4).detach(), (2 * parts[0] * parts[1]).detach()));
  CHECK(close(g.slice(0, 4).detach(), zeros({1, 2}, y.options())));
  g.sum().backward();
  CHECK(close(y.grad().slice(0, 0, 2), (2 * parts[1]).detach()));

  {  // As PyTorch: a part is not written in place while recording.
    Tensor part = (x * 1).unbind(0)[0];
    CHECK_THAT(error_of([&] { part.mul_(2); }), ContainsSubstring("returns multiple views"));
  }
  const NoGradGuard no_grad;
  Tensor part = x.detach().chunk(2)[1];
  part.zero_();
  CHECK(x.detach()[3].eq(0).all().item<bool>());
}

TEST_CASE("forwards without backward leave nothing behind") {
  const int64_t before = tape::live_entries();
  const Tensor w = leaf({4, 4});
  Tensor y = (w * w).tanh().sum();
  y = {};
  const auto warm = backends::memory_stats(kCPU);
  for (int i = 0; i < 100000; ++i) y = (w * w).tanh().sum();
  y = {};
  const auto after = backends::memory_stats(kCPU);
  CHECK(tape::live_entries() == before);
  CHECK(after.in_use == warm.in_use);
  CHECK(after.system_calls - warm.system_calls < 10);
}

TEST_CASE("a training step repeated asks the system for no memory") {
  Tensor w = leaf({64, 64});
  const Tensor x = test::wave({32, 64});
  const auto step = [&] {
    w.mutable_grad() = {};
    x.mm(w).relu().mm(w.t()).square().mean().backward();
    const NoGradGuard no_grad;
    w.sub_(w.grad(), 0.01);
  };
  step();
  step();
  const int64_t before = backends::memory_stats(kCPU).system_calls;
  for (int i = 0; i < 20; ++i) step();
  CHECK(backends::memory_stats(kCPU).system_calls == before);
}

TEST_CASE("the tape is freed by replay unless retained") {
  const Tensor x = leaf({3});
  const Tensor y = x.exp().sum();
  y.backward();
  CHECK_THAT(error_of([&] { y.backward(); }),
             ContainsSubstring("Trying to backward through the graph a second time"));
}

TEST_CASE("only what a gradient reads is saved, and only if it is needed") {
  const Tensor x = leaf({1, 3, 8, 8});
  const Tensor frozen = test::wave({4, 3, 3, 3});
  const Tensor y = conv2d(x, frozen, {}, 1, 1);
  const autograd::Edge edge = autograd::edge_of(y);
  REQUIRE(edge.entry->saved.size() == 1);
  CHECK(edge.entry->saved[0].tensor->storage == frozen.storage());
}

TEST_CASE("gradients of gradients") {
  const Tensor x = leaf({4});
  const auto first = autograd::grad({x.pow(3).sum()}, {x}, {}, std::nullopt, /*create_graph=*/true);
  const auto second = autograd::grad({first[0].sum()}, {x}, {}, std::nullopt, true);
  const auto third = autograd::grad({second[0].sum()}, {x});
  CHECK(close(first[0], 3 * x.detach().square()));
  CHECK(close(second[0], 6 * x.detach()));
  CHECK(close(third[0], full_like(x.detach(), 6)));
}

TEST_CASE("grad leaves leaves alone and tells unused inputs") {
  const Tensor x = leaf({2});
  const Tensor z = leaf({2});
  const Tensor y = (x * 2).sum();
  const auto grads = autograd::grad({y}, {x, z}, {}, true, false, /*allow_unused=*/true);
  CHECK(close(grads[0], full_like(x.detach(), 2)));
  CHECK_FALSE(grads[1].defined());
  CHECK_FALSE(x.grad().defined());
  CHECK_THAT(error_of([&] { autograd::grad({y}, {z}); }),
             ContainsSubstring("appears to not have been used in the graph"));
}

TEST_CASE("grad with respect to a tensor in the middle") {
  const Tensor x = leaf({3});
  const Tensor h = x * 2;
  const Tensor y = (h * h).sum();
  CHECK(close(autograd::grad({y}, {h})[0], 2 * h.detach()));
}

TEST_CASE("backward restricted to inputs accumulates in them alone") {
  const Tensor a = leaf({2});
  const Tensor b = leaf({2});
  autograd::backward({(a * b).sum()}, {}, std::nullopt, false, {a});
  CHECK(close(a.grad(), b.detach()));
  CHECK_FALSE(b.grad().defined());
}

TEST_CASE("hooks see and replace gradients; retain_grad keeps them") {
  const Tensor x = leaf({3});
  const Tensor h = x * 2;
  int calls = 0;
  h.retain_grad();
  const unsigned handle = h.register_hook([&](const Tensor& g) {
    ++calls;
    return g * 10;
  });
  std::vector<double> seen;
  x.register_hook([&](const Tensor& g) { seen.push_back(values(g)[0]); });
  h.sum().backward({}, true);
  CHECK(calls == 1);
  CHECK(values(x.grad())[0] == 20);
  CHECK(values(h.grad())[0] == 1);
  h.remove_hook(handle);
  h.sum().backward();
  CHECK(calls == 1);
  CHECK(seen == std::vector<double>{20, 2});
}

TEST_CASE("nothing is recorded under NoGradGuard and InferenceMode") {
  const Tensor x = leaf({3});
  {
    const NoGradGuard no_grad;
    CHECK_FALSE((x * 2).requires_grad());
  }
  Tensor made;
  {
    const InferenceMode inference;
    made = x.detach() * 2;
  }
  CHECK((x * 2).requires_grad());
  CHECK_THAT(error_of([&] { (void)(x * made); }),
             ContainsSubstring("Inference tensors cannot be saved for backward"));
}

TEST_CASE("writing in place moves a tensor on the tape") {
  const Tensor x = leaf({3});
  Tensor y = x * 1;
  y.mul_(3).add_(x);
  y.sum().backward();
  CHECK(close(x.grad(), full_like(x.detach(), 4)));
}

TEST_CASE("writing through a view gives the base the right gradient") {
  const Tensor x = leaf({3, 3});
  const Tensor w = leaf({3});
  Tensor y = x * 2;
  y[1].mul_(5).add_(w);
  y.select(1, 0).zero_();
  (y * y).sum().backward();
  // y = 2 x, its middle row 10 x + w, its first column 0.
  Tensor expected = 8 * x.detach();
  const Tensor middle = 10 * x.detach()[1] + w.detach();
  expected[1].copy_(20 * middle);
  expected.select(1, 0).zero_();
  CHECK(close(x.grad(), expected));
  Tensor expected_w = 2 * middle;
  expected_w[0].zero_();
  CHECK(close(w.grad(), expected_w));
}

TEST_CASE("a view sees what was written into its base") {
  const Tensor x = leaf({4});
  Tensor y = x * 2;
  const Tensor v = y.view({2, 2});
  y.mul_(x.detach());
  v.sum().backward();
  CHECK(close(x.grad(), 2 * x.detach()));
}

TEST_CASE("a plain buffer filled row by row carries gradients") {
  const Tensor x = leaf({2});
  Tensor buffer = zeros({3, 2}, kDouble);
  buffer[0].copy_(x * 2);
  buffer[2].copy_(x * x);
  buffer.sum().backward();
  CHECK(close(x.grad(), 2 + 2 * x.detach()));
}

TEST_CASE("what was overwritten after it was saved cannot be replayed") {
  const Tensor x = leaf({3});
  Tensor h = x.exp();
  const Tensor l = (h * 2).sum();
  h.detach().add_(1);
  CHECK_THAT(error_of([&] { l.backward(); }),
             ContainsSubstring("modified by an inplace operation") && ContainsSubstring("'exp'") &&
                 ContainsSubstring("'add'"));
}

TEST_CASE("leaves that require gradients and overlapping tensors are not written") {
  Tensor x = leaf({3});
  CHECK_THAT(error_of([&] { x.add_(1); }), ContainsSubstring("a leaf Variable that requires grad"));
  CHECK_THAT(error_of([&] { x[0].add_(1); }),
             ContainsSubstring("a view of a leaf Variable that requires grad"));
  Tensor wide = zeros({1}).expand({4});
  CHECK_THAT(error_of([&] { wide.add_(1); }), ContainsSubstring("single memory location"));
}

namespace {

struct Cube : autograd::Function<Cube> {
  static constexpr const char* name = "Cube";
  static Tensor forward(autograd::AutogradContext* context, Tensor x, double scale) {
    context->save_for_backward({x});
    context->saved_data["scale"] = scale;
    return x * x * x * scale;
  }
  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list grads) {
    const Tensor x = context->get_saved_variables()[0];
    return {3 * x * x * grads[0] * context->saved_data["scale"].toDouble(), Tensor()};
  }
};

struct Wrong : autograd::Function<Wrong> {
  static Tensor forward(autograd::AutogradContext*, Tensor x) { return x * 2; }
  static autograd::variable_list backward(autograd::AutogradContext*, autograd::variable_list) {
    return {};
  }
};

}  // namespace

TEST_CASE("a user's function is an op like any other") {
  const Tensor x = leaf({4});
  CHECK(test::gradients_agree(
      [](const autograd::variable_list& in) { return Cube::apply(in[0], 0.5); }, {x}));
  const Tensor y = Cube::apply(x, 2.0);
  CHECK(std::string(y.grad_fn_name()) == "Cube");
  CHECK_FALSE(Cube::apply(x.detach(), 2.0).requires_grad());
  CHECK_THAT(error_of([&] { Wrong::apply(x).sum().backward(); }),
             ContainsSubstring("returned an incorrect number of gradients (expected 1, got 0)"));
}

TEST_CASE("what a function keeps is found by name and kind") {
  autograd::IValueDict dict;
  dict["count"] = 3;
  dict["rate"] = 0.5f;
  dict["sizes"] = std::vector<int64_t>{2, 3};
  dict["name"] = "cube";
  dict["x"] = ones({2});
  CHECK(dict.size() == 5);
  CHECK(dict.at("count").toInt() == 3);
  CHECK(dict["rate"].toDouble() == 0.5);
  CHECK(dict["sizes"].toIntVector() == std::vector<int64_t>{2, 3});
  CHECK(dict["name"].toStringRef() == "cube");
  CHECK(dict["x"].toTensor().numel() == 2);
  CHECK(dict["count"].toScalar().toDouble() == 3);
  CHECK(dict["new"].isNone());
  CHECK(dict.contains("new"));
  CHECK(dict.erase("new") == 1);
  CHECK(dict.find("new") == dict.end());
  CHECK(dict.count("new") == 0);
  const autograd::IValue copy = dict["sizes"];
  dict["sizes"] = false;
  CHECK(copy.isIntList());
  CHECK(dict["sizes"].isBool());
  CHECK_THAT(error_of([&] { dict["name"].toInt(); }),
             ContainsSubstring("IValue: Expected Int but got String"));
  CHECK_THAT(error_of([&] { dict.at("missing"); }), ContainsSubstring("'missing'"));
}

TEST_CASE("functions do not keep their tensors in a circle") {
  const int64_t before = tape::live_entries();
  { const Tensor y = Cube::apply(leaf({4}), 2.0); }
  CHECK(tape::live_entries() == before);
}

TEST_CASE("a tape recorded on one thread is replayed on another") {
  const Tensor x = leaf({100});
  const Tensor y = x.exp().sum();
  std::thread([&] { y.backward(); }).join();
  CHECK(close(x.grad(), x.detach().exp()));
}

TEST_CASE("replays on several threads share a leaf") {
  const Tensor x = leaf({1000});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) (x * 2).sum().backward();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(close(x.grad(), full_like(x.detach(), 400)));
}

TEST_CASE("the tape prints its entries in order") {
  const Tensor x = leaf({2, 3});
  Tensor y;
  {
    const autograd::ScopeGuard outer("net");
    const autograd::ScopeGuard inner("first");
    y = x.exp();
  }
  const std::string text = tape::dump(y.sum());
  CHECK_THAT(text,
             ContainsSubstring("exp(leaf Double[2, 3]) -> Double[2, 3] on cpu, saved 48 bytes") &&
                 ContainsSubstring("in net.first") && ContainsSubstring("sum(#"));
  CHECK(text.find("exp(") < text.find("sum("));
}

TEST_CASE("an anomaly names the op that made it") {
  const autograd::DetectAnomalyGuard guard;
  const Tensor x = zeros({2}, kDouble).requires_grad_();
  const Tensor y = (x.sqrt() * 0).sum();
  CHECK_THAT(error_of([&] { y.backward(); }),
             ContainsSubstring("'sqrt' returned nan values in its 0th output"));
}

TEST_CASE("what cannot be replayed is told") {
  const Tensor x = leaf({3});
  CHECK_THAT(error_of([&] { x.exp().backward(); }),
             ContainsSubstring("grad can be implicitly created only for scalar outputs"));
  CHECK_THAT(error_of([&] { x.detach().sum().backward(); }),
             ContainsSubstring("does not require grad"));
  CHECK_THAT(error_of([&] { x.exp().backward(ones({2}, kDouble)); }),
             ContainsSubstring("Mismatch in shape"));
  CHECK_THAT(error_of([&] { Tensor().sum(); }), ContainsSubstring("undefined"));
  CHECK_THAT(error_of([&] { ones({2}, kLong).requires_grad_(); }),
             ContainsSubstring("only Tensors of floating point"));
}
