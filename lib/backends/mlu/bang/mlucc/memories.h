#pragma once

#include <map>
#include <string>
#include <vector>

#include "declarations.h"
#include "edits.h"

namespace mlucc {

/// Makes variables in the card's memories references to what the simulator places.
class Memories {
 public:
  Memories(const Source& source, const Scopes& scopes);
  void rewrite(Edits& edits) const;

 private:
  /// What becomes of one name.
  enum class Role {
    variable,  ///< static thread_local T& x = variable<T>(...)
    shared,    ///< the same, and other files may ask for its address
    exported,  ///< thread_local T& x = variable<T>(...): an extern before could not be it
    declared,  ///< extern thread_local T& x: of an exported one
    imported,  ///< static thread_local T& x = what another file shares
    dropped,   ///< said before
    pointer,   ///< a plain pointer
  };
  struct Place {
    size_t declaration, name;
  };
  /// All that the file says at namespace scope of one variable.
  struct Known {
    std::vector<Place> externs;
    std::vector<Place> definitions;
  };

  void collect(size_t qualifier);
  void decide();
  void decide(const std::string& key, const Known& known);
  Role local_role(const Declaration& declaration, const Declarator& name) const;
  Role& role(Place place) { return roles_[place.declaration][place.name]; }
  const Declarator& name(Place place) const {
    return declarations_[place.declaration].names[place.name];
  }
  bool unknown_bound(const Declarator& name) const;
  std::string key(const Declarator& name) const;
  bool known_around(const Declarator& name) const;

  void rewrite(size_t index, Edits& edits) const;
  void rewrite_name(const Declaration& declaration, const Declarator& name, Role role,
                    Edits& edits) const;
  void rewrite_initializer(const Declarator& name, const std::string& before, Edits& edits) const;
  bool is_text(const Declarator& name, size_t brace) const;
  std::string prefix(const Declaration& declaration, const Declarator& name, Role role) const;
  std::string suffix(const Declarator& name, Role role) const;
  std::string type_of(const Declaration& declaration) const;
  std::string deduced_bound(const Declarator& name) const;
  std::string text(size_t token) const { return std::string(source_.tokens[token].text); }

  const Source& source_;
  const Scopes& scopes_;
  std::vector<size_t> loose_;  ///< qualifiers that only go
  std::vector<Declaration> declarations_;
  std::vector<std::vector<Role>> roles_;  ///< of each declaration's names
  std::map<std::string, Known> known_;
};

}  // namespace mlucc
