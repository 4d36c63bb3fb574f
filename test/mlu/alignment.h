#pragma once

#include <string>

/// Launches one of the kernels of alignment.mlu into the default queue; `data` holds 512 bytes.
void launch_misaligned(const std::string& name, const float* data);
