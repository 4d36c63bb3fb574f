// Pooling over windows in one, two and three dimensions, by the two-dimensional ops.

#include <algorithm>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/pool.h>
#include <reel/tensor/ops/window.h>

namespace reel {
namespace ops {
namespace {

/// The values at their positions h * W + w in planes of zeros [N, C, H, W].
struct MaxUnpool2d {
  static constexpr const char* name = "max_unpool2d";
  static constexpr Reads reads{in(1)};
  Pair size{};

  Shape sizes(const Tensor& x) const { return {x.size(0), x.size(1), size[0], size[1]}; }
  void infer(Infer& call) const { call.out(sizes(call.in(0)), call.in(0).dtype()); }
  void compose(Compose& call) const {
    const Tensor& x = call.in(0);
    const Tensor planes = zeros({x.size(0), x.size(1), size[0] * size[1]}, x.options());
    call.set(0, planes.scatter(2, call.in(1).flatten(2), x.flatten(2)).view(sizes(x)));
  }
  void backward(Replay& call) const {
    // Of values for one place each gets the whole gradient, as in PyTorch: they are equal if they
    // come from max_pool2d.
    const Tensor index = call.in(1);
    call.set(0, call.grad().flatten(2).gather(2, index.flatten(2)).view(index.sizes()));
  }
};

}  // namespace
}  // namespace ops

namespace {

struct Pooling {
  const char* op;
  size_t dims;
  Shape kernel;
  Shape stride;
  Shape padding;
  Shape dilation;
  bool ceil_mode;

  /// One axis or two of it as geometry of a picture; an axis that is not pooled has a kernel of 1.
  ops::PoolAttrs attrs(size_t first, size_t count) const {
    ops::PoolAttrs result{{1, 1}, {1, 1}, {0, 0}, {1, 1}, ceil_mode};
    for (size_t a = 0; a < count; ++a) {
      // A single axis is the rows' in three dimensions, else the columns'.
      const size_t to = count == 2 ? a : dims == 1 ? 1 : 0;
      result.kernel_size[to] = kernel[first + a];
      result.stride[to] = stride[first + a];
      result.padding[to] = padding[first + a];
      result.dilation[to] = dilation[first + a];
    }
    return result;
  }
};

Shape expand(const char* op, const char* rule, IntArrayRef values, size_t dims) {
  if (values.size() == 1) return Shape(dims, values[0]);
  if (values.size() == dims) return values;
  if (dims == 1)
    fail("{}() argument '{}' should contain one int (got {})", op, rule, values.size());
  fail("{}: {} single int, or a tuple of {} ints", op, rule, dims == 2 ? "two" : "three");
}

/// What the arguments of these ops are called in errors.
struct Rules {
  const char* kernel_size;
  const char* stride;
  const char* padding;
  const char* dilation;
};
constexpr Rules kRow{"kernel_size", "stride", "padding", "dilation"};
constexpr Rules kPicture{"kernel_size must either be a", "stride must either be omitted, a",
                         "padding must either be a", "dilation must be either a"};
constexpr Rules kMaximum{"kernel_size must either be a", "stride must either be omitted, a",
                         "padding must be either be a", "dilation must be either a"};
constexpr Rules kVolume{"kernel_size must be a", "stride must be omitted, a", "padding must be a",
                        "dilation must be a"};

Pooling pooling(const char* op, size_t dims, const Rules& rules, IntArrayRef kernel_size,
                IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool ceil_mode) {
  const Shape kernel = expand(op, rules.kernel_size, kernel_size, dims);
  return {op,
          dims,
          kernel,
          stride.empty() ? kernel : expand(op, rules.stride, stride, dims),
          expand(op, rules.padding, padding, dims),
          expand(op, rules.dilation, dilation, dims),
          ceil_mode};
}

void check_numbers(const Pooling& p) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1;
  for (size_t a = 0; a < p.dims; ++a) {
    if (p.stride[a] == 0) fail("{}: stride should not be zero", p.op);
    if (p.stride[a] < 0) {
      fail("{}: stride should be greater than zero, but got {}", p.op, IntArrayRef(p.stride));
    }
    if (p.kernel[a] < 1) {
      fail("{}: kernel size should be greater than zero, but got {}", p.op, IntArrayRef(p.kernel));
    }
    if (p.dilation[a] < 1) {
      fail("{}: dilation should be greater than zero, but got {}", p.op, IntArrayRef(p.dilation));
    }
    if (p.padding[a] < 0) fail("{}: pad must be non-negative, but got pad: {}", p.op, p.padding[a]);
    if (p.padding[a] > p.kernel[a] / 2) {
      fail("{}: pad should be at most half of kernel size, but got pad={} and kernel_size={}", p.op,
           p.padding[a], p.kernel[a]);
    }
    if (std::max({p.stride[a], p.kernel[a], p.dilation[a]}) > kMost) {
      fail("{}: window is too large: kernel_size {}, stride {}, dilation {}", p.op,
           IntArrayRef(p.kernel), IntArrayRef(p.stride), IntArrayRef(p.dilation));
    }
  }
}

int64_t count_at(const Pooling& p, size_t a, int64_t size) {
  return ops::count_windows(size, p.kernel[a], p.stride[a], p.padding[a], p.dilation[a],
                            p.ceil_mode);
}

/// Checks a batch [N, C, ...] with one, two or three dimensions behind.
void check_counts(const Pooling& p, const Tensor& x) {
  std::string input, output;
  bool too_small = false;
  if (p.dims == 1) input = output = "x1";
  for (size_t a = 0; a < p.dims; ++a) {
    const int64_t size = x.size(static_cast<int64_t>(a) + 2);
    const int64_t count = count_at(p, a, size);
    input += fmt::format("x{}", size);
    output += fmt::format("x{}", count);
    too_small = too_small || count < 1;
  }
  if (too_small) {
    fail("{}: Given input size: ({}{}). Calculated output size: ({}{}). Output size is too small",
         p.op, x.size(1), input, x.size(1), output);
  }
}

bool has_empty(const Tensor& x, int64_t from) {
  for (int64_t d = from; d < x.dim(); ++d) {
    if (x.size(d) == 0) return true;
  }
  return false;
}

/// Rows [N, C, L] or [C, L] as pictures of height 1.
Tensor as_batch_of_rows(const char* op, const Tensor& self) {
  if (self.dim() != 2 && self.dim() != 3) {
    fail(
        "{}: Expected 2 to 3 dimensions, but got {}-dimensional tensor for argument #1 'self' "
        "(while checking arguments for {})",
        op, self.dim(), op);
  }
  const Tensor x = (self.dim() == 2 ? self.unsqueeze(0) : self).unsqueeze(2);
  if (has_empty(x, 1)) {
    fail(
        "{}: Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
        "got:{}",
        op, self.unsqueeze(-2).sizes());
  }
  return x;
}

/// Pictures or volumes as a batch.
Tensor as_batch(const char* op, const char* where, size_t dims, const Tensor& self) {
  const auto rank = static_cast<int64_t>(dims) + 2;
  if (self.dim() != rank && self.dim() != rank - 1) {
    fail("{}: non-empty {}D or {}D (batch mode) tensor expected for input", op, rank - 1, rank);
  }
  if (!has_empty(self, self.dim() == rank ? 1 : 0)) {
    return self.dim() == rank ? self : self.unsqueeze(0);
  }
  if (dims == 2) {
    fail(
        "{}: Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
        "got:{}",
        op, self.sizes());
  }
  fail(
      "{}: {}(): Expected input's non-batch dimensions to have positive length, but input has a "
      "shape of {} and non-batch dimension 0 has length zero!",
      op, where, self.sizes());
}

std::tuple<Tensor, Tensor> max_of(const Pooling& p, const Tensor& x) {
  if (p.dims < 3) {
    ops::Outputs out = ops::apply_all(ops::MaxPool2d{p.attrs(0, p.dims)}, std::array<Tensor, 1>{x});
    return {out[0], out[1]};
  }
  // First within the slices, then along the depth; of equals the first in the order of the memory
  // wins either way.
  const int64_t n = x.size(0), c = x.size(1), depth = x.size(2);
  const int64_t plane = x.size(3) * x.size(4);
  Tensor position;
  Shape sizes;
  {
    const NoGradGuard guard;
    const Tensor slices = x.detach().reshape({n, c * depth, x.size(3), x.size(4)});
    const ops::Outputs in_plane =
        ops::apply_all(ops::MaxPool2d{p.attrs(1, 2)}, std::array<Tensor, 1>{slices});
    const int64_t h = in_plane[0].size(2), w = in_plane[0].size(3);
    const Tensor columns = in_plane[0].reshape({n, c, depth, h * w});
    const ops::Outputs along =
        ops::apply_all(ops::MaxPool2d{p.attrs(0, 1)}, std::array<Tensor, 1>{columns});
    const Tensor start =
        arange(depth, TensorOptions(kLong).device(x.device())).view({depth, 1}) * plane;
    position = (in_plane[1].reshape({n, c, depth, h * w}) + start)
                   .reshape({n, c, depth * h * w})
                   .gather(2, along[1].reshape({n, c, along[1].size(2) * h * w}));
    sizes = {n, c, along[1].size(2), h, w};
  }
  const Tensor values = x.reshape({n, c, depth * plane}).gather(2, position);
  return {values.view(sizes), position.view(sizes)};
}

Tensor mean_of(const Pooling& p, const Tensor& x, bool count_include_pad, int64_t divisor) {
  if (x.dtype() == kLong) {
    // The factor lifts whole means above what rounding takes from them; cut to whole numbers then.
    return (mean_of(p, x.to(kDouble), count_include_pad, divisor) * (1 + 0x1p-50)).to(kLong);
  }
  if (p.dims < 3) {
    return ops::apply(ops::AvgPool2d{p.attrs(0, p.dims), count_include_pad, divisor}, x);
  }
  // The mean over a box is the mean along its depth of the means over its slices.
  const int64_t n = x.size(0), c = x.size(1), depth = x.size(2);
  const ops::AvgPool2d in_plane{p.attrs(1, 2), count_include_pad, divisor != 0 ? 1 : 0};
  const Tensor slices = ops::apply(in_plane, x.reshape({n, c * depth, x.size(3), x.size(4)}));
  const int64_t h = slices.size(2), w = slices.size(3);
  const ops::AvgPool2d along{p.attrs(0, 1), count_include_pad, divisor};
  const Tensor y = ops::apply(along, slices.reshape({n, c, depth, h * w}));
  return y.reshape({n, c, y.size(2), h, w});
}

int64_t divisor_of(const char* op, std::optional<int64_t> divisor_override) {
  if (divisor_override == 0) fail("{}: divisor must be not zero", op);
  return divisor_override.value_or(0);
}

}  // namespace

std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride, IntArrayRef padding,
                                                   IntArrayRef dilation, bool ceil_mode) {
  constexpr const char* kOp = "max_pool1d";
  const Pooling p = pooling(kOp, 1, kRow, kernel_size, stride, padding, dilation, ceil_mode);
  const Tensor x = as_batch_of_rows(kOp, self);
  check_numbers(p);
  check_counts(p, x.squeeze(2));
  auto [values, indices] = max_of(p, x);
  values = values.squeeze(2);
  indices = indices.squeeze(2);
  if (self.dim() == 3) return {values, indices};
  return {values.squeeze(0), indices.squeeze(0)};
}

Tensor max_pool1d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, IntArrayRef dilation, bool ceil_mode) {
  constexpr const char* kOp = "max_pool1d";
  if (self.dim() < 2 || self.dim() > 3 || has_empty(self, self.dim() - 2)) {
    fail(
        "{}: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
        "got:{}",
        kOp, self.sizes());
  }
  const auto one = [&](const char* what, IntArrayRef values) {
    if (values.size() == 1) return values[0];
    fail("{}() {} must be an int, list of ints or tuple of ints of size 1 but got size {}", kOp,
         what, values.size());
  };
  const int64_t kernel = one("kernel_size", kernel_size);
  const int64_t step = stride.empty() ? kernel : one("stride", stride);
  const int64_t pad = one("padding", padding);
  const int64_t apart = one("dilation", dilation);
  if (kernel < 1) fail("{}() kernel_size must be greater than zero, but got {}", kOp, kernel);
  if (step < 1) fail("{}() stride must be greater than zero, but got {}", kOp, step);
  if (pad < 0) fail("{}() padding must be non-negative, but got {}", kOp, pad);
  if (pad > kernel / 2) {
    fail(
        "{}() padding should be at most half of kernel size, but got padding={} and "
        "kernel_size={}",
        kOp, pad, kernel);
  }
  if (apart < 1) fail("{}() dilation must be greater than zero, but got {}", kOp, apart);
  return std::get<0>(max_pool1d_with_indices(self, kernel, step, pad, apart, ceil_mode));
}

std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride, IntArrayRef padding,
                                                   IntArrayRef dilation, bool ceil_mode) {
  constexpr const char* kOp = "max_pool2d";
  const Pooling p = pooling(kOp, 2, kMaximum, kernel_size, stride, padding, dilation, ceil_mode);
  check_numbers(p);
  const Tensor x = as_batch(kOp, kOp, 2, self);
  check_counts(p, x);
  const auto [values, indices] = max_of(p, x);
  if (self.dim() == 4) return {values, indices};
  return {values.squeeze(0), indices.squeeze(0)};
}

Tensor max_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, IntArrayRef dilation, bool ceil_mode) {
  return std::get<0>(
      max_pool2d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}

std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& self, IntArrayRef kernel_size,
                                                   IntArrayRef stride, IntArrayRef padding,
                                                   IntArrayRef dilation, bool ceil_mode) {
  constexpr const char* kOp = "max_pool3d";
  const Pooling p = pooling(kOp, 3, kMaximum, kernel_size, stride, padding, dilation, ceil_mode);
  check_numbers(p);
  const Tensor x = as_batch(kOp, "max_pool3d_with_indices_out_cpu_template", 3, self);
  check_counts(p, x);
  const auto [values, indices] = max_of(p, x);
  if (self.dim() == 5) return {values, indices};
  return {values.squeeze(0), indices.squeeze(0)};
}

Tensor max_pool3d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, IntArrayRef dilation, bool ceil_mode) {
  return std::get<0>(
      max_pool3d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}

Tensor avg_pool1d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, bool ceil_mode, bool count_include_pad) {
  constexpr const char* kOp = "avg_pool1d";
  const Pooling p = pooling(kOp, 1, kRow, kernel_size, stride, padding, 1, ceil_mode);
  const Tensor x = as_batch_of_rows(kOp, self);
  check_numbers(p);
  check_counts(p, x.squeeze(2));
  const Tensor y = mean_of(p, x, count_include_pad, 0).squeeze(2);
  return self.dim() == 3 ? y : y.squeeze(0);
}

Tensor avg_pool2d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, bool ceil_mode, bool count_include_pad,
                  std::optional<int64_t> divisor_override) {
  constexpr const char* kOp = "avg_pool2d";
  const Pooling p = pooling(kOp, 2, kPicture, kernel_size, stride, padding, 1, ceil_mode);
  const int64_t divisor = divisor_of(kOp, divisor_override);
  check_numbers(p);
  const Tensor x = as_batch(kOp, kOp, 2, self);
  check_counts(p, x);
  const Tensor y = mean_of(p, x, count_include_pad, divisor);
  return self.dim() == 4 ? y : y.squeeze(0);
}

Tensor avg_pool3d(const Tensor& self, IntArrayRef kernel_size, IntArrayRef stride,
                  IntArrayRef padding, bool ceil_mode, bool count_include_pad,
                  std::optional<int64_t> divisor_override) {
  constexpr const char* kOp = "avg_pool3d";
  const Pooling p = pooling(kOp, 3, kVolume, kernel_size, stride, padding, 1, ceil_mode);
  const int64_t divisor = divisor_of(kOp, divisor_override);
  check_numbers(p);
  const Tensor x = as_batch(kOp, kOp, 3, self);
  for (size_t a = 0; a < 3 && !ceil_mode; ++a) {
    if (x.size(static_cast<int64_t>(a) + 2) + 2 * p.padding[a] >= p.kernel[a]) continue;
    fail("{}: input image (T: {} H: {} W: {}) smaller than kernel size (kT: {} kH: {} kW: {})", kOp,
         x.size(2), x.size(3), x.size(4), p.kernel[0], p.kernel[1], p.kernel[2]);
  }
  check_counts(p, x);
  const Tensor y = mean_of(p, x, count_include_pad, divisor);
  return self.dim() == 5 ? y : y.squeeze(0);
}

Tensor max_unpool2d(const Tensor& self, const Tensor& indices, IntArrayRef output_size) {
  constexpr const char* kOp = "max_unpool2d";
  if (indices.dtype() != kLong) {
    fail("{}: elements in indices should be type int64 but got: {}", kOp, indices.dtype());
  }
  if (output_size.size() != 2) {
    fail(
        "{}: There should be exactly two elements (height, width) in output_size, but got {} "
        "elements.",
        kOp, output_size.size());
  }
  if (self.dim() != 3 && self.dim() != 4) {
    fail(
        "{}: Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with {} "
        "dimensions.",
        kOp, self.dim());
  }
  if (self.sizes() != indices.sizes()) {
    fail(
        "{}: Expected shape of indices to be same as that of the input tensor ({}) but got indices "
        "tensor with shape: {}",
        kOp, self.sizes(), indices.sizes());
  }
  for (int64_t d = self.dim() - 3; d < self.dim(); ++d) {
    if (self.size(d) > 0) continue;
    fail(
        "{}: max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch "
        "dimensions, but got {} with dimension {} being empty.",
        kOp, self.sizes(), d);
  }
  const int64_t places = numel_of(output_size);
  if (indices.numel() > 0) {
    const int64_t low = indices.min().item<int64_t>();
    const int64_t high = indices.max().item<int64_t>();
    if (low < 0 || high >= places) {
      fail("{}: Found an invalid max index: {} (output volumes are of size {}x{}", kOp,
           low < 0 ? low : high, output_size[0], output_size[1]);
    }
  }
  const ops::MaxUnpool2d op{{output_size[0], output_size[1]}};
  if (self.dim() == 4) return ops::apply(op, self, indices);
  return ops::apply(op, self.unsqueeze(0), indices.unsqueeze(0)).squeeze(0);
}

}  // namespace reel
