// Names of LibTorch as programs use them; the examples show them at work.

#include <ATen/ATen.h>
#include <c10/util/irange.h>
#include <torch/torch.h>

#include "support/catch.h"

using Catch::Matchers::ContainsSubstring;

// Programs open the namespace themselves.
namespace torch {
namespace nn {
struct TwiceImpl : Module {
  Tensor forward(const Tensor& x) { return 2 * x; }
};
TORCH_MODULE(Twice);
}  // namespace nn
inline int from_inside() { return 42; }
}  // namespace torch

namespace {

struct Settings {
  TORCH_ARG(double, rate) = 0.1;
  TORCH_ARG(std::string, name) = "torch";
};

struct NetImpl : torch::nn::Cloneable<NetImpl> {
  NetImpl() { reset(); }
  void reset() override { linear = register_module("linear", torch::nn::Linear(2, 3)); }
  at::Tensor forward(at::Tensor x) { return linear(x); }
  torch::nn::Linear linear{nullptr};
};
TORCH_MODULE_IMPL(Net, NetImpl);

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return {};
}

}  // namespace

TEST_CASE("the macros of LibTorch") {
  CHECK(Settings().rate(2).name("x").rate() == 2);
  CHECK(Settings().name() == "torch");
  CHECK(message_of([] { TORCH_CHECK(1 + 1 == 3, "one and one is ", 2, ", ", 1.5); }) ==
        "one and one is 2, 1.5");
  CHECK_THAT(message_of([] { TORCH_CHECK(false); }),
             ContainsSubstring("Expected false to be true"));
  CHECK_THAT(message_of([] { TORCH_INTERNAL_ASSERT(false, "why"); }),
             ContainsSubstring("INTERNAL ASSERT FAILED"));
  CHECK_THROWS_AS(([] { TORCH_CHECK_INDEX(false, "far"); }()), c10::Error);
  CHECK(torch::from_inside() == 42);
  CHECK(torch::nn::Twice()(torch::ones({})).item<int>() == 2);
}

TEST_CASE("the words of c10 and at") {
  CHECK(c10::str("[", 1, ", ", at::IntArrayRef({2, 3}), "]") == "[1, [2, 3]]");
  int64_t sum = 0;
  for (const auto i : c10::irange(int64_t{4})) sum += i;
  for (const auto i : c10::irange(2, 4)) sum += i;
  for (const auto i : c10::irange(-2)) sum += i;
  CHECK(sum == 11);
  const c10::optional<int64_t> nothing = c10::nullopt;
  CHECK_FALSE(nothing.has_value());
  CHECK(torch::make_optional(3).value() == 3);
  const at::Tensor x = torch::ones({2, 2}, at::kDouble);
  CHECK(x.sizes().equals({2, 2}));
  CHECK_THROWS_AS(x.sizes().at(2), c10::Error);
  CHECK(at::sum(x).item().toDouble() == 4);
  CHECK(c10::complex<double>(1, 2).imag() == 2);
  CHECK(at::Scalar(3).toInt() == 3);
  const std::vector<at::Tensor> twice{x, x};
  const at::TensorList list(twice);
  CHECK(torch::cat(list).size(0) == 4);
}

TEST_CASE("there is no CUDA, and programs that ask go on") {
  CHECK_FALSE(torch::cuda::is_available());
  const torch::Device device(torch::kCUDA, 1);
  CHECK(device.is_cuda());
  CHECK_THAT(message_of([&] { torch::ones({2}).to(device); }), ContainsSubstring("cuda"));
  CHECK_FALSE(torch::ones({2}).is_cuda());
  const auto options = torch::dtype(torch::kFloat)
                           .layout(torch::kStrided)
                           .device(torch::kCPU, 0)
                           .pinned_memory(false);
  CHECK(torch::zeros({1}, options).layout() == torch::kStrided);
}

TEST_CASE("modules by shared pointers") {
  auto net = std::make_shared<NetImpl>();
  CHECK(net->modules().size() == 2);
  auto copy = std::dynamic_pointer_cast<NetImpl>(net->clone());
  CHECK(torch::equal(copy->forward(torch::ones({2})), net->forward(torch::ones({2}))));
  Net holder(net);
  CHECK(holder->linear->weight.is_same(net->linear->weight));
}
