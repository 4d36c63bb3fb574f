#pragma once

#include <utility>

#include <reel/autograd/list_function.h>

// Derivatives of functions, as in torch.autograd.functional. A function takes a list of tensors or
// one tensor and gives one or a list. With create_graph the results can be differentiated again.
// With strict, an output that does not depend on an input, or a derivative that does not depend on
// it where it is to be differentiated, is an error; else the derivative there is zero.

namespace reel::autograd::functional {

/// The function's outputs, and the products, one for each input or output.
using OutputsAndProducts = std::pair<variable_list, variable_list>;
using OutputAndProduct = std::pair<Tensor, Tensor>;

namespace detail {
using autograd::detail::list_function;
using autograd::detail::ListFunction;

OutputsAndProducts vjp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict);
OutputsAndProducts jvp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict);
std::vector<variable_list> jacobian(ListFunction function, const variable_list& inputs,
                                    bool create_graph, bool strict);
std::vector<variable_list> hessian(ListFunction function, const variable_list& inputs,
                                   bool create_graph, bool strict);
OutputsAndProducts vhp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict);
OutputsAndProducts hvp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict);

inline variable_list list_of(const Tensor& v) {
  return v.defined() ? variable_list{v} : variable_list{};
}
inline OutputAndProduct single(const OutputsAndProducts& lists) {
  return {lists.first[0], lists.second[0]};
}
}  // namespace detail

/// v^T J: v has the shapes of the outputs, the product those of the inputs. One backward. v may be
/// left out if the function gives one tensor of one element.
template <class Function>
OutputsAndProducts vjp(Function&& function, const variable_list& inputs,
                       const variable_list& v = {}, bool create_graph = false,
                       bool strict = false) {
  return detail::vjp(detail::list_function(function), inputs, v, create_graph, strict);
}
/// J v: v has the shapes of the inputs, the product those of the outputs. Two backwards: the
/// product is the gradient of v^T J with respect to v.
template <class Function>
OutputsAndProducts jvp(Function&& function, const variable_list& inputs,
                       const variable_list& v = {}, bool create_graph = false,
                       bool strict = false) {
  return detail::jvp(detail::list_function(function), inputs, v, create_graph, strict);
}
/// jacobian(...)[i][j]: the derivative of output i with respect to input j, of the shape of the
/// output followed by that of the input. One backward for each element of the outputs.
template <class Function>
std::vector<variable_list> jacobian(Function&& function, const variable_list& inputs,
                                    bool create_graph = false, bool strict = false) {
  return detail::jacobian(detail::list_function(function), inputs, create_graph, strict);
}
/// hessian(...)[i][j]: the second derivative with respect to inputs i and j of a function that
/// gives one tensor of one element.
template <class Function>
std::vector<variable_list> hessian(Function&& function, const variable_list& inputs,
                                   bool create_graph = false, bool strict = false) {
  return detail::hessian(detail::list_function(function), inputs, create_graph, strict);
}
/// v^T H and H v, which are the same where the second derivatives are continuous; vhp is the
/// faster.
template <class Function>
OutputsAndProducts vhp(Function&& function, const variable_list& inputs,
                       const variable_list& v = {}, bool create_graph = false,
                       bool strict = false) {
  return detail::vhp(detail::list_function(function), inputs, v, create_graph, strict);
}
template <class Function>
OutputsAndProducts hvp(Function&& function, const variable_list& inputs,
                       const variable_list& v = {}, bool create_graph = false,
                       bool strict = false) {
  return detail::hvp(detail::list_function(function), inputs, v, create_graph, strict);
}

// The same for one input and one output.
template <class Function>
OutputAndProduct vjp(Function&& function, const Tensor& input, const Tensor& v = {},
                     bool create_graph = false, bool strict = false) {
  return detail::single(
      vjp(function, variable_list{input}, detail::list_of(v), create_graph, strict));
}
template <class Function>
OutputAndProduct jvp(Function&& function, const Tensor& input, const Tensor& v = {},
                     bool create_graph = false, bool strict = false) {
  return detail::single(
      jvp(function, variable_list{input}, detail::list_of(v), create_graph, strict));
}
template <class Function>
Tensor jacobian(Function&& function, const Tensor& input, bool create_graph = false,
                bool strict = false) {
  return jacobian(function, variable_list{input}, create_graph, strict)[0][0];
}
template <class Function>
Tensor hessian(Function&& function, const Tensor& input, bool create_graph = false,
               bool strict = false) {
  return hessian(function, variable_list{input}, create_graph, strict)[0][0];
}
template <class Function>
OutputAndProduct vhp(Function&& function, const Tensor& input, const Tensor& v = {},
                     bool create_graph = false, bool strict = false) {
  return detail::single(
      vhp(function, variable_list{input}, detail::list_of(v), create_graph, strict));
}
template <class Function>
OutputAndProduct hvp(Function&& function, const Tensor& input, const Tensor& v = {},
                     bool create_graph = false, bool strict = false) {
  return detail::single(
      hvp(function, variable_list{input}, detail::list_of(v), create_graph, strict));
}

}  // namespace reel::autograd::functional
