#include <array>
#include <new>
#include <utility>

#include <reel/tensor/free_list.h>

namespace reel {
namespace {

// As malloc's own, whose blocks have 16 n + 8 bytes for use.
constexpr std::size_t class_of(std::size_t bytes) { return (bytes + 7) / 16; }
constexpr std::size_t class_size(std::size_t index) { return index * 16 + 8; }
constexpr std::size_t kClasses = 40;
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

struct Block {
  Block* next;
};

struct Class {
  Block* first = nullptr;
  int count = 0;
};

// Lives in memory that is there until the thread is gone, whatever is destroyed when: `closed` once
// the thread's destructors have run, after which other destructors may still drop tensors.
struct Lists {
  std::array<Class, kClasses> classes{};
  bool opened = false;
  bool closed = false;
};
constinit thread_local Lists lists;

struct Closer {
  ~Closer() {
    lists.closed = true;
    for (Class& c : lists.classes) {
      while (c.first != nullptr) ::operator delete(std::exchange(c.first, c.first->next));
      c.count = 0;
    }
  }
};

void open() {
  thread_local Closer closer;
  lists.opened = true;
}

}  // namespace

void* take_block(std::size_t bytes) {
  const std::size_t index = class_of(bytes);
  if (index < kClasses) {
    Class& c = lists.classes[index];
    if (Block* block = c.first; block != nullptr) {
      c.first = block->next;
      --c.count;
      return block;
    }
    bytes = class_size(index);
  }
  return ::operator new(bytes);
}

void give_block(void* block, std::size_t bytes) noexcept {
  const std::size_t index = class_of(bytes);
  if (kEnabled && index < kClasses && !lists.closed) {
    if (!lists.opened) open();
    Class& c = lists.classes[index];
    if (c.count < kKept) {
      c.first = new (block) Block{c.first};
      ++c.count;
      return;
    }
  }
  ::operator delete(block);
}

}  // namespace reel
