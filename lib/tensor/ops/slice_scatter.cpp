// A copy of a tensor with one of its views overwritten.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

/// The copy that is to be written into lies as a clone does, so that gradients find the way.
template <class View>
Tensor overwritten(const char* op, const Tensor& self, const Tensor& src, const View& view) {
  const Tensor result = self.clone();
  Tensor region = view(result);
  if (!(region.sizes() == src.sizes())) {
    fail(
        "{}: expected src to have a size equal to the slice of self. src size = {}, slice size = "
        "{}",
        op, src.sizes(), region.sizes());
  }
  region.copy_(src);
  return result;
}

}  // namespace

Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
  return overwritten("select_scatter", self, src,
                     [&](const Tensor& y) { return y.select(dim, index); });
}

Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim,
                     std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  return overwritten("slice_scatter", self, src,
                     [&](const Tensor& y) { return y.slice(dim, start, end, step); });
}

Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1,
                        int64_t dim2) {
  return overwritten("diagonal_scatter", self, src,
                     [&](const Tensor& y) { return y.diagonal(offset, dim1, dim2); });
}

Tensor as_strided_scatter(const Tensor& self, const Tensor& src, IntArrayRef size,
                          IntArrayRef stride, std::optional<int64_t> storage_offset) {
  return overwritten("as_strided_scatter", self, src,
                     [&](const Tensor& y) { return y.as_strided(size, stride, storage_offset); });
}

}  // namespace reel
