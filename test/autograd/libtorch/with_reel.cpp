// The scenarios and programs run by reel.

#include <reel/reel.h>

namespace library = reel;
#define REEL_SCENARIOS reel_scenarios
#define REEL_PROGRAM reel_program
#include "programs.h"
#include "scenarios.h"
