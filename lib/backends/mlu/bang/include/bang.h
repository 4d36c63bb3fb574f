#pragma once

// BANG C for the host compiler. mlucc puts it before each .mlu file, with the headers of C that the
// vendor's compiler puts there, too.

#include <cnrt.h>
#include <limits>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include <bang/registers.h>
#include <bang/scalar.h>
#include <bang/sync.h>
#include <bang/transform.h>
#include <bang/types.h>
#include <bang/variables.h>
