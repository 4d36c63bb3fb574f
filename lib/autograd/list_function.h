#pragma once

#include <type_traits>

#include <reel/autograd/autograd.h>

// How the functions that gradcheck, checkpoint and functional take look: of a list of tensors or of
// one tensor, giving one tensor or a list.

namespace reel::autograd::detail {

template <class Function>
auto call_with_list(Function& function, const variable_list& inputs) {
  if constexpr (std::is_invocable_v<Function&, const variable_list&>) {
    return function(inputs);
  } else {
    return function(inputs[0]);
  }
}

template <class Function>
variable_list call_for_list(Function& function, const variable_list& inputs) {
  if constexpr (requires { variable_list(call_with_list(function, inputs)); }) {
    return call_with_list(function, inputs);
  } else {
    return {call_with_list(function, inputs)};
  }
}

/// A function that the caller keeps alive.
struct ListFunction {
  void* function;
  variable_list (*call)(void* function, const variable_list& inputs);
  variable_list operator()(const variable_list& inputs) const { return call(function, inputs); }
};

template <class Function>
ListFunction list_function(Function& function) {
  void* address = nullptr;
  if constexpr (std::is_function_v<Function>) {
    address = reinterpret_cast<void*>(&function);
  } else {
    address = const_cast<void*>(static_cast<const void*>(__builtin_addressof(function)));
  }
  return {address, [](void* f, const variable_list& inputs) {
            return call_for_list(*reinterpret_cast<Function*>(f), inputs);
          }};
}

/// A function that is kept.
struct KeptFunction {
  virtual ~KeptFunction() = default;
  virtual variable_list operator()(const variable_list& inputs) = 0;

  friend void retain(KeptFunction* function) { function->references.increment(); }
  friend void release(KeptFunction* function) {
    if (function->references.decrement()) delete function;
  }
  Counter references = 1;
};

template <class Function>
struct KeptListFunction final : KeptFunction {
  explicit KeptListFunction(Function f) : function(std::move(f)) {}
  variable_list operator()(const variable_list& inputs) override {
    return call_for_list(function, inputs);
  }
  Function function;
};

}  // namespace reel::autograd::detail
