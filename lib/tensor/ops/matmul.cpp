#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/matmul.h>

namespace reel {
namespace ops {
namespace {

// `kernel` is the name that PyTorch gives its own in the message. Only nothing can be multiplied as
// Bool.
void check_dtypes(const char* op, const char* kernel, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) {
    fail("{}: expected scalar type {} but found {}", op, a.dtype(), b.dtype());
  }
  if (a.dtype() == kBool && a.numel() > 0 && b.numel() > 0)
    fail("{}: \"{}\" not implemented for 'Bool'", op, kernel);
}

}  // namespace

void Mm::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  if (a.dim() != 2) fail("mm: self must be a matrix, got shape {}", a.sizes());
  if (b.dim() != 2) fail("mm: mat2 must be a matrix, got shape {}", b.sizes());
  if (a.size(1) != b.size(0)) {
    fail("mm: mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})", a.size(0), a.size(1),
         b.size(0), b.size(1));
  }
  check_dtypes(name, "addmm_impl_cpu_", a, b);
  call.out({a.size(0), b.size(1)}, a.dtype());
}

void Mm::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (call.needs(0)) {
    const Tensor b = conj(call.in(1));
    call.set(0, a_by_columns ? mm(b, g.t()).t() : mm(g, b.t()));
  }
  if (call.needs(1)) {
    const Tensor a = conj(call.in(0));
    call.set(1, b_by_columns ? mm(g.t(), a).t() : mm(a.t(), g));
  }
}

namespace {

// A product of complex numbers by four of their parts, for which there are fast kernels.
template <class Multiply>
Tensor multiply_parts(const Tensor& a, const Tensor& b, const Multiply& multiply) {
  const Tensor ar = real(a).contiguous(), ai = imag(a).contiguous();
  const Tensor br = real(b).contiguous(), bi = imag(b).contiguous();
  return complex(multiply(ar, br) - multiply(ai, bi), multiply(ar, bi) + multiply(ai, br));
}

}  // namespace

void ComplexMm::compose(Compose& call) const {
  call.set(0, multiply_parts(call.in(0), call.in(1), mm));
}

void Gram::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  if (x.dim() != 2) fail("gram: expected a matrix [N, M], got shape {}", x.sizes());
  call.out({x.size(0), x.size(0)}, x.dtype());
}

void Gram::compose(Compose& call) const { call.set(0, mm(call.in(0), call.in(0).t())); }

void Gram::backward(Replay& call) const {
  const Tensor x = conj(call.in(0));
  const Tensor g = call.grad() + call.grad().t();
  call.set(0, by_columns ? mm(x.t(), g).t() : mm(g, x));
}

void Bmm::infer(Infer& call) const {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  if (a.dim() != 3) fail("bmm: batch1 must be a 3D tensor, got shape {}", a.sizes());
  if (b.dim() != 3) fail("bmm: batch2 must be a 3D tensor, got shape {}", b.sizes());
  if (a.size(0) != b.size(0) || a.size(2) != b.size(1)) {
    fail(
        "bmm: Expected size for first two dimensions of batch2 tensor to be: [{}, {}] but got: "
        "[{}, {}].",
        a.size(0), a.size(2), b.size(0), b.size(1));
  }
  check_dtypes(name, "bmm", a, b);
  call.out({a.size(0), a.size(1), b.size(2)}, a.dtype());
}

void Bmm::compose(Compose& call) const {
  const Tensor& a = call.in(0);
  const Tensor& b = call.in(1);
  if (a.is_complex()) return call.set(0, multiply_parts(a, b, bmm));
  std::vector<Tensor> products;
  for (int64_t i = 0; i < a.size(0); ++i) products.push_back(mm(a.select(0, i), b.select(0, i)));
  call.set(0, products.empty() ? zeros({0, a.size(1), b.size(2)}, a.options()) : stack(products));
}

void Bmm::backward(Replay& call) const {
  const Tensor g = call.grad();
  if (call.needs(0)) call.set(0, bmm(g, conj(call.in(1)).transpose(1, 2)));
  if (call.needs(1)) call.set(1, bmm(conj(call.in(0)).transpose(1, 2), g));
}

}  // namespace ops

namespace {

/// The sizes with the last `count` replaced by others.
Shape replace_tail(IntArrayRef sizes, size_t count, IntArrayRef tail) {
  Shape result(sizes.slice(0, sizes.size() - count));
  for (int64_t size : tail) result.push_back(size);
  return result;
}

/// True if a matrix lies in memory column by column.
bool by_columns(const Tensor& t) { return t.dim() == 2 && t.stride(0) == 1 && t.stride(1) > 1; }

}  // namespace

Tensor mm(const Tensor& self, const Tensor& mat2) {
  const ops::Mm op{by_columns(self), by_columns(mat2)};
  return self.is_complex() ? ops::apply(ops::ComplexMm{op}, self, mat2)
                           : ops::apply(op, self, mat2);
}

Tensor gram(const Tensor& self) { return ops::apply(ops::Gram{by_columns(self)}, self); }

Tensor bmm(const Tensor& self, const Tensor& mat2) { return ops::apply(ops::Bmm{}, self, mat2); }

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int64_t da = self.dim();
  const int64_t db = other.dim();
  if (da == 0 || db == 0) {
    fail("matmul: both arguments to matmul need to be at least 1D, but they are {}D and {}D", da,
         db);
  }
  if (da == 1 && db == 1) return dot(self, other);
  // A vector is a matrix of one row on the left, of one column on the right.
  if (da == 1) {
    if (db > 2 && self.size(0) != other.size(-2)) {
      const int64_t rows = numel_of(replace_tail(other.sizes(), 2, other.size(-1)));
      fail("matmul: size mismatch, got {}, {}x{},{}", rows, rows, other.size(-2), self.size(0));
    }
    return matmul(self.unsqueeze(0), other).squeeze(-2);
  }
  if (da == 2 && db == 1) return mv(self, other);
  if (db == 1) {
    const Shape rows = replace_tail(self.sizes(), 1, {});
    return mv(self.reshape({numel_of(rows), self.size(-1)}), other).view(rows);
  }
  if (da == 2 && db == 2) return mm(self, other);
  // With one matrix on the right the batch is only more rows.
  if (db == 2) {
    const Tensor rows =
        self.reshape({numel_of(self.sizes().slice(0, static_cast<size_t>(da) - 1)), self.size(-1)});
    return mm(rows, other).view(replace_tail(self.sizes(), 1, other.size(1)));
  }
  if (da == 2 && self.size(1) != other.size(-2)) {
    fail("matmul: mat1 and mat2 shapes cannot be multiplied ({}x{} and {}x{})",
         numel_of(replace_tail(other.sizes(), 2, other.size(-1))), other.size(-2), self.size(1),
         self.size(0));
  }
  const Shape batch = broadcast_sizes(self.sizes().slice(0, static_cast<size_t>(da) - 2),
                                      other.sizes().slice(0, static_cast<size_t>(db) - 2));
  const int64_t count = numel_of(batch);
  const int64_t m = self.size(-2);
  const int64_t n = other.size(-1);
  const auto batched = [&](const Tensor& x) {
    const int64_t rows = x.size(-2);
    const int64_t columns = x.size(-1);
    Shape sizes = batch;
    sizes.push_back(rows);
    sizes.push_back(columns);
    return x.expand(sizes).reshape({count, rows, columns});
  };
  Shape sizes = batch;
  sizes.push_back(m);
  sizes.push_back(n);
  return bmm(batched(self), batched(other)).view(sizes);
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  if (weight.dim() > 2) {
    fail("linear: expected a weight of 1 or 2 dimensions, got shape {}", weight.sizes());
  }
  const Tensor product = matmul(input, weight.dim() == 2 ? weight.t() : weight);
  return bias.defined() ? product + bias : product;
}

Tensor Tensor::matmul(const Tensor& other) const { return reel::matmul(*this, other); }
Tensor Tensor::mm(const Tensor& other) const { return reel::mm(*this, other); }
Tensor Tensor::bmm(const Tensor& other) const { return reel::bmm(*this, other); }
Tensor Tensor::addmm(const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
                     const Scalar& alpha) const {
  return reel::addmm(*this, mat1, mat2, beta, alpha);
}

}  // namespace reel
