// A function with a gradient of its own: a soft step whose backward is written by hand, checked
// against finite differences, then used to fit a threshold.

#include <iostream>

#include <torch/torch.h>

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// y = 1 / (1 + exp(-sharpness * x)), dy/dx = sharpness * y * (1 - y).
class SoftStep : public torch::autograd::Function<SoftStep> {
 public:
  static Tensor forward(AutogradContext* ctx, Tensor x, double sharpness) {
    const Tensor y = 1 / (1 + torch::exp(-sharpness * x));
    ctx->saved_data["sharpness"] = sharpness;
    ctx->save_for_backward({y});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list grad_outputs) {
    const Tensor y = ctx->get_saved_variables()[0];
    const double sharpness = ctx->saved_data["sharpness"].toDouble();
    return {grad_outputs[0] * sharpness * y * (1 - y), Tensor()};
  }
};

int main() {
  torch::manual_seed(2);

  Tensor x = torch::linspace(-1, 1, 5, torch::kDouble).requires_grad_();
  SoftStep::apply(x, 3.0).sum().backward();
  const double eps = 1e-6;
  torch::NoGradGuard no_grad;
  const Tensor numeric =
      (SoftStep::apply(x + eps, 3.0) - SoftStep::apply(x - eps, 3.0)) / (2 * eps);
  const double error = (x.grad() - numeric).abs().max().item<double>();
  std::cout << "gradient\n" << x.grad() << '\n';
  std::cout << "agrees with finite differences: " << std::boolalpha << (error < 1e-8) << '\n';

  // Which threshold splits these numbers? It was drawn at 0.3.
  const Tensor numbers = torch::rand({200}, torch::kDouble);
  const Tensor above = (numbers > 0.3).to(torch::kDouble);
  Tensor threshold = torch::full({}, 0.8, torch::kDouble).requires_grad_();
  torch::optim::Adam optimizer({threshold}, torch::optim::AdamOptions(0.05));
  for (int step = 0; step < 100; ++step) {
    torch::AutoGradMode recording(true);
    optimizer.zero_grad();
    const Tensor loss = torch::mse_loss(SoftStep::apply(numbers - threshold, 20.0), above);
    loss.backward();
    optimizer.step();
    if (step % 25 == 0) std::cout << "step " << step << " loss " << loss.item<double>() << '\n';
  }
  std::cout << "threshold " << threshold.item<double>() << '\n';
  return error < 1e-8 && std::abs(threshold.item<double>() - 0.3) < 0.03 ? 0 : 1;
}
