#include <limits>

#include <reel/backends/mlu/runtime/trace.h>

#include "backend_support.h"

using namespace mlu_test;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const Function kAdd = [](const Tensors& x) { return x[0] + x[1]; };
const Function kFormula = [](const Tensors& x) { return 1 / (1 + (-x[0] * x[1]).exp()); };

}  // namespace

TEST_CASE("elementwise kernels: one formula for numbers and tiles") {
  const std::vector<std::vector<int64_t>> shapes = {{},    {1},       {5},       {0, 3},
                                                    {128}, {3, 4, 5}, {257, 33}, {150001}};
  for (const std::vector<int64_t>& sizes : shapes) {
    CAPTURE(sizes);
    check_native(kFormula, {wave(sizes), wave(sizes, 0.9)}, true);
  }
}

TEST_CASE("elementwise kernels: operands of other layouts") {
  const Tensor a = wave({2, 3, 4, 5}), b = wave({2, 3, 4, 5}, 0.7);
  check_native(kAdd, {a, b.transpose(1, 3).contiguous().transpose(1, 3)});
  check_native(kAdd, {a.contiguous(reel::MemoryFormat::ChannelsLast), b});
  check_native(kAdd, {a.slice(3, 1, 5, 2), b.slice(3, 0, 4, 2)});
  check_native(kAdd, {a, wave({5})});
  check_native(kAdd, {a, wave({3, 1, 1})}, true);
  check_native(kAdd, {a, wave({})}, true);
  check_native(kAdd, {wave({}), b});
  check_native(kAdd, {wave({40, 1}), wave({1, 70})}, true);
}

TEST_CASE("elementwise kernels: operands that repeat") {
  const Tensor a = wave({130, 7, 5});
  check_native(kAdd, {a, wave({7, 5})}, true);
  check_native(kAdd, {wave({5}), a});
  check_native(kAdd, {wave({30, 4096}), wave({4096})});
  check_native(kAdd, {wave({3, 5000}), wave({5000})});
  check_native(kAdd, {a.to(reel::kHalf), wave({5}).to(reel::kHalf)});
  check_native(kAdd, {(a * 100).to(reel::kLong), reel::arange(0, 5)});
  check_native([](const Tensors& x) { return x[0].addcmul(x[1], x[2]); },
               {a, wave({7, 5}), wave({5})});
  check_native(
      [](const Tensors& x) { return reel::where(x[1] > 0, x[0], x[2]); },
      {(a * 100).to(reel::kInt), wave({5}), reel::arange(0, 35).view({7, 5}).to(reel::kInt)});
}

TEST_CASE("elementwise kernels: in place, also where the target is no block") {
  check_native(
      [](const Tensors& x) {
        Tensor y = x[0].clone();
        y.slice(1, 1, 4).add_(x[1]).mul_(2);
        y.select(0, 0).fill_(3);
        y.t().narrow(0, 0, 1).zero_();
        return y.relu_();
      },
      {wave({6, 5}), wave({6, 3})});
}

TEST_CASE("elementwise kernels: special values") {
  const Tensor x =
      reel::tensor({kNan, kInf, -kInf, 0.0, -0.0, 1.0, -1.0, 1e30, -1e30, 3e-39}, reel::kDouble)
          .to(reel::kFloat);
  const Tensor y = x.flip(0);
  using Unary = Tensor (*)(const Tensor&);
  for (const Unary f : std::initializer_list<Unary>{
           [](const Tensor& t) { return t.relu(); }, [](const Tensor& t) { return t.clamp(-1, 2); },
           [](const Tensor& t) { return t.abs(); }, [](const Tensor& t) { return t.sign(); },
           [](const Tensor& t) { return t.sigmoid(); }, [](const Tensor& t) { return t.tanh(); },
           [](const Tensor& t) { return t.exp(); }, [](const Tensor& t) { return t.sqrt(); },
           [](const Tensor& t) { return t.log(); }, [](const Tensor& t) { return t.round(); },
           [](const Tensor& t) { return t.pow(2); }, [](const Tensor& t) { return t.pow(1.7); },
           [](const Tensor& t) { return t.isfinite(); }}) {
    check([&](const Tensors& in) { return f(in[0]); }, {x});
  }
  check_native([](const Tensors& in) { return reel::maximum(in[0], in[1]); }, {x, y});
  check_native([](const Tensors& in) { return reel::minimum(in[0], in[1]); }, {x, y});
  check_native([](const Tensors& in) { return in[0] / in[1]; }, {x, y});
  check_native([](const Tensors& in) { return in[0] < in[1]; }, {x, y});
  check_native([](const Tensors& in) { return in[0] == in[1]; }, {x, x});
  check_native([](const Tensors& in) { return reel::where(in[0] > 0, in[0], in[1]); }, {x, y});
}

TEST_CASE("elementwise kernels: ops that compute number by number") {
  const Tensor x = wave({300}), positive = wave({300}).abs() + 0.5;
  check_native([](const Tensors& in) { return in[0].acos(); }, {x * 0.8}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].lgamma(); }, {positive}, true, 1e-5);
  check_native([](const Tensors& in) { return reel::atan2(in[0], in[1]); }, {x, positive});
}

TEST_CASE("elementwise kernels: gradients of activations") {
  using Unary = Tensor (*)(const Tensor&);
  for (const Unary f : std::initializer_list<Unary>{
           [](const Tensor& t) { return t.relu(); }, [](const Tensor& t) { return t.tanh(); },
           [](const Tensor& t) { return t.sigmoid(); }, [](const Tensor& t) { return t.square(); },
           [](const Tensor& t) { return t.erf(); }, [](const Tensor& t) { return t.abs(); },
           [](const Tensor& t) { return t.exp(); },
           [](const Tensor& t) { return t.clamp(-0.5, 0.5); },
           [](const Tensor& t) { return (t * t + 0.1).sqrt(); },
           [](const Tensor& t) { return (t * t + 0.1).log(); },
           [](const Tensor& t) { return (t * t + 0.1).pow(1.5); }}) {
    check_native([&](const Tensors& in) { return f(in[0]); }, {wave({37, 41})}, true, 5e-6);
  }
}

TEST_CASE("elementwise kernels: three operands") {
  const Tensor a = wave({4, 9}), b = wave({4, 9}, 0.3), c = wave({9}, 0.8) + 2;
  check_native([](const Tensors& x) { return x[0].addcmul(x[1], x[2], 0.5); }, {a, b, c}, true);
  check_native([](const Tensors& x) { return x[0].addcdiv(x[1], x[2], 0.5); }, {a, b, c}, true);
  check_native([](const Tensors& x) { return x[0].lerp(x[1], x[2]); }, {a, b, c}, true);
}

TEST_CASE("elementwise kernels: halves are computed in float") {
  for (const reel::ScalarType dtype : {reel::kHalf, reel::kBFloat16}) {
    const Tensor a = wave({500}).to(dtype), b = wave({500}, 0.6).to(dtype);
    check_native([](const Tensors& x) { return x[0] * x[1] + x[0].sigmoid(); }, {a, b});
    check_native([](const Tensors& x) { return x[0] < x[1]; }, {a, b});
    check_native([](const Tensors& x) { return x[0] + x[1]; }, {a, b.narrow(0, 0, 1)});
  }
}

TEST_CASE("elementwise kernels: integers and Bool") {
  const Tensor a = reel::arange(0, 300) - 100, b = reel::arange(0, 300).flip(0);
  for (const reel::ScalarType dtype : {reel::kLong, reel::kInt}) {
    const Tensors in = {a.to(dtype), b.to(dtype)};
    check_native([](const Tensors& x) { return x[0] + x[1] * 3 - 1; }, in);
    check_native([](const Tensors& x) { return x[0] <= x[1]; }, in);
    check_native([](const Tensors& x) { return reel::where(x[0] < x[1], x[0], x[1]); }, in);
    check_native([](const Tensors& x) { return x[0].abs().clamp(3, 50); }, in);
  }
  check_native([](const Tensors& x) { return (x[0] > 0).logical_and(x[1] > 7); }, {a, b});
  check_native([](const Tensors& x) { return (x[0] > 0) | (x[1] > 7); }, {a, b});
  check_native([](const Tensors& x) { return reel::full_like(x[0], 7); }, {a, b});
}

TEST_CASE("elementwise kernels: a dtype without a kernel goes to the CPU") {
  check([](const Tensors& x) { return x[0] + x[1]; },
        {wave({7}).to(reel::kDouble), wave({7}).to(reel::kDouble)});
}

TEST_CASE("a number that met a tensor of the device is there when it comes again") {
  const auto fills = [](const std::function<void()>& work) {
    bang::clear_kernel_profiles();
    work();
    reel::mlu::device_time_us();
    int64_t launches = 0;
    for (const bang::KernelProfile& profile : bang::kernel_profiles()) {
      if (profile.kernel.starts_with("fill_all")) launches += profile.launches;
    }
    return launches;
  };
  const Tensor x = wave({9}).to(device());
  Tensor y = x;
  CHECK(fills([&] { y = x * 0.123; }) == 1);
  CHECK(fills([&] { y = (x * 0.123 + y * 0.123).mul_(0.123); }) == 0);
  CHECK(fills([&] { y = x.to(reel::kHalf) * 0.123; }) == 1);
  // Numbers are told apart by their bits.
  const Tensor one = reel::ones({1}, reel::TensorOptions(device()));
  CHECK((one / 0.0).item<double>() == kInf);
  CHECK((one / -0.0).item<double>() == -kInf);
  CHECK((one * kNan).isnan().item<bool>());
  // One that came first in InferenceMode may be saved for a gradient later.
  {
    const reel::InferenceMode inference;
    y = reel::ones({2}, reel::TensorOptions(device())) * 0.321;
  }
  Tensor leaf = wave({9}).to(device()).requires_grad_();
  (leaf * 0.321).sum().backward();
  CHECK(leaf.grad()[0].item<float>() == 0.321F);
  // More of them than are kept.
  for (int i = 0; i < 200; ++i) {
    REQUIRE((one * (i + 0.5)).item<double>() == i + 0.5);
  }
}
