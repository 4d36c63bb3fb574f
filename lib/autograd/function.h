#pragma once

#include <tuple>
#include <type_traits>
#include <typeinfo>

#include <reel/autograd/autograd.h>
#include <reel/autograd/ivalue.h>
#include <reel/autograd/replay.h>

namespace reel::autograd {

/// What forward and backward of a user's function share.
class AutogradContext {
 public:
  /// Keeps tensors for backward, undefined ones too; overwriting them before is an error there.
  void save_for_backward(variable_list tensors) { to_save_ = std::move(tensors); }
  variable_list get_saved_variables() const;
  /// Anything else, by name.
  IValueDict saved_data;
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

  static constexpr int8_t kNotSaved = 127;

  variable_list to_save_;
  variable_list dirty_;
  variable_list non_differentiable_;
  bool materialize_grads_ = true;
  const Replay* replay_ = nullptr;
  bool released_ = false;
  std::vector<int8_t> saved_slots_;
  std::vector<uint32_t> saved_versions_;
};

/// The gradient of a user's function.
using FunctionBackward = variable_list (*)(AutogradContext* context, variable_list grads);

/// Connects the outputs of a function to the tape. `is_tensor` tells of each argument of forward
/// (each tensor of a list) whether it is one of the inputs. Internal to Function.
variable_list record_function(std::string name, FunctionBackward backward, AutogradContext context,
                              std::vector<bool> is_tensor, const variable_list& inputs,
                              variable_list outputs);

/// The name of a type as it is written in C++.
std::string type_name(const char* mangled);

/// A differentiable function of the user, as in LibTorch:
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
/// forward takes anything; tensors, optional tensors and lists of tensors are connected to the
/// tape. It returns a tensor, a list, an array, a pair or a tuple of tensors. Nothing inside is
/// recorded. backward returns one gradient per argument (per tensor of a list), undefined ones for
/// arguments that are not tensors; with create_graph what it does is recorded, for gradients of
/// higher order.
template <class Derived>
struct Function {
  template <class... Args>
  static auto apply(Args&&... args) {
    AutogradContext context;
    variable_list inputs;
    std::vector<bool> is_tensor;
    (collect(inputs, is_tensor, args), ...);
    using Result = decltype(Derived::forward(&context, std::forward<Args>(args)...));
    variable_list outputs;
    {
      const NoGradGuard no_grad;
      outputs = list_of(Derived::forward(&context, std::forward<Args>(args)...));
    }
    outputs = record_function(function_name(), &Derived::backward, std::move(context),
                              std::move(is_tensor), inputs, std::move(outputs));
    return result_of<Result>(outputs);
  }

 private:
  static std::string function_name() {
    if constexpr (requires { Derived::name; }) {
      return Derived::name;
    } else {
      return type_name(typeid(Derived).name());
    }
  }

  template <class Arg>
  static void collect(variable_list& inputs, std::vector<bool>& is_tensor, const Arg& arg) {
    if constexpr (std::is_same_v<Arg, Tensor>) {
      is_tensor.push_back(true);
      inputs.push_back(arg);
    } else if constexpr (std::is_same_v<Arg, std::optional<Tensor>>) {
      is_tensor.push_back(arg.has_value() && arg->defined());
      if (is_tensor.back()) inputs.push_back(*arg);
    } else if constexpr (std::is_convertible_v<const Arg&, TensorList>) {
      for (const Tensor& tensor : TensorList(arg)) {
        is_tensor.push_back(true);
        inputs.push_back(tensor);
      }
    } else {
      is_tensor.push_back(false);
    }
  }

  static variable_list list_of(Tensor output) { return {std::move(output)}; }
  static variable_list list_of(variable_list outputs) { return outputs; }
  template <class Outputs>
  requires requires { std::tuple_size<Outputs>::value; }
  static variable_list list_of(const Outputs& outputs) {
    return std::apply([](const auto&... each) { return variable_list{each...}; }, outputs);
  }

  template <class Result>
  static Result result_of(variable_list& outputs) {
    if constexpr (std::is_same_v<Result, Tensor>) {
      return outputs[0];
    } else if constexpr (std::is_same_v<Result, variable_list>) {
      return std::move(outputs);
    } else {
      return [&]<size_t... I>(std::index_sequence<I...>) { return Result{outputs[I]...}; }
      (std::make_index_sequence<std::tuple_size_v<Result>>());
    }
  }
};

}  // namespace reel::autograd
