#pragma once

// With this folder before reel's on the include path, the sources of lib/nn/models compile as they
// are against LibTorch: `reel` is another word for `torch`. reel's lib/compat, the other way round.

#include <torch/torch.h>

#define reel torch
#define REEL_MODULE(Name) TORCH_MODULE(Name)
#define REEL_ARG(T, name) TORCH_ARG(T, name)
