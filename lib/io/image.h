#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <reel/tensor/error.h>
#include <reel/tensor/tensor.h>

namespace reel {

/// Reads a PNG or JPEG picture as Byte [height, width, 3], red, green, blue. Grey pictures are
/// repeated in the three channels, transparent ones laid on white, 16 bits reduced to 8, and the
/// orientation that cameras write into JPEG (Exif) applied. Pictures of more than 2^27 pixels are
/// refused; so are damaged and truncated ones, with the file and the place.
Tensor load_image(const std::string& path);

/// The same of a file in memory; `where` begins its error messages. A picture of more than
/// `max_pixels` is refused by its header, before it takes memory.
Tensor decode_image(std::string_view file, const std::string& where,
                    int64_t max_pixels = int64_t{1} << 27);

/// Writes a picture as PNG or JPEG, as the name ends in .png, .jpg or .jpeg, replacing the file in
/// one step. `quality` is JPEG's, 1 to 100: up to 90, colours are kept at half the size. A picture
/// is one of
///   - Byte [height, width, 3 or 1], values 0..255;
///   - Float (or Half, Double, BFloat16) [3 or 1, height, width], with or without a leading batch
///     dimension of 1, values 0..1: clamped and rounded to the nearest of 256 steps.
void save_image(const Tensor& picture, const std::string& path, int quality = 95);

/// What save_image would write to a file of this name, e.g. ".jpg".
std::string encode_image(const Tensor& picture, const std::string& name, int quality = 95);

/// Resizes to height x width by Lanczos' filter of 3 lobes, widened by the factor of reduction so
/// that nothing aliases, and normalised at the edges: Pillow's Image.LANCZOS of float pictures.
/// (Of bytes Pillow also rounds between the passes.) Rows, then columns, in float; deterministic.
/// Takes Byte [height, width, channels], giving Byte, or a floating-point type
/// [..., height, width], giving Float.
Tensor resize_image(const Tensor& picture, int64_t height, int64_t width);

}  // namespace reel
