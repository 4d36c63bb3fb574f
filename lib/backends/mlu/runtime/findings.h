#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <bang/runtime.h>

namespace bang {

/// What the sanitizer has to say of a kernel.
struct Finding {
  enum class Kind : uint8_t {
    out_of_memory,    ///< more NRAM, WRAM or SRAM declared than there is
    out_of_bounds,    ///< an operand that leaves its array or its memory
    wrong_space,      ///< an operand in another memory than the builtin works on
    wrong_argument,   ///< a count, size or direction that the builtin does not take
    misaligned,       ///< an address or a size that this architecture can not use
    launch_geometry,  ///< a task that the device can not run
    deadlock,         ///< a barrier or lock that some core never reaches
    failed,           ///< assert, abort or unknown assembly in a kernel
    uninitialized,    ///< a read of on-chip memory that this launch never wrote
    unjoined_copy,    ///< a read of what an asynchronous copy has yet to bring, or a write of what
                      ///< it has yet to fetch
    race,             ///< two cores at the same SRAM with no barrier between
  };
  Kind kind;
  std::string kernel;
  std::string file;
  int line = 0;
  std::string core;      ///< "core 2 of cluster 1 (task 6)"
  uint64_t address = 0;  ///< as the card counts, e.g. 0x200000 for the first byte of NRAM; 0: none
  std::string message;   ///< what is wrong
  std::string advice;    ///< how to mend it

  /// A card stops or corrupts memory on these; on the others it is silent.
  bool hard() const { return kind < Kind::uninitialized; }
  std::string text() const;
};
const char* to_string(Finding::Kind kind);

/// Findings so far, the oldest first, each place of the source once. Thread safe.
std::vector<Finding> findings();
void clear_findings();
/// Keeps and prints a finding (once for each kind and line of the source).
void report(Finding finding);

/// The source line of code in this process, if it was compiled with -g (asks addr2line).
bool find_line(const void* code, std::string& file, int& line);

/// Whether reads of unwritten memory, unjoined copies and races are looked for
/// (REEL_MLU_SANITIZER=on | off, default on). Bounds are checked always.
bool sanitizing();
void set_sanitizing(bool on);

}  // namespace bang
