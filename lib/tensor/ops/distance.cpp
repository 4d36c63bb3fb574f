// Distances and similarities of vectors, and products of two of them.

#include <cmath>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

/// |difference|_p along the last dimension. Where the distance is 0 its gradient is 0.
Tensor length(const Tensor& difference, double p) {
  if (p == 0) return (difference != 0).to(difference.dtype()).sum(-1);
  if (difference.size(-1) == 0) return difference.sum(-1);
  if (p == 1) return difference.abs().sum(-1);
  if (std::isinf(p)) return difference.abs().amax(-1);
  if (p == 2) return difference.norm(2, -1);
  // Zeros are taken out before the power, whose slope at 0 is infinite for p < 1.
  const Tensor zero = difference.detach() == 0;
  const Tensor powers = difference.abs().masked_fill(zero, 1).pow(p).masked_fill(zero, 0).sum(-1);
  const Tensor none = powers.detach() == 0;
  return powers.masked_fill(none, 1).pow(1 / p).masked_fill(none, 0);
}

void check_points(const char* what, const Tensor& x) {
  if (!x.is_floating_point()) {
    fail("cdist: cdist only supports floating-point dtypes, {} got: {}", what, x.dtype());
  }
}

}  // namespace

Tensor cdist(const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t> compute_mode) {
  if (x1.dim() < 2) {
    fail("cdist: cdist only supports at least 2D tensors, X1 got: {}D", x1.dim());
  }
  if (x2.dim() < 2) {
    fail("cdist: cdist only supports at least 2D tensors, X2 got: {}D", x2.dim());
  }
  if (x1.size(-1) != x2.size(-1)) {
    fail("cdist: X1 and X2 must have the same number of columns. X1: {} X2: {}", x1.size(-1),
         x2.size(-1));
  }
  check_points("X1", x1);
  check_points("X2", x2);
  if (!(p >= 0)) fail("cdist: cdist only supports non-negative p values");
  if (compute_mode && (*compute_mode < 0 || *compute_mode > 2)) {
    fail("cdist: possible modes: 0, 1, 2, but was: {}", *compute_mode);
  }
  // The modes of PyTorch choose between this and a faster, less exact product of matrices.
  return length(x1.unsqueeze(-2) - x2.unsqueeze(-3), p);
}

Tensor pdist(const Tensor& self, double p) {
  if (self.dim() != 2) fail("pdist: pdist only supports 2D tensors, got: {}D", self.dim());
  if (!self.is_floating_point()) fail("pdist: pdist only supports floating-point dtypes");
  if (!(p >= 0)) fail("pdist: pdist only supports non-negative p values");
  const int64_t n = self.size(0);
  std::vector<int64_t> first, second;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) {
      first.push_back(i);
      second.push_back(j);
    }
  }
  const auto rows = [&](const std::vector<int64_t>& index) {
    return self.index_select(
        0, tensor(index, TensorOptions(kLong).device(Device(kCPU))).to(self.device()));
  };
  return length(rows(first) - rows(second), p);
}

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  return norm(x1 - x2 + eps, p, -1, keepdim);
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const ScalarType type = promote_types(x1.dtype(), x2.dtype());
  if (!is_floating_point(type)) {
    fail("cosine_similarity: expected common dtype to be floating point, yet common dtype is {}",
         type);
  }
  const Shape sizes = broadcast_sizes(x1.sizes(), x2.sizes());
  const int64_t along = wrap_dim(dim, static_cast<int64_t>(sizes.size()));
  // Each is divided by its length first: the product of the lengths might overflow.
  const auto direction = [&](const Tensor& x) {
    const Tensor t = x.to(type).expand(sizes);
    const Tensor size = t.dim() == 0 ? t.abs() : norm(t, 2, along, true);
    if (!(eps > 0)) return t / size;
    // A length below eps counts as eps, but as in PyTorch, which then divides by eps in the
    // gradient too, not as a constant.
    const Tensor squares = (t.dim() == 0 ? t.square() : t.square().sum(along, true));
    const Tensor least = (squares - squares.detach()) / (2 * eps) + eps;
    return t / where(size.detach() < eps, least, size);
  };
  const Tensor product = direction(x1) * direction(x2);
  return product.dim() == 0 ? product : product.sum(along);
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias) {
  constexpr const char* kOp = "bilinear";
  if (input1.dim() != input2.dim()) {
    fail("{}: bilinear(): input dimensions do not match: got {} and {}", kOp, input1.dim(),
         input2.dim());
  }
  for (int64_t d = 0; d + 1 < input1.dim(); ++d) {
    if (input1.size(d) == input2.size(d)) continue;
    fail("{}: bilinear(): input batch dimensions do not match at dim {}: got {} and {}", kOp, d,
         input1.size(d), input2.size(d));
  }
  if (weight.dim() != 3 || input1.dim() == 0) {
    fail(
        "{}: expected inputs [..., in1] and [..., in2] and a weight [out, in1, in2], got {}, {} "
        "and {}",
        kOp, input1.sizes(), input2.sizes(), weight.sizes());
  }
  if (input1.size(-1) != weight.size(1)) {
    fail("{}: bilinear(): input1 size does not match weight size: got {} but expected {}", kOp,
         input1.size(-1), weight.size(1));
  }
  if (input2.size(-1) != weight.size(2)) {
    fail("{}: bilinear(): input2 size does not match weight size: got {} but expected {}", kOp,
         input2.size(-1), weight.size(2));
  }
  if (bias.defined() && (bias.dim() == 0 || bias.size(0) != weight.size(0))) {
    fail("{}: bilinear(): bias size does not match weight size: got {} but expected {}", kOp,
         bias.dim() == 0 ? 1 : bias.size(0), weight.size(0));
  }
  const int64_t out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2);
  Shape sizes = input1.sizes();
  sizes[sizes.size() - 1] = out;
  const int64_t rows = numel_of(IntArrayRef(sizes).slice(0, sizes.size() - 1));
  // sum over i and j of x1[i] weight[o, i, j] x2[j].
  const Tensor inner =
      mm(input1.reshape({rows, in1}), weight.permute({1, 0, 2}).reshape({in1, out * in2}))
          .view({rows, out, in2});
  const Tensor y = (inner * input2.reshape({rows, 1, in2})).sum(-1).view(sizes);
  return bias.defined() ? y + bias : y;
}

}  // namespace reel
