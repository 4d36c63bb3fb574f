#include "declarations.h"

#include <algorithm>
#include <array>

namespace mlucc {

namespace {

template <size_t N>
bool among(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 4> kMemories = {"__nram__", "__wram__", "__mlu_shared__",
                                                       "__ldram__"};
constexpr std::array<std::string_view, 7> kStorage = {
    "static", "extern", "thread_local", "inline", "register", "mutable", "__mlu_const__"};
constexpr std::array<std::string_view, 17> kBuiltin = {
    "void", "bool",  "char",   "char8_t", "char16_t", "char32_t",   "wchar_t",  "short", "int",
    "long", "float", "double", "signed",  "unsigned", "__signed__", "_Float16", "auto"};
constexpr std::array<std::string_view, 6> kElaborated = {"typename", "struct", "class",
                                                         "union",    "enum",   "template"};
constexpr std::array<std::string_view, 8> kCv = {"const",        "volatile",    "constexpr",
                                                 "consteval",    "constinit",   "__restrict",
                                                 "__restrict__", "__volatile__"};
constexpr std::array<std::string_view, 20> kNoType = {
    "typedef", "using",    "friend", "return", "if",     "else",         "for",
    "while",   "do",       "switch", "case",   "delete", "new",          "throw",
    "sizeof",  "operator", "goto",   "asm",    "this",   "static_assert"};

class Parser {
 public:
  Parser(const Source& source, const Scopes& scopes, size_t qualifier)
      : source_(source), scopes_(scopes) {
    declaration_.qualifier = qualifier;
    at_ = scopes.statement(qualifier);
  }

  std::optional<Declaration> run() {
    skip_template_headers();
    declaration_.begin = at_;
    if (!specifiers() || at_ <= declaration_.qualifier) return std::nullopt;
    do {
      if (!declarator()) return std::nullopt;
    } while (is(",") && (advance(), true));
    if (!is(";")) return std::nullopt;
    return std::move(declaration_);
  }

 private:
  bool is(std::string_view text) const { return source_.is(at_, text); }
  std::string_view text() const {
    return at_ < source_.tokens.size() ? source_.tokens[at_].text : std::string_view();
  }
  void advance() {
    at_ = source_.next(at_);
    if (at_ == Source::kNone) at_ = source_.tokens.size();
  }
  /// Moves past the bracket at `at_` and all in it; false if it is not closed.
  bool skip_brackets() {
    const size_t close = at_ < source_.tokens.size() ? source_.partner[at_] : Source::kNone;
    if (close == Source::kNone) return false;
    at_ = close;
    advance();
    return true;
  }
  void take_until(std::vector<size_t>& into, size_t end) {
    for (; at_ < end; advance()) into.push_back(at_);
  }
  bool drop() {
    declaration_.dropped.push_back(at_);
    advance();
    return true;
  }

  void skip_template_headers() {
    while (is("template")) {
      const size_t after = source_.after_angle(source_.next(at_));
      if (after == Source::kNone) return;
      declaration_.is_template = true;
      at_ = after;
      if (at_ < source_.tokens.size() && source_.tokens[at_].kind == Kind::directive) advance();
    }
  }

  bool attribute() {
    const bool word = is("__attribute__") || is("__attribute") || is("alignas") ||
                      is("__declspec") || is("_Alignas");
    const size_t open = word ? source_.next(at_) : at_;
    const bool squares = is("[") && source_.is(source_.next(at_), "[");
    if ((!word && !squares) || open >= source_.tokens.size()) return false;
    const size_t close = source_.partner[open];
    if (close == Source::kNone) return false;
    take_until(declaration_.dropped, close + 1);
    return true;
  }

  bool storage() {
    if (!among(text(), kStorage) && !is_memory_qualifier(text())) return false;
    declaration_.is_static |= is("static");
    declaration_.is_extern |= is("extern");
    const bool linkage = is("extern");
    drop();
    if (linkage && at_ < source_.tokens.size() && source_.tokens[at_].kind == Kind::string) drop();
    return true;
  }

  // All before the first name; false if there is no type.
  bool specifiers() {
    bool type = false;
    for (;;) {
      if (among(text(), kNoType)) return false;
      if (storage() || attribute()) continue;
      if (among(text(), kCv)) {
        declaration_.is_constant |= is("constexpr") || is("constinit") || is("consteval");
        take_until(declaration_.type, at_ + 1);
      } else if (among(text(), kBuiltin)) {
        type = true;
        take_until(declaration_.type, at_ + 1);
      } else if (among(text(), kElaborated)) {
        take_until(declaration_.type, at_ + 1);
      } else if (is("decltype") || is("typeof") || is("__typeof__")) {
        type = true;
        const size_t close = source_.partner[source_.next(at_)];
        if (close == Source::kNone) return false;
        take_until(declaration_.type, close + 1);
      } else if (!type && (source_.is_identifier(at_) || is("::"))) {
        type = true;
        if (!named_type()) return false;
      } else {
        return type;
      }
    }
  }

  // [::] name [<...>] {:: name [<...>]}
  bool named_type() {
    for (;;) {
      if (is("::") || is("template")) {
        take_until(declaration_.type, at_ + 1);
      } else if (source_.is_identifier(at_)) {
        take_until(declaration_.type, at_ + 1);
        if (is("<")) {
          const size_t after = source_.after_angle(at_);
          if (after == Source::kNone) return false;
          take_until(declaration_.type, after);
        }
        if (!is("::")) return true;
      } else {
        return false;
      }
    }
  }

  bool declarator() {
    Declarator name{at_, 0, Source::kNone};
    while (is("*") || is("&") || is("&&") || among(text(), kCv) || is_memory_qualifier(text())) {
      name.pointer |= is("*") || is("&") || is("&&");
      if (is_memory_qualifier(text())) {
        drop();
      } else {
        advance();
      }
    }
    if (is("(")) {
      name.pointer = true;
      if (!skip_brackets()) return false;
      if (is("(") && !skip_brackets()) return false;
    } else {
      if (!source_.is_identifier(at_) || source_.is(source_.next(at_), "::")) return false;
      name.name = at_;
      advance();
    }
    while (is("["))
      if (!attribute_or_bound()) return false;
    name.bounds_end = at_;
    while (attribute()) {
    }
    if (!initializer(name)) return false;
    name.end = at_;
    declaration_.names.push_back(name);
    return true;
  }

  bool attribute_or_bound() { return attribute() || skip_brackets(); }

  bool initializer(Declarator& name) {
    if (is(",") || is(";")) return true;
    if (is("(") && is_function(name)) return false;
    if (is("=") || is("{") || is("(")) name.init = at_;
    if (is("{") || is("(")) return skip_brackets() && (is(",") || is(";"));
    return is("=") && skip_expression();
  }

  // name( begins a function, except in a function, where one declares variables.
  bool is_function(const Declarator& name) const {
    const size_t first = source_.next(at_);
    if (first == Source::kNone || source_.is(first, ")") || name.name == Source::kNone) return true;
    const Kind kind = source_.tokens[first].kind;
    const bool literal = kind == Kind::number || kind == Kind::string || kind == Kind::character;
    return !literal && scopes_.of(at_) != Scope::function;
  }

  // To the comma or semicolon that ends it. A < after a name is a template's if what follows its >
  // can not be an operand.
  bool skip_expression() {
    while (at_ < source_.tokens.size() && !is(",") && !is(";")) {
      if (is("(") || is("[") || is("{")) {
        if (!skip_brackets()) return false;
        continue;
      }
      if (is(")") || is("]") || is("}")) return false;
      const size_t after = is("<") && source_.is_identifier(source_.previous(at_))
                               ? source_.after_angle(at_)
                               : Source::kNone;
      if (after != Source::kNone &&
          (source_.is(after, "(") || source_.is(after, "::") || source_.is(after, "{"))) {
        at_ = after;
      } else {
        advance();
      }
    }
    return at_ < source_.tokens.size();
  }

  const Source& source_;
  const Scopes& scopes_;
  Declaration declaration_;
  size_t at_;
};

}  // namespace

bool is_memory_qualifier(std::string_view text) { return among(text, kMemories); }

std::optional<Declaration> parse_declaration(const Source& source, const Scopes& scopes,
                                             size_t qualifier) {
  return Parser(source, scopes, qualifier).run();
}

}  // namespace mlucc
