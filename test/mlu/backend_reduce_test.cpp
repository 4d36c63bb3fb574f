#include <limits>

#include "backend_support.h"

using namespace mlu_test;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("reduce kernels: any dimensions") {
  const Tensor x = wave({6, 7, 9, 10});
  const std::vector<std::vector<int64_t>> sets = {{0}, {1}, {3}, {0, 1}, {1, 2}, {0, 2, 3}, {0, 3}};
  for (const auto& dims : sets) {
    for (const bool keep : {false, true}) {
      CAPTURE(dims, keep);
      check_native([&](const Tensors& in) { return in[0].sum(dims, keep); }, {x}, true, 1e-5);
      check_native([&](const Tensors& in) { return in[0].amax(dims, keep); }, {x}, true);
      check_native([&](const Tensors& in) { return in[0].amin(dims, keep); }, {x});
      check_native([&](const Tensors& in) { return in[0].mean(dims, keep); }, {x}, true);
    }
  }
  check_native([](const Tensors& in) { return in[0].sum(); }, {x}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].transpose(0, 2).sum({1}); }, {x}, true, 1e-5);
  check_native(
      [](const Tensors& in) {
        return in[0].expand({6, 7, 9, 4}).sum({0, 3});
      },
      {wave({6, 7, 9, 1})}, true, 1e-5);
}

TEST_CASE("reduce kernels: large and small") {
  check_native([](const Tensors& in) { return in[0].sum(); }, {wave({1000003})}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].sum({0}); }, {wave({20000, 5})}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].sum({1}); }, {wave({3, 30000})}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].sum({1}); }, {wave({3000, 30})}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].sum({1}); }, {wave({2, 300, 7000})}, true,
               1e-5);
  check_native([](const Tensors& in) { return in[0].sum({0}); }, {wave({0, 4})});
  check_native([](const Tensors& in) { return in[0].sum(); }, {wave({})}, true);
  check_native([](const Tensors& in) { return in[0].prod(); }, {wave({0})});
  check_native([](const Tensors& in) { return in[0].prod(1); }, {wave({5, 9})});
}

TEST_CASE("reduce kernels: other dtypes") {
  const Tensor n = reel::arange(0, 600).view({20, 30});
  check_native([](const Tensors& in) { return in[0].sum({1}); }, {n});
  check_native([](const Tensors& in) { return (in[0] > 100).sum(); }, {n});
  check_native([](const Tensors& in) { return (in[0] > 100).any(1); }, {n});
  check_native([](const Tensors& in) { return (in[0] > 100).all(1); }, {n});
  check_native([](const Tensors& in) { return in[0].amax({0}); }, {n.to(reel::kInt)});
  check_native([](const Tensors& in) { return in[0].sum({0}); }, {wave({30, 40}).to(reel::kHalf)},
               false, 1e-3);
}

TEST_CASE("reduce kernels: statistics are composed of them") {
  const Tensor x = wave({8, 50});
  check_native([](const Tensors& in) { return in[0].var(1); }, {x}, true, 1e-5);
  check_native([](const Tensors& in) { return in[0].norm(); }, {x}, true, 1e-5);
}

TEST_CASE("argmax and argmin kernels") {
  Tensor x = wave({9, 40, 5});
  for (const int64_t dim : {0, 1, 2}) {
    check_native([&](const Tensors& in) { return in[0].argmax(dim); }, {x});
    check_native([&](const Tensors& in) { return in[0].argmin(dim, true); }, {x});
  }
  check_native([](const Tensors& in) { return in[0].argmax(); }, {wave({100, 300})});
  check_native([](const Tensors& in) { return in[0].argmax(1); }, {reel::zeros({3, 20000})});
  x.select(1, 17).select(0, 3).fill_(kNan);
  check_native([](const Tensors& in) { return in[0].argmax(1); }, {x});
  check_native([](const Tensors& in) { return std::get<0>(in[0].max(1)); }, {x});
}

TEST_CASE("extremes: NaN wins") {
  Tensor x = wave({4, 700});
  x.select(0, 2).select(0, 5).fill_(kNan);
  check_native([](const Tensors& in) { return in[0].amax({1}); }, {x});
  check_native([](const Tensors& in) { return in[0].amin({0}); }, {x});
}

TEST_CASE("softmax kernels: any dimension, rows of any length") {
  for (const int64_t dim : {0, 1, 2}) {
    check_native([&](const Tensors& in) { return (in[0] * 5).softmax(dim); }, {wave({7, 13, 11})},
                 true);
    check_native([&](const Tensors& in) { return (in[0] * 5).log_softmax(dim); },
                 {wave({7, 13, 11})}, true, 1e-5);
  }
  for (const int64_t size : {1, 10, 4000, 8192, 20001}) {
    CAPTURE(size);
    check_native([](const Tensors& in) { return (in[0] * 9).softmax(1); }, {wave({5, size})}, true);
    check_native([](const Tensors& in) { return (in[0] * 9).log_softmax(1); }, {wave({5, size})},
                 true, 1e-5);
  }
  check_native([](const Tensors& in) { return in[0].softmax(0); }, {wave({})});
  check_native([](const Tensors& in) { return in[0].softmax(1); }, {wave({0, 4})});
  check_native([](const Tensors& in) { return in[0].softmax(1); }, {wave({6, 4}).to(reel::kHalf)},
               false, 1e-3);
}

TEST_CASE("softmax kernels: loss of a classifier") {
  const Tensor labels = reel::arange(0, 64).remainder(10);
  check_native([](const Tensors& in) { return reel::nll_loss(in[0].log_softmax(1), in[1]); },
               {wave({64, 10}), labels}, true);
}
