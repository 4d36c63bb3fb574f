#pragma once

#include <string>
#include <vector>

#include <reel/io/state.h>

namespace reel {

/// Reads the numeric arrays of a MATLAB file of level 5 (versions 5 to 7, compressed or not, either
/// byte order), in MATLAB's shape. Names of arrays in cells and structs are joined with dots, cells
/// and struct arrays count from 0: "layers.0.weights.1". Unsigned 16 and 32 bit integers widen to
/// Int and Long. Text is left out; sparse, complex and object arrays and version 7.3 (HDF5) are
/// refused.
StateDict load_mat(const std::string& path);

/// The convolutions of a MatConvNet model.
struct MatConvNet {
  /// "<layer>.weight" (out, in, height, width) and "<layer>.bias" (out), Float, in layer order.
  StateDict tensors;
  /// Mean of meta.normalization.averageImage for each channel (MatConvNet's are red, green, blue,
  /// 0 to 255); empty if the file has none.
  std::vector<double> average_image;
};

/// Reads a MatConvNet model (a cell array `layers`, in the file or in a struct `net`) whose filters
/// are stored as (height, width, in, out).
MatConvNet load_matconvnet(const std::string& path);

}  // namespace reel
