#pragma once

// Fixed point: integers times 2^position, which the matrix unit multiplies as they are.

#include <optional>

#include <reel/backends/mlu/kernels/convolution.h>
#include <reel/tensor/ops/fixed.h>

namespace reel::mlu {

/// What instructions take.
inline bool is_position(int64_t shift) { return shift >= -127 && shift <= 127; }
inline constexpr const char* kNoPosition = "a shift beyond the card's positions";

/// The dtype in which an operand is multiplied; where it is Float, the position that it gets.
inline ScalarType type_of(const View& operand, const ops::FixedFormat& format) {
  if (operand.dtype != kFloat) return operand.dtype;
  return format.bits == 8 ? kChar : kShort;
}
inline std::optional<int> position_of(const View& operand, const ops::FixedFormat& format) {
  if (operand.dtype != kFloat) return {};
  return static_cast<int>(format.shift);
}

/// Sets what a product of call.in[0], as x, and call.in[1], as filters, is computed in.
inline const char* set_product(Convolution& c, const Call& call, const ops::FixedProduct& op) {
  if (!is_position(op.shift)) return kNoPosition;
  c.dtype = type_of(call.in[0], op.first);
  c.filter_dtype = type_of(call.in[1], op.second);
  c.position = static_cast<int>(op.shift);
  c.quantizes = call.in[0].dtype == kFloat;
  c.x_position = position_of(call.in[0], op.first).value_or(0);
  return nullptr;
}

/// The rows of QuantizeFixed and FixedStatistics.
void register_quantize(KernelTable& table);

}  // namespace reel::mlu
