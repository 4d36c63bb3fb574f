#pragma once

#include <array>
#include <cstdint>

#include <reel/backends/backend.h>

namespace reel::cpu {

/// The forms in which convolution kernels keep a weight.
enum class WeightForm : uint8_t { forward_panels, input_grad_panels, forward_winograd,
                                  input_grad_winograd };

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

/// The packed form of a weight if it was made from the storage's present version, else nothing.
Storage find_packed_weight(const View& weight, const WeightKey& key);

/// Keeps a packed form beside the weight's storage until the weight is written to or freed; does
/// nothing if all packed weights together would exceed REEL_WEIGHT_CACHE_MB (default 1024).
/// `version` is the storage's version before packing began.
void keep_packed_weight(const View& weight, const WeightKey& key, uint32_t version,
                        const Storage& packed);

}  // namespace reel::cpu
