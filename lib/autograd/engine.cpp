#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <unordered_map>

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
  const bool ours = !create_graph && impl.references.load() == 1 &&
                    impl.storage->use_count() == 1 && is_dense_layout(impl.sizes, impl.strides) &&
                    sum.dtype() == grad.dtype();
  if (ours) {
    sum.add_(grad);
  } else {
    sum = sum + grad;
  }
}

Tensor run_hooks(const std::vector<IntrusivePtr<GradHook>>& hooks, Tensor grad) {
  for (const auto& hook : hooks) {
    if (hook == nullptr) continue;
    Tensor replaced = (*hook)(grad);
    if (!replaced.defined()) continue;
    if (!(replaced.sizes() == grad.sizes())) {
      fail("hook: a hook has changed the size of value: expected {}, got {}", grad.sizes(),
           replaced.sizes());
    }
    if (replaced.dtype() != grad.dtype()) {
      fail("hook: a hook has changed the type of value (was {} got {})", grad.dtype(),
           replaced.dtype());
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
  if (!slot.grad) slot.grad = IntrusivePtr<GradCell>::adopt(new GradCell);
  Tensor& sum = slot.grad->grad;
  if (!sum.defined()) {
    const TensorImpl& g = *grad.impl();
    const bool ours = g.references.load() == 1 && g.storage->use_count() == 1 &&
                      is_dense_layout(g.sizes, g.strides);
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

std::string forward_call(const Entry& entry) {
  if (entry.traceback == nullptr) {
    return " No forward pass information available: it was recorded while anomaly detection was "
           "off.";
  }
  return " The forward call that it belongs to was made here:\n" + *entry.traceback;
}

// Under anomaly detection an error in a gradient tells of the forward call.
void run_entry(Entry& entry, Replay& call) {
  if (!AnomalyMode::is_enabled()) {
    entry.replay(call);
    return;
  }
  try {
    entry.replay(call);
  } catch (const Error& error) {
    throw Error(fmt::format("{}\nError detected in '{}'.{}", error.what(), entry.name(),
                            forward_call(entry)));
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

  void start(const Tensor& root, Tensor grad) {
    const Edge edge = edge_of(root);
    if (wanted(edge)) push(edge, std::move(grad));
  }
  void run();

  variable_list captured;

 private:
  struct Pending {
    IntrusivePtr<Entry> entry;
    InlineVector<Tensor, 1> grads;
  };
  using Queue = std::map<uint64_t, Pending>;
  // Output `output` of the entry with this sequence number is input `at` of the caller.
  struct Target {
    uint64_t sequence;
    uint32_t output;
    size_t at;
    bool operator<(const Target& other) const { return sequence < other.sequence; }
  };
  using LeafTarget = std::pair<const TensorImpl*, size_t>;

  void push(const Edge& edge, Tensor grad);
  void replay(Entry& entry, InlineVector<Tensor, 1>& grads);
  bool wanted(const Edge& edge) const;
  Tensor& leaf_sum(const IntrusivePtr<TensorImpl>& leaf);
  std::pair<const LeafTarget*, const LeafTarget*> targets_of(const TensorImpl* leaf) const;
  void finish_leaves();
  static void check_finite(const Entry& entry, ArrayRef<Tensor> grads);

  bool retain_graph_;
  bool create_graph_;
  // By sequence number, the largest next: every reader of an output has a larger number than its
  // producer, so when an entry is the largest left, all its gradients have arrived.
  static constexpr size_t kSomeEntries = 64;  // a short tape then grows no vector
  Queue queue_;
  std::vector<Queue::node_type> spare_;
  std::vector<std::pair<IntrusivePtr<TensorImpl>, Tensor>> leaves_;
  std::unordered_map<TensorImpl*, size_t> leaf_index_;  // once there are many
  bool restricted_ = false;
  bool capture_ = false;
  // All three sorted.
  std::vector<uint64_t> wanted_entries_;
  std::vector<Target> targets_;
  std::vector<LeafTarget> leaf_targets_;
};

void Replayer::restrict_to(const variable_list& inputs, const variable_list& roots, bool capture) {
  restricted_ = true;
  capture_ = capture;
  if (capture) captured.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Edge edge = edge_of(inputs[i]);
    if (edge.entry) targets_.push_back({edge.entry->sequence, edge.output, i});
    if (edge.leaf) leaf_targets_.emplace_back(edge.leaf.get(), i);
  }
  std::sort(targets_.begin(), targets_.end());
  std::sort(leaf_targets_.begin(), leaf_targets_.end());

  // What the roots were made from, last recorded first.
  const auto earlier = [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; };
  std::vector<const Entry*> heap;
  heap.reserve(kSomeEntries);
  std::priority_queue<const Entry*, std::vector<const Entry*>, decltype(earlier)> open(
      earlier, std::move(heap));
  const auto visit = [&](const Edge& edge) {
    if (edge.entry) open.push(edge.entry.get());
  };
  for (const Tensor& root : roots) visit(edge_of(root));
  std::vector<const Entry*> order;
  order.reserve(kSomeEntries);
  wanted_entries_.reserve(kSomeEntries);
  while (!open.empty()) {
    const Entry* entry = open.top();
    open.pop();
    if (!order.empty() && order.back() == entry) continue;
    order.push_back(entry);
    for (const Edge& edge : entry->edges) visit(edge);
  }
  // Earlier entries first, so that each finds the verdict on those it leads to.
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const Entry& entry = **at;
    const bool leads =
        std::binary_search(targets_.begin(), targets_.end(), Target{entry.sequence, 0, 0}) ||
        std::any_of(entry.edges.begin(), entry.edges.end(),
                    [&](const Edge& edge) { return wanted(edge); });
    if (leads) wanted_entries_.push_back(entry.sequence);
  }
}

auto Replayer::targets_of(const TensorImpl* leaf) const
    -> std::pair<const LeafTarget*, const LeafTarget*> {
  const auto range =
      std::equal_range(leaf_targets_.begin(), leaf_targets_.end(), LeafTarget{leaf, 0},
                       [](const LeafTarget& a, const LeafTarget& b) { return a.first < b.first; });
  return {std::to_address(range.first), std::to_address(range.second)};
}

bool Replayer::wanted(const Edge& edge) const {
  if (!edge.needed()) return false;
  if (!restricted_) return true;
  if (edge.entry) {
    return std::binary_search(wanted_entries_.begin(), wanted_entries_.end(), edge.entry->sequence);
  }
  const auto [first, last] = targets_of(edge.leaf.get());
  return first != last;
}

Tensor& Replayer::leaf_sum(const IntrusivePtr<TensorImpl>& leaf) {
  constexpr size_t kFew = 16;
  if (leaves_.size() < kFew) {
    for (auto& [known, sum] : leaves_) {
      if (known == leaf) return sum;
    }
  } else {
    for (size_t i = leaf_index_.size(); i < leaves_.size(); ++i) {
      leaf_index_.emplace(leaves_[i].first.get(), i);
    }
    if (const auto at = leaf_index_.find(leaf.get()); at != leaf_index_.end()) {
      return leaves_[at->second].second;
    }
  }
  return leaves_.emplace_back(leaf, Tensor()).second;
}

void Replayer::push(const Edge& edge, Tensor grad) {
  if (edge.leaf) {
    accumulate(leaf_sum(edge.leaf), std::move(grad), create_graph_);
    return;
  }
  const uint64_t sequence = edge.entry->sequence;
  auto at = queue_.lower_bound(sequence);
  if (at == queue_.end() || at->first != sequence) {
    if (spare_.empty()) {
      at = queue_.try_emplace(at, sequence);
    } else {
      spare_.back().key() = sequence;
      at = queue_.insert(at, std::move(spare_.back()));
      spare_.pop_back();
    }
    at->second.entry = edge.entry;
    at->second.grads.resize(edge.entry->outputs.size());
  }
  accumulate(at->second.grads[edge.output], std::move(grad), create_graph_);
}

void Replayer::run() {
  const InternalGuard mode(!create_graph_);
  while (!queue_.empty()) {
    auto node = queue_.extract(std::prev(queue_.end()));
    Pending& next = node.mapped();
    replay(*next.entry, next.grads);
    next.grads.clear();
    next.entry = {};
    spare_.push_back(std::move(node));
  }
  finish_leaves();
}

// As in PyTorch, what is captured is the gradient before hooks replace it, and hooks run only where
// the gradient goes on.
void Replayer::replay(Entry& entry, InlineVector<Tensor, 1>& grads) {
  bool any = false;
  if (!targets_.empty()) {
    const auto [first, last] =
        std::equal_range(targets_.begin(), targets_.end(), Target{entry.sequence, 0, 0});
    any = first != last && !capture_;
    for (auto at = first; capture_ && at != last; ++at) captured[at->at] = grads[at->output];
  }
  InlineVector<bool, 8> wanted_inputs(entry.edges.size());
  for (size_t i = 0; i < entry.edges.size(); ++i) {
    any |= wanted_inputs[i] = wanted(entry.edges[i]);
  }
  if (!any) return;
  for (size_t k = 0; k < grads.size(); ++k) {
    const auto& hooks = entry.outputs[k].hooks;
    if (!hooks.empty() && grads[k].defined()) grads[k] = run_hooks(hooks, std::move(grads[k]));
  }
  if (std::none_of(wanted_inputs.begin(), wanted_inputs.end(), [](bool w) { return w; })) return;
  if (entry.released()) {
    fail(
        "{}: Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
        "backward through the graph a second time or if you need to access saved tensors after "
        "calling backward.",
        entry.name());
  }
  Replay call(entry, grads.data(), create_graph_,
              ArrayRef<bool>(wanted_inputs.data(), wanted_inputs.size()));
  run_entry(entry, call);
  grads.clear();
  if (AnomalyMode::is_enabled() && AnomalyMode::should_check_nan()) {
    check_finite(entry, call.results());
  }
  if (!retain_graph_) entry.release_saved();
  for (size_t i = 0; i < entry.edges.size(); ++i) {
    Tensor grad = call.take_result(i);  // defined only where it is wanted
    if (grad.defined()) push(entry.edges[i], std::move(grad));
  }
}

void Replayer::finish_leaves() {
  for (auto& [leaf, grad] : leaves_) {
    if (capture_) {
      const auto [first, last] = targets_of(leaf.get());
      for (const LeafTarget* at = first; at != last; ++at) captured[at->second] = grad;
      continue;
    }
    if (leaf->slot != nullptr && !leaf->slot->hooks.empty()) {
      const auto hooks = leaf->slot->hooks;
      grad = run_hooks(hooks, std::move(grad));
    }
    add_to_leaf(*leaf, std::move(grad), create_graph_);
  }
}

void Replayer::check_finite(const Entry& entry, ArrayRef<Tensor> grads) {
  const InternalGuard internal;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined() || !grads[i].isnan().any().item<bool>()) continue;
    fail("Function '{}' returned nan values in its {}th output.{}", entry.name(), i,
         forward_call(entry));
  }
}

variable_list root_grads(const char* op, const variable_list& roots, const variable_list& given) {
  if (!given.empty() && given.size() != roots.size()) {
    fail("{}: got {} tensors and {} gradients", op, roots.size(), given.size());
  }
  variable_list grads;
  for (size_t i = 0; i < roots.size(); ++i) {
    const Tensor& root = roots[i];
    if (!root.defined()) fail("{}: output {} is an undefined tensor", op, i);
    if (!root.requires_grad()) {
      fail("{}: element {} of tensors does not require grad and does not have a grad_fn", op, i);
    }
    if (i < given.size() && given[i].defined()) {
      const Tensor& grad = given[i];
      if (!(grad.sizes() == root.sizes())) {
        fail(
            "{}: Mismatch in shape: grad_output[{}] has a shape of {} and output[{}] has a shape "
            "of {}.",
            op, i, grad.sizes(), i, root.sizes());
      }
      if (grad.is_complex() != root.is_complex()) {
        fail(
            "{}: For complex Tensors, both grad_output and output are required to have the same "
            "dtype. Mismatch in dtype: grad_output[{}] has a dtype of {} and output[{}] has a "
            "dtype of {}.",
            op, i, grad.dtype(), i, root.dtype());
      }
      grads.push_back(grad.dtype() == root.dtype() ? grad : grad.to(root.dtype()));
    } else if (root.numel() != 1) {
      fail("{}: grad can be implicitly created only for scalar outputs, output {} has shape {}", op,
           i, root.sizes());
    } else if (root.is_complex()) {
      fail("{}: grad can be created only for real scalar outputs but got {}", op, root.dtype());
    } else {
      grads.push_back(ones(root.sizes(), root.options()));
    }
  }
  return grads;
}

}  // namespace

void backward(const variable_list& tensors, const variable_list& grad_tensors,
              std::optional<bool> retain_graph, bool create_graph, const variable_list& inputs) {
  variable_list grads = root_grads("backward", tensors, grad_tensors);
  Replayer replayer(retain_graph.value_or(create_graph), create_graph);
  // Inputs that are not leaves keep their gradient, too.
  for (const Tensor& input : inputs) input.retain_grad();
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
          "grad: One of the differentiated Tensors appears to not have been used in the graph. Set "
          "allow_unused=True if this is the desired behavior. It is input {}.",
          i);
    }
  }
  return std::move(replayer.captured);
}

}  // namespace reel::autograd
