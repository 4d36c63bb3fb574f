#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include <reel/backends/dispatch.h>
#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/trace.h>

namespace bang {
namespace {

struct Event {
  const Core* core;
  Unit unit;
  const char* name;
  double start, cycles;
};

struct Profiles {
  std::mutex mutex;
  std::vector<KernelProfile> all;
  std::vector<Event> events;  // of launches that still run
  std::FILE* file = nullptr;
  bool first = true;
};
Profiles& profiles() {
  static auto& kept = *new Profiles;
  return kept;
}

void end_file() {
  std::fputs("\n]\n", profiles().file);
  std::fclose(profiles().file);
}

// Opened once; nullptr: no trace is wanted.
std::FILE* trace_file() {
  static std::FILE* const opened = [] {
    const char* path = std::getenv("REEL_MLU_TRACE");
    if (path == nullptr) return static_cast<std::FILE*>(nullptr);
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr) {
      std::fprintf(stderr, "reel-mlu: REEL_MLU_TRACE: cannot write '%s'\n", path);
      return file;
    }
    profiles().file = file;
    std::fputs("[", file);
    std::atexit(end_file);
    return file;
  }();
  return opened;
}

const bool kPrintAtEnd = [] {
  if (!reel::backends::trace_enabled("mlu")) return false;
  std::atexit([] { std::fputs(profile_table().c_str(), stderr); });
  return true;
}();

// The cluster, and the core in it, that a core of a job is: a place is a core for block tasks, and
// the clusters of a union for others.
std::pair<int, std::string> on_card(const Core& core, int place) {
  const Task& task = core.task;
  const int clusters = task.cluster_dim, cores = Arch::kCoresPerCluster;
  if (clusters == 0) return {place / cores, fmt::format("core {}", place % cores)};
  return {place * clusters + task.cluster,
          task.memory_core() ? "memory core" : fmt::format("core {}", task.core)};
}

// Processes of the trace are devices and clusters, threads are units of cores.
void write_event(std::FILE* file, const std::string& process, const std::string& thread,
                 const std::string& name, double start_us, double us) {
  std::fputs(fmt::format("{}\n{{\"ph\": \"X\", \"pid\": \"{}\", \"tid\": \"{}\", \"name\": \"{}\", "
                         "\"ts\": {:.4f}, \"dur\": {:.4f}}}",
                         std::exchange(profiles().first, false) ? "" : ",", process, thread, name,
                         start_us, us)
                 .c_str(),
             file);
}

}  // namespace

double KernelProfile::overlap() const {
  const double copies = work.io + work.move;
  const double shorter = std::min(copies, work.compute);
  const double apart = copies + work.compute - core_cycles;
  return shorter > 0 ? std::clamp(apart / shorter, 0.0, 1.0) : 0;
}

void trace_work(const Core& core, Unit unit, const char* name, double start, double cycles) {
  if (trace_file() == nullptr) return;
  std::lock_guard lock(profiles().mutex);
  profiles().events.push_back({&core, unit, name, start, cycles});
}

void trace_launch(const Run& run, int device, double start_us, double us,
                  const std::vector<PlacedJob>& jobs) {
  Profiles& kept = profiles();
  std::FILE* file = trace_file();
  std::lock_guard lock(kept.mutex);
  auto found = std::find_if(kept.all.begin(), kept.all.end(),
                            [&](const KernelProfile& p) { return p.kernel == run.kernel; });
  if (found == kept.all.end()) {
    found = kept.all.insert(found, KernelProfile{});
    found->kernel = run.kernel;
  }
  KernelProfile& profile = *found;
  ++profile.launches;
  profile.microseconds += us;
  Work work;
  std::map<const Core*, const PlacedJob*> placed;
  for (const PlacedJob& job : jobs) {
    for (const Core& core : job.job->cores) {
      placed[&core] = &job;
      work += core.clock.work();
      if (!core.task.memory_core()) profile.core_cycles += job.job->cycles();
    }
  }
  profile.work += work;
  profile.io_bound_us += (work.bytes_read + work.bytes_written) / (arch().gdram_gb_s * 1000);
  if (file == nullptr) return;
  const std::string of_device = fmt::format("mlu:{}", device);
  write_event(file, of_device, "kernels", run.kernel, start_us, us);
  const double body_us = start_us + Timing::kLaunchMicroseconds;
  std::erase_if(kept.events, [&](const Event& event) {
    const auto found_core = placed.find(event.core);
    if (found_core == placed.end()) return false;
    const PlacedJob& job = *found_core->second;
    const auto [cluster, core] = on_card(*event.core, job.place);
    constexpr const char* kUnits[] = {"io", "move", "compute"};
    write_event(file, fmt::format("{} cluster {}", of_device, cluster),
                fmt::format("{} {}", core, kUnits[static_cast<int>(event.unit)]), event.name,
                body_us + (job.start + event.start) / arch().clock_mhz,
                event.cycles / arch().clock_mhz);
    return true;
  });
}

std::vector<KernelProfile> kernel_profiles() {
  std::lock_guard lock(profiles().mutex);
  return profiles().all;
}

void clear_kernel_profiles() {
  std::lock_guard lock(profiles().mutex);
  profiles().all.clear();
}

std::string profile_table() {
  std::string table = fmt::format("{:<32} {:>9} {:>12} {:>12} {:>7} {:>8} {:>12} {:>12} {:>8}\n",
                                  "kernel", "launches", "predicted us", "us a launch", "IO %",
                                  "compute %", "MB read", "MB written", "overlap");
  for (const KernelProfile& p : kernel_profiles()) {
    table += fmt::format(
        "{:<32} {:>9} {:>12.1f} {:>12.1f} {:>6.1f} {:>8.1f} {:>12.3f} {:>12.3f} {:>7.0f}%\n",
        p.kernel, p.launches, p.microseconds, p.microseconds / static_cast<double>(p.launches),
        100 * p.io_efficiency(), 100 * p.compute_efficiency(), p.work.bytes_read / 1e6,
        p.work.bytes_written / 1e6, 100 * p.overlap());
  }
  return table;
}

}  // namespace bang
