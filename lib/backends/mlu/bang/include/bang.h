#pragma once

// BANG C for the host compiler: what kernels include. mlucc compiles them.

#include <cnrt.h>

#include <bang/active.h>
#include <bang/arithmetic.h>
#include <bang/atomic.h>
#include <bang/compare.h>
#include <bang/convert.h>
#include <bang/launch.h>
#include <bang/matrix.h>
#include <bang/memory.h>
#include <bang/pool.h>
#include <bang/print.h>
#include <bang/reduce.h>
#include <bang/scalar.h>
#include <bang/sync.h>
#include <bang/transform.h>
#include <bang/types.h>
