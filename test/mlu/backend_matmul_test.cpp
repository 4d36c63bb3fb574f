#include "backend_support.h"

using namespace mlu_test;

namespace {

constexpr double kTolerance = 1e-5;

// All four ways in which two matrices may lie in memory.
void check_layouts(int64_t m, int64_t k, int64_t n) {
  CAPTURE(m, k, n);
  const Tensor a = wave({m, k}), b = wave({k, n}, 0.1);
  const Tensor at = wave({k, m}), bt = wave({n, k}, 0.1);
  const auto product = [](bool left, bool right) {
    return
        [=](const Tensors& in) { return mm(left ? in[0].t() : in[0], right ? in[1].t() : in[1]); };
  };
  check_native(product(false, false), {a, b}, true, kTolerance);
  check_native(product(true, false), {at, b}, true, kTolerance);
  check_native(product(false, true), {a, bt}, true, kTolerance);
  check_native(product(true, true), {at, bt}, true, kTolerance);
}

}  // namespace

TEST_CASE("mm kernel: layouts and odd sizes") {
  check_layouts(1, 1, 1);
  check_layouts(3, 5, 7);
  check_layouts(17, 33, 65);
  check_layouts(1, 300, 40);
  check_layouts(300, 2, 1);
  check_layouts(70, 16, 200);
}

TEST_CASE("mm kernel: more than fits a core") {
  check_native([](const Tensors& in) { return mm(in[0], in[1]); },
               {wave({200, 3000}), wave({3000, 150})}, false, kTolerance);
  check_native([](const Tensors& in) { return mm(in[0], in[1].t()); },
               {wave({1000, 64}), wave({600, 64})}, false, kTolerance);
}

TEST_CASE("mm kernel: views") {
  const Tensor a = wave({20, 64}), b = wave({64, 40});
  check_native([](const Tensors& in) { return mm(in[0].narrow(1, 8, 32), in[1].narrow(0, 3, 32)); },
               {a, b}, true, kTolerance);
  check_native(
      [](const Tensors& in) { return mm(in[0].slice(1, 0, 64, 2), in[1].slice(0, 0, 64, 2)); },
      {a, b}, true, kTolerance);
  check_native(
      [](const Tensors& in) {
        return mm(in[0].expand({20, 64}), in[1].expand({64, 40}));
      },
      {wave({1, 64}), wave({64, 1})}, true, kTolerance);
}

TEST_CASE("mm kernel: nothing to multiply") {
  const auto product = [](const Tensors& in) { return mm(in[0], in[1]); };
  check_native(product, {wave({5, 0}), wave({0, 3})});
  check_native(product, {wave({0, 5}), wave({5, 3})});
  check_native(product, {wave({4, 5}), wave({5, 0})});
}

TEST_CASE("mm kernel: half and bfloat16 sum in float") {
  for (const reel::ScalarType dtype : {reel::kHalf, reel::kBFloat16}) {
    const double tolerance = dtype == reel::kHalf ? 2e-3 : 2e-2;
    const Tensor a = wave({40, 70}).to(dtype), b = wave({70, 30}).to(dtype);
    check_native([](const Tensors& in) { return mm(in[0], in[1]); }, {a, b}, false, tolerance);
    check_native([](const Tensors& in) { return mm(in[0], in[1].t()); },
                 {a, wave({9, 70}).to(dtype)}, false, tolerance);
    check_native([](const Tensors& in) { return mm(in[0], in[1]); },
                 {wave({8, 64}).to(dtype), wave({64, 16}).to(dtype)}, false, tolerance);
  }
}

TEST_CASE("gram kernel") {
  check_native([](const Tensors& in) { return gram(in[0]); }, {wave({30, 50})}, true, kTolerance);
  check_native([](const Tensors& in) { return gram(in[0].t()); }, {wave({50, 30})}, true,
               kTolerance);
}

TEST_CASE("bmm kernel") {
  const auto product = [](const Tensors& in) { return bmm(in[0], in[1]); };
  check_native(product, {wave({3, 20, 48}), wave({3, 48, 30})}, true, kTolerance);
  check_native(product, {wave({40, 4, 5}), wave({40, 5, 3})}, true, kTolerance);
  check_native(product, {wave({0, 4, 5}), wave({0, 5, 3})});
  check_native([](const Tensors& in) { return bmm(in[0].transpose(1, 2), in[1].transpose(0, 2)); },
               {wave({3, 48, 20}), wave({30, 48, 3})}, true, kTolerance);
  check_native(
      [](const Tensors& in) {
        return bmm(in[0].expand({4, 6, 16}), in[1]);
      },
      {wave({1, 6, 16}), wave({4, 16, 5})}, true, kTolerance);
}
