#pragma once

#include <string>
#include <vector>

#include "lexer.h"

namespace mlucc {

enum class Scope : unsigned char { namespaces, type, function, initializer, parentheses };

/// What encloses each token.
class Scopes {
 public:
  explicit Scopes(const Source& source);

  Scope of(size_t token) const;
  /// The namespaces around it, "a::b::"; an anonymous one is "{}".
  std::string path(size_t token) const;
  bool anonymous(size_t token) const { return path(token).find("{}") != std::string::npos; }
  /// The first token of the declaration or statement that this token is part of; what stands
  /// before a colon (a label, or a class before its bases) is part of it if `with_labels`.
  size_t statement(size_t token, bool with_labels = false) const;

 private:
  Scope classify(size_t brace) const;
  std::string namespace_name(size_t brace) const;

  const Source& source_;
  std::vector<size_t> enclosing_;  ///< of each token the innermost open bracket, or kNone
  std::vector<Scope> kind_;        ///< of each {
};

}  // namespace mlucc
