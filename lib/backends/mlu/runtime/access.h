#pragma once

// Who may touch device memory, and what happens to those who may not. Host threads have no access
// (REEL_MLU_PROTECT=off gives it to them): by a memory protection key, which is a right of a
// thread, or without such keys by page protection, which is one of the process.

#include <cstddef>
#include <cstdint>
#include <string>

namespace bang {

/// While one lives, the calling thread may touch device memory; they nest. The right does not
/// reach threads that run already (those of a pool), and threads that are started meanwhile
/// inherit it for good.
class DeviceMemoryAccess {
 public:
  DeviceMemoryAccess();
  ~DeviceMemoryAccess();
  DeviceMemoryAccess(const DeviceMemoryAccess&) = delete;
  DeviceMemoryAccess& operator=(const DeviceMemoryAccess&) = delete;
};

/// Set on a thread while it is a core that runs a kernel: its memory faults go to kernel_fault.
extern constinit thread_local bool in_kernel_thread;

/// A memory fault of a kernel, called in the signal handler of the faulting thread, with device
/// memory closed to it. Must not return.
[[noreturn]] void kernel_fault(const void* address);

/// Puts the handler of memory faults in its place if it is not there, as after a test framework
/// has put back its own. Each allocation does this, and a launch should.
void watch_faults();

/// What an address is to the devices.
struct Location {
  enum class Kind : uint8_t {
    elsewhere,  ///< no device memory
    living,     ///< in a block
    freed,      ///< in what was a block
    unused,     ///< in the range of a device, and in no block
    unknown,    ///< in the range of a device; what is there could not be found out in time
  };
  Kind kind = Kind::elsewhere;
  int device = -1;
  uintptr_t start = 0;  ///< of the block; where unused, of the one before
  size_t bytes = 0;     ///< of the block; 0 if there is none
};
Location locate(const void* p);
/// The same in words: "24 bytes into a block of 100 bytes of device 0", "host memory".
std::string describe_address(const void* p);

}  // namespace bang
