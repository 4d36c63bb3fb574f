#pragma once

#include <reel/backends/cpu/kernels/gemm_tiles.h>

namespace reel::cpu::REEL_ISA {

/// c [rows, rows] = a a' for a [rows, depth] whose row stride is 1, rows and depth above 0; c has
/// any strides.
template <class T>
void gram_by_columns(int64_t rows, int64_t depth, const Matrix<const T>& a, const Matrix<T>& c);

}  // namespace reel::cpu::REEL_ISA
