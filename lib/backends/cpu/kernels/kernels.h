#pragma once

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

// What the kernel files offer to register.cpp. Each file is compiled once per instruction set.
namespace reel::cpu::REEL_ISA {

void register_gemm(KernelTable& table);         ///< mm, bmm
void register_int8(KernelTable& table);         ///< products of int8
void register_conv(KernelTable& table);         ///< conv2d and its two gradients
void register_pool(KernelTable& table);         ///< max_pool2d, avg_pool2d and their gradients
void register_elementwise(KernelTable& table);  ///< unary, binary, where, fill, random bits
void register_reduce(KernelTable& table);       ///< sums, extrema, softmax
void register_index(KernelTable& table);        ///< gather, scatter_add, index, embedding
void register_copy(KernelTable& table);         ///< strided copies and casts
void register_norm(KernelTable& table);         ///< batch and layer normalisation

}  // namespace reel::cpu::REEL_ISA
