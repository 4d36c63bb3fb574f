#include "launches.h"

#include <algorithm>
#include <array>

#include "expressions.h"

namespace mlucc {

namespace {

// `<` `<` `<`, or with > three of the others. The preprocessor may put a space where a macro ended.
bool triple(const Source& source, size_t i, std::string_view angle) {
  if (!source.is(i, angle) || !source.is(i + 1, angle) || !source.is(i + 2, angle)) return false;
  return source.tokens[i].end() == source.tokens[i + 1].begin ||
         source.tokens[i + 1].end() == source.tokens[i + 2].begin;
}

// A name alone, a::b<T>: nothing that a lambda would have to capture.
bool names_function(const Source& source, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (source.is(i, "<"))
      i = source.after_angle(i) - 1;
    else if (!source.is_identifier(i) && !source.is(i, "::"))
      return false;
  }
  return true;
}

// What of() gets: the kernel, or how to find it by its arguments.
std::string function_of(const Source& source, size_t begin, size_t end, const Kernels& kernels) {
  std::string callee = spell(source, begin, end);
  size_t word = source.previous(end);
  if (source.is(word, ">")) word = source.previous(source.angle_before(word));
  if (!names_function(source, begin, end) || !kernels.deduced(source.tokens[word].text))
    return callee;
  return "[](auto bang_launch) -> decltype(bang_launch.of(" + callee +
         ")) { return bang_launch.of(" + callee + "); }, [](auto... bang_arguments) { " + callee +
         "(bang_arguments...); }";
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

void rewrite_launches(const Source& source, const Kernels& kernels, Edits& edits) {
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
    edits.after(close + 2, ").of(" + function_of(source, callee, open, kernels) + ")");
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
