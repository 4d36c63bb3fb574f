#pragma once

// The operations that reel-bench times, written once and compiled twice: with
// `namespace library = reel` in reel-bench and `namespace library = torch` in peer-ops, so that
// both sides run the same lines. Declare the alias and include the library before this header, for
// torch with peers/shim on the include path.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cases {
using library::Tensor;
}

#include "train_cases.h"

namespace cases {

/// Makes the compiler compute a value that is not used.
inline void keep(float value) { [[maybe_unused]] volatile float kept = value; }

/// `description`: {"kind": "conv_input_grad", "in": 64, ...}. The work to be timed, inputs made.
inline std::function<void()> prepare(const nlohmann::json& description) {
  const auto kind = description.at("kind").get<std::string>();
  const auto extent = [&](const char* name) { return description.at(name).get<int64_t>(); };

  if (kind == "add" || kind == "add_recorded" || kind == "matmul") {
    Tensor left = library::randn({4, 4});
    const Tensor right = library::randn({4, 4});
    left.requires_grad_(kind == "add_recorded");
    if (kind == "matmul") return [=] { [[maybe_unused]] const Tensor out = left.matmul(right); };
    return [=] { [[maybe_unused]] const Tensor out = left + right; };
  }
  if (kind == "chain") {  // 20 operations forward, then backward through all of them
    Tensor input = library::randn({4, 4});
    input.requires_grad_(true);
    const Tensor factor = library::full({4, 4}, 0.9);
    const Tensor seed = library::ones({4, 4});
    return [=] {
      Tensor value = input;
      for (int i = 0; i < 10; ++i) {
        value = value * factor;
        value = value + factor;
      }
      library::autograd::grad({value}, {input}, {seed});
    };
  }
  if (kind == "element" || kind == "select" || kind == "item" || kind == "accessor") {
    const Tensor matrix = library::randn({8, 8});
    const Tensor number = matrix[3][4];
    if (kind == "element") return [=] { keep(matrix[3][4].item<float>()); };
    if (kind == "select") return [=] { [[maybe_unused]] const Tensor row = matrix[3]; };
    if (kind == "item") return [=] { keep(number.item<float>()); };
    return [=] {  // all 64, with the accessor made once
      const auto elements = matrix.accessor<float, 2>();
      float sum = 0;
      for (int64_t i = 0; i < 8; ++i) {
        for (int64_t j = 0; j < 8; ++j) sum += elements[i][j];
      }
      keep(sum);
    };
  }
  if (kind == "gemm") {
    const bool wide = description.value("double", false);
    // What is `transposed` lies in memory as its transpose would.
    const auto matrix = [&](int64_t rows, int64_t columns, const char* transposed) {
      const bool turned = description.value(transposed, false);
      const Tensor made = library::randn({turned ? columns : rows, turned ? rows : columns},
                                         wide ? library::kDouble : library::kFloat);
      return turned ? made.t() : made;
    };
    const Tensor left = matrix(extent("m"), extent("k"), "left_transposed");
    const Tensor right = matrix(extent("k"), extent("n"), "right_transposed");
    return [=] { [[maybe_unused]] const Tensor out = left.mm(right); };
  }
  if (kind == "map") {  // one operation on a [1, 64, side, side] activation, as VGG-19's first ones
    const int64_t side = extent("side");
    const Tensor input =
        library::randn({1, 64, side, side}).contiguous(library::MemoryFormat::ChannelsLast);
    const auto name = description.at("name").get<std::string>();
    const Tensor positive = input.abs() + 0.1;
    const Tensor rows = input.permute({0, 2, 3, 1}).reshape({side * side, 64});
    const Tensor picked = library::randperm(side * side);
    const Tensor places = picked.reshape({-1, 1}).expand({side * side, 64}).contiguous();
    const Tensor mask = input > 0;
    const Tensor planes = input.contiguous(library::MemoryFormat::Contiguous);
    const std::map<std::string, std::function<Tensor()>> maps{
        {"relu", [=] { return library::relu(input); }},
        {"add", [=] { return input + input; }},
        {"exp", [=] { return library::exp(input); }},
        {"log", [=] { return library::log(positive); }},
        {"tanh", [=] { return library::tanh(input); }},
        {"erf", [=] { return library::erf(input); }},
        {"sigmoid", [=] { return library::sigmoid(input); }},
        {"gelu", [=] { return library::gelu(input); }},
        {"where", [=] { return library::where(mask, input, positive); }},
        {"dropout", [=] { return library::dropout(input, 0.5, true); }},
        {"sum", [=] { return input.sum(); }},
        {"sum of rows", [=] { return rows.sum(1); }},
        {"mean of columns", [=] { return rows.mean(0); }},
        {"argmax", [=] { return rows.argmax(1); }},
        {"softmax", [=] { return library::softmax(input, 1); }},
        {"log_softmax", [=] { return library::log_softmax(rows, 1); }},
        {"layer_norm", [=] { return library::layer_norm(rows, {64}); }},
        {"max_pool2d", [=] { return library::max_pool2d(input, 2); }},
        {"avg_pool2d", [=] { return library::avg_pool2d(input, 2); }},
        {"batch_norm",
         [=] { return library::batch_norm(input, {}, {}, {}, {}, true, 0, 1e-5, false); }},
        {"copy", [=] { return input.clone(); }},
        {"cat",
         [=] {
           return library::cat({input, input}, 1);
         }},
        {"index_select", [=] { return rows.index_select(0, picked); }},
        {"gather", [=] { return rows.gather(0, places); }},
        {"to NCHW", [=] { return input.contiguous(library::MemoryFormat::Contiguous); }},
        {"to NHWC", [=] { return planes.contiguous(library::MemoryFormat::ChannelsLast); }}};
    const auto run = maps.at(name);
    return [=] { [[maybe_unused]] const Tensor out = run(); };
  }
  if (kind.starts_with("conv")) {
    using Pair = std::vector<int64_t>;
    const auto pair = [&](const char* name) { return description.at(name).get<Pair>(); };
    const int64_t groups = extent("groups");
    const Pair kernel = pair("kernel");
    Tensor input =
        library::randn({extent("batch"), extent("in"), extent("height"), extent("width")});
    Tensor weight =
        library::randn({extent("out"), extent("in") / groups, kernel[0], kernel[1]}) * 0.05;
    const Tensor bias = library::randn({extent("out")});
    if (description.at("channels_last").get<bool>()) {
      input = input.contiguous(library::MemoryFormat::ChannelsLast);
      weight = weight.contiguous(library::MemoryFormat::ChannelsLast);
    }
    const auto forward = [=, stride = pair("stride"), padding = pair("padding"),
                          dilation = pair("dilation")] {
      return library::conv2d(input, weight, bias, stride, padding, dilation, groups);
    };
    if (kind == "conv") return [=] { [[maybe_unused]] const Tensor out = forward(); };
    const Tensor wanted = kind == "conv_input_grad" ? input : weight;
    Tensor(wanted).requires_grad_(true);
    const Tensor out = forward();
    const Tensor seed = library::randn_like(out);
    return [=] { library::autograd::grad({out}, {wanted}, {seed}, /*retain_graph=*/true); };
  }
  if (kind == "train") {
    const Trainer trainer(make_training(description), /*lr=*/0.01);
    return [=] { trainer.step(); };
  }
  throw std::runtime_error("unknown case " + description.dump());
}

/// Seconds of one run of `work` from samples of at least 2 ms, taken for 100 ms, and three unless
/// that takes longer than a second: their median, or with `least` the smallest. What takes
/// nanoseconds is only ever made slower by other programs.
inline double seconds(const std::function<void()>& work, bool least) {
  using Clock = std::chrono::steady_clock;
  const auto elapsed = [&](int64_t repetitions) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < repetitions; ++i) work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  int64_t repetitions = 1;
  while (elapsed(repetitions) < 2e-3) repetitions *= 2;
  std::vector<double> samples;
  double spent = 0;
  while (spent < 0.1 || (spent < 1 && samples.size() < 3)) {
    const double sample = elapsed(repetitions);
    spent += sample;
    samples.push_back(sample / static_cast<double>(repetitions));
  }
  if (least) return *std::min_element(samples.begin(), samples.end());
  const auto middle = samples.begin() + static_cast<int64_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

}  // namespace cases
