#include <reel/autograd/replay.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::autograd {

Replay::Replay(Entry& entry, Tensor* grads, bool create_graph, ArrayRef<bool> wanted)
    : entry_(entry),
      grads_(grads),
      wanted_(wanted),
      results_(entry.edges.size()),
      create_graph_(create_graph) {}

const Tensor& Replay::grad(int k) const {
  Tensor& grad = grads_[k];
  if (grad.defined()) return grad;
  const OutputInfo& info = entry_.outputs[static_cast<size_t>(k)];
  return grad = zeros(info.sizes, TensorOptions(info.dtype).device(info.device));
}

bool Replay::needs(int i) const {
  const auto at = static_cast<size_t>(i);
  if (at >= entry_.edges.size() || !entry_.edges[at].needed()) return false;
  return wanted_.empty() || wanted_[at];
}

bool Replay::has_in(int i) const {
  for (const Saved& s : entry_.saved) {
    if (s.slot == i) return true;
  }
  return false;
}

IntArrayRef Replay::in_sizes(int i) const {
  const Edge& edge = entry_.edges[static_cast<size_t>(i)];
  return edge.entry ? IntArrayRef(edge.entry->outputs[edge.output].sizes)
                    : IntArrayRef(edge.leaf->sizes);
}

ScalarType Replay::in_dtype(int i) const {
  const Edge& edge = entry_.edges[static_cast<size_t>(i)];
  return edge.entry ? edge.entry->outputs[edge.output].dtype : edge.leaf->dtype;
}

void Replay::set(int i, Tensor grad) {
  if (!needs(i) || !grad.defined()) return;
  const IntArrayRef sizes = in_sizes(i);
  if (!(grad.sizes() == sizes)) grad = grad.sum_to_size(sizes);
  if (const ScalarType dtype = in_dtype(i); grad.dtype() != dtype) grad = grad.to(dtype);
  results_[static_cast<size_t>(i)] = std::move(grad);
}

Tensor Replay::unpack(int8_t slot) const {
  for (const Saved& s : entry_.saved) {
    if (s.slot != slot) continue;
    while (!s.tensor && entry_.recompute) {
      const IntrusivePtr<Recompute> recompute = entry_.recompute;
      recompute->fill(entry_, entry_.recompute_number);
    }
    if (!s.tensor) fail("{}: a checkpoint did not compute what was saved again", entry_.name());
    const StorageImpl& storage = *s.tensor->storage;
    if (storage.version() != s.version) {
      fail(
          "one of the variables needed for gradient computation has been modified by an inplace "
          "operation: [{} {}], which '{}' saved as its {} {}, is at version {}; expected version "
          "{} instead. It was overwritten by '{}'.",
          s.tensor->dtype, IntArrayRef(s.tensor->sizes), entry_.name(),
          slot < 0 ? "output" : "input", slot < 0 ? ~slot : slot, storage.version(), s.version,
          storage.last_writer() == nullptr ? "unknown" : storage.last_writer());
    }
    if (!create_graph_) return Tensor(s.tensor);
    // A handle of its own, with the place on the tape that the tensor had when it was saved.
    Tensor tensor(s.tensor->detached());
    if (slot < 0) {
      attach(tensor, IntrusivePtr<Entry>(&entry_), static_cast<uint32_t>(~slot));
      return tensor;
    }
    const Edge& edge = entry_.edges[static_cast<size_t>(slot)];
    if (edge.leaf) return Tensor(edge.leaf);
    if (edge.entry) attach(tensor, edge.entry, edge.output);
    return tensor;
  }
  fail("{}: the gradient reads a tensor that was not saved (slot {})", entry_.name(),
       static_cast<int>(slot));
}

}  // namespace reel::autograd
