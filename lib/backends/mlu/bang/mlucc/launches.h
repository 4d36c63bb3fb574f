#pragma once

#include <string>

#include "edits.h"
#include "scopes.h"

namespace mlucc {

/// `file:line: error: message`, thrown as a RewriteError.
[[noreturn]] void fail_at(const Source& source, size_t token, const std::string& message);

/// kernel<<<...>>>(...)
void rewrite_launches(const Source& source, Edits& edits);
/// asm("...") in functions of the user's files.
void rewrite_assembly(const Source& source, const Scopes& scopes, std::string_view own_include_dir,
                      Edits& edits);

}  // namespace mlucc
