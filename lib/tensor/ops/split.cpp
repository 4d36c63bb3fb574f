// A tensor as a list of its parts: all are views.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {

std::vector<Tensor> split(const Tensor& self, IntArrayRef split_size, int64_t dim) {
  return self.split(split_size, dim);
}

std::vector<Tensor> split_with_sizes(const Tensor& self, IntArrayRef split_sizes, int64_t dim) {
  return self.split(split_sizes, dim);
}

namespace {

int64_t splittable_dim(const Tensor& self, int64_t dim) {
  if (self.dim() == 0) {
    fail(
        "tensor_split: tensor_split expected at least a 1-dimensional tensor, but got a tensor "
        "with 0 dims");
  }
  return wrap_dim(dim, self.dim());
}

/// hsplit, vsplit and dsplit into equal parts.
std::vector<Tensor> split_evenly(const char* op, const Tensor& self, int64_t sections,
                                 int64_t dim) {
  const int64_t n = self.size(dim);
  if (sections == 0 || n % sections != 0) {
    fail(
        "{}: torch.{} attempted to split along dimension {}, but the size of the dimension {} is "
        "not divisible by the split_size {}!",
        op, op, dim, n, sections);
  }
  return tensor_split(self, sections, dim);
}

void check_rank(const char* op, const Tensor& self, int64_t rank) {
  if (self.dim() >= rank) return;
  fail(
      "{}: torch.{} requires a tensor with at least {} dimension, but got a tensor with {} "
      "dimensions!",
      op, op, rank, self.dim());
}

}  // namespace

std::vector<Tensor> tensor_split(const Tensor& self, int64_t sections, int64_t dim) {
  const int64_t d = splittable_dim(self, dim);
  if (sections <= 0) {
    fail("tensor_split: number of sections must be larger than 0, got {}", sections);
  }
  const int64_t n = self.size(d);
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t length = n / sections + (i < n % sections ? 1 : 0);
    parts.push_back(self.narrow(d, at, length));
    at += length;
  }
  return parts;
}

std::vector<Tensor> tensor_split(const Tensor& self, IntArrayRef indices, int64_t dim) {
  const int64_t d = splittable_dim(self, dim);
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (const int64_t end : indices) {
    parts.push_back(self.slice(d, at, end));
    at = end;
  }
  parts.push_back(self.slice(d, at));
  return parts;
}

std::vector<Tensor> tensor_split(const Tensor& self, const Tensor& tensor_indices_or_sections,
                                 int64_t dim) {
  const Tensor& at = tensor_indices_or_sections;
  splittable_dim(self, dim);
  if (at.dtype() != kLong) {
    fail(
        "tensor_split: tensor_split expected tensor_indices_or_sections to have dtype of long, but "
        "got {}",
        at.dtype());
  }
  if (at.dim() > 1) {
    fail(
        "tensor_split: tensor_split expected tensor_indices_or_sections to be a zero-dimensional "
        "or one-dimensional tensor, but got a tensor with {} dims",
        at.dim());
  }
  if (at.dim() == 0) return tensor_split(self, at.item<int64_t>(), dim);
  const Tensor host = at.detach().cpu().contiguous();
  return tensor_split(
      self, IntArrayRef(host.data_ptr<int64_t>(), static_cast<size_t>(host.numel())), dim);
}

std::vector<Tensor> hsplit(const Tensor& self, int64_t sections) {
  check_rank("hsplit", self, 1);
  return split_evenly("hsplit", self, sections, self.dim() == 1 ? 0 : 1);
}

std::vector<Tensor> hsplit(const Tensor& self, IntArrayRef indices) {
  check_rank("hsplit", self, 1);
  return tensor_split(self, indices, self.dim() == 1 ? 0 : 1);
}

std::vector<Tensor> vsplit(const Tensor& self, int64_t sections) {
  check_rank("vsplit", self, 2);
  return split_evenly("vsplit", self, sections, 0);
}

std::vector<Tensor> vsplit(const Tensor& self, IntArrayRef indices) {
  check_rank("vsplit", self, 2);
  return tensor_split(self, indices, 0);
}

std::vector<Tensor> dsplit(const Tensor& self, int64_t sections) {
  check_rank("dsplit", self, 3);
  return split_evenly("dsplit", self, sections, 2);
}

std::vector<Tensor> dsplit(const Tensor& self, IntArrayRef indices) {
  check_rank("dsplit", self, 3);
  return tensor_split(self, indices, 2);
}

}  // namespace reel
