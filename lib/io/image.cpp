#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include <reel/io/atomic_file.h>
#include <reel/io/bytes.h>
#include <reel/io/image.h>
#include <reel/io/image_check.h>
#include <reel/io/stb.h>

namespace reel {
namespace io {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 27;

uint8_t on_white(uint8_t value, uint8_t alpha) {
  return static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

void to_rgb(const uint8_t* in, int channels, uint8_t* out) {
  const bool grey = channels < 3;
  const bool transparent = channels == 2 || channels == 4;
  for (int c = 0; c < 3; ++c) {
    const uint8_t value = in[grey ? 0 : c];
    out[c] = transparent ? on_white(value, in[channels - 1]) : value;
  }
}

/// Where the pixel at (y, x) of the upright picture lies in the stored one, by the Exif table:
/// 2 and 4 mirror, 3 turns by 180 degrees, 5 to 8 also exchange rows and columns.
int64_t stored_position(int orientation, int64_t y, int64_t x, int64_t height, int64_t width) {
  if (orientation >= 5) std::swap(y, x);
  const bool mirror_x =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool mirror_y =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  // Quarter turns mirror the axis that they exchange.
  if (mirror_x) x = width - 1 - x;
  if (mirror_y) y = height - 1 - y;
  return y * width + x;
}

ImageFormat format_by_name(const std::string& path) {
  std::string lower = path;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.ends_with(".png")) return ImageFormat::kPng;
  if (lower.ends_with(".jpg") || lower.ends_with(".jpeg")) return ImageFormat::kJpeg;
  fail("save_image: {}: the name must end in .png, .jpg or .jpeg", path);
}

/// The picture as Byte [height, width, channels].
Tensor to_bytes(const Tensor& picture) {
  Tensor plain = to_contiguous_cpu("save_image", picture);
  if (plain.dtype() == kByte) {
    if (plain.dim() == 3 && (plain.size(2) == 1 || plain.size(2) == 3)) return plain;
  } else if (plain.is_floating_point()) {
    if (plain.dim() == 4 && plain.size(0) == 1) plain = plain.squeeze(0);
    if (plain.dim() == 3 && (plain.size(0) == 1 || plain.size(0) == 3)) {
      plain = plain.to(kFloat).permute({1, 2, 0}).contiguous();
      Tensor bytes = allocate_tensor("save_image", plain.sizes(), kByte);
      const auto* from = plain.data_ptr<float>();
      auto* to = bytes.data_ptr<uint8_t>();
      for (int64_t i = 0; i < plain.numel(); ++i) {
        // Not a number becomes black.
        const float value = from[i] > 0 ? std::min(from[i], 1.0f) : 0.0f;
        to[i] = static_cast<uint8_t>(std::lround(value * 255));
      }
      return bytes;
    }
  }
  fail(
      "save_image: expects Byte [height, width, 3 or 1] or floating-point [3 or 1, height, width], "
      "got {} {}",
      picture.dtype(), picture.sizes());
}

}  // namespace
}  // namespace io

Tensor decode_image(std::string_view file, const std::string& where, int64_t max_pixels) {
  const io::Bytes bytes{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  int orientation = 1;
  if (io::image_format(bytes, where) == io::ImageFormat::kPng) {
    io::check_png(bytes, where);
  } else {
    orientation = io::check_jpeg(bytes, where);
  }
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    fail("{}: {} bytes are too many for a picture", where, bytes.size());
  }
  int width = 0, height = 0, channels = 0;
  if (!io::stb_info(bytes, &width, &height, &channels)) {
    fail("{}: cannot read the picture: {}", where, io::stb_reason());
  }
  if (int64_t{width} * height > std::min(max_pixels, io::kMaxPixels)) {
    fail("{}: {} x {} pixels are more than the {} allowed", where, width, height,
         std::min(max_pixels, io::kMaxPixels));
  }
  const io::StbPixels pixels = io::stb_decode(bytes, &width, &height, &channels);
  if (!pixels) fail("{}: cannot read the picture: {}", where, io::stb_reason());

  const bool turned = orientation >= 5;
  const int64_t rows = turned ? width : height, columns = turned ? height : width;
  Tensor picture = io::allocate_tensor(where, {rows, columns, 3}, kByte);
  auto* out = picture.data_ptr<uint8_t>();
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      const int64_t at = io::stored_position(orientation, y, x, height, width);
      io::to_rgb(pixels.get() + at * channels, channels, out);
      out += 3;
    }
  }
  return picture;
}

Tensor load_image(const std::string& path) {
  const auto file = io::MappedFile::open("load_image", path);
  const io::Bytes bytes = file->bytes();
  return decode_image({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file->where());
}

std::string encode_image(const Tensor& picture, const std::string& name, int quality) {
  const io::ImageFormat format = io::format_by_name(name);
  if (quality < 1 || quality > 100) {
    fail("save_image: {}: expects a JPEG quality of 1 to 100, got {}", name, quality);
  }
  const Tensor bytes = io::to_bytes(picture);
  const int64_t height = bytes.size(0), width = bytes.size(1), channels = bytes.size(2);
  if (height < 1 || width < 1 || height > io::kMaxPixels / width) {
    fail("save_image: {}: cannot write a picture of {} x {} pixels", name, width, height);
  }
  std::string encoded =
      io::stb_encode(format, bytes.data_ptr<uint8_t>(), static_cast<int>(width),
                     static_cast<int>(height), static_cast<int>(channels), quality);
  if (encoded.empty()) fail("save_image: {}: the picture could not be encoded", name);
  return encoded;
}

void save_image(const Tensor& picture, const std::string& path, int quality) {
  const std::string encoded = encode_image(picture, path, quality);
  AtomicFile file("save_image", path);
  file.write(encoded);
  file.commit();
}

}  // namespace reel
