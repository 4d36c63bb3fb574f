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
  const double read_gbs = report["ceiling"]["read_gbs"];

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
      const double part = rate / (counts_flops ? median(limits) : read_gbs);
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
  return report;
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

nlohmann::json run_memory(const Settings& settings, int64_t size) {
  const double bytes = 64.0 * 4 * static_cast<double>(size * size);
  std::vector<Case> rows;
  for (const auto& [name, passes] :
       std::initializer_list<std::pair<const char*, double>>{{"relu", 2},
                                                             {"add", 2},
                                                             {"exp", 2},
                                                             {"tanh", 2},
                                                             {"softmax", 2},
                                                             {"max_pool2d", 1.25},
                                                             {"sum", 1},
                                                             {"copy", 2},
                                                             {"to NCHW", 2}}) {
    rows.push_back(
        {name, {{"kind", "map"}, {"name", name}, {"side", size}}, Unit::bytes, passes * bytes});
  }
  return run(fmt::format("memory at {0} x {0} x 64", size), settings, rows);
}

nlohmann::json run_conv(const Settings& settings, int64_t size) {
  struct Layer {
    const char* name;
    int64_t in, out, shrink;
  };
  std::vector<Case> rows;
  for (const Layer layer :
       {Layer{"conv1_1", 3, 64, 1}, Layer{"conv1_2", 64, 64, 1}, Layer{"conv2_1", 64, 128, 2},
        Layer{"conv2_2", 128, 128, 2}, Layer{"conv3_1", 128, 256, 4}, Layer{"conv3_2", 256, 256, 4},
        Layer{"conv4_1", 256, 512, 8}, Layer{"conv4_2", 512, 512, 8},
        Layer{"conv5_1", 512, 512, 16}}) {
    const int64_t side = size / layer.shrink;
    for (const char* kind : {"conv", "conv_input_grad"}) {
      rows.push_back(
          {fmt::format("{} {}", layer.name, std::string(kind) == "conv" ? "forward" : "input grad"),
           {{"kind", kind},
            {"in", layer.in},
            {"out", layer.out},
            {"height", side},
            {"width", side},
            {"kernel", 3},
            {"channels_last", true}},
           Unit::flops,
           2.0 * 9 * static_cast<double>(layer.in * layer.out * side * side)});
    }
  }
  return run(fmt::format("conv at {} px", size), settings, rows);
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
  json report = run("training step", settings, rows);
  if (settings.peers && !rows.empty()) {
    double sum = 0;
    for (const json& row : report["rows"]) sum += std::log(row.at("ratio").get<double>());
    report["geometric_mean"] = std::exp(sum / static_cast<double>(rows.size()));
    fmt::print("geometric mean of peer/reel: {:.2f}\n", report["geometric_mean"].get<double>());
  }
  return report;
}

}  // namespace bench
