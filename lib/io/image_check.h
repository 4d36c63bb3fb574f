#pragma once

// Internal: what stb_image leaves unchecked. It fills what a truncated JPEG lacks with grey, and
// ignores the checksums of PNG.

#include <reel/io/bytes.h>

namespace reel::io {

enum class ImageFormat { kPng, kJpeg };

/// By the first bytes; errors if they are neither. `where` begins every message.
ImageFormat image_format(Bytes file, const std::string& where);

/// Errors unless every chunk of the PNG is whole, up to IEND.
void check_png(Bytes file, const std::string& where);

/// Errors unless the JPEG is whole up to its end marker. Returns the Exif orientation, 1 to 8.
int check_jpeg(Bytes file, const std::string& where);

}  // namespace reel::io
