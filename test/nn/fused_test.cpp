#include <reel/autograd/gradcheck.h>
#include <reel/reel.h>

#include "support/catch.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Part {
  const char* name;
  int64_t channels, outputs, height, width, stride, padding, groups;
};

const Part kParts[] = {
    {"Winograd", 20, 24, 13, 18, 1, 1, 1}, {"first layer", 3, 16, 14, 11, 1, 1, 1},
    {"strided", 8, 6, 15, 15, 2, 1, 1},    {"grouped", 8, 12, 9, 10, 1, 0, 2},
    {"depthwise", 6, 6, 12, 12, 1, 1, 6},
};

}  // namespace

TEST_CASE("fused convolutions have the values and gradients of their parts") {
  manual_seed(3);
  for (const Part& p : kParts) {
    for (const bool pool : {false, true}) {
      INFO(p.name << (pool ? ", pooled" : ""));
      const Tensor x = randn({2, p.channels, p.height, p.width}).requires_grad_();
      const Tensor w = randn({p.outputs, p.channels / p.groups, 3, 3}).requires_grad_();
      const Tensor b = randn({p.outputs}).requires_grad_();
      const Tensor fused =
          (pool ? conv2d_relu_max_pool2d : conv2d_relu)(x, w, b, p.stride, p.padding, 1, p.groups);
      Tensor parts = relu(conv2d(x, w, b, p.stride, p.padding, 1, p.groups));
      if (pool) parts = max_pool2d(parts, 2);
      CHECK(equal(fused, parts));
      const Tensor g = randn_like(fused);
      const auto ours = autograd::grad({fused}, {x, w, b}, {g});
      const auto theirs = autograd::grad({parts}, {x, w, b}, {g});
      CHECK(equal(ours[0], theirs[0]));
      CHECK(equal(ours[1], theirs[1]));
      CHECK(allclose(ours[2], theirs[2], 1e-5, 1e-5));  // sums in another order
    }
  }
}

TEST_CASE("fused convolutions have gradients of every order") {
  manual_seed(4);
  // Kinks are where a value is 0 or two of a window are equal: random numbers are not.
  const auto inputs = [] {
    const auto options = TensorOptions(kDouble).requires_grad(true);
    return std::vector<Tensor>{randn({1, 2, 5, 6}, options), randn({3, 2, 3, 3}, options),
                               randn({3}, options)};
  };
  for (const auto function : {conv2d_relu, conv2d_relu_max_pool2d}) {
    const auto call = [&](const std::vector<Tensor>& x) {
      return std::vector<Tensor>{function(x[0], x[1], x[2], 1, 1, 1, 1)};
    };
    CHECK(autograd::gradcheck(call, inputs()));
    CHECK(autograd::gradgradcheck(call, inputs()));
  }
}

TEST_CASE("fused convolutions report what does not fit") {
  const Tensor x = randn({1, 2, 3, 3});
  const Tensor w = randn({4, 2, 3, 3});
  CHECK_THROWS_WITH(conv2d_relu_max_pool2d(x, w), ContainsSubstring("smaller than the window"));
  CHECK_THROWS_WITH(conv2d_relu(x, w, randn({3})), ContainsSubstring("conv2d_relu: "));
  CHECK_THROWS_WITH(conv2d_relu(randn({1, 3, 8, 8}), w), ContainsSubstring("channels"));
}

TEST_CASE("Sequential computes a convolution, its ReLU and 2x2 pooling as one op") {
  manual_seed(5);
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(3, 16, 3).padding(1)), nn::ReLU(),
                     nn::Conv2d(nn::Conv2dOptions(16, 16, 3).padding(1)), nn::ReLU(),
                     nn::MaxPool2d(2), nn::Conv2d(16, 4, 3), nn::Tanh(),
                     nn::Conv2d(nn::Conv2dOptions(4, 4, 3).padding(1)), nn::ReLU(),
                     nn::MaxPool2d(nn::MaxPool2dOptions(2).ceil_mode(true)));
  const Tensor x = randn({1, 3, 12, 14}).requires_grad_();
  const Tensor y = net->forward(x);
  Tensor parts = x;
  for (const auto& module : *net) parts = nn::AnyModule(module).forward(parts);
  CHECK(equal(y, parts));

  const std::string tape = tape::dump(y);
  INFO(tape);
  const auto count = [&](const std::string& op) {
    size_t found = 0;
    for (size_t at = tape.find(op); at != std::string::npos; at = tape.find(op, at + 1)) ++found;
    return found;
  };
  CHECK(count(" conv2d_relu(") == 2);
  CHECK(count(" conv2d_relu_max_pool2d(") == 1);
  CHECK(count(" conv2d(") == 1);
  CHECK(count(" relu(") == 0);
  CHECK(count(" max_pool2d(") == 1);  // rounds up, which the fused one does not
}
