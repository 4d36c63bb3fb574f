#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <sys/mman.h>
#include <thread>
#include <utility>

#include <reel/backends/mlu/runtime/device.h>
#include <reel/backends/mlu/runtime/memory.h>
#include <reel/tensor/check.h>

namespace bang {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMB = size_t{1} << 20;
constexpr int kMaxDevices = 64;
// Addresses are reused as late as can be, so that a pointer to a freed block is told from the next
// block: each device reserves this many times its memory. Reserving costs nothing.
constexpr size_t kAddressesPerByte = 4;
// An unmapped page behind a block catches what runs over its end. Beyond this many blocks they are
// left out: the system limits how many pieces a process's memory may have (65530).
constexpr size_t kMaxGuards = 8192;
constexpr size_t kMaxFreedRecords = 65536;

size_t env_number(const char* name, size_t fallback, size_t least, size_t most) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  if (*end != '\0' || value < static_cast<long long>(least) ||
      value > static_cast<long long>(most)) {
    reel::fail("{}: expected a number from {} to {}, got '{}'", name, least, most, text);
  }
  return static_cast<size_t>(value);
}

// ---- Protection -------------------------------------------------------------------------------

struct Protection {
  enum class By : uint8_t { nothing, key, pages } by;
  int key = -1;
};

Protection choose_protection() {
  const char* value = std::getenv("REEL_MLU_PROTECT");
  const std::string_view wanted = value == nullptr ? "on" : value;
  if (wanted == "off") return {Protection::By::nothing};
  if (wanted != "on" && wanted != "pages") {
    reel::fail("REEL_MLU_PROTECT: expected on, pages or off, got '{}'", wanted);
  }
#ifdef PKEY_DISABLE_ACCESS
  if (wanted == "on") {
    const int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
    if (key >= 0) return {Protection::By::key, key};
  }
#endif
  return {Protection::By::pages};
}

const Protection& protection() {
  static const Protection chosen = choose_protection();
  return chosen;
}

bool set_pages(uintptr_t start, size_t bytes, int rights) {
  void* p = reinterpret_cast<void*>(start);
#ifdef PKEY_DISABLE_ACCESS
  if (protection().by == Protection::By::key) {
    return pkey_mprotect(p, bytes, rights, protection().key) == 0;
  }
#endif
  return mprotect(p, bytes, rights) == 0;
}

// One lock for all devices: allocations are rare beside what is done with them, and opening the
// pages of all blocks needs it, too.
std::mutex memory_mutex;
int open_count = 0;  ///< of DeviceMemoryAccess where protection is by pages
constinit thread_local int access_depth = 0;

constexpr int kOpen = PROT_READ | PROT_WRITE;

int living_rights() {
  return protection().by == Protection::By::pages && open_count == 0 ? PROT_NONE : kOpen;
}

// ---- Memory -----------------------------------------------------------------------------------

/// The memory of a device. All members but the constants ask for `memory_mutex`.
class Memory {
 public:
  Memory(int device, size_t capacity);

  bool covers(uintptr_t p) const { return p - base_ < reserved_; }
  size_t capacity() const { return capacity_; }
  size_t free_bytes() const { return capacity_ - used_; }

  void* allocate(size_t bytes);
  bool release(uintptr_t p, bool* was_freed);
  Location locate(uintptr_t p) const;
  void set_rights(int rights) const;

 private:
  std::optional<uintptr_t> take_range(size_t length);
  void give_range(uintptr_t start, size_t length);
  void forget_freed(uintptr_t start, size_t length);

  struct Block {
    size_t bytes;   ///< as asked for
    size_t length;  ///< in whole pages, with its guard
    size_t pages;   ///< in bytes, without its guard
  };

  const int device_;
  const size_t capacity_;
  uintptr_t base_ = 0;
  size_t reserved_ = 0, used_ = 0;
  uintptr_t cursor_ = 0;  ///< where the last block ends
  std::map<uintptr_t, Block> living_;
  std::map<uintptr_t, size_t> free_;   ///< start, length; neighbours are merged
  std::map<uintptr_t, size_t> freed_;  ///< blocks whose addresses were not reused
  std::deque<uintptr_t> freed_order_;
};

Memory::Memory(int device, size_t capacity) : device_(device), capacity_(capacity) {
  for (size_t times = kAddressesPerByte; times > 0; times /= 2) {
    const size_t length = capacity * times + kMaxGuards * kPage;
    void* p = mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) continue;
    base_ = cursor_ = reinterpret_cast<uintptr_t>(p);
    reserved_ = length;
    free_[base_] = length;
    // All pages carry the key from the start, so that the system joins neighbours again.
    set_pages(base_, length, PROT_NONE);
#ifdef MADV_DONTDUMP
    madvise(p, length, MADV_DONTDUMP);
#endif
    return;
  }
  reel::fail(
      "mlu:{}: no range of {} MB of addresses for the device's memory (REEL_MLU_MEMORY_MB asks for "
      "it, a limit on virtual memory may forbid it)",
      device, capacity / kMB);
}

std::optional<uintptr_t> Memory::take_range(size_t length) {
  // The range that the cursor is in, the ones behind it, then from the start.
  auto range = free_.upper_bound(cursor_);
  if (range != free_.begin()) {
    const auto before = std::prev(range);
    if (before->first + before->second >= cursor_ + length) range = before;
  }
  const auto fits = [length](const auto& r) { return r.second >= length; };
  if (range == free_.end() || range->first > cursor_) {
    range = std::find_if(range, free_.end(), fits);
  }
  if (range == free_.end()) range = std::find_if(free_.begin(), free_.end(), fits);
  if (range == free_.end()) return std::nullopt;

  const auto [first, whole] = *range;
  const bool at_cursor = first <= cursor_ && first + whole >= cursor_ + length;
  const uintptr_t start = at_cursor ? cursor_ : first;
  free_.erase(range);
  if (start > first) free_[first] = start - first;
  if (start + length < first + whole) free_[start + length] = first + whole - start - length;
  return start;
}

void Memory::give_range(uintptr_t start, size_t length) {
  auto next = free_.lower_bound(start);
  if (next != free_.end() && next->first == start + length) {
    length += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == start) {
      before->second += length;
      return;
    }
  }
  free_[start] = length;
}

void Memory::forget_freed(uintptr_t start, size_t length) {
  auto it = freed_.lower_bound(start);
  while (it != freed_.end() && it->first < start + length) it = freed_.erase(it);
}

void* Memory::allocate(size_t bytes) {
  if (bytes > capacity_) return nullptr;
  const size_t pages = (std::max<size_t>(bytes, 1) + kPage - 1) / kPage * kPage;
  if (pages > free_bytes()) return nullptr;
  const size_t length = pages + (living_.size() < kMaxGuards ? kPage : 0);
  const std::optional<uintptr_t> start = take_range(length);
  if (!start) return nullptr;
  if (!set_pages(*start, pages, living_rights())) {
    give_range(*start, length);
    return nullptr;
  }
  forget_freed(*start, length);
  living_[*start] = {bytes, length, pages};
  used_ += pages;
  cursor_ = *start + length;
  return reinterpret_cast<void*>(*start);
}

bool Memory::release(uintptr_t p, bool* was_freed) {
  const auto it = living_.find(p);
  if (it == living_.end()) {
    if (was_freed != nullptr) *was_freed = freed_.contains(p);
    return false;
  }
  const Block block = it->second;
  madvise(reinterpret_cast<void*>(p), block.pages, MADV_DONTNEED);
  set_pages(p, block.pages, PROT_NONE);
  used_ -= block.pages;
  living_.erase(it);
  give_range(p, block.length);
  if (freed_.insert_or_assign(p, block.bytes).second) freed_order_.push_back(p);
  if (freed_order_.size() > kMaxFreedRecords) {
    freed_.erase(freed_order_.front());
    freed_order_.pop_front();
  }
  return true;
}

Location Memory::locate(uintptr_t p) const {
  const auto before = [p](const auto& blocks) {
    const auto it = blocks.upper_bound(p);
    return it == blocks.begin() ? blocks.end() : std::prev(it);
  };
  const auto living = before(living_);
  if (living != living_.end() && p - living->first < std::max<size_t>(living->second.bytes, 1)) {
    return {Location::Kind::living, device_, living->first, living->second.bytes};
  }
  const auto freed = before(freed_);
  if (freed != freed_.end() && p - freed->first < std::max<size_t>(freed->second, 1)) {
    return {Location::Kind::freed, device_, freed->first, freed->second};
  }
  if (living == living_.end()) return {Location::Kind::unused, device_, 0, 0};
  return {Location::Kind::unused, device_, living->first, living->second.bytes};
}

void Memory::set_rights(int rights) const {
  for (const auto& [start, block] : living_) set_pages(start, block.pages, rights);
}

// Devices reserve their range when they are first used. The pointers are read by the fault handler.
std::array<std::atomic<Memory*>, kMaxDevices> memories{};

size_t memory_capacity() {
  static const size_t bytes = env_number("REEL_MLU_MEMORY_MB", 8192, 1, size_t{1} << 22) * kMB;
  return bytes;
}

Memory& memory(int device) {
  if (device < 0 || device >= device_count()) {
    reel::fail("mlu:{}: there are {} devices (REEL_MLU_DEVICES)", device, device_count());
  }
  std::atomic<Memory*>& slot = memories[static_cast<size_t>(device)];
  if (Memory* memory = slot.load(std::memory_order_acquire)) return *memory;
  const size_t capacity = memory_capacity();
  const std::lock_guard guard(memory_mutex);
  if (slot.load(std::memory_order_relaxed) == nullptr) {
    slot.store(new Memory(device, capacity), std::memory_order_release);  // lives as long as we
  }
  return *slot.load(std::memory_order_relaxed);
}

Memory* memory_of(const void* p) {
  for (std::atomic<Memory*>& slot : memories) {
    Memory* memory = slot.load(std::memory_order_acquire);
    if (memory != nullptr && memory->covers(reinterpret_cast<uintptr_t>(p))) return memory;
  }
  return nullptr;
}

void set_key_rights([[maybe_unused]] bool open) {
#ifdef PKEY_DISABLE_ACCESS
  pkey_set(protection().key, open ? 0 : PKEY_DISABLE_ACCESS);
#endif
}

void count_access(int change) {
  const std::lock_guard guard(memory_mutex);
  const bool was_open = open_count > 0;
  open_count += change;
  if ((open_count > 0) == was_open) return;
  for (std::atomic<Memory*>& slot : memories) {
    if (const Memory* memory = slot.load(std::memory_order_acquire)) {
      memory->set_rights(living_rights());
    }
  }
}

}  // namespace

DeviceMemoryAccess::DeviceMemoryAccess() {
  if (access_depth++ > 0) return;
  if (protection().by == Protection::By::key) set_key_rights(true);
  if (protection().by == Protection::By::pages) count_access(1);
}

DeviceMemoryAccess::~DeviceMemoryAccess() {
  if (--access_depth > 0) return;
  if (protection().by == Protection::By::key) set_key_rights(false);
  if (protection().by == Protection::By::pages) count_access(-1);
}

Location locate(const void* p) {
  const Memory* memory = memory_of(p);
  if (memory == nullptr) return {};
  const std::lock_guard guard(memory_mutex);
  return memory->locate(reinterpret_cast<uintptr_t>(p));
}

Location locate_in_handler(const void* p) {
  const Memory* memory = memory_of(p);
  if (memory == nullptr) return {};
  for (int i = 0; i < 1000; ++i) {
    if (const std::unique_lock guard(memory_mutex, std::try_to_lock); guard.owns_lock()) {
      return memory->locate(reinterpret_cast<uintptr_t>(p));
    }
    std::this_thread::yield();
  }
  return {Location::Kind::unknown, -1, 0, 0};
}

std::string describe_address(const void* p) {
  const Location at = locate(p);
  const auto offset = reinterpret_cast<uintptr_t>(p) - at.start;
  switch (at.kind) {
    case Location::Kind::elsewhere:
      return "host memory";
    case Location::Kind::living:
      return fmt::format("{} bytes into a block of {} bytes of device {}", offset, at.bytes,
                         at.device);
    case Location::Kind::freed:
      return fmt::format("{} bytes into a block of {} bytes of device {} that was freed", offset,
                         at.bytes, at.device);
    default:
      break;
  }
  if (at.start == 0) return fmt::format("in no block of device {}", at.device);
  return fmt::format("{} bytes behind the end of a block of {} bytes of device {}",
                     offset - at.bytes, at.bytes, at.device);
}

int device_count() {
  static const int count = static_cast<int>(env_number("REEL_MLU_DEVICES", 2, 1, kMaxDevices));
  return count;
}

MemoryInfo memory_info(int device) {
  const Memory& of = memory(device);
  const std::lock_guard guard(memory_mutex);
  return {of.capacity(), of.free_bytes()};
}

void* device_allocate(int device, size_t bytes) {
  watch_faults();
  Memory& of = memory(device);
  const std::lock_guard guard(memory_mutex);
  return of.allocate(bytes);
}

bool device_release(void* p, bool* was_freed) {
  if (was_freed != nullptr) *was_freed = false;
  Memory* memory = memory_of(p);
  if (memory == nullptr) return false;
  const std::lock_guard guard(memory_mutex);
  return memory->release(reinterpret_cast<uintptr_t>(p), was_freed);
}

int device_of(const void* p, size_t bytes) {
  const Location at = locate(p);
  if (at.kind == Location::Kind::elsewhere || at.bytes == 0) return -1;
  const size_t offset = reinterpret_cast<uintptr_t>(p) - at.start;
  // Nothing at the end of a block is inside of it.
  if (at.kind == Location::Kind::unused) return bytes == 0 && offset == at.bytes ? at.device : -1;
  if (at.kind != Location::Kind::living) return -1;
  return bytes <= at.bytes - offset ? at.device : -1;
}

bool in_device_memory(const void* p) { return memory_of(p) != nullptr; }

void device_copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  const DeviceMemoryAccess access;
  std::memmove(to, from, bytes);
}

void device_fill(void* to, int value, size_t bytes) {
  if (bytes == 0) return;
  const DeviceMemoryAccess access;
  std::memset(to, value, bytes);
}

namespace {
thread_local int current = 0;
thread_local bool backend_work = false;
std::atomic<uint64_t> foreign{0};
}  // namespace

int current_device() { return current; }
void set_current_device(int device) { current = device; }

uint64_t foreign_work() { return foreign.load(); }
void note_foreign_work() { ++foreign; }

BackendWork::BackendWork() : before_(std::exchange(backend_work, true)) {}
BackendWork::~BackendWork() { backend_work = before_; }
bool BackendWork::is_enabled() { return backend_work; }

}  // namespace bang
