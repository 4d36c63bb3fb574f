#pragma once

// Everything a program needs: tensors, the tape, modules, optimizers.

#include <reel/autograd/autograd.h>
#include <reel/autograd/checkpoint.h>
#include <reel/autograd/function.h>
#include <reel/autograd/functional.h>
#include <reel/autograd/gradcheck.h>
#include <reel/backends/parallel.h>
#include <reel/nn/nn.h>
#include <reel/optim/optim.h>
#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>
#include <reel/tensor/random.h>
