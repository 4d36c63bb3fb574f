#pragma once

// The words of BANG C without the builtins.

#include <bang/types.h>
