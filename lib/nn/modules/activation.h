#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

// Each activation: its options, its function, its module. `inplace` writes into the input.

namespace reel::nn {

namespace detail {
/// The result, stored in `input` if inplace.
inline Tensor store(Tensor input, Tensor result, bool inplace) {
  return inplace ? input.copy_(result) : result;
}
}  // namespace detail

class ReLUOptions {
 public:
  ReLUOptions(bool inplace = false) : inplace_(inplace) {}

  REEL_ARG(bool, inplace);
};

class LeakyReLUOptions {
  REEL_ARG(double, negative_slope) = 1e-2;
  REEL_ARG(bool, inplace) = false;
};

class ELUOptions {
  REEL_ARG(double, alpha) = 1;
  REEL_ARG(bool, inplace) = false;
};

class GELUOptions {
  /// "none" or "tanh".
  REEL_ARG(std::string, approximate) = "none";
};

class SoftplusOptions {
  REEL_ARG(double, beta) = 1;
  REEL_ARG(double, threshold) = 20;
};

class SoftmaxOptions {
 public:
  SoftmaxOptions(int64_t dim) : dim_(dim) {}

  REEL_ARG(int64_t, dim);
};
using LogSoftmaxOptions = SoftmaxOptions;

namespace functional {

class SoftmaxFuncOptions {
 public:
  SoftmaxFuncOptions(int64_t dim) : dim_(dim) {}

  REEL_ARG(int64_t, dim);
  REEL_ARG(std::optional<ScalarType>, dtype);
};
using LogSoftmaxFuncOptions = SoftmaxFuncOptions;
using ReLUFuncOptions = ReLUOptions;
using LeakyReLUFuncOptions = LeakyReLUOptions;
using ELUFuncOptions = ELUOptions;
using GELUFuncOptions = GELUOptions;
using SoftplusFuncOptions = SoftplusOptions;

inline Tensor relu(Tensor input, const ReLUFuncOptions& options = {}) {
  return options.inplace() ? input.relu_() : input.relu();
}
inline Tensor leaky_relu(const Tensor& input, const LeakyReLUFuncOptions& options = {}) {
  return detail::store(input, reel::leaky_relu(input, options.negative_slope()), options.inplace());
}
inline Tensor elu(const Tensor& input, const ELUFuncOptions& options = {}) {
  return detail::store(input, reel::elu(input, options.alpha()), options.inplace());
}
inline Tensor gelu(const Tensor& input, const GELUFuncOptions& options = {}) {
  return reel::gelu(input, options.approximate());
}
inline Tensor softplus(const Tensor& input, const SoftplusFuncOptions& options = {}) {
  return reel::softplus(input, options.beta(), options.threshold());
}
inline Tensor silu(const Tensor& input) { return input.silu(); }
inline Tensor sigmoid(const Tensor& input) { return input.sigmoid(); }
inline Tensor tanh(const Tensor& input) { return input.tanh(); }
inline Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& options) {
  return input.softmax(options.dim(), options.dtype());
}
inline Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& options) {
  return input.log_softmax(options.dim(), options.dtype());
}

}  // namespace functional

/// max(0, x).
struct ReLUImpl : Cloneable<ReLUImpl> {
  explicit ReLUImpl(const ReLUOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  ReLUOptions options;
};
REEL_MODULE(ReLU);

/// x, or negative_slope * x where x < 0.
struct LeakyReLUImpl : Cloneable<LeakyReLUImpl> {
  explicit LeakyReLUImpl(const LeakyReLUOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  LeakyReLUOptions options;
};
REEL_MODULE(LeakyReLU);

/// x, or alpha * (exp(x) - 1) where x < 0.
struct ELUImpl : Cloneable<ELUImpl> {
  explicit ELUImpl(const ELUOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  ELUOptions options;
};
REEL_MODULE(ELU);

/// x * Phi(x), Phi the distribution of the standard normal.
struct GELUImpl : Cloneable<GELUImpl> {
  explicit GELUImpl(const GELUOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  GELUOptions options;
};
REEL_MODULE(GELU);

/// log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold.
struct SoftplusImpl : Cloneable<SoftplusImpl> {
  explicit SoftplusImpl(const SoftplusOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  SoftplusOptions options;
};
REEL_MODULE(Softplus);

/// x * sigmoid(x).
struct SiLUImpl : Cloneable<SiLUImpl> {
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(SiLU);

struct SigmoidImpl : Cloneable<SigmoidImpl> {
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(Sigmoid);

struct TanhImpl : Cloneable<TanhImpl> {
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(Tanh);

/// exp(x) normalised to a sum of 1 along `dim`.
struct SoftmaxImpl : Cloneable<SoftmaxImpl> {
  explicit SoftmaxImpl(const SoftmaxOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  SoftmaxOptions options;
};
REEL_MODULE(Softmax);

struct LogSoftmaxImpl : Cloneable<LogSoftmaxImpl> {
  explicit LogSoftmaxImpl(const LogSoftmaxOptions& options) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  LogSoftmaxOptions options;
};
REEL_MODULE(LogSoftmax);

}  // namespace reel::nn
