#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scopes.h"

namespace mlucc {

/// `__nram__`, `__wram__`, `__mlu_shared__` or `__ldram__`.
bool is_memory_qualifier(std::string_view text);

/// One name of a declaration. Numbers are indices of tokens.
struct Declarator {
  size_t begin, end;            ///< end: its comma or semicolon
  size_t name;                  ///< Source::kNone in a parenthesised declarator
  bool pointer = false;         ///< *p, &r, (*f)(): lives in registers
  size_t bounds_end = 0;        ///< the token after the last ], or after the name
  size_t init = Source::kNone;  ///< its = { or (
};

/// `[static | extern] __nram__ T a[N], b = 3;`
struct Declaration {
  size_t begin = 0;  ///< after a template header
  size_t qualifier = 0;
  bool is_static = false, is_extern = false, is_constant = false, is_template = false;
  std::vector<size_t> type;     ///< tokens that spell T, with const and volatile
  std::vector<size_t> dropped;  ///< storage, qualifiers and attributes, of the names too
  std::vector<Declarator> names;
  size_t end() const { return names.back().end; }  ///< its semicolon
};

/// The declaration of variables that has this qualifier among its specifiers. Nothing where the
/// qualifier stands elsewhere: parameters, members, return types, casts.
std::optional<Declaration> parse_declaration(const Source& source, const Scopes& scopes,
                                             size_t qualifier);

}  // namespace mlucc
