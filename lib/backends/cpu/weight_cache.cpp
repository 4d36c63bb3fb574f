#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include <reel/backends/cpu/precision.h>
#include <reel/backends/cpu/weight_cache.h>

namespace reel {
namespace {
std::atomic<ConvPrecision>& precision_setting() {
  static std::atomic<ConvPrecision> setting{ConvPrecision::fast};
  return setting;
}
}  // namespace

void set_conv_precision(ConvPrecision precision) {
  precision_setting().store(precision, std::memory_order_relaxed);
}
ConvPrecision conv_precision() { return precision_setting().load(std::memory_order_relaxed); }
}  // namespace reel

namespace reel::cpu {
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
    return static_cast<size_t>(text != nullptr ? std::max(0, std::atoi(text)) : 1024) << 20;
  }();
  return limit;
}

struct PackedWeight {
  WeightKey key;
  uint64_t fingerprint;
  Storage data;
};

struct PackedWeights : StorageCache {
  std::vector<PackedWeight> entries;
  ~PackedWeights() override {
    for (const auto& entry : entries) cached_bytes -= entry.data->bytes();
  }
};

PackedWeights* current_note(const View& weight) {
  auto* note = dynamic_cast<PackedWeights*>(weight.storage->cache());
  return note != nullptr && note->version == weight.storage->version() ? note : nullptr;
}

}  // namespace

WeightKey::WeightKey(WeightForm weight_form, const View& weight, const std::array<int64_t, 8>& more)
    : form(weight_form), dtype(weight.dtype), data(weight.data), detail(more) {
  std::copy_n(weight.sizes, 4, sizes.begin());
  std::copy_n(weight.strides, 4, strides.begin());
}

WeightStamp::WeightStamp(const View& weight) {
  if (weight.storage == nullptr) return;
  version = weight.storage->version();
  int64_t elements = 1;
  for (int d = 0; d < weight.rank; ++d) elements += (weight.sizes[d] - 1) * weight.strides[d];
  const size_t bytes = static_cast<size_t>(elements) * element_size(weight.dtype);
  const auto* memory = static_cast<const unsigned char*>(weight.data);
  // A polynomial in an odd number over the words of each column of the lines: any change of one
  // word changes it.
  constexpr size_t kLine = 64, kWords = kLine / sizeof(uint64_t);
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  const size_t stride = bytes > (size_t{1} << 20) ? 64 * kLine : kLine;
  uint64_t columns[kWords] = {}, line[kWords];
  for (size_t at = 0; at < bytes; at += stride) {
    if (bytes - at < kLine) {
      std::memset(line, 0, kLine);
      std::memcpy(line, memory + at, bytes - at);
    } else {
      std::memcpy(line, memory + at, kLine);
    }
    for (size_t i = 0; i < kWords; ++i) columns[i] = columns[i] * kFactor + line[i];
  }
  for (const uint64_t column : columns) fingerprint = fingerprint * kFactor + column;
}

Storage find_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp) {
  if (weight.storage == nullptr) return {};
  std::lock_guard lock(cache_mutex());
  if (const PackedWeights* note = current_note(weight)) {
    for (const PackedWeight& entry : note->entries) {
      if (entry.key == key && entry.fingerprint == stamp.fingerprint) return entry.data;
    }
  }
  return {};
}

void keep_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp,
                        const Storage& packed) {
  if (weight.storage == nullptr || weight.storage->version() != stamp.version) return;
  std::lock_guard lock(cache_mutex());
  PackedWeights* note = current_note(weight);
  if (note != nullptr) {
    // The same form of earlier contents, or packed by another thread meanwhile.
    const auto same = [&](const PackedWeight& entry) { return entry.key == key; };
    const auto old = std::find_if(note->entries.begin(), note->entries.end(), same);
    if (old != note->entries.end()) {
      cached_bytes -= old->data->bytes();
      note->entries.erase(old);
    }
  } else {
    // Frees what was packed from an earlier version, also if the new form is not kept.
    weight.storage->set_cache(nullptr);
  }
  if (cached_bytes + packed->bytes() > cache_limit()) return;
  if (note == nullptr) {
    note = new PackedWeights;
    note->version = stamp.version;
    weight.storage->set_cache(note);
  }
  note->entries.push_back({key, stamp.fingerprint, packed});
  cached_bytes += packed->bytes();
}

}  // namespace reel::cpu
