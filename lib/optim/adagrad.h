#pragma once

#include <reel/optim/optimizer.h>

namespace reel::optim {

class AdagradOptions : public OptimizerCloneableOptions<AdagradOptions> {
 public:
  AdagradOptions(double lr = 1e-2) : lr_(lr) {}
  AdagradOptions& lr(double value) { return lr_ = value, *this; }
  AdagradOptions& lr_decay(double value) { return lr_decay_ = value, *this; }
  AdagradOptions& weight_decay(double value) { return weight_decay_ = value, *this; }
  AdagradOptions& initial_accumulator_value(double value) {
    return initial_accumulator_value_ = value, *this;
  }
  AdagradOptions& eps(double value) { return eps_ = value, *this; }
  double lr() const { return lr_; }
  double lr_decay() const { return lr_decay_; }
  double weight_decay() const { return weight_decay_; }
  double initial_accumulator_value() const { return initial_accumulator_value_; }
  double eps() const { return eps_; }
  void visit(OptionVisitor& visitor) override;

 private:
  double lr_;
  double lr_decay_ = 0;
  double weight_decay_ = 0;
  double initial_accumulator_value_ = 0;
  double eps_ = 1e-10;
};

/// Adagrad (Duchi et al., 2011): the gradient divided by the root of the sum of its squares so far.
class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(std::vector<OptimizerParamGroup> groups, AdagradOptions defaults = {});
  explicit Adagrad(std::vector<Tensor> params, AdagradOptions defaults = {})
      : Adagrad(std::vector<OptimizerParamGroup>{std::move(params)}, defaults) {}

 private:
  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
};

}  // namespace reel::optim
