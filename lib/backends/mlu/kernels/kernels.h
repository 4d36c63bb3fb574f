#pragma once

#include <reel/backends/backend.h>

namespace reel::mlu {

void register_kernels(KernelTable& table);

// One family a file.
void register_elementwise(KernelTable& table);
void register_copy(KernelTable& table);
void register_index(KernelTable& table);
void register_reduce(KernelTable& table);
void register_softmax(KernelTable& table);
void register_matmul(KernelTable& table);
void register_conv(KernelTable& table);
void register_pool(KernelTable& table);
void register_norm(KernelTable& table);

}  // namespace reel::mlu
