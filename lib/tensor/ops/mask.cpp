// Masks and positions in the tensor seen as a vector: masked_fill and its like, nonzero, take, put.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/inplace.h>

namespace reel {

Tensor nonzero(const Tensor& self) {
  const Tensor mask = self.detach().cpu().to(kBool).contiguous();
  const bool* values = mask.data_ptr<bool>();
  const int64_t rank = mask.dim();
  const int64_t count = std::count(values, values + mask.numel(), true);
  Tensor result = zeros({count, rank}, TensorOptions(kLong).device(Device(kCPU)));
  int64_t* row = result.data_ptr<int64_t>();
  for (int64_t i = 0; i < mask.numel(); ++i) {
    if (!values[i]) continue;
    int64_t rest = i;
    for (int64_t d = rank - 1; d >= 0; --d) {
      row[d] = rest % mask.size(d);
      rest /= mask.size(d);
    }
    row += rank;
  }
  return result.to(self.device());
}

Tensor argwhere(const Tensor& self) { return nonzero(self); }

std::vector<Tensor> where(const Tensor& condition) {
  return nonzero(condition.dim() == 0 ? condition.unsqueeze(0) : condition).unbind(1);
}

namespace {

/// A mask as bools; bytes are the older form.
Tensor bools(const Tensor& mask) { return mask.dtype() == kByte ? mask.to(kBool) : mask; }

Tensor fill_mask(const Tensor& mask) {
  if (mask.dtype() != kBool && mask.dtype() != kByte) {
    fail("masked_fill only supports boolean masks, but got mask with dtype {}", mask.dtype());
  }
  return bools(mask);
}

Tensor fill_value(const Tensor& self, const Tensor& value) {
  if (value.dim() != 0) {
    fail(
        "masked_fill: masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
        "{} dimension(s).",
        value.dim());
  }
  if (is_complex(value.dtype()) && !is_complex(self.dtype())) {
    return scalar_tensor(value.item(), self.options());
  }
  const Tensor cast = value.to(self.dtype());
  return cast.storage() == self.storage() ? cast.clone() : cast;
}

}  // namespace

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Tensor& value) {
  return ops::apply(ops::Where{}, fill_mask(mask), fill_value(self, value), self);
}

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value) {
  return masked_fill(self, mask, scalar_tensor(value, self.options()));
}

Tensor& Tensor::masked_fill_(const Tensor& mask, const Tensor& value) {
  ops::apply_to(*this, ops::Where{}, fill_mask(mask), fill_value(*this, value), *this);
  return *this;
}

Tensor& Tensor::masked_fill_(const Tensor& mask, const Scalar& value) {
  return masked_fill_(mask, scalar_tensor(value, options()));
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  if (mask.dtype() != kBool && mask.dtype() != kByte) {
    fail("masked_select: expected BoolTensor or ByteTensor for mask, got {}", mask.dtype());
  }
  const Shape sizes = broadcast_sizes(mask.sizes(), self.sizes());
  const int64_t count = numel_of(sizes);
  const Tensor at = nonzero(mask.expand(sizes).reshape({count}));
  return self.expand(sizes).reshape({count}).index_select(0, at.squeeze(1));
}

namespace {

/// Positions, counted from the end if negative, in a tensor of n elements.
Tensor wrapped(const Tensor& index, int64_t n) {
  const Tensor host = index.detach().cpu().clone(MemoryFormat::Contiguous);
  auto* at = host.data_ptr<int64_t>();
  for (int64_t i = 0; i < host.numel(); ++i) {
    if (at[i] < -n || at[i] >= n) {
      fail_index("out of range: tried to access index {} on a tensor of {} elements.", at[i], n);
    }
    if (at[i] < 0) at[i] += n;
  }
  return host.reshape({host.numel()}).to(index.device());
}

/// Writes source into self's elements at these positions, a vector.
void put_into(const char* op, Tensor& self, const Tensor& positions, const Tensor& source,
              bool accumulate) {
  const ops::InPlaceWrite checked(op, self, /*recording=*/false);
  if (positions.numel() == 0) return;
  Tensor target = self.is_contiguous() ? self.view({self.numel()}) : ops::memory_of(self, self);
  if (!target.defined()) {
    Tensor whole = self.clone(MemoryFormat::Contiguous);
    put_into(op, whole, positions, source, accumulate);
    ops::write_result(self, op, whole);
    return;
  }
  Tensor at = positions;
  if (!self.is_contiguous()) {
    at = positions.cpu().clone();
    auto* places = at.data_ptr<int64_t>();
    for (int64_t i = 0; i < at.numel(); ++i) {
      int64_t rest = places[i];
      places[i] = 0;
      for (int64_t d = self.dim() - 1; d >= 0; --d) {
        places[i] += rest % self.size(d) * self.stride(d);
        rest /= self.size(d);
      }
    }
    at = at.to(self.device());
  }
  if (accumulate) {
    ops::update(target, ops::IndexAdd{0}, at, source);
  } else {
    ops::update(target, ops::IndexCopy{0}, at, source);
  }
}

void check_positions(const char* op, const Tensor& index) {
  if (index.dtype() != kLong) {
    fail("{}(): Expected a long tensor for index, but got {}", op, index.dtype());
  }
}

}  // namespace

Tensor& Tensor::put_(const Tensor& index, const Tensor& source, bool accumulate) {
  check_positions("put_", index);
  if (source.dtype() != dtype()) {
    fail(
        "put_(): self and source expected to have the same dtype, but got self.dtype = {} and "
        "source.dtype = {}",
        dtype(), source.dtype());
  }
  if (source.numel() != index.numel()) {
    fail_index(
        "put_(): Expected source and index to have the same number of elements, but got "
        "source.numel() = {}, index.numel() = {}",
        source.numel(), index.numel());
  }
  if (numel() == 0 && index.numel() > 0) {
    fail_index("put_(): Tried to put elements into an empty tensor");
  }
  put_into("put_", *this, wrapped(index, numel()), source.reshape({source.numel()}), accumulate);
  return *this;
}

Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  Tensor result = self.clone();
  return result.put_(index, source, accumulate);
}

Tensor take(const Tensor& self, const Tensor& index) {
  check_positions("take", index);
  if (self.numel() == 0 && index.numel() > 0) {
    fail_index("take(): tried to take from an empty tensor");
  }
  return self.reshape({self.numel()})
      .index_select(0, wrapped(index, self.numel()))
      .reshape(index.sizes());
}

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
  if (!dim) {
    return self.reshape({self.numel()}).gather(0, indices.reshape({indices.numel()}));
  }
  if (self.dim() != indices.dim()) {
    fail(
        "take_along_dim: torch.take_along_dim(): input and indices should have the same number of "
        "dimensions, but got {} dimensions for input, and {} dimensions for indices",
        self.dim(), indices.dim());
  }
  if (indices.dtype() != kLong) {
    fail("take_along_dim: torch.take_along_dim(): dtype of indices should be Long but got {}",
         indices.dtype());
  }
  const int64_t d = wrap_dim(*dim, self.dim());
  if (self.dim() == 0) return self.gather(0, indices);
  const auto along = static_cast<size_t>(d);
  Shape own = self.sizes();
  Shape other = indices.sizes();
  own[along] = indices.size(d);
  const Shape picked = broadcast_sizes(own, indices.sizes());
  other[along] = self.size(d);
  const Shape source = broadcast_sizes(self.sizes(), other);
  return self.expand(source).gather(d, indices.expand(picked));
}

Tensor& Tensor::masked_scatter_(const Tensor& mask, const Tensor& source) {
  if (source.dtype() != dtype()) {
    fail("masked_scatter: expected self and source to have same dtypes but got{} and {}", dtype(),
         source.dtype());
  }
  const Tensor places = mask.to(kBool).expand(sizes()).reshape({numel()});
  const Tensor at = reel::nonzero(places).squeeze(1);
  if (source.numel() < at.numel()) {
    fail("masked_scatter: Number of elements of source < number of ones in mask");
  }
  const Tensor from = source.storage() == storage() ? source.clone() : source;
  put_into("masked_scatter_", *this, at, from.reshape({from.numel()}).narrow(0, 0, at.numel()),
           /*accumulate=*/false);
  return *this;
}

Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source) {
  Tensor result =
      self.expand(broadcast_sizes(mask.sizes(), self.sizes())).clone(MemoryFormat::Contiguous);
  return result.masked_scatter_(mask, source);
}

Tensor Tensor::masked_fill(const Tensor& mask, const Scalar& value) const {
  return reel::masked_fill(*this, mask, value);
}
Tensor Tensor::nonzero() const { return reel::nonzero(*this); }
Tensor Tensor::masked_select(const Tensor& mask) const { return reel::masked_select(*this, mask); }

}  // namespace reel
