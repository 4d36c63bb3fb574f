#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/ops/reduce.h>
#include <reel/tensor/ops/sort.h>

namespace reel {
namespace ops {
namespace {

void backward_to_positions(int64_t dim, Replay& call) {
  const Tensor g = call.grad();
  call.set(0, zeros(call.in_sizes(0), g.options()).scatter(dim, call.out(1), g));
}

}  // namespace

void Sort::infer(Infer& call) const {
  call.out_like(call.in(0));
  call.out_like(call.in(0), kLong);
}

void Sort::backward(Replay& call) const { backward_to_positions(dim, call); }

void TopK::infer(Infer& call) const {
  const Tensor& x = call.in(0);
  if (k < 0 || k > x.size(dim)) fail("topk: selected index k out of range");
  Shape sizes = x.sizes();
  sizes[static_cast<size_t>(dim)] = k;
  call.out(sizes, x.dtype());
  call.out(sizes, kLong);
}

void TopK::backward(Replay& call) const { backward_to_positions(dim, call); }

void Choose::infer(Infer& call) const {
  Shape sizes = call.in(0).sizes();
  sizes[static_cast<size_t>(dim)] = 1;
  call.out(sizes, kLong);
}

void SearchSorted::infer(Infer& call) const {
  const Tensor& boundaries = call.in(0);
  const Tensor& values = call.in(1);
  if (boundaries.dim() == 0) {
    fail(
        "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 "
        "dimension");
  }
  const IntArrayRef b = boundaries.sizes();
  const IntArrayRef v = values.sizes();
  if (b.size() > 1 &&
      (b.size() != v.size() || b.slice(0, b.size() - 1) != v.slice(0, v.size() - 1))) {
    fail(
        "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
        "of boundaries tensor and input value tensor must match, but we got boundaries tensor {} "
        "and input value tensor {}",
        b, v);
  }
  call.out(v, kLong);
}

}  // namespace ops

namespace {

using Rule = ops::Choose::Rule;

void check_ordered(const char* op, const char* kernel, const Tensor& self) {
  if (self.is_complex()) fail("{}: \"{}\" not implemented for '{}'", op, kernel, self.dtype());
}

// Values and positions of a tensor of no dimensions.
std::tuple<Tensor, Tensor> of_scalar(const Tensor& self) {
  return {self.clone(), zeros({}, TensorOptions(kLong).device(self.device()))};
}

template <class Op>
std::tuple<Tensor, Tensor> apply_pair(const Op& op, const Tensor& self) {
  ops::Outputs y = ops::apply_all(op, {&self, 1});
  return {std::move(y[0]), std::move(y[1])};
}

std::tuple<Tensor, Tensor> choose(const char* op, const char* kernel, const Tensor& self,
                                  int64_t dim, bool keepdim, Rule rule, int64_t k = 0) {
  check_ordered(op, kernel, self);
  const int64_t d = wrap_dim(dim, self.dim());
  ops::check_choice(op, self, d);
  if (rule == Rule::Kth && (k < 1 || k > (self.dim() == 0 ? 1 : self.size(d)))) {
    fail("kthvalue(): selected number k out of range for dimension {}", d);
  }
  if (self.dim() == 0) return of_scalar(self);
  return ops::values_at(self, d, ops::apply(ops::Choose{d, rule, k - 1}, self), keepdim);
}

}  // namespace

std::tuple<Tensor, Tensor> sort(const Tensor& self, std::optional<bool> stable, int64_t dim,
                                bool descending) {
  check_ordered("sort", "sorting_kernel_method_name", self);
  const int64_t d = wrap_dim(dim, self.dim());
  if (self.dim() == 0) return of_scalar(self);
  return apply_pair(ops::Sort{d, descending, stable.value_or(false)}, self);
}
std::tuple<Tensor, Tensor> sort(const Tensor& self, int64_t dim, bool descending) {
  return sort(self, std::optional<bool>(), dim, descending);
}

Tensor argsort(const Tensor& self, bool stable, int64_t dim, bool descending) {
  const NoGradGuard no_grad;
  return std::get<1>(sort(self, std::optional<bool>(stable), dim, descending));
}
Tensor argsort(const Tensor& self, int64_t dim, bool descending) {
  return argsort(self, /*stable=*/false, dim, descending);
}

Tensor msort(const Tensor& self) { return std::get<0>(sort(self, 0, false)); }

std::tuple<Tensor, Tensor> topk(const Tensor& self, int64_t k, int64_t dim, bool largest,
                                bool sorted) {
  check_ordered("topk", "topk_cpu", self);
  const int64_t d = wrap_dim(dim, self.dim());
  if (self.dim() > 0) return apply_pair(ops::TopK{d, k, largest, sorted}, self);
  if (k < 0 || k > 1) fail("topk: selected index k out of range");
  return of_scalar(self);
}

std::tuple<Tensor, Tensor> kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  return choose("kthvalue", "kthvalue_cpu", self, dim, keepdim, Rule::Kth, k);
}

std::tuple<Tensor, Tensor> median(const Tensor& self, int64_t dim, bool keepdim) {
  return choose("median", "median_out", self, dim, keepdim, Rule::Median);
}

std::tuple<Tensor, Tensor> nanmedian(const Tensor& self, int64_t dim, bool keepdim) {
  return choose("nanmedian", "median_out", self, dim, keepdim, Rule::NanMedian);
}

std::tuple<Tensor, Tensor> mode(const Tensor& self, int64_t dim, bool keepdim) {
  return choose("mode", "mode_cpu", self, dim, keepdim, Rule::Mode);
}

namespace {

void check_side(bool right, std::optional<std::string_view> side) {
  if (!side) return;
  if (*side != "left" && *side != "right") {
    fail("searchsorted: torch.searchsorted(): side can only be 'left' or 'right' but got {}",
         *side);
  }
  if (right && *side == "left") {
    fail(
        "searchsorted: torch.searchsorted(): side and right can't be set to opposites, got side of "
        "left while right was True");
  }
}

void check_sorter(const Tensor& boundaries, const Tensor& sorter) {
  if (!sorter.defined()) return;
  if (sorter.sizes() != boundaries.sizes()) {
    fail(
        "searchsorted: torch.searchsorted(): boundary and sorter must have the same size, but got "
        "boundary tensor {}and got sorter tensor {}",
        boundaries.sizes(), sorter.sizes());
  }
  if (sorter.dtype() != kLong) {
    fail(
        "searchsorted: torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
        "{}",
        sorter.dtype());
  }
}

}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  const NoGradGuard no_grad;
  check_ordered("searchsorted", "searchsorted_out_cpu", sorted_sequence);
  check_ordered("searchsorted", "searchsorted_out_cpu", self);
  check_side(right, side);
  if (self.dim() == 0 && sorted_sequence.dim() != 1) {
    fail(
        "searchsorted: torch.searchsorted(): input value can be a scalar only when boundaries "
        "tensor dimension is 1, but we got boundaries tensor dim({}) and input value's dim({}) "
        "numel({})",
        sorted_sequence.dim(), self.dim(), self.numel());
  }
  check_sorter(sorted_sequence, sorter);
  const ScalarType type = result_type(sorted_sequence, self);
  const ops::SearchSorted op{right || (side && *side == "right")};
  const Tensor at = ops::apply(op, sorted_sequence.to(type), self.to(type), sorter);
  return out_int32 ? at.to(kInt) : at;
}

Tensor searchsorted(const Tensor& sorted_sequence, const Scalar& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  const ScalarType type = result_type(sorted_sequence, self);
  return searchsorted(sorted_sequence,
                      scalar_tensor(self, TensorOptions(type).device(sorted_sequence.device())),
                      out_int32, right, side, sorter);
}

Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
  if (boundaries.dim() != 1) {
    fail("bucketize: boundaries tensor must be 1 dimension, but got dim({})", boundaries.dim());
  }
  return searchsorted(boundaries, self, out_int32, right);
}

Tensor bucketize(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right) {
  if (boundaries.dim() != 1) {
    fail("bucketize: boundaries tensor must be 1 dimension, but got dim({})", boundaries.dim());
  }
  return searchsorted(boundaries, self, out_int32, right);
}

}  // namespace reel
