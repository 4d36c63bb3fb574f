#pragma once

#include <array>
#include <string>

#include <reel/nn/modules/conv.h>
#include <reel/nn/modules/linear.h>

// Training in adaptive fixed point (Zhang et al., Fixed-Point Back-Propagation Training, CVPR 2020,
// arXiv 1911.00361), and inference in it. The weight W, the input X and the gradient of the output
// G of a layer become integers of 8 or 16 bits times a power of two, and its three products,
// forward and backward, are computed of integers. Each of the three tensors finds its own power and
// takes 16 bits where 8 lose too much. docs/low-bit.md shows how to use it.

namespace reel::nn::quant {

/// When scales are looked after, and when a tensor gets more bits. Names and defaults are the
/// paper's.
class LowBitOptions {
 public:
  /// The steps of an epoch: scales are adjusted in each of the first hundredth of an epoch, as
  /// often as they change in the rest of the first, and once in each later one.
  explicit LowBitOptions(int64_t steps_per_epoch = 1000) : steps_per_epoch_(steps_per_epoch) {}

  REEL_ARG(int64_t, steps_per_epoch);
  /// 8 or 16: the most bits of a tensor. Inference that is to be in int8 alone says 8.
  REEL_ARG(int64_t, max_bits) = 16;
  /// A tensor whose error (quantization_error) is larger gets 8 bits more.
  REEL_ARG(double, conv_threshold) = 0.03;
  REEL_ARG(double, linear_threshold) = 0.01;
  REEL_ARG(double, alpha) = 0.04;  ///< of the moving average of shifts
  REEL_ARG(double, beta) = 0.1;    ///< intervals between adjustments are longer if it is larger
  REEL_ARG(double, gamma) = 2;
  REEL_ARG(double, delta) = 100;
};

/// The shift of numbers up to `largest` > 0 in so many bits: ceil(log2(largest / (2^(bits-1) -
/// 1))).
int64_t fixed_shift(double largest, int64_t bits);
/// How far numbers of this mean magnitude are from those they were rounded to:
/// log2(|mean - mean_rounded| / mean + 1).
double quantization_error(double mean, double mean_rounded);
/// Steps until the scale is looked after again, at least 1 and at most an epoch:
/// beta / max(alpha |shift - average|, delta error^2) - gamma.
int64_t update_interval(const LowBitOptions& options, int64_t shift, double average, double error);

enum class TensorKind : uint8_t { weight, activation, gradient };
inline constexpr int kTensorKinds = 3;
const char* to_string(TensorKind kind);

/// The fixed point of one tensor, and what became of it in training.
struct FixedPoint {
  int64_t bits = 8, shift = 0;
  bool calibrated = false;  ///< whether shift was found in data
  int64_t steps = 0, next_update = 0;
  int64_t int16_steps = 0;    ///< of the steps, those in 16 bits
  int64_t short_updates = 0;  ///< adjustments in which the most bits were not enough
  float average = 0;          ///< of the shift
};

/// How a layer computes in fixed point; its submodule "low_bit" after prepare(). Holds the state of
/// the three tensors, which is saved and loaded with the model. In training each forward and each
/// replay is a step. In evaluation nothing changes, except that tensors without a scale take it
/// from the first batch that comes.
struct LowBitImpl : Cloneable<LowBitImpl> {
  /// `threshold`: the error above which a tensor gets more bits.
  LowBitImpl(double threshold, const LowBitOptions& options);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  /// As the layers' own products. Input, weight and bias are Float. Gradients are of first order.
  Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias,
                const Conv2dOptions& conv);
  Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias);

  const FixedPoint& state_of(TensorKind kind) const;
  /// Sets a state and what is saved of it.
  void set_state(TensorKind kind, const FixedPoint& state);
  /// x as integers by its state, which is adjusted first if it is time.
  Tensor quantize(TensorKind kind, const Tensor& x);
  /// The same as an operand of products of fixed point. Integers on the CPU; elsewhere x as it is,
  /// which kernels quantise as they read it: that saves a launch.
  Tensor operand(TensorKind kind, const Tensor& x);

  double threshold;
  LowBitOptions options;
  Tensor state;           ///< Long [3, 7]: bits, shift, ... of each kind in FixedPoint's order
  Tensor moving_average;  ///< Float [3]

 private:
  void adjust(TensorKind kind, const Tensor& x, FixedPoint& fixed) const;
  int64_t steps_to_next(const FixedPoint& fixed, double error) const;
  void count_step(TensorKind kind, const Tensor& x);
  Tensor weight_operand(const Tensor& weight);
  void check_dtypes(const char* op, const Tensor& input, const Tensor& weight) const;

  /// What `state` and `moving_average` hold, as far as nobody else wrote them.
  mutable std::array<FixedPoint, kTensorKinds> states_;
  mutable Tensor read_state_;
  mutable int64_t read_version_ = -1;
  /// In evaluation: a weight as integers, while it does not change.
  struct {
    Tensor weight, integers;
    int64_t version = 0, bits = 0, shift = 0;
  } kept_;
};
REEL_MODULE(LowBit);

/// A fresh one with the settings of another, as the submodule "low_bit" of a layer whose reset()
/// registers everything anew.
std::shared_ptr<LowBitImpl> renewed(Module& layer, const LowBitImpl& from);

/// Makes every Conv2d and Linear of a model compute in fixed point from now on, and returns how
/// many there are. Models that use a layer's weight without calling its forward are not changed by
/// this. Errors if there is none, or for options out of range.
int64_t prepare(Module& model, const LowBitOptions& options = LowBitOptions());
template <class Contained>
int64_t prepare(ModuleHolder<Contained> model, const LowBitOptions& options = LowBitOptions()) {
  return prepare(*model, options);
}

/// The steps of all layers of a model in training so far, by the bits that a tensor had.
struct BitShare {
  int64_t int8_steps = 0, int16_steps = 0;
  int64_t short_updates = 0;  ///< adjustments in which the most bits were not enough
  /// Of the steps, 0..1; 0 before the first.
  double int8() const;
  double int16() const;
};
BitShare bit_share(const Module& model, TensorKind kind);
/// A table: for each low-bit layer the bits that its tensors have now and their shares, then those
/// of all layers.
std::string bit_table(const Module& model);

}  // namespace reel::nn::quant
