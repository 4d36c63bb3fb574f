#pragma once

#include <array>
#include <cstdint>

#include <reel/backends/backend.h>

namespace reel::backends {

/// The forms in which kernels of convolutions keep a weight.
enum class WeightForm : uint8_t {
  matrix_unit,  // of the mlu: whole lines of channels
  // The CPU's.
  floats,  // of a half or bfloat16; their packed forms are kept beside them
  forward_panels,
  input_grad_panels,
  forward_winograd,
  input_grad_winograd,
  forward_lines,
  input_grad_lines
};

/// What a packed weight was made from, and for what. `detail` tells apart what the form leaves
/// open, e.g. strides of an input gradient.
struct WeightKey {
  WeightForm form;
  ScalarType dtype;
  const void* data;
  std::array<int64_t, 4> sizes, strides;
  std::array<int64_t, 8> detail{};

  WeightKey(WeightForm weight_form, const View& weight, const std::array<int64_t, 8>& more = {});
  bool operator==(const WeightKey&) const = default;
};

/// What a weight's memory holds, as far as can be told quickly: the storage's version and, for
/// writes through raw pointers, which no version counts, a fingerprint.
struct WeightStamp {
  uint32_t version = 0;
  uint64_t fingerprint = 0;
  WeightStamp() = default;
  /// With a fingerprint of the caller's.
  WeightStamp(const View& weight, uint64_t of_contents);
  /// Of memory of the host: every element up to 1 MB and every 64th cache line beyond that.
  explicit WeightStamp(const View& weight);
  bool operator==(const WeightStamp&) const = default;
};

/// The packed form of a weight if it was made from what the weight holds now, else nothing.
Storage find_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp);

/// Keeps a packed form beside the weight's storage until the weight is written to or freed; does
/// nothing if all packed weights together would exceed REEL_WEIGHT_CACHE_MB (default 128).
/// `stamp` was taken before packing began.
void keep_packed_weight(const View& weight, const WeightKey& key, const WeightStamp& stamp,
                        const Storage& packed);

/// Whether this was asked `times` times before while the weight holds the same; false also if
/// `bytes` more would exceed the bound. What is packed anew each time it is wanted need not be kept
/// for a weight that changes between any two uses.
bool met_before(const View& weight, const WeightKey& key, const WeightStamp& stamp, size_t bytes,
                int times = 1);

}  // namespace reel::backends
