#pragma once

#include <reel/tensor/ops/elementwise.h>

namespace reel::ops {

/// A reduction over a set of dimensions, bit d of `dims` for dimension d; reduced dimensions become
/// 1 with keepdim, else vanish. The output has the input's dtype.
struct Reduce {
  uint64_t dims = 0;
  bool keepdim = false;
  void infer(Infer& call) const;
  bool reduces(int64_t dim) const { return (dims >> dim & 1) != 0; }
};

/// The set of dimensions asked for; none means all.
uint64_t dim_set(const char* op, const Tensor& self, IntArrayRef dims);
/// Sizes without the dimensions of the set, or with 1 in their place.
Shape reduced_sizes(IntArrayRef sizes, uint64_t dims, bool keepdim);
/// How many elements of a tensor become one.
int64_t count_of(const Tensor& self, uint64_t dims);
/// A reduced tensor with its vanished dimensions back as 1.
Tensor restore(const Tensor& reduced, const Reduce& op, int64_t rank);
/// Spreads the gradient evenly over the elements that are equal to the result.
void backward_of_extremes(const Reduce& op, Replay& call);
/// (values, indices) where indices along `dim` have been found with keepdim.
std::tuple<Tensor, Tensor> values_at(const Tensor& self, int64_t dim, const Tensor& indices,
                                     bool keepdim);
/// Throws PyTorch's error for a dimension of size 0 along which there is nothing to choose from.
void check_choice(const char* op, const Tensor& self, int64_t dim);

struct Sum : Reduce {
  static constexpr const char* name = "sum";
  static constexpr Reads reads{};
  void backward(Replay& call) const;
};

struct Prod : Reduce {
  static constexpr const char* name = "prod";
  static constexpr Reads reads{in(0)};
  void backward(Replay& call) const;
};

/// NaN if any is NaN; equal maxima share the gradient. An empty reduction is an error. Bool works,
/// as any() and all().
struct Amax : Reduce {
  static constexpr const char* name = "amax";
  static constexpr Reads reads{in(0) | out()};
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

struct Amin : Reduce {
  static constexpr const char* name = "amin";
  static constexpr Reads reads{in(0) | out()};
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// Along one dimension.
struct ReduceDim {
  int64_t dim = 0;
  bool keepdim = false;
};

/// Position (int64) of the extreme along `dim`: the first of equals, NaN before all.
struct ArgMax : ReduceDim {
  static constexpr const char* name = "argmax";
  void infer(Infer& call) const;
};

struct ArgMin : ReduceDim {
  static constexpr const char* name = "argmin";
  void infer(Infer& call) const;
};

using ReduceOps = OpList<Sum, Prod, Amax, Amin>;
using ArgReduceOps = OpList<ArgMax, ArgMin>;

/// Along `dim`; sums in the input's dtype, stable for large inputs.
struct Softmax {
  static constexpr const char* name = "softmax";
  static constexpr Reads reads{out()};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

struct LogSoftmax {
  static constexpr const char* name = "log_softmax";
  static constexpr Reads reads{out()};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// dx from g and y: y * (g - sum(g * y)).
struct SoftmaxGrad {
  static constexpr const char* name = "softmax_grad";
  static constexpr Reads reads{};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

/// dx from g and y: g - exp(y) * sum(g).
struct LogSoftmaxGrad {
  static constexpr const char* name = "log_softmax_grad";
  static constexpr Reads reads{};
  int64_t dim = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
};

}  // namespace reel::ops
