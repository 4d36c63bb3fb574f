#pragma once

#include <string>
#include <vector>

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

/// The processor's name, as the system tells it.
std::string processor();

}  // namespace bench
