#include "bench/ops.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <reel/backends/parallel.h>
#include <reel/reel.h>

#include "bench/ceiling.h"
#include "bench/peer.h"

namespace library = reel;
#include "bench/cases.h"

namespace bench {
namespace {

using nlohmann::json;

enum class Unit { none, flops, bytes, examples };

/// One row of a table. The amount of arithmetic or memory traffic is shown against the ceiling,
/// that of examples as it is.
struct Case {
  std::string name;
  json description;
  Unit unit = Unit::none;
  double amount = 0.0;
  int64_t operations = 1;  ///< the time is divided by this
};

/// A product of a narrower "dtype" than float32, of which int8 gives int32.
std::function<void()> prepare_narrow_gemm(const json& description) {
  const auto dtype = description.at("dtype").get<std::string>();
  const auto matrix = [&](const char* rows, const char* columns) {
    const reel::Shape sizes{description.at(rows).get<int64_t>(),
                            description.at(columns).get<int64_t>()};
    if (dtype == "int8") return reel::randint(-128, 128, sizes, reel::kChar);
    return reel::randn(sizes).to(dtype == "float16" ? reel::kHalf : reel::kBFloat16);
  };
  const reel::Tensor left = matrix("m", "k"), right = matrix("k", "n");
  if (dtype == "int8") return [=] { [[maybe_unused]] const auto out = reel::_int_mm(left, right); };
  return [=] { [[maybe_unused]] const auto out = left.mm(right); };
}

/// Seconds of the case on the peer: of convolutions the better of both layouts.
double ask_seconds(Peer& peer, const json& description) {
  double seconds = peer.ask(description).at("seconds").get<double>();
  if (description.contains("channels_last")) {
    json other = description;
    other["channels_last"] = !description["channels_last"].get<bool>();
    seconds = std::min(seconds, peer.ask(other).at("seconds").get<double>());
  }
  return seconds;
}

/// Measures the cases, reel and the peer in turn in every round, prints one table. The peer of a
/// narrow product is reel's own of float32.
json run(const std::string& title, const Settings& settings, const std::vector<Case>& rows) {
  if (settings.threads > 0) reel::set_num_threads(settings.threads);
  const int threads = reel::get_num_threads();
  json report = begin_report(title, settings, threads);

  std::unique_ptr<Peer> peer;
  if (settings.peers) {
    prepare_peer_environment();
    peer = std::make_unique<Peer>(peer_program("peer-ops"));
    report["peer"] = peer->ask({{"kind", "info"}, {"threads", threads}});
    fmt::print("peer: {}\n", report["peer"].dump());
  }

  Table table({"case", "reel", "rate", "of ceiling", "peer", "peer/reel", "reel/peer"});
  for (const Case& row : rows) {
    const bool narrow = row.description.contains("dtype");
    const auto work =
        narrow ? prepare_narrow_gemm(row.description) : cases::prepare(row.description);
    const auto in_float = narrow ? cases::prepare(row.description) : nullptr;
    const bool least = row.description.value("least", false);
    // Rounds of nothing but the least are many: some fall into quiet moments of the machine.
    const int rounds = least ? 5 * settings.rounds : settings.rounds;
    const auto typical = [&](const std::vector<double>& samples) {
      return least ? *std::min_element(samples.begin(), samples.end()) : median(samples);
    };
    std::vector<double> own, other, ratios, limits;
    for (int round = 0; round < rounds; ++round) {
      own.push_back(cases::seconds(work, least) / static_cast<double>(row.operations));
      if (row.unit == Unit::flops) limits.push_back(measure_gflops(threads));
      if (row.unit == Unit::bytes) limits.push_back(measure_read_gbs(threads));
      if (!peer && !narrow) continue;
      const double theirs =
          narrow ? cases::seconds(in_float, least) : ask_seconds(*peer, row.description);
      other.push_back(theirs / static_cast<double>(row.operations));
      ratios.push_back(other.back() / own.back());
    }
    const double seconds = typical(own);
    json entry{{"case", row.name}, {"description", row.description}, {"seconds", seconds}};
    std::vector<std::string> cells{row.name, format_seconds(seconds), "", ""};
    if (row.unit == Unit::examples) {
      entry["examples_per_second"] = row.amount / seconds;
      cells[2] = fmt::format("{:.1f} /s", row.amount / seconds);
    } else if (row.unit != Unit::none) {
      const bool counts_flops = row.unit == Unit::flops;
      const double rate = 1e-9 * row.amount / seconds;
      const double part = rate / median(limits);
      entry[counts_flops ? "gflops" : "gbs"] = rate;
      entry["of_ceiling"] = part;
      cells[2] = fmt::format("{:.0f} {}", rate, counts_flops ? "GFLOP/s" : "GB/s");
      cells[3] = fmt::format("{:.0f} %", 100 * part);
    }
    if (!other.empty()) {
      const double theirs = typical(other);
      const double ratio = least ? theirs / seconds : median(ratios);
      entry["peer_seconds"] = theirs;
      entry["ratio"] = ratio;
      cells.push_back(format_seconds(theirs));
      cells.push_back(fmt::format("{:.2f}", ratio));
      cells.push_back(fmt::format("{:.3f}", 1 / ratio));
    }
    report["rows"].push_back(entry);
    table.add(cells);
  }
  table.print();
  if (peer && rows.size() > 1) {
    double sum = 0;
    for (const json& row : report["rows"]) sum += std::log(row.at("ratio").get<double>());
    report["geometric_mean"] = std::exp(sum / static_cast<double>(rows.size()));
    fmt::print("geometric mean of peer/reel: {:.2f}\n", report["geometric_mean"].get<double>());
  }
  return report;
}

/// A convolution and, in this order, what is varied of it least often.
struct Layer {
  const char* name;
  int64_t in, out, height, width;
  std::vector<int64_t> kernel, padding;
  std::vector<int64_t> stride{1, 1}, dilation{1, 1};
  int64_t groups = 1, batch = 1;
};

const std::vector<std::pair<const char*, const char*>> kConvKinds{
    {"conv", "forward"}, {"conv_input_grad", "input grad"}, {"conv_weight_grad", "weight grad"}};

void add_layer(std::vector<Case>& rows, const Layer& layer) {
  const auto out_size = [&](int64_t size, size_t d) {
    return (size + 2 * layer.padding[d] - layer.dilation[d] * (layer.kernel[d] - 1) - 1) /
               layer.stride[d] +
           1;
  };
  const int64_t pixels = layer.batch * out_size(layer.height, 0) * out_size(layer.width, 1);
  const int64_t products =
      pixels * layer.out * layer.in / layer.groups * layer.kernel[0] * layer.kernel[1];
  for (const auto& [kind, part] : kConvKinds) {
    rows.push_back({fmt::format("{} {}", layer.name, part),
                    {{"kind", kind},
                     {"in", layer.in},
                     {"out", layer.out},
                     {"height", layer.height},
                     {"width", layer.width},
                     {"kernel", layer.kernel},
                     {"padding", layer.padding},
                     {"stride", layer.stride},
                     {"dilation", layer.dilation},
                     {"groups", layer.groups},
                     {"batch", layer.batch},
                     {"channels_last", true}},
                    Unit::flops,
                    2.0 * static_cast<double>(products)});
  }
}

struct TrainCase {
  const char* title;
  int64_t batch;
  json description;
};

const std::vector<TrainCase>& train_cases() {
  static const std::vector<TrainCase> all{
      {"AlexNet", 32, {{"model", "alexnet"}, {"side", 224}, {"channels_last", false}}},
      {"VGG-19", 4, {{"model", "vgg19"}, {"side", 224}, {"channels_last", false}}},
      {"ResNet-50", 8, {{"model", "resnet50"}, {"side", 224}, {"channels_last", false}}},
      {"MobileNetV2", 16, {{"model", "mobilenet_v2"}, {"side", 224}, {"channels_last", false}}},
      {"GNMTv2, width 256", 16, {{"model", "gnmt_v2"}, {"width", 256}, {"length", 25}}},
      {"NCF", 2048, {{"model", "ncf"}}}};
  return all;
}

}  // namespace

nlohmann::json run_overhead(const Settings& settings) {
  std::vector<Case> rows;
  const auto add = [&](const char* name, const char* kind, int64_t operations = 1) {
    rows.push_back({name, {{"kind", kind}, {"least", true}}, Unit::none, 0.0, operations});
  };
  add("add of two 4x4", "add");
  add("add of two 4x4, recorded", "add_recorded");
  add("matmul of two 4x4", "matmul");
  add("chain of 20, forward and backward, an operation", "chain", 20);
  add("element by operator[] twice and item", "element");
  add("operator[] alone", "select");
  add("item alone", "item");
  add("element by accessor", "accessor", 64);
  return run("overhead", settings, rows);
}

nlohmann::json run_gemm(const Settings& settings, const std::vector<int64_t>& sizes) {
  std::vector<Case> rows;
  for (const int64_t size : sizes) {
    const auto extent = static_cast<double>(size);
    rows.push_back({fmt::format("{0} x {0} x {0}", size),
                    {{"kind", "gemm"}, {"m", size}, {"n", size}, {"k", size}},
                    Unit::flops,
                    2.0 * extent * extent * extent});
    for (const char* dtype : {"bfloat16", "float16", "int8"}) {
      rows.push_back(rows.back());
      rows.back().name = fmt::format("{0} x {0} x {0}, {1}", size, dtype);
      rows.back().description["dtype"] = dtype;
    }
  }
  return run("gemm", settings, rows);
}

nlohmann::json run_products(const Settings& settings, const std::vector<int64_t>& sizes) {
  struct Product {
    const char* name;
    int64_t m, n, k;
    bool left_transposed = false, right_transposed = false;
  };
  std::vector<Product> products;
  for (const int64_t size : sizes) products.push_back({"square", size, size, size});
  products.insert(products.end(), {{"square, left transposed", 1024, 1024, 1024, true},
                                   {"square, right transposed", 1024, 1024, 1024, false, true},
                                   {"Gram, channels-last", 64, 64, 147456, true},
                                   {"Gram, channels-last", 256, 256, 9216, true},
                                   {"Gram, planes", 64, 64, 147456, false, true},
                                   {"Gram's gradient", 147456, 64, 64},
                                   {"Gram's gradient", 9216, 256, 256},
                                   {"LSTM", 16, 1024, 256, false, true},
                                   {"LSTM", 16, 4096, 1024, false, true},
                                   {"LSTM", 64, 4096, 1024, false, true},
                                   {"1x1 convolution", 3136, 256, 64, false, true},
                                   {"1x1 convolution", 3136, 64, 256, false, true},
                                   {"1x1 convolution", 196, 256, 1024, false, true},
                                   {"classifier", 1, 4096, 4096, false, true},
                                   {"classifier", 4, 4096, 4096, false, true},
                                   {"classifier", 8, 4096, 4096, false, true},
                                   {"few rows", 1, 4096, 4096},
                                   {"few rows", 4, 4096, 4096},
                                   {"few rows", 8, 4096, 4096}});
  std::vector<Case> rows;
  for (const bool wide : {false, true}) {
    for (const Product& p : products) {
      rows.push_back(
          {fmt::format("{}, {} x {} x {}{}", p.name, p.m, p.n, p.k, wide ? ", float64" : ""),
           {{"kind", "gemm"},
            {"m", p.m},
            {"n", p.n},
            {"k", p.k},
            {"left_transposed", p.left_transposed},
            {"right_transposed", p.right_transposed},
            {"double", wide}},
           Unit::flops,
           2.0 * static_cast<double>(p.m * p.n * p.k)});
    }
  }
  return run("products", settings, rows);
}

nlohmann::json run_memory(const Settings& settings, int64_t size) {
  const double bytes = 64.0 * 4 * static_cast<double>(size * size);
  // The least that has to be read and written, in sizes of the activation; indices are int64.
  const std::pair<const char*, double> passes[] = {{"relu", 2},
                                                   {"add", 2},
                                                   {"exp", 2},
                                                   {"log", 2},
                                                   {"tanh", 2},
                                                   {"erf", 2},
                                                   {"sigmoid", 2},
                                                   {"gelu", 2},
                                                   {"where", 3.25},
                                                   {"dropout", 2},
                                                   {"sum", 1},
                                                   {"sum of rows", 1 + 1.0 / 64},
                                                   {"mean of columns", 1},
                                                   {"argmax", 1 + 1.0 / 32},
                                                   {"softmax", 2},
                                                   {"log_softmax", 2},
                                                   {"layer_norm", 2},
                                                   {"batch_norm", 3},
                                                   {"max_pool2d", 1.75},
                                                   {"avg_pool2d", 1.25},
                                                   {"copy", 2},
                                                   {"cat", 4},
                                                   {"index_select", 2},
                                                   {"gather", 4},
                                                   {"to NCHW", 2},
                                                   {"to NHWC", 2}};
  std::vector<Case> rows;
  for (const auto& [name, count] : passes) {
    rows.push_back(
        {name, {{"kind", "map"}, {"name", name}, {"side", size}}, Unit::bytes, count * bytes});
  }
  return run(fmt::format("memory at {0} x {0} x 64", size), settings, rows);
}

nlohmann::json run_conv(const Settings& settings, int64_t size) {
  struct Block {
    const char* name;
    int64_t in, out, shrink;
  };
  std::vector<Case> rows;
  for (const Block block :
       {Block{"conv1_1", 3, 64, 1}, Block{"conv1_2", 64, 64, 1}, Block{"conv2_1", 64, 128, 2},
        Block{"conv2_2", 128, 128, 2}, Block{"conv3_1", 128, 256, 4}, Block{"conv3_2", 256, 256, 4},
        Block{"conv4_1", 256, 512, 8}, Block{"conv4_2", 512, 512, 8},
        Block{"conv5_1", 512, 512, 16}}) {
    const int64_t side = size / block.shrink;
    add_layer(rows, {block.name, block.in, block.out, side, side, {3, 3}, {1, 1}});
  }
  return run(fmt::format("conv at {} px", size), settings, rows);
}

nlohmann::json run_layers(const Settings& settings, int64_t batch) {
  const std::vector<int64_t> two{2, 2};
  const Layer layers[] = {
      {"AlexNet 11x11 / 4", 3, 64, 224, 224, {11, 11}, {2, 2}, {4, 4}},
      {"AlexNet 5x5", 64, 192, 27, 27, {5, 5}, {2, 2}},
      {"ResNet 7x7 / 2", 3, 64, 224, 224, {7, 7}, {3, 3}, two},
      {"ResNet 1x1", 64, 256, 56, 56, {1, 1}, {0, 0}},
      {"ResNet 1x1, narrowing", 256, 64, 56, 56, {1, 1}, {0, 0}},
      {"ResNet 1x1, deep", 1024, 256, 14, 14, {1, 1}, {0, 0}},
      {"ResNet 1x1 / 2", 256, 512, 56, 56, {1, 1}, {0, 0}, two},
      {"ResNet 3x3", 64, 64, 56, 56, {3, 3}, {1, 1}},
      {"ResNet 3x3 / 2", 128, 128, 56, 56, {3, 3}, {1, 1}, two},
      {"ResNeXt 3x3, 32 groups", 128, 128, 56, 56, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32},
      {"MobileNet depthwise", 144, 144, 56, 56, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 144},
      {"MobileNet depthwise / 2", 144, 144, 56, 56, {3, 3}, {1, 1}, two, {1, 1}, 144},
      {"MobileNet 1x1, widening", 24, 144, 56, 56, {1, 1}, {0, 0}},
      {"Inception 1x7", 192, 192, 17, 17, {1, 7}, {0, 3}},
      {"Inception 7x1", 192, 192, 17, 17, {7, 1}, {3, 0}},
      {"DeepLab 3x3, dilated", 256, 256, 28, 28, {3, 3}, {2, 2}, {1, 1}, two}};
  std::vector<Case> rows;
  for (Layer layer : layers) {
    layer.batch = batch;
    add_layer(rows, layer);
  }
  return run(fmt::format("layers of image models, batch {}", batch), settings, rows);
}

std::vector<std::string> train_models() {
  std::vector<std::string> names;
  for (const TrainCase& one : train_cases()) names.push_back(one.description.at("model"));
  return names;
}

nlohmann::json run_train(const Settings& settings, const std::vector<std::string>& models,
                         double batch_scale) {
  std::vector<Case> rows;
  for (const TrainCase& one : train_cases()) {
    const auto model = one.description.at("model").get<std::string>();
    if (!models.empty() && std::find(models.begin(), models.end(), model) == models.end()) continue;
    const auto scaled = static_cast<double>(one.batch) * batch_scale;
    const int64_t batch = std::max<int64_t>(1, std::llround(scaled));
    json description = one.description;
    description["kind"] = "train";
    description["batch"] = batch;
    rows.push_back({fmt::format("{}, batch {}", one.title, batch), description, Unit::examples,
                    static_cast<double>(batch)});
  }
  return run("training step", settings, rows);
}

}  // namespace bench
