#include "bench/peer.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "program_folder.h"

namespace bench {
namespace {

[[noreturn]] void fail_errno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// In the child: becomes the program, or ends as a shell would.
[[noreturn]] void become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

std::string peer_program(const std::string& name) {
  std::string path = apps::program_folder() + "/" + name;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path +
                             " is missing; install libtorch-dev and libopenblas0-openmp, then "
                             "configure with -DREEL_BUILD_PEERS=ON and build " +
                             name);
  }
  return path;
}

void prepare_peer_environment() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) setenv("OPENBLAS_CORETYPE", "SkylakeX", /*overwrite=*/0);
#endif
}

void run_program(const std::vector<std::string>& command, bool quiet) {
  const pid_t process = fork();
  if (process < 0) fail_errno("fork");
  if (process == 0) {
    if (quiet) dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    become(command);
  }
  int status = 0;
  waitpid(process, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(command[0] + (WIFEXITED(status) && WEXITSTATUS(status) == 127
                                               ? " cannot be run"
                                               : " failed"));
  }
}

Peer::Peer(const std::string& path) : path_(path) {
  int to_peer[2], from_peer[2];
  if (pipe2(to_peer, O_CLOEXEC) != 0 || pipe2(from_peer, O_CLOEXEC) != 0) fail_errno("pipe");
  std::signal(SIGPIPE, SIG_IGN);  // a dead peer is an error of write()
  process_ = fork();
  if (process_ < 0) fail_errno("fork");
  if (process_ == 0) {
    dup2(to_peer[0], STDIN_FILENO);
    dup2(from_peer[1], STDOUT_FILENO);
    become({path});
  }
  close(to_peer[0]);
  close(from_peer[1]);
  requests_ = to_peer[1];
  answers_ = fdopen(from_peer[0], "r");
}

Peer::~Peer() {
  close(requests_);
  std::fclose(answers_);
  waitpid(process_, nullptr, 0);
}

nlohmann::json Peer::ask(const nlohmann::json& request) {
  const std::string line = request.dump() + "\n";
  if (write(requests_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    fail_errno(path_);
  }
  char* text = nullptr;
  size_t capacity = 0;
  const ssize_t length = getline(&text, &capacity, answers_);
  const std::string reply(text == nullptr || length < 0 ? "" : text);
  std::free(text);
  if (reply.empty()) throw std::runtime_error(path_ + " ended without an answer");
  auto answer = nlohmann::json::parse(reply);
  if (answer.contains("error")) {
    throw std::runtime_error(path_ + ": " + answer["error"].get<std::string>());
  }
  return answer;
}

}  // namespace bench
