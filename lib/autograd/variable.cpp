// What the methods of Tensor that concern the tape do.

#include <memory>

#include <reel/autograd/autograd.h>
#include <reel/autograd/entry.h>
#include <reel/tensor/check.h>

namespace reel {

Tensor& Tensor::detach_() {
  if (is_view()) {
    fail("detach_: Can't detach views in-place. Use detach() instead.");
  }
  impl()->slot = nullptr;
  return *this;
}

void Tensor::set_data(const Tensor& other) {
  TensorImpl& to = *impl();
  const TensorImpl& from = *other.impl();
  if (to.slot != nullptr && to.slot->entry) {
    fail("set_data: expected a leaf, got the result of '{}'", to.slot->entry->name());
  }
  to.set_geometry(from.sizes, from.strides, from.offset);
  to.dtype = from.dtype;
  to.storage = from.storage;
  to.quant = from.quant == nullptr ? nullptr : std::make_unique<QuantParams>(*from.quant);
  to.base = nullptr;
}

namespace {

void set_requires_grad(TensorImpl& impl, bool value) {
  if (value && !is_differentiable(impl.dtype)) {
    fail(
        "requires_grad_: only Tensors of floating point and complex dtype can require gradients, "
        "got {}",
        impl.dtype);
  }
  if (value && impl.is_inference && !InferenceMode::is_enabled()) {
    fail(
        "requires_grad_: Setting requires_grad=True on inference tensor outside InferenceMode is "
        "not allowed.");
  }
  if (impl.slot != nullptr && impl.slot->entry) {
    if (value) return;
    fail(
        "requires_grad_: you can only change requires_grad flags of leaf variables. If you want to "
        "use a computed variable in a subgraph that doesn't require differentiation use "
        "var_no_grad = var.detach().");
  }
  if (value || impl.slot != nullptr) impl.autograd().requires_grad = value;
  // A leaf is where gradients end: it no longer follows what is written into what it looked into.
  if (value) impl.base = nullptr;
}

}  // namespace

const Tensor& Tensor::requires_grad_(bool value) const {
  reel::set_requires_grad(*impl(), value);
  return *this;
}
Tensor& Tensor::requires_grad_(bool value) {
  reel::set_requires_grad(*impl(), value);
  return *this;
}

Tensor Tensor::grad() const {
  const auto& slot = impl()->slot;
  return slot != nullptr && slot->grad ? slot->grad->grad : Tensor();
}

Tensor& Tensor::mutable_grad() const {
  AutogradSlot& slot = impl()->autograd();
  if (!slot.grad) slot.grad = IntrusivePtr<GradCell>::adopt(new GradCell);
  return slot.grad->grad;
}

namespace {

// Keeps copies of the gradients that come by, where Tensor::grad() finds them.
struct RetainHook final : GradHook {
  explicit RetainHook(IntrusivePtr<GradCell> cell) : cell(std::move(cell)) {}
  Tensor operator()(const Tensor& grad) override {
    Tensor& sum = cell->grad;
    sum = sum.defined() ? sum.add(grad) : grad.clone(MemoryFormat::Contiguous);
    return {};
  }
  IntrusivePtr<GradCell> cell;
};

}  // namespace

void Tensor::retain_grad() const {
  if (!requires_grad()) {
    fail("retain_grad: can't retain_grad on Tensor that has requires_grad=False");
  }
  if (is_leaf() || retains_grad()) return;
  const autograd::Edge edge = autograd::edge_of(*this);
  mutable_grad();
  autograd::OutputInfo& output = edge.entry->outputs[edge.output];
  output.hooks.push_back(IntrusivePtr<GradHook>::adopt(new RetainHook(impl()->slot->grad)));
  output.retains_grad = true;
}

bool Tensor::retains_grad() const {
  if (is_leaf()) return false;
  const autograd::Edge edge = autograd::edge_of(*this);
  return edge.entry && edge.entry->outputs[edge.output].retains_grad;
}

int64_t Tensor::_version() const {
  if (is_inference()) fail("_version: Inference tensors do not track version counter.");
  return storage()->version();
}

IntrusivePtr<autograd::Entry> Tensor::grad_fn() const { return autograd::edge_of(*this).entry; }

int64_t Tensor::output_nr() const { return autograd::edge_of(*this).output; }

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      std::optional<TensorList> inputs) const {
  autograd::variable_list grads;
  if (gradient.defined()) grads.push_back(gradient);
  if (inputs && inputs->empty()) {
    fail("backward: 'inputs' argument to backward cannot be empty");
  }
  autograd::backward({*this}, grads, retain_graph, create_graph,
                     inputs ? inputs->vec() : autograd::variable_list());
}

namespace {

std::vector<IntrusivePtr<GradHook>>& hooks_of(const Tensor& tensor) {
  if (!tensor.requires_grad()) {
    fail("register_hook: cannot register a hook on a variable that doesn't require gradient");
  }
  const autograd::Edge edge = autograd::edge_of(tensor);
  return edge.entry ? edge.entry->outputs[edge.output].hooks : tensor.impl()->autograd().hooks;
}

}  // namespace

unsigned Tensor::add_hook(IntrusivePtr<GradHook> hook) const {
  auto& hooks = hooks_of(*this);
  hooks.push_back(std::move(hook));
  return static_cast<unsigned>(hooks.size() - 1);
}

void Tensor::remove_hook(unsigned handle) const {
  auto& hooks = hooks_of(*this);
  if (handle >= hooks.size()) {
    fail("remove_hook: expected one of {} handles, got {}", hooks.size(), handle);
  }
  hooks[handle] = nullptr;
}

const char* Tensor::grad_fn_name() const {
  const autograd::Edge edge = autograd::edge_of(*this);
  return edge.entry ? edge.entry->name() : nullptr;
}

}  // namespace reel
