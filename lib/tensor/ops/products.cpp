// Products of vectors and matrices that are made of others.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

void check_vector(const char* argument, const Tensor& vec) {
  if (vec.dim() != 1) fail("outer: Expected 1-D argument {}, but got {}-D", argument, vec.dim());
}

// The cross product along a dimension of size 3 of both, which broadcast.
Tensor cross_along(const Tensor& a, const Tensor& b, int64_t dim) {
  const auto product = [&](int64_t i, int64_t k) { return a.select(dim, i) * b.select(dim, k); };
  return stack(
      {product(1, 2) - product(2, 1), product(2, 0) - product(0, 2), product(0, 1) - product(1, 0)},
      dim);
}

}  // namespace

Tensor dot(const Tensor& self, const Tensor& tensor) {
  if (self.dim() != 1 || tensor.dim() != 1) {
    fail("dot: 1D tensors expected, but got {}D and {}D tensors", self.dim(), tensor.dim());
  }
  if (self.dtype() != tensor.dtype()) {
    fail("dot : expected both vectors to have same dtype, but found {} and {}", self.dtype(),
         tensor.dtype());
  }
  if (self.size(0) != tensor.size(0)) {
    fail(
        "dot: inconsistent tensor size, expected tensor {} and src {} to have the same number of "
        "elements, but got {} and {} elements respectively",
        self.sizes(), tensor.sizes(), self.size(0), tensor.size(0));
  }
  if (self.dtype() == kBool) fail("dot: \"dot\" not implemented for 'Bool'");
  return mm(self.unsqueeze(0), tensor.unsqueeze(1)).view(IntArrayRef());
}

Tensor mv(const Tensor& self, const Tensor& vec) {
  if (self.dim() != 2 || vec.dim() != 1) {
    fail("mv: vector + matrix @ vector expected, got 1, {}, {}", self.dim(), vec.dim());
  }
  if (self.size(1) != vec.size(0)) {
    fail("mv: size mismatch, got {}, {}x{},{}", self.size(0), self.size(0), self.size(1),
         vec.size(0));
  }
  if (self.dtype() == kBool && vec.dtype() == kBool && self.numel() > 0) {
    fail("mv: \"addmv_impl_cpu\" not implemented for 'Bool'");
  }
  return mm(self, vec.unsqueeze(1)).squeeze(1);
}

Tensor outer(const Tensor& self, const Tensor& vec2) {
  check_vector("self", self);
  check_vector("vec2", vec2);
  return self.unsqueeze(1) * vec2;
}

Tensor ger(const Tensor& self, const Tensor& vec2) { return outer(self, vec2); }

Tensor inner(const Tensor& self, const Tensor& other) {
  if (self.dim() == 0 || other.dim() == 0) return self * other;
  if (self.size(-1) != other.size(-1)) {
    fail("inner() the last dimension must match on both input tensors but got shapes {} and {}",
         self.sizes(), other.sizes());
  }
  return tensordot(self, other, {-1}, {-1});
}

Tensor kron(const Tensor& self, const Tensor& other) {
  const int64_t rank = std::max(self.dim(), other.dim());
  Shape left;
  Shape right;
  Shape sizes;
  for (int64_t d = 0; d < rank; ++d) {
    const int64_t at = d - (rank - self.dim());
    const int64_t other_at = d - (rank - other.dim());
    const int64_t a = at < 0 ? 1 : self.size(at);
    const int64_t b = other_at < 0 ? 1 : other.size(other_at);
    left.push_back(a);
    left.push_back(1);
    right.push_back(1);
    right.push_back(b);
    sizes.push_back(a * b);
  }
  return (self.reshape(left) * other.reshape(right)).reshape(sizes);
}

Tensor tensordot(const Tensor& self, const Tensor& other, IntArrayRef dims_self,
                 IntArrayRef dims_other) {
  if (dims_self.size() != dims_other.size()) {
    fail("tensordot: both dimension lists should have same length, got {} and {}", dims_self,
         dims_other);
  }
  Tensor a = self;
  Tensor b = other;
  std::vector<bool> used_a(static_cast<size_t>(a.dim()) + 1);
  std::vector<bool> used_b(static_cast<size_t>(b.dim()) + 1);
  const auto take = [](std::vector<bool>& used, int64_t dim, int64_t rank) {
    const int64_t d = wrap_dim(dim, rank);
    if (used[static_cast<size_t>(d)]) {
      fail("tensordot: dim {} appears multiple times in the list of dims", d);
    }
    used[static_cast<size_t>(d)] = true;
    return d;
  };
  std::vector<int64_t> contracted_a;
  std::vector<int64_t> contracted_b;
  int64_t depth = 1;
  for (size_t i = 0; i < dims_self.size(); ++i) {
    const int64_t da = wrap_dim(dims_self[i], a.dim());
    const int64_t db = wrap_dim(dims_other[i], b.dim());
    const int64_t size_a = a.dim() == 0 ? 1 : a.size(da);
    const int64_t size_b = b.dim() == 0 ? 1 : b.size(db);
    if (size_b == 1) {
      a = a.sum(da, /*keepdim=*/true);
    } else if (size_a == 1) {
      b = b.sum(db, /*keepdim=*/true);
    } else if (size_a != size_b) {
      fail(
          "tensordot: contracted dimensions need to match, but first has size {} in dim {} and "
          "second has size {} in dim {}",
          size_a, dims_self[i], size_b, dims_other[i]);
    }
    contracted_a.push_back(take(used_a, da, a.dim()));
    contracted_b.push_back(take(used_b, db, b.dim()));
    depth *= size_b == 1 || size_a == 1 ? 1 : size_a;
  }
  std::vector<int64_t> order_a;
  std::vector<int64_t> order_b = contracted_b;
  Shape sizes;
  int64_t rows = 1;
  int64_t columns = 1;
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (used_a[static_cast<size_t>(d)]) continue;
    order_a.push_back(d);
    sizes.push_back(a.size(d));
    rows *= a.size(d);
  }
  for (int64_t d = 0; d < b.dim(); ++d) {
    if (used_b[static_cast<size_t>(d)]) continue;
    order_b.push_back(d);
    sizes.push_back(b.size(d));
    columns *= b.size(d);
  }
  order_a.insert(order_a.end(), contracted_a.begin(), contracted_a.end());
  if (a.dim() == 0) order_a.clear();
  if (b.dim() == 0) order_b.clear();
  return mm(a.permute(order_a).reshape({rows, depth}), b.permute(order_b).reshape({depth, columns}))
      .view(sizes);
}

Tensor trace(const Tensor& self) {
  if (self.dim() != 2) {
    fail("trace: expected a matrix, but got tensor with dim {}", self.dim());
  }
  if (self.dtype() == kBool) fail("trace: \"trace\" not implemented for 'Bool'");
  return self.diagonal().sum();
}

Tensor linalg_cross(const Tensor& self, const Tensor& other, int64_t dim) {
  if (self.dim() != other.dim()) {
    fail("linalg.cross: inputs must have the same number of dimensions.");
  }
  const int64_t d = wrap_dim(dim, self.dim());
  const int64_t size = self.dim() == 0 ? 1 : self.size(d);
  const int64_t other_size = self.dim() == 0 ? 1 : other.size(d);
  if (size != 3 || other_size != 3) {
    fail("linalg.cross: inputs dimension {} must have length 3. Got {} and {}", dim, size,
         other_size);
  }
  broadcast_sizes(self.sizes(), other.sizes());
  if (self.dtype() != other.dtype()) {
    fail("linalg.cross: expected scalar type {} but found {}", self.dtype(), other.dtype());
  }
  if (self.dtype() == kBool) fail("linalg.cross: \"cross\" not implemented for 'Bool'");
  return cross_along(self, other, d);
}

Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return linalg_cross(self, other, *dim);
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (self.size(d) == 3) return linalg_cross(self, other, d);
  }
  fail("cross: no dimension of size 3 in input, got shape {}", self.sizes());
}

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim) {
  if (!is_differentiable(x.dtype())) {
    fail("linalg.vecdot: Expected a floating point or complex tensor as input. Got {}", x.dtype());
  }
  if (x.dtype() != y.dtype()) {
    fail(
        "linalg.vecdot: Expected x and y to have the same dtype, but found x of type {} and y of "
        "type {} instead",
        x.dtype(), y.dtype());
  }
  const Tensor left = is_complex(x.dtype()) ? x.conj() : x;
  if (x.dim() == 1 && y.dim() == 1) {
    wrap_dim(dim, 1);
    return dot(left, y);
  }
  return (left * y).sum(dim);
}

Tensor linalg_matmul(const Tensor& self, const Tensor& other) { return matmul(self, other); }

namespace {

// The matrices first..last multiplied in the order that costs the fewest multiplications, by
// dynamic programming over all splits (Cormen et al., Introduction to Algorithms, 15.2).
Tensor multiply_chain(const std::vector<Tensor>& matrices) {
  const size_t n = matrices.size();
  std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
  std::vector<std::vector<size_t>> split(n, std::vector<size_t>(n, 0));
  for (size_t length = 1; length < n; ++length) {
    for (size_t i = 0; i + length < n; ++i) {
      const size_t j = i + length;
      cost[i][j] = std::numeric_limits<double>::infinity();
      for (size_t k = i; k < j; ++k) {
        const double product = static_cast<double>(matrices[i].size(0)) *
                               static_cast<double>(matrices[k].size(1)) *
                               static_cast<double>(matrices[j].size(1));
        const double total = cost[i][k] + cost[k + 1][j] + product;
        if (total < cost[i][j]) {
          cost[i][j] = total;
          split[i][j] = k;
        }
      }
    }
  }
  const auto multiply = [&](const auto& self, size_t i, size_t j) -> Tensor {
    if (i == j) return matrices[i];
    return mm(self(self, i, split[i][j]), self(self, split[i][j] + 1, j));
  };
  return multiply(multiply, 0, n - 1);
}

}  // namespace

Tensor linalg_multi_dot(TensorList tensors) {
  const size_t n = tensors.size();
  if (n < 2) fail("multi_dot(): expected at least 2 tensors but got {}", n);
  std::vector<Tensor> matrices(tensors.begin(), tensors.end());
  Tensor& first = matrices.front();
  Tensor& last = matrices.back();
  Shape sizes;
  if (first.dim() == 1) {
    first = first.unsqueeze(0);
  } else if (first.dim() == 2) {
    sizes.push_back(first.size(0));
  } else {
    fail("multi_dot(): the first tensor must be 1D or 2D but got {}D", first.dim());
  }
  if (last.dim() == 1) {
    last = last.unsqueeze(-1);
  } else if (last.dim() == 2) {
    sizes.push_back(last.size(1));
  } else {
    fail("multi_dot(): the last tensor must be 1D or 2D but got {}D", last.dim());
  }
  for (size_t i = 1; i + 1 < n; ++i) {
    if (matrices[i].dim() != 2) {
      fail("multi_dot(): tensor {} must be 2D but got {}D", i, matrices[i].dim());
    }
  }
  for (size_t i = 1; i < n; ++i) {
    if (matrices[i].dtype() != first.dtype()) {
      fail(
          "multi_dot(): all tensors must have be the same dtype but tensor 0 is {} and tensor {} "
          "{}",
          first.dtype(), i, matrices[i].dtype());
    }
    if (matrices[i - 1].size(1) != matrices[i].size(0)) {
      fail("multi_dot(): tensors {} and {} with shapes {} and {} cannot be multiplied", i - 1, i,
           tensors[i - 1].sizes(), tensors[i].sizes());
    }
  }
  return multiply_chain(matrices).view(sizes);
}

Tensor linalg_matrix_power(const Tensor& self, int64_t n) {
  if (self.dim() < 2) {
    fail("linalg.matrix_power: The input tensor A must have at least 2 dimensions.");
  }
  if (self.size(-1) != self.size(-2)) {
    fail(
        "linalg.matrix_power: A must be batches of square matrices, but they are {} by {} matrices",
        self.size(-2), self.size(-1));
  }
  if (n == 0) {
    return eye(self.size(-1), self.options()).expand(self.sizes()).clone(MemoryFormat::Contiguous);
  }
  Tensor square = n < 0 ? linalg_inv(self) : self;
  uint64_t bits = n < 0 ? -static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  if (bits == 1) return square.clone();
  Tensor result;
  for (;; square = matmul(square, square)) {
    if ((bits & 1) != 0) result = result.defined() ? matmul(result, square) : square;
    bits >>= 1;
    if (bits == 0) return result;
  }
}

Tensor matrix_power(const Tensor& self, int64_t n) { return linalg_matrix_power(self, n); }

}  // namespace reel
