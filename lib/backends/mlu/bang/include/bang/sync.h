#pragma once

// Where a core waits: for its queues, for other cores, for a lock.

#include <cstring>

#include <bang/runtime.h>

namespace bang::builtin {

inline void __sync(Site site = Site::here()) { sync_queues("__sync", site, kAllQueues); }
inline void __sync_io(Site site = Site::here()) { sync_queues("__sync_io", site, kIo); }
inline void __sync_move(Site site = Site::here()) { sync_queues("__sync_move", site, kMove); }
inline void __sync_compute(Site site = Site::here()) {
  sync_queues("__sync_compute", site, kCompute);
}
inline void __sync_io_move_compute(Site site = Site::here()) {
  sync_queues("__sync_io_move_compute", site, kAllQueues);
}
/// The first three say which queues are waited for, the last three which wait. The simulator's core
/// waits in any case.
inline void __sync_io_move_compute(bool from_io, bool from_move, bool from_compute, bool /*to_io*/,
                                   bool /*to_move*/, bool /*to_compute*/,
                                   Site site = Site::here()) {
  sync_queues("__sync_io_move_compute", site,
              (from_io ? kIo : 0U) | (from_move ? kMove : 0U) | (from_compute ? kCompute : 0U));
}

// Before queues had names, each direction of a copy had its own.
inline void __sync_copy_dram_to_nram(Site site = Site::here()) {
  sync_queues("__sync_copy_dram_to_nram", site, kIo);
}
inline void __sync_copy_dram_to_wram(Site site = Site::here()) {
  sync_queues("__sync_copy_dram_to_wram", site, kIo);
}
inline void __sync_copy_nram_to_dram(Site site = Site::here()) {
  sync_queues("__sync_copy_nram_to_dram", site, kIo);
}
inline void __sync_copy_wram_to_dram(Site site = Site::here()) {
  sync_queues("__sync_copy_wram_to_dram", site, kIo);
}
inline void __sync_copy_nram_to_nram(Site site = Site::here()) {
  sync_queues("__sync_copy_nram_to_nram", site, kMove);
}
inline void __sync_copy_nram_to_sram(Site site = Site::here()) {
  sync_queues("__sync_copy_nram_to_sram", site, kMove);
}
inline void __sync_copy_sram_to_nram(Site site = Site::here()) {
  sync_queues("__sync_copy_sram_to_nram", site, kMove);
}
inline void __sync_copy_sram_to_wram(Site site = Site::here()) {
  sync_queues("__sync_copy_sram_to_wram", site, kMove);
}
inline void __sync_copy_wram_to_sram(Site site = Site::here()) {
  sync_queues("__sync_copy_wram_to_sram", site, kMove);
}

/// The four cores of a cluster and its memory core.
inline void __sync_cluster(Site site = Site::here()) {
  sync_cores("__sync_cluster", site, Barrier::cluster);
}
inline void __sync_cluster_ipu(Site site = Site::here()) {
  sync_cores("__sync_cluster_ipu", site, Barrier::cluster_ipu);
}
inline void __sync_all_ipu_within_cluster(Site site = Site::here()) {
  sync_cores("__sync_all_ipu_within_cluster", site, Barrier::cluster_ipu);
}
/// All cores of the union, memory cores included; `_ipu`: without them, `_mpu`: only them.
inline void __sync_all(Site site = Site::here()) { sync_cores("__sync_all", site, Barrier::all); }
inline void __sync_all_ipu(Site site = Site::here()) {
  sync_cores("__sync_all_ipu", site, Barrier::all_ipu);
}
inline void __sync_all_mpu(Site site = Site::here()) {
  sync_cores("__sync_all_mpu", site, Barrier::all_mpu);
}

inline void __bang_lock(int lock_id_0, int lock_id_1, Site site = Site::here()) {
  lock("__bang_lock", site, lock_id_0, lock_id_1);
}
inline void __bang_unlock(int lock_id_0, int lock_id_1, Site site = Site::here()) {
  unlock("__bang_unlock", site, lock_id_0, lock_id_1);
}

}  // namespace bang::builtin

using namespace bang::builtin;

namespace bang {

/// What mlucc makes of an asm statement. The one that kernels share is "sync", and it joins all
/// queues; there is nothing here that could run any other.
inline void inline_assembly(const char* text, Site site = Site::here()) {
  if (std::strstr(text, "sync") != nullptr && std::strstr(text, "barrier") == nullptr) {
    return sync_queues("asm", site, kAllQueues);
  }
  char message[160] = "no assembly but \"sync\" can be simulated: ";
  std::strncat(message, text, sizeof(message) - std::strlen(message) - 1);
  fail("asm", site, message);
}

}  // namespace bang
