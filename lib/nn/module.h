#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <reel/autograd/entry.h>
#include <reel/autograd/grad_mode.h>
#include <reel/nn/ordered_dict.h>
#include <reel/nn/pimpl.h>
#include <reel/tensor/owners.h>
#include <reel/tensor/tensor.h>

namespace reel::nn {

using TensorDict = OrderedDict<std::string, Tensor>;

/// The base of all networks and layers: parameters, buffers and submodules by name. Derive from it,
/// register what the module owns in the constructor and write a `forward`.
class Module : public std::enable_shared_from_this<Module> {
 public:
  Module();
  /// `name` is how the module prints; the type's name if not given.
  explicit Module(std::string name);
  Module(const Module&);
  Module& operator=(const Module&);
  virtual ~Module();

  const std::string& name() const;
  /// The names under which the module was registered, from the root on: "features.conv1_1".
  /// Empty for a root; if a module has several parents, the latest counts.
  const std::string& path() const { return path_; }

  /// A deep copy; only for modules that derive from Cloneable.
  virtual std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const;

  /// The tensors to train, own ones first, then those of the submodules, each once.
  std::vector<Tensor> parameters(bool recurse = true) const;
  TensorDict named_parameters(bool recurse = true) const;
  /// The tensors that are state but not trained, such as running statistics.
  std::vector<Tensor> buffers(bool recurse = true) const;
  TensorDict named_buffers(bool recurse = true) const;

  /// This module (unless include_self is false) and all below it, parents first. The module itself
  /// must be owned by a shared_ptr to be included.
  std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_modules(
      const std::string& name_prefix = {}, bool include_self = true) const;
  std::vector<std::shared_ptr<Module>> children() const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_children() const;

  /// Switches the behaviour of Dropout, BatchNorm and the like, below this module too.
  virtual void train(bool on = true);
  void eval() { train(false); }
  virtual bool is_training() const { return is_training_; }

  /// Moves parameters and buffers; every handle to them moves along. A dtype changes only
  /// floating-point tensors and must be floating-point itself.
  virtual void to(Device device, ScalarType dtype, bool non_blocking = false);
  virtual void to(ScalarType dtype, bool non_blocking = false);
  virtual void to(Device device, bool non_blocking = false);

  virtual void zero_grad(bool set_to_none = true);

  /// Calls function(module) or function(name, module) for this module and all below it, where
  /// module is a Module& or a shared_ptr<Module>.
  template <class Function>
  void apply(const Function& function, const std::string& name_prefix = {}) {
    if constexpr (requires(Module & module) { function(module); }) {
      for (auto& [name, module] : walk(name_prefix)) function(*module);
    } else if constexpr (requires(Module & module) { function(name_prefix, module); }) {
      for (auto& [name, module] : walk(name_prefix)) function(name, *module);
    } else if constexpr (requires(const std::shared_ptr<Module>& module) { function(module); }) {
      for (auto& module : named_modules(name_prefix)) function(module.value());
    } else {
      for (auto& module : named_modules(name_prefix)) function(module.key(), module.value());
    }
  }

  /// Parameters and buffers by name, sharing memory with the module and off the tape.
  TensorDict state_dict() const;
  /// Copies the values of `state` into parameters and buffers. When `strict`, a missing or an
  /// unexpected name is an error; a shape that differs always is. Nothing is changed on error.
  void load_state_dict(const TensorDict& state, bool strict = true);
  /// As above, from any range of (name, tensor) pairs, such as a loaded file.
  template <class Pairs>
  requires requires(const Pairs& pairs) { Tensor(pairs.begin()->second); }
  void load_state_dict(const Pairs& state, bool strict = true) {
    TensorDict dict;
    for (const auto& [name, tensor] : state) dict.insert(name, tensor);
    load_state_dict(dict, strict);
  }

  /// Prints the module without its submodules; operator<< prints the whole tree.
  virtual void pretty_print(std::ostream& stream) const;

  /// Registers a tensor to be trained. Undefined tensors keep their name but are skipped by
  /// parameters(). Names hold no dot and are unique in the module.
  Tensor& register_parameter(std::string name, Tensor tensor, bool requires_grad = true);
  Tensor& register_buffer(std::string name, Tensor tensor);
  template <class ModuleType>
  std::shared_ptr<ModuleType> register_module(std::string name,
                                              std::shared_ptr<ModuleType> module) {
    add_child(std::move(name), module, false);
    return module;
  }
  template <class Contained>
  std::shared_ptr<Contained> register_module(std::string name, ModuleHolder<Contained> holder) {
    return register_module(std::move(name), holder.ptr());
  }
  template <class ModuleType>
  std::shared_ptr<ModuleType> replace_module(const std::string& name,
                                             std::shared_ptr<ModuleType> module) {
    add_child(name, module, true);
    return module;
  }
  template <class Contained>
  std::shared_ptr<Contained> replace_module(const std::string& name,
                                            ModuleHolder<Contained> holder) {
    return replace_module(name, holder.ptr());
  }
  void unregister_module(const std::string& name);

  /// This module as another type, or nullptr if it is none: `module.as<Linear>()`.
  template <class ModuleType>
  auto* as() {
    return cast<ModuleType>(*this);
  }
  template <class ModuleType>
  const auto* as() const {
    return cast<const ModuleType>(*this);
  }

 protected:
  TensorDict parameters_{"Parameter"};

 private:
  template <class Derived>
  friend class Cloneable;
  friend class ModuleScope;
  friend std::ostream& operator<<(std::ostream& stream, const Module& module);

  template <class ModuleType, class Self>
  static auto* cast(Self& self) {
    if constexpr (detail::is_module_holder<ModuleType>) {
      using Contained = typename std::remove_const_t<ModuleType>::ContainedType;
      return dynamic_cast<std::conditional_t<std::is_const_v<Self>, const Contained, Contained>*>(
          &self);
    } else {
      return dynamic_cast<ModuleType*>(&self);
    }
  }

  void add_child(std::string name, std::shared_ptr<Module> module, bool replace);
  void set_path(std::string path);
  std::vector<std::pair<std::string, Module*>> walk(const std::string& prefix) const;
  void collect(TensorDict Module::*tensors, const std::string& prefix, bool recurse,
               TensorDict& out) const;
  void convert(std::optional<Device> device, std::optional<ScalarType> dtype, bool non_blocking);
  /// The end of clone(), without a line that depends on the type: every module pays for those.
  std::shared_ptr<Module> registered_anew(Module* copy, void (*reset)(Module&),
                                          const std::optional<Device>& device) const;
  void copy_state_to(Module& clone, const std::optional<Device>& device) const;
  void print_tree(std::ostream& stream, const std::string& indentation) const;

  TensorDict buffers_{"Buffer"};
  OrderedDict<std::string, std::shared_ptr<Module>> children_{"Submodule"};
  mutable std::string name_;
  std::string path_;
  bool is_training_ = true;
};

std::ostream& operator<<(std::ostream& stream, const Module& module);
template <class Contained>
std::ostream& operator<<(std::ostream& stream, const ModuleHolder<Contained>& holder) {
  return stream << *holder;
}

/// A module that can be copied: `reset()` registers everything anew, from the constructor and from
/// clone().
template <class Derived>
class Cloneable : public Module {
 public:
  using Module::Module;
  virtual void reset() = 0;

  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override {
    NoGradGuard no_grad;
    Module* copy = new Derived(static_cast<const Derived&>(*this));
    return registered_anew(
        copy, [](Module& m) { static_cast<Derived&>(m).reset(); }, device);
  }
};

class ModuleScope {
 public:
  explicit ModuleScope(const Module& module);
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;
  ~ModuleScope();

 private:
  const Module* previous_;
  std::optional<autograd::ScopeGuard> guard_;
};

}  // namespace reel::nn
