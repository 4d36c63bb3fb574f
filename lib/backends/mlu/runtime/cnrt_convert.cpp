// Conversion between data types on the host.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <reel/backends/mlu/runtime/cnrt_state.h>

struct cnrtQuantizedParam {
  int position;
  float scale;
  int offset;
};

namespace bang {
namespace {

double round_to(double x, cnrtRoundingMode_t mode) {
  switch (mode) {
    case cnrtRounding_rz:
      return std::trunc(x);
    case cnrtRounding_rd:
      return std::floor(x);
    case cnrtRounding_ru:
      return std::ceil(x);
    case cnrtRounding_ro:
      return x < 0 ? std::floor(x) : std::ceil(x);
    case cnrtRounding_rm: {
      const double below = std::floor(x);
      return x - below >= 0.5 ? below + 1 : below;
    }
    default: {
      const double nearest = std::round(x);
      const bool tie = std::abs(x - std::trunc(x)) == 0.5;
      return tie ? 2 * std::round(x / 2) : nearest;
    }
  }
}

/// Binary formats of 16 bits: a sign, `bits` of exponent, the rest of fraction.
template <int bits>
struct SmallFloat {
  static constexpr int kFraction = 15 - bits;
  static constexpr int kBias = (1 << (bits - 1)) - 1;
  static constexpr uint16_t kInfinity = ((1 << bits) - 1) << kFraction;

  static uint16_t encode(double x, cnrtRoundingMode_t mode) {
    const uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (std::isnan(x)) return sign | kInfinity | (1 << (kFraction - 1));
    if (std::isinf(x)) return sign | kInfinity;
    if (x == 0) return sign;
    int exponent = 0;
    std::frexp(x, &exponent);
    // The exponent of the last place; subnormal numbers share that of the least normal one.
    const int place = std::max(exponent - 1, 1 - kBias) - kFraction;
    const double rounded = round_to(std::ldexp(x, -place), mode);
    const auto digits = static_cast<uint64_t>(std::abs(rounded));
    // The leading digit of a normal number adds one to the exponent field, and so does a carry.
    const uint64_t code =
        (static_cast<uint64_t>(place + kFraction + kBias - 1) << kFraction) + digits;
    return sign | static_cast<uint16_t>(code < kInfinity ? code : kInfinity);
  }

  static double decode(uint16_t code) {
    const int fraction = code & ((1 << kFraction) - 1);
    const int exponent = (code & 0x7fff) >> kFraction;
    double x = 0;
    if (exponent == (1 << bits) - 1) {
      x = fraction == 0 ? std::numeric_limits<double>::infinity()
                        : std::numeric_limits<double>::quiet_NaN();
    } else if (exponent == 0) {
      x = std::ldexp(fraction, 1 - kBias - kFraction);
    } else {
      x = std::ldexp(fraction + (1 << kFraction), exponent - kBias - kFraction);
    }
    return (code & 0x8000) != 0 ? -x : x;
  }
};
using Half = SmallFloat<5>;
using Bfloat = SmallFloat<8>;

/// How the values of a type are kept.
enum class Kind : uint8_t { none, half, bfloat, float32, float64, integer, boolean };
struct Type {
  Kind kind = Kind::none;
  int bytes = 0;
  bool is_signed = false;
};

Type type_of(cnrtDataType_t type) {
  switch (type) {
    case cnrtFloat16:
      return {Kind::half, 2};
    case cnrtFloat32:
      return {Kind::float32, 4};
    case cnrtFloat64:
      return {Kind::float64, 8};
    case cnrtInt8:
    case cnrtFix8:
    case cnrtQuant8:
      return {Kind::integer, 1, true};
    case cnrtInt16:
      return {Kind::integer, 2, true};
    case cnrtInt32:
      return {Kind::integer, 4, true};
    case cnrtInt64:
      return {Kind::integer, 8, true};
    case cnrtUInt8:
      return {Kind::integer, 1};
    case cnrtUInt16:
      return {Kind::integer, 2};
    case cnrtUInt32:
      return {Kind::integer, 4};
    case cnrtBool:
      return {Kind::boolean, 1};
    default:
      return {};
  }
}

Type type_of(cnrtDataType_V2_t type) {
  switch (type) {
    case cnrtHalf:
      return {Kind::half, 2};
    case cnrtBfloat:
      return {Kind::bfloat, 2};
    case cnrtFloat:
      return {Kind::float32, 4};
    case cnrtDouble:
      return {Kind::float64, 8};
    case cnrtChar:
      return {Kind::integer, 1, true};
    case cnrtShort:
      return {Kind::integer, 2, true};
    case cnrtInt:
      return {Kind::integer, 4, true};
    case cnrtLonglong:
      return {Kind::integer, 8, true};
    case cnrtUchar:
      return {Kind::integer, 1};
    case cnrtUshort:
      return {Kind::integer, 2};
    case cnrtUint:
      return {Kind::integer, 4};
    case cnrtUlonglong:
      return {Kind::integer, 8};
    case cnrtBoolean:
      return {Kind::boolean, 1};
    default:
      return {};
  }
}

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
void store(char* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

double load_value(const char* p, Type type) {
  switch (type.kind) {
    case Kind::half:
      return Half::decode(load<uint16_t>(p));
    case Kind::bfloat:
      return Bfloat::decode(load<uint16_t>(p));
    case Kind::float32:
      return load<float>(p);
    case Kind::float64:
      return load<double>(p);
    case Kind::boolean:
      return load<uint8_t>(p) != 0 ? 1 : 0;
    default:
      break;
  }
  switch (type.bytes) {
    case 1:
      return type.is_signed ? load<int8_t>(p) : load<uint8_t>(p);
    case 2:
      return type.is_signed ? load<int16_t>(p) : load<uint16_t>(p);
    case 4:
      return type.is_signed ? load<int32_t>(p) : static_cast<double>(load<uint32_t>(p));
    default:
      return type.is_signed ? static_cast<double>(load<int64_t>(p))
                            : static_cast<double>(load<uint64_t>(p));
  }
}

/// Saturates; what is no number is 0.
template <class T>
void store_integer(char* p, double rounded) {
  using Limits = std::numeric_limits<T>;
  T value = 0;
  if (rounded >= static_cast<double>(Limits::max())) {
    value = Limits::max();
  } else if (rounded <= static_cast<double>(Limits::min())) {
    value = Limits::min();
  } else if (!std::isnan(rounded)) {
    value = static_cast<T>(rounded);
  }
  store(p, value);
}

void store_value(char* p, Type type, double value, cnrtRoundingMode_t mode) {
  switch (type.kind) {
    case Kind::half:
      return store(p, Half::encode(value, mode));
    case Kind::bfloat:
      return store(p, Bfloat::encode(value, mode));
    case Kind::float32:
      return store(p, static_cast<float>(value));
    case Kind::float64:
      return store(p, value);
    case Kind::boolean:
      return store<uint8_t>(p, value != 0 ? 1 : 0);
    default:
      break;
  }
  const double rounded = round_to(value, mode);
  switch (type.bytes) {
    case 1:
      return type.is_signed ? store_integer<int8_t>(p, rounded)
                            : store_integer<uint8_t>(p, rounded);
    case 2:
      return type.is_signed ? store_integer<int16_t>(p, rounded)
                            : store_integer<uint16_t>(p, rounded);
    case 4:
      return type.is_signed ? store_integer<int32_t>(p, rounded)
                            : store_integer<uint32_t>(p, rounded);
    default:
      return type.is_signed ? store_integer<int64_t>(p, rounded)
                            : store_integer<uint64_t>(p, rounded);
  }
}

cnrtRet_t cast(const char* name, const void* src, Type from, void* dst, Type to, int count,
               const cnrtQuantizedParam* param, cnrtRoundingMode_t mode) {
  if (src == nullptr) return null_argument(name, "src");
  if (dst == nullptr) return null_argument(name, "dst");
  if (count < 0) return error(cnrtErrorArgsInvalid, "{}: {} values", name, count);
  if (from.kind == Kind::none || to.kind == Kind::none) {
    return error(cnrtErrorNotSupport, "{}: the type of {}", name,
                 from.kind == Kind::none ? "src" : "dst");
  }
  for (const void* p : {src, static_cast<const void*>(dst)}) {
    if (device_of(p, 0) >= 0) {
      return error(cnrtErrorArgsInvalid, "{}: {} is device memory, expected host memory", name, p);
    }
  }
  const double step = param == nullptr ? 1 : std::ldexp(1.0, param->position) / param->scale;
  const double offset = param == nullptr ? 0 : param->offset;
  const auto* in = static_cast<const char*>(src);
  auto* out = static_cast<char*>(dst);
  for (int i = 0; i < count; ++i, in += from.bytes, out += to.bytes) {
    double value = load_value(in, from);
    if (from.kind == Kind::integer) value = (value - offset) * step;
    if (to.kind == Kind::integer) value = value / step + offset;
    store_value(out, to, value, mode);
  }
  return cnrtSuccess;
}

}  // namespace
}  // namespace bang

using namespace bang;

size_t cnrtDataTypeSize(cnrtDataType_t type) { return static_cast<size_t>(type_of(type).bytes); }

cnrtRet_t cnrtConvertDoubleToHalf(uint16_t* half, double value) {
  if (half == nullptr) return null_argument("cnrtConvertDoubleToHalf", "half");
  *half = Half::encode(value, cnrtRounding_rn);
  return cnrtSuccess;
}

cnrtRet_t cnrtConvertFloatToHalf(uint16_t* half, float value) {
  return cnrtConvertDoubleToHalf(half, value);
}

cnrtRet_t cnrtConvertHalfToDouble(double* value, uint16_t half) {
  if (value == nullptr) return null_argument("cnrtConvertHalfToDouble", "value");
  *value = Half::decode(half);
  return cnrtSuccess;
}

cnrtRet_t cnrtConvertHalfToFloat(float* value, uint16_t half) {
  if (value == nullptr) return null_argument("cnrtConvertHalfToFloat", "value");
  *value = static_cast<float>(Half::decode(half));
  return cnrtSuccess;
}

cnrtRet_t cnrtCreateQuantizedParam(cnrtQuantizedParam_t* param, int position, float scale,
                                   int offset) {
  static constexpr const char* kName = "cnrtCreateQuantizedParam";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (param == nullptr) return null_argument(kName, "param");
    if (!(scale > 0) || std::isinf(scale)) {
      return error(cnrtErrorArgsInvalid, "{}: scale {}, expected more than 0", kName, scale);
    }
    *param = new cnrtQuantizedParam{position, scale, offset};
    return cnrtSuccess;
  });
}

cnrtRet_t cnrtDestroyQuantizedParam(cnrtQuantizedParam_t param) {
  if (param == nullptr) return null_argument("cnrtDestroyQuantizedParam", "param");
  delete param;
  return cnrtSuccess;
}

cnrtRet_t cnrtCastDataType(const void* src, cnrtDataType_t src_type, void* dst,
                           cnrtDataType_t dst_type, int count, cnrtQuantizedParam_t param) {
  static constexpr const char* kName = "cnrtCastDataType";
  return guarded(kName, [&] {
    return cast(kName, src, type_of(src_type), dst, type_of(dst_type), count, param,
                cnrtRounding_rn);
  });
}

cnrtRet_t cnrtCastDataType_V2(const void* src, cnrtDataType_V2_t src_type, void* dst,
                              cnrtDataType_V2_t dst_type, int count, cnrtQuantizedParam_t param,
                              cnrtRoundingMode_t rounding) {
  static constexpr const char* kName = "cnrtCastDataType_V2";
  return guarded(kName, [&]() -> cnrtRet_t {
    if (rounding < cnrtRounding_rn || rounding >= cnrtRounding_max) {
      return error(cnrtErrorArgsInvalid, "{}: rounding mode {}", kName, static_cast<int>(rounding));
    }
    return cast(kName, src, type_of(src_type), dst, type_of(dst_type), count, param, rounding);
  });
}
