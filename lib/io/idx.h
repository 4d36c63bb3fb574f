#pragma once

#include <string>

#include <reel/tensor/tensor.h>

namespace reel {

/// Reads an array in the idx format of the MNIST files (http://yann.lecun.com/exdb/mnist), plain or
/// gzipped, told apart by content: Byte, Char, Short, Int, Float or Double, in the file's shape.
Tensor load_idx(const std::string& path);

}  // namespace reel
