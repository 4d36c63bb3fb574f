#include "memories.h"

#include <algorithm>

#include "expressions.h"

namespace mlucc {

namespace {

std::string space_of(std::string_view qualifier) {
  if (qualifier == "__nram__") return "nram";
  if (qualifier == "__wram__") return "wram";
  return qualifier == "__mlu_shared__" ? "sram" : "host";
}

std::string address_function(const std::string& name) { return "bang_address_" + name; }

std::string type_by_name(const std::string& name) {
  return "std::remove_reference_t<decltype(" + name + ")>";
}

}  // namespace

Memories::Memories(const Source& source, const Scopes& scopes) : source_(source), scopes_(scopes) {
  for (size_t i = 0; i < source.tokens.size(); ++i)
    if (is_memory_qualifier(source.tokens[i].text)) collect(i);
  decide();
}

void Memories::collect(size_t qualifier) {
  const Scope scope = scopes_.of(qualifier);
  const bool variable = scope == Scope::namespaces || scope == Scope::function;
  auto declaration = variable ? parse_declaration(source_, scopes_, qualifier) : std::nullopt;
  if (!declaration || declaration->is_constant) {
    loose_.push_back(qualifier);
    return;
  }
  // Of two qualifiers, as in `__nram__ T __nram__ a`, the first has found it.
  if (!declarations_.empty() && declarations_.back().begin == declaration->begin) return;
  declarations_.push_back(std::move(*declaration));
}

std::string Memories::key(const Declarator& name) const {
  return scopes_.path(name.name) + text(name.name);
}

bool Memories::unknown_bound(const Declarator& name) const {
  return source_.is(name.name + 1, "[") && source_.is(name.name + 2, "]");
}

// Whether an enclosing namespace has it.
bool Memories::known_around(const Declarator& name) const {
  std::string path = scopes_.path(name.name);
  while (known_.count(path + text(name.name)) == 0) {
    if (path.empty()) return false;
    const size_t cut = path.rfind("::", path.size() - 3);
    path = cut == std::string::npos ? "" : path.substr(0, cut + 2);
  }
  return true;
}

Memories::Role Memories::local_role(const Declaration& declaration, const Declarator& name) const {
  if (name.pointer) return Role::pointer;
  if (!declaration.is_extern) return Role::variable;
  return known_around(name) ? Role::dropped : Role::imported;
}

void Memories::decide() {
  for (size_t d = 0; d < declarations_.size(); ++d) {
    const Declaration& declaration = declarations_[d];
    roles_.emplace_back(declaration.names.size(), Role::pointer);
    if (scopes_.of(declaration.qualifier) != Scope::namespaces) continue;
    for (size_t n = 0; n < declaration.names.size(); ++n) {
      const Declarator& name = declaration.names[n];
      if (name.name == Source::kNone) continue;
      Known& known = known_[key(name)];
      const bool defines = !declaration.is_extern || name.init != Source::kNone;
      (defines ? known.definitions : known.externs).push_back({d, n});
    }
  }
  for (size_t d = 0; d < declarations_.size(); ++d)
    if (scopes_.of(declarations_[d].qualifier) != Scope::namespaces)
      for (size_t n = 0; n < declarations_[d].names.size(); ++n)
        roles_[d][n] = local_role(declarations_[d], declarations_[d].names[n]);
  for (const auto& [key, known] : known_) decide(key, known);
}

void Memories::decide(const std::string& key, const Known& known) {
  const bool hidden = key.find("{}") != std::string::npos;
  const auto& [externs, definitions] = known;
  if (name((definitions.empty() ? externs : definitions).front()).pointer) return;
  if (definitions.empty()) {
    for (const Place& place : externs) role(place) = Role::dropped;
    role(externs.front()) = Role::imported;
    return;
  }
  const Place definition = definitions.front();
  const Declaration& declaration = declarations_[definition.declaration];
  const bool shared = !hidden && !declaration.is_static && !declaration.is_template;
  const Role defines = shared ? Role::shared : Role::variable;
  for (const Place& place : definitions) role(place) = defines;
  for (const Place& place : externs) role(place) = Role::dropped;
  if (externs.empty() || externs.front().declaration > definition.declaration) return;
  // Said before it is defined: the definition moves there, if it can.
  if (name(definition).init == Source::kNone && !unknown_bound(name(externs.front()))) {
    role(externs.front()) = defines;
    role(definition) = Role::dropped;
  } else {
    for (const Place& place : externs) role(place) = Role::declared;
    role(definition) = Role::exported;
  }
}

void Memories::rewrite(Edits& edits) const {
  for (const size_t qualifier : loose_) edits.remove(qualifier);
  for (size_t i = 0; i < declarations_.size(); ++i) rewrite(i, edits);
}

void Memories::rewrite(size_t index, Edits& edits) const {
  const Declaration& declaration = declarations_[index];
  for (const size_t token : declaration.dropped) edits.remove(token);
  for (const size_t token : declaration.type)
    if (source_.is(token, "auto"))
      fail_at(
          source_, token,
          "a variable in " + text(declaration.qualifier) + " needs a type of its own, not auto");
  for (size_t n = 0; n < declaration.names.size(); ++n) {
    const Declarator& name = declaration.names[n];
    const Role role = roles_[index][n];
    const bool first = n == 0;
    if (!first) edits.remove(declaration.names[n - 1].end);  // the comma
    if (role == Role::dropped) {
      edits.remove(first ? declaration.begin : name.begin, name.end, source_);
    } else {
      edits.before(first ? declaration.begin : name.begin,
                   prefix(declaration, name, role) + (first ? "" : type_of(declaration)));
      if (role != Role::pointer) rewrite_name(declaration, name, role, edits);
    }
    const bool last = n + 1 == declaration.names.size();
    if (!last) edits.before(name.end, role == Role::dropped ? "" : "; ");
    // Outside of functions a semicolon alone is worth a warning.
    if (last && role == Role::dropped && scopes_.of(declaration.qualifier) != Scope::function)
      edits.remove(name.end);
    edits.after(name.end, suffix(name, role));
  }
}

std::string Memories::type_of(const Declaration& declaration) const {
  std::string type;
  for (const size_t token : declaration.type) type += text(token) + " ";
  return type;
}

std::string Memories::prefix(const Declaration& declaration, const Declarator& name,
                             Role role) const {
  const bool local = scopes_.of(declaration.qualifier) == Scope::function;
  if (role == Role::pointer) {
    if (declaration.is_extern) return "extern thread_local ";
    if (declaration.is_static) return "static thread_local ";
    return local ? "" : "thread_local ";
  }
  if (role == Role::declared) return "extern thread_local ";
  if (role == Role::exported) return "[[maybe_unused]] thread_local ";
  const std::string import =
      role == Role::imported ? "void* " + address_function(text(name.name)) + "(); " : "";
  return import + "[[maybe_unused]] static thread_local ";
}

void Memories::rewrite_name(const Declaration& declaration, const Declarator& name, Role role,
                            Edits& edits) const {
  const std::string id = text(name.name);
  const bool array = source_.is(name.name + 1, "[");
  edits.replace(name.name, array ? "(&" + id + ")" : "&" + id);
  if (role == Role::declared) return;
  if (role == Role::imported) {
    edits.after(source_.previous(name.bounds_end),
                " = *static_cast<" + type_by_name(id) + "*>(" + address_function(id) + "())");
    return;
  }
  const std::string call = " = ::bang::variable<" + type_by_name(id) +
                           ">(::bang::Space::" + space_of(text(declaration.qualifier)) + ", \"" +
                           id + "\", " + source_.site(name.name);
  if (unknown_bound(name)) edits.after(name.name + 1, deduced_bound(name));
  if (name.init == Source::kNone) {
    edits.after(source_.previous(name.bounds_end), call + ")");
    return;
  }
  // One that is neither static nor of the whole file is written whenever control passes it.
  const bool automatic =
      scopes_.of(declaration.qualifier) == Scope::function && !declaration.is_static;
  const std::string initialize = call + "); ::bang::initialize<" + type_by_name(id) + ">(" + id;
  rewrite_initializer(name, (automatic ? initialize : call) + ", ", edits);
}

void Memories::rewrite_initializer(const Declarator& name, const std::string& before,
                                   Edits& edits) const {
  const size_t init = name.init, last = source_.previous(name.end);
  const size_t first = source_.is(init, "{") ? init : source_.next(init);
  const bool array = source_.is(name.name + 1, "[");
  const bool text_in_braces = array && source_.is(first, "{") && is_text(name, first);
  const bool braces = source_.is(first, "{") && !text_in_braces;
  // T{...} and not {...}: text in it may be shorter than its array.
  const std::string type = type_by_name(text(name.name));
  const std::string head = before + (!array ? "" : braces ? type : "::bang::padded<" + type + ">(");
  const std::string tail = array && !braces ? ").value)" : ")";
  if (text_in_braces) {
    edits.remove(first);
    edits.remove(source_.partner[first]);
  }
  if (source_.is(init, "{")) {
    edits.before(init, head);
  } else {
    edits.replace(init, head);
  }
  if (source_.is(init, "(")) {
    edits.replace(last, tail);
  } else {
    edits.after(last, tail);
  }
}

// {"text"} of one array
bool Memories::is_text(const Declarator& name, size_t brace) const {
  size_t i = source_.next(brace);
  if (source_.partner[name.name + 1] + 1 != name.bounds_end || i == source_.partner[brace])
    return false;
  while (i < source_.partner[brace] && source_.tokens[i].kind == Kind::string) i = source_.next(i);
  return i == source_.partner[brace];
}

std::string Memories::suffix(const Declarator& name, Role role) const {
  if (role != Role::shared) return "";
  const std::string id = text(name.name), function = address_function(id) + "()";
  return " [[gnu::weak]] void* " + function + "; void* " + function +
         " { return const_cast<void*>(static_cast<const volatile void*>(&" + id + ")); }";
}

std::string Memories::deduced_bound(const Declarator& name) const {
  const std::string id = text(name.name);
  const auto refuse = [&]() {
    fail_at(source_, name.name,
            "the size of " + id + " does not follow from its initialiser; write it: " + id + "[n]");
  };
  if (name.init == Source::kNone) refuse();
  const size_t first = source_.is(name.init, "{") ? name.init : source_.next(name.init);
  const bool vector = name.bounds_end == name.name + 3;  // not [][2]
  const bool text_in_braces = source_.is(first, "{") && is_text(name, first);
  if (vector && (source_.tokens[first].kind == Kind::string || text_in_braces)) {
    std::string strings;
    const size_t begin = text_in_braces ? source_.next(first) : first;
    for (size_t i = begin; source_.tokens[i].kind == Kind::string; i = source_.next(i))
      strings += text(i) + " ";
    return "sizeof(" + strings + ") / sizeof(*" + text(begin) + ")";
  }
  if (!source_.is(first, "{") || source_.partner[first] == Source::kNone) refuse();
  const size_t close = source_.partner[first];
  size_t count = 0;
  for (size_t i = source_.next(first); i < close;) {
    if (!vector && !source_.is(i, "{")) refuse();  // elided braces
    ++count;
    for (; i < close && !source_.is(i, ","); i = source_.next(i)) {
      if (source_.is(i, "...") || source_.is(i, "<") ||
          (source_.is(i, "[") && source_.is(source_.previous(i), "{")))
        refuse();  // packs, template arguments, designators
      if (source_.partner[i] != Source::kNone) i = source_.partner[i];
    }
    if (i < close) i = source_.next(i);
  }
  if (count == 0) refuse();
  return std::to_string(count);
}

}  // namespace mlucc
