#pragma once

#include <concepts>
#include <type_traits>

#include <reel/nn/module.h>

namespace reel::nn {

namespace detail {
[[noreturn]] void any_module_empty();
[[noreturn]] void any_module_wrong_type(const Module& held);
}  // namespace detail

/// A module that takes a tensor and gives a tensor.
template <class M>
concept TensorModule = std::derived_from<M, Module> && requires(M& module, Tensor input) {
  { module.forward(input) } -> std::convertible_to<Tensor>;
};

/// Holds any module that turns a tensor into a tensor.
class AnyModule {
 public:
  AnyModule() = default;
  template <TensorModule M>
  AnyModule(std::shared_ptr<M> module) : module_(std::move(module)), forward_(&call<M>) {}
  template <class M>
  AnyModule(const ModuleHolder<M>& holder) : AnyModule(holder.ptr()) {}
  template <class M>
  requires TensorModule<std::remove_cvref_t<M>> AnyModule(M&& module)
      : AnyModule(std::make_shared<std::remove_cvref_t<M>>(std::forward<M>(module))) {}

  bool is_empty() const { return module_ == nullptr; }
  Tensor forward(Tensor input) {
    if (is_empty()) detail::any_module_empty();
    return forward_(*module_, std::move(input));
  }
  const std::shared_ptr<Module>& ptr() const { return module_; }
  /// The same call on a copy of the module.
  AnyModule with(std::shared_ptr<Module> copy) const {
    AnyModule result = *this;
    result.module_ = std::move(copy);
    return result;
  }
  /// The module as its own type; errors if it is another.
  template <class M>
  M& get() const {
    if (is_empty()) detail::any_module_empty();
    if (M* module = dynamic_cast<M*>(module_.get())) return *module;
    detail::any_module_wrong_type(*module_);
  }

 private:
  template <class M>
  static Tensor call(Module& module, Tensor input) {
    ModuleScope scope(module);
    return static_cast<M&>(module).forward(input);
  }

  std::shared_ptr<Module> module_;
  Tensor (*forward_)(Module& module, Tensor input) = nullptr;
};

/// A module under the name it gets in a Sequential: `Sequential({{"conv", Conv2d(1, 6, 5)}})`.
struct NamedAnyModule {
  template <class M>
  NamedAnyModule(std::string name, M&& module)
      : name(std::move(name)), module(std::forward<M>(module)) {}
  std::string name;
  AnyModule module;
};

/// Modules applied one after the other. A Conv2d followed by a ReLU, and by 2x2 MaxPool2d after
/// that, is one op (reel::conv2d_relu) on the tape.
class SequentialImpl : public Cloneable<SequentialImpl> {
 public:
  SequentialImpl() = default;
  SequentialImpl(const SequentialImpl&) = default;
  SequentialImpl(std::initializer_list<NamedAnyModule> modules) {
    for (const auto& item : modules) push_back(item.name, item.module);
  }
  template <class... Modules>
  requires(sizeof...(Modules) > 0 && (std::constructible_from<AnyModule, Modules> &&
                                      ...)) explicit SequentialImpl(Modules&&... modules) {
    (push_back(std::forward<Modules>(modules)), ...);
  }

  void reset() override {}
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

  /// Adds a module at the end; its name is its position unless given.
  void push_back(AnyModule module) { push_back(std::to_string(size()), std::move(module)); }
  void push_back(std::string name, AnyModule module);
  template <class Container>
  void extend(const Container& modules) {
    for (const auto& module : modules) push_back(module);
  }

  size_t size() const { return modules_.size(); }
  bool is_empty() const { return modules_.empty(); }
  auto begin() { return modules_.begin(); }
  auto begin() const { return modules_.begin(); }
  auto end() { return modules_.end(); }
  auto end() const { return modules_.end(); }
  template <class M>
  M& at(size_t index) const {
    return item(index).template get<M>();
  }
  const std::shared_ptr<Module>& ptr(size_t index) const { return item(index).ptr(); }
  const std::shared_ptr<Module>& operator[](size_t index) const { return ptr(index); }

 private:
  const AnyModule& item(size_t index) const;

  std::vector<AnyModule> modules_;
};

class Sequential : public ModuleHolder<SequentialImpl> {
 public:
  using ModuleHolder<SequentialImpl>::ModuleHolder;
  using Impl = SequentialImpl;
  Sequential() = default;
  Sequential(std::initializer_list<NamedAnyModule> modules)
      : ModuleHolder(std::make_shared<SequentialImpl>(modules)) {}
};

/// Any function of a tensor as a module; further arguments are passed on after it:
/// `Sequential(Linear(2, 3), Functional(reel::relu))`.
class FunctionalImpl : public Cloneable<FunctionalImpl> {
 public:
  template <class Function, class... Args>
  requires std::is_invocable_r_v<Tensor, Function&, const Tensor&, const Args&...>
  explicit FunctionalImpl(Function function, Args... args) {
    auto bound = [function, args...](const Tensor& input) mutable -> Tensor {
      return function(input, args...);
    };
    call_ = std::make_shared<Bound<decltype(bound)>>(std::move(bound));
  }

  void reset() override {}
  Tensor forward(const Tensor& input);
  void pretty_print(std::ostream& stream) const override;

 private:
  struct Call {
    virtual ~Call() = default;
    virtual Tensor operator()(const Tensor& input) = 0;
  };
  template <class Function>
  struct Bound final : Call {
    explicit Bound(Function f) : function(std::move(f)) {}
    Tensor operator()(const Tensor& input) override { return function(input); }
    Function function;
  };

  std::shared_ptr<Call> call_;
};
REEL_MODULE(Functional);

/// Modules by position; a list to loop over, without a forward of its own.
class ModuleListImpl : public Cloneable<ModuleListImpl> {
 public:
  ModuleListImpl() = default;
  ModuleListImpl(const ModuleListImpl&) = default;
  template <class... Modules>
  requires(sizeof...(Modules) > 0 &&
           !(std::derived_from<std::remove_cvref_t<Modules>, ModuleListImpl> ||
             ...)) explicit ModuleListImpl(Modules&&... modules) {
    (push_back(std::forward<Modules>(modules)), ...);
  }

  void reset() override {}
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;
  void pretty_print(std::ostream& stream) const override;

  void push_back(std::shared_ptr<Module> module);
  template <class M>
  void push_back(const ModuleHolder<M>& holder) {
    push_back(std::shared_ptr<Module>(holder.ptr()));
  }
  template <class M>
  requires std::derived_from<std::remove_cvref_t<M>, Module>
  void push_back(M&& module) {
    push_back(
        std::shared_ptr<Module>(std::make_shared<std::remove_cvref_t<M>>(std::forward<M>(module))));
  }

  size_t size() const { return modules_.size(); }
  bool is_empty() const { return modules_.empty(); }
  auto begin() { return modules_.begin(); }
  auto begin() const { return modules_.begin(); }
  auto end() { return modules_.end(); }
  auto end() const { return modules_.end(); }
  const std::shared_ptr<Module>& ptr(size_t index) const;
  const std::shared_ptr<Module>& operator[](size_t index) const { return ptr(index); }
  template <class M>
  M& at(size_t index) const {
    if (M* module = dynamic_cast<M*>(ptr(index).get())) return *module;
    detail::any_module_wrong_type(*ptr(index));
  }

 private:
  std::vector<std::shared_ptr<Module>> modules_;
};
REEL_MODULE(ModuleList);

}  // namespace reel::nn
