#pragma once

// A launch while it runs: its jobs, their clusters and cores. A core is a thread for the time of a
// task, so that a debugger shows cores as threads, each with its own NRAM variables.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <setjmp.h>
#include <string>
#include <thread>
#include <vector>

#include <bang/runtime.h>

#include <reel/backends/mlu/runtime/arena.h>
#include <reel/backends/mlu/runtime/clock.h>
#include <reel/backends/mlu/runtime/findings.h>

namespace bang {

struct Job;

/// The rows of a copy on one side: `inner` of them in strides of `stride0`, those in strides of
/// `stride1`. Bytes.
struct CopySide {
  Arena* arena;  ///< nullptr: GDRAM, or a core's own part of it
  char* p;
  int64_t stride0, inner, stride1;
  char* row(int64_t i) const { return p + i % inner * stride0 + i / inner * stride1; }
};

/// A copy that is about to be made; an asynchronous one, until it is joined.
struct PendingCopy {
  CopySide to, from;
  int64_t size, rows;
  unsigned queue;  ///< kIo or kMove
};

struct Core {
  Task task;
  Job* job = nullptr;
  Clock clock;
  std::unique_ptr<Arena> nram, wram;
  Arena* sram = nullptr;                       ///< of the cluster; block tasks have none
  std::vector<std::unique_ptr<char[]>> local;  ///< `__ldram__`, its own part of GDRAM
  std::vector<PendingCopy> pending;
  uint32_t epoch = 1;               ///< stretches between barriers
  uint8_t number = 0;               ///< in the cluster: 0..3, 4 is the memory core
  double bytes_per_cycle = 0;       ///< its share of GDRAM
  const char* waits_for = nullptr;  ///< a barrier or lock; nullptr: runs
  Site waits_at{};
  const void* scalar_code = nullptr;  ///< the load or store that is being checked
  bool atomic = false;                ///< between atomic_begin and atomic_end, where nothing races
  bool finished = false;
  sigjmp_buf root;  ///< where a fault of the kernel's own code returns to

  Arena* arena(Space space) const {
    return space == Space::nram   ? nram.get()
           : space == Space::wram ? wram.get()
           : space == Space::sram ? sram
                                  : nullptr;
  }
  std::string describe() const;
};

/// The core that the calling thread is; nullptr on the host. Read at each load and store of
/// kernels.
[[gnu::tls_model("initial-exec")]] extern thread_local Core* current_core;

struct BarrierState {
  int arrived = 0;
  uint64_t generation = 0;
  double latest = 0, released = 0;
};

struct Cluster {
  std::unique_ptr<Arena> sram;
  BarrierState all, ipu;
};

struct Run;

/// The cores that may wait for each other: one for block tasks, those of N clusters for unions.
struct Job {
  Run* run = nullptr;
  std::deque<Core> cores;
  std::vector<Cluster> clusters;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable changed;
  int alive = 0, blocked = 0;
  BarrierState all, all_ipu, all_mpu;

  double cycles() const;
};

/// One launch.
struct Run {
  std::string kernel;
  Site site{};
  std::function<void()> body;
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  std::condition_variable job_done;
  int jobs_running = 0;
  std::string failure;

  /// Every core leaves the kernel at its next builtin or barrier.
  void stop(const std::string& why);
};

/// Thrown through a kernel that is to end.
struct Stopped {};

/// The calling core, which must not be stopped; an Error on the host, named after the builtin.
Core& this_core(const char* builtin);

/// Reports a finding of the calling core.
void note(Finding::Kind kind, Site site, std::string message, std::string advice,
          uint64_t address = 0);
/// The same, and ends the kernel.
[[noreturn]] void stop(Finding::Kind kind, Site site, std::string message, std::string advice,
                       uint64_t address = 0);

/// The line of Core::scalar_code is looked up when there is something to say of it.
inline constexpr Site kScalarSite{nullptr, 0};

/// Ends the kernel if an address or a size is no multiple of what this generation of cards needs.
void require_aligned(const char* builtin, Site site, const void* p, int64_t unit);
void require_whole(const char* builtin, Site site, int64_t bytes, int64_t unit);

/// An operand of a builtin: inside one variable of the arena, written before it is read, not in the
/// way of an asynchronous copy, not in a race. On-chip memory only.
void check_operand(Core& core, Arena& arena, const void* p, int64_t bytes, bool write,
                   const char* builtin, Site site);
/// Where any pointer lies, for messages: "NRAM, 12 bytes into 'a'".
std::string whereabouts(const Core& core, const void* p);

/// Under job.mutex: all cores that are left wait for something that will not happen.
void report_deadlock(Job& job);
/// What the core holds by __bang_lock, when it ends.
void give_back_locks(const Core& core);
/// Lets those who wait for a lock see that their run is stopped.
void wake_lock_waiters();

/// Performs the pending copies of these queues.
void commit_copies(Core& core, unsigned queues);

}  // namespace bang
