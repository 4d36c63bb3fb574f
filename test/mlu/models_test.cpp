// Whole models on the simulated card against the same on the CPU.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <support/files.h>
#include <support/process.h>

#include <reel/nn/models/resnet.h>

#include "backend_support.h"

using namespace mlu_test;
using namespace reel;

namespace {

/// What one step of training leaves behind, by name: the output, the loss, every gradient and every
/// buffer.
using Results = OrderedDict<std::string, Tensor>;

/// |a - b| / |b| of all elements together.
double difference(const Tensor& a, const Tensor& b) {
  const Tensor x = a.detach().cpu().to(kDouble), y = b.detach().cpu().to(kDouble);
  const double size = y.norm().item<double>();
  return (x - y).norm().item<double>() / (size == 0 ? 1 : size);
}

Tensor moved(const Tensor& x, Device device, ScalarType dtype) {
  return x.to(device, is_floating_point(x.dtype()) ? dtype : x.dtype());
}

/// One step of classification: `model` has seen `input`, of which it has to guess `target`.
template <class Model>
Results step(Model& model, Device device, ScalarType dtype, const Tensor& input,
             const Tensor& target) {
  model->to(device, dtype);
  const Tensor output = model(moved(input, device, dtype));
  const Tensor loss = nn::functional::cross_entropy(output, target.to(device));
  loss.backward();
  Results results{{"output", output.detach()}, {"loss", loss.detach()}};
  for (const auto& item : model->named_parameters()) {
    results.insert("gradient of " + item.key(), item.value().grad());
  }
  for (const auto& item : model->named_buffers()) results.insert(item.key(), item.value());
  return results;
}

/// The largest difference of all results.
double largest_difference(const Results& actual, const Results& expected) {
  double largest = 0;
  for (const auto& item : actual) {
    const double d = difference(item.value(), expected[item.key()]);
    UNSCOPED_INFO(item.key() << ": " << d);
    largest = std::max(largest, d);
  }
  return largest;
}

/// Characters to the scores of the next ones: [T, N] to [T * N, count].
struct LanguageModelImpl : nn::Cloneable<LanguageModelImpl> {
  static constexpr int64_t kCharacters = 65, kWidth = 96;
  LanguageModelImpl() { reset(); }
  void reset() override {
    embedding = register_module("embedding", nn::Embedding(kCharacters, kWidth));
    lstm = register_module("lstm", nn::LSTM(nn::LSTMOptions(kWidth, kWidth).num_layers(2)));
    scores = register_module("scores", nn::Linear(kWidth, kCharacters));
  }
  Tensor forward(const Tensor& text) {
    return scores(std::get<0>(lstm(embedding(text)))).flatten(0, 1);
  }
  nn::Embedding embedding{nullptr};
  nn::LSTM lstm{nullptr};
  nn::Linear scores{nullptr};
};
REEL_MODULE(LanguageModel);

struct ResNetCase {
  // The last layers are normalised over eight values, which enlarges what rounding did before.
  static constexpr double kFloatBound = 1e-4, kHalfBound = 1e-2;
  using Model = nn::models::ResNet;
  static Model model() { return nn::models::resnet18(10); }
  static Tensor input() { return randn({2, 3, 64, 64}); }
  static Tensor target() { return tensor({3, 7}, kLong); }
};
struct LanguageCase {
  static constexpr double kFloatBound = 2e-6, kHalfBound = 2e-3;
  static constexpr int64_t kLength = 16, kBatch = 4;
  using Model = LanguageModel;
  static Model model() { return {}; }
  static Tensor input() {
    return randint(LanguageModelImpl::kCharacters, {kLength, kBatch}, kLong);
  }
  static Tensor target() {
    return randint(LanguageModelImpl::kCharacters, {kLength * kBatch}, kLong);
  }
};

template <class Case>
Tensor forward(Device device, ScalarType dtype) {
  manual_seed(5);
  auto model = Case::model();
  const Tensor input = Case::input();
  model->to(device, dtype);
  return model(moved(input, device, dtype));
}

template <class Case>
Results run(Device device, ScalarType dtype) {
  manual_seed(5);
  auto model = Case::model();
  const Tensor input = Case::input(), target = Case::target();
  return step(model, device, dtype, input, target);
}

}  // namespace

// The CPU in double knows better than both: a card that sums in another order may be as far from it
// as the CPU in float32 is, within a factor.
TEMPLATE_TEST_CASE("a step of training in float32 is as exact as on the CPU", "", ResNetCase,
                   LanguageCase) {
  bang::clear_findings();
  const Results exact = run<TestType>(kCPU, kDouble);
  const double cpu = largest_difference(run<TestType>(kCPU, kFloat), exact);
  const double mlu = largest_difference(run<TestType>(device(), kFloat), exact);
  CAPTURE(cpu, mlu);
  CHECK(mlu < 4 * cpu);
  CHECK(mlu < TestType::kFloatBound);
  CHECK(findings() == "");
}

// Results round to 11 bits after each layer; sums are float32 on both.
TEMPLATE_TEST_CASE("a forward pass in half is as exact as on the CPU", "", ResNetCase,
                   LanguageCase) {
  bang::clear_findings();
  const NoGradGuard no_grad;
  const Tensor exact = forward<TestType>(kCPU, kDouble);
  const double cpu = difference(forward<TestType>(kCPU, kHalf), exact);
  const double mlu = difference(forward<TestType>(device(), kHalf), exact);
  CAPTURE(cpu, mlu);
  CHECK(mlu < 2 * cpu);
  CHECK(mlu < TestType::kHalfBound);
  CHECK(findings() == "");
}

namespace {

using nlohmann::json;

/// What reel-style writes of a few steps of style transfer with VGG-19.
json style_steps(const std::string& device) {
  const reel::test::TempDir folder;
  const std::string out = folder.file("out.png"), result = folder.file("result.json");
  const auto run = reel::test::run_command(fmt::format(
      "REEL_FALLBACK=forbid {} --content {} --style {} --weights {} --size 64 --steps 3 "
      "--device {} --out {} --json {}",
      reel::test::program("reel-style"), reel::test::data_file("images/content/astronaut.png"),
      reel::test::data_file("images/style/starry_night.jpg"),
      reel::test::data_file("vgg19/vgg19_conv_f16.safetensors"), device, out, result));
  CAPTURE(run.output);
  REQUIRE(run.status == 0);
  CHECK(run.output.find("reel-mlu:") == std::string::npos);  // no findings
  CHECK((run.output.find("ms predicted)") != std::string::npos) == (device != "cpu"));
  return json::parse(reel::test::read_file(result));
}

}  // namespace

TEST_CASE("style transfer with VGG-19 has the losses that it has on the CPU") {
  if (reel::test::data_file("vgg19/vgg19_conv_f16.safetensors").empty()) return;
  const json cpu = style_steps("cpu"), mlu = style_steps("mlu:0");
  CHECK(!cpu.contains("predicted_ms_per_step"));
  CHECK(mlu.at("predicted_ms_per_step") > 1);
  REQUIRE(mlu.at("steps").size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    const json &a = mlu["steps"][i], &b = cpu["steps"][i];
    // The first step of Adam moves each pixel by the sign of its gradient, which rounding decides
    // where there is almost none; the content's loss begins at 0 and is made of such moves.
    const double bound = i == 0 ? 2e-5 : 1e-3;
    CHECK(a.at("total").get<double>() == Approx(b.at("total").get<double>()).epsilon(bound));
    CHECK(a.at("style").get<double>() == Approx(b.at("style").get<double>()).epsilon(bound));
    CHECK(a.at("content").get<double>() == Approx(b.at("content").get<double>()).epsilon(1e-2));
  }
}

namespace {

/// What reel-train writes of two epochs of low-bit training on pictures of bright rows.
json low_bit_training(const std::string& model, unsigned char count, const std::string& device) {
  const reel::test::TempDir folder;
  const std::string data = reel::test::tiny_mnist(folder, count);
  const std::string result = folder.file("result.json");
  const auto run = reel::test::run_command(fmt::format(
      "REEL_FALLBACK=forbid {} mnist --low-bit --data {} --model {} --batch 20 --epochs 2 "
      "--device {} --json {}",
      reel::test::program("reel-train"), data, model, device, result));
  CAPTURE(run.output);
  REQUIRE(run.status == 0);
  CHECK(run.output.find("reel-mlu:") == std::string::npos);  // no findings
  CHECK((run.output.find("ms/step predicted)") != std::string::npos) == (device != "cpu"));
  return json::parse(reel::test::read_file(result));
}

}  // namespace

TEST_CASE("low-bit training has the losses that it has on the CPU") {
  const auto [model, count] =
      GENERATE(std::pair<std::string, unsigned char>("lenet", 100), std::pair("resnet", 40));
  const json cpu = low_bit_training(model, count, "cpu");
  const json mlu = low_bit_training(model, count, "mlu:0");
  CAPTURE(model, cpu.dump(), mlu.dump());
  // Products are equal, but sums of float32 before and after them are not, and decide here and
  // there which integer a number rounds to.
  for (size_t epoch = 0; epoch < 2; ++epoch) {
    const json &a = mlu.at("epochs")[epoch], &b = cpu.at("epochs")[epoch];
    CHECK(a.at("loss").get<double>() == Approx(b.at("loss").get<double>()).epsilon(2e-3));
  }
}
