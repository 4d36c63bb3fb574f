#include <algorithm>
#include <charconv>
#include <iterator>
#include <unordered_map>

#include <reel/io/pickle.h>

namespace reel::io {
namespace {

using Kind = PickleValue::Kind;

// What tensors, arrays and plain containers are pickled with. "torch ...Storage" is allowed too.
constexpr std::string_view kAllowed[] = {
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch.serialization _get_layout",
    "torch Size",
    "torch device",
    "collections OrderedDict",
    "collections defaultdict",
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "numpy.core.multiarray scalar",
    "numpy._core.multiarray scalar",
    "numpy ndarray",
    "numpy dtype",
    "_codecs encode",
    "builtins set",
    "builtins frozenset",
    "builtins dict",
    "builtins list",
    "builtins int",
    "builtins float",
    "builtins bytearray",
    "builtins complex",
    "__builtin__ set",
    "__builtin__ dict",
    "__builtin__ list",
    "__builtin__ long",
    "__builtin__ bytearray",
    "argparse Namespace",
};

bool is_storage_or_dtype(std::string_view name) {
  constexpr std::string_view kDtypes[] = {"float16", "bfloat16", "float32", "float64", "int8",
                                          "int16",   "int32",    "int64",   "uint8",   "bool"};
  const size_t space = name.find(' ');
  const std::string_view module = name.substr(0, space), own = name.substr(space + 1);
  if (module == "torch" &&
      std::find(std::begin(kDtypes), std::end(kDtypes), own) != std::end(kDtypes)) {
    return true;
  }
  return (module == "torch" || module == "torch.storage" || module == "torch.cuda") &&
         own.ends_with("Storage") &&
         std::all_of(own.begin(), own.end(), [](char c) { return c != '.'; });
}

// Far more than any file of tensors needs; bounds what a hostile file can make of each byte.
constexpr size_t kMaxValues = 4'000'000;

}  // namespace

class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, ByteReader& in) : pickle_(pickle), in_(in) {}

  const PickleValue* run() {
    for (;;) {
      const auto op = static_cast<char>(in_.u8("pickle opcode"));
      if (op == '.') return pop();
      execute(op);
    }
  }

 private:
  using Value = PickleValue;

  Value* make(Kind kind) {
    if (pickle_.values_.size() == kMaxValues) in_.bad("pickle: more than {} objects", kMaxValues);
    pickle_.values_.emplace_back().kind = kind;
    return &pickle_.values_.back();
  }
  Value* push(Kind kind) {
    stack_.push_back(make(kind));
    return stack_.back();
  }
  void push_integer(int64_t value, Kind kind = Kind::kInt) { push(kind)->integer = value; }
  void push_text(std::string_view text, Kind kind = Kind::kText) { push(kind)->text = text; }
  void push_owned(std::string text, Kind kind) {
    push_text(pickle_.strings_.emplace_back(std::move(text)), kind);
  }
  Value* pop() {
    Value* top = peek();
    stack_.pop_back();
    return top;
  }
  Value* peek() {
    if (stack_.size() <= bottom()) in_.bad("pickle: the stack is empty");
    return stack_.back();
  }
  size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  /// Takes what was pushed since the last MARK.
  std::vector<const Value*> pop_mark() {
    if (marks_.empty()) in_.bad("pickle: no mark on the stack");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const Value*> taken(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return taken;
  }
  void push_tuple(size_t count) {
    std::vector<const Value*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push(Kind::kTuple)->items = std::move(items);
  }
  void set_items(const std::vector<const Value*>& pairs) {
    if (pairs.size() % 2 != 0) in_.bad("pickle: a key without a value");
    append(container(Kind::kDict), pairs);
  }
  Value* container(Kind kind) {
    if (!peek()->is(kind)) in_.bad("pickle: items for an object that is no container");
    return peek();
  }
  static void append(Value* target, const std::vector<const Value*>& items) {
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  void global(std::string_view module, std::string_view name) {
    const std::string full = fmt::format("{} {}", module, name);
    if (std::find(std::begin(kAllowed), std::end(kAllowed), full) == std::end(kAllowed) &&
        !is_storage_or_dtype(full)) {
      in_.bad(
          "pickle: needs {}.{}, which is neither a tensor nor a plain container, and nothing "
          "in a file is executed; save the state_dict instead",
          module.substr(0, 200), name.substr(0, 200));
    }
    push_owned(full, Kind::kGlobal);
  }
  void call() {
    Value* arguments = pop();
    Value* callee = pop();
    if (!callee->is(Kind::kGlobal) || !arguments->is(Kind::kTuple)) {
      in_.bad("pickle: a call of something that is not a known function");
    }
    // Protocol 2 of Python 3 writes bytes as latin-1 text.
    if (callee->text == "_codecs encode" && !arguments->items.empty() &&
        arguments->items[0]->is(Kind::kText)) {
      push_owned(latin1(arguments->items[0]->text), Kind::kBytes);
      return;
    }
    if (callee->text == "collections OrderedDict" || callee->text == "collections defaultdict") {
      return push_dict(*arguments);
    }
    push(Kind::kCall)->items = {callee, arguments};
  }
  /// Python 2 gives an OrderedDict its items as one argument, a list of pairs.
  void push_dict(const Value& arguments) {
    Value* dict = push(Kind::kDict);
    if (arguments.items.empty() || !arguments.items[0]->is(Kind::kList)) return;
    for (const Value* pair : arguments.items[0]->items) {
      if (pair->items.size() != 2) in_.bad("pickle: a key without a value");
      append(dict, pair->items);
    }
  }
  void build() {
    Value* state = pop();
    Value* object = peek();
    // An OrderedDict's state is its attributes (_metadata), which hold no tensors.
    if (object->is(Kind::kDict)) return;
    if (!object->is(Kind::kCall)) in_.bad("pickle: state for an object that was not built");
    object->items.resize(2);
    object->items.push_back(state);
  }
  std::string latin1(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (size_t i = 0; i < utf8.size(); ++i) {
      const auto c = static_cast<uint8_t>(utf8[i]);
      if (c < 0x80) {
        out += utf8[i];
      } else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.size()) {
        out += static_cast<char>((c << 6) | (utf8[++i] & 0x3f));
      } else {
        in_.bad("pickle: text that is not latin-1 where bytes are expected");
      }
    }
    return out;
  }

  template <class T>
  T parse(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      in_.bad("pickle: \"{}\" is not a number", text.substr(0, 40));
    }
    return value;
  }
  void long_integer(uint64_t bytes) {
    const std::string_view digits = in_.text(bytes, "pickle integer");
    if (bytes > 8) return push_text(digits, Kind::kBytes);
    uint64_t value = bytes > 0 && (digits.back() & 0x80) ? ~uint64_t{0} : 0;
    std::memcpy(&value, digits.data(), bytes);
    push_integer(static_cast<int64_t>(value));
  }
  void quoted_string() {
    const std::string_view line = in_.line("pickle string");
    if (line.size() < 2 || line.find('\\') != line.npos) in_.bad("pickle: unsupported string");
    push_text(line.substr(1, line.size() - 2));
  }
  void put(uint64_t index) { memo_[index] = peek(); }
  void get(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) in_.bad("pickle: nothing was remembered as {}", index);
    stack_.push_back(found->second);
    if (stack_.size() > kMaxValues) in_.bad("pickle: more than {} objects", kMaxValues);
  }
  void persistent(Value* identity) { push(Kind::kPersistent)->items = {identity}; }

  void execute(char op);

  Pickle& pickle_;
  ByteReader& in_;
  std::vector<Value*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Value*> memo_;
};

void PickleMachine::execute(char op) {
  switch (op) {
    case '\x80':  // PROTO
      if (const int version = in_.u8("pickle protocol"); version > 5) {
        in_.bad("pickle: protocol {} is not known", version);
      }
      break;
    case '\x95':
      in_.u64("pickle frame");
      break;
    case '(':
      if (marks_.size() == kMaxValues) in_.bad("pickle: more than {} marks", kMaxValues);
      marks_.push_back(stack_.size());
      break;
    case '0':
      // POP on a mark drops the mark.
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      break;
    case '1':
      pop_mark();
      break;
    case '2':
      stack_.push_back(peek());
      if (stack_.size() > kMaxValues) in_.bad("pickle: more than {} objects", kMaxValues);
      break;

    case 'N':
      push(Kind::kNone);
      break;
    case '\x88':
      push_integer(1, Kind::kBool);
      break;
    case '\x89':
      push_integer(0, Kind::kBool);
      break;
    case 'K':
      push_integer(in_.u8("pickle integer"));
      break;
    case 'M':
      push_integer(in_.u16("pickle integer"));
      break;
    case 'J':
      push_integer(static_cast<int32_t>(in_.u32("pickle integer")));
      break;
    case '\x8a':
      long_integer(in_.u8("pickle integer length"));
      break;
    case '\x8b':
      long_integer(in_.u32("pickle integer length"));
      break;
    case 'I': {
      const std::string_view line = in_.line("pickle integer");
      if (line == "00" || line == "01") {
        push_integer(line == "01", Kind::kBool);
      } else {
        push_integer(parse<int64_t>(line));
      }
      break;
    }
    case 'L': {
      std::string_view line = in_.line("pickle integer");
      if (line.ends_with('L')) line.remove_suffix(1);
      push_integer(parse<int64_t>(line));
      break;
    }
    case 'F':
      push(Kind::kFloat)->real = parse<double>(in_.line("pickle float"));
      break;
    case 'G':
      push(Kind::kFloat)->real = std::bit_cast<double>(byteswap(in_.u64("pickle float")));
      break;

    case 'S':
      quoted_string();
      break;
    case 'V':
      push_text(in_.line("pickle text"));
      break;
    // Python 2's strings are bytes or text, as the reader needs.
    case 'T':
      push_text(in_.text(in_.u32("string length"), "pickle string"));
      break;
    case 'U':
      push_text(in_.text(in_.u8("string length"), "pickle string"));
      break;
    case 'X':
      push_text(in_.text(in_.u32("text length"), "pickle text"));
      break;
    case '\x8c':
      push_text(in_.text(in_.u8("text length"), "pickle text"));
      break;
    case '\x8d':
      push_text(in_.text(in_.u64("text length"), "pickle text"));
      break;
    case 'B':
      push_text(in_.text(in_.u32("bytes length"), "pickle bytes"), Kind::kBytes);
      break;
    case 'C':
      push_text(in_.text(in_.u8("bytes length"), "pickle bytes"), Kind::kBytes);
      break;
    case '\x8e':
    case '\x96':
      push_text(in_.text(in_.u64("bytes length"), "pickle bytes"), Kind::kBytes);
      break;

    case ')':
      push(Kind::kTuple);
      break;
    case '\x85':
      push_tuple(1);
      break;
    case '\x86':
      push_tuple(2);
      break;
    case '\x87':
      push_tuple(3);
      break;
    case 't':
    case '\x91': {  // TUPLE, FROZENSET
      auto items = pop_mark();
      push(Kind::kTuple)->items = std::move(items);
      break;
    }
    case ']':
    case '\x8f':
      push(Kind::kList);
      break;  // EMPTY_LIST, EMPTY_SET
    case 'l': {
      auto items = pop_mark();
      push(Kind::kList)->items = std::move(items);
      break;
    }
    case 'a': {
      const Value* item = pop();
      append(container(Kind::kList), {item});
      break;
    }
    case 'e':
    case '\x90': {  // APPENDS, ADDITEMS
      const auto items = pop_mark();
      append(container(Kind::kList), items);
      break;
    }
    case '}':
      push(Kind::kDict);
      break;
    case 'd': {
      auto items = pop_mark();
      push(Kind::kDict);
      set_items(items);
      break;
    }
    case 's': {
      const Value* value = pop();
      const Value* key = pop();
      set_items({key, value});
      break;
    }
    case 'u': {
      const auto items = pop_mark();
      set_items(items);
      break;
    }

    case 'p':
      put(parse<uint64_t>(in_.line("memo index")));
      break;
    case 'q':
      put(in_.u8("memo index"));
      break;
    case 'r':
      put(in_.u32("memo index"));
      break;
    case '\x94':
      put(memo_.size());
      break;
    case 'g':
      get(parse<uint64_t>(in_.line("memo index")));
      break;
    case 'h':
      get(in_.u8("memo index"));
      break;
    case 'j':
      get(in_.u32("memo index"));
      break;

    case 'c': {
      const std::string_view module = in_.line("module name");
      global(module, in_.line("global name"));
      break;
    }
    case '\x93': {
      const Value* name = pop();
      const Value* module = pop();
      if (!name->is(Kind::kText) || !module->is(Kind::kText)) in_.bad("pickle: a name is no text");
      global(module->text, name->text);
      break;
    }
    case 'R':
    case '\x81':
      call();
      break;
    case 'b':
      build();
      break;
    case 'P': {
      push_text(in_.line("persistent id"));
      persistent(pop());
      break;
    }
    case 'Q':
      persistent(pop());
      break;
    default:
      in_.bad("pickle: opcode 0x{:02x} is not one that tensors need", static_cast<uint8_t>(op));
  }
}

Pickle::Pickle(ByteReader& in) { root_ = PickleMachine(*this, in).run(); }

}  // namespace reel::io
