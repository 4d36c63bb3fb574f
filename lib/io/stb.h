#pragma once

// Internal: the few functions of stb_image that are used, away from its macros.

#include <memory>
#include <string>

#include <reel/io/bytes.h>
#include <reel/io/image_check.h>

namespace reel::io {

using StbPixels = std::unique_ptr<uint8_t, void (*)(void*)>;

bool stb_info(Bytes file, int* width, int* height, int* channels);
/// Null if the file cannot be decoded; stb_reason() then says why.
StbPixels stb_decode(Bytes file, int* width, int* height, int* channels);
const char* stb_reason();
/// The encoded file; empty if there was no memory for it. `quality`: of JPEG, 1 to 100.
std::string stb_encode(ImageFormat format, const uint8_t* pixels, int width, int height,
                       int channels, int quality);

}  // namespace reel::io
