#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <unistd.h>
#include <utility>
#include <vector>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/queues.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

constinit thread_local const Queue* running = nullptr;

// After exit() has begun work is dropped: what it would touch may be gone already.
std::atomic<bool> closing{false};
// How long exit() waits for what runs: on a card a kernel that never ends does not keep the host.
constexpr auto kPatience = std::chrono::seconds(2);

/// The queues that have a thread, the eldest first.
struct Registry {
  struct Entry {
    Queue* queue;
    int pins;   ///< of those who wait for the queue through the registry
    pid_t pid;  ///< after fork() the child has the queue but not its thread
  };
  std::mutex mutex;
  std::condition_variable unpinned;
  std::vector<Entry> entries;
  /// When the host saw a device last, in its simulated time: work that it sends later starts later.
  std::array<std::atomic<double>, 64> seen_us{};

  auto find(const Queue* queue) {
    return std::find_if(entries.begin(), entries.end(),
                        [queue](const Entry& entry) { return entry.queue == queue; });
  }
};

void close_queues();

// Never destroyed: threads of queues may outlive static objects.
Registry& registry() {
  static auto* instance = [] {
    std::atexit(close_queues);
    return new Registry;
  }();
  return *instance;
}

bool lost_in_fork(const Queue* queue) {
  Registry& all = registry();
  const std::lock_guard guard(all.mutex);
  const auto entry = all.find(queue);
  return entry != all.entries.end() && entry->pid != getpid();
}

/// Puts new objects in the place of those whose thread is not in this process: their destructors
/// would wait for it.
template <class... T>
void replace_all(T&... objects) {
  (..., new (&objects) T);
}

/// The queues of a device (-1: all), which stay until they are let go.
class Pinned {
 public:
  explicit Pinned(int device) {
    Registry& all = registry();
    const std::lock_guard guard(all.mutex);
    for (Registry::Entry& entry : all.entries) {
      if ((device >= 0 && entry.queue->device() != device) || entry.pid != getpid()) continue;
      queues_.push_back(entry.queue);
      ++entry.pins;
    }
  }
  ~Pinned() {
    Registry& all = registry();
    const std::lock_guard guard(all.mutex);
    for (const Queue* queue : queues_) --all.find(queue)->pins;
    all.unpinned.notify_all();
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  auto begin() const { return queues_.begin(); }
  auto end() const { return queues_.end(); }

 private:
  std::vector<Queue*> queues_;
};

void close_queues() {
  closing = true;
  // exit() in a host function or a kernel: its own end can not be waited for.
  if (in_queue_thread() || in_kernel_thread) return;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (Queue* queue : Pinned(-1)) {
    while (!queue->idle() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!queue->idle()) continue;
    const std::string failure = queue->synchronize();
    if (!failure.empty()) {
      std::fprintf(stderr, "reel-mlu: the program ended without asking for this failure: %s\n",
                   failure.c_str());
    }
  }
}

}  // namespace

bool in_queue_thread() { return running != nullptr; }

void host_saw(int device, double time_us) {
  std::atomic<double>& seen = registry().seen_us[static_cast<size_t>(device)];
  double before = seen.load();
  while (before < time_us && !seen.compare_exchange_weak(before, time_us)) {
  }
}

Queue::~Queue() {
  Registry& all = registry();
  const bool lost = lost_in_fork(this);
  {
    std::unique_lock guard(all.mutex);
    // New pins wait, too: the entry is gone when the lock is free again.
    auto entry = all.find(this);
    while (entry != all.entries.end() && entry->pins > 0 && !lost) {
      all.unpinned.wait(guard);
      entry = all.find(this);
    }
    if (entry != all.entries.end()) all.entries.erase(entry);
  }
  if (!thread_.joinable()) return;
  if (lost) {
    replace_all(thread_, wake_, done_);
    return;
  }
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Queue::enqueue(std::function<void()> work) {
  if (closing) return;
  if (!BackendWork::is_enabled()) {
    note_foreign_work();
    work = [work = std::move(work)] {
      work();
      note_foreign_work();
    };
  }
  Registry& all = registry();
  const std::lock_guard guard(mutex_);
  if (lost_in_fork(this)) {
    replace_all(thread_, wake_, done_);
    work_.clear();  // is done in the parent
    busy_ = false;
    const std::lock_guard registered(all.mutex);
    all.entries.erase(all.find(this));
  }
  if (!thread_.joinable()) {
    thread_ = std::thread(&Queue::run, this);
    const std::lock_guard registered(all.mutex);
    all.entries.push_back({this, 0, getpid()});
  }
  if (work_.empty() && !busy_) {
    time_us_ = std::max(time_us_, all.seen_us[static_cast<size_t>(device_)].load());
  }
  work_.push_back(std::move(work));
  wake_.notify_one();
}

void Queue::run() {
  running = this;
  std::unique_lock guard(mutex_);
  while (true) {
    wake_.wait(guard, [this] { return stop_ || !work_.empty(); });
    if (work_.empty()) return;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    busy_ = true;
    guard.unlock();
    try {
      if (!closing) work();
    } catch (const std::exception& error) {
      set_failure(error.what());
    } catch (...) {
      set_failure("work of a queue ended with an exception that is no std::exception");
    }
    work = nullptr;  // what it holds is released before anyone is told that it is done
    guard.lock();
    busy_ = false;
    if (work_.empty()) done_.notify_all();
  }
}

std::string Queue::synchronize() {
  if (running != nullptr) return "work of a queue can not wait for a queue";
  const bool lost = lost_in_fork(this);
  std::unique_lock guard(mutex_);
  if (lost && (busy_ || !work_.empty())) return "fork() left the work of the queue to the parent";
  done_.wait(guard, [this] { return work_.empty() && !busy_; });
  host_saw(device_, time_us_);
  return std::exchange(failure_, {});
}

bool Queue::idle() {
  const std::lock_guard guard(mutex_);
  return work_.empty() && !busy_;
}

double Queue::device_time_us() {
  const std::lock_guard guard(mutex_);
  return time_us_;
}

void Queue::advance(double us) {
  const std::lock_guard guard(mutex_);
  time_us_ += us;
}

void Queue::set_failure(std::string message) {
  const std::lock_guard guard(mutex_);
  // What fails later is most often a consequence.
  if (failure_.empty()) failure_ = std::move(message);
}

Queue& default_queue(int device) {
  static auto* queues = [] {
    auto* made = new std::vector<std::unique_ptr<Queue>>;
    for (int i = 0; i < device_count(); ++i) made->push_back(std::make_unique<Queue>(i));
    return made;
  }();
  if (device < 0 || device >= device_count()) {
    reel::fail("mlu:{}: there are {} devices (REEL_MLU_DEVICES)", device, device_count());
  }
  return *(*queues)[static_cast<size_t>(device)];
}

std::string synchronize_device(int device) {
  std::string first;
  for (Queue* queue : Pinned(device)) {
    std::string failure = queue->synchronize();
    if (first.empty()) first = std::move(failure);
  }
  return first;
}

void finish_device(int device) {
  for (Queue* queue : Pinned(device)) {
    std::string failure = queue->synchronize();
    if (!failure.empty()) queue->set_failure(std::move(failure));
  }
}

}  // namespace bang
