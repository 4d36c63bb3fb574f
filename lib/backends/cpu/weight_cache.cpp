#include <reel/backends/cpu/weight_cache.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include <reel/backends/cpu/precision.h>

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

struct PackedWeights : StorageCache {
  std::vector<std::pair<WeightKey, Storage>> entries;
  ~PackedWeights() override {
    for (const auto& entry : entries) cached_bytes -= entry.second->bytes();
  }
};

PackedWeights* current_note(const View& weight) {
  auto* note = dynamic_cast<PackedWeights*>(weight.storage->cache());
  return note != nullptr && note->version == weight.storage->version() ? note : nullptr;
}

}  // namespace

WeightKey::WeightKey(WeightForm weight_form, const View& weight,
                     const std::array<int64_t, 8>& more)
    : form(weight_form), dtype(weight.dtype), data(weight.data), detail(more) {
  std::copy_n(weight.sizes, 4, sizes.begin());
  std::copy_n(weight.strides, 4, strides.begin());
}

Storage find_packed_weight(const View& weight, const WeightKey& key) {
  if (weight.storage == nullptr) return {};
  std::lock_guard lock(cache_mutex());
  if (const PackedWeights* note = current_note(weight)) {
    for (const auto& entry : note->entries) {
      if (entry.first == key) return entry.second;
    }
  }
  return {};
}

void keep_packed_weight(const View& weight, const WeightKey& key, uint32_t version,
                        const Storage& packed) {
  if (weight.storage == nullptr || weight.storage->version() != version) return;
  std::lock_guard lock(cache_mutex());
  PackedWeights* note = current_note(weight);
  if (note == nullptr) {
    // Frees what was packed from an earlier version, also if the new form is not kept.
    weight.storage->set_cache(nullptr);
    if (cached_bytes + packed->bytes() > cache_limit()) return;
    note = new PackedWeights;
    note->version = version;
    weight.storage->set_cache(note);
  }
  for (const auto& entry : note->entries) {
    if (entry.first == key) return;  // another thread packed it meanwhile
  }
  if (cached_bytes + packed->bytes() > cache_limit()) return;
  note->entries.emplace_back(key, packed);
  cached_bytes += packed->bytes();
}

}  // namespace reel::cpu
