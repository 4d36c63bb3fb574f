// Training on digits: a convolutional network, a data set and its loader. The digits are drawn
// here, seven segments each and noisy, so that the program needs no files; with MNIST's files
// `torch::data::datasets::MNIST(path)` takes the place of `Digits`.

#include <iostream>

#include <torch/torch.h>

namespace nn = torch::nn;
namespace data = torch::data;

class Digits : public data::datasets::Dataset<Digits> {
 public:
  Digits(int64_t count, uint64_t seed) {
    torch::manual_seed(seed);
    targets_ = torch::randint(10, {count});
    images_ = 0.3 * torch::rand({count, 1, 16, 16});
    for (int64_t i = 0; i < count; ++i) draw(images_[i][0], targets_[i].item<int64_t>());
  }
  data::Example<> get(size_t index) override { return {images_[index], targets_[index]}; }
  torch::optional<size_t> size() const override { return images_.size(0); }

 private:
  // Bit k of a digit is its segment k: top, upper left and right, middle, lower left and right,
  // bottom.
  static void draw(torch::Tensor image, int64_t digit) {
    using torch::indexing::Slice;
    static constexpr int kSegments[] = {0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f};
    static constexpr int kPlaces[7][4] = {{2, 3, 5, 11},  {3, 8, 4, 5},  {3, 8, 11, 12},
                                          {8, 9, 5, 11},  {9, 13, 4, 5}, {9, 13, 11, 12},
                                          {13, 14, 5, 11}};
    for (int k = 0; k < 7; ++k) {
      if ((kSegments[digit] >> k & 1) == 0) continue;
      const auto& at = kPlaces[k];
      image.index_put_({Slice(at[0], at[1]), Slice(at[2], at[3])}, 1);
    }
  }

  torch::Tensor images_, targets_;
};

struct Net : nn::Module {
  Net()
      : conv1(nn::Conv2dOptions(1, 6, 3).padding(1)),
        conv2(nn::Conv2dOptions(6, 12, 3)),
        norm(6),
        fc1(12 * 3 * 3, 32),
        fc2(32, 10) {
    register_module("conv1", conv1);
    register_module("conv2", conv2);
    register_module("norm", norm);
    register_module("drop", drop);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(norm(torch::max_pool2d(conv1(x), 2)));
    x = torch::relu(torch::max_pool2d(conv2(x), 2));
    x = torch::relu(fc1(drop(x.flatten(1))));
    return torch::log_softmax(fc2(x), /*dim=*/1);
  }

  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d norm;
  nn::Dropout drop{nn::DropoutOptions(0.2)};
  nn::Linear fc1, fc2;
};

template <class Loader>
void train(int epoch, Net& net, torch::Device device, Loader& loader,
           torch::optim::Optimizer& optimizer) {
  net.train();
  double total = 0;
  int batches = 0;
  for (auto& batch : loader) {
    const auto images = batch.data.to(device), targets = batch.target.to(device);
    optimizer.zero_grad();
    const auto loss = torch::nll_loss(net.forward(images), targets);
    TORCH_CHECK(!std::isnan(loss.template item<float>()), "the loss is no number");
    loss.backward();
    optimizer.step();
    total += loss.template item<double>();
    ++batches;
  }
  std::cout << "epoch " << epoch << " loss " << total / batches << '\n';
}

template <class Loader>
double test(Net& net, torch::Device device, Loader& loader, size_t count) {
  torch::NoGradGuard no_grad;
  net.eval();
  int64_t correct = 0;
  for (const auto& batch : loader) {
    const auto guess = net.forward(batch.data.to(device)).argmax(1);
    correct += guess.eq(batch.target.to(device)).sum().template item<int64_t>();
  }
  return static_cast<double>(correct) / static_cast<double>(count);
}

int main() {
  torch::Device device(torch::kCPU);
  if (torch::cuda::is_available()) device = torch::Device(torch::kCUDA);

  const auto digits = [](int64_t count, uint64_t seed) {
    return Digits(count, seed)
        .map(data::transforms::Normalize<>(0.3, 0.35))
        .map(data::transforms::Stack<>());
  };
  auto train_set = digits(256, 4);
  auto test_set = digits(100, 5);
  const size_t test_count = test_set.size().value();
  auto train_loader = data::make_data_loader<data::samplers::RandomSampler>(
      std::move(train_set), data::DataLoaderOptions().batch_size(32));
  auto test_loader =
      data::make_data_loader<data::samplers::SequentialSampler>(std::move(test_set), 50);

  torch::manual_seed(6);
  Net net;
  net.to(device);
  torch::optim::SGD optimizer(net.parameters(), torch::optim::SGDOptions(0.1).momentum(0.5));
  for (int epoch = 1; epoch <= 6; ++epoch) train(epoch, net, device, *train_loader, optimizer);
  const double accuracy = test(net, device, *test_loader, test_count);
  std::cout << "accuracy " << accuracy << '\n';
  return accuracy > 0.9 ? 0 : 1;
}
