#pragma once

#include <string>

#include "edits.h"
#include "kernels.h"
#include "scopes.h"

namespace mlucc {

/// kernel<<<...>>>(...)
void rewrite_launches(const Source& source, const Kernels& kernels, Edits& edits);
/// asm("...") in functions of the user's files.
void rewrite_assembly(const Source& source, const Scopes& scopes, std::string_view own_include_dir,
                      Edits& edits);

}  // namespace mlucc
