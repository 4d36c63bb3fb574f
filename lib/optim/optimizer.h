#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <reel/autograd/grad_mode.h>
#include <reel/nn/ordered_dict.h>
#include <reel/tensor/owners.h>
#include <reel/tensor/tensor.h>

namespace reel::optim {

/// Takes the options of an optimizer one by one, to save or to restore them. Booleans are 0 and 1.
class OptionVisitor {
 public:
  virtual void operator()(const char* name, double& value) = 0;
  void operator()(const char* name, bool& value) {
    double number = value ? 1 : 0;
    (*this)(name, number);
    value = number != 0;
  }

 protected:
  ~OptionVisitor() = default;
};

/// What can be set for each group of parameters. Optimizers derive their own from
/// OptimizerCloneableOptions.
class OptimizerOptions {
 public:
  virtual ~OptimizerOptions() = default;
  virtual std::unique_ptr<OptimizerOptions> clone() const = 0;
  virtual double get_lr() const = 0;
  virtual void set_lr(double lr) = 0;
  /// Shows every option to the visitor, which may change it.
  virtual void visit(OptionVisitor& visitor) = 0;
};

template <class Derived>
class OptimizerCloneableOptions : public OptimizerOptions {
 public:
  std::unique_ptr<OptimizerOptions> clone() const override {
    return std::unique_ptr<OptimizerOptions>(new Derived(static_cast<const Derived&>(*this)));
  }
  double get_lr() const override { return static_cast<const Derived&>(*this).lr(); }
  void set_lr(double lr) override { static_cast<Derived&>(*this).lr(lr); }
};

/// What an optimizer remembers of one parameter.
struct OptimizerParamState {
  int64_t step = 0;           ///< updates so far
  std::vector<Tensor> slots;  ///< as the optimizer's slots() lists them; undefined until used
};

/// Parameters that share their options; without options of its own a group takes the optimizer's.
class OptimizerParamGroup {
 public:
  OptimizerParamGroup(std::vector<Tensor> params) : params_(std::move(params)) {}
  OptimizerParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options)
      : params_(std::move(params)), options_(std::move(options)) {}
  OptimizerParamGroup(const OptimizerParamGroup& other)
      : params_(other.params_), options_(other.options_ ? other.options_->clone() : nullptr) {}
  OptimizerParamGroup(OptimizerParamGroup&&) = default;
  OptimizerParamGroup& operator=(OptimizerParamGroup&&) = default;

  bool has_options() const { return options_ != nullptr; }
  /// Errors if the group has none (yet); the groups of an optimizer always have.
  OptimizerOptions& options() const;
  void set_options(std::unique_ptr<OptimizerOptions> options) { options_ = std::move(options); }
  std::vector<Tensor>& params() { return params_; }
  const std::vector<Tensor>& params() const { return params_; }

 private:
  friend class Optimizer;

  std::vector<Tensor> params_;
  std::unique_ptr<OptimizerOptions> options_;
  // The optimizer's memory of each parameter; a copy of the group begins without.
  std::vector<OptimizerParamState> states_;
};

/// A tensor that an optimizer keeps for each parameter, and whether the options call for it.
struct OptimizerSlot {
  const char* name;
  bool used;
};

/// Changes parameters by their gradients. The parameters are leaves; those without a gradient are
/// left alone.
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer();

  void add_param_group(OptimizerParamGroup group);
  std::vector<OptimizerParamGroup>& param_groups() { return param_groups_; }
  const std::vector<OptimizerParamGroup>& param_groups() const { return param_groups_; }
  OptimizerOptions& defaults() { return *defaults_; }
  const OptimizerOptions& defaults() const { return *defaults_; }

  /// Drops the gradients, or fills them with zeros.
  void zero_grad(bool set_to_none = true);

  /// One update of every parameter.
  void step();
  /// As above, after computing the loss, and its gradients, by `closure`, which some optimizers
  /// call more than once. Returns the first loss.
  template <class Closure>
  Tensor step(Closure&& closure) {
    using Function = std::remove_reference_t<Closure>;
    return minimize({&closure, [](void* f) -> Tensor { return (*static_cast<Function*>(f))(); }});
  }

  /// Options and memory by name: "param_groups.0.lr", "state.3.exp_avg". Numbers are tensors of no
  /// dimensions, Double or Long; the other tensors share memory with the optimizer. A run that
  /// goes on from them continues bit for bit.
  OrderedDict<std::string, Tensor> state_dict() const;
  /// Takes over what state_dict() of an optimizer of the same type with the same parameters gave.
  /// Missing, unexpected or misshapen entries are errors that change nothing.
  void load_state_dict(const OrderedDict<std::string, Tensor>& state);
  /// As above, from any range of (name, tensor) pairs, such as a loaded file.
  template <class Pairs>
  requires requires(const Pairs& pairs) { Tensor(pairs.begin()->second); }
  void load_state_dict(const Pairs& state) {
    OrderedDict<std::string, Tensor> dict;
    for (const auto& [name, tensor] : state) dict.insert(name, tensor);
    load_state_dict(dict);
  }

 protected:
  /// The closure of step(), which the caller keeps alive; called with recording on.
  struct LossClosure {
    void* function;
    Tensor (*call)(void* function);
    Tensor operator()() const {
      AutoGradMode recording(true);
      return call(function);
    }
  };

  explicit Optimizer(std::unique_ptr<OptimizerOptions> defaults);
  /// For constructors of derived classes.
  void add_param_groups(std::vector<OptimizerParamGroup> groups);

  /// What step(closure) does.
  virtual Tensor minimize(const LossClosure& closure);

  /// What update() keeps in OptimizerParamState::slots; the list has the same length and order for
  /// all options.
  virtual std::vector<OptimizerSlot> slots(const OptimizerOptions& options) const = 0;
  /// Refuses options that make no sense.
  virtual void check(const OptimizerOptions& options) const = 0;
  /// Updates one parameter; off the tape, with this step already counted.
  virtual void update(Tensor& parameter, const Tensor& grad, OptimizerParamState& state,
                      const OptimizerOptions& options) = 0;

 private:
  /// The group's options, which must be of this optimizer's type.
  OptimizerOptions& options_of(const OptimizerParamGroup& group) const;

  std::vector<OptimizerParamGroup> param_groups_;
  std::unique_ptr<OptimizerOptions> defaults_;
};

}  // namespace reel::optim
