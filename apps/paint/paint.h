#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <reel/tensor/tensor.h>

namespace paint {

struct Settings {
  std::string kind = "strokes";
  uint64_t seed = 1;
  std::string palette;  ///< empty: the seed's choice
  int64_t size = 512;   ///< longer side in pixels
  double aspect = 1;    ///< width / height
};

/// The names that Settings::kind may have.
std::vector<std::string> kinds();

/// Paints a picture: Byte [height, width, 3]. It depends on nothing but the settings; all random
/// numbers are integer arithmetic and all else is float operations that IEEE 754 rounds once, so
/// machines agree on every bit. The size changes how fine a painting is drawn, not what is on it.
reel::Tensor paint(const Settings& settings);

}  // namespace paint
