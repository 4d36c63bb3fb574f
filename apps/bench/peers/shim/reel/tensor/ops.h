#pragma once

#include <reel/nn/nn.h>
