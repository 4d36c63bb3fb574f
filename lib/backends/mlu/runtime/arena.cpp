#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <sys/mman.h>

#include <reel/backends/mlu/runtime/arch.h>
#include <reel/backends/mlu/runtime/arena.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kGuard = 16 * kPage;
constexpr size_t kAlignment = 128;

size_t capacity_of(Space space) {
  const Arch& card = arch();
  const int64_t bytes = space == Space::nram   ? card.usable_nram()
                        : space == Space::wram ? card.wram
                                               : card.sram;
  return static_cast<size_t>(bytes);
}

}  // namespace

const char* to_string(Space space) {
  constexpr std::array kNames = {"host memory", "GDRAM", "NRAM", "WRAM", "SRAM"};
  return kNames[static_cast<size_t>(space)];
}

Arena::Arena(Space space) : space_(space), capacity_(capacity_of(space)) {
  mapped_ = (capacity_ + kPage - 1) / kPage * kPage;
  void* range = mmap(nullptr, mapped_ + 2 * kGuard, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED)
    reel::fail("reel-mlu: no memory for {} of {} bytes", to_string(space), capacity_);
  base_ = static_cast<char*>(range) + kGuard;
  mprotect(base_, mapped_, PROT_READ | PROT_WRITE);
  state_ = std::make_unique<uint8_t[]>(mapped_);
  page_launch_ = std::make_unique<std::atomic<uint32_t>[]>(mapped_ / kPage);
  if (space == Space::sram) {
    writers_ = std::make_unique<std::atomic<uint32_t>[]>(mapped_ / 4);
    readers_ = std::make_unique<std::atomic<uint32_t>[]>(mapped_ / 4);
  }
}

Arena::~Arena() { munmap(base_ - kGuard, mapped_ + 2 * kGuard); }

uint64_t Arena::address(size_t offset) const {
  constexpr std::array<uint64_t, 5> kBases = {0, 0, 0x200000, 0x300000, 0x400000};
  return kBases[static_cast<size_t>(space_)] + offset;
}

size_t Arena::place(size_t bytes, const char* name, Site site) {
  const size_t offset = (used() + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > capacity_ || offset > capacity_ - bytes) return npos;
  variables_.push_back({name, offset, bytes, site});
  used_.store(offset + bytes, std::memory_order_release);
  return offset;
}

const Variable* Arena::find(const char* name, Site site, size_t bytes) const {
  for (const Variable& variable : variables_) {
    if (variable.site.line == site.line && variable.bytes == bytes && variable.name == name &&
        std::string_view(variable.site.file) == site.file) {
      return &variable;
    }
  }
  return nullptr;
}

const Variable* Arena::variable_at(size_t offset) const {
  const auto after = std::upper_bound(
      variables_.begin(), variables_.end(), offset,
      [](size_t value, const Variable& variable) { return value < variable.offset; });
  if (after == variables_.begin()) return nullptr;
  const Variable& variable = *(after - 1);
  return offset < variable.offset + std::max<size_t>(variable.bytes, 1) ? &variable : nullptr;
}

uint8_t* Arena::state(size_t offset, size_t bytes) {
  const size_t end = (offset + std::max<size_t>(bytes, 1) - 1) / kPage;
  for (size_t page = offset / kPage; page <= end; ++page) {
    if (page_launch_[page].load(std::memory_order_acquire) == launch_) continue;
    std::lock_guard lock(page_mutex_);
    if (page_launch_[page].load(std::memory_order_relaxed) == launch_) continue;
    std::memset(state_.get() + page * kPage, 0, kPage);
    page_launch_[page].store(launch_, std::memory_order_release);
  }
  return state_.get() + offset;
}

void Arena::reset() {
  ++launch_;
  variables_.clear();
  used_ = 0;
}

namespace {
std::mutex pool_mutex;
std::vector<std::unique_ptr<Arena>>& pool() {
  static auto& arenas = *new std::vector<std::unique_ptr<Arena>>;
  return arenas;
}
}  // namespace

std::unique_ptr<Arena> take_arena(Space space) {
  {
    std::lock_guard lock(pool_mutex);
    auto& arenas = pool();
    for (size_t i = arenas.size(); i-- > 0;) {
      if (arenas[i]->space() != space) continue;
      std::unique_ptr<Arena> arena = std::move(arenas[i]);
      arenas.erase(arenas.begin() + static_cast<std::ptrdiff_t>(i));
      return arena;
    }
  }
  return std::make_unique<Arena>(space);
}

void give_back_arena(std::unique_ptr<Arena> arena) {
  arena->reset();
  std::lock_guard lock(pool_mutex);
  pool().push_back(std::move(arena));
}

}  // namespace bang
