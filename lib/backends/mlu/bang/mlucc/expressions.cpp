#include "expressions.h"

#include <algorithm>
#include <array>

#include "rewrite.h"

namespace mlucc {

namespace {

bool is_statement_word(std::string_view text) {
  constexpr std::array<std::string_view, 7> kWords = {"return", "else",   "do",  "if",
                                                      "while",  "switch", "case"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

bool is_name(const Source& source, size_t i) {
  return source.is_identifier(i) && !is_statement_word(source.tokens[i].text);
}

}  // namespace

void fail_at(const Source& source, size_t token, const std::string& message) {
  throw RewriteError(source.file_of(token).name + ":" + std::to_string(source.tokens[token].line) +
                     ": error: " + message);
}

size_t begin_of_callee(const Source& source, size_t end) {
  size_t begin = Source::kNone;
  bool needs_operand = true;  // or else what joins one to the next: :: . ->
  for (size_t i = source.previous(end); i != Source::kNone;) {
    if (needs_operand && source.is(i, ">")) {
      const size_t open = source.angle_before(i);
      if (open == Source::kNone) return open;
      i = source.previous(open);
      if (!is_name(source, i)) return Source::kNone;
    } else if (needs_operand && (source.is(i, ")") || source.is(i, "]"))) {
      const bool subscript = source.is(i, "]");
      begin = source.partner[i];
      if (begin == Source::kNone) return begin;
      i = source.previous(begin);
      needs_operand = subscript || is_name(source, i) || source.is(i, "]");
      if (!needs_operand) return begin;
    } else if (needs_operand && is_name(source, i)) {
      begin = i;
      i = source.previous(i);
      needs_operand = false;
    } else if (!needs_operand && source.is(i, "::")) {
      begin = i;
      i = source.previous(i);
      needs_operand = is_name(source, i) || source.is(i, ">");
      if (!needs_operand) return begin;  // ::kernel
    } else if (!needs_operand &&
               (source.is(i, ".") || source.is(i, "->") || source.is(i, "template"))) {
      needs_operand = !source.is(i, "template");
      begin = i;
      i = source.previous(i);
    } else {
      return needs_operand ? Source::kNone : begin;
    }
  }
  return needs_operand ? Source::kNone : begin;
}

std::string spell(const Source& source, size_t begin, size_t end) {
  std::string text;
  bool word = false;
  for (size_t i = begin; i < end; ++i) {
    const Token& token = source.tokens[i];
    if (token.kind == Kind::directive) continue;
    const bool is_word = token.kind == Kind::identifier || token.kind == Kind::number;
    if (word && is_word) text += ' ';
    text += token.text;
    if (token.text == ",") text += ' ';
    word = is_word;
  }
  return text;
}

std::string quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace mlucc
