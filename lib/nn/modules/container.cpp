#include <ostream>
#include <typeinfo>

#include <reel/nn/modules/activation.h>
#include <reel/nn/modules/container.h>
#include <reel/nn/modules/conv.h>
#include <reel/nn/modules/pooling.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

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

// The module at this place if it is an M and not something derived from one.
template <class M>
const M* exactly(const std::vector<AnyModule>& modules, size_t index) {
  if (index >= modules.size()) return nullptr;
  const Module& module = *modules[index].ptr();
  return typeid(module) == typeid(M) ? static_cast<const M*>(&module) : nullptr;
}

bool pools_2x2(const MaxPool2dImpl* pool) {
  return pool != nullptr && pool->options.kernel_size() == ExpandingArray<2>(2) &&
         pool->options.stride() == ExpandingArray<2>(2) &&
         pool->options.padding() == ExpandingArray<2>(0) &&
         pool->options.dilation() == ExpandingArray<2>(1) && !pool->options.ceil_mode();
}

// Applies the modules from `at` on that one op computes and returns how many they are: a
// convolution and its ReLU, and 2x2 max pooling after those.
size_t forward_fused(const std::vector<AnyModule>& modules, size_t at, Tensor& x) {
  const auto* conv = exactly<Conv2dImpl>(modules, at);
  if (conv == nullptr || conv->low_bit || conv->options.padding().is_same()) return 0;
  if (exactly<ReLUImpl>(modules, at + 1) == nullptr) return 0;
  const bool pool = pools_2x2(exactly<MaxPool2dImpl>(modules, at + 2));
  ModuleScope scope(*conv);
  const auto& o = conv->options;
  x = (pool ? conv2d_relu_max_pool2d : conv2d_relu)(
      x, conv->weight, conv->bias, o.stride(), o.padding().amounts(), o.dilation(), o.groups());
  return pool ? 3 : 2;
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
  for (size_t i = 0; i < size();) {
    if (const size_t fused = forward_fused(modules_, i, x)) {
      i += fused;
    } else {
      x = modules_[i++].forward(std::move(x));
    }
  }
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
