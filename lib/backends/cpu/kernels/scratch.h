#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// The buffers a thread keeps from call to call; two users at work at once take different slots.
enum class Slot { panel_a, panel_b, tile, row, transform_in, transform_out, count };

/// Memory that grows and stays; contents are lost when it grows.
class ScratchBuffer {
 public:
  ScratchBuffer() = default;
  ScratchBuffer(const ScratchBuffer&) = delete;
  ScratchBuffer& operator=(const ScratchBuffer&) = delete;
  ~ScratchBuffer() { std::free(data_); }

  void* reserve(size_t bytes) {
    if (bytes > size_) {
      std::free(data_);
      size_ = 0;
      // Whole pages: the alignment keeps panels off each other's cache lines. Large ones, since the
      // 36 positions of a Winograd tile lie on as many small ones, more than a core's TLB for
      // stores has entries.
      constexpr size_t kPage = 4096, kHugePage = size_t{2} << 20;
      const size_t page = bytes > kHugePage / 4 ? kHugePage : kPage;
      const size_t rounded = (bytes + page - 1) / page * page;
      data_ = std::aligned_alloc(page, rounded);
      if (data_ == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
      if (page == kHugePage) madvise(data_, rounded, MADV_HUGEPAGE);
#endif
      size_ = rounded;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// This thread's buffer of at least `count` T, uninitialised. Callers ask for what fits in a
/// cache, so that what stays allocated is a megabyte or two a thread.
template <class T>
inline T* scratch(Slot slot, int64_t count) {
  static thread_local ScratchBuffer buffers[static_cast<int>(Slot::count)];
  return static_cast<T*>(
      buffers[static_cast<int>(slot)].reserve(sizeof(T) * static_cast<size_t>(count)));
}

}  // namespace reel::cpu::REEL_ISA
