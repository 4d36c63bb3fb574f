#include <reel/tensor/check.h>
#include <reel/tensor/dtype.h>

namespace reel {

ScalarType promote_types(ScalarType a, ScalarType b) {
  if (a == b) return a;
  if (is_quantized(a) || is_quantized(b)) {
    fail("promote_types: {} and {} have no common type; dequantize() first", a, b);
  }
  if (a == ScalarType::Undefined || b == ScalarType::Undefined) return ScalarType::Undefined;

  constexpr auto u1 = kByte, i1 = kChar, i2 = kShort, i4 = kInt, i8 = kLong, f2 = kHalf,
                 f4 = kFloat, f8 = kDouble, bf = kBFloat16, c4 = kComplexFloat, c8 = kComplexDouble,
                 b1 = kBool;
  constexpr ScalarType kTable[12][12] = {
      /*        u1  i1  i2  i4  i8  f2  f4  f8  bf  c4  c8  b1 */
      /* u1 */ {u1, i2, i2, i4, i8, f2, f4, f8, bf, c4, c8, u1},
      /* i1 */ {i2, i1, i2, i4, i8, f2, f4, f8, bf, c4, c8, i1},
      /* i2 */ {i2, i2, i2, i4, i8, f2, f4, f8, bf, c4, c8, i2},
      /* i4 */ {i4, i4, i4, i4, i8, f2, f4, f8, bf, c4, c8, i4},
      /* i8 */ {i8, i8, i8, i8, i8, f2, f4, f8, bf, c4, c8, i8},
      /* f2 */ {f2, f2, f2, f2, f2, f2, f4, f8, f4, c4, c8, f2},
      /* f4 */ {f4, f4, f4, f4, f4, f4, f4, f8, f4, c4, c8, f4},
      /* f8 */ {f8, f8, f8, f8, f8, f8, f8, f8, f8, c8, c8, f8},
      /* bf */ {bf, bf, bf, bf, bf, f4, f4, f8, bf, c4, c8, bf},
      /* c4 */ {c4, c4, c4, c4, c4, c4, c4, c8, c4, c4, c8, c4},
      /* c8 */ {c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8},
      /* b1 */ {u1, i1, i2, i4, i8, f2, f4, f8, bf, c4, c8, b1},
  };
  return kTable[static_cast<int>(a)][static_cast<int>(b)];
}

}  // namespace reel
