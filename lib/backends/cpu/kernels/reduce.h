#pragma once

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

// Parts of register_reduce that are files of their own.
void register_arg_reduce(KernelTable& table);
void register_softmax(KernelTable& table);

}  // namespace reel::cpu::REEL_ISA
