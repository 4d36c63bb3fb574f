#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/int8.h>

namespace reel {
namespace ops {

// In the words of PyTorch's _int_mm.
void IntMm::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  if (a.dim() != 2) fail("{}: Expected self to be of dimension 2 but got {}", name, a.dim());
  if (b.dim() != 2) fail("{}: Expected mat2 to be of dimension 2 but got {}", name, b.dim());
  if (a.size(1) != b.size(0)) {
    fail("{}: self.size(1) needs to match mat2.size(0) but got {} and {}", name, a.size(1),
         b.size(0));
  }
  if (a.dtype() != kChar) fail("{}: Expected self dtype to be Char but got {}", name, a.dtype());
  if (b.dtype() != kChar) fail("{}: Expected mat2 dtype to be Char but got {}", name, b.dtype());
  call.out({a.size(0), b.size(1)}, kInt);
}

void IntMm::compose(Compose& call) const {
  call.set(0, mm(call.in(0).to(kInt), call.in(1).to(kInt)));
}

void Int8Linear::infer(Infer& call) const {
  const auto expect = [&](int i, const char* what, ScalarType dtype) {
    const Tensor& t = call.in(i);
    if (t.dtype() != dtype) fail("{}: expected {} of {}, got {}", name, what, dtype, t.dtype());
  };
  expect(0, "an input", kChar);
  expect(1, "a weight", kChar);
  expect(2, "an input_scale", kFloat);
  const Tensor& x = call.in(0);
  const Tensor& weight = call.in(1);
  if (weight.dim() != 2 || weight.size(1) != x.size(1)) {
    fail("{}: expected a weight [N, {}] for an input of {} features, got {}", name, x.size(1),
         x.size(1), weight.sizes());
  }
  const int64_t outputs = weight.size(0);
  const auto expect_per_output = [&](int i, const char* what) {
    expect(i, what, kFloat);
    const Tensor& t = call.in(i);
    if (t.dim() == 1 && t.size(0) == outputs) return;
    fail("{}: expected {} [{}] for weight {}, got {}", name, what, outputs, weight.sizes(),
         t.sizes());
  };
  expect_per_output(3, "a weight_scale");
  if (call.has(4)) expect_per_output(4, "a bias");
  call.out({x.size(0), outputs}, kFloat);
}

void Int8Linear::compose(Compose& call) const {
  const Tensor sums = _int_mm(call.in(0), call.in(1).t()).to(kFloat);
  const Tensor product = sums * (call.in(2).unsqueeze(1) * call.in(3));
  call.set(0, call.has(4) ? product + call.in(4) : product);
}

}  // namespace ops

Tensor _int_mm(const Tensor& self, const Tensor& mat2) {
  return ops::apply(ops::IntMm{}, self, mat2);
}

Tensor int8_linear(const Tensor& input, const Tensor& weight, const Tensor& input_scale,
                   const Tensor& weight_scale, const Tensor& bias) {
  if (input.dim() < 1) fail("int8_linear: expected an input [..., K], got shape {}", input.sizes());
  Shape sizes(input.sizes().slice(0, static_cast<size_t>(input.dim()) - 1));
  if (input_scale.numel() != 1 && !(input_scale.sizes() == IntArrayRef(sizes))) {
    fail("int8_linear: expected an input_scale of one element or {} for input {}, got {}",
         IntArrayRef(sizes), input.sizes(), input_scale.sizes());
  }
  const Tensor rows = input.reshape({numel_of(sizes), input.size(-1)});
  const Tensor result =
      ops::apply(ops::Int8Linear{}, rows, weight, input_scale.reshape({-1}), weight_scale, bias);
  sizes.push_back(result.size(1));
  return result.view(sizes);
}

}  // namespace reel
