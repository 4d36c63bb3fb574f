#include <utility>

#include <reel/tensor/free_list.h>

namespace reel::detail {

constinit thread_local FreeLists free_lists;

namespace {

constexpr int kKept = 64;  // blocks of a class

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kEnabled = false;  // a sanitizer is to see every block come and go
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kEnabled = false;
#else
constexpr bool kEnabled = true;
#endif
#else
constexpr bool kEnabled = true;
#endif

constinit thread_local bool opened = false;

// When the thread ends, its blocks go and there is no more room: other destructors may still drop
// tensors.
struct Closer {
  ~Closer() {
    for (FreeLists::List& list : free_lists.lists) {
      list.room = 0;
      while (list.first != nullptr) {
        ::operator delete(std::exchange(list.first, list.first->next));
      }
    }
  }
};

}  // namespace

void* new_block(std::size_t bytes) {
  const std::size_t index = FreeLists::class_of(bytes);
  return ::operator new(index < FreeLists::kClasses ? FreeLists::class_size(index) : bytes);
}

void give_first_block(void* block, std::size_t bytes) noexcept {
  ::operator delete(block);
  if (!kEnabled || opened || FreeLists::class_of(bytes) >= FreeLists::kClasses) return;
  opened = true;
  thread_local Closer closer;
  for (FreeLists::List& list : free_lists.lists) list.room = kKept;
}

}  // namespace reel::detail
