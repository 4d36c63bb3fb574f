#include <reel/tensor/check.h>
#include <reel/tensor/ops/conv.h>
#include <reel/tensor/ops/conv_sizes.h>
#include <reel/tensor/ops/window.h>

namespace reel {
namespace ops {
namespace {

Windows windows_of(const ConvAttrs& attrs, IntArrayRef output) {
  return {{output[2], output[3]}, attrs.stride, attrs.dilation};
}

void check_dtypes(const char* op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) {
    fail("{}: expected scalar type {} but found {}", op, a.dtype(), b.dtype());
  }
  if (a.dtype() == kBool) fail("{}: not implemented for Bool", op);
}

void check_rank4(const char* op, const char* what, const Tensor& x) {
  if (x.dim() != 4) fail("{}: expected {} of 4 dimensions, got {}", op, what, x.sizes());
}

/// What each window sees, as columns: [N, groups, C/groups * Kh * Kw, Ho * Wo].
Tensor columns(const ConvAttrs& attrs, const Tensor& x, const Pair& kernel, IntArrayRef output) {
  const Windows windows = windows_of(attrs, output);
  const Tensor padded = windows.pad(x, kernel, attrs.padding);
  std::vector<Tensor> seen;
  for (int64_t i = 0; i < kernel[0]; ++i) {
    for (int64_t j = 0; j < kernel[1]; ++j) seen.push_back(windows.at(padded, i, j));
  }
  return stack(seen, 2).reshape({x.size(0), attrs.groups,
                                 x.size(1) / attrs.groups * kernel[0] * kernel[1],
                                 output[2] * output[3]});
}

/// [N, O, Ho, Wo] as [N, groups, O/groups, Ho * Wo].
Tensor rows(const ConvAttrs& attrs, const Tensor& y) {
  return y.reshape({y.size(0), attrs.groups, y.size(1) / attrs.groups, y.size(2) * y.size(3)});
}

/// weight [O, C/groups, Kh, Kw] as [1, groups, O/groups, C/groups * Kh * Kw].
Tensor matrices(const ConvAttrs& attrs, const Tensor& w) {
  return w.reshape({1, attrs.groups, w.size(0) / attrs.groups, w.size(1) * w.size(2) * w.size(3)});
}

Pair size_of(IntArrayRef sizes) { return {sizes[2], sizes[3]}; }

}  // namespace

Pair conv_output_size(const char* op, const ConvAttrs& attrs, const Pair& input,
                      const Pair& kernel) {
  check_window(op, kernel, attrs.stride, attrs.padding, attrs.dilation);
  if (attrs.groups < 1) {
    fail("{}: non-positive groups is not supported, but got groups={}", op, attrs.groups);
  }
  Pair padded, extent, result;
  for (size_t a = 0; a < 2; ++a) {
    padded[a] = input[a] + 2 * attrs.padding[a];
    extent[a] = attrs.dilation[a] * (kernel[a] - 1) + 1;
    result[a] = (padded[a] - extent[a]) / attrs.stride[a] + 1;
  }
  if (padded[0] < extent[0] || padded[1] < extent[1]) {
    fail(
        "{}: Calculated padded input size per channel: ({} x {}). Kernel size: ({} x {}). Kernel "
        "size can't be greater than actual input size",
        op, padded[0], padded[1], extent[0], extent[1]);
  }
  return result;
}

Shape conv2d_sizes(const char* op, const ConvAttrs& attrs, const Tensor& x, const Tensor& w,
                   const Tensor* bias) {
  const int64_t groups = attrs.groups;
  if (x.dim() != 4) {
    fail("{}: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {}",
         op, x.sizes());
  }
  check_rank4(op, "a weight", w);
  const Pair output = conv_output_size(op, attrs, size_of(x.sizes()), size_of(w.sizes()));
  if (w.size(1) * groups != x.size(1)) {
    fail("{}: weight expects {} input channels, input has {} (input {}, weight {}{})", op,
         w.size(1) * groups, x.size(1), x.sizes(), w.sizes(),
         groups == 1 ? "" : fmt::format(", groups={}", groups));
  }
  if (w.size(0) % groups != 0) {
    fail(
        "{}: Given groups={}, expected weight to be divisible by {} at dimension 0, but got "
        "weight of size {} instead",
        op, groups, groups, w.sizes());
  }
  if (bias != nullptr && (bias->dim() != 1 || bias->size(0) != w.size(0))) {
    fail(
        "{}: Given weight of size {}, expected bias to be 1-dimensional with {} elements, but got "
        "bias of size {} instead",
        op, w.sizes(), w.size(0), bias->sizes());
  }
  return {x.size(0), w.size(0), output[0], output[1]};
}

void Conv2d::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  const Tensor* bias = call.has(2) ? &call.in(2) : nullptr;
  const Shape sizes = conv2d_sizes(name, *this, x, call.in(1), bias);
  check_dtypes(name, x, call.in(1));
  if (bias != nullptr) check_dtypes(name, x, *bias);
  call.out(sizes, x.dtype(), MemoryFormat::ChannelsLast);
}

void Conv2d::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Tensor& w = call.in(1);
  const Pair kernel = size_of(w.sizes());
  const Pair size = conv_output_size(name, *this, size_of(x.sizes()), kernel);
  const Shape output = {x.size(0), w.size(0), size[0], size[1]};
  Tensor y = matmul(matrices(*this, w), columns(*this, x, kernel, output)).reshape(output);
  if (call.has(2)) y = y + call.in(2).view({-1, 1, 1});
  call.set(0, y);
}

void Conv2d::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (call.needs(0)) {
    call.set(0, apply(Conv2dInputGrad{*this, size_of(call.in_sizes(0))}, g, conj(call.in(1))));
  }
  if (call.needs(1)) {
    call.set(1, apply(Conv2dWeightGrad{*this, size_of(call.in_sizes(1))}, g, conj(call.in(0))));
  }
  if (call.needs(2)) call.set(2, g.sum({0, 2, 3}));
}

Shape conv2d_input_grad_sizes(const char* op, const ConvAttrs& attrs, const Pair& input_size,
                              const Tensor& g, const Tensor& w) {
  const int64_t groups = attrs.groups;
  check_rank4(op, "a gradient", g);
  check_rank4(op, "a weight", w);
  const Pair output = conv_output_size(op, attrs, input_size, size_of(w.sizes()));
  if (g.size(1) != w.size(0) || size_of(g.sizes()) != output || w.size(0) % groups != 0) {
    fail(
        "{}: weight {} on a picture of {} with groups={} gives {} channels of {}, the gradient is "
        "{}",
        op, w.sizes(), IntArrayRef(input_size), groups, w.size(0), IntArrayRef(output), g.sizes());
  }
  return {g.size(0), w.size(1) * groups, input_size[0], input_size[1]};
}

void Conv2dInputGrad::infer(Infer& call) const {
  const Tensor &g = call.in(0), &w = call.in(1);
  const Shape sizes = conv2d_input_grad_sizes(name, *this, input_size, g, w);
  check_dtypes(name, g, w);
  call.out(sizes, g.dtype(), MemoryFormat::ChannelsLast);
}

void Conv2dInputGrad::compose(Compose& call) const {
  const Tensor& g = call.in(0);
  const Tensor& w = call.in(1);
  const Pair kernel = size_of(w.sizes());
  const Windows windows = windows_of(*this, g.sizes());
  const int64_t n = g.size(0);
  const int64_t channels = w.size(1) * groups;
  const Tensor seen = matmul(matrices(*this, w).transpose(2, 3), rows(*this, g))
                          .reshape({n, channels, kernel[0], kernel[1], g.size(2), g.size(3)});
  const Pair padded = windows.padded_size(input_size, kernel, padding);
  const Tensor dx = zeros({n, channels, padded[0], padded[1]}, g.options());
  for (int64_t i = 0; i < kernel[0]; ++i) {
    for (int64_t j = 0; j < kernel[1]; ++j) {
      windows.at(dx, i, j).add_(seen.select(2, i).select(2, j));
    }
  }
  call.set(0, dx.narrow(2, padding[0], input_size[0]).narrow(3, padding[1], input_size[1]));
}

// Each of the three is linear in both of its inputs, so the gradients are the other two.

void Conv2dInputGrad::backward(Replay& call) const {
  const Tensor g = call.grad();
  const ConvAttrs& attrs = *this;
  if (call.needs(0)) call.set(0, apply(Conv2d{attrs}, g, conj(call.in(1))));
  if (call.needs(1)) {
    call.set(1, apply(Conv2dWeightGrad{attrs, size_of(call.in_sizes(1))}, conj(call.in(0)), g));
  }
}

Shape conv2d_weight_grad_sizes(const char* op, const ConvAttrs& attrs, const Pair& kernel_size,
                               const Tensor& g, const Tensor& x) {
  const int64_t groups = attrs.groups;
  check_rank4(op, "a gradient", g);
  check_rank4(op, "an input", x);
  const Pair output = conv_output_size(op, attrs, size_of(x.sizes()), kernel_size);
  if (g.size(0) != x.size(0) || size_of(g.sizes()) != output || x.size(1) % groups != 0 ||
      g.size(1) % groups != 0) {
    fail(
        "{}: a kernel of {} with groups={} on an input {} gives pictures of {}, the gradient is "
        "{}",
        op, IntArrayRef(kernel_size), groups, x.sizes(), IntArrayRef(output), g.sizes());
  }
  return {g.size(1), x.size(1) / groups, kernel_size[0], kernel_size[1]};
}

void Conv2dWeightGrad::infer(Infer& call) const {
  const Tensor &g = call.in(0), &x = call.in(1);
  const Shape sizes = conv2d_weight_grad_sizes(name, *this, kernel_size, g, x);
  check_dtypes(name, g, x);
  call.out(sizes, g.dtype());
}

void Conv2dWeightGrad::compose(Compose& call) const {
  const Tensor& g = call.in(0);
  const Tensor& x = call.in(1);
  const Tensor seen = columns(*this, x, kernel_size, g.sizes());
  call.set(0, matmul(rows(*this, g), seen.transpose(2, 3))
                  .sum(0)
                  .reshape({g.size(1), x.size(1) / groups, kernel_size[0], kernel_size[1]}));
}

void Conv2dWeightGrad::backward(Replay& call) const {
  const Tensor g = call.grad();
  const ConvAttrs& attrs = *this;
  if (call.needs(0)) call.set(0, apply(Conv2d{attrs}, conj(call.in(1)), g));
  if (call.needs(1)) {
    call.set(1, apply(Conv2dInputGrad{attrs, size_of(call.in_sizes(1))}, conj(call.in(0)), g));
  }
}

}  // namespace ops
}  // namespace reel
