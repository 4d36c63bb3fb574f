#pragma once

#include <string>

#include <reel/io/state.h>

namespace reel {

/// Reads the tensors that PyTorch's torch.save wrote, in the zip format (1.6 and later) or the
/// legacy one. The file holds a dict (a state_dict, or a checkpoint that contains some): nested
/// names are joined with dots, lists count from 0, what is not a tensor is left out; a lone tensor
/// is named "tensor". Strides are kept, and tensors that shared a storage still share it. Nothing
/// in the file is executed: one that needs more than tensors and plain containers is refused by
/// name.
StateDict load_pth(const std::string& path);

}  // namespace reel
