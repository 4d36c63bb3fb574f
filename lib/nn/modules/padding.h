#pragma once

#include <reel/nn/enum.h>
#include <reel/tensor/ops.h>

namespace reel::nn::functional {

class PadFuncOptions {
 public:
  PadFuncOptions(std::vector<int64_t> pad) : pad_(std::move(pad)) {}
  PadFuncOptions& pad(std::vector<int64_t> value) { return pad_ = std::move(value), *this; }
  PadFuncOptions& mode(PaddingMode value) { return mode_ = value, *this; }
  PadFuncOptions& value(double value) { return value_ = value, *this; }
  const std::vector<int64_t>& pad() const { return pad_; }
  PaddingMode mode() const { return mode_; }
  double value() const { return value_; }

 private:
  std::vector<int64_t> pad_;
  PaddingMode mode_ = kConstant;
  double value_ = 0;
};

/// reel::pad by options: `F::pad(x, F::PadFuncOptions({1, 1, 2, 2}).mode(kReflect))`.
Tensor pad(const Tensor& input, const PadFuncOptions& options);

}  // namespace reel::nn::functional
