#pragma once

#include <map>
#include <string>

#include <reel/io/state.h>

namespace reel {

/// The format's optional notes, from text to text.
using Metadata = std::map<std::string, std::string>;

/// Reads a .safetensors file (https://huggingface.co/docs/safetensors): F16 BF16 F32 F64 I8 I16 I32
/// I64 U8 BOOL, in the order of their data. The file is mapped: tensors lie in its pages, which are
/// read when they are used and copied when they are changed; the file itself never changes.
/// Errors name the file, the tensor and the bytes that are wrong.
StateDict load_safetensors(const std::string& path, Metadata* metadata = nullptr);

/// Writes tensors of any device and layout, replacing the file in one step. Larger element sizes
/// come first, so that every tensor is aligned in the file. Errors for complex and quantised
/// dtypes, which the format does not have.
void save_safetensors(const std::string& path, const StateDict& tensors,
                      const Metadata& metadata = {});

}  // namespace reel
