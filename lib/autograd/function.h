#pragma once

#include <map>
#include <type_traits>

#include <reel/autograd/autograd.h>
#include <reel/autograd/replay.h>

namespace reel::autograd {

/// A value that a function keeps for its backward: nothing, a number, a text, integers or a tensor.
class IValue {
 public:
  IValue() = default;
  template <class T>
  requires(std::is_arithmetic_v<T>) IValue(T value) : number_(value) {}
  IValue(Tensor value) : tensor_(std::move(value)) {}
  IValue(std::string value) : text_(std::move(value)) {}
  IValue(const char* value) : text_(value) {}
  IValue(std::vector<int64_t> value) : integers_(std::move(value)) {}

  int64_t toInt() const { return number_.toLong(); }
  double toDouble() const { return number_.toDouble(); }
  bool toBool() const { return number_.toBool(); }
  const Scalar& toScalar() const { return number_; }
  const Tensor& toTensor() const { return tensor_; }
  const std::string& toStringRef() const { return text_; }
  const std::vector<int64_t>& toIntVector() const { return integers_; }

 private:
  Scalar number_;
  Tensor tensor_;
  std::string text_;
  std::vector<int64_t> integers_;
};

/// What forward and backward of a user's function share.
class AutogradContext {
 public:
  /// Keeps inputs or outputs of forward; overwriting them before backward is an error there.
  void save_for_backward(variable_list tensors) { to_save_ = std::move(tensors); }
  variable_list get_saved_variables() const;
  /// Anything else, by name.
  std::map<std::string, IValue> saved_data;
  /// Inputs that forward changed in place and returns.
  void mark_dirty(const variable_list& inputs) { dirty_ = inputs; }
  /// Outputs that have no gradient.
  void mark_non_differentiable(const variable_list& outputs) { non_differentiable_ = outputs; }
  /// Whether backward gets zeros (the default) or undefined tensors for gradients that are not
  /// there.
  void set_materialize_grads(bool value) { materialize_grads_ = value; }
  /// True if somebody waits for the gradient of tensor input i. For use in backward.
  bool needs_input_grad(size_t i) const;

 private:
  friend class FunctionEntry;
  friend variable_list record_function(const char*, AutogradContext*, IntrusivePtr<Entry>,
                                       const variable_list&, variable_list);

  static constexpr int8_t kNotSaved = 127;

  variable_list to_save_;
  variable_list dirty_;
  variable_list non_differentiable_;
  bool materialize_grads_ = true;
  const Replay* replay_ = nullptr;
  std::vector<int8_t> saved_slots_;
};

/// The entry of a user's function on the tape.
class FunctionEntry : public Entry {
 public:
  using Backward = variable_list (*)(AutogradContext* context, variable_list grads);
  FunctionEntry(const char* name, Backward backward, std::vector<bool> is_tensor)
      : name_(name), backward_(backward), is_tensor_(std::move(is_tensor)) {}
  const char* name() const override { return name_; }
  void replay(Replay& call) override;
  AutogradContext context;

 private:
  const char* name_;
  Backward backward_;
  std::vector<bool> is_tensor_;
};

/// Connects the outputs of a function to the tape. Internal to Function.
variable_list record_function(const char* name, AutogradContext* context, IntrusivePtr<Entry> entry,
                              const variable_list& inputs, variable_list outputs);

/// A differentiable function of the user:
///
///   struct Cube : reel::autograd::Function<Cube> {
///     static Tensor forward(AutogradContext* ctx, Tensor x) {
///       ctx->save_for_backward({x});
///       return x * x * x;
///     }
///     static variable_list backward(AutogradContext* ctx, variable_list grads) {
///       const Tensor x = ctx->get_saved_variables()[0];
///       return {3 * x * x * grads[0]};
///     }
///   };
///   Tensor y = Cube::apply(x);
///
/// backward returns one gradient per argument of forward, undefined ones for arguments that are not
/// tensors. Nothing inside forward is recorded.
template <class Derived>
struct Function {
  template <class... Args>
  static auto apply(Args&&... args) {
    auto* function = new FunctionEntry(function_name(), &Derived::backward,
                                       {std::is_same_v<std::decay_t<Args>, Tensor>...});
    auto entry = IntrusivePtr<Entry>::adopt(function);
    variable_list inputs;
    (collect(inputs, args), ...);
    using Result = decltype(Derived::forward(&function->context, args...));
    variable_list outputs;
    {
      const NoGradGuard no_grad;
      if constexpr (std::is_same_v<Result, Tensor>) {
        outputs.push_back(Derived::forward(&function->context, args...));
      } else {
        outputs = Derived::forward(&function->context, args...);
      }
    }
    outputs = record_function(function_name(), &function->context, std::move(entry), inputs,
                              std::move(outputs));
    if constexpr (std::is_same_v<Result, Tensor>) {
      return outputs[0];
    } else {
      return outputs;
    }
  }

 private:
  static const char* function_name() {
    if constexpr (requires { Derived::name; }) {
      return Derived::name;
    } else {
      return "Function";
    }
  }
  template <class Arg>
  static void collect(variable_list& inputs, const Arg& arg) {
    if constexpr (std::is_same_v<Arg, Tensor>) inputs.push_back(arg);
  }
};

}  // namespace reel::autograd
