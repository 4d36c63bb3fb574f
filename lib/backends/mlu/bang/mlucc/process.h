#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mlucc {

/// SIGINT, SIGTERM and SIGHUP end the running child first; then throw_if_interrupted throws.
void catch_signals();
struct Interrupted {
  int signal;
};
void throw_if_interrupted();
/// Ends this process by that signal, as if it had never been caught.
[[noreturn]] void die_of(int signal);

/// Runs a program to its end; its exit status, or 128 + the signal that ended it. Throws
/// std::runtime_error if it can not be started, Interrupted after a signal to us.
int run(const std::vector<std::string>& command);
/// What a program prints; empty if it fails.
std::string output_of(const std::vector<std::string>& command);

/// As a shell would take it.
std::string quoted(const std::vector<std::string>& command);

/// Removed with all in it at the end of the scope.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace mlucc
