#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// What every subcommand takes.
struct Settings {
  int threads = 0;  ///< 0: as many as reel uses by itself
  int rounds = 5;   ///< how often reel and the peer take turns
  bool peers = false;
};

double median(std::vector<double> values);

/// "12.3 ns", "4.56 ms", "1.20 s".
std::string format_seconds(double seconds);

/// Rows of text in aligned columns, the first one to the left, the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Measures the machine, prints one line about it (and a warning if others use it too) and returns
/// the head of the numbers to be written: title, processor, threads, load, ceiling, no rows yet.
nlohmann::json begin_report(const std::string& title, const Settings& settings, int threads);

/// Prints how the seconds of each case changed since an earlier run; cases that only one of them
/// has are left out.
void compare(const nlohmann::json& reports, const nlohmann::json& earlier);

}  // namespace bench
