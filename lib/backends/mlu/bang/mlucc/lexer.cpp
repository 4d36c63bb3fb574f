#include "lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace mlucc {

namespace {

bool begins_identifier(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool continues_identifier(char c) { return begins_identifier(c) || (c >= '0' && c <= '9'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// < and > stay single, as they may be brackets of templates and of launches.
constexpr std::array<std::string_view, 21> kLongPunctuators = {
    "...", "->*", "<=>", "::", "->", "&&", "||", "==", "!=", "<=", ">=",
    "+=",  "-=",  "*=",  "/=", "%=", "&=", "|=", "^=", "++", "--"};

class Lexer {
 public:
  Lexer(std::string_view text, std::string_view file) {
    source_.text = text;
    source_.files.push_back({std::string(file), false});
  }

  Source run() {
    while (skip_space(), at_ < text().size()) {
      const size_t begin = at_;
      const int line = line_;
      const Kind kind = token();
      source_.tokens.push_back({kind, text().substr(begin, at_ - begin), begin, line, file_});
      count_lines(begin);
      if (kind == Kind::directive) read_marker(source_.tokens.back().text);
      line_start_ = false;
    }
    pair_brackets();
    return std::move(source_);
  }

 private:
  std::string_view text() const { return source_.text; }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text().size() ? text()[at_ + ahead] : '\0';
  }
  bool starts(std::string_view what) const { return text().substr(at_, what.size()) == what; }
  void count_lines(size_t begin) {
    line_ += static_cast<int>(std::count(text().begin() + begin, text().begin() + at_, '\n'));
  }

  void skip_space() {
    for (;;) {
      const size_t begin = at_;
      if (starts("//")) {
        skip_to("\n");
      } else if (starts("/*")) {
        at_ += 2;
        skip_to("*/");
        at_ = std::min(at_ + 2, text().size());
      } else if (starts("\\\n")) {
        at_ += 2;
      } else if (std::isspace(static_cast<unsigned char>(peek())) && at_ < text().size()) {
        if (peek() == '\n') line_start_ = true;
        ++at_;
      } else {
        return;
      }
      count_lines(begin);
    }
  }

  void skip_to(std::string_view what) { at_ = std::min(text().find(what, at_), text().size()); }

  Kind token() {
    const char c = peek();
    if (c == '#' && line_start_) return directive();
    if (c == '"') return quoted('"', Kind::string);
    if (c == '\'') return quoted('\'', Kind::character);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (begins_identifier(c)) return word();
    return punctuator();
  }

  Kind directive() {
    while (at_ < text().size() && peek() != '\n') at_ += starts("\\\n") ? 2 : 1;
    at_ = std::min(at_, text().size());
    return Kind::directive;
  }

  // A suffix belongs to the literal: "x"_s is one token.
  Kind quoted(char quote, Kind kind) {
    ++at_;
    while (at_ < text().size() && peek() != quote && peek() != '\n') at_ += peek() == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text().size());
    while (continues_identifier(peek())) ++at_;
    return kind;
  }

  Kind raw_string() {
    const size_t open = text().find('(', at_);
    if (open == std::string_view::npos) return quoted('"', Kind::string);
    const std::string close = ")" + std::string(text().substr(at_ + 1, open - at_ - 1)) + "\"";
    const size_t end = text().find(close, open);
    at_ = end == std::string_view::npos ? text().size() : end + close.size();
    while (continues_identifier(peek())) ++at_;
    return Kind::string;
  }

  Kind number() {
    while (continues_identifier(peek()) || peek() == '.' ||
           (peek() == '\'' && continues_identifier(peek(1)))) {
      const bool exponent = std::string_view("eEpP").find(peek()) != std::string_view::npos;
      ++at_;
      if (exponent && (peek() == '+' || peek() == '-')) ++at_;
    }
    return Kind::number;
  }

  Kind word() {
    const size_t begin = at_;
    while (continues_identifier(peek())) ++at_;
    const std::string_view prefix = text().substr(begin, at_ - begin);
    const bool encoding = prefix == "L" || prefix == "u" || prefix == "U" || prefix == "u8";
    if (peek() == '"' && encoding) return quoted('"', Kind::string);
    if (peek() == '\'' && encoding) return quoted('\'', Kind::character);
    const bool raw =
        prefix == "R" || prefix == "LR" || prefix == "uR" || prefix == "UR" || prefix == "u8R";
    return peek() == '"' && raw ? raw_string() : Kind::identifier;
  }

  Kind punctuator() {
    const auto longest = std::find_if(kLongPunctuators.begin(), kLongPunctuators.end(),
                                      [this](std::string_view p) { return starts(p); });
    at_ += longest != kLongPunctuators.end() ? longest->size() : 1;
    return Kind::punctuator;
  }

  // `# 12 "file" 1 3` and `#line 12 "file"`: what follows is line 12 of the file; 3 means system.
  void read_marker(std::string_view marker) {
    size_t i = 1;
    while (i < marker.size() && (marker[i] == ' ' || marker[i] == '\t')) ++i;
    if (marker.substr(i, 4) == "line")
      i = std::min(marker.find_first_not_of(" \t", i + 4), marker.size());
    if (i >= marker.size() || !is_digit(marker[i])) return;
    int line = 0;
    for (; i < marker.size() && is_digit(marker[i]); ++i) line = line * 10 + (marker[i] - '0');
    line_ = line - 1;  // the newline after the marker is still to be counted
    const size_t open = marker.find('"', i), close = marker.rfind('"');
    if (open == std::string_view::npos || close == open) return;
    const std::string_view flags = marker.substr(close + 1);
    set_file(marker.substr(open + 1, close - open - 1), flags.find('3') != std::string_view::npos);
  }

  void set_file(std::string_view name, bool system) {
    auto& files = source_.files;
    const auto known = std::find_if(files.begin(), files.end(), [&](const File& file) {
      return file.system == system && file.name == name;
    });
    file_ = static_cast<int>(known - files.begin());
    if (known == files.end()) files.push_back({std::string(name), system});
  }

  void pair_brackets() {
    const auto& tokens = source_.tokens;
    source_.partner.assign(tokens.size(), Source::kNone);
    std::vector<size_t> open;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].kind != Kind::punctuator) continue;
      const char c = tokens[i].text[0];
      if (c == '(' || c == '[' || c == '{') open.push_back(i);
      const char opening = c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : '\0';
      if (opening == '\0' || open.empty() || tokens[open.back()].text[0] != opening) continue;
      source_.partner[i] = open.back();
      source_.partner[open.back()] = i;
      open.pop_back();
    }
  }

  Source source_;
  size_t at_ = 0;
  int line_ = 1, file_ = 0;
  bool line_start_ = true;
};

}  // namespace

std::string Source::site(size_t token) const {
  return "{\"" + file_of(token).name + "\", " + std::to_string(tokens[token].line) + "}";
}

size_t Source::previous(size_t token) const {
  while (token-- > 0)
    if (tokens[token].kind != Kind::directive) return token;
  return kNone;
}

size_t Source::next(size_t token) const {
  while (++token < tokens.size())
    if (tokens[token].kind != Kind::directive) return token;
  return kNone;
}

size_t Source::after_angle(size_t open) const {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (is(i, "<")) ++depth;
    if (is(i, ">") && --depth == 0) return i + 1;
    if (is(i, "(") || is(i, "[") || is(i, "{")) {
      i = partner[i];
      if (i == kNone) return kNone;
    }
    if (is(i, ";") || is(i, ")") || is(i, "]") || is(i, "}")) {
      if (partner[i] == kNone || partner[i] < open) return kNone;
    }
  }
  return kNone;
}

size_t Source::angle_before(size_t close) const {
  int depth = 0;
  for (size_t i = close + 1; i-- > 0;) {
    if (is(i, ">")) ++depth;
    if (is(i, "<") && --depth == 0) return i;
    if (is(i, ")") || is(i, "]") || is(i, "}")) {
      i = partner[i];
      if (i == kNone) return kNone;
    } else if (is(i, ";") || is(i, "(") || is(i, "[") || is(i, "{")) {
      return kNone;
    }
  }
  return kNone;
}

Source lex(std::string_view text, std::string_view file) { return Lexer(text, file).run(); }

}  // namespace mlucc
