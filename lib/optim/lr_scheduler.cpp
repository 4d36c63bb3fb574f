#include <reel/optim/lr_scheduler.h>
#include <reel/tensor/check.h>

namespace reel::optim {

void LRScheduler::step() {
  const std::vector<double> rates = get_lrs();
  auto& groups = optimizer_.param_groups();
  if (rates.size() != groups.size() && rates.size() != 1) {
    fail("LRScheduler: expected {} learning rates, one for each group of parameters, got {}",
         groups.size(), rates.size());
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].options().set_lr(rates[rates.size() == 1 ? 0 : i]);
  }
  ++step_count_;
}

std::vector<double> LRScheduler::get_current_lrs() const {
  std::vector<double> rates;
  for (const auto& group : optimizer_.param_groups()) rates.push_back(group.options().get_lr());
  return rates;
}

StepLR::StepLR(Optimizer& optimizer, unsigned step_size, double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  if (step_size == 0) fail("StepLR: step_size must be positive, got 0");
}

std::vector<double> StepLR::get_lrs() {
  std::vector<double> rates = get_current_lrs();
  if (step_count_ == 0 || step_count_ % step_size_ != 0) return rates;
  for (double& rate : rates) rate *= gamma_;
  return rates;
}

}  // namespace reel::optim
