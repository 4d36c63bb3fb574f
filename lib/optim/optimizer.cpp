#include <typeinfo>

#include <reel/optim/optimizer.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::optim {

namespace {

using TensorDict = OrderedDict<std::string, Tensor>;

class OptionWriter final : public OptionVisitor {
 public:
  OptionWriter(std::string prefix, TensorDict& out) : prefix_(std::move(prefix)), out_(out) {}
  void operator()(const char* name, double& value) override {
    out_.insert(prefix_ + name, scalar_tensor(value, kDouble));
  }

 private:
  std::string prefix_;
  TensorDict& out_;
};

/// The entry of that name, counted as used.
const Tensor& take(const TensorDict& state, const std::string& name, size_t& used) {
  const Tensor* tensor = state.find(name);
  if (tensor == nullptr || !tensor->defined()) {
    fail("loaded optimizer state has no '{}'; was it saved by an optimizer of the same type?",
         name);
  }
  ++used;
  return *tensor;
}

Scalar number(const Tensor& tensor, const std::string& name) {
  if (tensor.numel() != 1) {
    fail("loaded optimizer state: '{}' expects one number, got shape {}", name, tensor.sizes());
  }
  return tensor.item();
}

class OptionReader final : public OptionVisitor {
 public:
  OptionReader(std::string prefix, const TensorDict& in, size_t& used)
      : prefix_(std::move(prefix)), in_(in), used_(used) {}
  void operator()(const char* name, double& value) override {
    value = number(take(in_, prefix_ + name, used_), prefix_ + name).toDouble();
  }

 private:
  std::string prefix_;
  const TensorDict& in_;
  size_t& used_;
};

std::string group_prefix(size_t group) { return fmt::format("param_groups.{}.", group); }
std::string state_prefix(size_t parameter) { return fmt::format("state.{}.", parameter); }

}  // namespace

OptimizerOptions& OptimizerParamGroup::options() const {
  if (!has_options()) fail("options() was called on a parameter group that has no options yet");
  return *options_;
}

Optimizer::Optimizer(std::unique_ptr<OptimizerOptions> defaults) : defaults_(std::move(defaults)) {}

Optimizer::~Optimizer() = default;

void Optimizer::add_param_groups(std::vector<OptimizerParamGroup> groups) {
  check(*defaults_);
  for (auto& group : groups) add_param_group(std::move(group));
}

void Optimizer::add_param_group(OptimizerParamGroup group) {
  if (!group.has_options()) group.set_options(defaults_->clone());
  check(options_of(group));
  const auto& params = group.params();
  for (size_t i = 0; i < params.size(); ++i) {
    const Tensor& param = params[i];
    if (!param.defined()) fail("optimizer: parameter {} of the group is undefined", i);
    if (!param.is_leaf()) fail("can't optimize a non-leaf Tensor (parameter {} of the group)", i);
    if (!param.is_floating_point()) {
      fail("optimizer: parameter {} of the group is {}, which has no gradients", i, param.dtype());
    }
    bool twice = false;
    for (size_t j = 0; j < i; ++j) twice |= params[j].is_same(param);
    for (const auto& other : param_groups_) {
      for (const auto& known : other.params()) twice |= known.is_same(param);
    }
    if (twice) fail("optimizer: parameter {} of the group is already being optimized", i);
  }
  group.states_.clear();
  param_groups_.push_back(std::move(group));
}

OptimizerOptions& Optimizer::options_of(const OptimizerParamGroup& group) const {
  OptimizerOptions& options = group.options();
  const OptimizerOptions& own = *defaults_;
  if (typeid(options) != typeid(own)) {
    fail("optimizer: the options of a parameter group are those of another optimizer");
  }
  return options;
}

void Optimizer::zero_grad(bool set_to_none) {
  NoGradGuard no_grad;
  for (auto& group : param_groups_) {
    for (auto& param : group.params()) {
      if (!param.grad().defined()) continue;
      Tensor& grad = param.mutable_grad();
      if (set_to_none) {
        grad = Tensor();
      } else {
        grad.detach_().zero_();
      }
    }
  }
}

void Optimizer::step() {
  NoGradGuard no_grad;
  for (auto& group : param_groups_) {
    const OptimizerOptions& options = options_of(group);
    // Here, because parameters may join a group at any time.
    group.states_.resize(group.params_.size(), {0, std::vector<Tensor>(slots(options).size())});
    for (size_t i = 0; i < group.params_.size(); ++i) {
      const Tensor grad = group.params_[i].grad();
      if (!grad.defined()) continue;
      ++group.states_[i].step;
      update(group.params_[i], grad, group.states_[i], options);
    }
  }
}

Tensor Optimizer::minimize(const LossClosure& closure) {
  Tensor loss = closure();
  step();
  return loss;
}

TensorDict Optimizer::state_dict() const {
  TensorDict result;
  size_t index = 0;
  for (size_t g = 0; g < param_groups_.size(); ++g) {
    OptionWriter writer(group_prefix(g), result);
    OptimizerOptions& options = options_of(param_groups_[g]);
    options.visit(writer);
    const auto names = slots(options);
    const auto& states = param_groups_[g].states_;
    for (size_t p = 0; p < param_groups_[g].params().size(); ++p, ++index) {
      if (p >= states.size() || states[p].step == 0) continue;
      const OptimizerParamState& state = states[p];
      const std::string prefix = state_prefix(index);
      result.insert(prefix + "step", scalar_tensor(state.step, kLong));
      for (size_t k = 0; k < names.size(); ++k) {
        if (state.slots[k].defined()) result.insert(prefix + names[k].name, state.slots[k]);
      }
    }
  }
  return result;
}

void Optimizer::load_state_dict(const TensorDict& state) {
  NoGradGuard no_grad;
  size_t used = 0, index = 0;
  std::vector<OptimizerParamGroup> groups = param_groups_;
  for (size_t g = 0; g < groups.size(); ++g) {
    OptionReader reader(group_prefix(g), state, used);
    OptimizerOptions& options = options_of(groups[g]);
    options.visit(reader);
    check(options);
    const auto names = slots(options);
    for (const Tensor& param : groups[g].params()) {
      const std::string prefix = state_prefix(index++);
      OptimizerParamState& loaded = groups[g].states_.emplace_back();
      loaded.slots.resize(names.size());
      if (!state.contains(prefix + "step")) continue;
      loaded.step = number(take(state, prefix + "step", used), prefix + "step").toLong();
      if (loaded.step < 1) fail("loaded optimizer state: '{}step' is {}", prefix, loaded.step);
      for (size_t k = 0; k < names.size(); ++k) {
        const std::string name = prefix + names[k].name;
        if (!names[k].used && !state.contains(name)) continue;
        const Tensor& tensor = take(state, name, used);
        if (!(tensor.sizes() == param.sizes())) {
          fail("loaded optimizer state: '{}' has shape {}, its parameter has {}", name,
               tensor.sizes(), param.sizes());
        }
        loaded.slots[k] = param.detach().clone().copy_(tensor);
      }
    }
  }
  if (used != state.size()) {
    fail(
        "loaded optimizer state has {} entries, but {} belong to this optimizer of {} parameters "
        "in "
        "{} groups",
        state.size(), used, index, groups.size());
  }
  param_groups_ = std::move(groups);
}

}  // namespace reel::optim
