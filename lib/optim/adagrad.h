#pragma once

#include <reel/optim/optimizer.h>
#include <reel/tensor/arg.h>

namespace reel::optim {

class AdagradOptions : public OptimizerCloneableOptions<AdagradOptions> {
 public:
  AdagradOptions(double lr = 1e-2) : lr_(lr) {}
  void visit(OptionVisitor& visitor) override;

  REEL_ARG(double, lr);
  REEL_ARG(double, lr_decay) = 0;
  REEL_ARG(double, weight_decay) = 0;
  REEL_ARG(double, initial_accumulator_value) = 0;
  REEL_ARG(double, eps) = 1e-10;
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
