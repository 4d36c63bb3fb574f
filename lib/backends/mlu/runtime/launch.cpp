#include <algorithm>
#include <csetjmp>
#include <pthread.h>
#include <utility>

#include <bang/launch.h>
#include <fmt/format.h>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/cnrt_state.h>
#include <reel/backends/mlu/runtime/core.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/trace.h>

namespace bang {
namespace {

constexpr int kMemoryCore = 0x80;
constexpr int kIpus = Arch::kCoresPerCluster;

// Clusters of a union; 0: a block task.
int clusters_of(cnrtFunctionType_t type) {
  switch (static_cast<int>(type)) {
    case CNRT_FUNC_TYPE_BLOCK:
      return 0;
    case CNRT_FUNC_TYPE_UNION1:
      return 1;
    case CNRT_FUNC_TYPE_UNION2:
      return 2;
    case CNRT_FUNC_TYPE_UNION4:
      return 4;
    case CNRT_FUNC_TYPE_UNION8:
      return 8;
    case CNRT_FUNC_TYPE_UNION16:
      return 16;
    default:
      return -1;
  }
}

// "": the device can run it.
std::string geometry_error(cnrtDim3_t dim, cnrtFunctionType_t type) {
  const int clusters = clusters_of(type);
  if (clusters < 0) return fmt::format("{} is no function type", static_cast<int>(type));
  if (dim.x < 1 || dim.y < 1 || dim.z < 1) {
    return fmt::format("dimensions are at least 1, got {{{}, {}, {}}}", dim.x, dim.y, dim.z);
  }
  constexpr uint64_t kMost = uint64_t{1} << 31;
  if (uint64_t{dim.x} * dim.y >= kMost || uint64_t{dim.x} * dim.y * dim.z >= kMost) {
    return fmt::format("there are less than 2^31 tasks, got {} x {} x {}", dim.x, dim.y, dim.z);
  }
  if (clusters > arch().clusters) {
    return fmt::format("union{} needs {} clusters, {} has {}", clusters, clusters, arch().name,
                       arch().clusters);
  }
  if (clusters > 0 && dim.x % static_cast<unsigned>(clusters * kIpus) != 0) {
    return fmt::format("dim.x of union{} is a multiple of {}, got {}", clusters, clusters * kIpus,
                       dim.x);
  }
  return "";
}

// What a debugger shows for the thread: "c0 core 2", "c0 memory", "task 7".
void name_thread(const Core& core) {
  const Task& task = core.task;
  const std::string name = task.cluster_dim == 0 ? fmt::format("task {}", task.id)
                           : task.memory_core()
                               ? fmt::format("c{} memory", task.cluster)
                               : fmt::format("c{} core {}", task.cluster, task.core);
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

void run_core(Core& core) {
  current_core = &core;
  name_thread(core);
  in_kernel_thread = true;
  {
    const DeviceMemoryAccess access;
    // A fault in the kernel's own code comes back here; nothing of this frame changes in between.
    if (sigsetjmp(core.root, 1) == 0) {
      try {
        core.job->run->body();
        commit_copies(core, kAllQueues);
        core.clock.join(kAllQueues);
      } catch (const Stopped&) {
      } catch (const std::exception& e) {
        try {
          stop(Finding::Kind::failed, core.job->run->site, e.what(), "");
        } catch (const Stopped&) {
        }
      }
    }
  }
  in_kernel_thread = false;
  current_core = nullptr;
  give_back_locks(core);
  Job& job = *core.job;
  bool last = false;
  {
    std::lock_guard lock(job.mutex);
    core.finished = true;
    last = --job.alive == 0;
    if (!last && job.blocked == job.alive && !job.run->stopped) report_deadlock(job);
  }
  if (last) {
    std::lock_guard lock(job.run->mutex);
    --job.run->jobs_running;
    job.run->job_done.notify_all();
  }
}

// Stretches between barriers have numbers that no earlier job used: what those wrote in SRAM is no
// race.
std::atomic<uint32_t> last_epoch{0};

// The cores of a job: task `first` and those after it; a cluster's memory core comes last.
void add_cores(Job& job, int first, int clusters, cnrtDim3_t dim, double bytes_per_cycle) {
  const int count = clusters == 0 ? 1 : clusters * (kIpus + 1);
  const uint32_t epoch = last_epoch + 1;
  for (int i = 0; i < count; ++i) {
    Core& core = job.cores.emplace_back();
    const int cluster = i / (kIpus + 1), number = i % (kIpus + 1);
    Task& task = core.task;
    task.id = clusters == 0 ? first : first + cluster * kIpus + number % kIpus;
    task.dim_x = static_cast<int>(dim.x), task.dim_y = static_cast<int>(dim.y);
    task.dim_z = static_cast<int>(dim.z);
    task.dim = task.dim_x * task.dim_y * task.dim_z;
    task.id_x = task.id % task.dim_x;
    task.id_y = task.id / task.dim_x % task.dim_y;
    task.id_z = task.id / task.dim_x / task.dim_y;
    task.cluster = cluster;
    task.cluster_dim = clusters;
    task.core_dim = clusters == 0 ? 1 : kIpus;
    task.core = number == kIpus ? kMemoryCore : number;
    core.number = static_cast<uint8_t>(number);
    core.job = &job;
    core.bytes_per_cycle = bytes_per_cycle;
    core.epoch = epoch;
    core.nram = take_arena(Space::nram);
    core.wram = take_arena(Space::wram);
    core.sram = clusters == 0 ? nullptr : job.clusters[static_cast<size_t>(cluster)].sram.get();
  }
}

void give_back(Job& job) {
  for (std::thread& thread : job.threads) thread.join();
  job.threads.clear();
  for (Core& core : job.cores) {
    uint32_t last = last_epoch;
    while (last < core.epoch && !last_epoch.compare_exchange_weak(last, core.epoch)) {
    }
    give_back_arena(std::move(core.nram));
    give_back_arena(std::move(core.wram));
  }
  for (Cluster& cluster : job.clusters) give_back_arena(std::move(cluster.sram));
}

void execute(Run& run, cnrtDim3_t dim, cnrtFunctionType_t type, Queue& queue) {
  const int clusters = clusters_of(type);
  const int tasks = static_cast<int>(dim.x * dim.y * dim.z);
  const int job_tasks = std::max(1, clusters * kIpus), count = tasks / job_tasks;
  const int at_once = std::min(count, clusters == 0 ? arch().cores() : arch().clusters / clusters);
  // The bandwidth is shared by the cores that run at a time.
  const Arch& card = arch();
  const double cores = at_once * std::max(1, clusters * kIpus);
  const double busy_clusters =
      std::min<double>(card.clusters, clusters == 0 ? cores : at_once * clusters);
  const double rate = std::min(card.gdram_gb_s, card.cluster_gdram_gb_s * busy_clusters) / cores;
  const double bytes_per_cycle = Timing::kGdramReached * rate * 1000 / card.clock_mhz;

  std::deque<Job> jobs;
  size_t joined = 0;
  for (int j = 0; j < count; ++j) {
    {
      std::unique_lock lock(run.mutex);
      run.job_done.wait(lock, [&] { return run.jobs_running < at_once; });
      ++run.jobs_running;
    }
    if (run.stopped) break;
    Job& job = jobs.emplace_back();
    job.run = &run;
    job.clusters = std::vector<Cluster>(static_cast<size_t>(clusters));
    for (Cluster& cluster : job.clusters) cluster.sram = take_arena(Space::sram);
    add_cores(job, j * job_tasks, clusters, dim, bytes_per_cycle);
    job.alive = static_cast<int>(job.cores.size());
    for (Core& core : job.cores) job.threads.emplace_back(run_core, std::ref(core));
    // Threads and memory of jobs that have ended serve the next ones.
    for (; joined + static_cast<size_t>(at_once) <= jobs.size(); ++joined) give_back(jobs[joined]);
  }
  for (; joined < jobs.size(); ++joined) give_back(jobs[joined]);

  // Each place of the device takes the next job when it has ended one.
  std::vector<double> free_at(static_cast<size_t>(at_once), 0);
  std::vector<PlacedJob> placed;
  for (const Job& job : jobs) {
    const auto place = std::min_element(free_at.begin(), free_at.end());
    placed.push_back({&job, static_cast<int>(place - free_at.begin()), *place});
    *place += job.cycles();
  }
  const double us = Timing::kLaunchMicroseconds +
                    *std::max_element(free_at.begin(), free_at.end()) / card.clock_mhz;
  trace_launch(run, queue.device(), queue.device_time_us(), us, placed);
  queue.advance(us);
  if (run.stopped) queue.set_failure(run.failure);
}

}  // namespace

void enqueue(const char* kernel, Site site, cnrtDim3_t dim, cnrtFunctionType_t type,
             cnrtQueue_t handle, std::function<void()> body) {
  const std::shared_ptr<Queue> queue = find_queue("<<<>>>", handle);
  if (queue == nullptr) return;  // kept for cnrtGetLastError
  if (const std::string error = geometry_error(dim, type); !error.empty()) {
    Finding finding{Finding::Kind::launch_geometry, kernel, site.file, site.line, "", 0, error, ""};
    queue->set_failure(finding.text());
    return report(std::move(finding));
  }
  watch_faults();
  queue->enqueue(
      [name = std::string(kernel), site, dim, type, &queue = *queue, body = std::move(body)] {
        Run run;
        run.kernel = name;
        run.site = site;
        run.body = body;
        execute(run, dim, type, queue);
      });
}

}  // namespace bang
