#include <cstdio>
#include <cstring>
#include <mutex>
#include <signal.h>
#include <unistd.h>

#include <reel/backends/mlu/runtime/memory.h>

namespace bang {

constinit thread_local bool in_kernel_thread = false;

namespace {

std::mutex install;
struct sigaction previous {};
// Set while a thread has passed a fault on to the handler before ours: if that one passes it back,
// the default action ends the circle.
constinit thread_local volatile sig_atomic_t passing_on = 0;

// Everything here runs in a signal handler, maybe on a small alternative stack: no allocation, no
// stream, no lock that is waited for.
void print_host_access(const void* address, const Location& at) {
  char what[160] = "";
  const auto offset = static_cast<size_t>(reinterpret_cast<uintptr_t>(address) - at.start);
  switch (at.kind) {
    case Location::Kind::living:
      std::snprintf(what, sizeof(what), "%zu bytes into a block of %zu bytes of device %d; ",
                    offset, at.bytes, at.device);
      break;
    case Location::Kind::freed:
      std::snprintf(what, sizeof(what),
                    "%zu bytes into a block of %zu bytes of device %d that was freed; ", offset,
                    at.bytes, at.device);
      break;
    case Location::Kind::unused:
      std::snprintf(what, sizeof(what), "in no block of device %d; ", at.device);
      break;
    default:
      break;
  }
  char text[400];
  const int length = std::snprintf(
      text, sizeof(text),
      "reel-mlu: host access to device memory at %p (%smemory of cnrtMalloc is the device's: copy "
      "it with cnrtMemcpy, or touch it in a kernel)\n",
      address, what);
  if (length > 0 && write(STDERR_FILENO, text, static_cast<size_t>(length)) < 0) return;
}

/// Ends the process the default way when the faulting instruction runs again.
void restore_default() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGSEGV, &action, nullptr);
}

void pass_on(int signal, siginfo_t* info, void* context) {
  const struct sigaction before = previous;
  const bool has_handler = (before.sa_flags & SA_SIGINFO) != 0
                               ? before.sa_sigaction != nullptr
                               : before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN;
  if (!has_handler || passing_on != 0) return restore_default();
  passing_on = 1;
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, info, context);
  } else {
    before.sa_handler(signal);
  }
  passing_on = 0;
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const void* address = info->si_addr;
  // A positive code is a fault; others are signals that somebody sent.
  if (info->si_code > 0) {
    if (in_kernel_thread) kernel_fault(address);
    const Location at = locate_in_handler(address);
    if (at.kind != Location::Kind::elsewhere && passing_on == 0) print_host_access(address, at);
  }
  pass_on(signal, info, context);
}

}  // namespace

void watch_faults() {
  struct sigaction current {};
  sigaction(SIGSEGV, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_fault) return;
  const std::lock_guard guard(install);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  // On the thread's alternative stack if it has one. The signal stays unblocked, since a kernel's
  // fault leaves the handler by a jump.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  struct sigaction replaced {};
  sigaction(SIGSEGV, &action, &replaced);
  if (replaced.sa_sigaction != on_fault) previous = replaced;
}

}  // namespace bang
