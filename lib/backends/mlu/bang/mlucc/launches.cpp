#include "launches.h"

#include <algorithm>
#include <array>

#include "rewrite.h"

namespace mlucc {

namespace {

// `<` `<` `<`, or with > three of the others. The preprocessor may put a space where a macro ended.
bool triple(const Source& source, size_t i, std::string_view angle) {
  if (!source.is(i, angle) || !source.is(i + 1, angle) || !source.is(i + 2, angle)) return false;
  return source.tokens[i].end() == source.tokens[i + 1].begin ||
         source.tokens[i + 1].end() == source.tokens[i + 2].begin;
}

bool is_statement_word(std::string_view text) {
  constexpr std::array<std::string_view, 7> kWords = {"return", "else",   "do",  "if",
                                                      "while",  "switch", "case"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

bool is_name(const Source& source, size_t i) {
  return source.is_identifier(i) && !is_statement_word(source.tokens[i].text);
}

// The first token of the postfix expression that ends before `end`: a::b<T>, p->f, table[i], (*f).
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

// The >>> of the launch that begins at `open`; kNone if it has none.
size_t end_of_configuration(const Source& source, size_t open) {
  for (size_t i = open + 3; i < source.tokens.size(); ++i) {
    if (triple(source, i, ">") && source.is(source.next(i + 2), "(")) return i;
    if (source.is(i, "(") || source.is(i, "[") || source.is(i, "{")) {
      i = source.partner[i];
      if (i == Source::kNone) return i;
    } else if (source.is(i, ";") || source.is(i, ")") || source.is(i, "}")) {
      return Source::kNone;
    }
  }
  return Source::kNone;
}

// Tokens on one line, with spaces where words would run into each other.
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

bool is_assembly(std::string_view text) {
  return text == "asm" || text == "__asm" || text == "__asm__";
}

bool begins_statement(const Source& source, size_t token) {
  const size_t before = source.previous(token);
  constexpr std::array<std::string_view, 7> kBefore = {";", "{", "}", ")", ":", "else", "do"};
  return before == Source::kNone ||
         std::find(kBefore.begin(), kBefore.end(), source.tokens[before].text) != kBefore.end();
}

// The instructions are the strings up to the first colon; operands are none of ours.
void rewrite_assembly_at(const Source& source, size_t keyword, Edits& edits) {
  size_t open = source.next(keyword);
  while (source.is_identifier(open)) open = source.next(open);  // volatile, goto, inline
  if (open == Source::kNone || !source.is(open, "(")) return;
  const size_t close = source.partner[open];
  if (close == Source::kNone) return;
  size_t last = open;
  for (size_t i = source.next(open); i < close && source.tokens[i].kind == Kind::string;
       i = source.next(i))
    last = i;
  if (last == open) return;
  edits.remove(keyword, open, source);
  edits.before(keyword, "::bang::inline_assembly");
  edits.after(last, ", " + source.site(keyword));
  edits.remove(last + 1, close, source);
}

}  // namespace

void fail_at(const Source& source, size_t token, const std::string& message) {
  throw RewriteError(source.file_of(token).name + ":" + std::to_string(source.tokens[token].line) +
                     ": error: " + message);
}

void rewrite_launches(const Source& source, Edits& edits) {
  for (size_t open = 0; open < source.tokens.size(); ++open) {
    if (!triple(source, open, "<")) continue;
    const size_t before = source.previous(open);
    if (before == Source::kNone || source.is(before, "operator")) continue;
    const size_t callee = begin_of_callee(source, open);
    if (callee == Source::kNone) fail_at(source, open, "no kernel stands before <<<");
    const size_t close = end_of_configuration(source, open);
    if (close == Source::kNone)
      fail_at(source, open,
              "a launch is kernel<<<dim, type, queue>>>(arguments); >>>( is missing here");
    const std::string name = spell(source, callee, open);
    edits.before(callee, "::bang::configure(" + quote(name) + ", " + source.site(callee) + ", ");
    edits.remove(callee, open + 3, source);
    edits.remove(close, close + 3, source);
    edits.after(close + 2, ").of(" + name + ")");
    open += 2;
  }
}

void rewrite_assembly(const Source& source, const Scopes& scopes, std::string_view own_include_dir,
                      Edits& edits) {
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    if (!is_assembly(source.tokens[i].text)) continue;
    const File& file = source.file_of(i);
    const bool ours = !own_include_dir.empty() && file.name.starts_with(own_include_dir);
    if (file.system || ours || scopes.of(i) != Scope::function || !begins_statement(source, i))
      continue;
    rewrite_assembly_at(source, i, edits);
  }
}

}  // namespace mlucc
