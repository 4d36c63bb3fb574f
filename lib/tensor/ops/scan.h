#pragma once

#include <reel/tensor/ops/op.h>

namespace reel::ops {

/// Along one dimension, every element from those up to it; of the input's shape and dtype.
struct Scan {
  int64_t dim = 0;
  void infer(Infer& call) const;
};

struct CumSum : Scan {
  static constexpr const char* name = "cumsum";
  static constexpr Reads reads{};
  void backward(Replay& call) const;
};

struct CumProd : Scan {
  static constexpr const char* name = "cumprod";
  static constexpr Reads reads{in(0) | out()};
  void backward(Replay& call) const;
};

/// log(exp(x_0) + ... + exp(x_i)) without overflow.
struct LogCumSumExp : Scan {
  static constexpr const char* name = "logcumsumexp";
  static constexpr Reads reads{in(0) | out()};
  void backward(Replay& call) const;
};

/// (values, positions): the largest so far, the last of equals; NaN stays once met.
struct CumMax : Scan {
  static constexpr const char* name = "cummax";
  static constexpr Reads reads{out(1)};
  static constexpr int outputs = 2;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

struct CumMin : Scan {
  static constexpr const char* name = "cummin";
  static constexpr Reads reads{out(1)};
  static constexpr int outputs = 2;
  void infer(Infer& call) const;
  void backward(Replay& call) const;
};

}  // namespace reel::ops
