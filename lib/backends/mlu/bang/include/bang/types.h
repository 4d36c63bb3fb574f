#pragma once

// The words of BANG C: keywords, types, enumerations, sizes of the memories, task variables.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <bang/half.h>
#include <bang/runtime.h>

// Functions for the card are host functions here.
#define __mlu_device__
#define __mlu_host__
#define __mlu_builtin__
// A function that keeps values in registers (registers.h).
#define __mlu_vector__ __mlu_func__

// mlucc takes these as tokens of its own. Elsewhere they are there so that editors parse kernels.
#ifndef __MLUCC__
#define __mlu_entry__
#define __mlu_global__
#define __mlu_func__ inline
#define __nram__
#define __wram__
#define __ldram__
#define __mlu_shared__
#define __mlu_const__
#endif

// The compile-time view of the card, MLU370 unless the command line says otherwise. Sizes in KB.
#ifndef __BANG__
#define __BANG__ 1
#endif
#ifndef __BANG_ARCH__
#define __BANG_ARCH__ 372
#endif

#if __BANG_ARCH__ == 322
#define __MLU_NRAM_SIZE__ 768
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 1536
#elif __BANG_ARCH__ == 372
#define __MLU_NRAM_SIZE__ 768
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 4096
#elif __BANG_ARCH__ == 270
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 2048
#elif __BANG_ARCH__ == 220 || __BANG_ARCH__ == 290 || __BANG_ARCH__ == 392
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 512
#define __MLU_SRAM_SIZE__ 2048
#else
#error "__BANG_ARCH__: expected 220, 270, 290, 322, 372 or 392"
#endif

// What kernels may declare; the compiler keeps 128 KB of NRAM and SRAM. These are constants and
// not macros, for many sources define macros of the same names.
#ifndef MAX_NRAM_SIZE
constexpr int MAX_NRAM_SIZE = (__MLU_NRAM_SIZE__ - 128) * 1024;
#endif
#ifndef MAX_WRAM_SIZE
constexpr int MAX_WRAM_SIZE = __MLU_WRAM_SIZE__ * 1024;
#endif
#ifndef MAX_SRAM_SIZE
constexpr int MAX_SRAM_SIZE = (__MLU_SRAM_SIZE__ - 128) * 1024;
#endif

#define MAX_HALF_VALUE 65504
#define MIN_HALF_VALUE (-65504)
#define P_HALF_INF 0x7C00
#define N_HALF_INF 0xFC00
#define MAX_INT_VALUE 2147483647
#define MIN_INT_VALUE (-2147483647 - 1)

typedef int8_t int8;
typedef int16_t int16;
typedef int8_t fix8;

/// Two int4, the first in the low bits.
struct int4x2_t {
  unsigned char value;
};

enum mluMemcpyDirection_t {
  GDRAM2NRAM = 0,
  NRAM2GDRAM,
  LDRAM2NRAM,
  NRAM2LDRAM,
  GDRAM2WRAM,
  WRAM2GDRAM,
  LDRAM2WRAM,
  WRAM2LDRAM,
  NRAM2NRAM,
  NRAM2WRAM,
  WRAM2NRAM,
  GDRAM2SRAM,
  SRAM2GDRAM,
  LDRAM2SRAM,
  SRAM2LDRAM,
  SRAM2NRAM,
  NRAM2SRAM,
  SRAM2WRAM,
  WRAM2SRAM,
  GDRAM2GDRAM,
  GDRAM2LDRAM,
  LDRAM2GDRAM,
  LDRAM2LDRAM,
  SRAM2SRAM,
};

enum CompareMode { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

/// Two operations on three operands: multiply, add, subtract.
enum mluFusionOpCode {
  FUSION_FMA,
  FUSION_FMS,
  FUSION_FAM,
  FUSION_FSM,
  FUSION_FAA,
  FUSION_FAS,
  FUSION_FSS,
  FUSION_FSA,
};

enum mluPoolBPOverlap { OVERLAP_ACC, OVERLAP_COVER };

struct uint3 {
  unsigned int x, y, z;
};

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1)
      : x(vx), y(vy), z(vz) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};

#define taskId (::bang::task().id)
#define taskIdX (::bang::task().id_x)
#define taskIdY (::bang::task().id_y)
#define taskIdZ (::bang::task().id_z)
#define taskDim (::bang::task().dim)
#define taskDimX (::bang::task().dim_x)
#define taskDimY (::bang::task().dim_y)
#define taskDimZ (::bang::task().dim_z)
#define clusterId (::bang::task().cluster)
#define clusterDim (::bang::task().cluster_dim)
#define coreId (::bang::task().core)
#define coreDim (::bang::task().core_dim)

/// True on the memory core of a cluster, and on the others.
BANG_BUILTIN bool __is_mpu() { return ::bang::task().memory_core(); }
BANG_BUILTIN bool __is_ipu() { return !::bang::task().memory_core(); }

/// Which memory a pointer leads to. What a core holds besides (its stack) is in DRAM.
BANG_BUILTIN bool __is_nram(const void* ptr) {
  return ::bang::space_of(ptr) == ::bang::Space::nram;
}
BANG_BUILTIN bool __is_wram(const void* ptr) {
  return ::bang::space_of(ptr) == ::bang::Space::wram;
}
BANG_BUILTIN bool __is_sram(const void* ptr) {
  return ::bang::space_of(ptr) == ::bang::Space::sram;
}
BANG_BUILTIN bool __is_dram(const void* ptr) {
  return !__is_nram(ptr) && !__is_wram(ptr) && !__is_sram(ptr);
}

namespace bang {

/// The integer that holds the bits of T.
template <int Bytes>
struct BitsOfSize;
template <>
struct BitsOfSize<1> {
  using type = uint8_t;
};
template <>
struct BitsOfSize<2> {
  using type = uint16_t;
};
template <>
struct BitsOfSize<4> {
  using type = uint32_t;
};
template <>
struct BitsOfSize<8> {
  using type = uint64_t;
};
template <class T>
using Bits = typename BitsOfSize<sizeof(T)>::type;
template <class T>
BANG_HELPER const Bits<T>* bits(const T* p) {
  return reinterpret_cast<const Bits<T>*>(p);
}
template <class T>
BANG_HELPER Bits<T>* bits(T* p) {
  return reinterpret_cast<Bits<T>*>(p);
}

/// A parameter of type T that takes no part in template argument deduction: sources convert to
/// the type of the destination.
template <class T>
struct AsIs {
  using type = T;
};
template <class T>
using As = typename AsIs<T>::type;

/// What T computes in: results of 16 bits are rounded once, from float.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, half> || std::is_same_v<T, bfloat16_t>, float, T>;

template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<Wide<T>>;

}  // namespace bang

// Plain overloads: sources that define templates of these names still compile.
#define REEL_BANG_MIN_MAX(T)                                      \
  BANG_HELPER constexpr T min(T a, T b) { return b < a ? b : a; } \
  BANG_HELPER constexpr T max(T a, T b) { return a < b ? b : a; }
REEL_BANG_MIN_MAX(int)
REEL_BANG_MIN_MAX(unsigned int)
REEL_BANG_MIN_MAX(long)
REEL_BANG_MIN_MAX(unsigned long)
REEL_BANG_MIN_MAX(long long)
REEL_BANG_MIN_MAX(unsigned long long)
REEL_BANG_MIN_MAX(float)
REEL_BANG_MIN_MAX(double)
REEL_BANG_MIN_MAX(half)
REEL_BANG_MIN_MAX(bfloat16_t)
#undef REEL_BANG_MIN_MAX

/// Of two types: in the type of their sum, as for the built-in operators.
template <class A, class B>
BANG_HELPER constexpr std::enable_if_t<
    bang::is_number<A> && bang::is_number<B> && !std::is_same_v<A, B>, decltype(A() + B())>
min(A a, B b) {
  return min(static_cast<decltype(A() + B())>(a), static_cast<decltype(A() + B())>(b));
}
template <class A, class B>
BANG_HELPER constexpr std::enable_if_t<
    bang::is_number<A> && bang::is_number<B> && !std::is_same_v<A, B>, decltype(A() + B())>
max(A a, B b) {
  return max(static_cast<decltype(A() + B())>(a), static_cast<decltype(A() + B())>(b));
}

// The vendor's compiler has these in namespace std, where a template finds no common type.
namespace std {
BANG_HELPER constexpr float min(double a, float b) { return ::min(static_cast<float>(a), b); }
BANG_HELPER constexpr float max(double a, float b) { return ::max(static_cast<float>(a), b); }
BANG_HELPER constexpr float min(float a, double b) { return ::min(a, static_cast<float>(b)); }
BANG_HELPER constexpr float max(float a, double b) { return ::max(a, static_cast<float>(b)); }
BANG_HELPER constexpr half min(half a, double b) { return ::min(a, static_cast<half>(b)); }
BANG_HELPER constexpr half max(half a, double b) { return ::max(a, static_cast<half>(b)); }
BANG_HELPER constexpr half min(half a, float b) { return ::min(a, static_cast<half>(b)); }
BANG_HELPER constexpr half max(half a, float b) { return ::max(a, static_cast<half>(b)); }
}  // namespace std
