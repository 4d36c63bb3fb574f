#pragma once

// The functions of reel::nn::functional. Each is declared with the module that uses it.

#include <reel/nn/modules/activation.h>
#include <reel/nn/modules/conv.h>
#include <reel/nn/modules/distance.h>
#include <reel/nn/modules/dropout.h>
#include <reel/nn/modules/embedding.h>
#include <reel/nn/modules/linear.h>
#include <reel/nn/modules/loss.h>
#include <reel/nn/modules/norm.h>
#include <reel/nn/modules/padding.h>
#include <reel/nn/modules/pooling.h>
#include <reel/nn/modules/rnn.h>
#include <reel/nn/modules/vision.h>
