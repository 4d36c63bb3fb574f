#pragma once

#include <reel/optim/optimizer.h>
#include <reel/tensor/arg.h>

namespace reel::optim {

class SGDOptions : public OptimizerCloneableOptions<SGDOptions> {
 public:
  SGDOptions(double lr) : lr_(lr) {}
  void visit(OptionVisitor& visitor) override;

  REEL_ARG(double, lr);
  REEL_ARG(double, momentum) = 0;
  REEL_ARG(double, dampening) = 0;
  REEL_ARG(double, weight_decay) = 0;
  REEL_ARG(bool, nesterov) = false;
};

/// Stochastic gradient descent, with momentum as in Sutskever et al., 2013:
/// v = momentum * v + (1 - dampening) * g, p -= lr * v; Nesterov's takes g + momentum * v.
class SGD final : public Optimizer {
 public:
  SGD(std::vector<OptimizerParamGroup> groups, SGDOptions defaults);
  SGD(std::vector<Tensor> params, SGDOptions defaults)
      : SGD(std::vector<OptimizerParamGroup>{std::move(params)}, defaults) {}

 private:
  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
};

}  // namespace reel::optim
