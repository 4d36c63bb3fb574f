#include <memory>

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

// set() casts back to the input's dtype. What was overwritten is input 1, if it was on the tape.
void Copy::backward(Replay& call) const {
  call.set(0, call.grad());
  if (call.needs(1)) call.set(1, zeros_like(call.grad()));
}

void Fill::infer(Infer& call) const { call.out(sizes, dtype); }
void Fill::backward(Replay& call) const { call.set(0, zeros_like(call.grad())); }

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

Tensor Tensor::to(ScalarType type, bool /*non_blocking*/, bool copy, MemoryFormat format) const {
  const bool lies_right = format == MemoryFormat::Preserve || is_contiguous(format);
  if (type == dtype() && lies_right) return copy ? clone(format) : *this;
  return apply(Copy{type, format}, *this);
}

Tensor Tensor::to(Device target, bool /*non_blocking*/, bool copy) const {
  if (target == device()) return copy ? clone() : *this;
  return apply(ToDevice{target, device()}, *this);
}

Tensor Tensor::to(Device target, ScalarType type, bool non_blocking, bool copy,
                  MemoryFormat format) const {
  const Tensor moved = to(target, non_blocking, /*copy=*/false);
  return moved.to(type, non_blocking, copy && moved.is_same(*this), format);
}

Tensor Tensor::to(const TensorOptions& options, bool non_blocking, bool copy,
                  MemoryFormat format) const {
  return to(options.has_device() ? options.device() : device(),
            options.has_dtype() ? options.dtype() : dtype(), non_blocking, copy, format);
}

Tensor& Tensor::copy_(const Tensor& source, bool /*non_blocking*/) {
  if (source.is_same(*this)) return *this;
  check_no_partial_overlap("copy_", *this, source);
  Tensor from = source.device() == device() ? source : source.to(device());
  if (!(from.sizes() == sizes())) from = from.expand(sizes());
  // A view's past is told by its base.
  if (GradMode::is_enabled() && requires_grad() && !is_view()) {
    apply_to(*this, Copy{dtype()}, from, *this);
  } else {
    apply_to(*this, Copy{dtype()}, from);
  }
  return *this;
}

Tensor& Tensor::fill_(const Scalar& value) {
  // Of elements that are one in memory, one is enough.
  for (int64_t d = 0; d < dim(); ++d) {
    if (size(d) < 2 || stride(d) != 0) continue;
    narrow(d, 0, 1).fill_(value);
    return *this;
  }
  if (!is_quantized(dtype())) {
    visit_dtype(dtype(), [&]<class T>() { checked_cast<T>("fill_", value); });
  }
  const Fill op{value, sizes(), dtype()};
  const bool recorded = GradMode::is_enabled() && requires_grad() && !is_view();
  execute_in_place(info_of<Fill>(), &op, {this, recorded ? size_t{1} : size_t{0}}, *this);
  return *this;
}

Tensor& Tensor::zero_() { return fill_(0); }

}  // namespace reel
