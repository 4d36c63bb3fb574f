#include <complex>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using reel::test::error_of;

namespace {

using Z = Complex<double>;

Tensor numbers(const std::vector<Z>& values) { return tensor(values, kComplexDouble); }

std::vector<Z> values_of(const Tensor& t) {
  const Tensor flat = t.detach().to(kComplexDouble).contiguous();
  return {flat.data_ptr<Z>(), flat.data_ptr<Z>() + flat.numel()};
}

}  // namespace

TEST_CASE("Complex numbers calculate as std::complex does") {
  const Z a(1.5, -2), b(-0.25, 3);
  const std::complex<double> c(1.5, -2), d(-0.25, 3);
  const auto near = [](Z x, std::complex<double> y) {
    return std::abs(std::complex<double>(x.real(), x.imag()) - y) < 1e-14;
  };
  CHECK(near(a + b, c + d));
  CHECK(near(a - b, c - d));
  CHECK(near(a * b, c * d));
  CHECK(near(a / b, c / d));
  CHECK(near(-a, -c));
  CHECK(near(a * 2 + 1, c * 2.0 + 1.0));
  CHECK(Z(c) == a);
  CHECK(Z(1e300, 1e300) / Z(1e300, 1e300) == Z(1, 0));
  CHECK(1.5 - 2.0_id == a);
  CHECK(conj(a) == Z(1.5, 2));
}

TEST_CASE("Scalars calculate in the wider kind of two") {
  CHECK((Scalar(2) + Scalar(3)).toLong() == 5);
  CHECK((Scalar(2) + Scalar(3)).is_integral());
  CHECK((Scalar(2) * 1.5).is_floating_point());
  CHECK((Scalar(7) / 2).toDouble() == 3.5);
  CHECK((Scalar(true) + Scalar(true)).toLong() == 2);
  CHECK((-Scalar(Z(1, 2))).to<Z>() == Z(-1, -2));
  CHECK((Scalar(Z(1, 2)) * 2).to<Z>() == Z(2, 4));
  CHECK(Scalar(Z(1, 2)).conj().to<Z>() == Z(1, -2));
  CHECK(Scalar(1) == Scalar(1.0));
  CHECK(Scalar(1).equal(1.0));
  CHECK(Scalar(1) != Scalar(2));
  CHECK(Scalar(1) < Scalar(1.5));
  CHECK(Scalar(2) >= Scalar(2));
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  CHECK((-Scalar(lowest)).toLong() == lowest);
}

TEST_CASE("real and imag are views of a complex tensor's memory") {
  Tensor z = numbers({{1, 2}, {3, 4}, {5, 6}});
  real(z).fill_(9);
  imag(z.slice(0, 1)).mul_(-1);
  CHECK(values_of(z) == std::vector<Z>{{9, 2}, {9, -4}, {9, -6}});
  const Tensor parts = rand({4, 3, 2}, kDouble);
  CHECK(view_as_complex(parts).data_ptr() == parts.data_ptr());
  CHECK(view_as_real(view_as_complex(parts)).equal(parts));
}

TEST_CASE("Writing into a view of another dtype gives the right gradient") {
  // y = (2 + x) with imaginary parts replaced by 3 Re x: the gradients of both parts meet in x.
  const Tensor x = numbers({{1, 2}, {3, 4}}).requires_grad_();
  Tensor y = x + 2;
  imag(y).copy_(real(x) * 3);
  CHECK(values_of(y) == std::vector<Z>{{3, 3}, {5, 9}});
  (real(y) * 10 + imag(y)).sum().backward();
  CHECK(values_of(x.grad()) == std::vector<Z>{{13, 0}, {13, 0}});

  // The other way: a complex view of real numbers is overwritten.
  const Tensor r = ones({2, 2}, kDouble).requires_grad_();
  const Tensor w = numbers({{1, 1}}).requires_grad_();
  Tensor base = r * 2;
  view_as_complex(base).slice(0, 0, 1).mul_(Z(1, 1)).add_(w);
  base.sum().backward();
  CHECK(base.detach().equal(tensor({{1.0, 5.0}, {2.0, 2.0}}, kDouble)));
  CHECK(r.grad().equal(tensor({{4.0, 0.0}, {2.0, 2.0}}, kDouble)));
  CHECK(values_of(w.grad()) == std::vector<Z>{{1, 1}});
}

TEST_CASE("A gradient of a complex tensor is the conjugate of the derivative") {
  const Tensor z = numbers({{1, 2}}).requires_grad_();
  real(z * z).sum().backward();
  CHECK(values_of(z.grad()) == std::vector<Z>{{2, -4}});
  const Tensor a = numbers({{3, 4}, {0, 0}}).requires_grad_();
  abs(a).sum().backward();
  CHECK(values_of(a.grad()) == std::vector<Z>{{0.6, 0.8}, {0, 0}});
  // A real tensor takes the real part of what comes back.
  const Tensor r = tensor({2.0}, kDouble).requires_grad_();
  real(r * Z(3, 4)).sum().backward();
  CHECK(r.grad().item<double>() == 3);
}

TEST_CASE("Complex tensors are drawn with half of the variance in each part") {
  manual_seed(3);
  const Tensor z = randn({20000}, kComplexDouble);
  CHECK(std::abs(real(z).var().item<double>() - 0.5) < 0.02);
  CHECK(std::abs(imag(z).var().item<double>() - 0.5) < 0.02);
  CHECK(rand({3}, kComplexFloat).dtype() == kComplexFloat);
}

TEST_CASE("view(dtype) looks at the same bits") {
  const Tensor x = tensor({1.0f, -2.0f});
  CHECK(x.view(kInt)[0].item<int>() == 0x3f800000);
  CHECK(x.view(kLong).sizes() == IntArrayRef{1});
  CHECK(x.view(kByte).sizes() == IntArrayRef{8});
  CHECK(x.view(kComplexFloat).item().to<Z>() == Z(1, -2));
  CHECK(error_of([] { zeros({3}).view(kLong); }).find("self.size(-1) must be divisible by 2") !=
        std::string::npos);
}
