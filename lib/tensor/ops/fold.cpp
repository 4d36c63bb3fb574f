// Pictures as columns of what windows see, and pixels as channels.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/op.h>
#include <reel/tensor/ops/window.h>

namespace reel {
namespace ops {
namespace {

struct FoldAttrs {
  Pair kernel{};
  Pair dilation{};
  Pair padding{};
  Pair stride{};

  Pair counts(const Pair& size) const {
    Pair result;
    for (size_t a = 0; a < 2; ++a) {
      result[a] = count_windows(size[a], kernel[a], stride[a], padding[a], dilation[a], false);
    }
    return result;
  }
  Windows windows(const Pair& size) const { return {counts(size), stride, dilation}; }
};

/// Columns [N, C * Kh * Kw, windows] of x [N, C, H, W].
struct Im2col : FoldAttrs {
  static constexpr const char* name = "im2col";
  static constexpr Reads reads{0};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// The picture [N, C, H, W] in which each pixel is the sum of what the columns have of it.
struct Col2im : FoldAttrs {
  static constexpr const char* name = "col2im";
  static constexpr Reads reads{0};
  Pair size{};
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

void Im2col::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  const Pair count = counts({x.size(2), x.size(3)});
  call.out({x.size(0), x.size(1) * kernel[0] * kernel[1], count[0] * count[1]}, x.dtype());
}

void Im2col::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const Windows w = windows({x.size(2), x.size(3)});
  const Tensor padded = w.pad(x, kernel, padding);
  std::vector<Tensor> seen;
  for (int64_t i = 0; i < kernel[0]; ++i) {
    for (int64_t j = 0; j < kernel[1]; ++j) seen.push_back(w.at(padded, i, j));
  }
  call.set(0, stack(seen, 2).reshape(
                  {x.size(0), x.size(1) * kernel[0] * kernel[1], w.count[0] * w.count[1]}));
}

void Im2col::backward(Replay& call) const {
  const IntArrayRef sizes = call.in_sizes(0);
  call.set(0, apply(Col2im{*this, {sizes[2], sizes[3]}}, call.grad()));
}

void Col2im::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  call.out({x.size(0), x.size(1) / (kernel[0] * kernel[1]), size[0], size[1]}, x.dtype());
}

void Col2im::compose(Compose& call) const {
  const Tensor& x = call.in(0);
  const int64_t n = x.size(0);
  const int64_t channels = x.size(1) / (kernel[0] * kernel[1]);
  const Windows w = windows(size);
  const Tensor seen = x.reshape({n, channels, kernel[0], kernel[1], w.count[0], w.count[1]});
  const Pair padded = w.padded_size(size, kernel, padding);
  const Tensor sum = zeros({n, channels, padded[0], padded[1]}, x.options());
  for (int64_t i = 0; i < kernel[0]; ++i) {
    for (int64_t j = 0; j < kernel[1]; ++j) {
      w.at(sum, i, j).add_(seen.select(2, i).select(2, j));
    }
  }
  call.set(0, sum.narrow(2, padding[0], size[0]).narrow(3, padding[1], size[1]));
}

void Col2im::backward(Replay& call) const { call.set(0, apply(Im2col{*this}, call.grad())); }

}  // namespace
}  // namespace ops

namespace {

ops::Pair pair_of(const char* op, const char* what, IntArrayRef values) {
  if (values.size() != 2) {
    fail("{}: It is expected {} equals to 2, but got size {}", op, what, values.size());
  }
  return {values[0], values[1]};
}

ops::FoldAttrs fold_attrs(const char* op, IntArrayRef kernel_size, IntArrayRef dilation,
                          IntArrayRef padding, IntArrayRef stride) {
  const ops::FoldAttrs attrs{pair_of(op, "kernel_size", kernel_size),
                             pair_of(op, "dilation", dilation), pair_of(op, "padding", padding),
                             pair_of(op, "stride", stride)};
  const auto check = [&](const ops::Pair& values, int64_t least, const char* rule,
                         const char* name) {
    if (values[0] < least || values[1] < least) {
      fail("{}: {}, but got {}_height: {} {}_width: {}", op, rule, name, values[0], name,
           values[1]);
    }
  };
  check(attrs.kernel, 1, "kernel size should be greater than zero", "kernel");
  check(attrs.dilation, 1, "dilation should be greater than zero", "dilation");
  check(attrs.padding, 0, "padding should be non-negative", "pad");
  check(attrs.stride, 1, "stride should be greater than zero", "stride");
  ops::check_window(op, attrs.kernel, attrs.stride, attrs.padding, attrs.dilation);
  return attrs;
}

std::string str(const ops::Pair& values) { return fmt::format("({}, {})", values[0], values[1]); }

}  // namespace

Tensor im2col(const Tensor& self, IntArrayRef kernel_size, IntArrayRef dilation,
              IntArrayRef padding, IntArrayRef stride) {
  constexpr const char* kOp = "im2col";
  const ops::Im2col op{fold_attrs(kOp, kernel_size, dilation, padding, stride)};
  bool fits = self.dim() == 3 || self.dim() == 4;
  for (int64_t d = self.dim() - 3; fits && d < self.dim(); ++d) fits = self.size(d) > 0;
  if (!fits) {
    fail(
        "{}: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
        "dimensions for input, but got: {}",
        kOp, self.sizes());
  }
  const ops::Pair size = {self.size(-2), self.size(-1)};
  const ops::Pair count = op.counts(size);
  if (count[0] < 1 || count[1] < 1) {
    fail(
        "{}: Given input with spatial size {}, kernel_size={}, dilation={}, padding={}, calculated "
        "shape of the array of sliding blocks as {}, but its components must be at least one.",
        kOp, str(size), str(op.kernel), str(op.dilation), str(op.padding), str(count));
  }
  if (self.dim() == 4) return ops::apply(op, self);
  return ops::apply(op, self.unsqueeze(0)).squeeze(0);
}

Tensor col2im(const Tensor& self, IntArrayRef output_size, IntArrayRef kernel_size,
              IntArrayRef dilation, IntArrayRef padding, IntArrayRef stride) {
  constexpr const char* kOp = "col2im";
  const ops::Pair size = pair_of(kOp, "output_size", output_size);
  for (const int64_t side : size) {
    if (side >= int64_t{1} << 31) fail("{}: output_size is too large: {}", kOp, str(size));
  }
  const ops::Col2im op{fold_attrs(kOp, kernel_size, dilation, padding, stride), size};
  if ((self.dim() != 2 && self.dim() != 3) || self.size(-2) == 0 || self.size(-1) == 0) {
    fail(
        "{}: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
        "non-zero dimensions for input, but got: {}",
        kOp, self.sizes());
  }
  if (self.size(-2) % (op.kernel[0] * op.kernel[1]) != 0) {
    fail(
        "{}: Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
        "but got input.size(1)={} and kernel_size={}.",
        kOp, self.size(-2), str(op.kernel));
  }
  const ops::Pair count = op.counts(size);
  if (count[0] * count[1] != self.size(-1)) {
    fail(
        "{}: Given output_size={}, kernel_size={}, dilation={}, padding={}, stride={}, expected "
        "size of input's dimension 2 to match the calculated number of sliding blocks {} * {} = "
        "{}, but got input.size(2)={}.",
        kOp, str(size), str(op.kernel), str(op.dilation), str(op.padding), str(op.stride), count[0],
        count[1], count[0] * count[1], self.size(-1));
  }
  if (self.dim() == 3) return ops::apply(op, self);
  return ops::apply(op, self.unsqueeze(0)).squeeze(0);
}

namespace {

/// The sizes before the last three.
Shape leading(const Tensor& x) { return x.sizes().slice(0, x.sizes().size() - 3); }

Shape join(Shape lead, std::initializer_list<int64_t> tail) {
  for (int64_t size : tail) lead.push_back(size);
  return lead;
}

/// The dimensions of `lead`, then those behind in another order.
Shape permutation(const Shape& lead, std::initializer_list<int64_t> order) {
  const auto first = static_cast<int64_t>(lead.size());
  Shape dims;
  for (int64_t d = 0; d < first; ++d) dims.push_back(d);
  for (int64_t d : order) dims.push_back(first + d);
  return dims;
}

void check_pixels(const char* op, const Tensor& self, const char* what, int64_t factor) {
  if (self.dim() < 3) {
    fail("{}: {} expects input to have at least 3 dimensions, but got input with {} dimension(s)",
         op, op, self.dim());
  }
  if (factor < 1) fail("{}: {} expects a positive {}, but got {}", op, op, what, factor);
  if (factor > (int64_t{1} << 31)) fail("{}: {} is too large: {}", op, what, factor);
}

}  // namespace

// Shi et al. 2016.
Tensor pixel_shuffle(const Tensor& self, int64_t upscale_factor) {
  constexpr const char* kOp = "pixel_shuffle";
  const int64_t r = upscale_factor;
  check_pixels(kOp, self, "upscale_factor", r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  if (c % (r * r) != 0) {
    fail(
        "{}: {} expects its input's 'channel' dimension to be divisible by the square of "
        "upscale_factor, but input.size(-3)={} is not divisible by {}",
        kOp, kOp, c, r * r);
  }
  const Shape lead = leading(self);
  return self.reshape(join(lead, {c / (r * r), r, r, h, w}))
      .permute(permutation(lead, {0, 3, 1, 4, 2}))
      .reshape(join(lead, {c / (r * r), h * r, w * r}));
}

Tensor pixel_unshuffle(const Tensor& self, int64_t downscale_factor) {
  constexpr const char* kOp = "pixel_unshuffle";
  const int64_t r = downscale_factor;
  check_pixels(kOp, self, "downscale_factor", r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  const auto check = [&](const char* side, int dim, int64_t size) {
    if (size % r == 0) return;
    fail(
        "{}: {} expects {} to be divisible by downscale_factor, but input.size({})={} is not "
        "divisible by {}",
        kOp, kOp, side, dim, size, r);
  };
  check("height", -2, h);
  check("width", -1, w);
  const Shape lead = leading(self);
  return self.reshape(join(lead, {c, h / r, r, w / r, r}))
      .permute(permutation(lead, {0, 2, 4, 1, 3}))
      .reshape(join(lead, {c * r * r, h / r, w / r}));
}

}  // namespace reel
