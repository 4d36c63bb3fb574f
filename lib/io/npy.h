#pragma once

#include <string>

#include <reel/io/state.h>

namespace reel {

/// Reads one array of numpy's .npy format (versions 1 to 3, C or Fortran order, either byte order)
/// as a contiguous CPU tensor of the same shape: f2 f4 f8 i1 i2 i4 i8 u1 b1 c8 c16. An array of
/// objects is refused; see load_npy_dict.
Tensor load_npy(const std::string& path);

/// Writes a tensor of any device and layout in C order, replacing the file in one step. Errors for
/// dtypes that numpy does not have (BFloat16, quantised).
void save_npy(const std::string& path, const Tensor& tensor);

/// Reads the .npy files that hold one pickled dict, as numpy.save writes for a dict of arrays or of
/// lists or dicts of arrays. Names are joined with dots: "conv1_1.0", "conv1_1.1". Nothing in the
/// file is executed; values that are not arrays are left out.
StateDict load_npy_dict(const std::string& path);

/// Reads the arrays of an .npz archive, stored or deflated, under their names without ".npy".
/// Checksums are verified, and archives that would inflate out of all proportion are refused.
StateDict load_npz(const std::string& path);

/// Writes an .npz archive that numpy.load reads; `compress` deflates it. Archives end at 4 GiB.
void save_npz(const std::string& path, const StateDict& tensors, bool compress = false);

}  // namespace reel
