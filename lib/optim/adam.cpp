#include <cmath>

#include <reel/optim/adam.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::optim {

namespace {

// Slots of both optimizers.
enum { kExpAvg, kExpAvgSq, kMaxExpAvgSq };

template <class Options>
std::vector<OptimizerSlot> adam_slots(const OptimizerOptions& base) {
  const bool amsgrad = static_cast<const Options&>(base).amsgrad();
  return {{"exp_avg", true}, {"exp_avg_sq", true}, {"max_exp_avg_sq", amsgrad}};
}

template <class Options>
void check_adam(const OptimizerOptions& base) {
  const auto& options = static_cast<const Options&>(base);
  const auto [beta1, beta2] = options.betas();
  if (!(options.lr() >= 0)) fail("Invalid learning rate: {}", options.lr());
  if (!(options.eps() >= 0)) fail("Invalid epsilon value: {}", options.eps());
  if (!(0 <= beta1 && beta1 < 1)) fail("Invalid beta parameter at index 0: {}", beta1);
  if (!(0 <= beta2 && beta2 < 1)) fail("Invalid beta parameter at index 1: {}", beta2);
  if (!(options.weight_decay() >= 0)) {
    fail("Invalid weight_decay value: {}", options.weight_decay());
  }
}

template <class Options>
void update_adam(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
                 const Options& options) {
  const auto [beta1, beta2] = options.betas();
  Tensor& mean = state.slots[kExpAvg];
  Tensor& square = state.slots[kExpAvgSq];
  if (!mean.defined()) {
    mean = zeros_like(parameter);
    square = zeros_like(parameter);
  }
  mean.mul_(beta1).add_(grad, 1 - beta1);
  square.mul_(beta2).addcmul_(grad, grad, 1 - beta2);

  Tensor divisor;
  if (options.amsgrad()) {
    Tensor& largest = state.slots[kMaxExpAvgSq];
    largest = largest.defined() ? maximum(largest, square) : square.clone();
    divisor = largest.sqrt();
  } else {
    divisor = square.sqrt();
  }
  const double step = static_cast<double>(state.step);
  const double correction1 = 1 - std::pow(beta1, step);
  const double correction2 = 1 - std::pow(beta2, step);
  divisor.div_(std::sqrt(correction2)).add_(options.eps());
  parameter.addcdiv_(mean, divisor, -options.lr() / correction1);
}

}  // namespace

Adam::Adam(std::vector<OptimizerParamGroup> groups, AdamOptions defaults)
    : Optimizer(std::make_unique<AdamOptions>(std::move(defaults))) {
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> Adam::slots(const OptimizerOptions& options) const {
  return adam_slots<AdamOptions>(options);
}

void Adam::check(const OptimizerOptions& options) const { check_adam<AdamOptions>(options); }

void Adam::update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
                  const OptimizerOptions& base) {
  const auto& options = static_cast<const AdamOptions&>(base);
  const double decay = options.weight_decay();
  update_adam(parameter, decay != 0 ? grad.add(parameter, decay) : grad, state, options);
}

AdamW::AdamW(std::vector<OptimizerParamGroup> groups, AdamWOptions defaults)
    : Optimizer(std::make_unique<AdamWOptions>(std::move(defaults))) {
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> AdamW::slots(const OptimizerOptions& options) const {
  return adam_slots<AdamWOptions>(options);
}

void AdamW::check(const OptimizerOptions& options) const { check_adam<AdamWOptions>(options); }

void AdamW::update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
                   const OptimizerOptions& base) {
  const auto& options = static_cast<const AdamWOptions&>(base);
  if (options.weight_decay() != 0) parameter.mul_(1 - options.lr() * options.weight_decay());
  update_adam(parameter, grad, state, options);
}

}  // namespace reel::optim
