#pragma once

#include <optional>

#include <reel/optim/optimizer.h>
#include <reel/tensor/arg.h>

namespace reel::optim {

class LBFGSOptions : public OptimizerCloneableOptions<LBFGSOptions> {
 public:
  LBFGSOptions(double lr = 1) : lr_(lr) {}
  void visit(OptionVisitor& visitor) override;

  REEL_ARG(double, lr);
  REEL_ARG(int64_t, max_iter) = 20;
  /// How often a step may call the closure; 1.25 * max_iter if not set.
  REEL_ARG(std::optional<int64_t>, max_eval);
  REEL_ARG(double, tolerance_grad) = 1e-7;
  REEL_ARG(double, tolerance_change) = 1e-9;
  REEL_ARG(int64_t, history_size) = 100;
  /// None, or "strong_wolfe".
  REEL_ARG(std::optional<std::string>, line_search_fn);
};

/// Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithms 7.4, 3.5 and 3.6):
/// each step is up to max_iter iterations, for which it calls the closure again and again. It takes
/// one group of parameters. Its memory of past gradients is not part of state_dict().
class LBFGS final : public Optimizer {
 public:
  explicit LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults = {});
  explicit LBFGS(std::vector<Tensor> params, LBFGSOptions defaults = {})
      : LBFGS(std::vector<OptimizerParamGroup>{std::move(params)}, std::move(defaults)) {}

 private:
  /// A point on the line that is searched: how far along, the loss there, the gradient, and its
  /// slope along the line.
  struct Point {
    double t;
    double loss;
    Tensor gradient;
    double slope;
  };
  /// A change of the parameters and the change of the gradient that went with it.
  struct Pair {
    Tensor step;
    Tensor change;
    double inverse_product;
  };

  std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const override;
  void check(const OptimizerOptions& options) const override;
  void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
              const OptimizerOptions& options) override;
  Tensor minimize(const LossClosure& closure) override;

  Tensor flat_gradient() const;
  void move(double t, const Tensor& direction);
  /// -H * gradient, H the inverse Hessian that the memory tells.
  Tensor direction(const Tensor& gradient) const;
  void remember(const Tensor& gradient, int64_t history_size);
  /// A point on the line from the present parameters that satisfies the strong Wolfe conditions;
  /// the parameters are left where they are.
  Point line_search(const LossClosure& closure, const Point& start, double t,
                    double tolerance_change, int64_t& evaluations);

  // Since the first step ever.
  int64_t iterations_ = 0;
  std::vector<Pair> history_;
  double scale_ = 1;
  double last_t_ = 0;
  Tensor last_direction_;
  Tensor last_gradient_;
};

}  // namespace reel::optim
