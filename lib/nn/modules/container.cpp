#include <ostream>

#include <reel/nn/modules/container.h>
#include <reel/tensor/check.h>

namespace reel::nn {

namespace detail {
void any_module_empty() { fail("Cannot call forward() on an empty AnyModule"); }
void any_module_wrong_type(const Module& held) {
  fail("Attempted to cast a module of type {} to another type", held.name());
}
}  // namespace detail

namespace {
template <class Modules>
void check_index(const char* container, size_t index, const Modules& modules) {
  if (index >= modules.size()) {
    fail_index("{}: index {} out of range, there are {} modules", container, index, modules.size());
  }
}
}  // namespace

void SequentialImpl::push_back(std::string name, AnyModule module) {
  register_module(std::move(name), module.ptr());
  modules_.push_back(std::move(module));
}

const AnyModule& SequentialImpl::item(size_t index) const {
  check_index("Sequential", index, modules_);
  return modules_[index];
}

std::shared_ptr<Module> SequentialImpl::clone(const std::optional<Device>& device) const {
  auto copy = std::make_shared<SequentialImpl>();
  const auto names = named_children();
  for (size_t i = 0; i < size(); ++i) {
    copy->push_back(names[i].key(), modules_[i].with(modules_[i].ptr()->clone(device)));
  }
  copy->train(is_training());
  return copy;
}

Tensor SequentialImpl::forward(const Tensor& input) {
  if (is_empty()) fail("Cannot call forward() on an empty Sequential");
  ModuleScope scope(*this);
  Tensor x = input;
  for (auto& module : modules_) x = module.forward(std::move(x));
  return x;
}

void SequentialImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::Sequential"; }

Tensor FunctionalImpl::forward(const Tensor& input) {
  ModuleScope scope(*this);
  return (*call_)(input);
}

void FunctionalImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::Functional()";
}

void ModuleListImpl::push_back(std::shared_ptr<Module> module) {
  register_module(std::to_string(size()), module);
  modules_.push_back(std::move(module));
}

const std::shared_ptr<Module>& ModuleListImpl::ptr(size_t index) const {
  check_index("ModuleList", index, modules_);
  return modules_[index];
}

std::shared_ptr<Module> ModuleListImpl::clone(const std::optional<Device>& device) const {
  auto copy = std::make_shared<ModuleListImpl>();
  for (const auto& module : modules_) copy->push_back(module->clone(device));
  copy->train(is_training());
  return copy;
}

void ModuleListImpl::pretty_print(std::ostream& stream) const { stream << "reel::nn::ModuleList"; }

}  // namespace reel::nn
