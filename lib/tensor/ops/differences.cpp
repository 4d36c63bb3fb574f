#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/reduce.h>

namespace reel {
namespace {

void check_border(const Tensor& self, const Tensor& border, int64_t dim) {
  if (!border.defined()) return;
  if (border.dim() != self.dim()) {
    fail("diff: diff expects prepend or append to be the same dimension as input");
  }
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (d == dim || border.size(d) == self.size(d)) continue;
    fail(
        "diff: diff expects the shape of tensor to prepend or append to match that of input except "
        "along the differencing dimension; input.size({}) = {}, but got tensor.size({}) = {}",
        d, self.size(d), d, border.size(d));
  }
}

}  // namespace

Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend,
            const Tensor& append) {
  if (self.dim() == 0) fail("diff: diff expects input to be at least one-dimensional");
  const int64_t d = wrap_dim(dim, self.dim());
  check_border(self, prepend, d);
  check_border(self, append, d);
  if (n <= 0) return self.clone();
  std::vector<Tensor> parts;
  if (prepend.defined()) parts.push_back(prepend);
  parts.push_back(self);
  if (append.defined()) parts.push_back(append);
  Tensor x = parts.size() == 1 ? self : cat(parts, d);
  const int64_t size = x.size(d);
  if (n >= size) return x.narrow(d, 0, 0).clone();
  for (; n > 0; --n) {
    const int64_t left = x.size(d) - 1;
    const Tensor later = x.narrow(d, 1, left);
    const Tensor earlier = x.narrow(d, 0, left);
    x = x.dtype() == kBool ? later.ne(earlier) : later - earlier;
  }
  return x;
}

namespace {

// The distance of neighbours along one dimension: a number, or the coordinates of all elements.
struct Spacing {
  Scalar distance = 1;
  Tensor coordinates;
};

Tensor at(const Tensor& x, int64_t dim, int64_t i) {
  return x.narrow(dim, i < 0 ? x.size(dim) + i : i, 1);
}

// Central differences, second order accurate; at the edges of the order asked for.
Tensor evenly_spaced(const Tensor& x, int64_t dim, const Scalar& h, int64_t edge_order) {
  const int64_t n = x.size(dim);
  const Tensor centre = x.narrow(dim, 2, n - 2) - x.narrow(dim, 0, n - 2);
  Tensor first;
  Tensor last;
  if (edge_order == 1) {
    first = div(at(x, dim, 1) - at(x, dim, 0), h);
    last = div(at(x, dim, -1) - at(x, dim, -2), h);
  } else {
    first = div(at(x, dim, 1) * 2 - at(x, dim, 0) * 1.5 - at(x, dim, 2) * 0.5, h);
    last = div(at(x, dim, -1) * 1.5 - at(x, dim, -2) * 2 + at(x, dim, -3) * 0.5, h);
  }
  return cat({first, div(centre, h) / 2, last}, dim);
}

// The derivative of the parabola through three neighbours, whose distances are a and b.
Tensor unevenly_spaced(const Tensor& x, int64_t dim, const Tensor& coordinates,
                       int64_t edge_order) {
  const int64_t n = x.size(dim);
  Shape column(static_cast<size_t>(x.dim()), 1);
  column[static_cast<size_t>(dim)] = n - 1;
  const Tensor distance = diff(coordinates).reshape(column);
  const Tensor a = distance.narrow(dim, 0, n - 2);
  const Tensor b = distance.narrow(dim, 1, n - 2);
  const Tensor centre = x.narrow(dim, 0, n - 2) * (-b / (a * (a + b))) +
                        x.narrow(dim, 1, n - 2) * ((b - a) / (a * b)) +
                        x.narrow(dim, 2, n - 2) * (a / (b * (a + b)));
  Tensor first;
  Tensor last;
  if (edge_order == 1) {
    first = (at(x, dim, 1) - at(x, dim, 0)) / at(distance, dim, 0);
    last = (at(x, dim, -1) - at(x, dim, -2)) / at(distance, dim, -1);
  } else {
    const Tensor a0 = at(distance, dim, 0);
    const Tensor b0 = at(distance, dim, 1);
    first = at(x, dim, 0) * -((a0 * 2 + b0) / (a0 * (a0 + b0))) +
            at(x, dim, 1) * ((a0 + b0) / (a0 * b0)) - at(x, dim, 2) * (a0 / (b0 * (a0 + b0)));
    const Tensor a1 = at(distance, dim, -2);
    const Tensor b1 = at(distance, dim, -1);
    last = at(x, dim, -3) * (b1 / (a1 * (a1 + b1))) - at(x, dim, -2) * ((a1 + b1) / (a1 * b1)) +
           at(x, dim, -1) * ((b1 * 2 + a1) / (b1 * (a1 + b1)));
  }
  return cat({first, centre, last}, dim);
}

void check_gradient(const Tensor& self, std::optional<size_t> spacings,
                    const std::optional<IntArrayRef>& dim, int64_t edge_order) {
  if (self.dtype() == kByte) fail("torch.gradient does not support uint8 input.");
  if (spacings && !dim && *spacings != static_cast<size_t>(self.dim())) {
    fail(
        "torch.gradient expected spacing to be unspecified, a scalar or a list of length {} but "
        "got a list of length {}",
        self.dim(), *spacings);
  }
  if (spacings && dim && *spacings != dim->size()) {
    fail(
        "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim "
        "arguments to have the same length, but got a spacing argument of length {} and a dim "
        "argument of length {}.",
        *spacings, dim->size());
  }
  if (edge_order != 1 && edge_order != 2) {
    fail("torch.gradient only supports edge_order=1 and edge_order=2.");
  }
}

void check_coordinates(const Tensor& self, int64_t dim, const Tensor& coordinates) {
  if (!coordinates.defined()) return;
  if (coordinates.dim() != 1) {
    fail(
        "torch.gradient expected each element of spacing to have one dimension, but got an element "
        "with {} dimensions!",
        coordinates.dim());
  }
  if (coordinates.size(0) != self.size(dim)) {
    fail(
        "torch.gradient expected as many coordinates in spacing as elements along dimension {}, "
        "which are {}, but got {}",
        dim, self.size(dim), coordinates.size(0));
  }
}

// One derivative along each of the dimensions, all unless given.
std::vector<Tensor> gradients(const Tensor& self, std::optional<IntArrayRef> dim,
                              int64_t edge_order, const std::vector<Spacing>& spacing) {
  std::vector<int64_t> dims;
  if (dim) {
    ops::dim_set("gradient", self, *dim);
    dims = dim->vec();
  } else {
    for (int64_t d = 0; d < self.dim(); ++d) dims.push_back(d);
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t d = wrap_dim(dims[i], self.dim());
    if (self.dim() == 0 || self.size(d) < edge_order + 1) {
      fail("torch.gradient expected each dimension size to be at least edge_order+1");
    }
    check_coordinates(self, d, spacing[spacing.size() == 1 ? 0 : i].coordinates);
  }
  std::vector<Tensor> result;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t d = wrap_dim(dims[i], self.dim());
    const Spacing& s = spacing[spacing.size() == 1 ? 0 : i];
    result.push_back(s.coordinates.defined() ? unevenly_spaced(self, d, s.coordinates, edge_order)
                                             : evenly_spaced(self, d, s.distance, edge_order));
  }
  return result;
}

std::vector<Spacing> list_of(ArrayRef<Scalar> spacing) {
  std::vector<Spacing> list;
  for (const Scalar& s : spacing) list.push_back({s, {}});
  return list;
}
std::vector<Spacing> list_of(TensorList spacing) {
  std::vector<Spacing> list;
  for (const Tensor& t : spacing) list.push_back({1, t});
  return list;
}

std::optional<IntArrayRef> list_of(const std::optional<int64_t>& dim) {
  return dim ? std::optional<IntArrayRef>(IntArrayRef(*dim)) : std::nullopt;
}

template <class Spacings>
std::vector<Tensor> spaced(const Tensor& self, const Spacings& spacing,
                           const std::optional<IntArrayRef>& dim, int64_t edge_order) {
  check_gradient(self, spacing.size(), dim, edge_order);
  return gradients(self, dim, edge_order, list_of(spacing));
}

std::vector<Tensor> spaced(const Tensor& self, const Scalar& spacing,
                           const std::optional<IntArrayRef>& dim, int64_t edge_order) {
  check_gradient(self, std::nullopt, dim, edge_order);
  return gradients(self, dim, edge_order, {{spacing, {}}});
}

}  // namespace

std::vector<Tensor> gradient(const Tensor& self, const std::optional<Scalar>& spacing,
                             std::optional<int64_t> dim, int64_t edge_order) {
  return spaced(self, spacing.value_or(1), list_of(dim), edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, const Scalar& spacing, IntArrayRef dim,
                             int64_t edge_order) {
  return spaced(self, spacing, dim, edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, IntArrayRef dim, int64_t edge_order) {
  return spaced(self, Scalar(1), dim, edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, ArrayRef<Scalar> spacing,
                             std::optional<int64_t> dim, int64_t edge_order) {
  return spaced(self, spacing, list_of(dim), edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, ArrayRef<Scalar> spacing, IntArrayRef dim,
                             int64_t edge_order) {
  return spaced(self, spacing, dim, edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, TensorList spacing, std::optional<int64_t> dim,
                             int64_t edge_order) {
  return spaced(self, spacing, list_of(dim), edge_order);
}
std::vector<Tensor> gradient(const Tensor& self, TensorList spacing, IntArrayRef dim,
                             int64_t edge_order) {
  return spaced(self, spacing, dim, edge_order);
}

}  // namespace reel
