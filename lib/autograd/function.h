#pragma once

#include <map>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <variant>

#include <reel/autograd/autograd.h>
#include <reel/autograd/replay.h>
#include <reel/tensor/complex.h>

namespace reel::autograd {

/// A value that a function keeps for its backward: nothing, a number, a text, a tensor, a device,
/// or a list of numbers, texts or tensors. to...() of another kind than it holds is an error.
class IValue {
 public:
  IValue() = default;
  IValue(bool value) : value_(value) {}
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) IValue(T value)
      : value_(static_cast<int64_t>(value)) {}
  template <class T>
  requires(std::is_floating_point_v<T>) IValue(T value) : value_(static_cast<double>(value)) {}
  IValue(Complex<double> value) : value_(value) {}
  IValue(const Scalar& value);
  IValue(Tensor value) : value_(std::move(value)) {}
  IValue(std::string value) : value_(std::move(value)) {}
  IValue(const char* value) : value_(std::string(value)) {}
  IValue(Device value) : value_(value) {}
  IValue(std::vector<int64_t> value) : value_(std::move(value)) {}
  IValue(IntArrayRef value) : value_(value.vec()) {}
  IValue(std::vector<double> value) : value_(std::move(value)) {}
  IValue(std::vector<bool> value) : value_(std::move(value)) {}
  IValue(std::vector<std::string> value) : value_(std::move(value)) {}
  IValue(std::vector<Tensor> value) : value_(std::move(value)) {}
  template <class T>
  IValue(const std::optional<T>& value) {
    if (value) *this = IValue(*value);
  }

  bool isNone() const { return value_.index() == 0; }
  bool isBool() const { return holds<bool>(); }
  bool isInt() const { return holds<int64_t>(); }
  bool isDouble() const { return holds<double>(); }
  bool isComplexDouble() const { return holds<Complex<double>>(); }
  bool isScalar() const { return isInt() || isDouble() || isComplexDouble() || isBool(); }
  bool isTensor() const { return holds<Tensor>(); }
  bool isString() const { return holds<std::string>(); }
  bool isDevice() const { return holds<Device>(); }
  bool isIntList() const { return holds<std::vector<int64_t>>(); }
  bool isDoubleList() const { return holds<std::vector<double>>(); }
  bool isBoolList() const { return holds<std::vector<bool>>(); }
  bool isTensorList() const { return holds<std::vector<Tensor>>(); }
  bool isList() const { return isIntList() || isDoubleList() || isBoolList() || isTensorList(); }

  bool toBool() const { return get<bool>(); }
  int64_t toInt() const { return get<int64_t>(); }
  double toDouble() const { return get<double>(); }
  Complex<double> toComplexDouble() const { return get<Complex<double>>(); }
  Scalar toScalar() const;
  const Tensor& toTensor() const { return get<Tensor>(); }
  const std::string& toStringRef() const { return get<std::string>(); }
  Device toDevice() const { return get<Device>(); }
  const std::vector<int64_t>& toIntVector() const { return get<std::vector<int64_t>>(); }
  const std::vector<double>& toDoubleVector() const { return get<std::vector<double>>(); }
  const std::vector<bool>& toBoolVector() const { return get<std::vector<bool>>(); }
  const std::vector<Tensor>& toTensorVector() const { return get<std::vector<Tensor>>(); }
  const std::vector<std::string>& toStringVector() const { return get<std::vector<std::string>>(); }
  /// "Int", "TensorList", ...
  const char* tagKind() const;

 private:
  using Value = std::variant<std::monostate, bool, int64_t, double, Complex<double>, Tensor,
                             std::string, Device, std::vector<int64_t>, std::vector<double>,
                             std::vector<bool>, std::vector<std::string>, std::vector<Tensor>>;
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(value_);
  }
  template <class T>
  const T& get() const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    wrong_kind(IValue(T()).tagKind());
  }
  [[noreturn]] void wrong_kind(const char* expected) const;

  Value value_;
};

/// What forward and backward of a user's function share.
class AutogradContext {
 public:
  /// Keeps tensors for backward, undefined ones too; overwriting them before is an error there.
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
