#include "power_difference.h"

#include <reel/reel.h>

using reel::Tensor;
using reel::autograd::AutogradContext;
using reel::autograd::variable_list;

namespace {

bool has_kernel(const Tensor& a, const Tensor& b) {
  return a.device().str().starts_with("mlu") && b.device() == a.device() &&
         a.dtype() == reel::kFloat && b.dtype() == reel::kFloat;
}

struct PowerDifference : reel::autograd::Function<PowerDifference> {
  static constexpr const char* name = "PowerDifference";

  static Tensor forward(AutogradContext* context, Tensor a, Tensor b, int64_t power) {
    context->save_for_backward({a, b});
    context->saved_data["power"] = power;
    if (!has_kernel(a, b)) return (a - b).pow(power);
    Tensor y = reel::empty_like(a);
    launch_power_difference(a.device().ordinal(), y.data_ptr<float>(), a.data_ptr<float>(),
                            b.data_ptr<float>(), y.numel(), power);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const int64_t power = context->saved_data["power"].toInt();
    if (power == 0) return {zeros_like(grads[0]), zeros_like(grads[0]), Tensor()};
    const Tensor grad = power * power_difference(saved[0], saved[1], power - 1) * grads[0];
    return {grad, -grad, Tensor()};
  }
};

}  // namespace

Tensor power_difference(const Tensor& a, const Tensor& b, int64_t power) {
  if (power < 0) {
    throw reel::Error("power_difference: expected a power of 0 or more, got " +
                      std::to_string(power));
  }
  // Outside of the function, so that the tape sums the gradients of what is broadcast.
  const std::vector<Tensor> both = reel::broadcast_tensors({a, b});
  return PowerDifference::apply(both[0].contiguous(), both[1].contiguous(), power);
}
