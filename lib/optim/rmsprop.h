#pragma once

#include <reel/optim/optimizer.h>

namespace reel::optim {

class RMSpropOptions : public OptimizerCloneableOptions<RMSpropOptions> {
 public:
  RMSpropOptions(double lr = 1e-2) : lr_(lr) {}
  RMSpropOptions& lr(double value) { return lr_ = value, *this; }
  RMSpropOptions& alpha(double value) { return alpha_ = value, *this; }
  RMSpropOptions& eps(double value) { return eps_ = value, *this; }
  RMSpropOptions& weight_decay(double value) { return weight_decay_ = value, *this; }
  RMSpropOptions& momentum(double value) { return momentum_ = value, *this; }
  RMSpropOptions& centered(bool value) { return centered_ = value, *this; }
  double lr() const { return lr_; }
  double alpha() const { return alpha_; }
  double eps() const { return eps_; }
  double weight_decay() const { return weight_decay_; }
  double momentum() const { return momentum_; }
  bool centered() const { return centered_; }
  void visit(OptionVisitor& visitor) override;

 private:
  double lr_;
  double alpha_ = 0.99;
  double eps_ = 1e-8;
  double weight_decay_ = 0;
  double momentum_ = 0;
  bool centered_ = false;
};

/// RMSprop (Hinton, 2012): the gradient divided by the root of the running mean of its square;
/// centered (Graves, 2013) subtracts the square of the running mean first.
class RMSprop final : public Optimizer {
 public:
  explicit RMSprop(std::vector<OptimizerParamGroup> groups, RMSpropOptions defaults = {});
  explicit RMSprop(std::vector<Tensor> params, RMSpropOptions defaults = {})
      : RMSprop(std::vector<OptimizerParamGroup>{std::move(params)}, defaults) {}

 private:
  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
};

}  // namespace reel::optim
