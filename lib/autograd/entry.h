#pragma once

#include <string>
#include <vector>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/inline_vector.h>
#include <reel/tensor/tensor.h>

// The tape is an order, not a container: each recorded op is an Entry with a sequence number, owned
// by the tensors it produced and by the entries that read them.

namespace reel::autograd {

/// Where the gradient of an entry's input goes: to an output of an earlier entry, to a leaf, or,
/// if the input needs none, nowhere.
struct Edge {
  IntrusivePtr<Entry> entry;
  uint32_t output = 0;
  IntrusivePtr<TensorImpl> leaf;

  bool needed() const { return static_cast<bool>(entry) || static_cast<bool>(leaf); }
};

/// The edge that a tensor's gradient takes. For a view whose base was written in place since, its
/// entry is found anew from the base.
Edge edge_of(const Tensor& tensor);

/// A tensor kept for replay: its memory and geometry, off the tape, with the version it had. The
/// place on the tape is the entry's own edge (inputs) or the entry itself (outputs), so that
/// nothing is owned in a circle.
struct Saved {
  /// None while a checkpoint has yet to compute it again.
  IntrusivePtr<TensorImpl> tensor;
  uint32_t version = 0;
  int8_t slot = 0;  ///< i for input i, ~k for output k
};

/// What is known of an entry's output without keeping it alive.
struct OutputInfo {
  Shape sizes;
  ScalarType dtype = ScalarType::Undefined;
  Device device;
  std::vector<IntrusivePtr<GradHook>> hooks = {};
  /// True if retain_grad() was called; one of the hooks then keeps the gradient.
  bool retains_grad = false;
};

/// Computes what entries saved again, for those that a checkpoint relieved of it.
struct Recompute {
  virtual ~Recompute() = default;
  /// Gives the number-th entry of the checkpoint its saved tensors back.
  virtual void fill(Entry& entry, size_t number) = 0;

  friend void retain(Recompute* recompute) { recompute->references.increment(); }
  friend void release(Recompute* recompute) {
    if (recompute->references.decrement()) delete recompute;
  }
  Counter references = 1;
};

class Replay;

/// One way that a gradient takes from an entry, for programs that walk the tape.
struct NextEdge {
  IntrusivePtr<Entry> function;  ///< the entry that produced the input; none for a leaf
  uint32_t input_nr = 0;         ///< which of that entry's outputs the input is
  Tensor variable;               ///< the leaf whose grad() accumulates
  bool is_valid() const { return static_cast<bool>(function) || variable.defined(); }
};

/// One executed op on the tape; what Tensor::grad_fn() gives.
class Entry {
 public:
  Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  static void* operator new(std::size_t bytes) { return take_block(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { give_block(memory, bytes); }
  virtual ~Entry();

  /// The op's name.
  virtual const char* name() const = 0;
  /// Computes the gradients of the inputs that need them from those of the outputs.
  virtual void replay(Replay& call) = 0;
  /// The op's attributes for people, e.g. "stride=[1, 1]"; may be empty.
  virtual std::string attributes() const { return {}; }
  /// Drops what was kept for replay; the entry cannot be replayed again.
  virtual void release_saved();

  /// Keeps a tensor for replay: input i (slot i) or output k (slot ~k).
  void save(const Tensor& tensor, int8_t slot);
  /// True once what was kept for replay is gone. An entry that kept nothing can be replayed again.
  bool released() const { return released_; }
  /// Bytes of the storages kept for replay.
  size_t saved_bytes() const;

  /// For programs that walk the tape, as LibTorch's Node has them: where the gradients of the op's
  /// inputs go, how many inputs and outputs the replay of this entry has, when it was recorded.
  std::vector<NextEdge> next_edges() const;
  NextEdge next_edge(size_t input) const;
  size_t num_inputs() const { return outputs.size(); }
  size_t num_outputs() const { return edges.size(); }
  uint64_t sequence_nr() const { return sequence; }

  const uint64_t sequence;
  InlineVector<Edge, 2> edges;
  InlineVector<OutputInfo, 1> outputs;
  InlineVector<Saved, 2> saved;
  /// Makes the saved tensors that a checkpoint left out; this is its entry of that number.
  IntrusivePtr<Recompute> recompute;
  uint32_t recompute_number = 0;
  /// Scope names in force when recorded, e.g. "features.conv1_1"; owned by the scope table.
  const char* scope = nullptr;
  /// Where the op was called, kept under DetectAnomalyGuard.
  Owned<std::string> traceback;

  friend void retain(Entry* entry);
  friend void release(Entry* entry);

 private:
  Counter references_ = 1;
  bool released_ = false;
  Entry* next_dead_ = nullptr;
};

/// LibTorch's name for it.
using Node = Entry;

/// The sequence number that the next entry of this process will have at least.
uint64_t next_sequence_number();

/// Makes `output` the k-th result of `entry` on the tape.
void attach(const Tensor& output, IntrusivePtr<Entry> entry, uint32_t k);
/// The same for a tensor that was written in place: if it is a view, its base gets the result, too.
void attach_written(const Tensor& output, const IntrusivePtr<Entry>& entry, uint32_t k);

/// Names the ops recorded in its scope; nested names are joined by dots.
class ScopeGuard {
 public:
  explicit ScopeGuard(const std::string& name);
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  ~ScopeGuard();

 private:
  const char* previous_;
};

}  // namespace reel::autograd
