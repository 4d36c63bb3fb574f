#pragma once

#include <reel/optim/optimizer.h>
#include <reel/tensor/arg.h>

namespace reel::optim {

class RMSpropOptions : public OptimizerCloneableOptions<RMSpropOptions> {
 public:
  RMSpropOptions(double lr = 1e-2) : lr_(lr) {}
  void visit(OptionVisitor& visitor) override;

  REEL_ARG(double, lr);
  REEL_ARG(double, alpha) = 0.99;
  REEL_ARG(double, eps) = 1e-8;
  REEL_ARG(double, weight_decay) = 0;
  REEL_ARG(double, momentum) = 0;
  REEL_ARG(bool, centered) = false;
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
