#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <mutex>
#include <unordered_set>

#include <reel/autograd/function.h>
#include <reel/tensor/check.h>

namespace reel::autograd {
namespace {

bool contains(const variable_list& list, const Tensor& tensor) {
  return tensor.defined() &&
         std::any_of(list.begin(), list.end(), [&](const Tensor& t) { return t.is_same(tensor); });
}

/// The same text for good: storages that outlive the function's entries remember it.
const char* interned(const std::string& name) {
  static auto& names = *new std::unordered_set<std::string>;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  return names.insert(name).first->c_str();
}

}  // namespace

/// The entry of a user's function on the tape.
class FunctionEntry final : public Entry {
 public:
  FunctionEntry(std::string name, FunctionBackward backward, AutogradContext context,
                std::vector<bool> is_tensor)
      : name_(std::move(name)),
        backward_(backward),
        context_(std::move(context)),
        is_tensor_(std::move(is_tensor)) {}
  const char* name() const override { return name_.c_str(); }
  void replay(Replay& call) override;
  void release_saved() override;

  /// Finds the place on the tape of each input first, so that their entries have smaller numbers.
  static variable_list record(std::string name, FunctionBackward backward, AutogradContext context,
                              std::vector<bool> is_tensor, const variable_list& inputs,
                              variable_list outputs);

 private:
  std::string name_;
  FunctionBackward backward_;
  AutogradContext context_;
  std::vector<bool> is_tensor_;
};

std::string type_name(const char* mangled) {
  char* readable = abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr);
  const std::string name = readable == nullptr ? mangled : readable;
  std::free(readable);
  return name;
}

variable_list AutogradContext::get_saved_variables() const {
  if (replay_ == nullptr) return to_save_;
  if (released_) {
    fail(
        "get_saved_variables: Trying to backward through the graph a second time (or directly "
        "access saved tensors after they have already been freed). Saved intermediate values of "
        "the graph are freed when you call .backward() or autograd.grad(). Specify "
        "retain_graph=True if you need to backward through the graph a second time or if you need "
        "to access saved tensors after calling backward.");
  }
  variable_list tensors;
  for (size_t i = 0; i < saved_slots_.size(); ++i) {
    const int8_t slot = saved_slots_[i];
    if (slot != kNotSaved) {
      tensors.push_back(slot >= 0 ? replay_->in(slot) : replay_->out(~slot));
      continue;
    }
    const Tensor& kept = to_save_[i];
    if (kept.defined() && kept.storage()->version() != saved_versions_[i]) {
      fail(
          "get_saved_variables: one of the variables needed for gradient computation has been "
          "modified by an inplace operation: [{} {}] is at version {}; expected version {} "
          "instead. It was overwritten by '{}'.",
          kept.dtype(), kept.sizes(), kept.storage()->version(), saved_versions_[i],
          kept.storage()->last_writer() == nullptr ? "unknown" : kept.storage()->last_writer());
    }
    tensors.push_back(kept);
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
    grads.push_back(call.has_grad(output) || context_.materialize_grads_ ? call.grad(output)
                                                                         : Tensor());
  }
  context_.replay_ = &call;
  variable_list results;
  try {
    results = backward_(&context_, std::move(grads));
  } catch (...) {
    context_.replay_ = nullptr;
    throw;
  }
  context_.replay_ = nullptr;
  // Too many are fine as long as the rest is undefined.
  while (results.size() > is_tensor_.size() && !results.back().defined()) results.pop_back();
  if (results.size() != is_tensor_.size()) {
    fail("{}: function {} returned an incorrect number of gradients (expected {}, got {})", name_,
         name_, is_tensor_.size(), results.size());
  }
  int input = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (is_tensor_[i]) {
      call.set(input++, std::move(results[i]));
    } else if (results[i].defined()) {
      fail(
          "{}: function {} returned a gradient different that is defined at position {}, but the "
          "corresponding forward input was not a Variable",
          name_, name_, i + 1);
    }
  }
}

void FunctionEntry::release_saved() {
  // Whether it may be replayed again is asked when it wants what it saved.
  saved.clear();
  context_.to_save_.clear();
  context_.released_ = true;
}

variable_list FunctionEntry::record(std::string function, FunctionBackward backward,
                                    AutogradContext given, std::vector<bool> is_tensor,
                                    const variable_list& inputs, variable_list outputs) {
  const char* name = function.c_str();
  const variable_list dirty = std::move(given.dirty_);
  const variable_list non_differentiable = std::move(given.non_differentiable_);
  const bool recorded =
      GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
        return t.defined() && t.requires_grad() && is_differentiable(t.dtype());
      });
  for (const Tensor& tensor : dirty) {
    if (!contains(outputs, tensor)) {
      fail("{}: a tensor marked dirty must be returned by forward", name);
    }
    if (recorded && tensor.is_leaf() && tensor.requires_grad()) {
      fail("{}: a leaf Variable that requires grad has been used in an in-place operation.", name);
    }
    if (recorded && tensor.is_view() && outputs.size() > 1) {
      fail(
          "{}: If your Function modifies inplace an input that is a view of another Tensor, your "
          "Function cannot return more than one Tensor. This is not supported by the current "
          "autograd engine. You should either make sure the input is not a view (using .clone() "
          "for example) or make your Function only return one Tensor (potentially splitting it "
          "into two Functions: one doing the inplace that returns a single Tensor and a second "
          "one that does the other operations).",
          name);
    }
    tensor.storage()->bump_version();
    tensor.storage()->set_last_writer(interned(name));
  }
  if (!recorded) return outputs;
  std::vector<Edge> edges;
  for (const Tensor& input : inputs) {
    const bool needed = input.defined() && is_differentiable(input.dtype());
    edges.push_back(needed ? edge_of(input) : Edge{});
  }
  auto* made = new FunctionEntry(function, backward, std::move(given), std::move(is_tensor));
  const auto owned = IntrusivePtr<Entry>::adopt(made);
  FunctionEntry& entry = *made;
  AutogradContext& context = entry.context_;
  for (Edge& edge : edges) entry.edges.push_back(std::move(edge));
  for (Tensor& output : outputs) {
    // An input handed through unchanged is another tensor on the tape than the input itself.
    if (contains(inputs, output) && !contains(dirty, output)) {
      const NoGradGuard no_grad;
      output = contains(non_differentiable, output) ? output.detach() : output.view(output.sizes());
    }
    entry.outputs.push_back(output.defined()
                                ? OutputInfo{output.sizes(), output.dtype(), output.device(), {}}
                                : OutputInfo{});
  }
  // Inputs and outputs are kept without owning their entries; other tensors as they are.
  for (Tensor& tensor : context.to_save_) {
    int8_t slot = AutogradContext::kNotSaved;
    for (size_t i = 0; i < inputs.size() && i < 127 && tensor.defined(); ++i) {
      if (inputs[i].is_same(tensor)) slot = static_cast<int8_t>(i);
    }
    for (size_t k = 0; k < outputs.size() && k < 127 && tensor.defined(); ++k) {
      if (outputs[k].is_same(tensor)) slot = static_cast<int8_t>(~k);
    }
    context.saved_slots_.push_back(slot);
    context.saved_versions_.push_back(tensor.defined() ? tensor.storage()->version() : 0);
    if (tensor.defined() && tensor.is_inference()) {
      fail(
          "{}: Inference tensors cannot be saved for backward. To work around you can make a clone "
          "to get a normal tensor and use it in autograd.",
          name);
    }
    if (slot == AutogradContext::kNotSaved) continue;
    entry.save(tensor, slot);
    tensor = Tensor();
  }
  for (size_t k = 0; k < outputs.size(); ++k) {
    const Tensor& output = outputs[k];
    if (!output.defined() || contains(non_differentiable, output)) continue;
    if (!is_differentiable(output.dtype())) continue;
    if (contains(dirty, output)) {
      attach_written(output, owned, static_cast<uint32_t>(k));
      continue;
    }
    attach(output, owned, static_cast<uint32_t>(k));
    if (output.is_view()) output.impl()->view_origin = ViewOrigin::UserFunction;
  }
  return outputs;
}

variable_list record_function(std::string name, FunctionBackward backward, AutogradContext context,
                              std::vector<bool> is_tensor, const variable_list& inputs,
                              variable_list outputs) {
  return FunctionEntry::record(std::move(name), backward, std::move(context), std::move(is_tensor),
                               inputs, std::move(outputs));
}

}  // namespace reel::autograd
