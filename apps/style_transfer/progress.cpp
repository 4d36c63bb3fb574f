#include "style_transfer/progress.h"

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

namespace style {

Progress::Progress(int64_t steps, bool quiet)
    : steps_(steps), quiet_(quiet), terminal_(isatty(STDOUT_FILENO) != 0) {}

void Progress::update(const History& history) {
  if (quiet_) return;
  const auto done = static_cast<int64_t>(history.losses.size());
  const Losses& l = history.losses.back();
  const double pace = median(history.seconds);
  const std::string predicted =
      history.predicted_ms.empty()
          ? ""
          : fmt::format(" ({:.2f} ms predicted)", median(history.predicted_ms));
  // What matters most stands first: a terminal may be too narrow for the rest.
  std::string text =
      fmt::format("step {}/{}  {:.2f} s/step{}, {} left  loss {:.4g}", done, steps_, pace,
                  predicted, duration(pace * static_cast<double>(steps_ - done)), l.total);
  const size_t main_size = text.size();
  text += fmt::format(" = content {:.4g}, style {:.4g}{}", l.content, l.style,
                      l.tv == 0 ? "" : fmt::format(", tv {:.4g}", l.tv));
  if (!terminal_) {
    // About twenty lines a run, and the first few steps so that one sees it work.
    const int64_t every = std::max<int64_t>(1, steps_ / 20);
    if (done <= 2 || done % every == 0 || done == steps_) fmt::print("{}\n", text);
    std::fflush(stdout);
    return;
  }
  winsize window{};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
  const auto width = static_cast<size_t>(window.ws_col == 0 ? 80 : window.ws_col);
  constexpr size_t kBar = 20;
  if (main_size + kBar + 3 < width) {
    const auto filled = static_cast<size_t>(done * static_cast<int64_t>(kBar) / steps_);
    text = "[" + std::string(filled, '#') + std::string(kBar - filled, '.') + "] " + text;
  }
  if (text.size() >= width) text.resize(width - 1);
  fmt::print("\r\x1b[K{}", text);
  std::fflush(stdout);
  open_ = true;
}

void Progress::finish() {
  if (open_) fmt::print("\n");
  open_ = false;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace style
