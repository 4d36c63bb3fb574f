#pragma once

#include <string>

#include "lexer.h"

namespace mlucc {

/// `file:line: error: message`, thrown as a RewriteError.
[[noreturn]] void fail_at(const Source& source, size_t token, const std::string& message);

/// The first token of the postfix expression that ends before `end`: a::b<T>, p->f, table[i], (*f);
/// kNone if none does.
size_t begin_of_callee(const Source& source, size_t end);

/// Tokens on one line, with spaces where words would run into each other.
std::string spell(const Source& source, size_t begin, size_t end);
/// As a literal of C.
std::string quote(const std::string& text);

}  // namespace mlucc
