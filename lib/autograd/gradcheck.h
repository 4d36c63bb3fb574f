#pragma once

#include <reel/autograd/list_function.h>

namespace reel::autograd {

namespace detail {
bool gradcheck(ListFunction function, const variable_list& inputs, double eps, double atol,
               double rtol, bool raise_exception);
bool gradgradcheck(ListFunction function, const variable_list& inputs,
                   const variable_list& grad_outputs, double eps, double atol, double rtol,
                   bool raise_exception);
}  // namespace detail

/// Compares the gradients of `function(inputs)`, which gives a tensor or several, with central
/// differences of step `eps`: for each element |analytical - numerical| <= atol + rtol *
/// |numerical|. Inputs that require gradients must be kDouble. A mismatch is an error that names
/// the elements, or false if raise_exception is false.
template <class Function>
bool gradcheck(Function&& function, const variable_list& inputs, double eps = 1e-6,
               double atol = 1e-5, double rtol = 1e-3, bool raise_exception = true) {
  return detail::gradcheck(detail::list_function(function), inputs, eps, atol, rtol,
                           raise_exception);
}

/// As gradcheck, for the gradients of the gradients, with respect to the inputs and to the
/// gradients of the outputs. These are made up where not given.
template <class Function>
bool gradgradcheck(Function&& function, const variable_list& inputs,
                   const variable_list& grad_outputs = {}, double eps = 1e-6, double atol = 1e-5,
                   double rtol = 1e-3, bool raise_exception = true) {
  return detail::gradgradcheck(detail::list_function(function), inputs, grad_outputs, eps, atol,
                               rtol, raise_exception);
}

}  // namespace reel::autograd
