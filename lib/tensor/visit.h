#pragma once

// Internal: from a ScalarType to the C++ type.

#include <reel/tensor/check.h>

namespace reel {

/// Calls visitor.operator()<T>() with the value type of a dtype that is not quantised.
template <class Visitor>
decltype(auto) visit_dtype(ScalarType type, Visitor&& visitor) {
  switch (type) {
    case ScalarType::Byte:
      return visitor.template operator()<uint8_t>();
    case ScalarType::Char:
      return visitor.template operator()<int8_t>();
    case ScalarType::Short:
      return visitor.template operator()<int16_t>();
    case ScalarType::Int:
      return visitor.template operator()<int32_t>();
    case ScalarType::Long:
      return visitor.template operator()<int64_t>();
    case ScalarType::Half:
      return visitor.template operator()<Half>();
    case ScalarType::Float:
      return visitor.template operator()<float>();
    case ScalarType::Double:
      return visitor.template operator()<double>();
    case ScalarType::BFloat16:
      return visitor.template operator()<BFloat16>();
    case ScalarType::ComplexFloat:
      return visitor.template operator()<Complex<float>>();
    case ScalarType::ComplexDouble:
      return visitor.template operator()<Complex<double>>();
    case ScalarType::Bool:
      return visitor.template operator()<bool>();
    case ScalarType::QInt8:
    case ScalarType::QInt16:
    case ScalarType::Undefined:
      break;
  }
  fail("dtype: expected a plain element type, got {}", type);
}

}  // namespace reel
