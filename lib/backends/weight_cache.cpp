#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include <reel/backends/parallel.h>
#include <reel/backends/weight_cache.h>

namespace reel::backends {
namespace {

// One lock for all weights: it is held for a search among a few entries, once a convolution, and
// makes it safe to replace a storage's note while another thread looks for it.
std::mutex& cache_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::atomic<size_t> cached_bytes{0};

size_t cache_limit() {
  static const size_t limit = [] {
    const char* text = std::getenv("REEL_WEIGHT_CACHE_MB");
    return static_cast<size_t>(text != nullptr ? std::max(0, std::atoi(text)) : 128) << 20;
  }();
  return limit;
}

struct PackedWeight {
  WeightKey key;
  uint64_t fingerprint;
  Storage data;  // none: the weight was met, and not packed
  int meetings = 1;
  size_t bytes() const { return data ? data->bytes() : 0; }
};

struct PackedWeights : StorageCache {
  std::vector<PackedWeight> entries;
  ~PackedWeights() override {
    for (const auto& entry : entries) cached_bytes -= entry.bytes();
  }
};

PackedWeights* current_note(const View& weight) {
  auto* note = dynamic_cast<PackedWeights*>(weight.storage->cache());
  return note != nullptr && note->version == weight.storage->version() ? note : nullptr;
}

// The entry of what the weight holds now, or nullptr. Under the lock.
PackedWeight* find_entry(const View& weight, const WeightKey& key, const WeightStamp& stamp) {
  PackedWeights* note = current_note(weight);
  if (note == nullptr) return nullptr;
  for (PackedWeight& entry : note->entries) {
    if (entry.key == key && entry.fingerprint == stamp.fingerprint) return &entry;
  }
  return nullptr;
}

// In place of an entry of the same key, which is of earlier contents or was made by another thread
// meanwhile. Under the lock.
void set_entry(const View& weight, const WeightStamp& stamp, const PackedWeight& made) {
  PackedWeights* note = current_note(weight);
  if (note == nullptr) {
    note = new PackedWeights;
    note->version = stamp.version;
    // Frees what was packed from an earlier version.
    weight.storage->set_cache(note);
  }
  std::erase_if(note->entries, [&](const PackedWeight& entry) {
    if (!(entry.key == made.key)) return false;
    cached_bytes -= entry.bytes();
    return true;
  });
  const bool fits = cached_bytes + made.bytes() <= cache_limit();
  note->entries.push_back({made.key, made.fingerprint, fits ? made.data : Storage()});
  cached_bytes += note->entries.back().bytes();
}

}  // namespace

WeightKey::WeightKey(WeightForm weight_form, const View& weight, const std::array<int64_t, 8>& more)
    : form(weight_form), dtype(weight.dtype), data(weight.data), detail(more) {
  std::copy_n(weight.sizes, 4, sizes.begin());
  std::copy_n(weight.strides, 4, strides.begin());
}

WeightStamp::WeightStamp(const View& weight, uint64_t of_contents) : fingerprint(of_contents) {
  if (weight.storage != nullptr) version = weight.storage->version();
}

WeightStamp::WeightStamp(const View& weight) {
  if (weight.storage == nullptr) return;
  version = weight.storage->version();
  int64_t elements = 1;
  for (int d = 0; d < weight.rank; ++d) elements += (weight.sizes[d] - 1) * weight.strides[d];
  const size_t bytes = static_cast<size_t>(elements) * element_size(weight.dtype);
  const auto* memory = static_cast<const unsigned char*>(weight.data);
  // Of each of a few parts a polynomial in an odd number over the words of each column of the
  // lines: any change of one word changes it. What is far apart waits for memory, on all threads.
  constexpr size_t kLine = 64, kWords = kLine / sizeof(uint64_t);
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  constexpr int64_t kParts = 16, kLinesOfPart = 128;
  const size_t stride = bytes > (size_t{1} << 20) ? 64 * kLine : kLine;
  const auto lines = static_cast<int64_t>((bytes + stride - 1) / stride);
  const int64_t grain = std::max((lines + kParts - 1) / kParts, kLinesOfPart);
  std::array<uint64_t, kParts> parts{};
  parallel_for(0, lines, grain, [&](int64_t first, int64_t end) {
    uint64_t columns[kWords] = {}, line[kWords];
    for (int64_t i = first; i < end; ++i) {
      const size_t at = static_cast<size_t>(i) * stride;
      if (bytes - at < kLine) {
        std::memset(line, 0, kLine);
        std::memcpy(line, memory + at, bytes - at);
      } else {
        std::memcpy(line, memory + at, kLine);
      }
      for (size_t w = 0; w < kWords; ++w) columns[w] = columns[w] * kFactor + line[w];
    }
    uint64_t& part = parts[static_cast<size_t>(first / grain)];
    for (const uint64_t column : columns) part = part * kFactor + column;
  });
  for (const uint64_t part : parts) fingerprint = fingerprint * kFactor + part;
}

Storage find_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp) {
  if (weight.storage == nullptr) return {};
  std::lock_guard lock(cache_mutex());
  const PackedWeight* entry = find_entry(weight, key, stamp);
  return entry != nullptr ? entry->data : Storage();
}

void keep_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp,
                        const Storage& packed) {
  if (weight.storage == nullptr || weight.storage->version() != stamp.version) return;
  std::lock_guard lock(cache_mutex());
  set_entry(weight, stamp, {key, stamp.fingerprint, packed});
}

bool met_before(const View& weight, const WeightKey& key, const WeightStamp& stamp, size_t bytes,
                int times) {
  if (weight.storage == nullptr || weight.storage->version() != stamp.version) return false;
  std::lock_guard lock(cache_mutex());
  if (PackedWeight* entry = find_entry(weight, key, stamp)) {
    return entry->meetings++ >= times && cached_bytes + bytes <= cache_limit();
  }
  set_entry(weight, stamp, {key, stamp.fingerprint, {}});
  return false;
}

}  // namespace reel::backends
