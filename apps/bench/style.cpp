#include "bench/style.h"

#include <fstream>

#include <fmt/format.h>

#include <reel/backends/parallel.h>

#include "bench/peer.h"
#include "bench/style_files.h"
#include "program_folder.h"

namespace bench {
namespace {

using nlohmann::json;

/// One side of the comparison and what its runs reported.
struct Side {
  std::string name;
  std::vector<std::string> command;
  std::vector<double> seconds, memory;
  double total = 0.0;

  void run(const std::string& report_file) {
    auto words = command;
    words.insert(words.end(), {"--json", report_file});
    run_program(words, /*quiet=*/true);
    const json report = json::parse(std::ifstream(report_file));
    seconds.push_back(report.at("seconds_per_step").get<double>());
    memory.push_back(report.at("peak_memory_bytes").get<double>());
    total = report.at("steps").back().at("total").get<double>();
    settings = report.at("settings");
  }
  json settings;
};

}  // namespace

nlohmann::json run_style(const Settings& settings, const StyleSettings& style) {
  const auto content = file_or_data(style.content, "images/content/astronaut.png", "--content");
  const auto painting = file_or_data(style.style, "images/style/starry_night.jpg", "--style");
  const auto weights = file_or_data(style.weights, "vgg19/vgg19_conv_f16.safetensors", "--weights");
  const int threads = settings.threads > 0 ? settings.threads : reel::get_num_threads();
  if (settings.peers) prepare_peer_environment();

  json report = begin_report("style step", settings, threads);
  Table table({"size", "program", "s/step", "peak MB", "total loss", "time/reel", "memory/reel"});
  for (const int64_t size : style.sizes) {
    const TemporaryFolder folder;
    write_resized(content, size, folder.file("content.png"));
    write_resized(painting, size, folder.file("style.png"));
    const std::vector<std::string> options{"--content", folder.file("content.png"),
                                           "--style",   folder.file("style.png"),
                                           "--weights", weights,
                                           "--size",    std::to_string(size),
                                           "--steps",   std::to_string(style.steps),
                                           "--threads", std::to_string(threads)};
    std::vector<Side> sides;
    const auto add_side = [&](const std::string& name, const std::string& program,
                              const std::vector<std::string>& more) {
      std::vector<std::string> command{program};
      command.insert(command.end(), options.begin(), options.end());
      command.insert(command.end(), more.begin(), more.end());
      sides.push_back({name, command, {}, {}, 0.0, {}});
    };
    add_side("reel", apps::program_folder() + "/reel-style", {"--out", folder.file("out.png")});
    if (settings.peers) {
      add_side("LibTorch", peer_program("peer-style"), {});
      add_side("LibTorch channels-last", peer_program("peer-style"), {"--channels-last"});
    }
    for (int round = 0; round < settings.rounds; ++round) {
      for (Side& side : sides) side.run(folder.file("report.json"));
    }
    for (const Side& side : sides) {
      std::vector<double> ratios;
      for (size_t i = 0; i < side.seconds.size(); ++i) {
        ratios.push_back(side.seconds[i] / sides[0].seconds[i]);
      }
      const double memory_ratio = median(side.memory) / median(sides[0].memory);
      report["rows"].push_back({{"size", size},
                                {"program", side.name},
                                {"seconds_per_step", median(side.seconds)},
                                {"all_seconds_per_step", side.seconds},
                                {"peak_memory_bytes", median(side.memory)},
                                {"last_total", side.total},
                                {"time_ratio", median(ratios)},
                                {"memory_ratio", memory_ratio},
                                {"settings", side.settings}});
      table.add({std::to_string(size), side.name, fmt::format("{:.3f}", median(side.seconds)),
                 fmt::format("{:.0f}", median(side.memory) / 1e6),
                 fmt::format("{:.5g}", side.total), fmt::format("{:.2f}", median(ratios)),
                 fmt::format("{:.2f}", memory_ratio)});
    }
  }
  table.print();
  return report;
}

}  // namespace bench
