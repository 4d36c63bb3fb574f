#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// Path of a program of the peer. Error: it was not built.
std::string peer_program(const std::string& name);

/// Runs a program to its end; its output goes to ours unless `quiet`. Error: it is missing or
/// failed.
void run_program(const std::vector<std::string>& command, bool quiet);

/// A program of another library that answers one line of JSON for each line it is sent.
class Peer {
 public:
  explicit Peer(const std::string& path);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  /// Error: the peer died, or answered {"error": ...}.
  nlohmann::json ask(const nlohmann::json& request);

 private:
  std::string path_;
  int process_ = -1;
  int requests_ = -1;
  std::FILE* answers_ = nullptr;
};

/// The peer's best settings on this machine, put into the environment unless already there:
/// OpenBLAS before 0.3.24 takes its AVX2 kernels on processors newer than itself.
void prepare_peer_environment();

}  // namespace bench
