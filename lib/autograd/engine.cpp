#include <algorithm>
#include <memory>
#include <mutex>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include <reel/autograd/autograd.h>
#include <reel/autograd/replay.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::autograd {
namespace {

// Adds a gradient to one that is already there, in place where nobody else can see it.
void accumulate(Tensor& sum, Tensor grad, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(grad);
    return;
  }
  const TensorImpl& impl = *sum.impl();
  const bool ours = !create_graph && impl.references.load(std::memory_order_relaxed) == 1 &&
                    impl.storage->use_count() == 1 && is_dense_layout(impl.sizes, impl.strides) &&
                    sum.dtype() == grad.dtype();
  if (ours) {
    sum.add_(grad);
  } else {
    sum = sum + grad;
  }
}

Tensor run_hooks(const std::vector<std::shared_ptr<GradHook>>& hooks, Tensor grad) {
  for (const auto& hook : hooks) {
    if (hook == nullptr) continue;
    Tensor replaced = (*hook)(grad);
    if (!replaced.defined()) continue;
    if (!(replaced.sizes() == grad.sizes())) {
      fail("hook: expected a gradient of shape {}, got {}", grad.sizes(), replaced.sizes());
    }
    grad = std::move(replaced);
  }
  return grad;
}

// Puts a complete gradient where the user finds it: leaf.grad().
void add_to_leaf(TensorImpl& leaf, Tensor grad, bool create_graph) {
  static std::mutex mutex;  // replays on several threads may share leaves
  std::lock_guard lock(mutex);
  AutogradSlot& slot = leaf.autograd();
  if (slot.grad == nullptr) slot.grad = std::make_shared<Tensor>();
  Tensor& sum = *slot.grad;
  if (!sum.defined()) {
    const TensorImpl& g = *grad.impl();
    const bool ours = g.references.load(std::memory_order_relaxed) == 1 &&
                      g.storage->use_count() == 1 && is_dense_layout(g.sizes, g.strides);
    if (create_graph || ours) {
      sum = std::move(grad);
    } else {
      sum = empty_strided(leaf.sizes, dense_strides_like(leaf.sizes, leaf.strides),
                          TensorOptions(grad.dtype()).device(grad.device()));
      sum.copy_(grad);
    }
  } else if (create_graph) {
    sum = sum + grad;
  } else {
    sum.add_(grad);
  }
}

// One replay of the tape.
class Replayer {
 public:
  Replayer(bool retain_graph, bool create_graph)
      : retain_graph_(retain_graph), create_graph_(create_graph) {}

  // Restricts the replay to what leads to these tensors. Their gradients are captured instead of
  // accumulated if `capture`.
  void restrict_to(const variable_list& inputs, const variable_list& roots, bool capture);

  void start(const Tensor& root, Tensor grad) { push(edge_of(root), std::move(grad)); }
  void run();

  variable_list captured;

 private:
  struct Later {
    bool operator()(const IntrusivePtr<Entry>& a, const IntrusivePtr<Entry>& b) const {
      return a->sequence < b->sequence;
    }
  };

  void push(const Edge& edge, Tensor grad);
  void replay(Entry& entry, variable_list grads);
  bool wanted(const Edge& edge) const;
  void finish_leaves();
  static void check_finite(const Entry& entry, const variable_list& grads);

  bool retain_graph_;
  bool create_graph_;
  // A max-heap on the sequence number: every reader of an output has a larger number than its
  // producer, so when an entry is the largest left, all its gradients have arrived.
  std::priority_queue<IntrusivePtr<Entry>, std::vector<IntrusivePtr<Entry>>, Later> heap_;
  std::unordered_map<Entry*, variable_list> grads_;
  std::vector<std::pair<IntrusivePtr<TensorImpl>, Tensor>> leaves_;
  std::unordered_map<TensorImpl*, size_t> leaf_index_;
  bool restricted_ = false;
  bool capture_ = false;
  std::unordered_set<const Entry*> wanted_entries_;
  std::unordered_map<const TensorImpl*, std::vector<size_t>> wanted_leaves_;
  std::unordered_map<const Entry*, std::vector<std::pair<uint32_t, size_t>>> captures_;
};

void Replayer::restrict_to(const variable_list& inputs, const variable_list& roots, bool capture) {
  restricted_ = true;
  capture_ = capture;
  captured.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Edge edge = edge_of(inputs[i]);
    if (edge.entry) captures_[edge.entry.get()].emplace_back(edge.output, i);
    if (edge.leaf) wanted_leaves_[edge.leaf.get()].push_back(i);
  }
  std::vector<const Entry*> order;
  std::vector<const Entry*> open;
  std::unordered_set<const Entry*> seen;
  const auto visit = [&](const Edge& edge) {
    if (edge.entry && seen.insert(edge.entry.get()).second) open.push_back(edge.entry.get());
  };
  for (const Tensor& root : roots) visit(edge_of(root));
  while (!open.empty()) {
    const Entry* entry = open.back();
    open.pop_back();
    order.push_back(entry);
    for (const Edge& edge : entry->edges) visit(edge);
  }
  // Earlier entries first, so that each finds the verdict on those it leads to.
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; });
  for (const Entry* entry : order) {
    const bool leads =
        captures_.count(entry) != 0 || std::any_of(entry->edges.begin(), entry->edges.end(),
                                                   [&](const Edge& edge) { return wanted(edge); });
    if (leads) wanted_entries_.insert(entry);
  }
}

bool Replayer::wanted(const Edge& edge) const {
  if (!edge.needed()) return false;
  if (!restricted_) return true;
  return edge.entry ? wanted_entries_.count(edge.entry.get()) != 0
                    : wanted_leaves_.count(edge.leaf.get()) != 0;
}

void Replayer::push(const Edge& edge, Tensor grad) {
  if (!grad.defined() || !wanted(edge)) return;
  if (edge.leaf) {
    const auto [at, fresh] = leaf_index_.try_emplace(edge.leaf.get(), leaves_.size());
    if (fresh) leaves_.emplace_back(edge.leaf, Tensor());
    accumulate(leaves_[at->second].second, std::move(grad), create_graph_);
    return;
  }
  const auto [at, fresh] = grads_.try_emplace(edge.entry.get());
  if (fresh) {
    at->second.resize(edge.entry->outputs.size());
    heap_.push(edge.entry);
  }
  accumulate(at->second[edge.output], std::move(grad), create_graph_);
}

void Replayer::run() {
  const AutoGradMode mode(create_graph_);
  while (!heap_.empty()) {
    const IntrusivePtr<Entry> entry = heap_.top();
    heap_.pop();
    auto node = grads_.extract(entry.get());
    replay(*entry, std::move(node.mapped()));
  }
  finish_leaves();
}

void Replayer::replay(Entry& entry, variable_list grads) {
  for (size_t k = 0; k < grads.size(); ++k) {
    OutputInfo& info = entry.outputs[k];
    if (!grads[k].defined()) continue;
    if (!info.hooks.empty()) grads[k] = run_hooks(info.hooks, std::move(grads[k]));
    if (info.retained != nullptr) {
      *info.retained = info.retained->defined() ? *info.retained + grads[k] : grads[k];
    }
  }
  if (const auto found = captures_.find(&entry); found != captures_.end()) {
    for (const auto& [output, at] : found->second) {
      if (capture_) {
        captured[at] = grads[output];
      }
    }
  }
  std::unique_ptr<bool[]> wanted_inputs(new bool[entry.edges.size() + 1]);
  bool any = false;
  for (size_t i = 0; i < entry.edges.size(); ++i) {
    any |= wanted_inputs[i] = wanted(entry.edges[i]);
  }
  if (!any) return;
  if (entry.released()) {
    fail(
        "{}: Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd::grad(). Specify retain_graph=true if you need to "
        "backward through the graph a second time or if you need to access saved tensors after "
        "calling backward.",
        entry.name());
  }
  const ArrayRef<bool> wanted_list(wanted_inputs.get(), entry.edges.size());
  Replay call(entry, grads, create_graph_, wanted_list);
  entry.replay(call);
  variable_list results = std::move(call.results());
  grads.clear();
  if (DetectAnomalyGuard::is_enabled()) check_finite(entry, results);
  if (!retain_graph_) entry.release_saved();
  for (size_t i = 0; i < results.size(); ++i) push(entry.edges[i], std::move(results[i]));
}

void Replayer::finish_leaves() {
  for (auto& [leaf, grad] : leaves_) {
    if (leaf->slot != nullptr && !leaf->slot->hooks.empty()) {
      const auto hooks = leaf->slot->hooks;
      grad = run_hooks(hooks, std::move(grad));
    }
    if (!capture_) {
      add_to_leaf(*leaf, std::move(grad), create_graph_);
      continue;
    }
    for (const size_t at : wanted_leaves_[leaf.get()]) captured[at] = grad;
  }
}

void Replayer::check_finite(const Entry& entry, const variable_list& grads) {
  const NoGradGuard no_grad;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined() || !grads[i].isnan().any().item<bool>()) continue;
    fail(
        "Function '{}' returned nan values in its {}th output. The forward call that it belongs "
        "to was made here:\n{}",
        entry.name(), i,
        entry.traceback == nullptr
            ? "  (no traceback: it was recorded outside a DetectAnomalyGuard)\n"
            : *entry.traceback);
  }
}

variable_list root_grads(const char* op, const variable_list& roots, const variable_list& given) {
  if (!given.empty() && given.size() != roots.size()) {
    fail("{}: expected one gradient per output, got {} outputs and {} gradients", op, roots.size(),
         given.size());
  }
  variable_list grads;
  for (size_t i = 0; i < roots.size(); ++i) {
    const Tensor& root = roots[i];
    if (!root.defined()) fail("{}: output {} is an undefined tensor", op, i);
    if (!root.requires_grad()) {
      fail("{}: element {} of tensors does not require grad and does not have a grad_fn", op, i);
    }
    if (i < given.size() && given[i].defined()) {
      if (!(given[i].sizes() == root.sizes())) {
        fail(
            "{}: Mismatch in shape: grad_output[{}] has a shape of {} and output[{}] has a shape "
            "of {}",
            op, i, given[i].sizes(), i, root.sizes());
      }
      grads.push_back(given[i]);
    } else if (root.numel() == 1) {
      grads.push_back(ones(root.sizes(), root.options()));
    } else {
      fail("{}: grad can be implicitly created only for scalar outputs, output {} has shape {}", op,
           i, root.sizes());
    }
  }
  return grads;
}

}  // namespace

void backward(const variable_list& tensors, const variable_list& grad_tensors,
              std::optional<bool> retain_graph, bool create_graph, const variable_list& inputs) {
  variable_list grads = root_grads("backward", tensors, grad_tensors);
  Replayer replayer(retain_graph.value_or(create_graph), create_graph);
  for (const Tensor& input : inputs) {
    if (!input.is_leaf()) fail("backward: One of the inputs is not a leaf tensor");
  }
  if (!inputs.empty()) replayer.restrict_to(inputs, tensors, /*capture=*/false);
  for (size_t i = 0; i < tensors.size(); ++i) replayer.start(tensors[i], std::move(grads[i]));
  replayer.run();
}

variable_list grad(const variable_list& outputs, const variable_list& inputs,
                   const variable_list& grad_outputs, std::optional<bool> retain_graph,
                   bool create_graph, bool allow_unused) {
  variable_list grads = root_grads("grad", outputs, grad_outputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) {
      fail("grad: One of the differentiated Tensors does not require grad (input {})", i);
    }
  }
  Replayer replayer(retain_graph.value_or(create_graph), create_graph);
  replayer.restrict_to(inputs, outputs, /*capture=*/true);
  for (size_t i = 0; i < outputs.size(); ++i) replayer.start(outputs[i], std::move(grads[i]));
  replayer.run();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!replayer.captured[i].defined() && !allow_unused) {
      fail(
          "grad: One of the differentiated Tensors appears to not have been used in the graph "
          "(input {}). Set allow_unused=true if this is the desired behavior.",
          i);
    }
  }
  return std::move(replayer.captured);
}

}  // namespace reel::autograd
