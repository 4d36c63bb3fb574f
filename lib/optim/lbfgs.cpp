#include <algorithm>
#include <cmath>

#include <reel/optim/lbfgs.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::optim {

void LBFGSOptions::visit(OptionVisitor& visitor) {
  const auto integer = [&](const char* name, int64_t& value) {
    auto number = static_cast<double>(value);
    visitor(name, number);
    value = static_cast<int64_t>(number);
  };
  visitor("lr", lr_);
  integer("max_iter", max_iter_);
  int64_t max_eval = max_eval_.value_or(max_iter_ * 5 / 4);
  integer("max_eval", max_eval);
  max_eval_ = max_eval;
  visitor("tolerance_grad", tolerance_grad_);
  visitor("tolerance_change", tolerance_change_);
  integer("history_size", history_size_);
}

LBFGS::LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults)
    : Optimizer(std::make_unique<LBFGSOptions>(std::move(defaults))) {
  if (groups.size() != 1) {
    fail("LBFGS doesn't support per-parameter options (parameter groups)");
  }
  add_param_groups(std::move(groups));
}

std::vector<OptimizerSlot> LBFGS::slots(const OptimizerOptions&) const { return {}; }

void LBFGS::check(const OptimizerOptions& base) const {
  const auto& options = static_cast<const LBFGSOptions&>(base);
  if (const auto& search = options.line_search_fn(); search && *search != "strong_wolfe") {
    fail("only 'strong_wolfe' is supported");
  }
  if (!(options.lr() >= 0)) fail("Invalid learning rate: {}", options.lr());
  if (options.history_size() < 1) fail("Invalid history_size value: {}", options.history_size());
}

void LBFGS::update(Tensor&, const Tensor&, OptimizerParamState&, const OptimizerOptions&) {
  fail("LBFGS requires a closure function");
}

Tensor LBFGS::flat_gradient() const {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : param_groups()[0].params()) {
    const Tensor grad = parameter.grad();
    parts.push_back(grad.defined() ? grad.detach().reshape(-1)
                                   : zeros({parameter.numel()}, parameter.options()));
  }
  return cat(parts);
}

void LBFGS::move(double t, const Tensor& direction) {
  int64_t at = 0;
  for (Tensor& parameter : param_groups()[0].params()) {
    const int64_t count = parameter.numel();
    parameter.add_(direction.slice(0, at, at + count).view(parameter.sizes()), t);
    at += count;
  }
}

Tensor LBFGS::direction(const Tensor& gradient) const {
  Tensor d = gradient.neg();
  std::vector<double> weights(history_.size());
  for (size_t i = history_.size(); i-- > 0;) {
    weights[i] = history_[i].step.dot(d).item<double>() * history_[i].inverse_product;
    d.add_(history_[i].change, -weights[i]);
  }
  d.mul_(scale_);
  for (size_t i = 0; i < history_.size(); ++i) {
    const double back = history_[i].change.dot(d).item<double>() * history_[i].inverse_product;
    d.add_(history_[i].step, weights[i] - back);
  }
  return d;
}

void LBFGS::remember(const Tensor& gradient, int64_t history_size) {
  const Tensor change = gradient.sub(last_gradient_), step = last_direction_.mul(last_t_);
  const double product = change.dot(step).item<double>();
  if (!(product > 1e-10)) return;
  if (static_cast<int64_t>(history_.size()) >= history_size) history_.erase(history_.begin());
  history_.push_back({step, change, 1 / product});
  scale_ = product / change.dot(change).item<double>();
}

namespace {

// Where the cubic through two points with slopes is least, within [low, high].
double cubic_minimum(double t1, double f1, double g1, double t2, double f2, double g2, double low,
                     double high) {
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (t1 - t2);
  const double square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double t = t1 <= t2 ? t2 - (t2 - t1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                            : t1 - (t1 - t2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(t, low), high);
}

}  // namespace

LBFGS::Point LBFGS::line_search(const LossClosure& closure, const Point& start, double t,
                                double tolerance_change, int64_t& evaluations) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int kMaxSteps = 25;

  std::vector<Tensor> origin;
  for (const Tensor& parameter : param_groups()[0].params()) {
    origin.push_back(parameter.detach().clone());
  }
  const double length = last_direction_.abs().max().item<double>();
  const auto evaluate = [&](double at) -> Point {
    move(at, last_direction_);
    const double loss = closure().item<double>();
    const Tensor gradient = flat_gradient();
    auto& params = param_groups()[0].params();
    for (size_t i = 0; i < params.size(); ++i) params[i].copy_(origin[i]);
    ++evaluations;
    return {at, loss, gradient.clone(), gradient.dot(last_direction_).item<double>()};
  };
  const auto minimum = [](const Point& a, const Point& b, double low, double high) {
    return cubic_minimum(a.t, a.loss, a.slope, b.t, b.loss, b.slope, low, high);
  };
  const auto too_high = [&](const Point& p) {
    return p.loss > start.loss + kDecrease * p.t * start.slope;
  };
  const auto flat_enough = [&](const Point& p) {
    return std::abs(p.slope) <= -kCurvature * start.slope;
  };

  // Go on until a point is found or two that have one between them.
  Point previous = start, point = evaluate(t);
  Point ends[2];
  bool found = false, bracketed = false;
  int steps = 0;
  while (steps < kMaxSteps) {
    if (too_high(point) || (steps > 1 && point.loss >= previous.loss)) {
      ends[0] = previous, ends[1] = point;
      bracketed = true;
      break;
    }
    if (flat_enough(point)) {
      found = true;
      break;
    }
    if (point.slope >= 0) {
      ends[0] = previous, ends[1] = point;
      bracketed = true;
      break;
    }
    const double low = point.t + 0.01 * (point.t - previous.t), high = point.t * 10;
    const double next = minimum(previous, point, low, high);
    previous = point;
    point = evaluate(next);
    ++steps;
  }
  if (found) return point;
  if (!bracketed) ends[0] = start, ends[1] = point;

  // Narrow the bracket; ends[best] has the lower loss.
  size_t best = ends[0].loss <= ends[1].loss ? 0 : 1;
  bool slow = false;
  while (steps < kMaxSteps) {
    if (std::abs(ends[1].t - ends[0].t) * length < tolerance_change) break;
    const double low = std::min(ends[0].t, ends[1].t), high = std::max(ends[0].t, ends[1].t);
    t = minimum(ends[0], ends[1], low, high);
    // A minimum twice in a row at the border of the bracket gets away from it.
    const double margin = 0.1 * (high - low);
    if (std::min(high - t, t - low) < margin) {
      if (slow || t >= high || t <= low) {
        t = std::abs(t - high) < std::abs(t - low) ? high - margin : low + margin;
        slow = false;
      } else {
        slow = true;
      }
    } else {
      slow = false;
    }
    point = evaluate(t);
    ++steps;
    const size_t worst = 1 - best;
    if (too_high(point) || point.loss >= ends[best].loss) {
      ends[worst] = point;
      best = ends[0].loss <= ends[1].loss ? 0 : 1;
    } else {
      const bool done = flat_enough(point);
      if (!done && point.slope * (ends[worst].t - ends[best].t) >= 0) ends[worst] = ends[best];
      ends[best] = point;
      if (done) break;
    }
  }
  return ends[best];
}

Tensor LBFGS::minimize(const LossClosure& closure) {
  NoGradGuard no_grad;
  const auto& options = static_cast<const LBFGSOptions&>(param_groups()[0].options());
  const int64_t max_evaluations = options.max_eval().value_or(options.max_iter() * 5 / 4);
  const auto is_flat = [&](const Tensor& gradient) {
    return gradient.abs().max().item<double>() <= options.tolerance_grad();
  };

  const Tensor first_loss = closure();
  double loss = first_loss.item<double>();
  Tensor gradient = flat_gradient();
  int64_t evaluations = 1;
  if (gradient.numel() == 0 || is_flat(gradient)) return first_loss;

  for (int64_t iteration = 1; iteration <= options.max_iter(); ++iteration) {
    if (++iterations_ > 1) remember(gradient, options.history_size());
    last_direction_ = direction(gradient);
    last_gradient_ = gradient.clone();
    double t = options.lr();
    if (iterations_ == 1) t *= std::min(1.0, 1 / gradient.abs().sum().item<double>());
    last_t_ = t;
    const double slope = gradient.dot(last_direction_).item<double>();
    if (slope > -options.tolerance_change()) break;

    const double previous_loss = loss;
    if (options.line_search_fn()) {
      const Point start{0, loss, last_gradient_, slope};
      const Point end = line_search(closure, start, t, options.tolerance_change(), evaluations);
      last_t_ = end.t;
      loss = end.loss;
      gradient = end.gradient;
      move(end.t, last_direction_);
    } else {
      move(t, last_direction_);
      if (iteration == options.max_iter()) break;
      loss = closure().item<double>();
      gradient = flat_gradient();
      ++evaluations;
    }
    if (evaluations >= max_evaluations || is_flat(gradient) ||
        last_direction_.mul(last_t_).abs().max().item<double>() <= options.tolerance_change() ||
        std::abs(loss - previous_loss) < options.tolerance_change()) {
      break;
    }
  }
  return first_loss;
}

}  // namespace reel::optim
