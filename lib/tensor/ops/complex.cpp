#include <numbers>

#include <reel/tensor/check.h>
#include <reel/tensor/ops/complex.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/shape.h>

namespace reel {
namespace ops {
namespace {

ScalarType real_type(ScalarType type) {
  if (type == kComplexFloat) return kFloat;
  return type == kComplexDouble ? kDouble : type;
}

ScalarType complex_type(ScalarType type) {
  return type == kDouble ? kComplexDouble : kComplexFloat;
}

// The memory of x read as another dtype.
Tensor reinterpret(const Tensor& x, ScalarType type, Shape sizes, Shape strides, int64_t offset) {
  return Tensor(IntrusivePtr<TensorImpl>::adopt(
      new TensorImpl(x.storage(), type, std::move(sizes), std::move(strides), offset)));
}

}  // namespace

void refuse_complex(const char* op, ScalarType dtype, const char* words) {
  if (!is_complex(dtype)) return;
  if (words == nullptr) fail("{}: \"{}_vml_cpu\" not implemented for '{}'", op, op, dtype);
  if (std::string_view(words).find(' ') != std::string_view::npos) fail("{}: {}", op, words);
  fail("{}: \"{}\" not implemented for '{}'", op, words, dtype);
}

void Conj::infer(Infer& call) const { call.out_like(call.in(0)); }
void Conj::backward(Replay& call) const { call.set(0, conj(call.grad())); }

void ComplexAbs::infer(Infer& call) const {
  call.out_like(call.in(0), real_type(call.in(0).dtype()));
}
void ComplexAbs::backward(Replay& call) const { call.set(0, call.grad() * sgn(call.in(0))); }

void Angle::infer(Infer& call) const { call.out_like(call.in(0), real_type(call.in(0).dtype())); }
void Angle::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor zero = x == 0;
  const Tensor square = abs(x.masked_fill(zero, 1)).square();
  call.set(0, call.grad() * (x * Complex<double>(0, 1) / square));
}

void Sgn::infer(Infer& call) const { call.out_like(call.in(0)); }

// What changes the angle, divided by the radius: s turns by the part of g that is across it.
void Sgn::backward(Replay& call) const {
  const Tensor x = call.in(0);
  const Tensor g = call.grad();
  const Tensor zero = x == 0;
  const Tensor s = sgn(x);
  const Tensor radius = abs(x.masked_fill(zero, 1));
  const Tensor across = g - real(g * conj(s)) * s;
  call.set(0, (across / radius).masked_fill(zero, 0));
}

Tensor ViewAsReal::view(const Tensor& x) const {
  Shape sizes = x.sizes();
  Shape strides = x.strides();
  for (int64_t& stride : strides) stride *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return reinterpret(x, real_type(x.dtype()), std::move(sizes), std::move(strides),
                     2 * x.storage_offset());
}
void ViewAsReal::backward(Replay& call) const {
  call.set(0, view_as_complex(call.grad().contiguous()));
}

Tensor ViewAsComplex::view(const Tensor& x) const {
  const size_t rank = x.sizes().size() - 1;
  Shape strides(x.strides().slice(0, rank));
  for (int64_t& stride : strides) stride /= 2;
  return reinterpret(x, complex_type(x.dtype()), Shape(x.sizes().slice(0, rank)),
                     std::move(strides), x.storage_offset() / 2);
}
void ViewAsComplex::backward(Replay& call) const { call.set(0, view_as_real(call.grad())); }

}  // namespace ops

namespace {

using namespace ops;

void check_parts(const char* op, const Tensor& a, const Tensor& b) {
  const auto fits = [](ScalarType type) { return type == kFloat || type == kDouble; };
  if ((!fits(a.dtype()) && a.dtype() != kHalf) || (!fits(b.dtype()) && b.dtype() != kHalf)) {
    fail("{}: Expected both inputs to be Half, Float or Double tensors but got {} and {}", op,
         a.dtype(), b.dtype());
  }
  if (a.dtype() != b.dtype()) {
    fail("{}: Expected object of scalar type {} but got scalar type {} for second argument", op,
         a.dtype(), b.dtype());
  }
  if (a.dtype() == kHalf) fail("{}: \"{}_cpu\" not implemented for 'Half'", op, op);
}

// Transposed in the last two dimensions; `what` is LibTorch's name for it.
Tensor transpose_matrix(const char* op, const Tensor& self, const char* what) {
  if (self.dim() == 0) return self;
  if (self.dim() < 2) {
    fail("{}: tensor.{} is only supported on matrices or batches of matrices. Got {}-D tensor.", op,
         what, self.dim());
  }
  return self.transpose(-2, -1);
}

}  // namespace

Tensor conj(const Tensor& self) { return self.is_complex() ? apply(Conj{}, self) : self; }
Tensor conj(Tensor&& self) { return self.is_complex() ? apply(Conj{}, self) : std::move(self); }
Tensor conj_physical(const Tensor& self) { return conj(self); }
Tensor& conj_physical_(Tensor& self) {
  if (self.is_complex()) apply_to(self, Conj{}, self);
  return self;
}
Tensor resolve_conj(const Tensor& self) { return self; }
Tensor resolve_neg(const Tensor& self) { return self; }

Tensor view_as_real(const Tensor& self) {
  if (!self.is_complex()) fail("view_as_real: view_as_real is only supported for complex tensors");
  return apply(ViewAsReal{}, self);
}

Tensor view_as_complex(const Tensor& self) {
  if (self.dtype() != kFloat && self.dtype() != kDouble) {
    fail(
        "view_as_complex: view_as_complex is only supported for half, float and double tensors, "
        "but got a tensor of scalar type: {}",
        self.dtype());
  }
  if (self.dim() == 0) {
    fail("view_as_complex: Input tensor must have one or more dimensions");
  }
  if (self.size(-1) != 2) {
    fail("view_as_complex: Tensor must have a last dimension of size 2, got shape {}",
         self.sizes());
  }
  if (self.stride(-1) != 1) {
    fail("view_as_complex: Tensor must have a last dimension with stride 1, got strides {}",
         self.strides());
  }
  for (int64_t d = 0; d < self.dim() - 1; ++d) {
    if (self.stride(d) % 2 != 0) {
      fail(
          "view_as_complex: Tensor must have a stride divisible by 2 for all but last dimension, "
          "got strides {}",
          self.strides());
    }
  }
  if (self.storage_offset() % 2 != 0) {
    fail("view_as_complex: Tensor must have a storage_offset divisible by 2, got {}",
         self.storage_offset());
  }
  return apply(ViewAsComplex{}, self);
}

Tensor real(const Tensor& self) {
  return self.is_complex() ? view_as_real(self).select(-1, 0) : self;
}
Tensor imag(const Tensor& self) {
  if (!self.is_complex()) {
    fail("imag: imag is not implemented for tensors with non-complex dtypes.");
  }
  return view_as_real(self).select(-1, 1);
}

Tensor complex(const Tensor& real, const Tensor& imag) {
  check_parts("complex", real, imag);
  const Shape sizes = broadcast_sizes(real.sizes(), imag.sizes());
  return view_as_complex(stack({real.expand(sizes), imag.expand(sizes)}, -1));
}
Tensor polar(const Tensor& abs, const Tensor& angle) {
  check_parts("polar", abs, angle);
  return complex(abs * cos(angle), abs * sin(angle));
}

Tensor angle(const Tensor& self) {
  if (self.is_complex()) return apply(Angle{}, self);
  const Tensor x = self.is_floating_point() ? self : self.to(get_default_dtype());
  // NaN stays; multiplied by 0, so that a gradient of zeros comes out.
  const Tensor turned = where(x < 0, std::numbers::pi, zeros_like(x));
  return where(isnan(x), x, turned);
}

Tensor sgn(const Tensor& self) { return self.is_complex() ? apply(Sgn{}, self) : sign(self); }

Tensor isreal(const Tensor& self) {
  return self.is_complex() ? imag(self) == 0 : ones_like(self, kBool);
}
bool is_complex(const Tensor& self) { return self.is_complex(); }
bool is_conj(const Tensor&) { return false; }
bool is_neg(const Tensor&) { return false; }
bool is_floating_point(const Tensor& self) { return self.is_floating_point(); }
bool is_signed(const Tensor& self) { return self.dtype() != kByte && self.dtype() != kBool; }
bool is_nonzero(const Tensor& self) {
  if (self.numel() == 0) fail("is_nonzero: Boolean value of Tensor with no values is ambiguous");
  if (self.numel() > 1) {
    fail("is_nonzero: Boolean value of Tensor with more than one value is ambiguous");
  }
  return self.item().toBool();
}
Tensor positive(const Tensor& self) {
  if (self.dtype() == kBool) {
    fail("positive: The `+` operator, on a bool tensor is not supported.");
  }
  return self;
}

Tensor adjoint(const Tensor& self) { return conj(transpose_matrix("adjoint", self, "adjoint()")); }

Tensor vdot(const Tensor& self, const Tensor& other) {
  return self.is_complex() ? dot(conj(self), other) : dot(self, other);
}

Tensor Tensor::conj_physical() const { return reel::conj_physical(*this); }
Tensor& Tensor::conj_physical_() { return reel::conj_physical_(*this); }
Tensor Tensor::resolve_conj() const { return *this; }
Tensor Tensor::resolve_neg() const { return *this; }
bool Tensor::is_signed() const { return reel::is_signed(*this); }
Tensor Tensor::vdot(const Tensor& other) const { return reel::vdot(*this, other); }
Tensor Tensor::mT() const { return transpose_matrix("mT", *this, "mT"); }
Tensor Tensor::mH() const { return reel::conj(transpose_matrix("mH", *this, "mH")); }
Tensor Tensor::matrix_H() const {
  if (dim() == 1 || dim() > 2) {
    fail("matrix_H: tensor.H is only supported on matrices (2-D tensors). Got {}-D tensor.{}",
         dim(), dim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
  }
  return reel::conj(dim() == 0 ? *this : transpose(0, 1));
}

Tensor Tensor::view_dtype(ScalarType type) const {
  if (is_quantized(type) || is_quantized(dtype()) || type == ScalarType::Undefined) {
    fail("view: cannot view {} as {}", dtype(), type);
  }
  const auto from = static_cast<int64_t>(reel::element_size(dtype()));
  const auto to = static_cast<int64_t>(reel::element_size(type));
  const auto check = [&](bool holds, const char* what, auto got) {
    if (holds) return;
    fail("view: {} to view {} as {} (different element sizes), but got {}", what, dtype(), type,
         got);
  };
  Shape new_sizes = sizes();
  Shape new_strides = strides();
  int64_t offset = storage_offset();
  if (from != to) {
    if (dim() == 0) {
      fail("view: self.dim() cannot be 0 to view {} as {} (different element sizes)", dtype(),
           type);
    }
    const auto last = static_cast<size_t>(dim() - 1);
    check(new_strides[last] == 1, "self.stride(-1) must be 1", new_strides[last]);
    if (from > to) {
      const int64_t ratio = from / to;
      for (int64_t& stride : new_strides) stride *= ratio;
      new_strides[last] = 1;
      new_sizes[last] *= ratio;
      offset *= ratio;
    } else {
      const int64_t ratio = to / from;
      const auto divisible = [&](int64_t value, const std::string& what) {
        check(value % ratio == 0, fmt::format("{} must be divisible by {}", what, ratio).c_str(),
              value);
      };
      divisible(new_sizes[last], "self.size(-1)");
      divisible(offset, "self.storage_offset()");
      for (size_t d = 0; d < last; ++d) {
        divisible(new_strides[d], fmt::format("self.stride({})", d));
        new_strides[d] /= ratio;
      }
      new_sizes[last] /= ratio;
      offset /= ratio;
    }
  }
  // Bits have no derivative: the result is off the tape.
  return reinterpret(*this, type, std::move(new_sizes), std::move(new_strides), offset);
}

}  // namespace reel
