// The fused convolutions of every instruction set against their parts, bit for bit: the same sums
// in the same order, only the passes over memory are fewer.

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/conv_relu.h>
#include <reel/tensor/ops/pool.h>
#include <reel/tensor/random.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;
using test::Sizes;

struct Case {
  int64_t images, channels, height, width, outputs, padding;

  int64_t out(int64_t size) const { return size + 2 * padding - 2; }
  Sizes x() const { return {images, channels, height, width}; }
  Sizes weight() const { return {outputs, channels, 3, 3}; }
  Sizes y() const { return {images, outputs, out(height), out(width)}; }
  Sizes pooled() const { return {images, outputs, out(height) / 2, out(width) / 2}; }
  template <class Op>
  Op op() const {
    Op op;
    op.padding = {padding, padding};
    if constexpr (requires { op.input_size; }) op.input_size = {height, width};
    return op;
  }
};

const Case kCases[] = {
    {2, 16, 8, 8, 32, 1},    // whole vectors and tiles
    {1, 20, 19, 22, 36, 2},  // cut ones, an odd height
    {1, 48, 31, 30, 80, 0},  // several blocks; odd sizes of the gradient's tiles
    {1, 300, 7, 9, 300, 1},  // staged
    {1, 16, 42, 48, 32, 1},  // tiles of 6x6
    {1, 20, 45, 49, 36, 2},  //   cut ones, odd sizes
    {2, 33, 47, 48, 17, 0},  //   two images, no padding
    {3, 16, 26, 28, 32, 1},  //   at fewer points, of which 2 and 4 outputs are left
    {3, 33, 30, 21, 17, 0},  //   4 and 1, no padding
};

void fill(Array& array, double low, double high) {
  static std::mt19937 generator(5);
  array.random(generator, low, high);
}

// Sets what is not above 0 in y to 0; in the gradient g, if given, too.
void plain_relu(const View& y, const View* g = nullptr) {
  for (int64_t i = 0; i < y.numel; ++i) {
    if (y.as<float>()[i] > 0) continue;
    (g != nullptr ? *g : y).as<float>()[i] = 0;
  }
}

template <class T>
bool equal(const View& a, const View& b) {
  for (int64_t i = 0; i < a.numel; ++i) {
    if (a.as<T>()[i] != b.as<T>()[i]) return false;
  }
  return true;
}

// Winners from the pooled values and the positions of max_pool2d.
void plain_winners(const View& values, const View& positions, int64_t width, const View& winners) {
  for (int64_t i = 0; i < values.numel; ++i) {
    const int64_t at = positions.as<int64_t>()[i];
    const int64_t number = at / width % 2 * 2 + at % width % 2;
    winners.as<uint8_t>()[i] =
        values.as<float>()[i] > 0 ? static_cast<uint8_t>(number) : ops::Conv2dReluPool::kNoWinner;
  }
}

}  // namespace

TEST_CASE("conv2d_relu and its gradient are the bits of their parts") {
  constexpr auto kLayout = MemoryLayout::ChannelsLast;
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  cases.push_back({2, 3, 33, 30, 64, 1});  // an image, whose gradient has few channels
  for (const Case& size : cases) {
    Array x(size.x(), kFloat, kLayout), weight(size.weight(), kFloat), bias({size.outputs}, kFloat);
    Array g(size.y(), kFloat, kLayout), y(g), fused_y(g), dx(x), fused_dx(x);
    for (Array* array : {&x, &weight, &bias, &g}) fill(*array, -1, 1);
    for (const auto& isa : test::isa_kernels()) {
      INFO(isa.name << ", case " << &size - cases.data());
      const auto plain = size.op<ops::Conv2d>();
      const auto fused = size.op<ops::Conv2dRelu>();
      const std::vector<View> inputs{x.view(), weight.view(), bias.view()};
      REQUIRE(isa.run("conv2d", inputs, {y.view()}, &plain) == "");
      REQUIRE(isa.run("conv2d_relu", inputs, {fused_y.view()}, &fused) == "");
      plain_relu(y.view());
      CHECK(equal<float>(fused_y.view(), y.view()));

      Array gated = g;
      const View gated_view = gated.view();
      plain_relu(y.view(), &gated_view);
      const auto plain_grad = size.op<ops::Conv2dInputGrad>();
      const auto fused_grad = size.op<ops::Conv2dReluInputGrad>();
      REQUIRE(isa.run("conv2d_input_grad", {gated_view, weight.view()}, {dx.view()}, &plain_grad) ==
              "");
      const std::string refused =
          isa.run("conv2d_relu_input_grad", {g.view(), weight.view(), y.view()}, {fused_dx.view()},
                  &fused_grad);
      // Three channels are not few to a vector of four.
      if (size.channels == 3 && isa.name == "baseline" && !refused.empty()) continue;
      REQUIRE(refused == "");
      CHECK(equal<float>(fused_dx.view(), dx.view()));
    }
  }
}

TEST_CASE("conv2d_relu_max_pool2d and its gradient are the bits of their parts") {
  constexpr auto kLayout = MemoryLayout::ChannelsLast;
  for (const Case& size : kCases) {
    Array x(size.x(), kFloat, kLayout), weight(size.weight(), kFloat), bias({size.outputs}, kFloat);
    Array y(size.y(), kFloat, kLayout), full(y), dx(x), fused_dx(x);
    Array g(size.pooled(), kFloat, kLayout), pooled(g), fused_pooled(g);
    Array positions(size.pooled(), kLong, kLayout), winners(size.pooled(), kByte, kLayout),
        fused_winners(winners);
    for (Array* array : {&x, &weight, &bias, &g}) fill(*array, -1, 1);
    ops::MaxPool2d pool;
    pool.kernel_size = pool.stride = {2, 2};
    ops::MaxPool2dGrad pool_grad;
    pool_grad.kernel_size = pool_grad.stride = {2, 2};
    pool_grad.input_size = {size.out(size.height), size.out(size.width)};
    for (const auto& isa : test::isa_kernels()) {
      INFO(isa.name << ", case " << &size - kCases);
      const auto plain = size.op<ops::Conv2d>();
      const auto fused = size.op<ops::Conv2dReluPool>();
      const std::vector<View> inputs{x.view(), weight.view(), bias.view()};
      REQUIRE(isa.run("conv2d", inputs, {y.view()}, &plain) == "");
      plain_relu(y.view());
      REQUIRE(isa.run("max_pool2d", {y.view()}, {pooled.view(), positions.view()}, &pool) == "");
      plain_winners(pooled.view(), positions.view(), size.out(size.width), winners.view());
      REQUIRE(isa.run("conv2d_relu_max_pool2d", inputs, {fused_pooled.view(), fused_winners.view()},
                      &fused) == "");
      CHECK(equal<float>(fused_pooled.view(), pooled.view()));
      CHECK(equal<uint8_t>(fused_winners.view(), winners.view()));

      REQUIRE(isa.run("max_pool2d_grad", {g.view(), positions.view()}, {full.view()}, &pool_grad) ==
              "");
      const View full_view = full.view();
      plain_relu(y.view(), &full_view);
      const auto plain_grad = size.op<ops::Conv2dInputGrad>();
      const auto fused_grad = size.op<ops::Conv2dReluPoolInputGrad>();
      REQUIRE(isa.run("conv2d_input_grad", {full_view, weight.view()}, {dx.view()}, &plain_grad) ==
              "");
      REQUIRE(isa.run("conv2d_relu_max_pool2d_input_grad",
                      {g.view(), weight.view(), winners.view()}, {fused_dx.view()},
                      &fused_grad) == "");
      CHECK(equal<float>(fused_dx.view(), dx.view()));
    }
  }
}

TEST_CASE("A convolution's result that is too large for the caches is the bits of its halves") {
  const NoGradGuard guard;
  const Tensor x = randn({1, 16, 516, 520}), weight = randn({32, 16, 3, 3}), bias = randn({32});
  const auto whole = [&](const Tensor& part) { return conv2d_relu(part, weight, bias, 1, 1); };
  const Tensor y = whole(x);
  REQUIRE(y.numel() * int64_t{sizeof(float)} > int64_t{32} << 20);
  // Rows of tiles of 6x6 that both have, and whose pixels lie inside.
  constexpr int64_t kSplit = 43 * 6;
  const Tensor upper = whole(x.narrow(2, 0, kSplit + 2));
  const Tensor lower = whole(x.narrow(2, kSplit - 6, 516 - kSplit + 6));
  CHECK(equal(y.narrow(2, 0, kSplit), upper.narrow(2, 0, kSplit)));
  CHECK(equal(y.narrow(2, kSplit, 516 - kSplit), lower.narrow(2, 6, 516 - kSplit)));
}
