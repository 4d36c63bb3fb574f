#pragma once

#include <map>
#include <optional>
#include <string>

#include "lexer.h"

namespace mlucc {

/// Changes of a source, token by token: what lies between tokens stays, and so do the lines.
class Edits {
 public:
  void replace(size_t token, std::string text) { edits_[token].text = std::move(text); }
  void remove(size_t token) { replace(token, ""); }
  void remove(size_t begin, size_t end, const Source& source);  ///< but no directives
  void before(size_t token, const std::string& text) { edits_[token].before += text; }
  void after(size_t token, const std::string& text) { edits_[token].after += text; }

  std::string apply(const Source& source) const;

 private:
  struct Edit {
    std::string before, after;
    std::optional<std::string> text;
  };
  std::map<size_t, Edit> edits_;
};

}  // namespace mlucc
