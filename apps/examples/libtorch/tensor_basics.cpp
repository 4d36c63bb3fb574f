// Tensors: making them, looking into them, computing with them, and gradients.

#include <iostream>

#include <torch/torch.h>

using namespace torch::indexing;

int main() {
  torch::manual_seed(1);

  const torch::Tensor grid = torch::arange(12, torch::kFloat).view({3, 4});
  std::cout << grid << '\n';
  std::cout << "sizes " << grid.sizes() << ", strides of the transpose " << grid.t().strides()
            << '\n';

  std::cout << "every other column of the last rows\n"
            << grid.index({Slice(1, None), Slice(None, None, 2)}) << '\n';
  torch::Tensor masked = grid.clone();
  masked.index_put_({grid > 6}, -1);
  std::cout << "beyond six is -1\n" << masked << '\n';

  const auto options =
      torch::TensorOptions().dtype(torch::kDouble).layout(torch::kStrided).device(torch::kCPU);
  const torch::Tensor a = torch::tensor({{1.0, 2.0}, {3.0, 4.0}}, options);
  std::cout << "a @ a\n" << a.mm(a) << '\n';
  std::cout << "sum by row " << a.sum(1).sizes() << ", mean " << a.mean().item<double>() << '\n';

  const auto [largest, where] = torch::randn({2, 5}).max(/*dim=*/1);
  std::cout << "the largest of five normal numbers\n" << largest << where << '\n';

  float raw[] = {1, 2, 3, 4};
  torch::Tensor view = torch::from_blob(raw, {2, 2});
  view.mul_(10);
  auto element = view.accessor<float, 2>();
  std::cout << "raw memory, times ten: " << raw[0] << ' ' << element[1][1] << '\n';

  try {
    torch::ones({2, 3}) + torch::ones({4});
  } catch (const c10::Error& error) {
    std::cout << "shapes must agree\n";
  }
  TORCH_CHECK(raw[3] == 40, "the view does not share memory, raw[3] is ", raw[3]);

  // y = sum(x^3), so dy/dx = 3 x^2 and the gradient of its sum is 6 x.
  torch::Tensor x = torch::tensor({1.0, 2.0, 3.0}, torch::requires_grad());
  const torch::Tensor y = x.pow(3).sum();
  const torch::Tensor slope =
      torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  slope.sum().backward();
  std::cout << "dy/dx\n" << slope.detach() << "\nsecond derivative\n" << x.grad() << '\n';
  return torch::allclose(x.grad(), 6 * x.detach()) ? 0 : 1;
}
