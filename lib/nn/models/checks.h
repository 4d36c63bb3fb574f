#pragma once

// Internal: what the models ask of their options and inputs.

#include <reel/nn/nn.h>
#include <reel/tensor/check.h>

namespace reel::nn::models {

/// Errors unless the input is pictures [N, 3, H, W] of at least `least` x `least` pixels.
inline void check_pictures(const char* model, const Tensor& input, int64_t least) {
  if (input.dim() != 4 || input.size(1) != 3) {
    fail("{}: the input expects [N, 3, H, W], got {}", model, input.sizes());
  }
  if (input.size(2) < least || input.size(3) < least) {
    fail("{}: the input expects pictures of at least {} x {} pixels, got {}", model, least, least,
         input.sizes());
  }
}

inline void check_option(const char* model, const char* option, int64_t value, int64_t least = 1) {
  if (value < least) fail("{}: {} expects at least {}, got {}", model, option, least, value);
}

}  // namespace reel::nn::models
