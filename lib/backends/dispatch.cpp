#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <reel/backends/dispatch.h>
#include <reel/backends/registry.h>
#include <reel/tensor/check.h>

namespace reel::backends {
namespace {

enum Outcome : uint8_t { kNative, kComposed, kCpu };
constexpr std::array<const char*, 3> kOutcomeNames = {"native", "composed", "cpu"};

struct Counter {
  std::atomic<int64_t> calls;
  std::atomic<int64_t> nanoseconds;
  std::atomic<int64_t> bytes_copied;
  std::atomic<const char*> reason;
};

constexpr size_t kMaxTypes = 16;
constexpr size_t kMaxOps = 1024;
using Counters = std::array<std::array<std::array<Counter, 3>, kMaxOps>, kMaxTypes>;
Counters counters;

Counter& counter_of(Device device, int op, Outcome outcome) {
  return counters[static_cast<size_t>(device.type())][static_cast<size_t>(op) % kMaxOps][outcome];
}

std::atomic<bool> timing{false};

using Clock = std::chrono::steady_clock;

// Counts one call, and its time while timing is on.
class Timer {
 public:
  Timer() : timed_(timing.load(std::memory_order_relaxed)) {
    if (timed_) start_ = Clock::now();
  }
  void count(Counter& counter, const char* reason = nullptr, int64_t bytes = 0) const {
    counter.calls.fetch_add(1, std::memory_order_relaxed);
    if (reason != nullptr) counter.reason.store(reason, std::memory_order_relaxed);
    if (bytes != 0) counter.bytes_copied.fetch_add(bytes, std::memory_order_relaxed);
    if (timed_) {
      const auto elapsed = std::chrono::nanoseconds(Clock::now() - start_).count();
      counter.nanoseconds.fetch_add(elapsed, std::memory_order_relaxed);
    }
  }

 private:
  bool timed_;
  Clock::time_point start_;
};

enum class Policy : uint8_t { Allow, Warn, Forbid };

Policy fallback_policy() {
  static const Policy policy = [] {
    const char* value = std::getenv("REEL_FALLBACK");
    const std::string_view text = value == nullptr ? "warn" : value;
    if (text == "allow") return Policy::Allow;
    if (text == "warn") return Policy::Warn;
    if (text == "forbid") return Policy::Forbid;
    fail("REEL_FALLBACK: expected allow, warn or forbid, got '{}'", text);
  }();
  return policy;
}

void print_report() { std::fputs(report().c_str(), stderr); }

const bool kTraceDispatch = [] {
  if (!trace_enabled("dispatch")) return false;
  set_timing(true);
  std::atexit(print_report);
  return true;
}();

}  // namespace

void dispatch(int op, const Call& call, Fallback& fallback) {
  const Timer timer;
  const char* reason = "no kernel";
  if (const Kernel* row = backend_of(call.device).kernels.find(op); row != nullptr) {
    for (; *row != nullptr; ++row) {
      reason = (*row)(call);
      if (reason == nullptr) {
        timer.count(counter_of(call.device, op, kNative));
        return;
      }
    }
  }
  if (fallback.compose()) {
    timer.count(counter_of(call.device, op, kComposed), reason);
    return;
  }
  const std::string device = call.device.str();
  if (call.device.is_cpu() || call.device.type() == reference_type()) {
    std::string dtypes;
    for (int i = 0; i < call.num_in; ++i) {
      if (!call.in[i].defined()) continue;
      dtypes += dtypes.empty() ? "" : ", ";
      dtypes += to_string(call.in[i].dtype);
    }
    fail("{}: not implemented on {} for {}: {}", call.op, device, dtypes, reason);
  }
  Counter& counter = counter_of(call.device, op, kCpu);
  switch (fallback_policy()) {
    case Policy::Forbid:
      fail("{}: {} has no kernel for it ({}) and REEL_FALLBACK=forbid", call.op, device, reason);
    case Policy::Warn:
      if (counter.calls.load(std::memory_order_relaxed) == 0) {
        std::fprintf(stderr, "reel: %s on %s runs on the CPU: %s\n", call.op, device.c_str(),
                     reason);
      }
      break;
    case Policy::Allow:
      break;
  }
  timer.count(counter, reason, fallback.run_on_cpu());
}

std::string report() {
  std::string text = fmt::format("{:<24} {:<12} {:<9} {:>10} {:>12} {:>14}  {}\n", "op", "device",
                                 "outcome", "calls", "ms", "bytes copied", "reason");
  for (size_t type = 0; type < kMaxTypes; ++type) {
    for (size_t op = 0; op < kMaxOps; ++op) {
      for (size_t outcome = 0; outcome < 3; ++outcome) {
        const Counter& c = counters[type][op][outcome];
        const int64_t calls = c.calls.load(std::memory_order_relaxed);
        if (calls == 0) continue;
        const int64_t ns = c.nanoseconds.load(std::memory_order_relaxed);
        const char* reason = c.reason.load(std::memory_order_relaxed);
        text += fmt::format(
            "{:<24} {:<12} {:<9} {:>10} {:>12} {:>14}  {}\n", op_name(static_cast<int>(op)),
            name_of(static_cast<DeviceType>(type)), kOutcomeNames[outcome], calls,
            ns == 0 ? "-" : fmt::format("{:.3f}", static_cast<double>(ns) * 1e-6),
            c.bytes_copied.load(std::memory_order_relaxed), reason == nullptr ? "" : reason);
      }
    }
  }
  return text;
}

void reset_report() {
  for (auto& type : counters) {
    for (auto& op : type) {
      for (Counter& c : op) {
        c.calls = 0;
        c.nanoseconds = 0;
        c.bytes_copied = 0;
        c.reason = nullptr;
      }
    }
  }
}

void set_timing(bool on) { timing.store(on, std::memory_order_relaxed); }

bool trace_enabled(const char* what) {
  const char* value = std::getenv("REEL_TRACE");
  if (value == nullptr) return false;
  for (std::string_view rest = value; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == what) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace reel::backends
