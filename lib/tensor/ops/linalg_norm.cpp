// Norms of vectors and of matrices.

#include <cmath>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/linalg.h>

namespace reel {
namespace {

using namespace ops;

std::string text_of(const Scalar& order) {
  return order.is_integral() ? fmt::format("{}", order.toLong())
                             : fmt::format("{:g}", order.toDouble());
}

double number_of(const char* op, const Scalar& order) {
  if (order.is_complex() && order.to<Complex<double>>().imag() != 0) {
    fail("{}: value cannot be converted to type double without overflow", op);
  }
  return order.toDouble();
}

void check_dtype(const char* op, ScalarType self, std::optional<ScalarType> dtype) {
  if (!dtype) return;
  if (!is_differentiable(*dtype)) {
    fail("{}: dtype should be floating point or complex, but got {}", op, *dtype);
  }
  if (is_complex(self) != is_complex(*dtype)) {
    fail("{}: dtype should be {} for {} inputs, but got {}", op,
         is_complex(self) ? "complex" : "real", is_complex(self) ? "complex" : "real", *dtype);
  }
  if (promote_types(self, *dtype) != *dtype) {
    fail(
        "{}: the dtype of the input ({}) should be convertible without narrowing to the specified "
        "dtype ({})",
        op, self, *dtype);
  }
}

// Orders below 0 and infinite ones have no value for nothing.
void check_not_empty(const Tensor& x, const Scalar& order, IntArrayRef dims) {
  if (x.numel() > 0) return;
  if (dims.empty()) {
    fail(
        "linalg.vector_norm cannot compute the {} norm on an empty tensor because the operation "
        "does not have an identity",
        text_of(order));
  }
  for (const int64_t dim : dims) {
    const int64_t d = wrap_dim(dim, x.dim());
    if (x.dim() == 0 || x.size(d) != 0) continue;
    // The missing space is PyTorch's.
    fail(
        "linalg.vector_norm cannot compute the {} norm on the dimension {}because this dimension "
        "is empty and the operation does not have an identity",
        text_of(order), d);
  }
}

// Where x is 0 the gradients of powers and roots are infinite or none; they are taken as 0, as is
// the gradient of |x|. `at_zero` is the value there.
Tensor power(const Tensor& x, double exponent, double at_zero) {
  const Tensor zero = x.detach() == 0;
  return x.masked_fill(zero, 1).pow(exponent).masked_fill(zero, at_zero);
}

Tensor root(const Tensor& x, double order) {
  const Tensor zero = x.detach() == 0;
  const Tensor safe = x.masked_fill(zero, 1);
  const double at_zero = order > 0 ? 0 : std::numeric_limits<double>::infinity();
  return (order == 2 ? safe.sqrt() : safe.pow(1 / order)).masked_fill(zero, at_zero);
}

}  // namespace

Tensor linalg_vector_norm(const Tensor& self, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  constexpr const char* kOp = "linalg.vector_norm";
  check_float_or_complex(kOp, self);
  check_dtype(kOp, self.dtype(), dtype);
  const double order = number_of(kOp, ord);
  if (order < 0 || std::isinf(order)) check_not_empty(self, ord, dim);
  const ScalarType type = dtype.value_or(self.dtype());
  const ScalarType result = real_dtype(type);
  // Half precision is for storage: sums are Float's and are rounded once.
  const bool half = type == kHalf || type == kBFloat16;
  const Tensor x = self.to(half ? kFloat : type);
  const Tensor magnitude = x.abs();
  Tensor norm;
  if (order == 0) {
    norm = (x != 0).to(real_dtype(x.dtype())).sum(dim, keepdim);
  } else if (order == 1) {
    norm = magnitude.sum(dim, keepdim);
  } else if (order == 2) {
    norm = root(magnitude.square().sum(dim, keepdim), 2);
  } else if (std::isinf(order)) {
    norm = order > 0 ? amax(magnitude, dim, keepdim) : amin(magnitude, dim, keepdim);
  } else {
    const double at_zero = order > 0 ? 0 : std::numeric_limits<double>::infinity();
    norm = root(power(magnitude, order, at_zero).sum(dim, keepdim), order);
  }
  return norm.to(result);
}

namespace {

constexpr const char* kMatrixNorm = "linalg.matrix_norm";

// The two dimensions of the matrices, counted from the front.
std::array<int64_t, 2> matrix_dims(const Tensor& a, IntArrayRef dim) {
  if (dim.size() != 2) {
    std::string list;
    for (const int64_t d : dim) list += fmt::format("{}{}", list.empty() ? "" : " ", d);
    fail("{}: dim must be a 2-tuple. Got {}", kMatrixNorm, list);
  }
  const std::array<int64_t, 2> dims{wrap_dim(dim[0], a.dim()), wrap_dim(dim[1], a.dim())};
  if (dims[0] == dims[1]) {
    fail("{}: dims must be different. Got ({}, {})", kMatrixNorm, dim[0], dim[1]);
  }
  return dims;
}

Tensor without_dims(const Tensor& x, std::array<int64_t, 2> dims, bool keepdim) {
  if (keepdim) return x;
  const int64_t first = std::min(dims[0], dims[1]);
  return x.squeeze(std::max(dims[0], dims[1])).squeeze(first);
}

// Singular values of the matrices in two dimensions, along the second; the first is of size 1.
Tensor singular_values(const Tensor& a, std::array<int64_t, 2> dims) {
  std::vector<int64_t> order;
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (d != dims[0] && d != dims[1]) order.push_back(d);
  }
  order.push_back(dims[0]);
  order.push_back(dims[1]);
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  }
  return linalg_svdvals(a.permute(order)).unsqueeze(-2).permute(back);
}

void check_matrix_norm(const Tensor& self, std::optional<ScalarType> dtype) {
  check_matrices(kMatrixNorm, self);
  check_float_or_complex(kMatrixNorm, self);
  check_dtype(kMatrixNorm, self.dtype(), dtype);
}

}  // namespace

Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  check_matrices(kMatrixNorm, self);
  check_float_or_complex(kMatrixNorm, self);
  const double order = number_of(kMatrixNorm, ord);
  const double magnitude = std::abs(order);
  if (magnitude != 1 && magnitude != 2 && !std::isinf(order)) {
    fail("{}: Order {} not supported.", kMatrixNorm, text_of(ord));
  }
  const std::array<int64_t, 2> dims = matrix_dims(self, dim);
  check_matrix_norm(self, dtype);
  const Tensor a = dtype ? self.to(*dtype) : self;
  Tensor sums;
  int64_t over = dims[1];
  if (magnitude == 2) {
    sums = singular_values(a, dims);
  } else {
    // Sums of columns for 1, of rows for infinity.
    const int64_t summed = magnitude == 1 ? dims[0] : dims[1];
    over = magnitude == 1 ? dims[1] : dims[0];
    sums = linalg_vector_norm(a, 1, summed, /*keepdim=*/true);
  }
  const Tensor norm = order > 0 ? amax(sums, over, true) : amin(sums, over, true);
  return without_dims(norm, dims, keepdim);
}

Tensor linalg_matrix_norm(const Tensor& self, std::string_view ord, IntArrayRef dim, bool keepdim,
                          std::optional<ScalarType> dtype) {
  check_matrices(kMatrixNorm, self);
  check_float_or_complex(kMatrixNorm, self);
  if (ord != "fro" && ord != "nuc") fail("{}: Order {} not supported.", kMatrixNorm, ord);
  const std::array<int64_t, 2> dims = matrix_dims(self, dim);
  check_matrix_norm(self, dtype);
  const Tensor a = dtype ? self.to(*dtype) : self;
  if (ord == "fro") return linalg_vector_norm(a, 2, dims, keepdim);
  return without_dims(singular_values(a, dims).sum(dims[1], /*keepdim=*/true), dims, keepdim);
}

namespace {

constexpr int64_t kLastTwo[] = {-2, -1};

// Whether the norm is that of matrices.
bool of_matrices(const Tensor& self, bool with_order, IntArrayRef dim) {
  if (!dim.empty() && dim.size() > 2) {
    fail("linalg.norm: If dim is specified, it must be of length 1 or 2. Got {}", dim);
  }
  if (dim.empty() && with_order && self.dim() != 1 && self.dim() != 2) {
    fail("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {}D.",
         self.dim());
  }
  return with_order && (dim.size() == 2 || (dim.empty() && self.dim() == 2));
}

}  // namespace

Tensor linalg_norm(const Tensor& self, const std::optional<Scalar>& ord, IntArrayRef dim,
                   bool keepdim, std::optional<ScalarType> dtype) {
  if (of_matrices(self, ord.has_value(), dim)) {
    return linalg_matrix_norm(self, *ord, dim.empty() ? IntArrayRef(kLastTwo) : dim, keepdim,
                              dtype);
  }
  return linalg_vector_norm(self, ord.value_or(2), dim, keepdim, dtype);
}

Tensor linalg_norm(const Tensor& self, std::string_view ord, IntArrayRef dim, bool keepdim,
                   std::optional<ScalarType> dtype) {
  of_matrices(self, true, dim);
  return linalg_matrix_norm(self, ord, dim.empty() ? IntArrayRef(kLastTwo) : dim, keepdim, dtype);
}

Tensor linalg_diagonal(const Tensor& A, int64_t offset, int64_t dim1, int64_t dim2) {
  return A.diagonal(offset, dim1, dim2);
}

}  // namespace reel
