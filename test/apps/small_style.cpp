#include "apps/small_style.h"

#include <zlib.h>

#include <reel/io/image.h>
#include <reel/reel.h>

#include "support/process.h"

namespace reel::test {

Weights small_weights() {
  manual_seed(3);
  Weights weights;
  weights.tensors.insert("conv1_1.weight", randn({64, 3, 3, 3}) * 0.02);
  weights.tensors.insert("conv1_1.bias", zeros({64}));
  weights.tensors.insert("conv1_2.weight", randn({64, 64, 3, 3}) * 0.05);
  weights.tensors.insert("conv1_2.bias", zeros({64}));
  return weights;
}

style::Settings small_settings() {
  style::Settings settings;
  settings.weights = "small.safetensors";
  settings.preprocess = "caffe";
  settings.size = 24;
  settings.steps = 6;
  settings.recipe.content_layers = {"conv1_2"};
  settings.recipe.style_layers = {"conv1_1"};
  return settings;
}

std::string png(int64_t height, int64_t width, int64_t kind) {
  Tensor picture = empty({height, width, 3}, kByte);
  auto at = picture.accessor<uint8_t, 3>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        const int64_t wave = (x * (c + 2 + kind) + y * (3 - c)) % 64 * 2;
        at[y][x][c] = static_cast<uint8_t>(wave + (y * width + x * 7 + kind * 50) % 97);
      }
    }
  }
  return encode_image(picture, ".png");
}

namespace {

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(const std::string& name, const std::string& data) {
  const std::string body = name + data;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return big_endian(static_cast<uint32_t>(data.size())) + body +
         big_endian(static_cast<uint32_t>(crc));
}

}  // namespace

std::string empty_png(uint32_t height, uint32_t width) {
  const std::string header =
      big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5);  // 8 bits, RGB
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", "x") + chunk("IEND", "");
}

bool reaches(const style::Studio& studio, style::Stage stage) {
  return wait_until([&] { return studio.view().stage == stage; }, 30);
}

}  // namespace reel::test
