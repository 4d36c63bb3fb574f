#pragma once

#include <reel/optim/optimizer.h>

namespace reel::optim {

/// Changes the learning rates of an optimizer, which must outlive it, from epoch to epoch: call
/// step() once an epoch, after the optimizer's.
class LRScheduler {
 public:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {}
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;
  virtual ~LRScheduler() = default;

  void step();

 protected:
  /// The rates from now on, one for each group of parameters.
  virtual std::vector<double> get_lrs() = 0;
  std::vector<double> get_current_lrs() const;

  /// Steps so far.
  unsigned step_count_ = 0;

 private:
  Optimizer& optimizer_;
};

/// Multiplies the rates by gamma every step_size epochs.
class StepLR final : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, unsigned step_size, double gamma = 0.1);

 private:
  std::vector<double> get_lrs() override;

  unsigned step_size_;
  double gamma_;
};

}  // namespace reel::optim
