#include <reel/autograd/functional.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::autograd::functional::detail {
namespace {

// The inputs as the function sees them: on the tape of the caller if the results are to be
// differentiated, else leaves of their own.
variable_list own_inputs(const variable_list& inputs, bool create_graph) {
  variable_list own;
  for (const Tensor& input : inputs) {
    own.push_back(create_graph && input.requires_grad() ? input.view(input.sizes())
                                                        : input.detach().requires_grad_());
  }
  return own;
}

variable_list results_of(const variable_list& tensors, bool create_graph) {
  if (create_graph) return tensors;
  variable_list results;
  for (const Tensor& t : tensors) results.push_back(t.detach());
  return results;
}

// v as given, or the one that is meant if it is left out: 1 for a tensor of one element.
variable_list checked_vectors(const char* op, const variable_list& v, const variable_list& like,
                              const char* what, bool create_graph) {
  if (v.empty()) {
    if (like.size() != 1 || like[0].numel() != 1) {
      fail(
          "{}: The vector v can only be None if {} a single Tensor with a single element. It must "
          "be "
          "given for {} tensors.",
          op, what, like.size());
    }
    return {ones_like(like[0].detach())};
  }
  if (v.size() != like.size()) {
    fail("{}: v is a tuple of invalid length: should be {} but got {}.", op, like.size(), v.size());
  }
  variable_list vectors;
  for (size_t i = 0; i < v.size(); ++i) {
    if (!(v[i].sizes() == like[i].sizes())) {
      if (v.size() == 1) {
        fail("{}: v has invalid size: should be {} but got {}.", op, like[i].sizes(), v[i].sizes());
      }
      fail("{}: Entry {} in v has invalid size: should be {} but got {}.", op, i, like[i].sizes(),
           v[i].sizes());
    }
    vectors.push_back(create_graph ? v[i] : v[i].detach());
  }
  return vectors;
}

constexpr const char* kInput = "the input to the user-provided function is";
constexpr const char* kOutput = "the user-provided function returns";

void check_outputs(const char* op, const variable_list& outputs, bool strict) {
  for (size_t i = 0; strict && i < outputs.size(); ++i) {
    if (outputs[i].requires_grad()) continue;
    fail(
        "{}: Output {} of the user-provided function does not require gradients. The outputs must "
        "be computed in a differentiable manner from the input when running in strict mode.",
        op, i);
  }
}

// autograd::grad with zeros where nothing leads, which is an error if strict. Outputs off the tape
// take no part. `inner`: gradients of which gradients are taken.
variable_list gradients(const char* op, const variable_list& outputs, const variable_list& inputs,
                        const variable_list& vectors, bool create_graph, bool strict,
                        const char* what, bool inner = false) {
  variable_list roots, grad_outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    roots.push_back(outputs[i]);
    if (!vectors.empty()) grad_outputs.push_back(vectors[i]);
  }
  variable_list grads(inputs.size());
  if (!roots.empty()) {
    grads = grad(roots, inputs, grad_outputs, /*retain_graph=*/true, create_graph,
                 /*allow_unused=*/true);
  }
  for (size_t i = 0; i < grads.size(); ++i) {
    if (strict && !grads[i].defined()) {
      fail("{}: {} is independent of input {}. This is not allowed in strict mode.", op, what, i);
    }
    if (strict && create_graph && !grads[i].requires_grad()) {
      if (inner) {
        fail(
            "{}: While computing the hessian, found that the jacobian of the user-provided "
            "function with respect to input {} is independent of the input. This is not allowed in "
            "strict mode. You should ensure that your function is twice differentiable and that "
            "the jacobian depends on the inputs (this would be violated by a linear function for "
            "example).",
            op, i);
      }
      fail(
          "{}: The jacobian of the user-provided function is independent of input {}. This is not "
          "allowed in strict mode when create_graph=True.",
          op, i);
    }
    if (!grads[i].defined()) grads[i] = zeros_like(inputs[i].detach());
  }
  return grads;
}

const Tensor& only_output(const char* op, const variable_list& outputs) {
  if (outputs.size() != 1) {
    fail("{}: The function given to {} should return a single Tensor. It returned {}.", op, op,
         outputs.size());
  }
  if (outputs[0].numel() != 1) {
    fail(
        "{}: The Tensor returned by the function given to {} should contain a single element, its "
        "shape is {}",
        op, op, outputs[0].sizes());
  }
  return outputs[0];
}

// J v by two gradients: v^T J is linear in v, and its gradient with respect to v is J times that
// with respect to which it is taken.
variable_list forward_product(const char* op, const variable_list& outputs,
                              const variable_list& inputs, const variable_list& v,
                              bool create_graph, bool strict, const char* what) {
  variable_list seeds;
  for (const Tensor& output : outputs) {
    seeds.push_back(zeros_like(output.detach()).requires_grad_());
  }
  const variable_list grads =
      gradients(op, outputs, inputs, seeds, /*create_graph=*/true, strict, what);
  return gradients(op, grads, seeds, v, create_graph, /*strict=*/false, what);
}

}  // namespace

OutputsAndProducts vjp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict) {
  const AutoGradMode grad_mode(true);
  const variable_list own = own_inputs(inputs, create_graph);
  const variable_list outputs = function(own);
  check_outputs("vjp", outputs, strict);
  const variable_list vectors = checked_vectors("vjp", v, outputs, kOutput, create_graph);
  const variable_list products = gradients("vjp", outputs, own, vectors, create_graph, strict,
                                           "The output of the user-provided function");
  return {results_of(outputs, create_graph), results_of(products, create_graph)};
}

OutputsAndProducts jvp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict) {
  const AutoGradMode grad_mode(true);
  const variable_list own = own_inputs(inputs, create_graph);
  const variable_list vectors = checked_vectors("jvp", v, own, kInput, create_graph);
  const variable_list outputs = function(own);
  check_outputs("jvp", outputs, strict);
  const variable_list products = forward_product("jvp", outputs, own, vectors, create_graph, strict,
                                                 "The output of the user-provided function");
  return {results_of(outputs, create_graph), results_of(products, create_graph)};
}

std::vector<variable_list> jacobian(ListFunction function, const variable_list& inputs,
                                    bool create_graph, bool strict) {
  const AutoGradMode grad_mode(true);
  const variable_list own = own_inputs(inputs, create_graph);
  const variable_list outputs = function(own);
  check_outputs("jacobian", outputs, strict);
  std::vector<variable_list> result;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor flat = outputs[i].reshape({-1});
    std::vector<variable_list> rows(own.size());
    for (int64_t k = 0; k < flat.numel(); ++k) {
      const variable_list grads =
          gradients("jacobian", {flat[k]}, own, {}, create_graph, strict,
                    fmt::format("Output {} of the user-provided function", i).c_str());
      for (size_t j = 0; j < own.size(); ++j) rows[j].push_back(grads[j]);
    }
    variable_list& blocks = result.emplace_back();
    for (size_t j = 0; j < own.size(); ++j) {
      std::vector<int64_t> sizes = outputs[i].sizes().vec();
      for (const int64_t size : own[j].sizes()) sizes.push_back(size);
      blocks.push_back(rows[j].empty() ? zeros(sizes, own[j].options())
                                       : stack(rows[j]).view(sizes));
    }
    blocks = results_of(blocks, create_graph);
  }
  return result;
}

std::vector<variable_list> hessian(ListFunction function, const variable_list& inputs,
                                   bool create_graph, bool strict) {
  const auto gradient = [&](const variable_list& x) {
    const Tensor output = only_output("hessian", function(x));
    check_outputs("hessian", {output}, strict);
    return gradients("hessian", {output.reshape({})}, x, {}, /*create_graph=*/true, strict,
                     "The output of the user-provided function", /*inner=*/true);
  };
  return jacobian(list_function(gradient), inputs, create_graph, strict);
}

OutputsAndProducts vhp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict) {
  const AutoGradMode grad_mode(true);
  const variable_list own = own_inputs(inputs, create_graph);
  const variable_list vectors = checked_vectors("vhp", v, own, kInput, create_graph);
  const Tensor output = only_output("vhp", function(own));
  check_outputs("vhp", {output}, strict);
  const variable_list slopes =
      gradients("vhp", {output}, own, {}, /*create_graph=*/true, strict,
                "The output of the user-provided function", /*inner=*/true);
  const variable_list products = gradients("vhp", slopes, own, vectors, create_graph, strict,
                                           "The jacobian of the user-provided function");
  return {results_of({output}, create_graph), results_of(products, create_graph)};
}

OutputsAndProducts hvp(ListFunction function, const variable_list& inputs, const variable_list& v,
                       bool create_graph, bool strict) {
  const AutoGradMode grad_mode(true);
  const variable_list own = own_inputs(inputs, create_graph);
  const variable_list vectors = checked_vectors("hvp", v, own, kInput, create_graph);
  const Tensor output = only_output("hvp", function(own));
  check_outputs("hvp", {output}, strict);
  const variable_list slopes =
      gradients("hvp", {output}, own, {}, /*create_graph=*/true, strict,
                "The output of the user-provided function", /*inner=*/true);
  const variable_list products = forward_product("hvp", slopes, own, vectors, create_graph, strict,
                                                 "The jacobian of the user-provided function");
  return {results_of({output}, create_graph), results_of(products, create_graph)};
}

}  // namespace reel::autograd::functional::detail
