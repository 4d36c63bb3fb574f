// Regression from end to end: data, a network, an optimizer with a schedule, saving and loading.

#include <cstdio>
#include <iostream>
#include <string>

#include <torch/torch.h>

namespace nn = torch::nn;

struct CurveImpl : nn::Module {
  explicit CurveImpl(int64_t width)
      : hidden(register_module("hidden", nn::Linear(1, width))),
        out(register_module("out", nn::Linear(nn::LinearOptions(width, 1).bias(false)))) {
    offset = register_parameter("offset", torch::zeros({1}));
  }
  torch::Tensor forward(const torch::Tensor& x) { return out(torch::tanh(hidden(x))) + offset; }

  nn::Linear hidden, out;
  torch::Tensor offset;
};
TORCH_MODULE(Curve);

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "curve.pt";
  torch::manual_seed(3);

  const torch::Tensor x = torch::linspace(-2, 2, 64).unsqueeze(1);
  const torch::Tensor y = torch::sin(2 * x) + 0.05 * torch::randn_like(x);

  Curve net(16);
  std::cout << net->parameters().size() << " parameters:";
  for (const auto& parameter : net->named_parameters()) {
    std::cout << ' ' << parameter.key() << ' ' << parameter.value().sizes();
  }
  std::cout << '\n';

  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  torch::optim::StepLR schedule(optimizer, /*step_size=*/100, /*gamma=*/0.5);
  torch::Tensor loss;
  for (int epoch = 0; epoch < 300; ++epoch) {
    optimizer.zero_grad();
    loss = nn::functional::mse_loss(net(x), y);
    loss.backward();
    nn::utils::clip_grad_norm_(net->parameters(), 1.0);
    optimizer.step();
    schedule.step();
    if (epoch % 100 == 0) std::cout << "epoch " << epoch << " loss " << loss.item<float>() << '\n';
  }
  const double rate =
      static_cast<torch::optim::SGDOptions&>(optimizer.param_groups()[0].options()).lr();
  std::cout << "final loss " << loss.item<float>() << ", learning rate " << rate << '\n';

  torch::save(net, path);
  Curve again(16);
  torch::load(again, path);
  std::remove(path.c_str());
  const bool same = torch::equal(again(x), net(x));
  std::cout << "loaded network agrees: " << std::boolalpha << same << '\n';
  return same && loss.item<float>() < 0.02 ? 0 : 1;
}
