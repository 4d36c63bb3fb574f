#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <bang/runtime.h>

namespace bang {

/// A `__nram__`, `__wram__` or `__mlu_shared__` variable of a launch.
struct Variable {
  std::string name;
  size_t offset, bytes;
  Site site;
};

/// The on-chip memory of a core or a cluster: mapped between pages that nobody may touch, and
/// handed out variable after variable, anew in each launch.
class Arena {
 public:
  explicit Arena(Space space);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  Space space() const { return space_; }
  size_t capacity() const { return capacity_; }
  size_t used() const { return used_.load(std::memory_order_acquire); }
  char* base() const { return base_; }
  /// True if p lies in the mapped memory; bytes past its end are not looked at.
  bool holds(const void* p) const {
    return static_cast<size_t>(static_cast<const char*>(p) - base_) < mapped_;
  }
  size_t offset(const void* p) const {
    return static_cast<size_t>(static_cast<const char*>(p) - base_);
  }
  /// The address as the card counts.
  uint64_t address(size_t offset) const;

  /// The offset of a new variable, or npos if it does not fit.
  static constexpr size_t npos = static_cast<size_t>(-1);
  size_t place(size_t bytes, const char* name, Site site);
  /// A variable of this place in the source that was there before (SRAM is shared), or nullptr.
  const Variable* find(const char* name, Site site, size_t bytes) const;
  /// The variable that holds the byte at `offset`, nullptr: padding or never declared.
  const Variable* variable_at(size_t offset) const;
  /// Under mutex().
  const std::vector<Variable>& variables_unlocked() const { return variables_; }
  /// Forgets the variables and what was written.
  void reset();
  std::mutex& mutex() const { return mutex_; }

  // What the sanitizer knows of a byte.
  static constexpr uint8_t kWritten = 1;   ///< in this launch
  static constexpr uint8_t kIncoming = 2;  ///< an asynchronous copy has yet to write it
  static constexpr uint8_t kOutgoing = 4;  ///< an asynchronous copy has yet to read it
  /// Of `bytes` bytes from `offset` on; 0 where this launch has not been.
  uint8_t* state(size_t offset, size_t bytes);

  // Of SRAM, for each word: who wrote and read it last and in which stretch between barriers, which
  // are numbered through all launches. The last eight bits are 1 + the core, 255: several.
  std::atomic<uint32_t>* writers() { return writers_.get(); }
  std::atomic<uint32_t>* readers() { return readers_.get(); }

 private:
  const Space space_;
  size_t capacity_, mapped_;
  char* base_;
  std::atomic<size_t> used_{0};
  std::vector<Variable> variables_;
  std::unique_ptr<uint8_t[]> state_;
  // State is cleared a page at a time, when a launch first comes there.
  std::unique_ptr<std::atomic<uint32_t>[]> page_launch_;
  uint32_t launch_ = 1;
  std::mutex page_mutex_;
  std::unique_ptr<std::atomic<uint32_t>[]> writers_, readers_;
  mutable std::mutex mutex_;
};

/// Arenas are kept for the next launch.
std::unique_ptr<Arena> take_arena(Space space);
void give_back_arena(std::unique_ptr<Arena> arena);

const char* to_string(Space space);

}  // namespace bang
