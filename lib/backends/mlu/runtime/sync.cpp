// Barriers and locks, and the cores that wait for what will never happen.

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/core.h>

namespace bang {

void report_deadlock(Job& job) {
  std::string who;
  const Core* first = nullptr;
  for (const Core& core : job.cores) {
    if (!who.empty()) who += ", ";
    if (core.finished) {
      who += fmt::format("{} has left the kernel", core.describe());
    } else {
      if (first == nullptr) first = &core;
      who += fmt::format("{} waits in {} at line {}", core.describe(), core.waits_for,
                         core.waits_at.line);
    }
  }
  Finding finding{Finding::Kind::deadlock,
                  job.run->kernel,
                  first->waits_at.file,
                  first->waits_at.line,
                  first->describe(),
                  0,
                  "not all cores reach the same barrier or give back the same lock: " + who,
                  "Every core of the task, the memory core too where __sync_cluster() or "
                  "__sync_all() is meant, has to pass the same barriers."};
  job.run->stop(finding.text());
  report(std::move(finding));
  job.changed.notify_all();
}

namespace {

constexpr int kIpus = Arch::kCoresPerCluster;

void wait_at_barrier(Core& core, BarrierState& barrier, int needed, const char* name, Site site) {
  Job& job = *core.job;
  std::unique_lock lock(job.mutex);
  if (job.run->stopped) throw Stopped{};
  barrier.latest = std::max(barrier.latest, core.clock.now());
  if (++barrier.arrived == needed) {
    barrier.released = std::exchange(barrier.latest, 0) + Timing::kBarrier;
    barrier.arrived = 0;
    ++barrier.generation;
    job.blocked -= needed - 1;
    job.changed.notify_all();
  } else {
    const uint64_t generation = barrier.generation;
    core.waits_for = name;
    core.waits_at = site;
    if (++job.blocked == job.alive) report_deadlock(job);
    job.changed.wait(lock,
                     [&] { return barrier.generation != generation || job.run->stopped.load(); });
    core.waits_for = nullptr;
    if (barrier.generation == generation) throw Stopped{};
  }
  core.clock.wait_until(barrier.released);
  ++core.epoch;
}

// __bang_lock over all jobs. Locks::mutex is taken before that of a job.
using LockId = std::pair<int, int>;
struct Locks {
  struct Waiter {
    LockId id;
    Core* core;
    bool counted;  ///< among the blocked of its job
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<LockId, Core*>> held;
  std::deque<Waiter*> waiting;

  Core* owner(LockId id) const {
    for (const auto& [key, core] : held) {
      if (key == id) return core;
    }
    return nullptr;
  }
  void wait(std::unique_lock<std::mutex>& guard, LockId id, Core& core, const char* name,
            Site site) {
    // Only an owner of the same job can be waiting for this core.
    Job& job = *core.job;
    Waiter waiter{id, &core, owner(id)->job == &job};
    if (waiter.counted) {
      std::lock_guard of_job(job.mutex);
      core.waits_for = name;
      core.waits_at = site;
      if (++job.blocked == job.alive) report_deadlock(job);
    }
    waiting.push_back(&waiter);
    changed.wait(guard, [&] { return owner(id) == nullptr || job.run->stopped.load(); });
    std::erase(waiting, &waiter);
    core.waits_for = nullptr;
  }
  // Who waits for it runs again from now on, not from when it wakes up.
  void release_if(const std::function<bool(LockId, const Core*)>& wanted) {
    for (const auto& [id, core] : held) {
      if (!wanted(id, core)) continue;
      for (Waiter* waiter : waiting) {
        if (waiter->id != id || !std::exchange(waiter->counted, false)) continue;
        std::lock_guard of_job(waiter->core->job->mutex);
        --waiter->core->job->blocked;
      }
    }
    std::erase_if(held, [&](const auto& entry) { return wanted(entry.first, entry.second); });
    changed.notify_all();
  }
};
Locks& locks() {
  static auto& all = *new Locks;
  return all;
}

}  // namespace

void give_back_locks(const Core& core) {
  std::lock_guard lock(locks().mutex);
  locks().release_if([&](LockId, const Core* owner) { return owner == &core; });
}

void wake_lock_waiters() { locks().changed.notify_all(); }

void sync_cores(const char* name, Site site, Barrier kind) {
  Core& core = this_core(name);
  core.clock.join(kAllQueues);
  commit_copies(core, kAllQueues);
  if (core.task.cluster_dim == 0) return;  // alone
  const bool memory = core.task.memory_core();
  Job& job = *core.job;
  Cluster& cluster = job.clusters[static_cast<size_t>(core.task.cluster)];
  const int clusters = core.task.cluster_dim;
  switch (kind) {
    case Barrier::cluster:
      return wait_at_barrier(core, cluster.all, kIpus + 1, name, site);
    case Barrier::cluster_ipu:
      if (!memory) wait_at_barrier(core, cluster.ipu, kIpus, name, site);
      return;
    case Barrier::all:
      return wait_at_barrier(core, job.all, clusters * (kIpus + 1), name, site);
    case Barrier::all_ipu:
      if (!memory) wait_at_barrier(core, job.all_ipu, clusters * kIpus, name, site);
      return;
    case Barrier::all_mpu:
      if (memory) wait_at_barrier(core, job.all_mpu, clusters, name, site);
      return;
  }
}

void lock(const char* name, Site site, int id0, int id1) {
  Core& core = this_core(name);
  const LockId id(id0, id1);
  std::unique_lock guard(locks().mutex);
  if (locks().owner(id) == &core) {
    guard.unlock();
    stop(Finding::Kind::deadlock, site, fmt::format("{}({}, {}) is held already", name, id0, id1),
         "Give it back with __bang_unlock() before it is taken again.");
  }
  while (locks().owner(id) != nullptr) {
    locks().wait(guard, id, core, name, site);
    if (core.job->run->stopped) throw Stopped{};
  }
  locks().held.emplace_back(id, &core);
}

void unlock(const char* name, Site site, int id0, int id1) {
  Core& core = this_core(name);
  const LockId id(id0, id1);
  std::unique_lock guard(locks().mutex);
  if (locks().owner(id) != &core) {
    guard.unlock();
    stop(Finding::Kind::wrong_argument, site,
         fmt::format("{}({}, {}) gives back what this core does not hold", name, id0, id1),
         "Take it with __bang_lock() on the same core first.");
  }
  locks().release_if([&](LockId held, const Core*) { return held == id; });
}

namespace {
std::mutex atomic_mutex;
}
void atomic_begin() {
  atomic_mutex.lock();
  current_core->atomic = true;
}
void atomic_end() {
  current_core->atomic = false;
  atomic_mutex.unlock();
}

}  // namespace bang
