#include <charconv>
#include <optional>

#include <reel/io/npy.h>
#include <reel/io/pickle.h>
#include <reel/io/zip.h>

namespace reel {
namespace io {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
// numpy's own limit on what it parses without being told to trust the file.
constexpr uint32_t kMaxHeader = 10000;
constexpr size_t kMaxRank = 64;

struct DtypeName {
  std::string_view name;
  ScalarType type;
};
constexpr DtypeName kDtypes[] = {
    {"f4", kFloat},        {"f8", kDouble},         {"f2", kHalf}, {"i8", kLong},
    {"i4", kInt},          {"i2", kShort},          {"i1", kChar}, {"u1", kByte},
    {"c8", kComplexFloat}, {"c16", kComplexDouble}, {"b1", kBool},
};

std::optional<ScalarType> dtype_of(std::string_view name) {
  for (const auto& [known, type] : kDtypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string_view name_of(const std::string& where, ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) return name;
  }
  fail("{}: numpy has no dtype for {}", where, type);
}

struct NpyHeader {
  Shape sizes;
  ScalarType dtype = kFloat;
  bool big_endian = false;
  bool fortran = false;
  bool object = false;
  uint64_t numel = 0;
  uint64_t data_bytes() const { return numel * element_size(dtype); }
};

/// Parses the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3)}.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where, size_t base)
      : text_(text), where_(where), base_(base) {}

  NpyHeader parse() {
    NpyHeader header;
    std::string_view descr;
    bool seen_order = false, seen_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        if (peek() == '[') bad("structured arrays cannot be read");
        descr = quoted();
      } else if (key == "fortran_order") {
        header.fortran = boolean();
        seen_order = true;
      } else if (key == "shape") {
        header.sizes = tuple();
        seen_shape = true;
      } else {
        bad("unknown key \"{}\"", key);
      }
      if (!accept(',') && peek() != '}') bad("expected ',' or '}}'");
    }
    if (descr.empty() || !seen_order || !seen_shape) bad("descr, fortran_order or shape missing");
    set_dtype(header, descr);
    return header;
  }

 private:
  void set_dtype(NpyHeader& header, std::string_view descr) {
    if (descr == "|O") {
      header.object = true;
      return;
    }
    const char order = descr[0];
    const auto type = dtype_of(descr.substr(1));
    if (!type || (order != '<' && order != '>' && order != '|' && order != '=')) {
      bad("dtype '{}' cannot be read", descr);
    }
    header.dtype = *type;
    header.big_endian = order == '>';
    if (!checked_numel(header.sizes, element_size(*type), &header.numel)) {
      bad("the shape {} overflows", IntArrayRef(header.sizes));
    }
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad("expected '{}'", c);
  }
  std::string_view quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') bad("expected a quoted name");
    const size_t end = text_.find(quote, ++at_);
    if (end == text_.npos) bad("a quote that does not end");
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }
  bool boolean() {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    bad("expected True or False");
  }
  Shape tuple() {
    Shape sizes;
    expect('(');
    while (!accept(')')) {
      peek();
      int64_t size = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) bad("expected a size");
      at_ += static_cast<size_t>(end - begin);
      accept('L');  // Python 2 wrote 64L
      if (sizes.size() == kMaxRank) bad("more than {} dimensions", kMaxRank);
      sizes.push_back(size);
      if (!accept(',') && peek() != ')') bad("expected ',' or ')'");
    }
    return sizes;
  }
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: npy header: at byte {}: {}", where_, base_ + at_,
         fmt::format(format, static_cast<Args&&>(args)...));
  }

  std::string_view text_;
  const std::string& where_;
  size_t base_;
  size_t at_ = 0;
};

/// Reads the header from anything that has `read(void*, bytes)`.
template <class Source>
NpyHeader read_header(Source& in, const std::string& where) {
  uint8_t head[8];
  in.read(head, sizeof(head));
  if (std::memcmp(head, kMagic.data(), kMagic.size()) != 0) {
    fail("{}: at byte 0: not an .npy file (no \\x93NUMPY)", where);
  }
  const int version = head[6];
  if (version < 1 || version > 3) fail("{}: npy version {} is not known", where, version);
  uint32_t length = 0;
  const size_t width = version == 1 ? 2 : 4;
  in.read(&length, width);
  if (length > kMaxHeader) {
    fail("{}: at byte 8: an npy header of {} bytes is longer than {}", where, length, kMaxHeader);
  }
  std::string text(length, '\0');
  in.read(text.data(), length);
  return HeaderParser(text, where, sizeof(head) + width).parse();
}

/// Brings elements as they lie in the file into machine and C order.
Tensor in_order(const std::string& where, const Tensor& raw, const NpyHeader& header) {
  if (header.big_endian) {
    const size_t width = element_size(header.dtype) / (is_complex(header.dtype) ? 2 : 1);
    swap_bytes(raw.data_ptr(), raw.nbytes(), width);
  }
  if (header.dtype == kBool) check_bools(where, bytes_of(raw));
  return header.fortran ? from_fortran(raw, header.sizes) : raw;
}

template <class Source>
Tensor read_array(Source& in, const std::string& where, uint64_t total) {
  const NpyHeader header = read_header(in, where);
  if (header.object) {
    fail("{}: holds Python objects, not numbers; load_npy_dict reads a pickled dict", where);
  }
  if (header.data_bytes() != in.remaining()) {
    fail("{}: at byte {}: {} {} need {} bytes and {} are there", where, total - in.remaining(),
         header.dtype, IntArrayRef(header.sizes), header.data_bytes(), in.remaining());
  }
  Tensor raw = allocate_tensor(where, header.sizes, header.dtype);
  in.read(raw.data_ptr(), raw.nbytes());
  return in_order(where, raw, header);
}

/// The interface of EntryReader over a plain file.
struct FileSource {
  ByteReader reader;
  void read(void* out, uint64_t count) {
    const Bytes bytes = reader.take(count, "npy data");
    if (count > 0) std::memcpy(out, bytes.data(), count);
  }
  uint64_t remaining() const { return reader.remaining(); }
};

std::string npy_head(const std::string& where, const Tensor& tensor) {
  std::string shape;
  for (const int64_t size : tensor.sizes()) shape += fmt::format("{}, ", size);
  if (tensor.dim() > 1) shape.resize(shape.size() - 2);
  if (tensor.dim() == 1) shape.pop_back();
  const std::string_view name = name_of(where, tensor.dtype());
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                 element_size(tensor.dtype()) == 1 ? '|' : '<', name, shape);
  // The data begins at a multiple of 64 bytes, after 10 of magic, version and length.
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  text += '\n';
  std::string head(kMagic);
  head += {'\1', '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return head + text;
}

// ---- pickled arrays ----

const PickleValue* item(const PickleValue& value, PickleValue::Kind kind, size_t i) {
  return value.is(kind) && i < value.items.size() ? value.items[i] : nullptr;
}

/// The array that numpy's __reduce__ describes: _reconstruct(ndarray, (0,), b'b') with the state
/// (1, shape, dtype, fortran_order, bytes).
class PickledArrays {
 public:
  PickledArrays(std::string where, StateDict& out) : where_(std::move(where)), out_(out) {}

  void flatten(const std::string& name, const PickleValue& value, int depth = 0) {
    using Kind = PickleValue::Kind;
    // Objects can contain themselves; each visit counts.
    if (depth > 8 || ++visited_ > 1'000'000) {
      fail("{}: \"{}\": the pickled objects are nested too deeply or refer to themselves", where_,
           name.substr(0, 100));
    }
    if (is_array(value)) {
      insert_tensor(where_, out_, name, array(name, value));
    } else if (value.is(Kind::kList) || value.is(Kind::kTuple)) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        flatten(join(name, std::to_string(i)), *value.items[i], depth + 1);
      }
    } else if (value.is(Kind::kDict)) {
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const PickleValue& key = *value.items[i];
        if (key.is(Kind::kText) || key.is(Kind::kBytes)) {
          flatten(join(name, std::string(key.text)), *value.items[i + 1], depth + 1);
        } else if (key.is(Kind::kInt)) {
          flatten(join(name, std::to_string(key.integer)), *value.items[i + 1], depth + 1);
        }
      }
    }
  }

 private:
  static std::string join(const std::string& name, const std::string& part) {
    return name.empty() ? part : name + "." + part;
  }
  static bool is_array(const PickleValue& value) {
    return value.is_call("numpy.core.multiarray _reconstruct") ||
           value.is_call("numpy._core.multiarray _reconstruct");
  }
  [[noreturn]] void bad(const std::string& name, const char* what) const {
    fail("{}: \"{}\": the pickled array has {}", where_, name, what);
  }

  Tensor array(const std::string& name, const PickleValue& value) const {
    using Kind = PickleValue::Kind;
    if (value.items.size() < 3 || value.items[2]->items.size() != 5) bad(name, "no contents");
    const PickleValue& state = *value.items[2];
    const PickleValue& shape = *state.items[1];
    const PickleValue& data = *state.items[4];
    if (!shape.is(Kind::kTuple) || shape.items.size() > kMaxRank) bad(name, "no shape");
    NpyHeader header;
    for (const PickleValue* size : shape.items) {
      if (!size->is(Kind::kInt)) bad(name, "no shape");
      header.sizes.push_back(size->integer);
    }
    set_dtype(name, *state.items[2], header);
    header.fortran = state.items[3]->integer != 0;
    if (!data.is(Kind::kBytes) && !data.is(Kind::kText)) bad(name, "no bytes");
    if (!checked_numel(header.sizes, element_size(header.dtype), &header.numel)) {
      fail("{}: \"{}\": the shape {} overflows", where_, name, IntArrayRef(header.sizes));
    }
    if (header.data_bytes() != data.text.size()) {
      fail("{}: \"{}\": {} {} need {} bytes and {} are there", where_, name, header.dtype,
           IntArrayRef(header.sizes), header.data_bytes(), data.text.size());
    }
    Tensor raw = allocate_tensor(where_, header.sizes, header.dtype);
    if (!data.text.empty()) std::memcpy(raw.data_ptr(), data.text.data(), data.text.size());
    return in_order(fmt::format("{}: \"{}\"", where_, name), raw, header);
  }

  void set_dtype(const std::string& name, const PickleValue& dtype, NpyHeader& header) const {
    const PickleValue* code = dtype.is_call("numpy dtype", 1) ? &dtype.argument(0) : nullptr;
    if (code == nullptr || !code->is(PickleValue::Kind::kText)) bad(name, "no dtype");
    const auto type = dtype_of(code->text);
    if (!type) fail("{}: \"{}\": dtype '{}' cannot be read", where_, name, code->text);
    header.dtype = *type;
    if (dtype.items.size() < 3) return;
    const PickleValue* order = item(*dtype.items[2], PickleValue::Kind::kTuple, 1);
    header.big_endian = order != nullptr && order->text == ">";
  }

  std::string where_;
  StateDict& out_;
  size_t visited_ = 0;
};

}  // namespace
}  // namespace io

Tensor load_npy(const std::string& path) {
  const auto file = io::MappedFile::open("load_npy", path);
  io::FileSource in{io::ByteReader(file->bytes(), file->where())};
  return io::read_array(in, file->where(), file->bytes().size());
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const std::string where = "save_npy: " + path;
  const Tensor plain = io::to_contiguous_cpu(where, tensor);
  const std::string head = io::npy_head(where, plain);
  AtomicFile file("save_npy", path);
  file.write(head);
  file.write(plain.data_ptr(), plain.nbytes());
  file.commit();
}

StateDict load_npy_dict(const std::string& path) {
  const auto file = io::MappedFile::open("load_npy_dict", path);
  io::FileSource in{io::ByteReader(file->bytes(), file->where())};
  if (!io::read_header(in, file->where()).object) {
    fail("{}: holds an array of numbers, not a pickled dict; load_npy reads it", file->where());
  }
  const io::Pickle pickle(in.reader);
  const io::PickleValue* root = &pickle.root();
  // The 0-dimensional array of objects whose state is (1, (), dtype, False, [dict]).
  if (root->items.size() > 2 && root->items[2]->items.size() == 5) {
    root = root->items[2]->items[4];
    if (root->items.size() == 1) root = root->items[0];
  }
  if (!root->is(io::PickleValue::Kind::kDict)) {
    fail("{}: the pickled object is not a dict", file->where());
  }
  StateDict tensors;
  io::PickledArrays(file->where(), tensors).flatten("", *root);
  return tensors;
}

StateDict load_npz(const std::string& path) {
  const io::ZipReader zip(io::MappedFile::open("load_npz", path));
  StateDict tensors;
  for (const io::ZipEntry& entry : zip.entries()) {
    std::string name = entry.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    io::EntryReader in(zip, entry);
    Tensor tensor = io::read_array(in, in.where(), entry.size);
    in.finish();
    io::insert_tensor(zip.file()->where(), tensors, std::move(name), std::move(tensor));
  }
  return tensors;
}

void save_npz(const std::string& path, const StateDict& tensors, bool compress) {
  AtomicFile file("save_npz", path);
  io::ZipWriter zip(file);
  for (const auto& [name, tensor] : tensors) {
    const std::string where = fmt::format("save_npz: {}: \"{}\"", path, name);
    const Tensor plain = io::to_contiguous_cpu(where, tensor);
    zip.add(name + ".npy", io::npy_head(where, plain), io::bytes_of(plain), compress);
  }
  zip.finish();
  file.commit();
}

}  // namespace reel
