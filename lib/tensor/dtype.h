#pragma once

#include <cstddef>
#include <cstdint>

#include <reel/tensor/complex.h>
#include <reel/tensor/half.h>

namespace reel {

/// Element types, named and grouped as in PyTorch. QInt8 and QInt16 carry a scale and a zero point
/// on the tensor.
enum class ScalarType : uint8_t {
  Byte,
  Char,
  Short,
  Int,
  Long,
  Half,
  Float,
  Double,
  BFloat16,
  ComplexFloat,
  ComplexDouble,
  Bool,
  QInt8,
  QInt16,
  Undefined,
};
using DType = ScalarType;
using Dtype = ScalarType;

inline constexpr int kNumScalarTypes = static_cast<int>(ScalarType::Undefined);

inline constexpr ScalarType kByte = ScalarType::Byte, kUInt8 = ScalarType::Byte;
inline constexpr ScalarType kChar = ScalarType::Char, kInt8 = ScalarType::Char;
inline constexpr ScalarType kShort = ScalarType::Short, kInt16 = ScalarType::Short;
inline constexpr ScalarType kInt = ScalarType::Int, kInt32 = ScalarType::Int;
inline constexpr ScalarType kLong = ScalarType::Long, kInt64 = ScalarType::Long;
inline constexpr ScalarType kHalf = ScalarType::Half, kFloat16 = ScalarType::Half;
inline constexpr ScalarType kFloat = ScalarType::Float, kFloat32 = ScalarType::Float;
inline constexpr ScalarType kDouble = ScalarType::Double, kFloat64 = ScalarType::Double;
inline constexpr ScalarType kBFloat16 = ScalarType::BFloat16;
inline constexpr ScalarType kComplexFloat = ScalarType::ComplexFloat;
inline constexpr ScalarType kComplex64 = ScalarType::ComplexFloat;
inline constexpr ScalarType kComplexDouble = ScalarType::ComplexDouble;
inline constexpr ScalarType kComplex128 = ScalarType::ComplexDouble;
inline constexpr ScalarType kBool = ScalarType::Bool;
inline constexpr ScalarType kQInt8 = ScalarType::QInt8;
inline constexpr ScalarType kQInt16 = ScalarType::QInt16;

/// Bytes of one element; 0 for Undefined.
constexpr size_t element_size(ScalarType type) {
  constexpr size_t kSizes[] = {1, 1, 2, 4, 8, 2, 4, 8, 2, 8, 16, 1, 1, 2, 0};
  return kSizes[static_cast<int>(type)];
}

/// PyTorch's name as printed: "Float", "Long", ...
constexpr const char* to_string(ScalarType type) {
  constexpr const char* kNames[] = {"Byte",          "Char",  "Short",  "Int",      "Long",
                                    "Half",          "Float", "Double", "BFloat16", "ComplexFloat",
                                    "ComplexDouble", "Bool",  "QInt8",  "QInt16",   "Undefined"};
  return kNames[static_cast<int>(type)];
}

constexpr bool is_quantized(ScalarType type) {
  return type == ScalarType::QInt8 || type == ScalarType::QInt16;
}
constexpr bool is_complex(ScalarType type) {
  return type == ScalarType::ComplexFloat || type == ScalarType::ComplexDouble;
}
constexpr bool is_floating_point(ScalarType type) {
  return type == ScalarType::Half || type == ScalarType::Float || type == ScalarType::Double ||
         type == ScalarType::BFloat16;
}
/// Whole numbers, Bool not counted.
constexpr bool is_integral(ScalarType type) { return type <= ScalarType::Long; }
/// Only these can require gradients.
constexpr bool is_differentiable(ScalarType type) {
  return is_floating_point(type) || is_complex(type);
}

/// The smallest type that holds both, by PyTorch's promotion table. Throws for quantised types
/// that differ.
ScalarType promote_types(ScalarType a, ScalarType b);

/// True if PyTorch lets an in-place result of type `from` be stored as `to`.
constexpr bool can_cast(ScalarType from, ScalarType to) {
  if (is_complex(from) && !is_complex(to)) return false;
  if (is_floating_point(from) && !is_differentiable(to)) return false;
  return !(from != ScalarType::Bool && to == ScalarType::Bool);
}

namespace detail {
template <class T>
struct ScalarTypeOf;
template <ScalarType kType>
struct ScalarTypeIs {
  static constexpr ScalarType value = kType;
};
template <>
struct ScalarTypeOf<uint8_t> : ScalarTypeIs<ScalarType::Byte> {};
template <>
struct ScalarTypeOf<int8_t> : ScalarTypeIs<ScalarType::Char> {};
template <>
struct ScalarTypeOf<int16_t> : ScalarTypeIs<ScalarType::Short> {};
template <>
struct ScalarTypeOf<int32_t> : ScalarTypeIs<ScalarType::Int> {};
template <>
struct ScalarTypeOf<int64_t> : ScalarTypeIs<ScalarType::Long> {};
template <>
struct ScalarTypeOf<long long> : ScalarTypeIs<ScalarType::Long> {};
template <>
struct ScalarTypeOf<Half> : ScalarTypeIs<ScalarType::Half> {};
template <>
struct ScalarTypeOf<float> : ScalarTypeIs<ScalarType::Float> {};
template <>
struct ScalarTypeOf<double> : ScalarTypeIs<ScalarType::Double> {};
template <>
struct ScalarTypeOf<BFloat16> : ScalarTypeIs<ScalarType::BFloat16> {};
template <>
struct ScalarTypeOf<Complex<float>> : ScalarTypeIs<ScalarType::ComplexFloat> {};
template <>
struct ScalarTypeOf<Complex<double>> : ScalarTypeIs<ScalarType::ComplexDouble> {};
template <>
struct ScalarTypeOf<bool> : ScalarTypeIs<ScalarType::Bool> {};
}  // namespace detail

/// The ScalarType of a C++ value type.
template <class T>
inline constexpr ScalarType scalar_type_of = detail::ScalarTypeOf<T>::value;

}  // namespace reel
