#pragma once

// Internal: a reader of Python's pickle format (protocols 0 to 5, pickletools.py) that executes
// nothing. Calls are recorded, not made; only the few names below may occur in them.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <reel/io/bytes.h>

namespace reel::io {

struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kBytes,
    kTuple,
    kList,
    kDict,
    kGlobal,
    kCall,
    kPersistent,
  };
  Kind kind = Kind::kNone;
  /// kBool, kInt. Integers beyond 64 bits are kept as the bytes of `text` with kind kBytes.
  int64_t integer = 0;
  double real = 0;
  /// kText, kBytes; kGlobal: "module name".
  std::string_view text;
  /// kTuple, kList: the elements. kDict: key, value, key, value... kCall: callee, arguments (a
  /// tuple) and, once the object was built, its state. kPersistent: the identity.
  std::vector<const PickleValue*> items;

  bool is(Kind k) const { return kind == k; }
  bool is_global(std::string_view name) const { return kind == Kind::kGlobal && text == name; }
  /// A call of that global with at least `arguments` arguments.
  bool is_call(std::string_view name, size_t arguments = 0) const {
    return kind == Kind::kCall && items[0]->is_global(name) && items[1]->items.size() >= arguments;
  }
  const PickleValue& argument(size_t i) const { return *items[1]->items[i]; }
};

/// One pickled object and all that it refers to. Objects may refer to each other in circles, so
/// they live in one arena, and who walks them must bound the walk.
class Pickle {
 public:
  /// Reads up to and including the STOP opcode. The bytes must outlive the pickle: long strings
  /// are views into them.
  explicit Pickle(ByteReader& in);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  std::deque<std::string> strings_;
  const PickleValue* root_ = nullptr;
};

}  // namespace reel::io
