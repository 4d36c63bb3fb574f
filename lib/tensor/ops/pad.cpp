// Padding: rows put before and after a tensor along its last dimensions.

#include <algorithm>
#include <limits>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

/// Puts rows of self before and after it. Each mode says which rows, and how many a dimension of
/// size n can lend; index_select gives the gradient.
Tensor pad_dim(const Tensor& self, int64_t d, int64_t before, int64_t after,
               const std::string& mode) {
  const int64_t n = self.size(d);
  const int64_t longest = mode == "reflect"    ? n - 1
                          : mode == "circular" ? n
                          : n > 0              ? std::numeric_limits<int64_t>::max()
                                               : 0;
  int64_t end = 0, padded = 0;
  if (before > longest || after > longest || __builtin_add_overflow(n, after, &end) ||
      __builtin_add_overflow(end, before, &padded) || padded < 1) {
    fail("pad: dimension {} of size {} cannot be padded by {} and {} in mode {}", d, n, before,
         after, mode);
  }
  const Tensor i = arange(-before, end, TensorOptions(kLong).device(self.device()));
  return self.index_select(d, mode == "reflect"    ? (n - 1) - ((n - 1) - i.abs()).abs()
                              : mode == "circular" ? i + n * (i.lt(0).to(kLong) - i.ge(n).to(kLong))
                                                   : i.clamp(0, n - 1));
}

}  // namespace

Tensor pad(const Tensor& self, IntArrayRef pad, const std::string& mode,
           std::optional<double> value) {
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0));
  if (mode != "reflect" && mode != "replicate" && mode != "circular") {
    fail("pad: expected mode constant, reflect, replicate or circular, got \"{}\"", mode);
  }
  if (value.value_or(0) != 0) fail("pad: mode {} takes no value, got {}", mode, *value);
  const auto padded = static_cast<int64_t>(pad.size() / 2);
  if (pad.size() % 2 != 0 || padded < 1 || padded > 3 || self.dim() < padded + 1 ||
      self.dim() > padded + 2) {
    fail(
        "pad: mode {} expects a pair for each dimension of [(N,) C, (D, H,) W] behind the "
        "channels, got {} values for sizes {}",
        mode, pad.size(), self.sizes());
  }
  Tensor result = self;
  for (int64_t i = 0; i < padded; ++i) {
    const int64_t before = pad[static_cast<size_t>(2 * i)];
    const int64_t after = pad[static_cast<size_t>(2 * i + 1)];
    if (before != 0 || after != 0) {
      result = pad_dim(result, self.dim() - 1 - i, before, after, mode);
    }
  }
  return result.is_same(self) ? self.clone() : result;
}

Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value) {
  if (pad.size() % 2 != 0 || static_cast<int64_t>(pad.size() / 2) > self.dim()) {
    fail(
        "constant_pad_nd: Length of pad must be even and no more than twice the number of "
        "dimensions of the input. Pad has length {} while input has {} dimensions.",
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
