#pragma once

// Kernels are compiled so that each of their loads and stores calls the simulator, which counts
// scalar work that way. A builtin's own are none of them. Helpers follow whatever they are inlined
// into: a half that a kernel reads counts, one that a builtin reads does not.
#ifndef BANG_BUILTIN
#define BANG_BUILTIN __attribute__((no_sanitize("thread"))) inline
#define BANG_HELPER __attribute__((no_sanitize("thread"), always_inline)) inline
#endif
