#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>
#include <string_view>

#include <fmt/core.h>

#include <reel/backends/mlu/runtime/findings.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

std::mutex mutex;
std::vector<Finding>& list() {
  static auto& kept = *new std::vector<Finding>;
  return kept;
}

bool initial_sanitizing() {
  const char* value = std::getenv("REEL_MLU_SANITIZER");
  const std::string_view text = value == nullptr ? "on" : value;
  if (text == "on") return true;
  if (text == "off") return false;
  reel::fail("REEL_MLU_SANITIZER: expected on or off, got '{}'", text);
}
std::atomic<bool>& sanitizing_flag() {
  static std::atomic<bool> flag{initial_sanitizing()};
  return flag;
}

}  // namespace

const char* to_string(Finding::Kind kind) {
  constexpr std::array kNames = {"out of memory",  "out of bounds", "wrong memory",
                                 "wrong argument", "misaligned",    "launch geometry",
                                 "deadlock",       "kernel failed", "uninitialized read",
                                 "unjoined copy",  "race"};
  return kNames[static_cast<size_t>(kind)];
}

std::string Finding::text() const {
  std::string text = fmt::format("reel-mlu: {}: {}\n  kernel {}, {}:{}", to_string(kind), message,
                                 kernel, file, line);
  if (!core.empty()) text += ", " + core;
  if (address != 0) text += fmt::format(", address {:#x}", address);
  text += "\n";
  if (!advice.empty()) text += "  " + advice + "\n";
  return text;
}

std::vector<Finding> findings() {
  std::lock_guard lock(mutex);
  return list();
}

void clear_findings() {
  std::lock_guard lock(mutex);
  list().clear();
}

void report(Finding finding) {
  std::lock_guard lock(mutex);
  for (const Finding& known : list()) {
    if (known.kind == finding.kind && known.line == finding.line && known.file == finding.file) {
      return;
    }
  }
  std::fputs(finding.text().c_str(), stderr);
  list().push_back(std::move(finding));
}

bool find_line(const void* code, std::string& file, int& line) {
  Dl_info info;
  if (code == nullptr || dladdr(code, &info) == 0 || info.dli_fname == nullptr) return false;
  // Where a call returns to belongs to the line after it.
  const auto offset = static_cast<const char*>(code) - static_cast<const char*>(info.dli_fbase) - 1;
  const std::string command =
      fmt::format("addr2line -e '{}' {:#x} 2>/dev/null", info.dli_fname, offset);
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  char text[4096] = "";
  const bool read = std::fgets(text, sizeof(text), pipe) != nullptr;
  pclose(pipe);
  const std::string_view answer = text;
  const size_t colon = answer.rfind(':');
  if (!read || colon == answer.npos || answer[0] == '?') return false;
  file = answer.substr(0, colon);
  line = std::atoi(text + colon + 1);
  return line > 0;
}

bool sanitizing() { return sanitizing_flag().load(std::memory_order_relaxed); }
void set_sanitizing(bool on) { sanitizing_flag().store(on, std::memory_order_relaxed); }

}  // namespace bang
