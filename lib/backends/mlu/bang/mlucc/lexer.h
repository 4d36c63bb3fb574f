#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlucc {

enum class Kind : unsigned char { identifier, number, string, character, punctuator, directive };

/// A file that line markers name.
struct File {
  std::string name;  ///< as it stands in the marker, between its quotes
  bool system;       ///< of a system header
};

struct Token {
  Kind kind;
  std::string_view text;
  size_t begin;  ///< offset in the source; it ends at begin + text.size()
  int line;      ///< in the file that the last line marker named
  int file;      ///< index into Source::files
  size_t end() const { return begin + text.size(); }
};

/// Preprocessed C++ as tokens. Spaces and comments lie between them; a line that begins with # is
/// one token. `text` must outlive it.
struct Source {
  std::string_view text;
  std::vector<Token> tokens;
  std::vector<File> files;  ///< at least one
  /// Of each ( [ { the index of its ) ] }, and the reverse; kNone where there is none.
  std::vector<size_t> partner;

  static constexpr size_t kNone = static_cast<size_t>(-1);
  bool is(size_t token, std::string_view text) const {
    return token < tokens.size() && tokens[token].text == text;
  }
  bool is_identifier(size_t token) const {
    return token < tokens.size() && tokens[token].kind == Kind::identifier;
  }
  const File& file_of(size_t token) const { return files[tokens[token].file]; }
  /// `{"file", line}`, an initialiser of bang::Site.
  std::string site(size_t token) const;
  /// Token before and after this one that is no directive; kNone: none.
  size_t previous(size_t token) const;
  size_t next(size_t token) const;
  /// The token after the > that closes the < at `open`; kNone if it closes nothing.
  size_t after_angle(size_t open) const;
  /// The < that the > at `close` closes; kNone if there is none.
  size_t angle_before(size_t close) const;
};

/// `file` names the source until the first line marker.
Source lex(std::string_view text, std::string_view file);

}  // namespace mlucc
