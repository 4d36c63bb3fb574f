#include "scopes.h"

namespace mlucc {

namespace {

bool is_class_key(std::string_view text) {
  return text == "class" || text == "struct" || text == "union" || text == "enum";
}

// Words before parentheses that belong to a declaration's specifiers.
bool takes_parentheses(std::string_view text) {
  return text == "__attribute__" || text == "__attribute" || text == "alignas" ||
         text == "_Alignas" || text == "decltype" || text == "__declspec" || text == "typeof" ||
         text == "__typeof__";
}

// Words before parentheses that are followed by a statement.
bool heads_statement(std::string_view text) {
  return text == "if" || text == "for" || text == "while" || text == "switch" || text == "catch";
}

}  // namespace

Scopes::Scopes(const Source& source) : source_(source) {
  enclosing_.assign(source.tokens.size(), Source::kNone);
  kind_.assign(source.tokens.size(), Scope::namespaces);
  std::vector<size_t> open;
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    const size_t partner = source.partner[i];
    if (partner != Source::kNone && partner < i) open.pop_back();
    if (!open.empty()) enclosing_[i] = open.back();
    if (partner == Source::kNone || partner < i) continue;
    kind_[i] = source.is(i, "{") ? classify(i) : Scope::parentheses;
    open.push_back(i);
  }
}

Scope Scopes::of(size_t token) const {
  const size_t bracket = enclosing_[token];
  return bracket == Source::kNone ? Scope::namespaces : kind_[bracket];
}

std::string Scopes::path(size_t token) const {
  std::string path;
  for (size_t i = enclosing_[token]; i != Source::kNone; i = enclosing_[i])
    if (source_.is(i, "{") && kind_[i] == Scope::namespaces) path.insert(0, namespace_name(i));
  return path;
}

size_t Scopes::statement(size_t token, bool with_labels) const {
  size_t begin = token;
  for (size_t i = token; i-- > 0;) {
    if (source_.tokens[i].kind == Kind::directive) continue;
    if (source_.is(i, ";") || source_.is(i, "{") || source_.is(i, "}") || source_.is(i, "(") ||
        source_.is(i, "[") || (source_.is(i, ":") && !with_labels))
      return begin;
    if (source_.is(i, ")") || source_.is(i, "]")) {
      const size_t open = source_.partner[i];
      if (open == Source::kNone) return begin;
      const size_t word = source_.previous(open);
      if (source_.is(i, ")") && word != Source::kNone && heads_statement(source_.tokens[word].text))
        return begin;
      i = open;
    }
    begin = i;
  }
  return begin;
}

Scope Scopes::classify(size_t brace) const {
  const Scope outer = of(brace);
  bool parentheses = false, assigned = false, type = false;
  for (size_t i = statement(brace, true); i < brace; ++i) {
    const Token& token = source_.tokens[i];
    if (token.kind == Kind::directive) continue;
    if (token.text == "namespace" && outer == Scope::namespaces) return Scope::namespaces;
    if (token.text == "extern" && source_.next(i) != Source::kNone &&
        source_.tokens[source_.next(i)].kind == Kind::string &&
        source_.next(source_.next(i)) == brace)
      return outer;
    if (token.text == "template" || takes_parentheses(token.text)) {
      const size_t open = source_.next(i);
      const size_t after = source_.is(open, "<")   ? source_.after_angle(open)
                           : source_.is(open, "(") ? source_.partner[open] + 1
                                                   : Source::kNone;
      if (after != Source::kNone && after > i && after <= brace) i = after - 1;
      continue;
    }
    if (token.text == "<" && type) {  // struct S<f(1)> {
      const size_t after = source_.after_angle(i);
      if (after != Source::kNone && after <= brace) i = after - 1;
      continue;
    }
    if (token.text == "=") assigned = true;
    if (is_class_key(token.text) && !parentheses && !assigned) type = true;
    if (token.text == "(") {
      parentheses = true;
      if (source_.partner[i] != Source::kNone) i = source_.partner[i];
    }
  }
  if (type && !parentheses && !assigned) return Scope::type;
  const size_t before = source_.previous(brace);
  // S() : member{1} { }: outside of functions only a body can follow a brace.
  if ((outer == Scope::type || outer == Scope::namespaces) && source_.is(before, "}"))
    return Scope::function;
  const bool after_value =
      before != Source::kNone && (source_.is(before, "=") || source_.is(before, ",") ||
                                  source_.is(before, "return") || source_.is(before, "{"));
  if (outer == Scope::initializer && !parentheses) return Scope::initializer;
  if (outer == Scope::function || outer == Scope::parentheses)
    return assigned && after_value ? Scope::initializer : Scope::function;
  return parentheses && !after_value ? Scope::function : Scope::initializer;
}

std::string Scopes::namespace_name(size_t brace) const {
  std::string name;
  bool seen = false;
  for (size_t i = statement(brace); i < brace; ++i) {
    const Token& token = source_.tokens[i];
    if (token.text == "namespace") {
      seen = true;
    } else if (seen && takes_parentheses(token.text)) {
      const size_t open = source_.next(i);
      if (source_.partner[open] != Source::kNone) i = source_.partner[open];
    } else if (seen && (token.kind == Kind::identifier || token.text == "::")) {
      name += token.text;
    }
  }
  if (!seen) return "";  // extern "C" {
  return (name.empty() ? "{}" : name) + "::";
}

}  // namespace mlucc
