// Padding: rows put before and after a tensor along its last dimensions.

#include <algorithm>
#include <limits>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

enum class Border { Reflect, Replicate, Circular };

/// Puts rows of self before and after it; negative amounts crop. index_select gives the gradient.
Tensor pad_dim(const char* op, const Tensor& self, int64_t d, int64_t before, int64_t after,
               Border border) {
  const int64_t n = self.size(d);
  int64_t end = 0, padded = 0;
  if (before == std::numeric_limits<int64_t>::min() || __builtin_add_overflow(n, after, &end) ||
      __builtin_add_overflow(end, before, &padded) || padded < 0 || (n == 0 && padded > 0)) {
    fail("{}: dimension {} of size {} cannot be padded by {} and {}", op, d, n, before, after);
  }
  const Tensor i = arange(-before, end, TensorOptions(kLong).device(self.device()));
  return self.index_select(d, border == Border::Reflect ? (n - 1) - ((n - 1) - i.abs()).abs()
                              : border == Border::Circular
                                  ? i + n * (i.lt(0).to(kLong) - i.ge(n).to(kLong))
                                  : i.clamp(0, n - 1));
}

Tensor pad_dims(const char* op, const Tensor& self, IntArrayRef padding, Border border) {
  Tensor result = self;
  for (size_t i = 0; i < padding.size() / 2; ++i) {
    const int64_t before = padding[2 * i];
    const int64_t after = padding[2 * i + 1];
    if (before == 0 && after == 0) continue;
    result = pad_dim(op, result, self.dim() - 1 - static_cast<int64_t>(i), before, after, border);
  }
  return result.is_same(self) ? self.clone() : result;
}

/// reflection_pad and replication_pad of 1 to 3 dimensions: the checks of each, then the rows.
Tensor pad_border(const char* op, const Tensor& self, IntArrayRef padding, int64_t dims,
                  Border border) {
  const bool reflect = border == Border::Reflect;
  if (static_cast<int64_t>(padding.size()) != 2 * dims) {
    fail("{}: padding size is expected to be {}", op, 2 * dims);
  }
  const int64_t rank = self.dim();
  bool usual = rank == dims + 1 || rank == dims + 2;
  for (int64_t d = rank - dims - 1; usual && d < rank; ++d) usual = self.size(d) != 0;
  if (!usual && reflect && dims < 3) {
    fail("{}: {}D or {}D (batch mode) tensor expected for input, but got: {}", op, dims + 1,
         dims + 2, self.sizes());
  }
  if (!usual) {
    fail(
        "{}: Expected {}D or {}D (batch mode) tensor with possibly 0 batch size and other non-zero "
        "dimensions for input, but got: {}",
        op, dims + 1, dims + 2, self.sizes());
  }
  std::vector<int64_t> padded;
  bool fits = true;
  for (int64_t i = 0; i < dims; ++i) {
    const int64_t d = rank - 1 - i;
    const int64_t n = self.size(d);
    const int64_t before = padding[static_cast<size_t>(2 * i)];
    const int64_t after = padding[static_cast<size_t>(2 * i + 1)];
    if (reflect && (before >= n || after >= n)) {
      fail(
          "{}: Argument #{}: Padding size should be less than the corresponding input dimension, "
          "but got: padding ({}, {}) at dimension {} of input {}",
          op, 4 + 2 * i, before, after, d,
          dims == 2 ? fmt::format("{}", rank) : fmt::format("{}", self.sizes()));
    }
    int64_t total = 0;
    if (__builtin_add_overflow(before, after, &total) || __builtin_add_overflow(total, n, &total)) {
      fail("{}: padding {} and {} of size {} overflows", op, before, after, n);
    }
    padded.push_back(total);
    fits = fits && total >= 1;
  }
  if (!fits) {
    // The sentences differ in a blank here and there.
    const auto n = [&](int64_t i) { return self.size(rank - 1 - i); };
    const std::string sizes =
        dims == 1   ? fmt::format("{}input (W: {})", reflect ? "2" : "", n(0))
        : dims == 2 ? fmt::format("input (H: {}, W: {}{})", n(1), n(0), reflect ? "" : " ")
                    : fmt::format("input (D: {} H: {}, W: {})", n(2), n(1), n(0));
    std::string outputs = fmt::format("W: {}", padded[0]);
    if (dims > 1) outputs = fmt::format("H: {} ", padded[1]) + outputs;
    if (dims > 2) outputs = fmt::format("D: {} ", padded[2]) + outputs;
    fail("{}: {}{}is too small. Calculated output {}", op, sizes, reflect && dims < 3 ? "" : " ",
         outputs);
  }
  return pad_dims(op, self, padding, border);
}

/// Negative amounts crop before the rest is put around.
Tensor pad_circular(const Tensor& self, IntArrayRef padding) {
  Tensor cropped = self;
  Shape around = padding;
  for (size_t i = 0; i < padding.size() / 2; ++i) {
    const int64_t d = self.dim() - 1 - static_cast<int64_t>(i);
    const int64_t n = self.size(d);
    const int64_t before = padding[2 * i];
    const int64_t after = padding[2 * i + 1];
    if (before > n || after > n) {
      fail("pad: Padding value causes wrapping around more than once.");
    }
    int64_t padded = 0;
    if (__builtin_add_overflow(before, after, &padded) ||
        __builtin_add_overflow(padded, n, &padded) || padded < 0 || before < -n || after < -n) {
      fail("pad: Negative padding value is resulting in an empty dimension");
    }
    const int64_t start = std::max<int64_t>(0, -before);
    const int64_t kept = std::max<int64_t>(0, n - start - std::max<int64_t>(0, -after));
    if (kept != n) cropped = cropped.narrow(d, start, kept);
    around[2 * i] = std::max<int64_t>(0, before);
    around[2 * i + 1] = std::max<int64_t>(0, after);
    if (around[2 * i] > kept || around[2 * i + 1] > kept) {
      fail("pad: Padding value causes wrapping around more than once.");
    }
  }
  const Tensor result = pad_dims("pad", cropped, around, Border::Circular);
  return result.is_same(self) ? self.clone() : result;
}

}  // namespace

Tensor reflection_pad1d(const Tensor& self, IntArrayRef padding) {
  return pad_border("reflection_pad1d", self, padding, 1, Border::Reflect);
}
Tensor reflection_pad2d(const Tensor& self, IntArrayRef padding) {
  return pad_border("reflection_pad2d", self, padding, 2, Border::Reflect);
}
Tensor reflection_pad3d(const Tensor& self, IntArrayRef padding) {
  return pad_border("reflection_pad3d", self, padding, 3, Border::Reflect);
}
Tensor replication_pad1d(const Tensor& self, IntArrayRef padding) {
  return pad_border("replication_pad1d", self, padding, 1, Border::Replicate);
}
Tensor replication_pad2d(const Tensor& self, IntArrayRef padding) {
  return pad_border("replication_pad2d", self, padding, 2, Border::Replicate);
}
Tensor replication_pad3d(const Tensor& self, IntArrayRef padding) {
  return pad_border("replication_pad3d", self, padding, 3, Border::Replicate);
}

Tensor pad(const Tensor& self, IntArrayRef pad, std::string_view mode,
           std::optional<double> value) {
  if (pad.size() % 2 != 0) fail("pad: Padding length must be divisible by 2");
  if (static_cast<int64_t>(pad.size() / 2) > self.dim()) fail("pad: Padding length too large");
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0));
  if (value.value_or(0) != 0) {
    fail("pad: Padding mode \"{}\" doesn't take in value argument", mode);
  }
  const auto dims = static_cast<int64_t>(pad.size() / 2);
  if (mode != "reflect" && mode != "replicate" && mode != "circular") {
    fail("pad: Unrecognised padding mode {}", mode);
  }
  if (dims < 1 || dims > 3 || (self.dim() != dims + 1 && self.dim() != dims + 2)) {
    fail(
        "pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now (got {} "
        "values for sizes {} in mode {})",
        pad.size(), self.sizes(), mode);
  }
  if (mode == "circular") return pad_circular(self, pad);
  return pad_border("pad", self, pad, dims,
                    mode == "reflect" ? Border::Reflect : Border::Replicate);
}

Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value) {
  if (pad.size() % 2 != 0) {
    fail("constant_pad_nd: Length of pad must be even but instead it equals {}", pad.size());
  }
  if (static_cast<int64_t>(pad.size() / 2) > self.dim()) {
    fail(
        "constant_pad_nd: Length of pad should be no more than twice the number of dimensions of "
        "the input. Pad length is {}while the input has {}dimensions.",
        pad.size(), self.dim());
  }
  // Crop first, then add a block on either side. The concatenation gives the gradient.
  Tensor result = self;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const int64_t d = self.dim() - 1 - static_cast<int64_t>(i);
    const int64_t before = pad[2 * i];
    const int64_t after = pad[2 * i + 1];
    const int64_t n = self.size(d);
    int64_t padded = 0;
    if (__builtin_add_overflow(before, after, &padded) ||
        __builtin_add_overflow(padded, n, &padded)) {
      fail("constant_pad_nd: padding {} and {} of size {} overflows", before, after, n);
    }
    if (before < -n || after < -n || padded < 0) {
      fail(
          "constant_pad_nd: The input size {}, plus negative padding {} and {}, resulted in a "
          "negative output size, which is invalid. Check dimension {} of your input.",
          n, before, after, d);
    }
    const int64_t start = std::max<int64_t>(0, -before);
    const int64_t kept = std::max<int64_t>(0, n - start - std::max<int64_t>(0, -after));
    if (kept != n) result = result.narrow(d, std::min(start, n), kept);
    std::vector<Tensor> parts;
    const auto block = [&](int64_t length) {
      if (length <= 0) return;
      Shape sizes = result.sizes();
      sizes[static_cast<size_t>(d)] = length;
      parts.push_back(full(sizes, value, self.options()));
    };
    block(before);
    parts.push_back(result);
    block(after);
    if (parts.size() > 1) result = cat(parts, d);
  }
  return result.is_same(self) ? self.clone() : result;
}

}  // namespace reel
