// Decompositions whose vectors are known up to a sign or a phase, against LibTorch's: what does not
// depend on that, and gradients of functions that do not.

#include <torch/torch.h>

// c10's logging takes this name, which is Catch's here.
#undef CHECK

#include <functional>

#include "support/catch.h"
#include "support/tensors.h"

namespace {

using Sizes = std::vector<int64_t>;

// Gaussian matrices of a seed; the same for both libraries.
torch::Tensor noise(const Sizes& sizes, torch::Dtype dtype) {
  static auto generator = at::detail::createCPUGenerator(20260102);
  return torch::randn(sizes, generator, torch::TensorOptions(dtype));
}

reel::ScalarType dtype_of(const torch::Tensor& x) {
  switch (x.scalar_type()) {
    case torch::kFloat:
      return reel::kFloat;
    case torch::kComplexFloat:
      return reel::kComplexFloat;
    case torch::kComplexDouble:
      return reel::kComplexDouble;
    default:
      return reel::kDouble;
  }
}

reel::Tensor to_reel(const torch::Tensor& x) {
  const torch::Tensor dense = x.detach().resolve_conj().contiguous();
  return reel::from_blob(dense.data_ptr(), dense.sizes().vec(), dtype_of(x)).clone();
}

torch::Tensor to_torch(const reel::Tensor& x) {
  const reel::Tensor dense = x.detach().contiguous();
  const torch::Dtype types[] = {torch::kFloat, torch::kDouble, torch::kComplexFloat,
                                torch::kComplexDouble};
  const int complex = reel::is_complex(x.dtype()) ? 2 : 0;
  const bool wide = x.dtype() == reel::kDouble || x.dtype() == reel::kComplexDouble;
  return torch::from_blob(dense.data_ptr(), dense.sizes().vec(), types[complex + (wide ? 1 : 0)])
      .clone();
}

// Within a thousand units of the last place of numbers around 1.
bool agree(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  const bool single = a.scalar_type() == torch::kFloat || a.scalar_type() == torch::kComplexFloat;
  const double bound = single ? 2e-4 : 1e-11;
  return torch::allclose(a, b, bound, bound);
}
bool agree(const reel::Tensor& a, const torch::Tensor& b) { return agree(to_torch(a), b); }

bool is_unitary(const reel::Tensor& x) {
  const torch::Tensor u = to_torch(x);
  const torch::Tensor product = torch::matmul(u.mH(), u);
  return agree(product, torch::eye(u.size(-1), u.options()).expand_as(product));
}

const torch::Dtype kTypes[] = {torch::kFloat, torch::kDouble, torch::kComplexFloat,
                               torch::kComplexDouble};
const Sizes kShapes[] = {{1, 1}, {4, 4}, {5, 3}, {3, 5}, {2, 4, 4}, {2, 3, 20, 18}};

using ReelFunction = std::function<reel::Tensor(const reel::Tensor&)>;
using TorchFunction = std::function<torch::Tensor(const torch::Tensor&)>;

// First and second gradients of the sum of |f(x)|^2 weighted with noise.
void compare_gradients(const ReelFunction& ours, const TorchFunction& theirs, torch::Tensor x) {
  x.requires_grad_();
  reel::Tensor mine = to_reel(x).requires_grad_();
  const torch::Tensor value = theirs(x);
  const reel::Tensor my_value = ours(mine);
  REQUIRE(agree(my_value, value.detach()));
  const torch::Tensor weight = noise(value.sizes().vec(), value.scalar_type());
  const torch::Tensor first = torch::autograd::grad({value}, {x}, {weight}, true, true)[0];
  const reel::Tensor my_first =
      reel::autograd::grad({my_value}, {mine}, {to_reel(weight)}, true, true)[0];
  REQUIRE(my_first.defined());
  CHECK(agree(my_first, first.detach()));
  const torch::Tensor direction = noise(first.sizes().vec(), first.scalar_type());
  const torch::Tensor second = torch::autograd::grad({first}, {x}, {direction})[0];
  const reel::Tensor my_second = reel::autograd::grad({my_first}, {mine}, {to_reel(direction)})[0];
  CHECK(torch::allclose(to_torch(my_second), second, 1e-8, 1e-8));
}

// Hermitian, its eigenvalues apart.
torch::Tensor hermitian(const Sizes& sizes, torch::Dtype dtype) {
  const torch::Tensor a = noise(sizes, dtype);
  return a + a.mH();
}

}  // namespace

TEST_CASE("Singular vectors are LibTorch's up to a phase") {
  for (const torch::Dtype dtype : kTypes) {
    for (const Sizes& sizes : kShapes) {
      const torch::Tensor a = noise(sizes, dtype);
      for (const bool full : {false, true}) {
        const auto [u, s, vh] = reel::linalg_svd(to_reel(a), full);
        const auto [tu, ts, tvh] = torch::linalg_svd(a, full);
        INFO("sizes " << a.sizes() << ", full " << full);
        CHECK(agree(s, ts));
        CHECK(is_unitary(u));
        CHECK(agree(to_torch(vh).abs().narrow(-2, 0, ts.size(-1)),
                    tvh.abs().narrow(-2, 0, ts.size(-1))));
        CHECK(agree(to_torch(u).abs().narrow(-1, 0, ts.size(-1)),
                    tu.abs().narrow(-1, 0, ts.size(-1))));
        const int64_t k = ts.size(-1);
        CHECK(agree(torch::matmul(to_torch(u).narrow(-1, 0, k) * to_torch(s).unsqueeze(-2),
                                  to_torch(vh).narrow(-2, 0, k)),
                    a));
      }
    }
  }
}

TEST_CASE("Eigenvectors are LibTorch's up to a phase") {
  for (const torch::Dtype dtype : kTypes) {
    for (const Sizes& sizes : {Sizes{1, 1}, Sizes{4, 4}, Sizes{2, 3, 9, 9}}) {
      const torch::Tensor a = hermitian(sizes, dtype);
      for (const char* uplo : {"L", "U"}) {
        const auto [l, v] = reel::linalg_eigh(to_reel(a), uplo);
        const auto [tl, tv] = torch::linalg_eigh(a, uplo);
        CHECK(agree(l, tl));
        CHECK(is_unitary(v));
        CHECK(agree(to_torch(v).abs(), tv.abs()));
      }
      // The order of the eigenvalues is not defined: sums of powers do not depend on it.
      const torch::Tensor b = noise(sizes, dtype) / static_cast<double>(sizes.back());
      const auto [l, v] = reel::linalg_eig(to_reel(b));
      const torch::Tensor tl = torch::linalg_eigvals(b);
      const torch::Tensor values = to_torch(l);
      const torch::Tensor vectors = to_torch(v);
      for (int power = 1; power <= 3; ++power) {
        CHECK(agree(values.pow(power).sum(-1), tl.pow(power).sum(-1)));
      }
      CHECK(agree(torch::matmul(b.to(vectors.scalar_type()), vectors),
                  vectors * values.unsqueeze(-2)));
      const torch::Tensor norms = torch::linalg_vector_norm(vectors, 2, -2);
      CHECK(agree(norms, torch::ones_like(norms)));
    }
  }
}

TEST_CASE("Factors of complex matrices multiply to the matrix") {
  for (const Sizes& sizes : kShapes) {
    const torch::Tensor a = noise(sizes, torch::kComplexDouble);
    const auto [p, l, u] = reel::linalg_lu(to_reel(a));
    CHECK(agree(torch::matmul(to_torch(p), torch::matmul(to_torch(l), to_torch(u))), a));
  }
}

TEST_CASE("Gradients of decompositions are LibTorch's where phases do not matter") {
  for (const torch::Dtype dtype : {torch::kDouble, torch::kComplexDouble}) {
    for (const Sizes& sizes : {Sizes{4, 4}, Sizes{4, 3}, Sizes{3, 4}, Sizes{2, 3, 3}}) {
      compare_gradients(
          [](const reel::Tensor& a) {
            const auto [u, s, vh] = reel::linalg_svd(a, false);
            return reel::matmul(u * s.square().unsqueeze(-2), vh);
          },
          [](const torch::Tensor& a) {
            const auto [u, s, vh] = torch::linalg_svd(a, false);
            return torch::matmul(u * s.square().unsqueeze(-2), vh);
          },
          noise(sizes, dtype));
    }
    compare_gradients(
        [](const reel::Tensor& a) {
          const auto [l, v] = reel::linalg_eigh(a);
          return reel::matmul(v * l.sin().unsqueeze(-2), v.mH());
        },
        [](const torch::Tensor& a) {
          const auto [l, v] = torch::linalg_eigh(a);
          return torch::matmul(v * l.sin().unsqueeze(-2), v.mH());
        },
        hermitian({2, 4, 4}, dtype));
    compare_gradients(
        [](const reel::Tensor& a) {
          const auto [l, v] = reel::linalg_eig(a);
          return reel::matmul(v * l.exp().unsqueeze(-2), reel::linalg_inv(v));
        },
        [](const torch::Tensor& a) {
          const auto [l, v] = torch::linalg_eig(a);
          return torch::matmul(v * l.exp().unsqueeze(-2), torch::linalg_inv(v));
        },
        noise({3, 3}, dtype));
    compare_gradients(
        [](const reel::Tensor& a) { return reel::linalg_eigvals(a).square().sum(-1); },
        [](const torch::Tensor& a) { return torch::linalg_eigvals(a).square().sum(-1); },
        noise({2, 4, 4}, dtype));
  }
}

TEST_CASE("The determinant of a singular matrix has its gradient") {
  reel::Tensor mine = reel::tensor({{1.0, 2.0, 3.0}, {2.0, 4.0, 6.0}, {1.0, 0.0, 1.0}});
  mine = mine.to(reel::kDouble).requires_grad_();
  reel::linalg_det(mine).backward();
  // The cofactors.
  const reel::Tensor expected =
      reel::tensor({{4.0, 4.0, -4.0}, {-2.0, -2.0, 2.0}, {0.0, 0.0, 0.0}}).to(reel::kDouble);
  CHECK(reel::allclose(mine.grad(), expected, 1e-9, 1e-9));
}

TEST_CASE("The gradient of cholesky_solve is that of the triangle that is read") {
  const reel::Tensor b = to_reel(noise({3, 2}, torch::kDouble)).requires_grad_();
  const reel::Tensor l =
      (to_reel(noise({3, 3}, torch::kDouble)) * 0.3 + reel::eye(3, reel::kDouble) * 2)
          .requires_grad_();
  for (const bool upper : {false, true}) {
    const auto solve =
        [&](const reel::autograd::variable_list& inputs) -> reel::autograd::variable_list {
      return {reel::cholesky_solve(inputs[0], inputs[1], upper)};
    };
    CHECK(reel::autograd::gradcheck(solve, {b, l}));
    CHECK(reel::autograd::gradgradcheck(solve, {b, l}));
  }
}
