#include "paint/palette.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <reel/tensor/check.h>

namespace paint {
namespace {

std::vector<Colour> colours(std::initializer_list<uint32_t> codes) {
  std::vector<Colour> out;
  for (const uint32_t code : codes) {
    const auto channel = [code](int shift) {
      return static_cast<float>((code >> shift) & 0xff) / 255.0f;
    };
    out.push_back({channel(16), channel(8), channel(0)});
  }
  return out;
}

}  // namespace

Colour mix(const Colour& a, const Colour& b, float share) {
  return {a.red + (b.red - a.red) * share, a.green + (b.green - a.green) * share,
          a.blue + (b.blue - a.blue) * share};
}

Colour brighten(const Colour& colour, float factor) {
  return {std::min(colour.red * factor, 1.0f), std::min(colour.green * factor, 1.0f),
          std::min(colour.blue * factor, 1.0f)};
}

Colour Palette::at(float tone) const {
  const auto steps = static_cast<float>(ramp.size() - 1);
  const float place = std::clamp(tone, 0.0f, 1.0f) * steps;
  const size_t below = std::min(static_cast<size_t>(place), ramp.size() - 2);
  return mix(ramp[below], ramp[below + 1], place - static_cast<float>(below));
}

const std::vector<Palette>& palettes() {
  static const std::vector<Palette> all = {
      {"dusk", colours({0x14213d, 0x1f3f77, 0x2f6fa8, 0x6fb3c4, 0xf3dfa2}),
       colours({0xf2a33a, 0xd9542b})},
      {"orchard", colours({0x1d2b1f, 0x2f5d3a, 0x6a994e, 0xb5c25a, 0xf4e9b8}),
       colours({0xc8402f, 0xe8912d})},
      {"harbour", colours({0x0b2230, 0x13505b, 0x119da4, 0x8fd3c8, 0xf7f0d8}),
       colours({0xff6b35, 0xf7c548})},
      {"ember", colours({0x240a16, 0x6a1127, 0xb7302c, 0xe9742b, 0xf9d57e}),
       colours({0x1f6f78, 0x8fc1a9})},
      {"iris", colours({0x1e1440, 0x45297f, 0x7a54b5, 0xb99bd6, 0xf3e4ee}),
       colours({0xf0c23c, 0x3f9b6c})},
      {"clay", colours({0x2a1a14, 0x6b3a23, 0xb3683c, 0xdda77b, 0xf5e6cf}),
       colours({0x2a6f97, 0x8ab0ab})},
      {"carnival", colours({0x1b1b3a, 0x693668, 0xd1495b, 0xedae49, 0xfbf1d0}),
       colours({0x00798c, 0x30a66d})},
      {"frost", colours({0x16243a, 0x3d5a80, 0x7ba5c4, 0xbfdbe6, 0xf8fafa}),
       colours({0xee6c4d, 0xf2c078})},
  };
  return all;
}

const Palette& find_palette(const std::string& name) {
  std::vector<std::string> names;
  for (const Palette& palette : palettes()) {
    if (palette.name == name) return palette;
    names.push_back(palette.name);
  }
  reel::fail("palette: expected one of {}, got {}", fmt::join(names, ", "), name);
}

}  // namespace paint
