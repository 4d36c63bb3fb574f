// beta * self + alpha * (a product): addmm, addmv, addr, addbmm, baddbmm.

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

// A factor as PyTorch converts it to the dtype of what it multiplies: towards zero for integers.
Scalar factor_for(const char* op, ScalarType type, const Scalar& factor) {
  if (factor.is_complex() && !is_complex(type)) {
    fail("{}: value cannot be converted to type {} without overflow", op,
         type == kDouble ? "double" : "float");
  }
  if (is_integral(type) && factor.is_floating_point()) {
    const double value = factor.toDouble();
    if (!(value > -0x1p63 && value < 0x1p63)) {
      fail("{}: value cannot be converted to type int64_t without overflow", op);
    }
    return static_cast<int64_t>(value);
  }
  return factor;
}

bool is_number(const Scalar& factor, int number) {
  const auto value = factor.to<Complex<double>>();
  return value.real() == number && value.imag() == 0;
}

// As in BLAS, what is multiplied by zero is not read: NaN in it does not spread. `self` broadcasts.
Tensor blend(const char* op, const Tensor& self, const Tensor& product, const Scalar& beta,
             const Scalar& alpha) {
  const Tensor added = self.expand(product.sizes());
  const Scalar b = factor_for(op, product.dtype(), beta);
  const Scalar a = factor_for(op, product.dtype(), alpha);
  if (is_number(a, 0)) return is_number(b, 0) ? zeros_like(product) : added * b;
  const Tensor scaled = is_number(a, 1) ? product : product * a;
  if (is_number(b, 0)) return scaled;
  return (is_number(b, 1) ? added : added * b) + scaled;
}

void check_same_dtype(const char* op, const Tensor& self, const Tensor& other) {
  if (self.dtype() != other.dtype()) fail("{}: self and mat2 must have the same dtype", op);
}

void check_batches(const char* op, const Tensor& batch1, const Tensor& batch2) {
  if (batch1.dim() != 3) {
    fail("{}: batch1 must be a 3D tensor, got shape {}", op, batch1.sizes());
  }
  if (batch2.dim() != 3) {
    fail("{}: batch2 must be a 3D tensor, got shape {}", op, batch2.sizes());
  }
}

void check_vector(const char* op, const char* argument, const Tensor& vec) {
  if (vec.dim() != 1) {
    fail("{}: Expected 1-D argument {}, but got {}-D", op, argument, vec.dim());
  }
}

void check_addr_factor(const char* name, ScalarType type, const Scalar& factor) {
  if (factor.is_boolean() && type != kBool) {
    fail("addr: Boolean {} only supported for Boolean results.", name);
  }
  if (!is_differentiable(type) && !factor.is_integral(/*include_bool=*/true)) {
    fail("addr: For integral input tensors, argument {} must not be a floating point number.",
         name);
  }
}

}  // namespace

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  if (mat1.dim() != 2) fail("addmm: mat1 must be a matrix, got {}-D tensor", mat1.dim());
  if (mat2.dim() != 2) fail("addmm: mat2 must be a matrix, got {}-D tensor", mat2.dim());
  if (mat1.dtype() != mat2.dtype()) fail("addmm: mat1 and mat2 must have the same dtype");
  const Tensor product = mm(mat1, mat2);
  const Tensor added = self.expand(product.sizes());
  check_same_dtype("addmm", self, mat2);
  return blend("addmm", added, product, beta, alpha);
}

Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta,
             const Scalar& alpha) {
  if (mat.dim() != 2 || vec.dim() != 1 || self.dim() > 1) {
    fail("addmv: vector + matrix @ vector expected, got {}, {}, {}", self.dim(), mat.dim(),
         vec.dim());
  }
  const bool fits = self.dim() == 0 || self.size(0) == 1 || self.size(0) == mat.size(0);
  if (mat.size(1) != vec.size(0) || !fits) {
    fail("addmv: size mismatch, got {}, {}x{},{}", self.dim() == 0 ? 1 : self.size(0), mat.size(0),
         mat.size(1), vec.size(0));
  }
  return blend("addmv", self.to(mat.dtype()), mv(mat, vec), beta, alpha);
}

Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
  check_vector("addr", "vec1", vec1);
  check_vector("addr", "vec2", vec2);
  const ScalarType type = promote_types(self.dtype(), promote_types(vec1.dtype(), vec2.dtype()));
  check_addr_factor("beta", type, beta);
  check_addr_factor("alpha", type, alpha);
  const Tensor product = vec1.to(type).unsqueeze(1) * vec2.to(type);
  const Tensor added = self.expand(product.sizes()).to(type);
  if (type != kBool) return blend("addr", added, product, beta, alpha);
  const Tensor scaled = alpha.toBool() ? product : zeros_like(product);
  return beta.toBool() ? added.logical_or(scaled) : scaled;
}

Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
              const Scalar& alpha) {
  check_batches("addbmm", batch1, batch2);
  if (batch1.size(0) != batch2.size(0)) {
    fail("addbmm: batch1 and batch2 must have same number of batches, got {} and {}",
         batch1.size(0), batch2.size(0));
  }
  if (batch1.size(2) != batch2.size(1)) {
    fail("addbmm: Incompatible matrix sizes for bmm ({}x{} and {}x{})", batch1.size(1),
         batch1.size(2), batch2.size(1), batch2.size(2));
  }
  const int64_t depth = batch1.size(0) * batch1.size(2);
  const Tensor added = self.expand({batch1.size(1), batch2.size(2)});
  if (batch1.dtype() != batch2.dtype()) fail("addbmm: mat1 and mat2 must have the same dtype");
  check_same_dtype("addbmm", self, batch2);
  // The sum of products is one product: the batch is only more of the depth.
  const Tensor rows = batch1.transpose(0, 1).reshape({batch1.size(1), depth});
  const Tensor columns = batch2.reshape({depth, batch2.size(2)});
  return blend("addbmm", added, mm(rows, columns), beta, alpha);
}

Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
  check_batches("baddbmm", batch1, batch2);
  const Tensor added = self.expand({batch1.size(0), batch1.size(1), batch2.size(2)});
  return blend("baddbmm", added.to(batch1.dtype()), bmm(batch1, batch2), beta, alpha);
}

}  // namespace reel
