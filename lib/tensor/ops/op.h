#pragma once

// How an op is declared. An op is a struct whose members are its attributes, with
//
//   static constexpr const char* name    the name of its row in kernel tables
//   static constexpr Reads reads         per input: what the gradient of that input reads
//   void infer(Infer&) const             shapes and dtypes of the outputs; the only checks there
//   are Tensor view(const Tensor&) const     instead of infer: makes the result itself, as a rule
//   new
//                                        metadata over the same memory
//   void compose(Compose&) const         the op in terms of others, for backends without a kernel
//   void backward(Replay&) const         gradients, written in ops, so that every order exists
//
// of which compose and backward may be missing. `apply(Op{...}, inputs...)` runs it: infer,
// allocate, dispatch, record, return. Private to the library and its backends.

#include <array>
#include <span>

#include <reel/autograd/replay.h>
#include <reel/backends/backend.h>
#include <reel/tensor/tensor.h>

namespace reel::ops {

using autograd::Replay;

/// What a gradient reads: a set of inputs and outputs.
constexpr uint32_t in(int i) { return 1u << i; }
constexpr uint32_t out(int k = 0) { return 1u << (16 + k); }

/// For each input of an op, what its gradient reads. Inputs beyond the list read nothing.
struct Reads {
  std::array<uint32_t, 6> masks{};
  constexpr Reads() = default;
  template <class... Masks>
  constexpr Reads(Masks... m) : masks{static_cast<uint32_t>(m)...} {}
  constexpr uint32_t operator[](size_t i) const { return i < masks.size() ? masks[i] : 0; }
};

inline constexpr int kMaxOutputs = 4;

/// Collects the outputs' shapes and dtypes from the inputs'.
class Infer {
 public:
  struct Output {
    Shape sizes;
    Shape strides;
    ScalarType dtype = ScalarType::Undefined;
  };

  explicit Infer(std::span<const Tensor> inputs) : inputs_(inputs) {}
  std::span<const Tensor> inputs() const { return inputs_; }
  const Tensor& in(int i) const { return inputs_[static_cast<size_t>(i)]; }
  /// False for an optional input that was not given.
  bool has(int i) const { return i < num_inputs() && in(i).defined(); }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }

  /// Adds an output in the given memory format.
  void out(Shape sizes, ScalarType dtype, MemoryFormat format = MemoryFormat::Contiguous);
  /// Adds an output of the input's shape whose elements lie in memory as the input's do.
  void out_like(const Tensor& input, ScalarType dtype);
  void out_like(const Tensor& input) { out_like(input, input.dtype()); }
  /// Adds an output with its strides, which must be dense.
  void out_strided(Shape sizes, Shape strides, ScalarType dtype);

  std::span<Output> outputs() { return {outputs_.data(), outputs_.size()}; }

 private:
  std::span<const Tensor> inputs_;
  InlineVector<Output, kMaxOutputs> outputs_;
};

/// The results of an op; most have one.
using Outputs = std::array<Tensor, kMaxOutputs>;

/// Inputs and results of an op that is computed by other ops. Nothing is recorded meanwhile.
class Compose {
 public:
  explicit Compose(std::span<const Tensor> inputs) : inputs_(inputs) {}
  const Tensor& in(int i) const { return inputs_[static_cast<size_t>(i)]; }
  bool has(int i) const { return i < num_inputs() && in(i).defined(); }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  void set(int k, Tensor result) { results_[static_cast<size_t>(k)] = std::move(result); }
  Outputs& results() { return results_; }

 private:
  std::span<const Tensor> inputs_;
  Outputs results_;
};

/// A declared op without its type: what execute() needs to run and record it.
struct OpInfo {
  const char* name = nullptr;
  int id = 0;
  Reads reads;
  /// Inputs are handed to kernels broadcast to the output's shape.
  bool elementwise = false;
  int num_outputs = 1;
  void (*infer)(const void* op, Infer& call) = nullptr;
  Tensor (*view)(const void* op, const Tensor& input) = nullptr;
  void (*compose)(const void* op, Compose& call) = nullptr;
  void (*backward)(const void* op, Replay& call) = nullptr;
  /// None for ops without attributes.
  void* (*copy)(const void* op) = nullptr;
  void (*destroy)(void* op) = nullptr;
};

/// Runs an op: infer, allocate, dispatch, record. `outputs` has room for as many as it has.
void execute(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
             std::span<Tensor> outputs);
/// Runs an op that makes its result itself.
Tensor execute_view(const OpInfo& info, const void* op, const Tensor& input);
/// Runs an op of one output and writes that into `target`, which then is the output on the tape.
void execute_in_place(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
                      const Tensor& target);

/// Records an op that has run: an entry with its saved tensors, to which the outputs belong.
void record(const OpInfo& info, const void* op, std::span<const Tensor> inputs,
            std::span<const Tensor> outputs);

/// How many outputs an op has, 1 unless it says otherwise by `static constexpr int outputs`.
template <class Op>
constexpr int outputs_of() {
  if constexpr (requires { Op::outputs; }) {
    return Op::outputs;
  } else {
    return 1;
  }
}

/// The ops themselves and their names, for lists such as docs/ops.md; filled as ops first run or
/// are listed.
template <class Op>
const OpInfo& info_of() {
  static const OpInfo info = [] {
    OpInfo i;
    i.name = Op::name;
    i.id = op_id(Op::name);
    i.num_outputs = outputs_of<Op>();
    if constexpr (requires { Op::reads; }) i.reads = Op::reads;
    if constexpr (requires { Op::elementwise; }) i.elementwise = Op::elementwise;
    if constexpr (requires(const Op& op, Infer& call) { op.infer(call); }) {
      i.infer = [](const void* op, Infer& call) { static_cast<const Op*>(op)->infer(call); };
    }
    if constexpr (requires(const Op& op, const Tensor& x) { op.view(x); }) {
      i.view = [](const void* op, const Tensor& x) { return static_cast<const Op*>(op)->view(x); };
    }
    if constexpr (requires(const Op& op, Compose& call) { op.compose(call); }) {
      i.compose = [](const void* op, Compose& call) { static_cast<const Op*>(op)->compose(call); };
    }
    if constexpr (requires(const Op& op, Replay& call) { op.backward(call); }) {
      i.backward = [](const void* op, Replay& call) { static_cast<const Op*>(op)->backward(call); };
    }
    if constexpr (!std::is_empty_v<Op>) {
      i.copy = [](const void* op) -> void* { return new Op(*static_cast<const Op*>(op)); };
      i.destroy = [](void* op) { delete static_cast<Op*>(op); };
    }
    return i;
  }();
  return info;
}

/// The inputs of one call in a row, without counting as references: they outlive the call.
template <size_t N>
class Borrowed {
 public:
  template <class... Inputs>
  explicit Borrowed(const Inputs&... inputs) {
    Tensor* at = handles_;
    (borrow(at++, inputs), ...);
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  // The handles are not destroyed, as they own nothing.
  ~Borrowed() {}  // NOLINT(modernize-use-equals-default)
  operator std::span<const Tensor>() const { return {handles_, N}; }

 private:
  static void borrow(Tensor* at, const Tensor& input) {
    new (at) Tensor(IntrusivePtr<TensorImpl>::adopt(input.impl_ptr().get()));
  }
  static void borrow(Tensor* at, std::nullopt_t) { new (at) Tensor(); }

  union {
    Tensor handles_[N];
  };
};

/// Runs an op of one output.
template <class Op, class... Inputs>
Tensor apply(const Op& op, const Inputs&... inputs) {
  if constexpr (requires { op.view(inputs...); }) {
    return execute_view(info_of<Op>(), &op, inputs...);
  } else {
    Tensor outputs[outputs_of<Op>()];
    execute(info_of<Op>(), &op, Borrowed<sizeof...(Inputs)>(inputs...), outputs);
    return std::move(outputs[0]);
  }
}

/// Runs an op on a list of inputs, or one of several outputs.
template <class Op>
Outputs apply_all(const Op& op, std::span<const Tensor> inputs) {
  Outputs outputs;
  execute(info_of<Op>(), &op, inputs, outputs);
  return outputs;
}

/// Runs an op and writes its result into `target`, which may be one of the inputs.
template <class Op, class... Inputs>
void apply_to(Tensor& target, const Op& op, const Inputs&... inputs) {
  execute_in_place(info_of<Op>(), &op, Borrowed<sizeof...(Inputs)>(inputs...), target);
}

}  // namespace reel::ops
