#include <cstdlib>
#include <cxxabi.h>
#include <ostream>
#include <typeinfo>

#include <reel/nn/expanding_array.h>
#include <reel/nn/module.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {

namespace detail {

void key_exists(const std::string& description, const std::string& key) {
  fail("{} '{}' already defined", description, key);
}

void key_missing(const std::string& description, const std::string& key) {
  fail("{} '{}' is not defined", description, key);
}

void item_out_of_bounds(size_t index, size_t size) {
  fail_index("OrderedDict: index {} is out of bounds, there are {} items", index, size);
}

void wrong_value_count(size_t expected, size_t given) {
  fail("Expected {} values, but instead got {}", expected, given);
}

}  // namespace detail

namespace nn {

namespace detail {
void empty_module_holder() { fail("Accessing empty ModuleHolder"); }
}  // namespace detail

namespace {

void check_name(const char* what, const std::string& name) {
  if (name.empty()) fail("{} name must not be empty", what);
  if (name.find('.') != std::string::npos) {
    fail("{} name must not contain a dot (got '{}')", what, name);
  }
}

std::string join(const std::string& prefix, const std::string& name) {
  if (prefix.empty() || name.empty()) return prefix + name;
  return prefix + "." + name;
}

std::string quoted(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

}  // namespace

Module::Module() = default;
Module::Module(const Module&) = default;
Module& Module::operator=(const Module&) = default;
Module::~Module() = default;

Module::Module(std::string name) : name_(std::move(name)) {}

const std::string& Module::name() const {
  if (name_.empty()) {
    // Not in the constructor, where the type is still Module.
    int status = 0;
    char* readable = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
    name_ = readable != nullptr ? readable : typeid(*this).name();
    std::free(readable);
  }
  return name_;
}

std::shared_ptr<Module> Module::clone(const std::optional<Device>&) const {
  fail(
      "clone() has not been implemented for {}. Please subclass reel::nn::Cloneable<{}> instead of "
      "reel::nn::Module to inherit the ability to clone.",
      name(), name());
}

std::vector<Tensor> Module::parameters(bool recurse) const {
  return named_parameters(recurse).values();
}

TensorDict Module::named_parameters(bool recurse) const {
  TensorDict result;
  collect(&Module::parameters_, {}, recurse, result);
  return result;
}

std::vector<Tensor> Module::buffers(bool recurse) const { return named_buffers(recurse).values(); }

TensorDict Module::named_buffers(bool recurse) const {
  TensorDict result;
  collect(&Module::buffers_, {}, recurse, result);
  return result;
}

void Module::collect(TensorDict Module::*tensors, const std::string& prefix, bool recurse,
                     TensorDict& out) const {
  for (const auto& item : this->*tensors) {
    if (!item.value().defined()) continue;
    // A module under two names is trained once.
    bool seen = false;
    for (const auto& other : out) seen |= other.value().is_same(item.value());
    if (!seen) out.insert(join(prefix, item.key()), item.value());
  }
  if (!recurse) return;
  for (const auto& child : children_) {
    child.value()->collect(tensors, join(prefix, child.key()), true, out);
  }
}

std::vector<std::pair<std::string, Module*>> Module::walk(const std::string& prefix) const {
  std::vector<std::pair<std::string, Module*>> result{{prefix, const_cast<Module*>(this)}};
  for (const auto& child : children_) {
    for (auto& item : child.value()->walk(join(prefix, child.key()))) {
      result.push_back(std::move(item));
    }
  }
  return result;
}

std::vector<std::shared_ptr<Module>> Module::children() const { return children_.values(); }

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_children() const {
  return children_;
}

std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  return named_modules({}, include_self).values();
}

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_modules(
    const std::string& name_prefix, bool include_self) const {
  OrderedDict<std::string, std::shared_ptr<Module>> result;
  for (auto& [name, module] : walk(name_prefix)) {
    if (module == this && !include_self) continue;
    auto owned = module->weak_from_this().lock();
    if (!owned) {
      fail(
          "It looks like you attempted to retrieve your top-level module as a shared_ptr, but it "
          "is "
          "not stored in a shared_ptr. Use std::make_shared<{}> instead of creating your module on "
          "the stack.",
          module->name());
    }
    result.insert(name, std::move(owned));
  }
  return result;
}

void Module::train(bool on) {
  is_training_ = on;
  for (auto& child : children_) child.value()->train(on);
}

void Module::to(Device device, ScalarType dtype, bool non_blocking) {
  convert(device, dtype, non_blocking);
}

void Module::to(ScalarType dtype, bool non_blocking) { convert({}, dtype, non_blocking); }

void Module::to(Device device, bool non_blocking) { convert(device, {}, non_blocking); }

void Module::convert(std::optional<Device> device, std::optional<ScalarType> dtype,
                     bool non_blocking) {
  if (dtype && !is_differentiable(*dtype)) {
    fail("Module::to only accepts floating point or complex dtypes, but got {}", *dtype);
  }
  NoGradGuard no_grad;
  const auto converted = [&](const Tensor& tensor) {
    const bool cast = dtype && is_differentiable(tensor.dtype());
    return tensor.detach().to(device.value_or(tensor.device()), cast ? *dtype : tensor.dtype(),
                              non_blocking);
  };
  for (auto& [name, module] : walk({})) {
    for (auto* tensors : {&module->parameters_, &module->buffers_}) {
      for (auto& item : *tensors) {
        Tensor& tensor = item.value();
        if (!tensor.defined()) continue;
        const Tensor grad = tensor.grad();
        tensor.set_data(converted(tensor));
        if (grad.defined()) tensor.mutable_grad() = converted(grad);
      }
    }
  }
}

void Module::zero_grad(bool set_to_none) {
  NoGradGuard no_grad;
  for (auto& parameter : parameters()) {
    if (!parameter.grad().defined()) continue;
    Tensor& grad = parameter.mutable_grad();
    if (set_to_none) {
      grad = Tensor();
    } else {
      grad.detach_().zero_();
    }
  }
}

TensorDict Module::state_dict() const {
  TensorDict result;
  for (auto& [prefix, module] : walk({})) {
    for (auto* tensors : {&module->parameters_, &module->buffers_}) {
      for (auto& item : *tensors) {
        if (item.value().defined()) result.insert(join(prefix, item.key()), item.value().detach());
      }
    }
  }
  return result;
}

void Module::load_state_dict(const TensorDict& state, bool strict) {
  NoGradGuard no_grad;
  TensorDict own = state_dict();
  std::vector<std::string> missing, unexpected;
  std::string problems;
  for (const auto& item : state) {
    if (!own.contains(item.key())) unexpected.push_back(item.key());
  }
  for (auto& item : own) {
    const Tensor* source = state.find(item.key());
    if (source == nullptr) {
      missing.push_back(item.key());
    } else if (!source->defined()) {
      problems += fmt::format("\n\t{}: the tensor given is undefined.", item.key());
    } else if (!(source->sizes() == item->sizes())) {
      problems += fmt::format(
          "\n\tsize mismatch for {}: copying a param with shape {} from checkpoint, the shape in "
          "current model is {}.",
          item.key(), source->sizes(), item->sizes());
    }
  }
  if (strict && !missing.empty()) {
    problems += fmt::format("\n\tMissing key(s) in state_dict: {}.", quoted(missing));
  }
  if (strict && !unexpected.empty()) {
    problems += fmt::format("\n\tUnexpected key(s) in state_dict: {}.", quoted(unexpected));
  }
  if (!problems.empty()) fail("Error(s) in loading state_dict for {}:{}", name(), problems);
  for (auto& item : own) {
    if (const Tensor* source = state.find(item.key())) item->copy_(*source);
  }
}

Tensor& Module::register_parameter(std::string name, Tensor tensor, bool requires_grad) {
  check_name("Parameter", name);
  if (tensor.defined()) tensor.set_requires_grad(requires_grad);
  return parameters_.insert(std::move(name), std::move(tensor));
}

Tensor& Module::register_buffer(std::string name, Tensor tensor) {
  check_name("Buffer", name);
  return buffers_.insert(std::move(name), std::move(tensor));
}

void Module::add_child(std::string name, std::shared_ptr<Module> module, bool replace) {
  check_name("Submodule", name);
  if (!module) fail("Submodule '{}' is null", name);
  for (auto& [path, below] : module->walk({})) {
    if (below == this) fail("Submodule '{}' contains the module it is registered in", name);
  }
  module->set_path(join(path_, name));
  if (replace) {
    children_[name] = std::move(module);
  } else {
    children_.insert(std::move(name), std::move(module));
  }
}

void Module::set_path(std::string path) {
  path_ = std::move(path);
  for (auto& child : children_) child.value()->set_path(join(path_, child.key()));
}

void Module::unregister_module(const std::string& name) { children_.erase(name); }

std::shared_ptr<Module> Module::registered_anew(Module* copy, void (*reset)(Module&),
                                                const std::optional<Device>& device) const {
  std::shared_ptr<Module> owned(copy);
  copy->parameters_.clear();
  copy->buffers_.clear();
  copy->children_.clear();
  copy->path_.clear();
  reset(*copy);
  copy_state_to(*copy, device);
  return owned;
}

void Module::copy_state_to(Module& clone, const std::optional<Device>& device) const {
  if (clone.parameters_.size() != parameters_.size() || clone.buffers_.size() != buffers_.size() ||
      clone.children_.size() != children_.size()) {
    fail(
        "The cloned module does not have the same parameters, buffers or submodules as the "
        "original module after calling reset() of {}",
        name());
  }
  const auto copy = [&](const TensorDict& from, TensorDict& to) {
    for (const auto& item : from) {
      Tensor& target = to[item.key()];
      if (!item.value().defined()) continue;
      // The clone's own members are handles to these tensors, so they are filled, not replaced.
      target.set_data(item->detach().to(device.value_or(item->device()), false, true));
      target.set_requires_grad(item->requires_grad());
    }
  };
  copy(parameters_, clone.parameters_);
  copy(buffers_, clone.buffers_);
  for (const auto& child : children_) {
    child.value()->copy_state_to(*clone.children_[child.key()], device);
  }
  clone.is_training_ = is_training_;
}

void Module::pretty_print(std::ostream& stream) const { stream << name(); }

void Module::print_tree(std::ostream& stream, const std::string& indentation) const {
  pretty_print(stream);
  if (children_.is_empty()) return;
  stream << "(\n";
  const std::string inner = indentation + "  ";
  for (const auto& child : children_) {
    stream << inner << "(" << child.key() << "): ";
    child.value()->print_tree(stream, inner);
    stream << '\n';
  }
  stream << indentation << ")";
}

std::ostream& operator<<(std::ostream& stream, const Module& module) {
  module.print_tree(stream, {});
  return stream;
}

namespace {
// The module whose forward runs on this thread.
thread_local const Module* current_module = nullptr;
}  // namespace

ModuleScope::ModuleScope(const Module& module) : previous_(current_module) {
  // A handle and the module's own forward may both ask.
  if (!GradMode::is_enabled() || module.path_.empty() || current_module == &module) return;
  std::string name = module.path_;
  if (current_module != nullptr) {
    const std::string above = current_module->path_ + ".";
    if (name.compare(0, above.size(), above) == 0) name.erase(0, above.size());
  }
  guard_.emplace(name);
  current_module = &module;
}

ModuleScope::~ModuleScope() { current_module = previous_; }

}  // namespace nn
}  // namespace reel
