#pragma once

#include <map>
#include <string>
#include <vector>

#include "edits.h"
#include "scopes.h"

namespace mlucc {

/// The functions of a file that are `__mlu_global__` or `__mlu_entry__`.
class Kernels {
 public:
  Kernels(const Source& source, const Scopes& scopes);

  /// Whether the arguments of a launch decide which function `name` is (the last word of a callee).
  bool deduced(std::string_view name) const;
  /// Takes the keywords away and makes those that are defined known to the runtime.
  void rewrite(Edits& edits) const;

 private:
  struct Kernel {
    size_t name;
    size_t open;                ///< of the parameters
    size_t end;                 ///< its last } or ;
    bool is_template;           ///< a template, or a specialisation of one
    bool instantiated = false;  ///< is there for linking: defined, and no template any more
  };

  void collect(size_t keyword);
  std::string address(const Kernel& kernel) const;

  const Source& source_;
  const Scopes& scopes_;
  std::vector<size_t> keywords_;
  std::vector<Kernel> kernels_;
  std::map<std::string_view, int> count_;  ///< declarations of a name; templates count twice
};

}  // namespace mlucc
