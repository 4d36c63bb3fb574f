#include <cmath>

#include <reel/autograd/gradcheck.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::autograd::detail {
namespace {

/// A tensor's values in logical order.
std::vector<double> values_of(const Tensor& x) {
  const Tensor flat = x.detach().to(Device(kCPU), kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

/// `count` zeros with `value` at one place, in the shape of `like`.
Tensor one_at(const Tensor& like, int64_t place, double value) {
  std::vector<double> values(static_cast<size_t>(like.numel()), 0.0);
  values[static_cast<size_t>(place)] = value;
  return tensor(values, TensorOptions(kDouble)).view(like.sizes()).to(like.options());
}

variable_list moved(const variable_list& inputs, size_t i, int64_t place, double step) {
  variable_list result = inputs;
  result[i] = (inputs[i].detach() + one_at(inputs[i], place, step)).requires_grad_();
  return result;
}

/// "[1, 2]" for the element of a shape that is `place`-th in logical order.
std::string coordinates(IntArrayRef sizes, int64_t place) {
  Shape at(sizes.size());
  for (size_t d = sizes.size(); d-- > 0; place /= sizes[d]) at[d] = place % sizes[d];
  return str(at);
}

/// The row of the Jacobian: the gradient of one element of an output with respect to an input.
Tensor analytical(const Tensor& output, int64_t place, const Tensor& input) {
  if (!output.requires_grad()) return zeros_like(input.detach());
  const Tensor g = grad({output}, {input}, {one_at(output, place, 1)}, /*retain_graph=*/true,
                        /*create_graph=*/false, /*allow_unused=*/true)[0];
  return g.defined() ? g : zeros_like(input.detach());
}

void check_inputs(const variable_list& inputs) {
  bool any = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !inputs[i].requires_grad()) continue;
    any = true;
    if (inputs[i].dtype() != kDouble) {
      fail("gradcheck: expected inputs of dtype Double, input {} is {}", i, inputs[i].dtype());
    }
  }
  if (!any) {
    fail(
        "gradcheck: expected at least one input tensor to require gradient, but none of them "
        "does");
  }
}

}  // namespace

bool gradcheck(ListFunction function, const variable_list& inputs, double eps, double atol,
               double rtol, bool raise_exception) {
  check_inputs(inputs);
  const AutoGradMode grad_mode(true);
  const variable_list outputs = function(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !inputs[i].requires_grad()) continue;
    const int64_t n = inputs[i].numel();
    // numerical[k]: the column of the Jacobian for each element of the input, output after output.
    std::vector<std::vector<std::vector<double>>> numerical;
    for (int64_t at = 0; at < n; ++at) {
      const variable_list above = function(moved(inputs, i, at, eps));
      const variable_list below = function(moved(inputs, i, at, -eps));
      std::vector<std::vector<double>>& column = numerical.emplace_back();
      for (size_t k = 0; k < outputs.size(); ++k) {
        std::vector<double>& slope = column.emplace_back(values_of(above[k]));
        const std::vector<double> lower = values_of(below[k]);
        for (size_t o = 0; o < slope.size(); ++o) slope[o] = (slope[o] - lower[o]) / (2 * eps);
      }
    }
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (!is_differentiable(outputs[k].dtype())) continue;
      for (int64_t o = 0; o < outputs[k].numel(); ++o) {
        const Tensor g = analytical(outputs[k], o, inputs[i]);
        if (g.sizes() != inputs[i].sizes()) {
          fail("gradcheck: the gradient of input {} has shape {}, the input has {}", i, g.sizes(),
               inputs[i].sizes());
        }
        const std::vector<double> row = values_of(g);
        for (int64_t at = 0; at < n; ++at) {
          const double want = numerical[static_cast<size_t>(at)][k][static_cast<size_t>(o)];
          const double got = row[static_cast<size_t>(at)];
          if (std::fabs(got - want) <= atol + rtol * std::fabs(want)) continue;
          if (!raise_exception) return false;
          fail(
              "gradcheck: Jacobian mismatch for output {} with respect to input {}: d output{} / "
              "d input{} is {} numerically, {} analytically",
              k, i, coordinates(outputs[k].sizes(), o), coordinates(inputs[i].sizes(), at), want,
              got);
        }
      }
    }
  }
  return true;
}

bool gradgradcheck(ListFunction function, const variable_list& inputs,
                   const variable_list& grad_outputs, double eps, double atol, double rtol,
                   bool raise_exception) {
  check_inputs(inputs);
  const AutoGradMode grad_mode(true);
  // The function whose gradient is checked: (inputs, gradients of outputs) -> gradients of inputs.
  variable_list all = inputs;
  std::vector<size_t> differentiable;
  const variable_list outputs = function(inputs);
  for (size_t k = 0; k < outputs.size(); ++k) {
    if (!outputs[k].requires_grad()) continue;
    const size_t given = differentiable.size();
    differentiable.push_back(k);
    Tensor g = given < grad_outputs.size() ? grad_outputs[given].detach().clone() : Tensor();
    if (!g.defined()) {
      g = (arange(outputs[k].numel(), outputs[k].options()) * 0.7 + 0.4)
              .cos()
              .view(outputs[k].sizes());
    }
    all.push_back(g.requires_grad_());
  }
  auto gradients = [&](const variable_list& values) -> variable_list {
    const auto split = values.begin() + static_cast<std::ptrdiff_t>(inputs.size());
    const variable_list arguments(values.begin(), split);
    const variable_list results = function(arguments);
    variable_list roots, wanted;
    for (size_t k : differentiable) roots.push_back(results[k]);
    for (const Tensor& x : arguments) {
      if (x.defined() && x.requires_grad()) wanted.push_back(x);
    }
    variable_list grads = grad(roots, wanted, variable_list(split, values.end()),
                               /*retain_graph=*/true, /*create_graph=*/true,
                               /*allow_unused=*/true);
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = zeros_like(wanted[i].detach());
    }
    return grads;
  };
  return gradcheck(list_function(gradients), all, eps, atol, rtol, raise_exception);
}

}  // namespace reel::autograd::detail
