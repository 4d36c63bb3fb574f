#include "backend_support.h"

using namespace mlu_test;

namespace {

Tensor indices(std::vector<int64_t> values) { return reel::tensor(values, reel::kLong); }

}  // namespace

TEST_CASE("index kernels: slices") {
  const Tensor x = wave({7, 8, 9}), i = indices({3, 0, 3, 6, 5});
  for (const int64_t dim : {0, 1, 2}) {
    CAPTURE(dim);
    check_native([&](const Tensors& in) { return in[0].index_select(dim, in[1]); }, {x, i}, true);
    const auto source_sizes = x.index_select(dim, i).sizes().vec();
    const Tensors in = {x, i, wave(source_sizes, 0.1)};
    check_native([&](const Tensors& t) { return t[0].index_add(dim, t[1], t[2]); }, in, true);
    check_native([&](const Tensors& t) { return t[0].index_copy(dim, t[1], t[2]); }, in);
  }
  check_native([](const Tensors& in) { return in[0].index_select(1, in[1]); },
               {x.transpose(1, 2), i});
  check_native([](const Tensors& in) { return in[0].index_select(0, in[1]); },
               {x, indices({}).to(reel::kLong)});
  check_native([](const Tensors& in) { return in[0].index_select(0, in[1]); },
               {wave({10, 20000}), indices({9, 2})}, true);
  check_native([](const Tensors& in) { return in[0].index_select(0, in[1]); },
               {reel::arange(0, 20), indices({9, 2})});
}

TEST_CASE("index kernels: elements") {
  const Tensor x = wave({6, 10}), i = indices({1, 2, 3, 1, 0, 5, 5, 5}).view({4, 2});
  check_native([](const Tensors& in) { return in[0].gather(0, in[1]); }, {x, i}, true);
  check_native([](const Tensors& in) { return in[0].gather(1, in[1]); }, {x, i}, true);
  const Tensors in = {x, i, wave({5, 3}, 0.3)};
  check_native([](const Tensors& t) { return t[0].scatter(0, t[1], t[2]); }, in);
  check_native([](const Tensors& t) { return t[0].scatter_add(0, t[1], t[2]); }, in, true);
  check_native([](const Tensors& t) { return t[0].scatter_add(1, t[1], t[2]); }, in, true);
  check_native([](const Tensors& t) { return t[0].t().contiguous().t().scatter(1, t[1], t[2]); },
               in);
}

TEST_CASE("index kernels: embeddings") {
  const Tensor words = indices({4, 1, 4, 0, 4, 2}).view({2, 3});
  check_native([](const Tensors& in) { return reel::embedding(in[0], in[1]); },
               {wave({5, 300}), words}, true);
}

TEST_CASE("index kernels: an index outside of its dimension is an error at the call") {
  const Tensor x = wave({5, 4}).to(device());
  const Tensor bad = indices({1, 5}).to(device());
  CHECK(reel::test::error_of([&] {
          (void)x.index_select(0, bad);
        }).find("index 5 is out of bounds") != std::string::npos);
  CHECK(reel::test::error_of([&] {
          (void)x.gather(0, bad.view({1, 2}));
        }) == reel::test::error_of([&] {
          (void)x.to(Device("cpu")).gather(0, bad.view({1, 2}).to(Device("cpu")));
        }));
}
