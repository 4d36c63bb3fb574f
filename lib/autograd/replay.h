#pragma once

#include <reel/autograd/entry.h>

namespace reel::autograd {

/// What the gradient of an op sees and fills in: gradients of its outputs come in, saved tensors
/// are read, gradients of its inputs are set.
class Replay {
 public:
  /// `grads` has one gradient for each output, undefined where none arrived. `wanted[i]` says
  /// whether the gradient of input i is waited for; empty: every edge's is.
  Replay(Entry& entry, Tensor* grads, bool create_graph, ArrayRef<bool> wanted = {});

  /// The gradient of output k; zeros if none arrived.
  const Tensor& grad(int k = 0) const;
  bool has_grad(int k) const { return grads_[k].defined(); }
  /// Input i and output k as they were when recorded. Only those that the op declared to read.
  Tensor in(int i) const { return unpack(static_cast<int8_t>(i)); }
  Tensor out(int k = 0) const { return unpack(static_cast<int8_t>(~k)); }
  /// True if input i was given and saved.
  bool has_in(int i) const;
  /// True if somebody waits for the gradient of input i.
  bool needs(int i) const;
  int num_inputs() const { return static_cast<int>(entry_.edges.size()); }
  /// Shape and dtype of an input that needs its gradient, and of output k.
  IntArrayRef in_sizes(int i) const;
  ScalarType in_dtype(int i) const;
  IntArrayRef out_sizes(int k = 0) const { return entry_.outputs[static_cast<size_t>(k)].sizes; }
  /// The gradient of input i. A gradient that broadcast over the input is summed to its shape, one
  /// of another dtype is cast; so ops need not care.
  void set(int i, Tensor grad);
  /// True if this replay is itself recorded, for gradients of higher order.
  bool create_graph() const { return create_graph_; }

  /// The gradients set, in the order of the inputs.
  ArrayRef<Tensor> results() const { return ArrayRef<Tensor>(results_.data(), results_.size()); }
  Tensor take_result(size_t i) { return std::move(results_[i]); }

 private:
  Tensor unpack(int8_t slot) const;

  Entry& entry_;
  Tensor* grads_;
  ArrayRef<bool> wanted_;
  InlineVector<Tensor, 4> results_;
  bool create_graph_;
};

}  // namespace reel::autograd
