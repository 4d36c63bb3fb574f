#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <thread>
#include <utility>
#include <vector>

#include <reel/backends/parallel.h>
#include <reel/tensor/check.h>

namespace reel {
namespace {

using Clock = std::chrono::steady_clock;

// Kernels of a training step follow each other within microseconds: a worker that spins this long
// takes the next one in 0.3 us, one that sleeps in 20 us or more.
constexpr auto kSpin = std::chrono::milliseconds(2);
// After this it still spins but lets others run on its core, should there be fewer cores than
// threads that want one.
constexpr auto kPoliteSpin = std::chrono::microseconds(50);

void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// True in a pool's worker and in a caller while the pool works for it: calls do not nest.
thread_local bool inside = false;

// Returns when done() does, or, where there is a limit, after that time; true if done.
template <class Done>
bool spin_until(const Done& done, Clock::duration limit = Clock::duration::max()) {
  const Clock::time_point start = Clock::now();
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      cpu_relax();
    }
    const Clock::duration waited = Clock::now() - start;
    if (waited > limit) return false;
    if (waited > kPoliteSpin) sched_yield();
  }
}

class Pool {
 public:
  // Returns false, having done nothing, if the pool is at work for another thread.
  bool run(int64_t begin, int64_t end, int64_t grain, int threads, detail::RangeFunction function,
           const void* context) {
    if (!owner_.try_lock()) return false;
    std::unique_lock lock(owner_, std::adopt_lock);
    const int64_t chunks = (end - begin + grain - 1) / grain;
    const auto helpers = static_cast<uint64_t>(std::min<int64_t>(threads - 1, chunks - 1));
    start_workers(helpers);
    begin_ = begin, end_ = end, grain_ = grain;
    function_ = function, context_ = context, exception_ = nullptr;
    share_out(chunks, static_cast<int64_t>(helpers) + 1);

    // Opening the gate publishes the fields above; workers come in while it is open and are
    // counted.
    const uint64_t epoch = (gate_.load(std::memory_order_relaxed) >> kEpochShift) + 1;
    gate_.store(epoch << kEpochShift | kOpen | helpers << kHelperShift, std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard wake(park_mutex_);
      park_.notify_all();
    }
    inside = true;
    work(0);
    inside = false;
    // Nobody waits for a worker that has not come in: there is nothing left for it to do.
    gate_.fetch_and(~kOpen, std::memory_order_acq_rel);
    spin_until([&] { return (gate_.load(std::memory_order_acquire) & kActiveMask) == 0; });
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
    return true;
  }

 private:
  // gate_: the call's number, whether it can be joined, how many workers may, how many are in.
  static constexpr int kHelperShift = 12, kEpochShift = 25;
  static constexpr uint64_t kActiveMask = 0xfff, kOpen = uint64_t{1} << 24;

  static uint64_t helpers_of(uint64_t gate) { return gate >> kHelperShift & kActiveMask; }

  void start_workers(uint64_t count) {
    if (workers_ >= count) return;
    // Signals are the program's affair: its own threads handle them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers_ < count) {
      std::thread([this, index = workers_] { worker(index); }).detach();
      ++workers_;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  // Chunks side by side, as many for each thread: what it reads it then often wrote itself in the
  // call before, and has in its own caches.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  void share_out(int64_t chunks, int64_t threads) {
    if (static_cast<int64_t>(shares_.size()) < threads) {
      shares_ = std::vector<Share>(static_cast<size_t>(threads));
    }
    threads_ = threads;
    for (int64_t i = 0; i < threads; ++i) {
      Share& share = shares_[static_cast<size_t>(i)];
      share.next.store(chunks * i / threads, std::memory_order_relaxed);
      share.end = chunks * (i + 1) / threads;
    }
  }

  // Takes the chunks of a thread's share, then what the others have left of theirs; one that throws
  // ends the call early.
  void work(int64_t self) {
    for (int64_t i = 0; i < threads_; ++i) {
      Share& share = shares_[static_cast<size_t>((self + i) % threads_)];
      while (share.next.load(std::memory_order_relaxed) < share.end) {
        const int64_t chunk = share.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk < share.end) run_chunk(chunk);
      }
    }
  }

  void run_chunk(int64_t chunk) {
    const int64_t b = begin_ + chunk * grain_;
    try {
      function_(context_, b, std::min(end_, b + grain_));
    } catch (...) {
      std::lock_guard lock(exception_mutex_);
      if (!exception_) exception_ = std::current_exception();
      for (Share& share : shares_) share.next.store(share.end, std::memory_order_relaxed);
    }
  }

  void worker(uint64_t index) {
    inside = true;
    uint64_t last_epoch = 0;
    const auto has_work = [&](uint64_t gate) {
      return (gate & kOpen) != 0 && index < helpers_of(gate) && gate >> kEpochShift != last_epoch;
    };
    for (;;) {
      if (!spin_until([&] { return has_work(gate_.load(std::memory_order_acquire)); }, kSpin)) {
        std::unique_lock lock(park_mutex_);
        parked_.fetch_add(1, std::memory_order_seq_cst);
        park_.wait(lock, [&] { return has_work(gate_.load(std::memory_order_seq_cst)); });
        parked_.fetch_sub(1, std::memory_order_relaxed);
      }
      uint64_t gate = gate_.load(std::memory_order_acquire);
      while (has_work(gate) &&
             !gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) {
      }
      if (!has_work(gate)) continue;
      last_epoch = gate >> kEpochShift;
      work(static_cast<int64_t>(index) + 1);
      gate_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  std::mutex owner_;
  uint64_t workers_ = 0;

  int64_t begin_ = 0, end_ = 0, grain_ = 1, threads_ = 1;
  std::vector<Share> shares_;
  detail::RangeFunction function_ = nullptr;
  const void* context_ = nullptr;
  std::mutex exception_mutex_;
  std::exception_ptr exception_;

  alignas(64) std::atomic<uint64_t> gate_{0};
  alignas(64) std::atomic<int> parked_{0};
  std::mutex park_mutex_;
  std::condition_variable park_;
};

// Never deleted: workers may still look at it while the process ends. A child of fork has none of
// the workers, so it starts over with a new pool.
Pool& pool() {
  static std::atomic<Pool*> current = [] {
    pthread_atfork(nullptr, nullptr, [] {
      current.store(new Pool, std::memory_order_release);
      inside = false;
    });
    return new Pool;
  }();
  return *current.load(std::memory_order_acquire);
}

// More than the gate can count would be of no use anyway.
constexpr int kMaxThreads = 1024;

int default_threads() {
  if (const char* text = std::getenv("REEL_NUM_THREADS")) {
    char* end = nullptr;
    const long threads = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && threads >= 1) {
      return static_cast<int>(std::min<long>(threads, kMaxThreads));
    }
  }
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return std::clamp(CPU_COUNT(&cores), 1, kMaxThreads);
  }
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 1024u));
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count = default_threads();
  return count;
}

}  // namespace

int get_num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  if (threads < 1) fail("set_num_threads: expected a positive number of threads, got {}", threads);
  thread_count().store(std::min(threads, kMaxThreads), std::memory_order_relaxed);
}

void detail::parallel_ranges(int64_t begin, int64_t end, int64_t grain, RangeFunction run,
                             const void* context) {
  grain = std::max<int64_t>(grain, 1);
  const int threads = get_num_threads();
  if (threads > 1 && !inside && pool().run(begin, end, grain, threads, run, context)) return;
  for (int64_t b = begin; b < end; b += grain) run(context, b, std::min(end, b + grain));
}

}  // namespace reel
