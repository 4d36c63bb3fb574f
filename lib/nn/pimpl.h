#pragma once

#include <type_traits>
#include <utility>

#include <reel/tensor/owners.h>

namespace reel::nn {

namespace detail {
[[noreturn]] void empty_module_holder();
struct ModuleHolderIndicator {};
template <class Contained>
struct NoScope {
  explicit NoScope(const Contained&) {}
};
template <class T>
inline constexpr bool is_module_holder =
    std::is_base_of_v<ModuleHolderIndicator, std::remove_cvref_t<T>>;
}  // namespace detail

class Module;

/// Names the ops of one module's forward on the tape by its place in the network, e.g.
/// "features.conv1_1"; does nothing when nothing is recorded.
class ModuleScope;

/// A shared handle to a module: copies are the same module, `net(x)` is `net->forward(x)`,
/// and `nullptr` gives an empty handle, to be assigned later.
template <class Contained>
class ModuleHolder : detail::ModuleHolderIndicator {
 public:
  using ContainedType = Contained;

  ModuleHolder() : impl_(std::make_shared<Contained>()) {}
  ModuleHolder(std::nullptr_t) {}
  ModuleHolder(std::shared_ptr<Contained> module) : impl_(std::move(module)) {}
  /// Constructs the module from what its constructor takes.
  template <class Head, class... Tail>
  requires(!(sizeof...(Tail) == 0 &&
             std::is_base_of_v<ModuleHolder,
                               std::remove_cvref_t<Head>>)) explicit ModuleHolder(Head&& head,
                                                                                  Tail&&... tail)
      : impl_(new Contained(std::forward<Head>(head), std::forward<Tail>(tail)...)) {}

  explicit operator bool() const { return !is_empty(); }
  bool is_empty() const { return impl_ == nullptr; }
  Contained* get() { return ptr().get(); }
  const Contained* get() const { return ptr().get(); }
  Contained* operator->() { return get(); }
  const Contained* operator->() const { return get(); }
  Contained& operator*() { return *get(); }
  const Contained& operator*() const { return *get(); }
  const std::shared_ptr<Contained>& ptr() const {
    if (!impl_) detail::empty_module_holder();
    return impl_;
  }
  template <class... Args>
  decltype(auto) operator()(Args&&... args) {
    using Scope = std::conditional_t<std::is_base_of_v<Module, Contained>, ModuleScope,
                                     detail::NoScope<Contained>>;
    [[maybe_unused]] Scope scope(*get());
    return impl_->forward(std::forward<Args>(args)...);
  }
  template <class Index>
  decltype(auto) operator[](Index&& index) {
    return (*get())[std::forward<Index>(index)];
  }

 protected:
  std::shared_ptr<Contained> impl_;
};

}  // namespace reel::nn

/// After `struct NameImpl : reel::nn::Module {...};`, `REEL_MODULE(Name);` makes the handle `Name`.
#define REEL_MODULE(Name)                                     \
  class Name : public ::reel::nn::ModuleHolder<Name##Impl> {  \
   public:                                                    \
    using ::reel::nn::ModuleHolder<Name##Impl>::ModuleHolder; \
    using Impl = Name##Impl;                                  \
  }
