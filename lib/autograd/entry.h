#pragma once

#include <memory>
#include <string>
#include <vector>

#include <reel/autograd/grad_mode.h>
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
  IntrusivePtr<TensorImpl> tensor;
  uint32_t version = 0;
  int8_t slot = 0;  ///< i for input i, ~k for output k
};

/// What is known of an entry's output without keeping it alive.
struct OutputInfo {
  Shape sizes;
  ScalarType dtype = ScalarType::Undefined;
  Device device;
  std::vector<std::shared_ptr<GradHook>> hooks;
  /// Where to keep the gradient, if retain_grad() was called.
  std::shared_ptr<Tensor> retained;
};

class Replay;

/// One executed op on the tape.
class Entry {
 public:
  Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
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
  bool released() const { return released_; }
  /// Bytes of the storages kept for replay.
  size_t saved_bytes() const;

  const uint64_t sequence;
  std::vector<Edge> edges;
  std::vector<OutputInfo> outputs;
  std::vector<Saved> saved;
  /// Scope names in force when recorded, e.g. "features.conv1_1"; owned by the scope table.
  const char* scope = nullptr;
  /// Where the op was called, kept under DetectAnomalyGuard.
  std::unique_ptr<std::string> traceback;

  friend void retain(Entry* entry);
  friend void release(Entry* entry);

 private:
  std::atomic<uint32_t> references_{1};
  bool released_ = false;
  Entry* next_dead_ = nullptr;
};

/// Makes `output` the k-th result of `entry` on the tape.
void attach(const Tensor& output, const IntrusivePtr<Entry>& entry, uint32_t k);

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
