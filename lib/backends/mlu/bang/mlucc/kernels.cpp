#include "kernels.h"

#include "declarations.h"
#include "expressions.h"

namespace mlucc {

namespace {

bool is_kernel_keyword(std::string_view text) {
  return text == "__mlu_global__" || text == "__mlu_entry__";
}

bool takes_parentheses(std::string_view text) {
  return text == "__attribute__" || text == "alignas" || text == "decltype" || text == "noexcept";
}

// The parenthesis of the parameters of the function that is declared from `begin` on.
size_t find_parameters(const Source& source, size_t begin) {
  for (size_t i = begin; i != Source::kNone; i = source.next(i)) {
    if (source.is(i, ";") || source.is(i, "{") || source.is(i, "}")) return Source::kNone;
    if (source.is(i, "[") || source.is(i, "<")) {
      const size_t after = source.is(i, "[") ? source.partner[i] : source.after_angle(i);
      if (after == Source::kNone) return after;
      i = source.is(i, "[") ? after : after - 1;
    }
    if (!source.is(i, "(")) continue;
    if (!takes_parentheses(source.tokens[source.previous(i)].text)) return i;
    i = source.partner[i];
    if (i == Source::kNone) return i;
  }
  return Source::kNone;
}

}  // namespace

Kernels::Kernels(const Source& source, const Scopes& scopes) : source_(source), scopes_(scopes) {
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    if (!is_kernel_keyword(source.tokens[i].text)) continue;
    keywords_.push_back(i);
    if (scopes.of(i) == Scope::namespaces || scopes.of(i) == Scope::type) collect(i);
  }
}

void Kernels::collect(size_t keyword) {
  const size_t begin = scopes_.statement(keyword);
  const size_t open = find_parameters(source_, keyword);
  if (open == Source::kNone || source_.partner[open] == Source::kNone) return;
  size_t end = source_.partner[open];
  while (end != Source::kNone && !source_.is(end, "{") && !source_.is(end, ";"))
    end = source_.next(end);
  if (end == Source::kNone) return;
  const bool body = source_.is(end, "{");
  if (body) end = source_.partner[end];
  size_t name = source_.previous(open);
  if (source_.is(name, ">")) name = source_.previous(source_.angle_before(name));
  if (end == Source::kNone || name == Source::kNone || !source_.is_identifier(name)) return;

  Kernel kernel{name, open, end, source_.is(begin, "template")};
  const size_t after = source_.next(begin);
  const bool instantiation = kernel.is_template && !source_.is(after, "<");
  const bool specialization =
      kernel.is_template && !instantiation && source_.is(source_.next(after), ">");
  kernel.instantiated = kernel.is_template ? instantiation || (specialization && body) : body;
  kernel.instantiated &= scopes_.of(keyword) == Scope::namespaces;
  kernels_.push_back(kernel);
  count_[source_.tokens[name].text] += kernel.is_template ? 2 : 1;
}

bool Kernels::deduced(std::string_view name) const {
  const auto found = count_.find(name);
  return found != count_.end() && found->second > 1;
}

// Of several functions of one name the types of the parameters choose.
std::string Kernels::address(const Kernel& kernel) const {
  std::string callee = spell(source_, begin_of_callee(source_, kernel.open), kernel.open);
  if (!deduced(source_.tokens[kernel.name].text)) return callee;
  const size_t close = source_.partner[kernel.open];
  std::string parameters;
  bool value = false;  // in a default argument
  for (size_t i = kernel.open + 1, after = i; i < close; i = after) {
    after = source_.is(i, "<") ? source_.after_angle(i) : source_.partner[i] + 1;
    if (after <= i || after > close) after = i + 1;
    if (source_.is(i, ",") || source_.is(i, "=")) value = source_.is(i, "=");
    if (!value && !is_memory_qualifier(source_.tokens[i].text))
      parameters += (parameters.empty() ? "" : " ") + spell(source_, i, after);
  }
  return "static_cast<void (*)(" + parameters + ")>(" + callee + ")";
}

void Kernels::rewrite(Edits& edits) const {
  for (const size_t keyword : keywords_) edits.remove(keyword);
  for (size_t i = 0; i < kernels_.size(); ++i) {
    const Kernel& kernel = kernels_[i];
    if (!kernel.instantiated) continue;
    const std::string name = spell(source_, kernel.name, kernel.open);
    edits.after(kernel.end, " [[maybe_unused]] static const ::bang::KnownKernel bang_kernel_" +
                                std::to_string(i) + "(" + quote(name) + ", " +
                                source_.site(kernel.name) + ", " + address(kernel) + ");");
  }
}

}  // namespace mlucc
