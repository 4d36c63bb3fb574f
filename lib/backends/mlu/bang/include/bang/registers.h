#pragma once

// Values that stay in registers of the vector unit from one operation to the next, instead of in
// NRAM. No public document states these builtins: what is here is what public kernels use of them
// (random numbers by Philox, sequences of indices), to whom a register is 64 numbers of 32 bits.

#include <bang/arithmetic.h>
#include <bang/compare.h>
#include <bang/vector.h>

namespace bang {

template <class T>
struct Register {
  static constexpr int kLanes = 256 / static_cast<int>(sizeof(T));
  T lane[kLanes];
};

/// dst[i] = f(i).
template <class T, class F>
BANG_BUILTIN void fill_register(const char* name, Site site, Register<T>& dst, F f) {
  Op(name, site).vector(sizeof(dst), kSimpleCycles);
  for (int i = 0; i < Register<T>::kLanes; ++i) dst.lane[i] = f(i);
}

/// dst[i] = f(a[i], b(i)).
template <class F, class T, class B>
BANG_BUILTIN void map_register(const char* name, Site site, Register<T>& dst, const Register<T>& a,
                               B b) {
  fill_register(
      name, site, dst, [&](int i) __attribute__((always_inline)) {
        return static_cast<T>(F()(static_cast<Wide<T>>(a.lane[i]), static_cast<Wide<T>>(b(i))));
      });
}

}  // namespace bang

typedef bang::Register<int8_t> vv_int8;
typedef bang::Register<uint8_t> vv_uint8;
typedef bang::Register<int16_t> vv_int16;
typedef bang::Register<uint16_t> vv_uint16;
typedef bang::Register<int32_t> vv_int32;
typedef bang::Register<uint32_t> vv_uint32;
typedef bang::Register<half> vv_half;
typedef bang::Register<float> vv_float;

namespace bang::builtin {

/// Of a register, in bytes.
BANG_BUILTIN unsigned int __vv_get_length() { return sizeof(vv_uint8); }

template <class T>
BANG_BUILTIN void __vv_load(Register<T>& dst, const T* src, Site site = Site::here()) {
  Op("__vv_load", site).reads(src, dst.kLanes);
  fill_register(
      "__vv_load", site, dst, [&](int i) __attribute__((always_inline)) { return src[i]; });
}
/// The first elem_count lanes.
template <class T>
BANG_BUILTIN void __vv_store(T* dst, const Register<T>& src, int elem_count = Register<T>::kLanes,
                             Site site = Site::here()) {
  Op op("__vv_store", site);
  op.require(elem_count > 0 && elem_count <= src.kLanes, "a count that a register holds",
             elem_count);
  op.writes(dst, elem_count).vector(sizeof(src), kSimpleCycles);
  for (int i = 0; i < elem_count; ++i) dst[i] = src.lane[i];
}

template <class T>
BANG_BUILTIN void __vv_move(Register<T>& dst, const Register<T>& src, Site site = Site::here()) {
  fill_register(
      "__vv_move", site, dst, [&](int i) __attribute__((always_inline)) { return src.lane[i]; });
}
template <class T>
BANG_BUILTIN void __vv_move(Register<T>& dst, As<T> value, Site site = Site::here()) {
  fill_register(
      "__vv_move", site, dst, [&](int) __attribute__((always_inline)) { return value; });
}
/// start, start + step, start + 2 * step, ...
template <class T>
BANG_BUILTIN void __vv_index(Register<T>& dst, As<T> start, As<T> step, Site site = Site::here()) {
  fill_register(
      "__vv_index", site, dst, [&](int i) __attribute__((always_inline)) {
        return static_cast<T>(static_cast<Wide<T>>(start) +
                              static_cast<Wide<T>>(i) * static_cast<Wide<T>>(step));
      });
}

// Two registers, or a register and a scalar.
#define REEL_BANG_REGISTERS(name, F)                                                         \
  template <class T>                                                                         \
  BANG_BUILTIN void name(Register<T>& dst, const Register<T>& src0, const Register<T>& src1, \
                         Site site = Site::here()) {                                         \
    map_register<F>(                                                                         \
        #name, site, dst,                                                                    \
        src0, [&](int i) __attribute__((always_inline)) { return src1.lane[i]; });           \
  }                                                                                          \
  template <class T>                                                                         \
  BANG_BUILTIN void name(Register<T>& dst, const Register<T>& src, As<T> value,              \
                         Site site = Site::here()) {                                         \
    map_register<F>(                                                                         \
        #name, site, dst, src, [&](int) __attribute__((always_inline)) { return value; });   \
  }
REEL_BANG_REGISTERS(__vv_add, Add)
REEL_BANG_REGISTERS(__vv_mul, Multiply)
REEL_BANG_REGISTERS(__vv_mulh, MultiplyHigh)
REEL_BANG_REGISTERS(__vv_xor, BitXor)
#undef REEL_BANG_REGISTERS

/// src0 xor src1 xor src2
template <class T>
BANG_BUILTIN void __vv_trixor(Register<T>& dst, const Register<T>& src0, const Register<T>& src1,
                              const Register<T>& src2, Site site = Site::here()) {
  map_register<BitXor>(
      "__vv_trixor", site, dst, src0, [&](int i) __attribute__((always_inline)) {
        return static_cast<T>(src1.lane[i] ^ src2.lane[i]);
      });
}

}  // namespace bang::builtin

using namespace bang::builtin;
