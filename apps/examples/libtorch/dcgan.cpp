// A generative adversarial network (Radford et al., 2016) on small pictures: a generator of
// transposed convolutions and a discriminator that learn from each other. The pictures are blobs of
// light at random places; after a few steps the generator has found their brightness.

#include <iostream>

#include <torch/torch.h>

namespace nn = torch::nn;

constexpr int64_t kNoise = 16;
constexpr int64_t kBatch = 32;
// The game of two networks magnifies rounding; in double precision what it prints is the same on
// every machine.
constexpr auto kType = torch::kDouble;

struct GeneratorImpl : nn::Module {
  GeneratorImpl()
      : conv1(nn::ConvTranspose2dOptions(kNoise, 32, 4).bias(false)),
        norm1(32),
        conv2(nn::ConvTranspose2dOptions(32, 16, 3).stride(2).padding(1).bias(false)),
        norm2(16),
        conv3(nn::ConvTranspose2dOptions(16, 1, 4).stride(2).padding(1).bias(false)) {
    register_module("conv1", conv1);
    register_module("norm1", norm1);
    register_module("conv2", conv2);
    register_module("norm2", norm2);
    register_module("conv3", conv3);
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(norm1(conv1(x)));
    x = torch::relu(norm2(conv2(x)));
    return torch::tanh(conv3(x));
  }

  nn::ConvTranspose2d conv1;
  nn::BatchNorm2d norm1;
  nn::ConvTranspose2d conv2;
  nn::BatchNorm2d norm2;
  nn::ConvTranspose2d conv3;
};
TORCH_MODULE(Generator);

// Pictures [count, 1, 14, 14] of values -1..1.
torch::Tensor blobs(int64_t count) {
  const auto place = 3 + 8 * torch::rand({2, count, 1, 1}, kType);
  const auto axis = torch::arange(14, kType);
  const auto squares =
      (axis.view({14, 1}) - place[0]).pow(2) + (axis.view({1, 14}) - place[1]).pow(2);
  return (2 * torch::exp(-squares / 8) - 1).unsqueeze(1);
}

int main() {
  torch::manual_seed(7);
  Generator generator;
  nn::Sequential discriminator(
      nn::Conv2d(nn::Conv2dOptions(1, 16, 4).stride(2).padding(1).bias(false)),
      nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)),
      nn::Conv2d(nn::Conv2dOptions(16, 32, 4).stride(2).padding(1).bias(false)),
      nn::BatchNorm2d(32), nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)),
      nn::Conv2d(nn::Conv2dOptions(32, 1, 3).bias(false)), nn::Sigmoid());

  generator->to(kType);
  discriminator->to(kType);

  auto dataset = torch::data::datasets::TensorDataset(blobs(256))
                     .map(torch::data::transforms::Stack<torch::data::TensorExample>());
  auto loader = torch::data::make_data_loader(
      std::move(dataset), torch::data::DataLoaderOptions().batch_size(kBatch).drop_last(true));

  const auto adam = torch::optim::AdamOptions(2e-3).betas(std::make_tuple(0.5, 0.999));
  torch::optim::Adam generator_optimizer(generator->parameters(), adam);
  torch::optim::Adam discriminator_optimizer(discriminator->parameters(), adam);

  for (int epoch = 1; epoch <= 8; ++epoch) {
    double d_sum = 0, g_sum = 0;
    for (torch::data::TensorExample& batch : *loader) {
      // The discriminator learns to tell real pictures from made ones.
      discriminator->zero_grad();
      const torch::Tensor real = batch.data;
      const auto real_guess = discriminator->forward(real).flatten();
      const auto d_real = torch::binary_cross_entropy(
          real_guess, torch::empty(real.size(0), kType).uniform_(0.8, 1.0));
      const auto fake = generator->forward(torch::randn({real.size(0), kNoise, 1, 1}, kType));
      const auto fake_guess = discriminator->forward(fake.detach()).flatten();
      const auto d_fake =
          torch::binary_cross_entropy(fake_guess, torch::zeros(real.size(0), kType));
      const auto d_loss = d_real + d_fake;
      d_loss.backward();
      discriminator_optimizer.step();

      // The generator learns to be taken for real.
      generator->zero_grad();
      const auto verdict = discriminator->forward(fake).flatten();
      const auto g_loss = torch::binary_cross_entropy(verdict, torch::ones_like(verdict));
      g_loss.backward();
      generator_optimizer.step();

      d_sum += d_loss.item<double>();
      g_sum += g_loss.item<double>();
    }
    std::cout << "epoch " << epoch << " discriminator " << d_sum / 8 << " generator " << g_sum / 8
              << '\n';
  }

  torch::NoGradGuard no_grad;
  generator->eval();
  const auto made = generator->forward(torch::randn({kBatch, kNoise, 1, 1}, kType));
  const double brightness = made.mean().item<double>(), expected = blobs(256).mean().item<double>();
  std::cout << "brightness made " << brightness << " real " << expected << '\n';
  return made.sizes().equals({kBatch, 1, 14, 14}) && std::abs(brightness - expected) < 0.3 ? 0 : 1;
}
