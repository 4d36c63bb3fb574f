#pragma once

#include <tuple>

#include <reel/optim/optimizer.h>

namespace reel::optim {

/// Options of Adam (weight_decay 0 by default) and, with other defaults, of AdamW.
template <class Derived>
class AdamOptionsBase : public OptimizerCloneableOptions<Derived> {
 public:
  using betas_t = std::tuple<double, double>;
  Derived& lr(double value) { return lr_ = value, self(); }
  Derived& betas(betas_t value) { return betas_ = value, self(); }
  Derived& eps(double value) { return eps_ = value, self(); }
  Derived& weight_decay(double value) { return weight_decay_ = value, self(); }
  Derived& amsgrad(bool value) { return amsgrad_ = value, self(); }
  double lr() const { return lr_; }
  const betas_t& betas() const { return betas_; }
  double eps() const { return eps_; }
  double weight_decay() const { return weight_decay_; }
  bool amsgrad() const { return amsgrad_; }
  void visit(OptionVisitor& visitor) override {
    visitor("lr", lr_);
    visitor("beta1", std::get<0>(betas_));
    visitor("beta2", std::get<1>(betas_));
    visitor("eps", eps_);
    visitor("weight_decay", weight_decay_);
    visitor("amsgrad", amsgrad_);
  }

 protected:
  AdamOptionsBase(double lr, double weight_decay) : lr_(lr), weight_decay_(weight_decay) {}

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  double lr_;
  betas_t betas_{0.9, 0.999};
  double eps_ = 1e-8;
  double weight_decay_;
  bool amsgrad_ = false;
};

class AdamOptions : public AdamOptionsBase<AdamOptions> {
 public:
  AdamOptions(double lr = 1e-3) : AdamOptionsBase(lr, 0) {}
};

class AdamWOptions : public AdamOptionsBase<AdamWOptions> {
 public:
  AdamWOptions(double lr = 1e-3) : AdamOptionsBase(lr, 1e-2) {}
};

/// Adam (Kingma and Ba, 2015): p -= lr * m / (sqrt(v) + eps), m and v the running means of the
/// gradient and its square, corrected for their start at zero. weight_decay adds to the gradient;
/// amsgrad (Reddi et al., 2018) divides by the largest v so far.
class Adam final : public Optimizer {
 public:
  explicit Adam(std::vector<OptimizerParamGroup> groups, AdamOptions defaults = {});
  explicit Adam(std::vector<Tensor> params, AdamOptions defaults = {})
      : Adam(std::vector<OptimizerParamGroup>{std::move(params)}, defaults) {}

 private:
  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019): p *= 1 - lr * weight_decay
/// before the update.
class AdamW final : public Optimizer {
 public:
  explicit AdamW(std::vector<OptimizerParamGroup> groups, AdamWOptions defaults = {});
  explicit AdamW(std::vector<Tensor> params, AdamWOptions defaults = {})
      : AdamW(std::vector<OptimizerParamGroup>{std::move(params)}, defaults) {}

 private:
  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
};

}  // namespace reel::optim
