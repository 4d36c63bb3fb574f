#include <reel/optim/sgd.h>
#include <reel/tensor/check.h>

namespace reel::optim {

void SGDOptions::visit(OptionVisitor& visitor) {
  visitor("lr", lr_);
  visitor("momentum", momentum_);
  visitor("dampening", dampening_);
  visitor("weight_decay", weight_decay_);
  visitor("nesterov", nesterov_);
}

SGD::SGD(std::vector<OptimizerParamGroup> groups, SGDOptions defaults)
    : Optimizer(std::make_unique<SGDOptions>(std::move(defaults))) {
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> SGD::slots(const OptimizerOptions& base) const {
  return {{"momentum_buffer", static_cast<const SGDOptions&>(base).momentum() != 0}};
}

void SGD::check(const OptimizerOptions& base) const {
  const auto& options = static_cast<const SGDOptions&>(base);
  if (!(options.lr() >= 0)) fail("Invalid learning rate: {}", options.lr());
  if (!(options.momentum() >= 0)) fail("Invalid momentum value: {}", options.momentum());
  if (!(options.weight_decay() >= 0)) {
    fail("Invalid weight_decay value: {}", options.weight_decay());
  }
  if (options.nesterov() && !(options.momentum() > 0 && options.dampening() == 0)) {
    fail("Nesterov momentum requires a momentum and zero dampening");
  }
}

void SGD::update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
                 const OptimizerOptions& base) {
  const auto& options = static_cast<const SGDOptions&>(base);
  const double momentum = options.momentum();
  Tensor direction = grad;
  if (options.weight_decay() != 0) direction = grad.add(parameter, options.weight_decay());
  if (momentum != 0) {
    Tensor& buffer = state.slots[0];
    if (!buffer.defined()) {
      buffer = direction.detach().clone();
    } else {
      buffer.mul_(momentum).add_(direction, 1 - options.dampening());
    }
    direction = options.nesterov() ? direction.add(buffer, momentum) : buffer;
  }
  parameter.add_(direction, -options.lr());
}

}  // namespace reel::optim
