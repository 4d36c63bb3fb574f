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

/// How the memory of two tensors meets, as far as that is easily said: Unknown is for tensors over
/// the same storage of which one has gaps or elements that share memory.
enum class Overlap { None, Full, Partial, Unknown };
Overlap overlap_of(const Tensor& a, const Tensor& b);
/// Refuses to write into a tensor that partly overlaps what is read meanwhile.
void check_no_partial_overlap(const char* op, const Tensor& target, const Tensor& input);

/// All memory from the first to the last element of `view`, which is self or a view of it, as a
/// vector. It is a view of the tensor that self looks into, since it holds elements that self may
/// not have. Undefined if that one is of another dtype.
Tensor memory_of(const Tensor& self, const Tensor& view);

/// The form in place of a function: `return InPlaceForm(*this, "asinh_").of(asinh(*this))` writes
/// the result, of self's shape and of a dtype that can be cast to self's, into self. Made before
/// the function runs, it knows what that recorded: where gradients read self, they get what it was.
class InPlaceForm {
 public:
  InPlaceForm(Tensor& self, const char* op)
      : self_(self), op_(op), first_(autograd::next_sequence_number()) {}
  Tensor& of(const Tensor& result) const;

 private:
  Tensor& self_;
  const char* op_;
  uint64_t first_;
};

/// The same for a result that was computed before, where no gradient reads self.
Tensor& write_result(Tensor& self, const char* op, const Tensor& result);

/// Marks the results of an op that returns several views: they are not written in place while
/// recording.
std::vector<Tensor> one_of_many(std::vector<Tensor> views);

namespace detail {
using RunInto = void (*)(const void* context, Tensor& target, bool keep_target);
void write_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                    const Tensor& target, const Infer::Output& result, RunInto run,
                    const void* context);
}  // namespace detail

/// Runs an op into `target`: directly, or through a temporary where the op neither is elementwise
/// nor updates the target (see update()), the dtype differs or an input overlaps the target in a
/// way that is not easily said. `run(tensor, keep)` computes the op.
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

/// Runs an op that changes some elements of its first input in that tensor, so that the time is
/// that of the elements written: its kernels touch no others where the output is the first input.
/// Told by the target being inputs[0] itself.
template <class Op, class... Rest>
void update(const Tensor& target, const Op& op, const Rest&... rest) {
  const Tensor list[] = {target, rest...};
  execute_in_place(info_of<Op>(), &op, list, list[0]);
}

}  // namespace reel::ops
