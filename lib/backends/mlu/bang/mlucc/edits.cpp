#include "edits.h"

#include <algorithm>

namespace mlucc {

void Edits::remove(size_t begin, size_t end, const Source& source) {
  for (size_t i = begin; i < end; ++i)
    if (source.tokens[i].kind != Kind::directive) remove(i);
}

std::string Edits::apply(const Source& source) const {
  std::string result;
  result.reserve(source.text.size() + 128 * edits_.size());
  size_t copied = 0;
  for (const auto& [index, edit] : edits_) {
    const Token& token = source.tokens[index];
    result += source.text.substr(copied, token.begin - copied);
    result += edit.before;
    result += edit.text ? *edit.text : std::string(token.text);
    if (edit.text)  // raw strings have lines
      result.append(std::count(token.text.begin(), token.text.end(), '\n'), '\n');
    result += edit.after;
    copied = token.end();
  }
  result += source.text.substr(copied);
  return result;
}

}  // namespace mlucc
