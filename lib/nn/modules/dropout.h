#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

class DropoutOptions {
 public:
  DropoutOptions(double p = 0.5) : p_(p) {}

  REEL_ARG(double, p);
  REEL_ARG(bool, inplace) = false;
};

using Dropout2dOptions = DropoutOptions;

namespace functional {

class DropoutFuncOptions {
  REEL_ARG(double, p) = 0.5;
  REEL_ARG(bool, training) = true;
  REEL_ARG(bool, inplace) = false;
};

using Dropout2dFuncOptions = DropoutFuncOptions;

/// Zeroes elements with probability p and scales the others by 1 / (1 - p).
Tensor dropout(Tensor input, const DropoutFuncOptions& options = {});

/// Zeroes whole channels of [N, C, ...] with probability p and scales the others by 1 / (1 - p).
Tensor dropout2d(Tensor input, const DropoutFuncOptions& options = {});

}  // namespace functional

/// Dropout (Hinton et al., 2012): when training, zeroes elements with probability p and scales the
/// others by 1 / (1 - p); passes its input on in evaluation.
struct DropoutImpl : Cloneable<DropoutImpl> {
  explicit DropoutImpl(double p) : DropoutImpl(DropoutOptions(p)) {}
  explicit DropoutImpl(const DropoutOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  DropoutOptions options;
};
REEL_MODULE(Dropout);

/// Dropout of whole channels (Tompson et al., 2015), for pictures [N, C, H, W].
struct Dropout2dImpl : Cloneable<Dropout2dImpl> {
  explicit Dropout2dImpl(double p) : Dropout2dImpl(DropoutOptions(p)) {}
  explicit Dropout2dImpl(const DropoutOptions& options = {});
  void reset() override;
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  DropoutOptions options;
};
REEL_MODULE(Dropout2d);

}  // namespace reel::nn
