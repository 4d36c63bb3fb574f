#pragma once

// Every optimizer.

#include <reel/optim/adagrad.h>
#include <reel/optim/adam.h>
#include <reel/optim/lbfgs.h>
#include <reel/optim/lr_scheduler.h>
#include <reel/optim/rmsprop.h>
#include <reel/optim/sgd.h>
