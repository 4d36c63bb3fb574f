// Diagonals and triangles.

#include <algorithm>
#include <cstdlib>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace ops {

Tensor Diagonal::view(const Tensor& x) const {
  const auto a = static_cast<size_t>(dim1);
  const auto b = static_cast<size_t>(dim2);
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  const int64_t rows = offset < 0 ? sizes[a] + std::max(offset, -sizes[a]) : sizes[a];
  const int64_t columns = offset > 0 ? sizes[b] - std::min(offset, sizes[b]) : sizes[b];
  const int64_t length = std::min(rows, columns);
  int64_t start = x.storage_offset();
  // An empty diagonal may lie anywhere.
  if (length > 0) start += offset < 0 ? -offset * strides[a] : offset * strides[b];
  const int64_t stride = strides[a] + strides[b];
  for (const size_t d : {std::max(a, b), std::min(a, b)}) {
    sizes.erase(d);
    strides.erase(d);
  }
  sizes.push_back(length);
  strides.push_back(stride);
  return make_view(x, std::move(sizes), std::move(strides), start);
}

void Diagonal::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor x = zeros(call.in_sizes(0), g.options());
  x.diagonal(offset, dim1, dim2).copy_(g);
  call.set(0, x);
}

}  // namespace ops

using namespace ops;

Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t a = wrap_dim(dim1, self.dim());
  const int64_t b = wrap_dim(dim2, self.dim());
  if (a == b) fail("diagonal: diagonal dimensions cannot be identical {}, {}", dim1, dim2);
  return apply(Diagonal{offset, a, b}, self);
}

Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t a = wrap_dim(dim1, self.dim() + 1);
  const int64_t b = wrap_dim(dim2, self.dim() + 1);
  if (a == b) fail("diag_embed: diagonal dimensions cannot be identical {}, {}", dim1, dim2);
  int64_t side = 0;
  if (offset == INT64_MIN || __builtin_add_overflow(std::abs(offset), self.size(-1), &side)) {
    fail("diag_embed: offset {} of sizes {} overflows", offset, self.sizes());
  }
  Shape sizes = self.sizes();
  sizes.erase(sizes.size() - 1);
  sizes.insert(static_cast<size_t>(std::min(a, b)), side);
  sizes.insert(static_cast<size_t>(std::max(a, b)), side);
  const Tensor result = zeros(sizes, self.options());
  result.diagonal(offset, a, b).copy_(self);
  return result;
}

Tensor diag(const Tensor& self, int64_t diagonal) {
  if (self.dim() == 1) return diag_embed(self, diagonal);
  if (self.dim() != 2) fail("diag: matrix or a vector expected");
  return self.diagonal(diagonal).clone(MemoryFormat::Contiguous);
}

Tensor diagflat(const Tensor& self, int64_t offset) {
  return diag_embed(reshape(self, {self.numel()}), offset);
}

Tensor& Tensor::fill_diagonal_(const Scalar& fill_value, bool wrap) {
  if (dim() < 2) fail("fill_diagonal_: dimensions must larger than 1");
  for (int64_t d = 1; dim() > 2 && d < dim(); ++d) {
    if (size(d) != size(0)) {
      fail("fill_diagonal_: all dimensions of input must be of equal length");
    }
  }
  if (numel() == 0) return *this;
  if (dim() > 2) {
    int64_t stride = 0;
    for (int64_t d = 0; d < dim(); ++d) stride += this->stride(d);
    as_strided({size(0)}, {stride}).fill_(fill_value);
    return *this;
  }
  // In a tall matrix the diagonal may start again one row below where it ended.
  const int64_t rows = size(0);
  const int64_t period = size(1) + 1;
  for (int64_t at = 0; at < rows; at += period) {
    narrow(0, at, std::min(period, rows - at)).diagonal().fill_(fill_value);
    if (!wrap) break;
  }
  return *this;
}

namespace {

/// True where the column minus the row of the last two dimensions is at most `diagonal`.
Tensor below(const Tensor& self, int64_t diagonal) {
  if (self.dim() == 0) fail_index("tril: Dimension specified as -2 but tensor has no dimensions");
  const TensorOptions longs = TensorOptions(kLong).device(self.device());
  const int64_t rows = self.size(wrap_dim(-2, self.dim()));
  return (arange(self.size(-1), longs) - arange(rows, longs).unsqueeze(1)).le(diagonal);
}

}  // namespace

Tensor tril(const Tensor& self, int64_t diagonal) {
  return apply(Where{}, below(self, diagonal), self, scalar_tensor(0, self.options()));
}

Tensor triu(const Tensor& self, int64_t diagonal) {
  const int64_t last = diagonal == INT64_MIN ? diagonal : diagonal - 1;
  return apply(Where{}, below(self, last), scalar_tensor(0, self.options()), self);
}

Tensor block_diag(TensorList tensors) {
  if (tensors.empty()) return zeros({1, 0});
  ScalarType type = ScalarType::Undefined;
  int64_t columns = 0;
  std::vector<Tensor> blocks;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (t.dim() > 2) {
      fail(
          "block_diag: torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {} "
          "has {} dimensions",
          i, t.dim());
    }
    type = i == 0 ? t.dtype() : promote_types(type, t.dtype());
    blocks.push_back(atleast_2d(t));
    columns += blocks.back().size(1);
  }
  std::vector<Tensor> rows;
  int64_t before = 0;
  for (const Tensor& block : blocks) {
    const int64_t n = block.size(1);
    rows.push_back(constant_pad_nd(block.to(type), {before, columns - before - n}));
    before += n;
  }
  return cat(rows, 0);
}

}  // namespace reel
