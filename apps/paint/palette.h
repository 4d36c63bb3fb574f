#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace paint {

/// Red, green and blue as screens show them (sRGB), 0..1.
struct Colour {
  float red = 0, green = 0, blue = 0;
};

/// `a` at share 0, `b` at share 1.
Colour mix(const Colour& a, const Colour& b, float share);
/// Lighter (factor above 1) or darker, clamped to 0..1.
Colour brighten(const Colour& colour, float factor);

struct Palette {
  std::string name;
  std::vector<Colour> ramp;     ///< from dark to light; at least two
  std::vector<Colour> accents;  ///< seldom used, against the ramp; at least one

  /// Colour at `tone` of the ramp: 0 is the darkest, 1 the lightest; clamped.
  Colour at(float tone) const;
};

const std::vector<Palette>& palettes();
/// Errors if there is none of that name, with the names that there are.
const Palette& find_palette(const std::string& name);

}  // namespace paint
