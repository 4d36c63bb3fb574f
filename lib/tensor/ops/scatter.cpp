// Writing at indices: element by element (scatter) and slice by slice (index_add and the like). The
// forms in place touch only what they write.

#include <cmath>
#include <limits>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/inplace.h>
#include <reel/tensor/ops/scatter_reduce.h>
#include <reel/tensor/visit.h>

namespace reel {
namespace ops {

void ScatterReduce::infer(Infer& call) const { Scatter{dim}.infer(call); }

void ScatterReduce::backward(Replay& call) const {
  const Tensor g = call.grad();
  const Tensor x = call.in(0);
  const Tensor index = call.in(1);
  const Tensor source = call.in(2);
  const Tensor y = call.out();
  // Along other dimensions than dim, sources beyond the index take no part.
  const auto at_index = [&](const Tensor& t) { return t.gather(dim, index); };
  if (kind != Kind::Prod) {
    // Equal extremes share the gradient.
    const Tensor x_wins = x.eq(y).to(g.dtype());
    const Tensor source_wins = source.eq(at_index(y)).to(g.dtype());
    const Tensor share = g / x_wins.scatter_add(dim, index, source_wins);
    if (call.needs(0)) call.set(0, x_wins * share);
    if (call.needs(2)) call.set(2, source_wins * at_index(share));
    return;
  }
  // The product of the others is y divided by the factor; for a factor of 0 it is the product
  // without it, or 0 if there is another 0.
  const Tensor x_zero = x.eq(0);
  const Tensor source_zero = source.eq(0);
  const Tensor zeros = x_zero.to(g.dtype()).scatter_add(dim, index, source_zero.to(g.dtype()));
  if (call.create_graph() && zeros.gt(1).any().item<bool>()) {
    fail("scatter_reduce(): double backward unsupported where two factors of a product are zero");
  }
  const Tensor x_rest = x.masked_fill(x_zero, 1);
  const Tensor source_rest = source.masked_fill(source_zero, 1);
  const Tensor rest = apply(*this, x_rest, index, source_rest).masked_fill(zeros.gt(1), 0);
  const Tensor gy = g * y;
  const Tensor g_rest = g * rest;
  if (call.needs(0)) call.set(0, where(x_zero, g_rest, gy / x_rest));
  if (call.needs(2)) {
    call.set(2, where(source_zero, at_index(g_rest), at_index(gy) / source_rest));
  }
}

}  // namespace ops

namespace {

/// A 0-d tensor counts as one of one element.
Tensor at_least_1d(const Tensor& x) { return x.dim() == 0 ? x.unsqueeze(0) : x; }

/// The corner of source that an index of smaller size reads.
Tensor corner(const Tensor& index, const Tensor& source) {
  Tensor result = at_least_1d(source);
  if (index.numel() == 0) {
    Shape none(index.sizes());
    return result.flatten().narrow(0, 0, 0).view(none);
  }
  for (int64_t d = 0; d < index.dim() && index.dim() == result.dim(); ++d) {
    if (index.size(d) < result.size(d)) result = result.narrow(d, 0, index.size(d));
  }
  return result;
}

/// A number in the place of a source.
Tensor source_of(const Tensor& self, const Tensor& index, const Scalar& value) {
  return scalar_tensor(value, self.options()).expand(at_least_1d(index).sizes());
}

template <class Op>
Tensor scattered(const Op& op, const Tensor& self, const Tensor& index, const Tensor& source) {
  const Tensor at = at_least_1d(index);
  const Tensor result = ops::apply(op, at_least_1d(self), at, corner(at, source));
  return self.dim() == 0 ? result.squeeze(0) : result;
}

template <class Op>
Tensor& scatter_into(const Op& op, Tensor& self, const Tensor& index, const Tensor& source) {
  const Tensor at = at_least_1d(index);
  ops::update(at_least_1d(self), op, at, corner(at, source));
  return self;
}

using Kind = ops::ScatterReduce::Kind;

/// What a reduction starts from where self does not count.
Scalar identity_of(std::string_view reduce, ScalarType type) {
  if (reduce == "prod") return 1;
  if (reduce != "amax" && reduce != "amin") return 0;
  const bool max = reduce == "amax";
  if (is_floating_point(type)) {
    const double inf = std::numeric_limits<double>::infinity();
    return max ? -inf : inf;
  }
  return visit_dtype(type, [&]<class T>() -> Scalar {
    if constexpr (std::integral<T>) {
      return static_cast<int64_t>(max ? std::numeric_limits<T>::min()
                                      : std::numeric_limits<T>::max());
    } else {
      fail("scatter_reduce: {} is not for {}", reduce, type);
    }
  });
}

ops::ScatterReduce reduction(int64_t dim, std::string_view reduce) {
  return {dim, reduce == "prod" ? Kind::Prod : reduce == "amax" ? Kind::Max : Kind::Min};
}

/// How many values meet at each element.
Tensor counts(const Tensor& self, int64_t dim, const Tensor& index, bool include_self) {
  const Tensor one = ones(index.sizes(), self.options());
  const Tensor start =
      include_self ? ones(self.sizes(), self.options()) : zeros(self.sizes(), self.options());
  const Tensor count = scatter_add(start, dim, index, one);
  return include_self ? count : count.masked_fill(count.eq(0), 1);
}

Tensor reduced(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
               std::string_view reduce, bool include_self) {
  Tensor result = self;
  if (!include_self) {
    result = scatter(result, dim, index, source_of(self, index, identity_of(reduce, self.dtype())));
  }
  if (reduce != "sum" && reduce != "mean") {
    return scattered(reduction(dim, reduce), result, index, source);
  }
  result = scatter_add(result, dim, index, source);
  if (reduce == "sum") return result;
  const Tensor count = counts(self, dim, at_least_1d(index), include_self);
  return is_differentiable(self.dtype()) ? result.div(count) : result.div(count, "floor");
}

void reduce_into(Tensor& self, const char* op, int64_t dim, const Tensor& index,
                 const Tensor& source, std::string_view reduce, bool include_self) {
  // Gradients read what self was, and a mean divides every element: then a copy is no waste.
  const bool recorded = GradMode::is_enabled() && (self.requires_grad() || source.requires_grad());
  if (recorded || reduce == "mean") {
    ops::write_result(self, op, reduced(self, dim, index, source, reduce, include_self));
    return;
  }
  if (!include_self) {
    self.scatter_(dim, index, source_of(self, index, identity_of(reduce, self.dtype())));
  }
  if (reduce == "sum") {
    self.scatter_add_(dim, index, source);
  } else {
    scatter_into(reduction(dim, reduce), self, index, source);
  }
}

void check_reduce(std::string_view reduce) {
  for (const char* known : {"sum", "prod", "mean", "amax", "amin"}) {
    if (reduce == known) return;
  }
  fail("scatter_reduce: reduce argument must be either sum, prod, mean, amax or amin.");
}

}  // namespace

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  return scattered(ops::Scatter{wrap_dim(dim, self.dim())}, self, index, source);
}

Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Tensor& source) {
  return scatter_into(ops::Scatter{wrap_dim(dim, this->dim())}, *this, index, source);
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  return scatter(self, dim, index, source_of(self, index, value));
}

Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Scalar& value) {
  return scatter_(dim, index, source_of(*this, index, value));
}

Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  return scattered(ops::ScatterAdd{wrap_dim(dim, self.dim())}, self, index, source);
}

Tensor& Tensor::scatter_add_(int64_t dim, const Tensor& index, const Tensor& source) {
  return scatter_into(ops::ScatterAdd{wrap_dim(dim, this->dim())}, *this, index, source);
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
               std::string_view reduce) {
  if (reduce == "add") return scatter_add(self, dim, index, src);
  if (reduce != "multiply") fail("scatter: reduce argument must be either add or multiply.");
  return scattered(reduction(wrap_dim(dim, self.dim()), "prod"), self, index, src);
}

Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Tensor& src,
                         std::string_view reduce) {
  if (reduce == "add") return scatter_add_(dim, index, src);
  if (reduce != "multiply") fail("scatter: reduce argument must be either add or multiply.");
  reduce_into(*this, "scatter_", wrap_dim(dim, this->dim()), index, src, "prod",
              /*include_self=*/true);
  return *this;
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
               std::string_view reduce) {
  return scatter(self, dim, index, source_of(self, index, value), reduce);
}

Tensor& Tensor::scatter_(int64_t dim, const Tensor& index, const Scalar& value,
                         std::string_view reduce) {
  return scatter_(dim, index, source_of(*this, index, value), reduce);
}

Tensor scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                      std::string_view reduce, bool include_self) {
  check_reduce(reduce);
  return reduced(self, wrap_dim(dim, self.dim()), index, src, reduce, include_self);
}

Tensor& Tensor::scatter_reduce_(int64_t dim, const Tensor& index, const Tensor& src,
                                std::string_view reduce, bool include_self) {
  check_reduce(reduce);
  reduce_into(*this, "scatter_reduce_", wrap_dim(dim, this->dim()), index, src, reduce,
              include_self);
  return *this;
}

// Slices.
namespace {

/// The index as a vector of int64, with the words of each function.
Tensor slice_index(const char* op, const Tensor& index) {
  if (index.dtype() != kLong && index.dtype() != kInt) {
    fail("{}: {}_(): Expected dtype int32/int64 for index but got: {}", op, op, index.dtype());
  }
  if (index.dim() > 1) {
    fail_index(
        "{}: {}_(): Index is supposed to be a vector, but got dim: {} with type: {} and "
        "size: {}",
        op, op, index.dim(), index.dtype(), index.sizes());
  }
  return at_least_1d(index.to(kLong));
}

/// Source's slices along dim d broadcast to self's, one for each index.
Tensor slices_of(const char* op, const Tensor& self, int64_t d, const Tensor& index,
                 const Tensor& source) {
  if (source.dtype() != self.dtype()) {
    fail("{}: {}_(): self ({}) and source ({}) must have the same scalar type", op, op,
         self.dtype(), source.dtype());
  }
  const int64_t n = index.numel();
  if (source.dim() == 0 && n != 1) {
    fail_index("{}: Dimension specified as {} but tensor has no dimensions", op, d);
  }
  const int64_t from = source.dim() == 0 ? 0 : wrap_dim(d, source.dim());
  if (source.dim() > 0 && source.size(from) != n) {
    fail("{}: {}_(): Number of indices ({}) should be equal to source.size(dim): ({}), for dim: {}",
         op, op, n, source.size(from), d);
  }
  Shape usual = self.sizes();
  usual[static_cast<size_t>(d)] = n;
  if (source.sizes() == IntArrayRef(usual)) return source;
  Shape rest = self.sizes();
  rest.erase(static_cast<size_t>(d));
  Tensor rows = at_least_1d(source).movedim(from, 0);
  Shape own = rows.sizes();
  own.erase(0);
  if (!(broadcast_sizes(rest, own) == rest)) {
    fail("{}: expected source {} to broadcast to the slices of self {} along dimension {}", op,
         source.sizes(), self.sizes(), d);
  }
  while (rows.dim() < self.dim()) rows = rows.unsqueeze(1);
  rest.insert(0, n);
  return rows.expand(rest).movedim(0, d);
}

struct Slices {
  Tensor index;
  Tensor source;
};

Slices added_slices(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source,
                    const Scalar& alpha) {
  const Tensor at = slice_index("index_add", index);
  const Tensor added = slices_of("index_add", self, d, at, source);
  const bool scaled = alpha.is_complex() || alpha.toDouble() != 1;
  return {at, scaled ? mul(added, alpha).to(source.dtype()) : added};
}

Slices copied_slices(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source) {
  if (index.dim() > 1) {
    fail_index("index_copy: index_copy_(): Index should have dimension 1 or 0 (got {})",
               index.dim());
  }
  const int64_t n = index.numel();
  if (source.dim() == 0 && n != 1) {
    fail_index(
        "index_copy: index_copy_(): When source is scalar, index should have one element (got {})",
        n);
  }
  if (source.dim() != self.dim() && source.dim() != 0 && self.dim() != 0) {
    fail_index(
        "index_copy: index_copy_(): When source and destination are not scalars, their "
        "dimensionality must match. Source dimensionality ({}), destination dimensionality ({})",
        source.dim(), self.dim());
  }
  if (index.dtype() != kLong) {
    fail("index_copy: index_copy_(): Expected a long tensor for index, but got {}", index.dtype());
  }
  if (source.dtype() != self.dtype()) {
    fail(
        "index_copy: index_copy_(): self and source expected to have the same dtype, but got "
        "(self) {} and (source) {}",
        self.dtype(), source.dtype());
  }
  const Tensor target = at_least_1d(self);
  const Tensor from = at_least_1d(source);
  Shape slice = target.sizes();
  slice.erase(static_cast<size_t>(d));
  Shape other = from.sizes();
  other.erase(static_cast<size_t>(std::min(d, from.dim() - 1)));
  if (!(slice == other)) {
    const auto plain = [](IntArrayRef sizes) {
      std::string text;
      for (const int64_t n : sizes) text += (text.empty() ? "" : " ") + std::to_string(n);
      return text;
    };
    fail(
        "index_copy: index_copy_(): Source/destination tensor must have same slice shapes. "
        "Destination slice shape: {} at dimension {} and source slice shape: {} at dimension 0.",
        plain(slice), d, plain(other));
  }
  if (from.size(d) != n) {
    fail_index(
        "index_copy: index_copy_(): Number of indices ({}) should be equal to source.size(dim) "
        "({})",
        n, from.size(d));
  }
  return {at_least_1d(index), from};
}

template <class Op>
Tensor updated(const Op& op, const Tensor& self, const Slices& slices) {
  const Tensor result = ops::apply(op, at_least_1d(self), slices.index, slices.source);
  return self.dim() == 0 ? result.squeeze(0) : result;
}

template <class Op>
Tensor& update_slices(const Op& op, Tensor& self, const Slices& slices) {
  ops::update(at_least_1d(self), op, slices.index, slices.source);
  return self;
}

}  // namespace

Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
  const int64_t d = wrap_dim(dim, self.dim());
  return updated(ops::IndexAdd{d}, self, added_slices(at_least_1d(self), d, index, source, alpha));
}

Tensor& Tensor::index_add_(int64_t dim, const Tensor& index, const Tensor& source,
                           const Scalar& alpha) {
  const int64_t d = wrap_dim(dim, this->dim());
  return update_slices(ops::IndexAdd{d}, *this,
                       added_slices(at_least_1d(*this), d, index, source, alpha));
}

Tensor Tensor::index_add(int64_t dim, const Tensor& index, const Tensor& source,
                         const Scalar& alpha) const {
  return reel::index_add(*this, dim, index, source, alpha);
}

Tensor Tensor::index_copy(int64_t dim, const Tensor& index, const Tensor& source) const {
  const int64_t d = wrap_dim(dim, this->dim());
  return updated(ops::IndexCopy{d}, *this, copied_slices(*this, d, index, source));
}

Tensor& Tensor::index_copy_(int64_t dim, const Tensor& index, const Tensor& source) {
  const int64_t d = wrap_dim(dim, this->dim());
  return update_slices(ops::IndexCopy{d}, *this, copied_slices(*this, d, index, source));
}

namespace {

/// The positions and the value for each element of the slices that are filled.
Slices filled_slices(const Tensor& self, int64_t d, const Tensor& index, const Tensor& value) {
  if (index.dtype() != kLong) {
    fail_index("index_fill: index_fill_(): Expected dtype int64 for index.");
  }
  if (index.dim() > 1) fail("index_fill: Index has to be a vector/scalar");
  if (value.dim() != 0) {
    fail(
        "index_fill: index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
        "{} dimension(s).",
        value.dim());
  }
  if (is_complex(value.dtype()) && !is_complex(self.dtype())) {
    fail(
        "index_fill: index_fill_(): Converting complex Scalar to non-complex type is not "
        "supported");
  }
  const int64_t n = self.size(d);
  const Tensor at = at_least_1d(index).detach().cpu().clone(MemoryFormat::Contiguous);
  auto* positions = at.data_ptr<int64_t>();
  for (int64_t i = 0; i < at.numel(); ++i) {
    if (positions[i] < -n || positions[i] >= n) {
      fail_index("index_fill: index {} is out of bounds for dimension {} with size {}",
                 positions[i], d, n);
    }
    if (positions[i] < 0) positions[i] += n;
  }
  Shape sizes = self.sizes();
  sizes[static_cast<size_t>(d)] = at.numel();
  return {at.to(self.device()), value.to(self.options()).expand(sizes)};
}

}  // namespace

Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  const int64_t d = wrap_dim(dim, self.dim());
  return updated(ops::IndexCopy{d}, self, filled_slices(at_least_1d(self), d, index, value));
}

Tensor& Tensor::index_fill_(int64_t dim, const Tensor& index, const Tensor& value) {
  const int64_t d = wrap_dim(dim, this->dim());
  const bool shares = value.storage() == storage();
  return update_slices(ops::IndexCopy{d}, *this,
                       filled_slices(at_least_1d(*this), d, index, shares ? value.clone() : value));
}

namespace {

Tensor fill_value(const Tensor& self, const Scalar& value) {
  if (value.is_complex() && !is_complex(self.dtype())) {
    fail(
        "index_fill: index_fill_(): Converting complex Scalar to non-complex type is not "
        "supported");
  }
  return scalar_tensor(value, self.options());
}

}  // namespace

Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  return index_fill(self, dim, index, fill_value(self, value));
}

Tensor& Tensor::index_fill_(int64_t dim, const Tensor& index, const Scalar& value) {
  return index_fill_(dim, index, fill_value(*this, value));
}

namespace {

/// index_reduce as a scatter_reduce, whose index says the slice for every element.
Slices reduced_slices(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source,
                      std::string_view reduce) {
  if (reduce != "prod" && reduce != "mean" && reduce != "amax" && reduce != "amin") {
    fail(
        "index_reduce: index_reduce(): Expected reduce to be one of prod, mean, amax or amin but "
        "got {}.",
        reduce);
  }
  const Tensor at = slice_index("index_reduce", index);
  const Tensor rows = slices_of("index_reduce", self, d, at, source);
  const int64_t n = self.size(d);
  const Tensor host = at.detach().cpu().contiguous();
  for (int64_t i = 0; i < host.numel(); ++i) {
    const int64_t slice = host.data_ptr<int64_t>()[i];
    if (slice >= 0 && slice < n) continue;
    fail_index("index_reduce: index out of range in self: index {} of dimension {} with size {}",
               slice, d, n);
  }
  Shape column(static_cast<size_t>(self.dim()), 1);
  column[static_cast<size_t>(d)] = at.numel();
  return {at.reshape(column).expand(rows.sizes()), rows};
}

}  // namespace

Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                    std::string_view reduce, bool include_self) {
  const int64_t d = wrap_dim(dim, self.dim());
  const Slices slices = reduced_slices(at_least_1d(self), d, index, source, reduce);
  return reduced(self, d, slices.index, slices.source, reduce, include_self);
}

Tensor& Tensor::index_reduce_(int64_t dim, const Tensor& index, const Tensor& source,
                              std::string_view reduce, bool include_self) {
  const int64_t d = wrap_dim(dim, this->dim());
  const Slices slices = reduced_slices(at_least_1d(*this), d, index, source, reduce);
  reduce_into(*this, "index_reduce_", d, slices.index, slices.source, reduce, include_self);
  return *this;
}

Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Tensor& source) const {
  return reel::scatter(*this, dim, index, source);
}
Tensor Tensor::scatter(int64_t dim, const Tensor& index, const Scalar& value) const {
  return reel::scatter(*this, dim, index, value);
}
Tensor Tensor::scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const {
  return reel::scatter_add(*this, dim, index, source);
}

}  // namespace reel
