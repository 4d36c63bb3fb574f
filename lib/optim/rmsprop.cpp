#include <reel/optim/rmsprop.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::optim {

namespace {
enum { kSquareAvg, kMomentumBuffer, kGradAvg };
}

void RMSpropOptions::visit(OptionVisitor& visitor) {
  visitor("lr", lr_);
  visitor("alpha", alpha_);
  visitor("eps", eps_);
  visitor("weight_decay", weight_decay_);
  visitor("momentum", momentum_);
  visitor("centered", centered_);
}

RMSprop::RMSprop(std::vector<OptimizerParamGroup> groups, RMSpropOptions defaults)
    : Optimizer(std::make_unique<RMSpropOptions>(std::move(defaults))) {
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> RMSprop::slots(const OptimizerOptions& base) const {
  const auto& options = static_cast<const RMSpropOptions&>(base);
  return {{"square_avg", true},
          {"momentum_buffer", options.momentum() > 0},
          {"grad_avg", options.centered()}};
}

void RMSprop::check(const OptimizerOptions& base) const {
  const auto& options = static_cast<const RMSpropOptions&>(base);
  if (!(options.lr() >= 0)) fail("Invalid learning rate: {}", options.lr());
  if (!(options.eps() >= 0)) fail("Invalid epsilon value: {}", options.eps());
  if (!(options.momentum() >= 0)) fail("Invalid momentum value: {}", options.momentum());
  if (!(options.weight_decay() >= 0)) {
    fail("Invalid weight_decay value: {}", options.weight_decay());
  }
  if (!(options.alpha() >= 0)) fail("Invalid alpha value: {}", options.alpha());
}

void RMSprop::update(Tensor& parameter, const Tensor& gradient, OptimizerParamState& state,
                     const OptimizerOptions& base) {
  const auto& options = static_cast<const RMSpropOptions&>(base);
  const double alpha = options.alpha();
  const double decay = options.weight_decay();
  const Tensor grad = decay != 0 ? gradient.add(parameter, decay) : gradient;
  for (const auto& slot : {kSquareAvg, kMomentumBuffer, kGradAvg}) {
    if (slots(options)[slot].used && !state.slots[slot].defined()) {
      state.slots[slot] = zeros_like(parameter);
    }
  }
  Tensor& square = state.slots[kSquareAvg];
  square.mul_(alpha).addcmul_(grad, grad, 1 - alpha);

  Tensor divisor;
  if (options.centered()) {
    Tensor& mean = state.slots[kGradAvg];
    mean.mul_(alpha).add_(grad, 1 - alpha);
    divisor = square.addcmul(mean, mean, -1).sqrt_();
  } else {
    divisor = square.sqrt();
  }
  divisor.add_(options.eps());
  if (options.momentum() > 0) {
    Tensor& buffer = state.slots[kMomentumBuffer];
    buffer.mul_(options.momentum()).addcdiv_(grad, divisor);
    parameter.add_(buffer, -options.lr());
  } else {
    parameter.addcdiv_(grad, divisor, -options.lr());
  }
}

}  // namespace reel::optim
