#include <cmath>
#include <limits>
#include <memory>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

/// The integer type in which a quantised type is stored.
ScalarType stored_type(ScalarType type) { return type == kQInt8 ? kChar : kShort; }

const QuantParams& params_of(const char* op, const Tensor& tensor) {
  if (!is_quantized(tensor.dtype()) || tensor.impl()->quant == nullptr) {
    fail("{}: expected a quantised tensor, got {}", op, tensor.dtype());
  }
  return *tensor.impl()->quant;
}

/// The same memory read as another type of the same size.
Tensor reinterpreted(const Tensor& tensor, ScalarType type) {
  const TensorImpl& from = *tensor.impl();
  return Tensor(IntrusivePtr<TensorImpl>::adopt(
      new TensorImpl(from.storage, type, from.sizes, from.strides, from.offset)));
}

}  // namespace

double Tensor::q_scale() const { return params_of("q_scale", *this).scale; }

int64_t Tensor::q_zero_point() const { return params_of("q_zero_point", *this).zero_point; }

Tensor Tensor::int_repr() const {
  params_of("int_repr", *this);
  return reinterpreted(*this, stored_type(dtype())).clone();
}

Tensor Tensor::dequantize() const {
  const QuantParams& params = params_of("dequantize", *this);
  const NoGradGuard no_grad;
  Tensor values = reinterpreted(*this, stored_type(dtype())).to(kFloat);
  values.sub_(params.zero_point);
  return values.mul_(params.scale);
}

Tensor quantize_per_tensor(const Tensor& self, double scale, int64_t zero_point, ScalarType dtype) {
  if (self.dtype() != kFloat) {
    fail("quantize_per_tensor: expected a Float tensor, got {}", self.dtype());
  }
  if (!is_quantized(dtype)) {
    fail("quantize_per_tensor: expected dtype QInt8 or QInt16, got {}", dtype);
  }
  if (!(scale > 0) || !std::isfinite(scale) || static_cast<float>(scale) == 0) {
    fail("quantize_per_tensor: expected a positive scale, got {}", scale);
  }
  const int64_t lowest =
      dtype == kQInt8 ? std::numeric_limits<int8_t>::min() : std::numeric_limits<int16_t>::min();
  const int64_t highest = -lowest - 1;
  if (zero_point < lowest || zero_point > highest) {
    fail("quantize_per_tensor: expected a zero point of [{}, {}], got {}", lowest, highest,
         zero_point);
  }
  // A product with the inverse, rounded half to even, as in PyTorch.
  const NoGradGuard no_grad;
  const float inverse = 1.0f / static_cast<float>(scale);
  Tensor values = self.detach().mul(inverse).round_();
  values.add_(zero_point).clamp_(lowest, highest);
  values.masked_fill_(values.isnan(), lowest);
  Tensor result = reinterpreted(values.to(stored_type(dtype)), dtype);
  result.impl()->quant = std::make_unique<QuantParams>(QuantParams{scale, zero_point});
  return result;
}

}  // namespace reel
