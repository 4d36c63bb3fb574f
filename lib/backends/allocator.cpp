#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <vector>

#include <reel/backends/allocator.h>
#include <reel/backends/registry.h>
#include <reel/tensor/check.h>

namespace reel::backends {
namespace {

// Sizes are rounded up to one of four steps per power of two, so that a block fits many shapes and
// wastes at most a quarter (of which untouched pages cost nothing).
constexpr int kSmallestBits = 6;
constexpr size_t kClasses = 4 * (48 - kSmallestBits);

constexpr size_t class_of(size_t bytes) {
  if (bytes <= (size_t{1} << kSmallestBits)) return 0;
  const int top = std::bit_width(bytes - 1) - 1;  // 2^top < bytes <= 2^(top + 1)
  const size_t step = size_t{1} << (top - 2);
  const size_t quarter = (bytes - (size_t{1} << top) + step - 1) / step;  // 1..4
  return static_cast<size_t>(top - kSmallestBits) * 4 + quarter;
}

constexpr size_t class_size(size_t index) {
  if (index == 0) return size_t{1} << kSmallestBits;
  const size_t top = (index - 1) / 4;
  const size_t quarter = (index - 1) % 4 + 1;
  return ((4 + quarter) << top << kSmallestBits) / 4;
}
static_assert(class_size(class_of(64)) == 64 && class_size(class_of(65)) == 80 &&
              class_size(class_of(128)) == 128 && class_size(class_of(129)) == 160 &&
              class_size(class_of(1000000)) == 1048576);

// On a miss, cached blocks are given back, largest first, as far as the whole would exceed what
// tensors once held at a time by more than this. Within this, a loop that repeats its shapes never
// misses.
constexpr int64_t slack(int64_t peak) { return std::max(int64_t{32} << 20, peak / 8); }

// From 1 MB on a free block serves requests of half its size and more: the system would have to
// clear every page of a new one.
constexpr size_t kSharedClass = class_of(size_t{1} << 20);

struct Pool {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> free;
  MemoryStats stats;
};

constexpr size_t kMaxTypes = 16;
constexpr size_t kMaxOrdinals = kMaxDevices;

// Never destroyed: tensors in static variables give their memory back at any time.
Pool& pool_of(Device device) {
  static auto& pools = *new std::array<Pool, kMaxTypes * kMaxOrdinals>;
  return pools[static_cast<size_t>(device.type()) * kMaxOrdinals +
               static_cast<size_t>(device.ordinal())];
}

void trim(Pool& pool, Runtime& runtime, int ordinal, int64_t cached_limit) {
  for (size_t i = kClasses; i-- > 0 && pool.stats.cached > cached_limit;) {
    while (!pool.free[i].empty() && pool.stats.cached > cached_limit) {
      runtime.release(ordinal, pool.free[i].back());
      pool.free[i].pop_back();
      pool.stats.cached -= static_cast<int64_t>(class_size(i));
    }
  }
}

// The class of a free block that serves class `index`; kClasses if there is none.
size_t find_free(const Pool& pool, size_t index) {
  const size_t end = std::min(index + (index < kSharedClass ? 1 : 5), kClasses);
  while (index < end && pool.free[index].empty()) ++index;
  return index < end ? index : kClasses;
}

// Turns `index` into the block's class.
void* take(Device device, size_t& index) {
  Pool& pool = pool_of(device);
  auto size = static_cast<int64_t>(class_size(index));
  std::lock_guard lock(pool.mutex);
  MemoryStats& stats = pool.stats;
  void* data = nullptr;
  if (const size_t found = find_free(pool, index); found < kClasses) {
    index = found;
    size = static_cast<int64_t>(class_size(index));
    data = pool.free[index].back();
    pool.free[index].pop_back();
    stats.cached -= size;
  } else {
    Runtime& runtime = *backend_of(device).runtime;
    const int64_t held = stats.in_use + stats.cached + size;
    const int64_t peak = std::max(stats.peak_in_use, stats.in_use + size);
    const int64_t bound = peak + slack(peak);
    if (held > bound) {
      trim(pool, runtime, device.ordinal(), std::max<int64_t>(0, stats.cached - (held - bound)));
    }
    ++stats.system_calls;
    data = runtime.allocate(device.ordinal(), static_cast<size_t>(size));
    if (data == nullptr && stats.cached > 0) {
      trim(pool, runtime, device.ordinal(), 0);
      data = runtime.allocate(device.ordinal(), static_cast<size_t>(size));
    }
    if (data == nullptr) {
      throw OutOfMemoryError(fmt::format(
          "{}: out of memory: {} bytes were asked for, tensors hold {} bytes, {} bytes are cached",
          device.str(), size, stats.in_use, stats.cached));
    }
  }
  stats.in_use += size;
  stats.peak_in_use = std::max(stats.peak_in_use, stats.in_use);
  return data;
}

// Small blocks of the CPU's memory that a thread gave back and will take again without the pool's
// lock. To the pool they are in use; memory_stats() counts them as cached.
class ThreadCache {
 public:
  ThreadCache();
  ~ThreadCache();
  ThreadCache(const ThreadCache&) = delete;
  ThreadCache& operator=(const ThreadCache&) = delete;

  static constexpr size_t kThreadClasses = 17;  // up to 1 KB
  static constexpr int kKept = 32;              // blocks of a class

  void* take(size_t index) {
    Stack& stack = stacks_[index];
    if (stack.count == 0) return nullptr;
    add(-static_cast<int64_t>(class_size(index)));
    return stack.blocks[--stack.count];
  }
  bool keep(void* block, size_t index) {
    Stack& stack = stacks_[index];
    if (stack.count == kKept) return false;
    add(static_cast<int64_t>(class_size(index)));
    stack.blocks[stack.count++] = block;
    return true;
  }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  void give_back_all();

 private:
  struct Stack {
    int count = 0;
    std::array<void*, kKept> blocks;
  };
  // Written by one thread only.
  void add(int64_t change) {
    bytes_.store(bytes_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }

  std::array<Stack, kThreadClasses> stacks_;
  std::atomic<int64_t> bytes_{0};
};
static_assert(class_size(ThreadCache::kThreadClasses - 1) == 1024);

struct ThreadCaches {
  std::mutex mutex;
  std::vector<const ThreadCache*> all;
};
ThreadCaches& thread_caches() {
  static auto& caches = *new ThreadCaches;
  return caches;
}

// Null before a thread's first small tensor and again when the thread ends, while destructors may
// still drop tensors.
constinit thread_local ThreadCache* thread_cache = nullptr;
constinit thread_local bool thread_ended = false;

ThreadCache* open_thread_cache() {
  if (thread_cache == nullptr && !thread_ended) {
    thread_local ThreadCache cache;
    thread_cache = &cache;
  }
  return thread_cache;
}

// A block's device and class travel in the deleter's context.
void* pack(Device device, size_t index) {
  return std::bit_cast<void*>(static_cast<uintptr_t>(index) << 16 |
                              static_cast<uintptr_t>(device.type()) << 8 |
                              static_cast<uintptr_t>(device.ordinal()));
}

void give_to_pool(void* data, Device device, size_t index) {
  Pool& pool = pool_of(device);
  const auto size = static_cast<int64_t>(class_size(index));
  std::lock_guard lock(pool.mutex);
  pool.free[index].push_back(data);
  pool.stats.in_use -= size;
  pool.stats.cached += size;
}

void give_back(void* data, void* context) {
  const auto packed = std::bit_cast<uintptr_t>(context);
  const Device device(static_cast<DeviceType>(packed >> 8 & 0xff), static_cast<int>(packed & 0xff));
  const size_t index = packed >> 16;
  if (index < ThreadCache::kThreadClasses && device.is_cpu()) {
    ThreadCache* cache = open_thread_cache();
    if (cache != nullptr && cache->keep(data, index)) return;
  }
  give_to_pool(data, device, index);
}

ThreadCache::ThreadCache() {
  ThreadCaches& caches = thread_caches();
  std::lock_guard lock(caches.mutex);
  caches.all.push_back(this);
}

ThreadCache::~ThreadCache() {
  thread_cache = nullptr;
  thread_ended = true;
  give_back_all();
  ThreadCaches& caches = thread_caches();
  std::lock_guard lock(caches.mutex);
  std::erase(caches.all, this);
}

void ThreadCache::give_back_all() {
  for (size_t index = 0; index < kThreadClasses; ++index) {
    while (void* block = take(index)) give_to_pool(block, kCPU, index);
  }
}

}  // namespace

MemoryStats memory_stats(Device device) {
  backend_of(device);
  Pool& pool = pool_of(device);
  int64_t in_threads = 0;
  if (device.is_cpu()) {
    ThreadCaches& caches = thread_caches();
    std::lock_guard lock(caches.mutex);
    for (const ThreadCache* cache : caches.all) in_threads += cache->bytes();
  }
  std::lock_guard lock(pool.mutex);
  MemoryStats stats = pool.stats;
  stats.in_use -= in_threads;
  stats.cached += in_threads;
  return stats;
}

void empty_cache(Device device) {
  Runtime& runtime = *backend_of(device).runtime;
  if (device.is_cpu() && thread_cache != nullptr) thread_cache->give_back_all();
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  trim(pool, runtime, device.ordinal(), 0);
}

}  // namespace reel::backends

namespace reel {

Storage allocate_storage(size_t bytes, Device device) {
  if (bytes > (size_t{1} << 47)) {
    throw OutOfMemoryError(
        fmt::format("{}: out of memory: {} bytes were asked for", device.str(), bytes));
  }
  size_t index = backends::class_of(bytes);
  void* data = nullptr;
  if (index < backends::ThreadCache::kThreadClasses && device == Device(kCPU) &&
      backends::thread_cache != nullptr) {
    data = backends::thread_cache->take(index);
  }
  if (data == nullptr) {
    backends::backend_of(device);
    data = backends::take(device, index);
  }
  return Storage::adopt(
      new StorageImpl(data, bytes, device, backends::give_back, backends::pack(device, index)));
}

}  // namespace reel
