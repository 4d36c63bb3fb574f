#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops/pool.h>
#include <reel/tensor/ops/window.h>

namespace reel {
namespace ops {
namespace {

/// Results of pooling lie in memory as the input does.
MemoryFormat format_of(const Tensor& x) {
  return !x.is_contiguous() && x.is_contiguous(MemoryFormat::ChannelsLast)
             ? MemoryFormat::ChannelsLast
             : MemoryFormat::Contiguous;
}

Windows windows_of(const PoolAttrs& attrs, IntArrayRef output) {
  return {{output[2], output[3]}, attrs.stride, attrs.dilation};
}

int64_t count_windows(const PoolAttrs& attrs, size_t axis, int64_t size) {
  return ops::count_windows(size, attrs.kernel_size[axis], attrs.stride[axis], attrs.padding[axis],
                            attrs.dilation[axis], attrs.ceil_mode);
}

/// With dilation a window may step over a small picture and see only padding.
bool sees_nothing(const PoolAttrs& attrs, size_t axis, int64_t size, int64_t count) {
  for (int64_t o = 0; attrs.dilation[axis] > 1 && o < count; ++o) {
    int64_t k = 0;
    int64_t at = o * attrs.stride[axis] - attrs.padding[axis];
    for (; at < 0; at += attrs.dilation[axis]) ++k;
    if (k >= attrs.kernel_size[axis] || at >= size) return true;
  }
  return false;
}

/// The checks of pooling; returns the sizes of the result.
Shape output_sizes(const char* op, const PoolAttrs& attrs, const Tensor& x) {
  if (x.dim() != 4 || x.size(1) == 0 || x.size(2) == 0 || x.size(3) == 0) {
    fail(
        "{}: Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
        "got:{}",
        op, x.sizes());
  }
  check_window(op, attrs.kernel_size, attrs.stride, attrs.padding, attrs.dilation);
  for (size_t a = 0; a < 2; ++a) {
    if (attrs.padding[a] > attrs.kernel_size[a] / 2) {
      fail("{}: pad should be at most half of kernel size, but got pad={} and kernel_size={}", op,
           attrs.padding[a], attrs.kernel_size[a]);
    }
  }
  const int64_t h = count_windows(attrs, 0, x.size(2));
  const int64_t w = count_windows(attrs, 1, x.size(3));
  if (h < 1 || w < 1) {
    fail(
        "{}: Given input size: ({}x{}x{}). Calculated output size: ({}x{}x{}). Output size is too "
        "small",
        op, x.size(1), x.size(2), x.size(3), x.size(1), h, w);
  }
  if (sees_nothing(attrs, 0, x.size(2), h) || sees_nothing(attrs, 1, x.size(3), w)) {
    fail("{}: with dilation {} a window of {} sees only padding of an input of {}", op,
         IntArrayRef(attrs.dilation), IntArrayRef(attrs.kernel_size), x.sizes());
  }
  return {x.size(0), x.size(1), h, w};
}

/// The position h * W + w of every element of every window, [Kh * Kw, Ho * Wo]. Where a window
/// reaches into padding it sees its first element of the picture once more, which changes neither
/// its maximum nor which of equals is the first.
Tensor window_positions(const PoolAttrs& attrs, IntArrayRef input, IntArrayRef output) {
  const auto inside = [&](size_t axis, int64_t o, int64_t k) {
    int64_t at = o * attrs.stride[axis] - attrs.padding[axis];
    const int64_t first = at < 0 ? (-at + attrs.dilation[axis] - 1) / attrs.dilation[axis] : 0;
    const int64_t start = at + first * attrs.dilation[axis];
    at += k * attrs.dilation[axis];
    return at < 0 || at >= input[axis + 2] ? start : at;
  };
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < attrs.kernel_size[0]; ++i) {
    for (int64_t j = 0; j < attrs.kernel_size[1]; ++j) {
      for (int64_t h = 0; h < output[2]; ++h) {
        for (int64_t w = 0; w < output[3]; ++w) {
          positions.push_back(inside(0, h, i) * input[3] + inside(1, w, j));
        }
      }
    }
  }
  return tensor(positions, TensorOptions(kLong).device(Device(kCPU)))
      .view({attrs.kernel_size[0] * attrs.kernel_size[1], output[2] * output[3]});
}

Shape plane_sizes(const Tensor& x) { return {x.size(0), x.size(1), x.size(2) * x.size(3)}; }

}  // namespace

void MaxPool2d::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  if (is_complex(x.dtype())) fail("max_pool2d: not implemented for {}", x.dtype());
  const Shape sizes = output_sizes(name, *this, x);
  call.out(sizes, x.dtype(), format_of(x));
  call.out(sizes, kLong, format_of(x));
}

void MaxPool2d::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Shape output = output_sizes(name, *this, x);
  const int64_t n = x.size(0);
  const int64_t c = x.size(1);
  const Tensor plane = x.reshape(plane_sizes(x));
  const Tensor positions = window_positions(*this, x.sizes(), output).to(x.device());
  const Tensor seen = plane.index_select(2, positions.reshape({-1}))
                          .reshape({n, c, positions.size(0), positions.size(1)});
  const Tensor winner =
      n == 0 ? zeros({0, c, 1, positions.size(1)}, positions.options()) : seen.argmax(2, true);
  const Tensor indices = positions.expand(seen.sizes()).gather(2, winner).squeeze(2);
  call.set(0, plane.gather(2, indices).reshape(output));
  call.set(1, indices.reshape(output));
}

void MaxPool2d::backward(Replay& call) const {
  const IntArrayRef sizes = call.in_sizes(0);
  call.set(0, apply(MaxPool2dGrad{*this, {sizes[2], sizes[3]}}, call.grad(), call.out(1)));
}

void MaxPool2dGrad::infer(Infer& call) const {
  const Tensor& g = call.in(0);
  const Tensor& indices = call.in(1);
  if (g.dim() != 4 || g.sizes() != indices.sizes() || indices.dtype() != kLong) {
    fail("{}: expected a gradient and int64 indices of one 4-d shape, got {} and {} {}", name,
         g.sizes(), indices.dtype(), indices.sizes());
  }
  call.out({g.size(0), g.size(1), input_size[0], input_size[1]}, g.dtype(), format_of(g));
}

void MaxPool2dGrad::compose(Compose& call) const {
  const Tensor& g = call.in(0);
  const Shape sizes = {g.size(0), g.size(1), input_size[0], input_size[1]};
  const Tensor dx =
      zeros({sizes[0], sizes[1], sizes[2] * sizes[3]}, g.options())
          .scatter_add(2, call.in(1).reshape(plane_sizes(g)), g.reshape(plane_sizes(g)));
  call.set(0, dx.view(sizes));
}

void MaxPool2dGrad::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor indices = call.in(1);
  call.set(0, g.reshape(plane_sizes(g))
                  .gather(2, indices.reshape(plane_sizes(indices)))
                  .reshape(indices.sizes()));
}

namespace {

/// 1 / divisor of every window, [Ho, Wo].
template <class Op>
Tensor weights_of(const Op& op, IntArrayRef input, IntArrayRef output, const Tensor& like) {
  const auto covered = [&](size_t axis, int64_t o) {
    const int64_t size = input[axis + 2];
    const int64_t start = o * op.stride[axis] - op.padding[axis];
    const int64_t end = std::min(start + op.kernel_size[axis], size + op.padding[axis]);
    return op.count_include_pad ? end - start : std::min(end, size) - std::max<int64_t>(start, 0);
  };
  std::vector<double> weights;
  for (int64_t h = 0; h < output[2]; ++h) {
    for (int64_t w = 0; w < output[3]; ++w) {
      const int64_t count =
          op.divisor_override != 0 ? op.divisor_override : covered(0, h) * covered(1, w);
      weights.push_back(1.0 / static_cast<double>(count));
    }
  }
  return tensor(weights, TensorOptions(kDouble).device(Device(kCPU)))
      .view({output[2], output[3]})
      .to(like.options());
}

void check_floating(const char* op, const Tensor& x) {
  if (!x.is_floating_point()) {
    fail("{}: expected a floating-point input, got {}", op, x.dtype());
  }
}

}  // namespace

void AvgPool2d::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  check_floating(name, x);
  call.out(output_sizes(name, *this, x), x.dtype(), format_of(x));
}

void AvgPool2d::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Shape output = output_sizes(name, *this, x);
  const Windows windows = windows_of(*this, output);
  const Tensor padded = windows.pad(x, kernel_size, padding);
  Tensor sum;
  for (int64_t i = 0; i < kernel_size[0]; ++i) {
    for (int64_t j = 0; j < kernel_size[1]; ++j) {
      const Tensor seen = windows.at(padded, i, j);
      sum = sum.defined() ? sum + seen : seen;
    }
  }
  call.set(0, sum * weights_of(*this, x.sizes(), output, x));
}

void AvgPool2d::backward(Replay& call) const {
  const IntArrayRef sizes = call.in_sizes(0);
  call.set(0, apply(AvgPool2dGrad{*this, count_include_pad, divisor_override, {sizes[2], sizes[3]}},
                    call.grad()));
}

void AvgPool2dGrad::infer(Infer& call) const {
  const Tensor& g = call.in(0);
  check_floating(name, g);
  if (g.dim() != 4 || g.size(2) != count_windows(*this, 0, input_size[0]) ||
      g.size(3) != count_windows(*this, 1, input_size[1])) {
    fail("{}: a window of {} on a picture of {} does not give the gradient's shape {}", name,
         IntArrayRef(kernel_size), IntArrayRef(input_size), g.sizes());
  }
  call.out({g.size(0), g.size(1), input_size[0], input_size[1]}, g.dtype(), format_of(g));
}

void AvgPool2dGrad::compose(Compose& call) const {
  const Tensor& g = call.in(0);
  const Shape sizes = {g.size(0), g.size(1), input_size[0], input_size[1]};
  const Windows windows = windows_of(*this, g.sizes());
  const Pair padded = windows.padded_size(input_size, kernel_size, padding);
  const Tensor share = g * weights_of(*this, sizes, g.sizes(), g);
  const Tensor dx = zeros({sizes[0], sizes[1], padded[0], padded[1]}, g.options());
  for (int64_t i = 0; i < kernel_size[0]; ++i) {
    for (int64_t j = 0; j < kernel_size[1]; ++j) windows.at(dx, i, j).add_(share);
  }
  call.set(0, dx.narrow(2, padding[0], sizes[2]).narrow(3, padding[1], sizes[3]));
}

void AvgPool2dGrad::backward(Replay& call) const {
  AvgPool2d op{*this, count_include_pad, divisor_override};
  call.set(0, apply(op, call.grad()));
}

}  // namespace ops
}  // namespace reel
