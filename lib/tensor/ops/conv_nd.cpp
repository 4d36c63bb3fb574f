// Convolutions of one, two and three dimensions, plain and transposed, by the two-dimensional ops.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/conv_relu.h>
#include <reel/tensor/ops/shape.h>
#include <reel/tensor/ops/window.h>

namespace reel {
namespace {

/// What a convolution of two dimensions goes on with.
enum class Then { Nothing, Relu, ReluMaxPool };

/// One value for each of the dimensions behind the channels.
struct Geometry {
  Shape stride;
  Shape padding;
  Shape dilation;
  Shape output_padding;
  bool transposed = false;
  int64_t groups = 1;
  Then then = Then::Nothing;
};

Shape expand(const char* op, const char* what, IntArrayRef values, size_t dims) {
  if (values.size() == 1) return Shape(dims, values[0]);
  if (values.size() == dims) return values;
  fail(
      "{}: expected {} to be a single integer value or a list of {} values to match the "
      "convolution dimensions, but got {}={}",
      op, what, dims, what, values);
}

/// "2 x 3 x 4".
std::string by(IntArrayRef sizes) { return fmt::format("{}", fmt::join(sizes, " x ")); }

bool any_below(IntArrayRef values, int64_t least) {
  return std::any_of(values.begin(), values.end(), [=](int64_t v) { return v < least; });
}

void check_numbers(const char* op, const Geometry& g) {
  if (any_below(g.padding, 0)) fail("{}: negative padding is not supported", op);
  if (any_below(g.output_padding, 0)) fail("{}: negative output_padding is not supported", op);
  if (any_below(g.stride, 1)) fail("{}: non-positive stride is not supported", op);
  if (any_below(g.dilation, 1)) {
    fail("{}: dilation should be greater than zero, but got {}", op, IntArrayRef(g.dilation));
  }
  if (g.groups < 1) fail("{}: non-positive groups is not supported", op);
  const auto check = [&](const char* what, IntArrayRef values) {
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;
    for (int64_t v : values) {
      if (v > kMost) fail("{}: {} is too large: {}", op, what, values);
    }
  };
  check("stride", g.stride);
  check("padding", g.padding);
  check("dilation", g.dilation);
  check("output_padding", g.output_padding);
}

void check_weight(const char* op, const Tensor& x, const Tensor& w, const Geometry& g) {
  if (x.dim() != w.dim()) {
    fail(
        "{}: Expected {}-dimensional input for {}-dimensional weight {}, but got {}-dimensional "
        "input of size {} instead",
        op, w.dim(), w.dim(), w.sizes(), x.dim(), x.sizes());
  }
  if (w.size(0) < g.groups) {
    fail(
        "{}: Given groups={}, expected weight to be at least {} at dimension 0, but got weight of "
        "size {} instead",
        op, g.groups, g.groups, w.sizes());
  }
  if (w.size(0) % g.groups != 0) {
    fail(
        "{}: Given groups={}, expected weight to be divisible by {} at dimension 0, but got weight "
        "of size [{}] instead",
        op, g.groups, g.groups, w.sizes());
  }
}

void check_channels(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias,
                    const Geometry& g) {
  const int64_t expected = g.transposed ? w.size(0) : w.size(1) * g.groups;
  const int64_t out = g.transposed ? w.size(1) * g.groups : w.size(0);
  const std::string given = g.transposed ? "transposed=1, " : fmt::format("groups={}, ", g.groups);
  if (x.size(1) != expected) {
    fail(
        "{}: Given {}weight of size {}, expected input{} to have {} channels, but got {} channels "
        "instead",
        op, given, w.sizes(), x.sizes(), expected, x.size(1));
  }
  if (bias.defined() && (bias.dim() != 1 || bias.size(0) != out)) {
    fail(
        "{}: Given {}weight of size {}, expected bias to be 1-dimensional with {} elements, but "
        "got bias of size {} instead",
        op, g.transposed ? given : "", w.sizes(), out, bias.sizes());
  }
}

IntArrayRef spatial(const Tensor& x) { return x.sizes().slice(2, x.sizes().size() - 2); }

void check_kernel_fits(const char* op, const Tensor& x, const Tensor& w, const Geometry& g) {
  const IntArrayRef kernel = spatial(w);
  Shape padded, extent;
  bool fits = true;
  for (size_t a = 0; a < kernel.size(); ++a) {
    if (kernel[a] < 1) fail("{}: kernel size should be greater than zero, but got {}", op, kernel);
    int64_t reach = 0;
    if (__builtin_mul_overflow(g.dilation[a], kernel[a] - 1, &reach)) {
      fail("{}: dilation is too large: {}", op, IntArrayRef(g.dilation));
    }
    padded.push_back(spatial(x)[a] + 2 * g.padding[a]);
    extent.push_back(reach + 1);
    fits = fits && padded[a] >= extent[a];
  }
  if (!fits && !g.transposed) {
    fail(
        "{}: Calculated padded input size per channel: ({}). Kernel size: ({}). Kernel size can't "
        "be greater than actual input size",
        op, by(padded), by(extent));
  }
}

Shape transposed_size(const char* op, const Tensor& x, const Tensor& w, const Geometry& g) {
  const IntArrayRef in = spatial(x);
  Shape out;
  bool too_small = false;
  for (size_t a = 0; a < in.size(); ++a) {
    if (g.output_padding[a] >= std::max(g.stride[a], g.dilation[a])) {
      std::string got;
      const auto list = [&](const char* what, IntArrayRef values, const char* other) {
        constexpr const char* kNames[] = {"depth", "height", "width"};
        if (values.size() == 1) got += fmt::format(" {}_height: {}", what, other);
        for (size_t i = 0; i < values.size(); ++i) {
          got += fmt::format(" {}_{}: {}", what, kNames[3 - values.size() + i], values[i]);
        }
      };
      list("output_padding", g.output_padding, "0");
      list("stride", g.stride, "1");
      list("dilation", g.dilation, "1");
      fail("{}: output padding must be smaller than either stride or dilation, but got{}", op, got);
    }
    int64_t size = 0;
    if (__builtin_mul_overflow(in[a] - 1, g.stride[a], &size) ||
        __builtin_add_overflow(size, g.dilation[a] * (spatial(w)[a] - 1) + g.output_padding[a] + 1,
                               &size)) {
      fail("{}: the result is too large: input {}, stride {}", op, x.sizes(),
           IntArrayRef(g.stride));
    }
    out.push_back(size - 2 * g.padding[a]);
    too_small = too_small || out[a] < 1;
  }
  if (too_small) {
    const char* const plane = in.size() == 1 ? "1 x " : "";
    fail(
        "{}: Given input size per channel: ({}{}). Calculated output size per channel: ({}{}). "
        "Output size is too small",
        op, plane, by(in), plane, by(out));
  }
  return out;
}

ops::Pair pair_of(IntArrayRef values) { return {values[0], values[1]}; }

/// A picture's transposed convolution, without bias.
Tensor transposed2d(const Tensor& x, const Tensor& w, const Geometry& g, IntArrayRef size) {
  ops::Conv2dInputGrad op{{pair_of(g.stride), pair_of(g.padding), pair_of(g.dilation), g.groups},
                          pair_of(size)};
  if (g.output_padding[0] < g.stride[0] && g.output_padding[1] < g.stride[1]) {
    return ops::apply(op, x, w);
  }
  // Rows that no window of the plain convolution would begin in: made whole, then cut or padded.
  op.padding = {0, 0};
  Shape borders;
  for (size_t a = 2; a-- > 0;) {
    op.input_size[a] = size[a] + 2 * g.padding[a] - g.output_padding[a];
    borders.push_back(-g.padding[a]);
    borders.push_back(g.output_padding[a] - g.padding[a]);
  }
  return constant_pad_nd(ops::apply(op, x, w), borders);
}

// In three dimensions the taps of the kernel along the depth are taken for channels of a picture,
// and the depth for a batch.

/// weight [A, B, Kd, Kh, Kw] as [A, Kd * B, Kh, Kw].
Tensor taps_as_channels(const Tensor& w) {
  return w.permute({0, 2, 1, 3, 4})
      .reshape({w.size(0), w.size(2) * w.size(1), w.size(3), w.size(4)});
}

Geometry without_depth(const Geometry& g) {
  Geometry result = g;
  for (Shape* values : {&result.stride, &result.padding, &result.dilation}) values->erase(0);
  if (!result.output_padding.empty()) result.output_padding.erase(0);
  return result;
}

ops::Conv2d conv2d_op(const Geometry& g) {
  return {{pair_of(g.stride), pair_of(g.padding), pair_of(g.dilation), g.groups}};
}

Tensor plain2d(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& g) {
  const ops::Conv2d op = conv2d_op(g);
  switch (g.then) {
    case Then::Relu:
      return ops::apply(ops::Conv2dRelu{op}, x, w, bias);
    case Then::ReluMaxPool:
      return ops::apply(ops::Conv2dReluPool{op}, x, w, bias);
    case Then::Nothing:
      break;
  }
  return ops::apply(op, x, w, bias);
}

Tensor plain3d(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& g) {
  const int64_t taps = w.size(2);
  const Tensor padded =
      g.padding[0] > 0 ? constant_pad_nd(x, {0, 0, 0, 0, g.padding[0], g.padding[0]}) : x;
  const int64_t count = (padded.size(2) - g.dilation[0] * (taps - 1) - 1) / g.stride[0] + 1;
  std::vector<Tensor> seen;
  for (int64_t k = 0; k < taps; ++k) {
    const int64_t start = k * g.dilation[0];
    const Tensor tap = padded.slice(2, start, start + (count - 1) * g.stride[0] + 1, g.stride[0]);
    seen.push_back(tap.transpose(1, 2).reshape(
        {x.size(0), count, g.groups, x.size(1) / g.groups, x.size(3), x.size(4)}));
  }
  const Tensor pictures =
      stack(seen, 3).reshape({x.size(0) * count, taps * x.size(1), x.size(3), x.size(4)});
  const Tensor y = ops::apply(conv2d_op(without_depth(g)), pictures, taps_as_channels(w), bias);
  return y.reshape({x.size(0), count, y.size(1), y.size(2), y.size(3)}).transpose(1, 2);
}

Tensor transposed3d(const Tensor& x, const Tensor& w, const Geometry& g, IntArrayRef size) {
  const int64_t n = x.size(0);
  const int64_t depth = x.size(2);
  const int64_t taps = w.size(2);
  const int64_t channels = w.size(1);
  const Tensor pictures = x.transpose(1, 2).reshape({n * depth, x.size(1), x.size(3), x.size(4)});
  const Tensor y = transposed2d(pictures, taps_as_channels(w), without_depth(g), size.slice(1, 2))
                       .reshape({n, depth, g.groups, taps, channels, size[1], size[2]});
  const int64_t whole = (depth - 1) * g.stride[0] + g.dilation[0] * (taps - 1) + 1;
  Tensor sum;
  for (int64_t k = 0; k < taps; ++k) {
    const Tensor tap =
        y.select(3, k).reshape({n, depth, g.groups * channels, size[1], size[2]}).transpose(1, 2);
    const int64_t start = k * g.dilation[0];
    const ops::SliceGrad place{2, start, start + (depth - 1) * g.stride[0] + 1, g.stride[0], whole};
    const Tensor placed = ops::apply(place, tap);
    sum = sum.defined() ? sum + placed : placed;
  }
  const int64_t after = g.output_padding[0] - g.padding[0];
  return constant_pad_nd(sum, {0, 0, 0, 0, -g.padding[0], after});
}

/// Without channels in or out every sum is empty.
Tensor convolve_nothing(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias,
                        const Geometry& g) {
  Shape sizes = {x.size(0), g.transposed ? w.size(1) * g.groups : w.size(0)};
  Shape column = {-1};
  for (size_t a = 0; a < spatial(x).size(); ++a) {
    const int64_t reach = g.dilation[a] * (spatial(w)[a] - 1) + 1;
    sizes.push_back(g.transposed ? transposed_size(op, x, w, g)[a]
                                 : (spatial(x)[a] + 2 * g.padding[a] - reach) / g.stride[a] + 1);
    column.push_back(1);
  }
  Tensor y = zeros(sizes, x.options());
  if (bias.defined() && bias.numel() > 0) y = y + bias.view(column);
  if (g.then != Then::Nothing) y = relu(y);
  return g.then == Then::ReluMaxPool ? max_pool2d(y, 2) : y;
}

Tensor convolve(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias,
                const Geometry& g) {
  check_numbers(op, g);
  check_weight(op, x, w, g);
  check_channels(op, x, w, bias, g);
  check_kernel_fits(op, x, w, g);
  if (w.numel() == 0) return convolve_nothing(op, x, w, bias, g);
  const int64_t dims = x.dim() - 2;
  if (dims == 1) {
    // A row is a picture of height 1.
    Geometry flat = g;
    flat.stride.insert(0, 1);
    flat.padding.insert(0, 0);
    flat.dilation.insert(0, 1);
    if (!g.transposed) {
      return ops::apply(conv2d_op(flat), x.unsqueeze(2), w.unsqueeze(2), bias).squeeze(2);
    }
    const Shape size = transposed_size(op, x, w, g);
    flat.output_padding.insert(0, 0);
    const Tensor y = transposed2d(x.unsqueeze(2), w.unsqueeze(2), flat, {1, size[0]}).squeeze(2);
    return bias.defined() ? y + bias.view({-1, 1}) : y;
  }
  if (!g.transposed) {
    return dims == 2 ? plain2d(x, w, bias, g) : plain3d(x, w, bias, g);
  }
  const Shape size = transposed_size(op, x, w, g);
  const Tensor y = dims == 2 ? transposed2d(x, w, g, size) : transposed3d(x, w, g, size);
  if (!bias.defined()) return y;
  return y + bias.view(dims == 2 ? Shape{-1, 1, 1} : Shape{-1, 1, 1, 1});
}

/// Calls `f` with the input as a batch.
template <class F>
Tensor batched(const char* op, const Tensor& input, int64_t dims, const F& f) {
  if (input.dim() == dims + 2) return f(input);
  if (input.dim() == dims + 1) return f(input.unsqueeze(0)).squeeze(0);
  fail("{}: Expected {}D (unbatched) or {}D (batched) input to {}, but got input of size: {}", op,
       dims + 1, dims + 2, op, input.sizes());
}

Tensor plain(const char* op, size_t dims, const Tensor& input, const Tensor& weight,
             const Tensor& bias, IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
             int64_t groups, Then then = Then::Nothing) {
  return batched(op, input, static_cast<int64_t>(dims), [&](const Tensor& x) {
    const Geometry g{expand(op, "stride", stride, dims),
                     expand(op, "padding", padding, dims),
                     expand(op, "dilation", dilation, dims),
                     Shape(dims, 0),
                     false,
                     groups,
                     then};
    return convolve(op, x, weight, bias, g);
  });
}

/// Padding by name.
Tensor named(const char* op, size_t dims, const Tensor& input, const Tensor& weight,
             const Tensor& bias, IntArrayRef stride, const ConvPadding& padding,
             IntArrayRef dilation, int64_t groups) {
  if (padding.name() == "valid") {
    return plain(op, dims, input, weight, bias, stride, 0, dilation, groups);
  }
  if (padding.name() != "same") fail("{}: Invalid padding string: '{}'", op, padding.name());
  return batched(op, input, static_cast<int64_t>(dims), [&](const Tensor& x) {
    Geometry g{expand(op, "stride", stride, dims),
               Shape(dims, 0),
               expand(op, "dilation", dilation, dims),
               Shape(dims, 0),
               false,
               groups};
    check_numbers(op, g);
    for (int64_t s : g.stride) {
      if (s != 1) fail("{}: padding='same' is not supported for strided convolutions", op);
    }
    check_weight(op, x, weight, g);
    Shape borders;
    bool uneven = false;
    for (size_t a = dims; a-- > 0;) {
      const int64_t total = g.dilation[a] * std::max<int64_t>(spatial(weight)[a] - 1, 0);
      g.padding[a] = total / 2;
      // What does not split evenly goes to the end.
      borders.push_back(0);
      borders.push_back(total % 2);
      uneven = uneven || total % 2 != 0;
    }
    return convolve(op, uneven ? constant_pad_nd(x, borders) : x, weight, bias, g);
  });
}

Tensor transposed(const char* op, size_t dims, const Tensor& input, const Tensor& weight,
                  const Tensor& bias, IntArrayRef stride, IntArrayRef padding,
                  IntArrayRef output_padding, int64_t groups, IntArrayRef dilation) {
  return batched(op, input, static_cast<int64_t>(dims), [&](const Tensor& x) {
    const Geometry g{expand(op, "stride", stride, dims),
                     expand(op, "padding", padding, dims),
                     expand(op, "dilation", dilation, dims),
                     expand(op, "output_padding", output_padding, dims),
                     true,
                     groups};
    return convolve(op, x, weight, bias, g);
  });
}

}  // namespace

Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              IntArrayRef padding, IntArrayRef dilation, int64_t groups) {
  return plain("conv1d", 1, input, weight, bias, stride, padding, dilation, groups);
}
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              IntArrayRef padding, IntArrayRef dilation, int64_t groups) {
  return plain("conv2d", 2, input, weight, bias, stride, padding, dilation, groups);
}
Tensor conv2d_relu(const Tensor& input, const Tensor& weight, const Tensor& bias,
                   IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, int64_t groups) {
  return plain("conv2d_relu", 2, input, weight, bias, stride, padding, dilation, groups,
               Then::Relu);
}
Tensor conv2d_relu_max_pool2d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                              IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                              int64_t groups) {
  return plain("conv2d_relu_max_pool2d", 2, input, weight, bias, stride, padding, dilation, groups,
               Then::ReluMaxPool);
}
Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              IntArrayRef padding, IntArrayRef dilation, int64_t groups) {
  return plain("conv3d", 3, input, weight, bias, stride, padding, dilation, groups);
}

Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation, int64_t groups) {
  return named("conv1d", 1, input, weight, bias, stride, padding, dilation, groups);
}
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation, int64_t groups) {
  return named("conv2d", 2, input, weight, bias, stride, padding, dilation, groups);
}
Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias, IntArrayRef stride,
              ConvPadding padding, IntArrayRef dilation, int64_t groups) {
  return named("conv3d", 3, input, weight, bias, stride, padding, dilation, groups);
}

Tensor conv_transpose1d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                        IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding,
                        int64_t groups, IntArrayRef dilation) {
  return transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding,
                    groups, dilation);
}
Tensor conv_transpose2d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                        IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding,
                        int64_t groups, IntArrayRef dilation) {
  return transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding,
                    groups, dilation);
}
Tensor conv_transpose3d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                        IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding,
                        int64_t groups, IntArrayRef dilation) {
  return transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding,
                    groups, dilation);
}

Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias,
                   IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
                   IntArrayRef output_padding, int64_t groups) {
  constexpr const char* kOp = "convolution";
  if (weight.dim() < 3) fail("{}: weight should have at least three dimensions", kOp);
  if (weight.dim() > 5) fail("{}: unsupported ConvNd parameters", kOp);
  const auto dims = static_cast<size_t>(weight.dim() - 2);
  const Geometry g{expand(kOp, "stride", stride, dims),
                   expand(kOp, "padding", padding, dims),
                   expand(kOp, "dilation", dilation, dims),
                   expand(kOp, "output_padding", output_padding, dims),
                   transposed,
                   groups};
  return convolve(kOp, input, weight, bias, g);
}

}  // namespace reel
