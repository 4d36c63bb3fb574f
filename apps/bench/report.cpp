#include "bench/report.h"

#include <algorithm>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "bench/ceiling.h"

namespace bench {
namespace {

// The processor's name, as the system tells it.
std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string format_seconds(double seconds) {
  if (seconds < 1e-6) return fmt::format("{:.0f} ns", seconds * 1e9);
  if (seconds < 1e-3) return fmt::format("{:.2f} us", seconds * 1e6);
  if (seconds < 1.0) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.3f} s", seconds);
}

void Table::print() const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      fmt::print("{}{:{}}", i == 0 ? "" : "  ", "", i == 0 ? 0 : widths[i] - row[i].size());
      fmt::print("{}{:{}}", row[i], "", i == 0 ? widths[i] - row[i].size() : 0);
    }
    fmt::print("\n");
  }
}

nlohmann::json begin_report(const std::string& title, const Settings& settings, int threads) {
  double load = 0.0;  // taken first: the measurement itself is load
  std::ifstream("/proc/loadavg") >> load;
  const Ceiling ceiling = measure_ceiling(threads);
  fmt::print("{}: {}, {} threads, {} {:.0f} GFLOP/s, memory {:.1f} GB/s read, {:.1f} copied\n",
             title, processor(), threads, ceiling.unit, ceiling.gflops, ceiling.read_gbs,
             ceiling.copy_gbs);
  if (load > 0.5 * threads) {
    fmt::print("warning: load average {:.1f}: on a busy machine these numbers mean little\n", load);
  }
  return {{"title", title},
          {"processor", processor()},
          {"threads", threads},
          {"rounds", settings.rounds},
          {"load", load},
          {"ceiling",
           {{"unit", ceiling.unit},
            {"gflops", ceiling.gflops},
            {"read_gbs", ceiling.read_gbs},
            {"copy_gbs", ceiling.copy_gbs}}},
          {"rows", nlohmann::json::array()}};
}

void compare(const nlohmann::json& reports, const nlohmann::json& earlier) {
  Table table({"case", "earlier", "now", "earlier/now"});
  // What a row of any report is called, and its seconds.
  const auto key_of = [](const nlohmann::json& report, const nlohmann::json& row) {
    const std::string name = row.contains("case")
                                 ? row.at("case").get<std::string>()
                                 : fmt::format("{} px, {}", row.at("size").get<int64_t>(),
                                               row.at("program").get<std::string>());
    return report.at("title").get<std::string>() + ": " + name;
  };
  const auto seconds_of = [](const nlohmann::json& row) {
    return row.at(row.contains("seconds") ? "seconds" : "seconds_per_step").get<double>();
  };
  std::map<std::string, double> before;
  for (const auto& report : earlier) {
    for (const auto& row : report.at("rows")) before[key_of(report, row)] = seconds_of(row);
  }
  for (const auto& report : reports) {
    for (const auto& row : report.at("rows")) {
      const auto found = before.find(key_of(report, row));
      if (found == before.end()) continue;
      const double now = seconds_of(row);
      table.add({found->first, format_seconds(found->second), format_seconds(now),
                 fmt::format("{:.2f}", found->second / now)});
    }
  }
  table.print();
}

}  // namespace bench
