#pragma once

namespace reel::detail {

/// Turns 16 uniform numbers of [0, 1) into 16 normal ones (Box and Muller 1958): values j and j + 8
/// become the cosine and sine half of a pair. `float` numbers are PyTorch's to the last bit on
/// every CPU that has AVX2, `double` ones wherever the C library rounds log, sin and cos alike.
void box_muller_16(float* values, float mean, float std);
void box_muller_16(double* values, double mean, double std);

}  // namespace reel::detail
