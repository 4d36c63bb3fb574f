#pragma once

// Every op there is, for whoever walks them: the table of docs/ops.md, checks of backends.

#include <reel/tensor/ops/complex.h>
#include <reel/tensor/ops/conv_relu.h>
#include <reel/tensor/ops/copy.h>
#include <reel/tensor/ops/elementwise_list.h>
#include <reel/tensor/ops/fixed.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/int8.h>
#include <reel/tensor/ops/linalg.h>
#include <reel/tensor/ops/matmul.h>
#include <reel/tensor/ops/norm.h>
#include <reel/tensor/ops/pool.h>
#include <reel/tensor/ops/reduce.h>
#include <reel/tensor/ops/scan.h>
#include <reel/tensor/ops/scatter_reduce.h>
#include <reel/tensor/ops/shape.h>
#include <reel/tensor/ops/sort.h>
#include <reel/tensor/ops/statistics.h>

namespace reel::ops {

using CopyOps = OpList<Copy, Fill, ToDevice>;
using MatmulOps = OpList<Mm, ComplexMm, Bmm, Gram, IntMm, Int8Linear>;
using LinalgOps = OpList<Cholesky, Lu, Det, Slogdet, Solve, Qr, Eigh, Eig, Svd, Pinv>;
using SoftmaxOps = OpList<Softmax, SoftmaxGrad, LogSoftmax, LogSoftmaxGrad>;
using ShapeOps = OpList<Reshaped, Permute, Expand, Slice, SliceGrad, Select, AsStrided, Cat, Unfold,
                        Diagonal, ViewAsReal, ViewAsComplex>;
using IndexOps =
    OpList<Gather, Scatter, ScatterAdd, IndexSelect, IndexAdd, IndexCopy, ScatterReduce>;
using ScanOps = OpList<CumSum, CumProd, LogCumSumExp, CumMax, CumMin>;
using SortOps = OpList<Sort, TopK, Choose, SearchSorted>;
using ConvOps = OpList<Conv2d, Conv2dInputGrad, Conv2dWeightGrad, Conv2dRelu, Conv2dReluInputGrad,
                       Conv2dReluPool, Conv2dReluPoolInputGrad>;
using FixedOps = OpList<QuantizeFixed, FixedStatistics, FixedMm, FixedConv2d, FixedConv2dInputGrad,
                        FixedConv2dWeightGrad>;
using PoolOps = OpList<MaxPool2d, MaxPool2dGrad, AvgPool2d, AvgPool2dGrad>;
using NormOps = OpList<BatchNorm, BatchNormGrad>;

/// Shows each family's name and ops to the visitor: `visit.template operator()<List>(title)`.
template <class Visitor>
void for_each_family(const Visitor& visit) {
  visit.template operator()<UnaryOps>("Elementwise, one tensor");
  visit.template operator()<ComplexOps>("Complex numbers");
  visit.template operator()<BinaryOps>("Elementwise, two tensors");
  visit.template operator()<IntegerOps>("Elementwise, two tensors of integers");
  visit.template operator()<CompareOps>("Comparisons");
  visit.template operator()<OpList<Where, Addcmul, Addcdiv, Lerp>>("Elementwise, three tensors");
  visit.template operator()<ReduceOps>("Reductions");
  visit.template operator()<OpList<Norm, Median>>("Statistics");
  visit.template operator()<ArgReduceOps>("Positions of extremes");
  visit.template operator()<ScanOps>("Running sums and extremes");
  visit.template operator()<SortOps>("Order");
  visit.template operator()<SoftmaxOps>("Softmax");
  visit.template operator()<MatmulOps>("Matrix products");
  visit.template operator()<LinalgOps>("Linear algebra");
  visit.template operator()<ConvOps>("Convolution");
  visit.template operator()<FixedOps>("Fixed point");
  visit.template operator()<PoolOps>("Pooling");
  visit.template operator()<NormOps>("Normalisation");
  visit.template operator()<IndexOps>("Indexing");
  visit.template operator()<ShapeOps>("Shape");
  visit.template operator()<CopyOps>("Copies");
}

}  // namespace reel::ops
