#pragma once

#include <cnrt.h>
#include <string>

/// Launches one of the kernels of sanitizer.mlu into the default queue.
void launch(const std::string& name, cnrtFunctionType_t type, int tasks, float* data);
