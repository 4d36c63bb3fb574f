#pragma once

#include <string>

namespace reel::test {

struct ProcessResult {
  int status = -1;     ///< exit code, or -1 if a signal ended it
  std::string output;  ///< both streams
};

/// Runs a shell command to its end.
ProcessResult run_command(const std::string& command);

/// A command that runs beside the test and is killed, if it still runs, with the object.
class Process {
 public:
  /// Both streams go to `log`.
  Process(const std::string& command, const std::string& log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// Waits for its end; the exit code, or -1 if a signal ended it.
  int wait();

 private:
  int pid_;
};

/// All of a file; empty if there is none.
std::string read_file(const std::string& path);

/// Waits until `condition()` holds, at most `seconds`; whether it did.
template <class Condition>
bool wait_until(Condition condition, double seconds);

void sleep_seconds(double seconds);

template <class Condition>
bool wait_until(Condition condition, double seconds) {
  constexpr double kPoll = 0.02;
  for (double waited = 0; waited < seconds; waited += kPoll) {
    if (condition()) return true;
    sleep_seconds(kPoll);
  }
  return condition();
}

}  // namespace reel::test
