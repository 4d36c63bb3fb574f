#pragma once

// Modules, their functions and their starting values. Ready-made networks are in nn/models/.

#include <reel/nn/functional.h>
#include <reel/nn/init.h>
#include <reel/nn/modules/container.h>
#include <reel/nn/quant.h>
#include <reel/nn/utils.h>
