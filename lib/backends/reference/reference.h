#pragma once

#include <reel/backends/backend.h>

namespace reel {

/// Adds the reference kernels: scalar loops over any strides that say what each op means. They are
/// the oracle of the tests, the last resort of every row of the CPU, and what one steps through in
/// a debugger. Half and BFloat16 compute in float, sums accumulate in double.
void register_reference(KernelTable& table);

namespace reference {

// One room each, called by register_reference.
void register_unary(KernelTable& table);
void register_unary_grad(KernelTable& table);
void register_binary(KernelTable& table);
void register_complex(KernelTable& table);
void register_copy(KernelTable& table);
void register_reduce(KernelTable& table);
void register_softmax(KernelTable& table);
void register_matmul(KernelTable& table);
void register_index(KernelTable& table);
void register_conv(KernelTable& table);
void register_pool(KernelTable& table);
void register_norm(KernelTable& table);
void register_scan(KernelTable& table);
void register_sort(KernelTable& table);
void register_linalg(KernelTable& table);

}  // namespace reference
}  // namespace reel
