#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

// NaN is greater than any number.

/// (values, positions) in order along `dim`; equal ones keep their order if `stable`, else they
/// come as LibTorch's sort leaves them.
struct Sort {
  static constexpr const char* name = "sort";
  static constexpr Reads reads{out(1)};
  static constexpr int outputs = 2;
  int64_t dim = 0;
  bool descending = false;
  bool stable = false;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// (values, positions) of the k largest or smallest along `dim`, in any order unless `sorted`.
struct TopK {
  static constexpr const char* name = "topk";
  static constexpr Reads reads{out(1)};
  static constexpr int outputs = 2;
  int64_t dim = 0;
  int64_t k = 1;
  bool largest = true;
  bool sorted = true;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

/// The position (int64, `dim` kept) of one element along `dim`, which has at least one.
struct Choose {
  static constexpr const char* name = "choose";
  enum class Rule {
    Kth,        ///< the k-th smallest, counted from 0
    Median,     ///< the lower of two, the first of equals; the first NaN if there is one
    NanMedian,  ///< of those that are not NaN
    Mode,       ///< of the most frequent value, the smallest of such
  };
  int64_t dim = 0;
  Rule rule = Rule::Kth;
  int64_t k = 0;
  void infer(Infer& call) const;
};

/// Where each value belongs in ascending `boundaries`: before equal ones, or with `right` behind
/// them. Inputs boundaries, values, sorter (optional: the order in which boundaries ascend). Either
/// boundaries have one dimension, or all but the last are those of values. Int64.
struct SearchSorted {
  static constexpr const char* name = "searchsorted";
  bool right = false;
  void infer(Infer& call) const;
};

}  // namespace reel::ops
