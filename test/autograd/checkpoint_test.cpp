#include <reel/autograd/checkpoint.h>
#include <reel/autograd/entry.h>
#include <reel/reel.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using autograd::checkpoint;
using autograd::variable_list;
using Catch::Matchers::ContainsSubstring;
using test::close;
using test::error_of;
using test::leaf;

namespace {

/// Bytes that the entries which lead to `root` keep, each storage once per entry.
size_t saved_bytes(const Tensor& root) {
  size_t bytes = 0;
  std::vector<IntrusivePtr<autograd::Entry>> open{root.grad_fn()};
  while (!open.empty()) {
    const auto entry = open.back();
    open.pop_back();
    bytes += entry->saved_bytes();
    for (const auto& edge : entry->edges) {
      if (edge.entry) open.push_back(edge.entry);
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("a checkpoint keeps inputs only and gives the same gradients") {
  const Tensor x = leaf({8, 8});
  const Tensor w = leaf({8, 8}, 0.3);
  int runs = 0;
  const auto block = [&](const Tensor& in) {
    ++runs;
    return (in.mm(w).tanh() * in.exp()).sin().mm(w);
  };
  const Tensor plain = block(x).sum();
  const variable_list expected = autograd::grad({plain}, {x, w}, {}, true);
  const Tensor y = checkpoint(block, x);
  CHECK(runs == 2);
  CHECK(saved_bytes(y) < saved_bytes(plain) / 2);
  y.sum().backward();
  CHECK(runs == 3);
  CHECK(close(x.grad(), expected[0]));
  CHECK(close(w.grad(), expected[1]));
}

TEST_CASE("checkpoints work with grad, retain_graph, create_graph, and inside each other") {
  const Tensor x = leaf({5});
  const Tensor w = leaf({5}, 0.3);
  const auto inner = [&](const Tensor& in) { return (in * w).exp() * in; };
  const auto outer = [&](const Tensor& in) { return checkpoint(inner, in * 2).tanh() * in.cos(); };
  const auto plain = [&](const Tensor& in) { return inner(in * 2).tanh() * in.cos(); };
  const Tensor y = checkpoint(outer, x);
  const variable_list expected = autograd::grad({plain(x).sum()}, {x, w});
  for (int i = 0; i < 2; ++i) {
    const variable_list grads = autograd::grad({y.sum()}, {x, w}, {}, true);
    CHECK(close(grads[0], expected[0]));
    CHECK(close(grads[1], expected[1]));
  }
}

TEST_CASE("gradients of second order through a checkpoint") {
  const Tensor w = leaf({4}, 0.3);
  const auto f = [&](const variable_list& in) {
    return checkpoint([&](const Tensor& x) { return (x * w).exp() * x.sin(); }, in[0]);
  };
  CHECK(test::gradients_agree(f, {leaf({4})}));
}

TEST_CASE("the second run of a checkpoint draws the numbers of the first") {
  const Tensor x = leaf({100});
  manual_seed(3);
  const Tensor y = checkpoint([](const Tensor& in) { return dropout(in * in, 0.5, true) * in; }, x);
  const Tensor after = rand({3});
  const Tensor mask = (y / (x * x * x)).detach();
  y.sum().backward();
  CHECK(close(x.grad(), mask * 3 * x.detach() * x.detach(), 1e-9));
  manual_seed(3);
  (void)dropout(x * x, 0.5, true);
  CHECK(close(rand({3}), after));
}

TEST_CASE("a checkpoint of several tensors") {
  const Tensor a = leaf({3}), b = leaf({3}, 0.2);
  const auto f = [](const variable_list& in) -> variable_list {
    return {in[0].exp() * in[1], in[1].sin()};
  };
  const variable_list out = checkpoint(f, {a, b});
  (out[0] * out[1]).sum().backward();
  const variable_list plain = f({a, b});
  const variable_list expected = autograd::grad({(plain[0] * plain[1]).sum()}, {a, b});
  CHECK(close(a.grad(), expected[0]));
  CHECK(close(b.grad(), expected[1]));
  const NoGradGuard no_grad;
  CHECK_FALSE(checkpoint(f, {a, b})[0].requires_grad());
}

TEST_CASE("a checkpoint tells what it cannot compute again") {
  const Tensor x = leaf({3});
  Tensor h = x * 2;
  const Tensor y = checkpoint([](const Tensor& in) { return in.exp().sin(); }, h);
  h.add_(1);
  CHECK_THAT(error_of([&] { y.sum().backward(); }),
             ContainsSubstring("has been modified by an inplace operation: input 0"));
  bool again = false;
  const Tensor z = checkpoint(
      [&](const Tensor& in) {
        return std::exchange(again, true) ? in.cos().sin() : in.exp().sin();
      },
      x);
  CHECK_THAT(error_of([&] { z.sum().backward(); }),
             ContainsSubstring("expected 'exp' to be op 0 of the function again, it was 'cos'"));
}

TEST_CASE("checkpoints leave nothing behind") {
  const int64_t before = tape::live_entries();
  {
    const Tensor x = leaf({3});
    const auto f = [](const Tensor& in) { return in.exp().sin().tanh(); };
    checkpoint(f, x).sum().backward();
    const Tensor kept = checkpoint([&](const Tensor& in) { return checkpoint(f, in * 2); }, x);
    autograd::grad({kept.sum()}, {x}, {}, true);
  }
  CHECK(tape::live_entries() == before);
}
