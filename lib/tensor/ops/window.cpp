#include <reel/tensor/check.h>
#include <reel/tensor/ops/window.h>

namespace reel::ops {

void check_window(const char* op, const Pair& kernel, const Pair& stride, const Pair& padding,
                  const Pair& dilation) {
  const auto check = [&](const char* what, const Pair& pair, int64_t least, const char* rule) {
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;
    for (int64_t value : pair) {
      if (value < least) fail("{}: {} {}, but got {}", op, what, rule, IntArrayRef(pair));
      if (value > kMost) fail("{}: {} is too large: {}", op, what, IntArrayRef(pair));
    }
  };
  check("kernel size", kernel, 1, "should be greater than zero");
  check("stride", stride, 1, "should be greater than zero (non-positive stride is not supported)");
  check("padding", padding, 0, "must be non-negative (negative padding is not supported)");
  check("dilation", dilation, 1, "should be greater than zero");
}

int64_t count_windows(int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                      int64_t dilation, bool ceil_mode) {
  if (size < 0) return 0;
  const int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0 && !(ceil_mode && room + stride - 1 >= 0)) return 0;
  int64_t count = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if (ceil_mode && (count - 1) * stride >= size + padding) --count;
  return count;
}

Tensor Windows::at(const Tensor& padded, int64_t i, int64_t j) const {
  const auto axis = [&](const Tensor& x, size_t a, int64_t offset) {
    const int64_t start = offset * dilation[a];
    return x.slice(static_cast<int64_t>(a) + 2, start, start + (count[a] - 1) * stride[a] + 1,
                   stride[a]);
  };
  return axis(axis(padded, 0, i), 1, j);
}

int64_t Windows::overhang(size_t axis, int64_t size, int64_t kernel, int64_t padding) const {
  const int64_t end =
      (count[axis] - 1) * stride[axis] + dilation[axis] * (kernel - 1) + 1 - padding;
  return std::max<int64_t>(end - size, 0);
}

Tensor Windows::pad(const Tensor& x, const Pair& kernel, const Pair& padding) const {
  const Pair after = {overhang(0, x.size(2), kernel[0], padding[0]),
                      overhang(1, x.size(3), kernel[1], padding[1])};
  if (padding == Pair{0, 0} && after == Pair{0, 0}) return x;
  return constant_pad_nd(x, {padding[1], after[1], padding[0], after[0]});
}

Pair Windows::padded_size(const Pair& size, const Pair& kernel, const Pair& padding) const {
  return {padding[0] + size[0] + overhang(0, size[0], kernel[0], padding[0]),
          padding[1] + size[1] + overhang(1, size[1], kernel[1], padding[1])};
}

}  // namespace reel::ops
