#pragma once

// Data sets, transforms, samplers and the loader.

#include <reel/data/batches.h>
#include <reel/data/dataloader.h>
#include <reel/data/datasets/base.h>
#include <reel/data/datasets/mnist.h>
#include <reel/data/samplers.h>
#include <reel/data/transforms.h>
