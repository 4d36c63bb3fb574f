#include <algorithm>

#include <reel/autograd/function.h>
#include <reel/tensor/check.h>

namespace reel::autograd {
namespace {

bool contains(const variable_list& list, const Tensor& tensor) {
  return std::any_of(list.begin(), list.end(), [&](const Tensor& t) { return t.is_same(tensor); });
}

}  // namespace

variable_list AutogradContext::get_saved_variables() const {
  if (replay_ == nullptr) return to_save_;
  variable_list tensors;
  for (size_t i = 0; i < saved_slots_.size(); ++i) {
    const int8_t slot = saved_slots_[i];
    if (slot == kNotSaved) {
      tensors.push_back(to_save_[i]);
    } else {
      tensors.push_back(slot >= 0 ? replay_->in(slot) : replay_->out(~slot));
    }
  }
  return tensors;
}

bool AutogradContext::needs_input_grad(size_t i) const {
  return replay_ == nullptr || replay_->needs(static_cast<int>(i));
}

void FunctionEntry::replay(Replay& call) {
  variable_list grads;
  for (size_t k = 0; k < outputs.size(); ++k) {
    const int output = static_cast<int>(k);
    grads.push_back(call.has_grad(output) || context.materialize_grads_ ? call.grad(output)
                                                                        : Tensor());
  }
  context.replay_ = &call;
  variable_list results;
  try {
    results = backward_(&context, std::move(grads));
  } catch (...) {
    context.replay_ = nullptr;
    throw;
  }
  context.replay_ = nullptr;
  if (results.size() != is_tensor_.size()) {
    fail("{}: backward returned {} gradients, expected one for each of the {} arguments of forward",
         name_, results.size(), is_tensor_.size());
  }
  int input = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (is_tensor_[i]) {
      call.set(input++, std::move(results[i]));
    } else if (results[i].defined()) {
      fail("{}: backward returned a gradient for argument {}, which is not a tensor", name_, i);
    }
  }
}

variable_list record_function(const char* name, AutogradContext* context, IntrusivePtr<Entry> entry,
                              const variable_list& inputs, variable_list outputs) {
  for (const Tensor& dirty : context->dirty_) {
    if (!contains(outputs, dirty)) {
      fail("{}: a tensor marked dirty must be returned by forward", name);
    }
    if (GradMode::is_enabled() && dirty.is_leaf() && dirty.requires_grad()) {
      fail("{}: a leaf Variable that requires grad is being used in an in-place operation", name);
    }
    dirty.storage()->bump_version();
    dirty.storage()->set_last_writer(name);
  }
  const bool recorded =
      GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
        return t.defined() && t.requires_grad();
      });
  if (!recorded) {
    context->to_save_.clear();
    return outputs;
  }
  for (const Tensor& input : inputs) {
    entry->edges.push_back(input.defined() ? edge_of(input) : Edge{});
  }
  for (Tensor& output : outputs) {
    // An input handed through unchanged is another tensor on the tape than the input itself.
    if (contains(inputs, output) && !contains(context->dirty_, output)) output = output.detach();
    entry->outputs.push_back({output.sizes(), output.dtype(), output.device(), {}, nullptr});
  }
  // Inputs and outputs are kept without owning their entries; other tensors as they are.
  for (Tensor& tensor : context->to_save_) {
    int8_t slot = AutogradContext::kNotSaved;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].is_same(tensor)) slot = static_cast<int8_t>(i);
    }
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k].is_same(tensor)) slot = static_cast<int8_t>(~k);
    }
    context->saved_slots_.push_back(slot);
    if (slot == AutogradContext::kNotSaved) continue;
    entry->save(tensor, slot);
    tensor = Tensor();
  }
  for (size_t k = 0; k < outputs.size(); ++k) {
    if (contains(context->non_differentiable_, outputs[k])) continue;
    if (!is_differentiable(outputs[k].dtype())) continue;
    attach(outputs[k], entry, static_cast<uint32_t>(k));
  }
  context->dirty_.clear();
  context->non_differentiable_.clear();
  return outputs;
}

}  // namespace reel::autograd
