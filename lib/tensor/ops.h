#pragma once

// The functions on tensors, named and defaulted as in LibTorch. Methods of Tensor are the same
// functions with the tensor first.

#include <reel/tensor/functions/create.h>
#include <reel/tensor/functions/fixed.h>
#include <reel/tensor/functions/index.h>
#include <reel/tensor/functions/int8.h>
#include <reel/tensor/functions/loss.h>
#include <reel/tensor/functions/matrix.h>
#include <reel/tensor/functions/network.h>
#include <reel/tensor/functions/out.h>
#include <reel/tensor/functions/pointwise.h>
#include <reel/tensor/functions/reduce.h>
#include <reel/tensor/functions/shape.h>
