#pragma once

#include <reel/tensor/ops/op.h>

// Writing into a tensor that exists, and what that means for the tape.

namespace reel::ops {

/// An entry for an op with its edges and saved inputs, made before the op writes in place.
IntrusivePtr<autograd::Entry> make_entry(const OpInfo& info, const void* op,
                                         std::span<const Tensor> inputs);
/// Adds the outputs and what the gradient reads of them.
void finish_entry(const OpInfo& info, const IntrusivePtr<autograd::Entry>& entry,
                  std::span<const Tensor> outputs);

/// What is checked before and noted after a tensor is written in place, whoever writes.
class InPlaceWrite {
 public:
  /// Checks that `target` may be written: not a leaf that requires gradients, no element twice.
  InPlaceWrite(const char* op, const Tensor& target, bool recording);
  /// Counts the write, after it was done.
  void written() const;
  /// Gives the target its new place on the tape: output 0 of `entry`.
  void attach(const IntrusivePtr<autograd::Entry>& entry) const;

 private:
  const char* op_;
  const Tensor& target_;
};

namespace detail {
using RunInto = void (*)(const void* context, Tensor& target, bool keep_target);
void write_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                    const Tensor& target, const Infer::Output& result, RunInto run,
                    const void* context);
}  // namespace detail

/// Runs an op into `target`: directly, or through a temporary where the op is not elementwise, the
/// dtype differs or an input overlaps the target. `run(tensor, keep)` computes the op.
template <class Run>
void write_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                    const Tensor& target, const Infer::Output& result, const Run& run) {
  detail::write_in_place(
      info, op, inputs, target, result,
      [](const void* context, Tensor& t, bool keep) {
        (*static_cast<const Run*>(context))(t, keep);
      },
      &run);
}

}  // namespace reel::ops
