#include <reel/optim/adagrad.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::optim {

void AdagradOptions::visit(OptionVisitor& visitor) {
  visitor("lr", lr_);
  visitor("lr_decay", lr_decay_);
  visitor("weight_decay", weight_decay_);
  visitor("initial_accumulator_value", initial_accumulator_value_);
  visitor("eps", eps_);
}

Adagrad::Adagrad(std::vector<OptimizerParamGroup> groups, AdagradOptions defaults)
    : Optimizer(std::make_unique<AdagradOptions>(std::move(defaults))) {
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> Adagrad::slots(const OptimizerOptions&) const { return {{"sum", true}}; }

void Adagrad::check(const OptimizerOptions& base) const {
  const auto& options = static_cast<const AdagradOptions&>(base);
  if (!(options.lr() >= 0)) fail("Invalid learning rate: {}", options.lr());
  if (!(options.lr_decay() >= 0)) fail("Invalid lr_decay value: {}", options.lr_decay());
  if (!(options.weight_decay() >= 0)) {
    fail("Invalid weight_decay value: {}", options.weight_decay());
  }
  if (!(options.initial_accumulator_value() >= 0)) {
    fail("Invalid initial_accumulator_value value: {}", options.initial_accumulator_value());
  }
  if (!(options.eps() >= 0)) fail("Invalid epsilon value: {}", options.eps());
}

void Adagrad::update(Tensor& parameter, const Tensor& gradient, OptimizerParamState& state,
                     const OptimizerOptions& base) {
  const auto& options = static_cast<const AdagradOptions&>(base);
  const double decay = options.weight_decay();
  const Tensor grad = decay != 0 ? gradient.add(parameter, decay) : gradient;
  Tensor& sum = state.slots[0];
  if (!sum.defined()) sum = zeros_like(parameter).fill_(options.initial_accumulator_value());
  sum.addcmul_(grad, grad);
  const double lr = options.lr() / (1 + static_cast<double>(state.step - 1) * options.lr_decay());
  parameter.addcdiv_(grad, sum.sqrt().add_(options.eps()), -lr);
}

}  // namespace reel::optim
