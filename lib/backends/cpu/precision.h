#pragma once

namespace reel {

/// How convolutions may compute in float32.
enum class ConvPrecision {
  fast,   ///< Winograd where it is faster; relative rms error up to 6e-6 (512 channels)
  exact,  ///< direct sums only; about 1e-6 at 512 channels
};

/// Process-wide, from the next convolution on. Default: fast.
void set_conv_precision(ConvPrecision precision);
ConvPrecision conv_precision();

}  // namespace reel
