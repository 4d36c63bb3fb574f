#pragma once

// Runs single builtins on the device: what builtins_arithmetic.mlu offers to the test.

#include <type_traits>
#include <vector>

#include <bang/half.h>
#include <bang/types.h>

// clang-format off
#define UNARY_BUILTINS(X) \
  X(abs) X(neg) X(square) X(relu) X(floor) X(ceil) X(trunc) X(round) X(recip) X(sqrt) X(rsqrt) \
  X(exp) X(exp2) X(pow2) X(log) X(log2) X(sin) X(cos) X(tanh) X(not) X(bnot) X(active_abs) \
  X(active_relu) X(active_sign) X(active_sigmoid) X(active_tanh) X(active_exp) X(active_exphp) \
  X(active_exp_less_0) X(active_gelu) X(active_sqrt) X(active_rsqrt) X(active_recip) \
  X(active_reciphp) X(active_log) X(active_loghp)
#define BINARY_BUILTINS(X) \
  X(add) X(sub) X(mul) X(div) X(add_tz) X(sub_tz) X(mul_tz) X(maximum) X(minimum) X(maxequal) \
  X(minequal) X(nan_maximum) X(nan_minimum) X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(and) X(or) \
  X(xor) X(band) X(bor) X(bxor)
#define SCALAR_BUILTINS(X) \
  X(add_scalar) X(sub_scalar) X(mul_scalar) X(add_const) X(sub_const) X(mul_const) \
  X(maxeq_scalar) X(mineq_scalar) X(eq_scalar) X(ne_scalar) X(lt_scalar) X(le_scalar) \
  X(gt_scalar) X(ge_scalar) X(ge_const) X(and_scalar) X(or_scalar) X(xor_scalar) X(band_scalar) \
  X(bor_scalar) X(bxor_scalar) X(div)
#define CYCLE_BUILTINS(X) \
  X(cycle_add) X(cycle_sub) X(cycle_mul) X(cycle_add_tz) X(cycle_maxequal) X(cycle_minequal) \
  X(cycle_nan_maximum) X(cycle_eq) X(cycle_ne) X(cycle_lt) X(cycle_le) X(cycle_gt) X(cycle_ge) \
  X(cycle_and) X(cycle_or) X(cycle_xor) X(cycle_band) X(cycle_bor) X(cycle_bxor)
#define BITINDEX_BUILTINS(X) \
  X(eq_bitindex) X(ne_bitindex) X(lt_bitindex) X(le_bitindex) X(gt_bitindex) X(ge_bitindex)
#define INTEGER_BUILTINS(X) \
  X(rem) X(mulh) X(sll) X(srl) X(sra)
// clang-format on

namespace arithmetic {

#define ENUMERATOR(name) op_##name,
enum class Unary { UNARY_BUILTINS(ENUMERATOR) };
enum class Binary { BINARY_BUILTINS(ENUMERATOR) };
enum class Scalar { SCALAR_BUILTINS(ENUMERATOR) };
enum class Cycle { CYCLE_BUILTINS(ENUMERATOR) };
enum class Bitindex { BITINDEX_BUILTINS(ENUMERATOR) };
enum class Integer { INTEGER_BUILTINS(ENUMERATOR) };
#undef ENUMERATOR

/// In the order of bang::Rounding; `none` is the name without a suffix.
enum class Suffix { tz, oz, up, dn, rd, rm, rn, none };

// T is float, half or int.
template <class T>
std::vector<T> run(Unary op, const std::vector<T>& a);
template <class T>
std::vector<T> run(Binary op, const std::vector<T>& a, const std::vector<T>& b);
template <class T>
std::vector<T> run(Scalar op, const std::vector<T>& a, std::common_type_t<T> b);
template <class T>
std::vector<T> run(Cycle op, const std::vector<T>& a, const std::vector<T>& segment);
std::vector<unsigned char> run(Bitindex op, const std::vector<float>& a,
                               const std::vector<float>& b);
std::vector<int> run(Integer op, const std::vector<int>& a, const std::vector<int>& b);

/// Fusion with b and c that repeat; their first elements as scalars if bit 0 (b) or 1 (c) is set.
template <class T>
std::vector<T> run(mluFusionOpCode op, const std::vector<T>& a, const std::vector<T>& b,
                   const std::vector<T>& c, int scalars = 0);

/// Of the larger element of each pair that far apart.
std::vector<half> run_maximum(const std::vector<half>& a, int distance);

/// __bang_fabsmax or __bang_fabsmin: the value and four halves that hold the index.
std::vector<half> run_magnitude(const std::vector<half>& a, bool largest);

/// D and S: half, bfloat16_t or float, or one of them and int8, int16 or int.
template <class D, class S>
std::vector<D> run(Suffix suffix, const std::vector<S>& a, int position = 0);
/// __bang_half2int8_rn with strides in bytes.
std::vector<int8> run_strided(const std::vector<half>& a, int count, int position, int dst_stride,
                              int src_stride, int segnum);
/// __bang_short2char with two positions.
std::vector<int8> run_requantized(const std::vector<short>& a, int dst_position, int src_position);
/// To int4 (rn) and back, with one position.
std::vector<float> run_int4(const std::vector<float>& a, int position);

/// Starts __bang_add of so many elements, and __bang_cycle_add.
void launch_add(int count);
void launch_cycle_add(int count, int period);

}  // namespace arithmetic
