// Says which device computes what: scopes, copies, one model on two devices, and a move of all that
// training needs to a third. REEL_TRACE=placement tells of each op where it runs.

#include <cstdio>
#include <string>

#include <reel/backends/mlu.h>
#include <reel/reel.h>

using reel::Device;
using reel::Tensor;
namespace nn = reel::nn;

namespace {

void title(const char* text) {
  std::printf("\n%s\n", text);
  std::fflush(stdout);  // the log goes to the other stream
}

void show(const char* name, const Tensor& x) {
  std::printf("  %-22s on %s\n", name, x.device().str().c_str());
}

/// What is created in the scope of a guard lies on its device; an op runs where its inputs are.
void scopes() {
  title("A scope for each device");
  const auto a_and_b = [] {
    return std::pair{reel::arange(6, reel::kFloat).view({2, 3}), reel::ones({3, 2})};
  };
  for (const char* name : {"cpu:0", "mlu:0", "mlu:1"}) {
    const reel::DeviceGuard guard(name);
    const auto [a, b] = a_and_b();
    show("a.mm(b)", a.mm(b));
  }
  const Tensor x = reel::ones({2, 2});
  show("x", x);
  show("x.to(\"mlu:1\") + 1", x.to("mlu:1") + 1);
}

/// The first layers on one device, the others on another; the features go from one to the other.
struct NetImpl : nn::Module {
  explicit NetImpl(Device first, Device second) {
    features->to(first);
    scores->to(second);
    register_module("features", features);
    register_module("scores", scores);
  }
  Tensor forward(const Tensor& pictures) {
    const Tensor x = features->forward(pictures.to(device_of(features)));
    return scores->forward(x.to(device_of(scores)));
  }
  static Device device_of(nn::Sequential& part) { return part->parameters()[0].device(); }

  nn::Sequential features{nn::Conv2d(nn::Conv2dOptions(1, 8, 3).padding(1)), nn::ReLU(),
                          nn::MaxPool2d(2), nn::Flatten()};
  nn::Sequential scores{nn::Linear(8 * 4 * 4, 16), nn::ReLU(), nn::Linear(16, 2)};
};
REEL_MODULE(Net);

/// The loss before a step of training.
float step(Net& net, reel::optim::Adam& optimizer, const Tensor& pictures, const Tensor& classes) {
  optimizer.zero_grad();
  const Tensor scores = net(pictures);
  const Tensor loss = nn::functional::cross_entropy(scores, classes.to(scores.device()));
  loss.backward();
  optimizer.step();
  return loss.item<float>();
}

void one_model_on_two_devices() {
  title("One model on cpu:0 and mlu:0");
  reel::manual_seed(1);
  Net net("cpu:0", "mlu:0");
  reel::optim::Adam optimizer(net->parameters(), 0.01);
  const Tensor pictures = reel::randn({8, 1, 8, 8});
  const Tensor classes = pictures.mean({1, 2, 3}).gt(0).to(reel::kLong);
  const float first = step(net, optimizer, pictures, classes);
  for (const auto& item : net->named_parameters()) {
    show(("gradient of " + item.key()).c_str(), item.value().grad());
  }
  for (int i = 0; i < 9; ++i) step(net, optimizer, pictures, classes);

  title("The same model, all of it on mlu:1");
  net->to("mlu:1");
  // What the optimizer remembers of a parameter follows it when it is loaded.
  optimizer.load_state_dict(optimizer.state_dict());
  float last = 0;
  for (int i = 0; i < 10; ++i) last = step(net, optimizer, pictures, classes);
  for (const auto& item : optimizer.state_dict()) {
    if (item.key().ends_with("exp_avg")) show(item.key().c_str(), item.value());
  }
  std::printf("  loss %.3f, after 20 steps %.3f\n", first, last);
}

void mixed_operands() {
  title("Operands on different devices");
  try {
    const Tensor sum = reel::ones(2).to("mlu:0") + reel::ones(2).to("mlu:1");
    show("sum", sum);
  } catch (const reel::Error& error) {
    std::printf("  %s\n", error.what());
  }
}

}  // namespace

int main() {
  reel::register_mlu();
  try {
    scopes();
    one_model_on_two_devices();
    mixed_operands();
  } catch (const reel::Error& error) {
    std::fprintf(stderr, "placement: %s\n", error.what());
    return 1;
  }
  return 0;
}
