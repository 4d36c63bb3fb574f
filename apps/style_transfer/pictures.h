#pragma once

#include <string>
#include <utility>

#include <reel/tensor/tensor.h>

namespace style {

using reel::Tensor;

/// Height and width of a picture once its longer side is `size` pixels.
std::pair<int64_t, int64_t> fitted(int64_t height, int64_t width, int64_t size);

/// A picture of Bytes [height, width, 3] as Float [1, 3, height, width], 0..255, its longer side
/// `size` pixels. One that has that size already is used as it is.
Tensor fit_picture(const Tensor& bytes, int64_t size);

/// The same of a picture file.
Tensor load_picture(const std::string& path, int64_t size);

/// Such a picture, clamped and rounded, as Byte [height, width, 3].
Tensor to_bytes(const Tensor& picture);

/// The picture a run starts from: `init` is "content", "noise" or a file, which is resized to the
/// content's height and width.
Tensor starting_picture(const std::string& init, const Tensor& content, uint64_t seed);

}  // namespace style
