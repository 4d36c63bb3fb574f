// What an op is composed of, for backends without a kernel of it, gives what its kernel gives.

#include <reel/tensor/ops/conv.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/matmul.h>
#include <reel/tensor/ops/norm.h>
#include <reel/tensor/ops/pool.h>
#include <reel/tensor/ops/reduce.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using reel::test::close;
using reel::test::wave;

namespace {

/// Compares every output of the composition with the kernel's. Doubles of magnitude 1 and sums of
/// fewer than 1000 terms: 1e-12 is far above rounding.
template <class Op>
bool composes(const Op& op, const std::vector<Tensor>& inputs) {
  const NoGradGuard guard;
  const ops::Outputs want = ops::apply_all(op, inputs);
  ops::Compose call(inputs);
  op.compose(call);
  for (int k = 0; k < ops::outputs_of<Op>(); ++k) {
    const size_t i = static_cast<size_t>(k);
    if (!close(call.results()[i], want[i], 1e-12)) return false;
    if (call.results()[i].dtype() != want[i].dtype()) return false;
  }
  return true;
}

ops::ConvAttrs conv(std::array<int64_t, 2> stride, std::array<int64_t, 2> padding,
                    std::array<int64_t, 2> dilation, int64_t groups) {
  return {stride, padding, dilation, groups};
}

ops::PoolAttrs pool(std::array<int64_t, 2> kernel, std::array<int64_t, 2> stride,
                    std::array<int64_t, 2> padding, std::array<int64_t, 2> dilation, bool ceil) {
  return {kernel, stride, padding, dilation, ceil};
}

}  // namespace

TEST_CASE("convolutions compose") {
  const Tensor x = wave({2, 4, 8, 7});
  for (const auto& attrs : {conv({1, 1}, {1, 1}, {1, 1}, 1), conv({2, 3}, {1, 0}, {1, 2}, 1),
                            conv({3, 2}, {2, 1}, {2, 1}, 2), conv({1, 1}, {1, 1}, {1, 1}, 4)}) {
    const Tensor w = wave({4, 4 / attrs.groups, 3, 2}, 0.2);
    CHECK(composes(ops::Conv2d{attrs}, {x, w, wave({4}, 0.7)}));
    CHECK(composes(ops::Conv2d{attrs}, {x, w, {}}));
    const Tensor g = wave(ops::apply(ops::Conv2d{attrs}, x, w, Tensor()).sizes(), 0.9);
    CHECK(composes(ops::Conv2dInputGrad{attrs, {8, 7}}, {g, w}));
    CHECK(composes(ops::Conv2dWeightGrad{attrs, {3, 2}}, {g, x}));
  }
  CHECK(composes(ops::Conv2d{}, {zeros({0, 4, 5, 5}), zeros({2, 4, 3, 3}), {}}));
}

TEST_CASE("pooling composes") {
  Tensor x = wave({2, 3, 7, 8});
  x.index_put_({0, 1}, -std::numeric_limits<double>::infinity());
  x.index_put_({1, 2}, 1.0);
  for (const auto& attrs :
       {pool({2, 2}, {2, 2}, {0, 0}, {1, 1}, false), pool({3, 2}, {2, 1}, {1, 1}, {1, 1}, true),
        pool({3, 3}, {1, 2}, {1, 1}, {2, 2}, false)}) {
    CHECK(composes(ops::MaxPool2d{attrs}, {x}));
    const Tensor input[] = {x};
    const Tensor indices = ops::apply_all(ops::MaxPool2d{attrs}, input)[1];
    CHECK(composes(ops::MaxPool2dGrad{attrs, {7, 8}}, {wave(indices.sizes(), 0.3), indices}));
    if (attrs.dilation[0] > 1) continue;
    const Tensor finite = wave({2, 3, 7, 8}).contiguous(MemoryFormat::ChannelsLast);
    for (bool include : {true, false}) {
      for (int64_t divisor : {0, 5}) {
        CHECK(composes(ops::AvgPool2d{attrs, include, divisor}, {finite}));
        CHECK(composes(ops::AvgPool2dGrad{attrs, include, divisor, {7, 8}},
                       {wave(indices.sizes(), 0.3)}));
      }
    }
  }
}

TEST_CASE("softmax and batch_norm compose") {
  const Tensor x = wave({3, 4, 5});
  const Tensor g = wave({3, 4, 5}, 0.3);
  for (int64_t dim : {0, 1, 2}) {
    CHECK(composes(ops::Softmax{dim}, {x}));
    CHECK(composes(ops::LogSoftmax{dim}, {x}));
    CHECK(composes(ops::SoftmaxGrad{dim}, {g, softmax(x, dim)}));
    CHECK(composes(ops::LogSoftmaxGrad{dim}, {g, log_softmax(x, dim)}));
  }
  const Tensor w = wave({4}, 0.2);
  const Tensor mean = wave({4}, 0.4);
  const Tensor var = wave({4}, 0.6).square() + 0.5;
  for (bool training : {true, false}) {
    CHECK(composes(ops::BatchNorm{training, 1e-5}, {x, w, wave({4}, 0.9), mean, var}));
    CHECK(composes(ops::BatchNorm{training, 1e-5}, {x, {}, {}, mean, var}));
    CHECK(composes(ops::BatchNormGrad{training}, {g, x, w, mean, var}));
    CHECK(composes(ops::BatchNormGrad{training}, {g, x, {}, mean, var}));
  }
}

TEST_CASE("bmm and whole slices compose") {
  CHECK(composes(ops::Bmm{}, {wave({3, 2, 4}), wave({3, 4, 5}, 0.2)}));
  CHECK(composes(ops::Bmm{}, {zeros({0, 2, 4}), zeros({0, 4, 5})}));
  const Tensor x = wave({3, 4, 2});
  const Tensor index = tensor({3, 0, 3});
  CHECK(composes(ops::IndexSelect{1}, {x, index}));
  CHECK(composes(ops::IndexAdd{1}, {x, index, wave({3, 3, 2}, 0.3)}));
  CHECK(composes(ops::IndexCopy{1}, {x, index, wave({3, 3, 2}, 0.3)}));
}
