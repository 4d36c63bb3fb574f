#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/shape.h>
#include <reel/tensor/scalar_cast.h>
#include <reel/tensor/visit.h>

namespace reel {
namespace ops {

void Copy::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  const ScalarType type = dtype == ScalarType::Undefined ? x.dtype() : dtype;
  if (is_quantized(type) || is_quantized(x.dtype())) {
    if (type != x.dtype()) {
      fail("copy: cannot cast {} to {}; use quantize_per_tensor and dequantize", x.dtype(), type);
    }
  }
  if (format == MemoryFormat::Preserve) {
    call.out_like(x, type);
  } else {
    if (format == MemoryFormat::ChannelsLast && x.dim() != 4) {
      fail("contiguous: required rank 4 tensor to use channels_last format, got {}", x.sizes());
    }
    call.out(x.sizes(), type, format);
  }
}

// set() casts back to the input's dtype.
void Copy::backward(Replay& call) const { call.set(0, call.grad()); }

void Fill::infer(Infer& call) const { call.out(sizes, dtype); }

}  // namespace ops

using namespace ops;

Tensor Tensor::clone(MemoryFormat format) const {
  Tensor result = apply(Copy{ScalarType::Undefined, format}, *this);
  if (const auto& quant = impl()->quant; quant != nullptr) {
    result.impl()->quant = std::make_unique<QuantParams>(*quant);
  }
  return result;
}

Tensor Tensor::contiguous(MemoryFormat format) const {
  if (format == MemoryFormat::Preserve) {
    fail("contiguous: preserve memory format is unsupported by the contiguous operator");
  }
  return is_contiguous(format) ? *this : clone(format);
}

Tensor Tensor::to(ScalarType type, bool /*non_blocking*/, bool copy) const {
  if (type == dtype()) return copy ? clone() : *this;
  return apply(Copy{type}, *this);
}

Tensor Tensor::to(Device target, bool /*non_blocking*/, bool copy) const {
  if (target == device()) return copy ? clone() : *this;
  return apply(ToDevice{target, device()}, *this);
}

Tensor Tensor::to(Device target, ScalarType type, bool non_blocking, bool copy) const {
  const Tensor moved = to(target, non_blocking, copy);
  return moved.to(type, non_blocking, copy && moved.is_same(*this));
}

Tensor Tensor::to(const TensorOptions& options, bool non_blocking, bool copy) const {
  return to(options.has_device() ? options.device() : device(),
            options.has_dtype() ? options.dtype() : dtype(), non_blocking, copy);
}

Tensor& Tensor::copy_(const Tensor& source, bool /*non_blocking*/) {
  if (source.is_same(*this)) return *this;
  Tensor from = source.device() == device() ? source : source.to(device());
  if (!(from.sizes() == sizes())) from = from.expand(sizes());
  apply_to(*this, Copy{dtype()}, from);
  return *this;
}

Tensor& Tensor::fill_(const Scalar& value) {
  if (!is_quantized(dtype())) {
    visit_dtype(dtype(), [&]<class T>() { checked_cast<T>("fill_", value); });
  }
  const Fill op{value, sizes(), dtype()};
  execute(info_of<Fill>(), &op, {}, this);
  return *this;
}

Tensor& Tensor::zero_() { return fill_(0); }

}  // namespace reel
