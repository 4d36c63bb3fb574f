#pragma once

#include <reel/nn/module.h>
#include <reel/tensor/arg.h>
#include <reel/tensor/ops.h>

namespace reel::nn {

namespace quant {
struct LowBitImpl;
}

namespace functional {
/// input [..., in] weight [out, in]^T + bias [out] -> [..., out].
inline Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {}) {
  return reel::linear(input, weight, bias);
}
/// y[o] = x1^T weight[o] x2 + bias[o] of x1 [..., in1] and x2 [..., in2]: [..., out].
inline Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                       const Tensor& bias = {}) {
  return reel::bilinear(input1, input2, weight, bias);
}
/// Indices to rows of zeros with a one.
inline Tensor one_hot(const Tensor& tensor, int64_t num_classes = -1) {
  return reel::one_hot(tensor, num_classes);
}
}  // namespace functional

class LinearOptions {
 public:
  LinearOptions(int64_t in_features, int64_t out_features)
      : in_features_(in_features), out_features_(out_features) {}
  int64_t in_features() const { return in_features_; }
  int64_t out_features() const { return out_features_; }

  REEL_ARG(bool, bias) = true;

 private:
  int64_t in_features_;
  int64_t out_features_;
};

/// y = x W^T + b for x [..., in_features].
struct LinearImpl : Cloneable<LinearImpl> {
  LinearImpl(int64_t in_features, int64_t out_features)
      : LinearImpl(LinearOptions(in_features, out_features)) {}
  explicit LinearImpl(const LinearOptions& options);
  void reset() override;
  /// Uniform in +-1/sqrt(in_features), as PyTorch draws it.
  void reset_parameters();
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  LinearOptions options;
  Tensor weight;                               ///< [out_features, in_features]
  Tensor bias;                                 ///< [out_features], or undefined
  std::shared_ptr<quant::LowBitImpl> low_bit;  ///< how to compute in fixed point, if it does
};
REEL_MODULE(Linear);

class BilinearOptions {
 public:
  BilinearOptions(int64_t in1_features, int64_t in2_features, int64_t out_features)
      : in1_features_(in1_features), in2_features_(in2_features), out_features_(out_features) {}
  int64_t in1_features() const { return in1_features_; }
  int64_t in2_features() const { return in2_features_; }
  int64_t out_features() const { return out_features_; }

  REEL_ARG(bool, bias) = true;

 private:
  int64_t in1_features_;
  int64_t in2_features_;
  int64_t out_features_;
};

/// y[o] = x1^T W[o] x2 + b[o].
struct BilinearImpl : Cloneable<BilinearImpl> {
  BilinearImpl(int64_t in1_features, int64_t in2_features, int64_t out_features)
      : BilinearImpl(BilinearOptions(in1_features, in2_features, out_features)) {}
  explicit BilinearImpl(const BilinearOptions& options);
  void reset() override;
  /// Uniform in +-1/sqrt(in1_features), as PyTorch draws it.
  void reset_parameters();
  Tensor forward(const Tensor& input1, const Tensor& input2);
  void pretty_print(std::ostream& stream) const override;

  BilinearOptions options;
  Tensor weight;  ///< [out_features, in1_features, in2_features]
  Tensor bias;    ///< [out_features], or undefined
};
REEL_MODULE(Bilinear);

class FlattenOptions {
  REEL_ARG(int64_t, start_dim) = 1;
  REEL_ARG(int64_t, end_dim) = -1;
};

/// Joins the dimensions start_dim to end_dim into one.
struct FlattenImpl : Cloneable<FlattenImpl> {
  explicit FlattenImpl(const FlattenOptions& options = {}) : options(options) {}
  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  FlattenOptions options;
};
REEL_MODULE(Flatten);

/// Returns its input.
struct IdentityImpl : Cloneable<IdentityImpl> {
  void reset() override {}
  Tensor forward(const Tensor& input) { return input; }
  void pretty_print(std::ostream& stream) const override;
};
REEL_MODULE(Identity);

}  // namespace reel::nn
