#include <algorithm>
#include <mutex>
#include <queue>

#include <reel/autograd/checkpoint.h>
#include <reel/autograd/entry.h>
#include <reel/tensor/check.h>
#include <reel/tensor/random.h>

// The first run is recorded as ever, so that the tape is the one that there would be without the
// checkpoint; then what its entries saved is dropped. The first replay of one of them runs the
// function a second time, on inputs off the tape, and hands what those entries saved to the first
// ones: the k-th that was recorded in the one run is the k-th in the other.

namespace reel::autograd::detail {
namespace {

// The entries that lead to the outputs and were recorded since `first`, in order.
std::vector<IntrusivePtr<Entry>> entries_since(uint64_t first, const variable_list& outputs) {
  const auto earlier = [](const IntrusivePtr<Entry>& a, const IntrusivePtr<Entry>& b) {
    return a->sequence < b->sequence;
  };
  std::priority_queue<IntrusivePtr<Entry>, std::vector<IntrusivePtr<Entry>>, decltype(earlier)>
      open(earlier);
  const auto visit = [&](const Edge& edge) {
    if (edge.entry && edge.entry->sequence >= first) open.push(edge.entry);
  };
  for (const Tensor& output : outputs) {
    if (output.defined()) visit(edge_of(output));
  }
  std::vector<IntrusivePtr<Entry>> entries;
  while (!open.empty()) {
    const IntrusivePtr<Entry> entry = open.top();
    open.pop();
    if (!entries.empty() && entries.back() == entry) continue;
    entries.push_back(entry);
    for (const Edge& edge : entry->edges) visit(edge);
  }
  std::reverse(entries.begin(), entries.end());
  return entries;
}

class Checkpoint final : public Recompute {
 public:
  Checkpoint(IntrusivePtr<KeptFunction> function, const variable_list& inputs, bool keep_rng)
      : function_(std::move(function)), inputs_(inputs) {
    for (const Tensor& input : inputs_) versions_.push_back(version_of(input));
    if (keep_rng) rng_state_ = default_generator().get_state();
  }

  variable_list run_first();
  void fill(Entry& entry, size_t number) override;

 private:
  // What an entry of the second run saved. A checkpoint inside the function leaves that to itself.
  struct Made {
    std::vector<Saved> saved;
    IntrusivePtr<Recompute> recompute;
    uint32_t number = 0;
  };

  static uint32_t version_of(const Tensor& t) { return t.defined() ? t.storage()->version() : 0; }
  bool is_input(const TensorImpl& tensor) const {
    return std::any_of(inputs_.begin(), inputs_.end(), [&](const Tensor& input) {
      return input.defined() && input.storage() == tensor.storage;
    });
  }
  void run_again();

  IntrusivePtr<KeptFunction> function_;
  variable_list inputs_;
  std::vector<uint32_t> versions_;
  Tensor rng_state_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::vector<Made> made_;
};

variable_list Checkpoint::run_first() {
  const uint64_t first = next_sequence_number();
  variable_list outputs = (*function_)(inputs_);
  const auto entries = entries_since(first, outputs);
  for (size_t k = 0; k < entries.size(); ++k) {
    Entry& entry = *entries[k];
    names_.emplace_back(entry.name());
    for (Saved& saved : entry.saved) {
      if (!saved.tensor) continue;
      // What others own costs nothing to keep, and is then checked for having been overwritten.
      const Edge* edge = saved.slot < 0 ? nullptr : &entry.edges[static_cast<size_t>(saved.slot)];
      const bool older =
          edge != nullptr && (edge->leaf || (edge->entry && edge->entry->sequence < first));
      if (!older && !is_input(*saved.tensor)) saved.tensor = nullptr;
    }
    entry.recompute = IntrusivePtr<Recompute>(this);
    entry.recompute_number = static_cast<uint32_t>(k);
  }
  return outputs;
}

void Checkpoint::run_again() {
  variable_list inputs;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& input = inputs_[i];
    if (version_of(input) != versions_[i]) {
      fail(
          "checkpoint: one of the variables needed for gradient computation has been modified by "
          "an inplace operation: input {} of the checkpoint, [{} {}], is at version {}; expected "
          "version {} instead.",
          i, input.dtype(), input.sizes(), version_of(input), versions_[i]);
    }
    inputs.push_back(input.defined() ? input.detach().requires_grad_(input.requires_grad())
                                     : input);
  }
  const InternalGuard recording(/*internal=*/false);
  Tensor now;
  if (rng_state_.defined()) {
    now = default_generator().get_state();
    default_generator().set_state(rng_state_);
  }
  const uint64_t first = next_sequence_number();
  variable_list outputs;
  try {
    outputs = (*function_)(inputs);
  } catch (...) {
    if (now.defined()) default_generator().set_state(now);
    throw;
  }
  if (now.defined()) default_generator().set_state(now);

  const auto entries = entries_since(first, outputs);
  if (entries.size() != names_.size()) {
    fail("checkpoint: expected the function to record {} ops again, it recorded {}", names_.size(),
         entries.size());
  }
  for (size_t k = 0; k < entries.size(); ++k) {
    Entry& entry = *entries[k];
    if (names_[k] != entry.name()) {
      fail("checkpoint: expected '{}' to be op {} of the function again, it was '{}'", names_[k], k,
           entry.name());
    }
    made_.push_back(
        {{entry.saved.begin(), entry.saved.end()}, entry.recompute, entry.recompute_number});
  }
}

void Checkpoint::fill(Entry& entry, size_t number) {
  const std::lock_guard lock(mutex_);
  if (made_.empty()) run_again();
  Made& made = made_[number];
  if (made.saved.size() != entry.saved.size()) {
    fail("checkpoint: expected '{}' to save {} tensors again, it saved {}", entry.name(),
         entry.saved.size(), made.saved.size());
  }
  for (size_t i = 0; i < made.saved.size(); ++i) {
    if (!entry.saved[i].tensor) entry.saved[i] = made.saved[i];
  }
  entry.recompute = made.recompute;
  entry.recompute_number = made.number;
  made = {std::vector<Saved>(entry.saved.size()), nullptr, 0};
}

}  // namespace

variable_list checkpoint(IntrusivePtr<KeptFunction> function, const variable_list& inputs,
                         bool preserve_rng_state) {
  if (!GradMode::is_enabled()) return (*function)(inputs);
  const auto checkpoint = IntrusivePtr<Checkpoint>::adopt(
      new Checkpoint(std::move(function), inputs, preserve_rng_state));
  return checkpoint->run_first();
}

}  // namespace reel::autograd::detail
