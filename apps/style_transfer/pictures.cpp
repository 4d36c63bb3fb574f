#include "style_transfer/pictures.h"

#include <algorithm>
#include <cmath>

#include <reel/io/image.h>
#include <reel/reel.h>

namespace style {
namespace {

Tensor from_bytes(const Tensor& bytes) {
  return bytes.permute({2, 0, 1}).unsqueeze(0).to(reel::kFloat).contiguous();
}

}  // namespace

std::pair<int64_t, int64_t> fitted(int64_t height, int64_t width, int64_t size) {
  const auto longer = static_cast<double>(std::max(height, width));
  const auto scaled = [&](int64_t side) {
    const double exact = static_cast<double>(side * size) / longer;
    return std::max<int64_t>(1, std::llround(exact));
  };
  return {scaled(height), scaled(width)};
}

Tensor fit_picture(const Tensor& bytes, int64_t size) {
  if (std::max(bytes.size(0), bytes.size(1)) == size) return from_bytes(bytes);
  const auto [height, width] = fitted(bytes.size(0), bytes.size(1), size);
  return from_bytes(reel::resize_image(bytes, height, width));
}

Tensor load_picture(const std::string& path, int64_t size) {
  return fit_picture(reel::load_image(path), size);
}

Tensor to_bytes(const Tensor& picture) {
  return picture[0].permute({1, 2, 0}).clamp(0, 255).round().to(reel::kByte).contiguous();
}

Tensor starting_picture(const std::string& init, const Tensor& content, uint64_t seed) {
  if (init == "content") return content;
  if (init == "noise") {
    reel::manual_seed(seed);
    return reel::rand(content.sizes()) * 255;
  }
  const Tensor bytes = reel::load_image(init);
  const bool fits = bytes.size(0) == content.size(2) && bytes.size(1) == content.size(3);
  return from_bytes(fits ? bytes : reel::resize_image(bytes, content.size(2), content.size(3)));
}

}  // namespace style
