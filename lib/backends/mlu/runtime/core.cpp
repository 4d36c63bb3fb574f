#include <cstdio>

#include <fmt/format.h>

#include <reel/backends/mlu/runtime/access.h>
#include <reel/backends/mlu/runtime/core.h>
#include <reel/tensor/check.h>

namespace bang {

thread_local Core* current_core = nullptr;

double Job::cycles() const {
  double end = 0;
  for (const Core& core : cores) end = std::max(end, core.clock.end());
  return end;
}

void Run::stop(const std::string& why) {
  std::lock_guard lock(mutex);
  if (stopped.exchange(true)) return;
  failure = why;
}

std::string Core::describe() const {
  if (task.cluster_dim == 0) return fmt::format("task {}", task.id);
  if (task.memory_core()) return fmt::format("the memory core of cluster {}", task.cluster);
  return fmt::format("core {} of cluster {} (task {})", task.core, task.cluster, task.id);
}

bool in_kernel() { return current_core != nullptr; }

Core& this_core(const char* builtin) {
  if (current_core == nullptr) {
    reel::fail("{}: only kernels can use it, and this thread runs none", builtin);
  }
  if (current_core->job->run->stopped.load(std::memory_order_relaxed)) throw Stopped{};
  return *current_core;
}

// The calling core's finding. Without debug information the line of a load or store is not known
// and the launch stands for it.
static Finding finding_of(Finding::Kind kind, Site site, std::string message, std::string advice,
                          uint64_t address) {
  const Core& core = *current_core;
  const Run& run = *core.job->run;
  Finding finding{
      kind, run.kernel, "", 0, core.describe(), address, std::move(message), std::move(advice)};
  if (site.file != nullptr) {
    finding.file = site.file;
    finding.line = site.line;
  } else if (!find_line(core.scalar_code, finding.file, finding.line)) {
    finding.file = run.site.file;
    finding.line = run.site.line;
  }
  return finding;
}

void note(Finding::Kind kind, Site site, std::string message, std::string advice,
          uint64_t address) {
  report(finding_of(kind, site, std::move(message), std::move(advice), address));
}

void stop(Finding::Kind kind, Site site, std::string message, std::string advice,
          uint64_t address) {
  Core& core = *current_core;
  Finding finding = finding_of(kind, site, std::move(message), std::move(advice), address);
  core.job->run->stop(finding.text());
  report(std::move(finding));
  core.job->changed.notify_all();
  wake_lock_waiters();
  throw Stopped{};
}

void kernel_fault(const void* address) {
  Core& core = *current_core;
  try {
    stop(Finding::Kind::out_of_bounds, core.job->run->site,
         fmt::format("the kernel's own code touches {}", whereabouts(core, address)),
         "Compile with -g and run in a debugger for the line.",
         reinterpret_cast<uint64_t>(address));
  } catch (const Stopped&) {
  }
  siglongjmp(core.root, 1);
}

void print(const char* text) {
  const Core& core = this_core("print");
  std::fputs(fmt::format("[{}] {}", core.describe(), text).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace bang
