#pragma once

// What the tests of the C API have in common.

#include <array>
#include <atomic>
#include <cnrt.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/catch.h"

namespace test::mlu {

/// The detail of the last error, which must have this code.
inline std::string detail_of(cnrtRet_t expected) {
  CHECK(cnrtGetLastError() == expected);
  return cnrtGetLastErrorDetail();
}

inline void* allocate(size_t bytes) {
  void* p = nullptr;
  REQUIRE(cnrtMalloc(&p, bytes) == cnrtSuccess);
  return p;
}

inline cnrtQueue_t new_queue() {
  cnrtQueue_t queue = nullptr;
  REQUIRE(cnrtQueueCreate(&queue) == cnrtSuccess);
  return queue;
}

inline cnrtNotifier_t new_notifier() {
  cnrtNotifier_t notifier = nullptr;
  REQUIRE(cnrtNotifierCreate(&notifier) == cnrtSuccess);
  return notifier;
}

struct DeviceScope {
  explicit DeviceScope(int device) { REQUIRE(cnrtSetDevice(device) == cnrtSuccess); }
  ~DeviceScope() { cnrtSetDevice(0); }
};

/// A host function that waits until it is opened.
struct Gate {
  std::atomic<bool> open{false};
  static void wait(void* gate) {
    while (!static_cast<Gate*>(gate)->open) std::this_thread::yield();
  }
};

struct Child {
  int exit_code = -1;
  int signal = 0;
  std::string errors;
};

/// Runs `body` in a process of its own.
template <class Body>
Child run_in_child(const Body& body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // Not the one of the test framework, which would report the fault as its own.
    ::signal(SIGSEGV, SIG_DFL);
    body();
    std::exit(0);
  }
  close(ends[1]);
  Child child;
  std::array<char, 512> buffer;
  for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    child.errors.append(buffer.data(), static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) child.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) child.signal = WTERMSIG(status);
  return child;
}

}  // namespace test::mlu
