#include "rewrite.h"

#include "edits.h"
#include "kernels.h"
#include "launches.h"
#include "memories.h"

namespace mlucc {

namespace {

// Functions of the card belong to their file: two files may have different ones of one name, which
// `inline` alone would merge. A specialisation has the linkage of its template.
void rewrite_function_keyword(const Source& source, const Scopes& scopes, size_t keyword,
                              Edits& edits) {
  const size_t begin = scopes.statement(keyword);
  bool has_storage = scopes.of(keyword) != Scope::namespaces;
  for (size_t i = begin; i < keyword; ++i)
    has_storage |= source.is(i, "static") || source.is(i, "extern") || source.is(i, "friend");
  const size_t next = source.next(keyword);
  has_storage |= source.is(next, "static") || source.is(next, "extern");
  const bool specialization = source.is(begin, "template") && source.is(begin + 2, ">");
  edits.replace(keyword, has_storage || specialization ? "inline" : "static inline");
}

}  // namespace

std::string rewrite(std::string_view preprocessed, std::string_view file,
                    std::string_view own_include_dir) {
  const Source source = lex(preprocessed, file);
  const Scopes scopes(source);
  Edits edits;
  Memories(source, scopes).rewrite(edits);
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    if (source.is(i, "__mlu_const__")) edits.remove(i);
    if (source.is(i, "__mlu_func__")) rewrite_function_keyword(source, scopes, i, edits);
  }
  rewrite_assembly(source, scopes, own_include_dir, edits);
  const Kernels kernels(source, scopes);
  kernels.rewrite(edits);
  rewrite_launches(source, kernels, edits);
  return edits.apply(source);
}

}  // namespace mlucc
