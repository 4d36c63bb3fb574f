// The one place where stb's code is compiled: only the formats and functions that image.cpp uses.

#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
// What a damaged file can reach is no reason to abort; image_check.cpp sees to it beforehand.
#define STBI_ASSERT(x)
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif
#include <stb_image.h>
#include <stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <reel/io/stb.h>

namespace reel::io {

bool stb_info(Bytes file, int* width, int* height, int* channels) {
  return stbi_info_from_memory(file.data(), static_cast<int>(file.size()), width, height,
                               channels) != 0;
}

StbPixels stb_decode(Bytes file, int* width, int* height, int* channels) {
  return {
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), width, height, channels, 0),
      stbi_image_free};
}

const char* stb_reason() {
  const char* reason = stbi_failure_reason();
  return reason != nullptr ? reason : "unknown reason";
}

namespace {

void append(void* out, void* data, int bytes) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data),
                                         static_cast<size_t>(bytes));
}

}  // namespace

std::string stb_encode(ImageFormat format, const uint8_t* pixels, int width, int height,
                       int channels, int quality) {
  std::string out;
  const int done =
      format == ImageFormat::kPng
          ? stbi_write_png_to_func(append, &out, width, height, channels, pixels, width * channels)
          : stbi_write_jpg_to_func(append, &out, width, height, channels, pixels, quality);
  return done != 0 ? out : std::string();
}

}  // namespace reel::io
