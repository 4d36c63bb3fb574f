#pragma once

#include <cstddef>
#include <new>

namespace reel {

namespace detail {

struct FreeBlock {
  FreeBlock* next;
};

/// What a thread has given back, by size. Lives in memory that is there until the thread is gone,
/// whatever is destroyed when.
struct FreeLists {
  static constexpr std::size_t kClasses = 40;
  // As malloc's own, whose blocks have 16 n + 8 bytes for use.
  static constexpr std::size_t class_of(std::size_t bytes) { return (bytes + 7) / 16; }
  static constexpr std::size_t class_size(std::size_t index) { return index * 16 + 8; }

  struct List {
    FreeBlock* first = nullptr;
    int room = 0;  ///< for so many blocks more; none before the first and after the thread's end
  };
  List lists[kClasses];
};
extern constinit thread_local FreeLists free_lists;

void* new_block(std::size_t bytes);
void give_first_block(void* block, std::size_t bytes) noexcept;

}  // namespace detail

/// Memory for the small objects that every op makes and drops: what a thread gives back it takes
/// again, without a lock and without asking the system's allocator. Sizes up to 600 bytes are kept.
inline void* take_block(std::size_t bytes) {
  const std::size_t index = detail::FreeLists::class_of(bytes);
  if (index < detail::FreeLists::kClasses) {
    detail::FreeLists::List& list = detail::free_lists.lists[index];
    if (detail::FreeBlock* block = list.first; block != nullptr) {
      list.first = block->next;
      ++list.room;
      return block;
    }
  }
  return detail::new_block(bytes);
}

inline void give_block(void* block, std::size_t bytes) noexcept {
  const std::size_t index = detail::FreeLists::class_of(bytes);
  if (index < detail::FreeLists::kClasses) {
    detail::FreeLists::List& list = detail::free_lists.lists[index];
    if (list.room > 0) {
      list.first = new (block) detail::FreeBlock{list.first};
      --list.room;
      return;
    }
  }
  detail::give_first_block(block, bytes);
}

}  // namespace reel
