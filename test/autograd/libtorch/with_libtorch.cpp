// The scenarios and programs run by LibTorch.

#include <torch/torch.h>

namespace library = torch;
#define REEL_SCENARIOS libtorch_scenarios
#define REEL_PROGRAM libtorch_program
#include "programs.h"
#include "scenarios.h"
