#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>

#include <reel/io/bytes.h>
#include <reel/io/inflate.h>
#include <reel/io/mat.h>

namespace reel {
namespace io {
namespace {

// "MAT-File Format", MathWorks: data types and array classes of level 5.
enum MatType : uint32_t { kCompressed = 15, kMatrix = 14 };
enum MatClass : uint32_t { kCellClass = 1, kStructClass = 2, kCharClass = 4, kDoubleClass = 6 };
constexpr uint32_t kComplexFlag = 0x800;
constexpr size_t kHeaderSize = 128;
constexpr int kMaxDepth = 16;

/// How numbers lie in the file: MATLAB stores an array in the smallest type that holds its values.
struct NumberType {
  size_t width = 0;
  ScalarType type = kDouble;
  bool is_unsigned = false;  // for which there is no ScalarType
};

std::optional<NumberType> number_type(uint32_t type) {
  switch (type) {
    case 1:
      return NumberType{1, kChar};
    case 2:
      return NumberType{1, kByte};
    case 3:
      return NumberType{2, kShort};
    case 4:
      return NumberType{2, kShort, true};
    case 5:
      return NumberType{4, kInt};
    case 6:
      return NumberType{4, kInt, true};
    case 7:
      return NumberType{4, kFloat};
    case 9:
      return NumberType{8, kDouble};
    case 12:
      return NumberType{8, kLong};
    case 13:
      return NumberType{8, kLong, true};
    case 16:
      return NumberType{1, kByte};  // UTF-8
    default:
      return std::nullopt;
  }
}

/// What an array of a MATLAB class becomes.
ScalarType dtype_of_class(uint32_t mat_class) {
  constexpr ScalarType kTypes[] = {kDouble, kFloat, kChar, kByte, kShort,
                                   kInt,    kInt,   kLong, kLong, kLong};
  return kTypes[mat_class - kDoubleClass];
}

/// One array: numbers, text, a cell array or a struct array.
struct MatValue {
  std::string name;
  uint32_t mat_class = kDoubleClass;
  Shape sizes;
  uint64_t numel = 0;
  NumberType stored;
  bool big_endian = false;
  Bytes data;
  /// Cells in column-major order; of structs, the fields of the first, the second...
  std::vector<MatValue> children;
  std::vector<std::string> fields;

  bool is_numeric() const { return mat_class >= kDoubleClass; }
  /// The field of a single struct, or nullptr.
  const MatValue* field(std::string_view wanted) const {
    for (size_t i = 0; i < fields.size() && i < children.size(); ++i) {
      if (fields[i] == wanted) return &children[i];
    }
    return nullptr;
  }
  /// Text in ASCII; wider characters are stored two bytes each.
  std::string text() const {
    std::string out;
    if (mat_class != kCharClass) return out;
    for (size_t i = 0; i + stored.width <= data.size(); i += stored.width) {
      out += static_cast<char>(data[big_endian ? i + stored.width - 1 : i]);
    }
    return out;
  }
};

class MatFile {
 public:
  explicit MatFile(const std::string& op, const std::string& path)
      : file_(MappedFile::open(op, path)) {
    const Bytes bytes = file_->bytes();
    ByteReader in(bytes, where());
    const std::string_view text = in.text(kHeaderSize - 4, "the header of a MATLAB file");
    if (text.starts_with("MATLAB 7.3")) {
      fail("{}: is a MATLAB 7.3 (HDF5) file; save it with \"-v7\"", where());
    }
    in.take(2, "version");
    const std::string_view order = in.text(2, "byte order");
    if (order != "IM" && order != "MI") fail("{}: at byte 126: no MATLAB 5 file", where());
    in.set_big_endian(order == "MI");
    while (in.remaining() > 0) {
      const Element element = read_element(in);
      if (element.type == kCompressed) {
        read_compressed(element, order == "MI");
      } else if (element.type == kMatrix) {
        ByteReader inner = in.over(element.data, element.offset);
        variables_.push_back(read_matrix(inner, 0));
      }
    }
  }

  const std::string& where() const { return file_->where(); }
  const std::vector<MatValue>& variables() const { return variables_; }

  /// The numbers in C order.
  Tensor tensor(const std::string& name, const MatValue& value) const {
    const std::string here = fmt::format("{}: \"{}\"", where(), name);
    const auto [width, type, is_unsigned] = value.stored;
    Tensor raw = allocate_tensor(here, {static_cast<int64_t>(value.numel)}, type);
    if (value.numel > 0) std::memcpy(raw.data_ptr(), value.data.data(), raw.nbytes());
    if (value.big_endian) swap_bytes(raw.data_ptr(), raw.nbytes(), width);
    if (is_unsigned) raw = widen(here, raw);
    return from_fortran(raw, value.sizes).to(dtype_of_class(value.mat_class));
  }

 private:
  struct Element {
    uint32_t type;
    Bytes data;
    uint64_t offset;  // of the data, from the beginning of the reader's bytes
  };

  Element read_element(ByteReader& in) {
    const uint32_t first = in.u32("a data element");
    if (first >> 16 != 0) {
      // A small element: type, length and up to 4 bytes in 8.
      const Bytes four = in.take(4, "a small data element");
      if (first >> 16 > 4) in.bad("a small data element of {} bytes", first >> 16);
      return {first & 0xffff, four.first(first >> 16), in.position() - 4};
    }
    const uint32_t size = in.u32("the length of a data element");
    const uint64_t offset = in.position();
    const Bytes data = in.take(size, "a data element");
    // Padded to 8 bytes, except for what is compressed; the last one may lack its padding.
    if (first != kCompressed) in.take(std::min<uint64_t>((8 - size % 8) % 8, in.remaining()), "");
    return {first, data, offset};
  }

  void read_compressed(const Element& element, bool big_endian) {
    const std::string here =
        fmt::format("{}: compressed element at byte {}", where(), element.offset);
    Inflater inflater(element.data, Wrapping::kZlib, here);
    uint8_t tag[8];
    inflater.read(tag, sizeof(tag));
    ByteReader head(tag, here, 0, big_endian);
    if (head.u32("type") != kMatrix) head.bad("holds no array");
    const uint32_t size = head.u32("length");
    check_inflated_size(here, element.data.size(), size);
    auto& buffer = inflated_.emplace_back(size);
    inflater.read(buffer.data(), size);
    ByteReader in(buffer, here, sizeof(tag), big_endian);
    variables_.push_back(read_matrix(in, 0));
  }

  Bytes expect(ByteReader& in, uint32_t type, const char* what) {
    const Element element = read_element(in);
    if (element.type != type) in.bad("{} has the type {}", what, element.type);
    return element.data;
  }

  MatValue read_matrix(ByteReader& in, int depth) {
    if (depth > kMaxDepth) in.bad("arrays are nested more than {} deep", kMaxDepth);
    MatValue value;
    value.sizes = {0, 0};
    if (in.remaining() == 0) return value;  // an empty cell
    ByteReader flags = sub(in, 6, "array flags");
    const uint32_t bits = flags.u32("array flags");
    value.mat_class = bits & 0xff;
    ByteReader sizes = sub(in, 5, "dimensions");
    value.sizes.resize(0);
    while (sizes.remaining() >= 4) {
      if (value.sizes.size() == 32) in.bad("more than 32 dimensions");
      value.sizes.push_back(static_cast<int32_t>(sizes.u32("dimension")));
    }
    if (!checked_numel(value.sizes, 16, &value.numel)) {
      in.bad("the dimensions {} overflow", IntArrayRef(value.sizes));
    }
    const Bytes name = expect(in, 1, "the name");
    value.name.assign(name.begin(), name.end());
    if (bits & kComplexFlag) in.bad("\"{}\" is complex, which cannot be read", value.name);

    if (value.mat_class == kCellClass) {
      read_children(in, value, value.numel, depth);
    } else if (value.mat_class == kStructClass) {
      read_fields(in, value);
      uint64_t count = 0;
      if (__builtin_mul_overflow(value.numel, value.fields.size(), &count)) {
        in.bad("\"{}\" has too many fields", value.name);
      }
      read_children(in, value, count, depth);
    } else if (value.mat_class == kCharClass || (value.is_numeric() && value.mat_class <= 15)) {
      read_numbers(in, value);
    } else {
      in.bad("\"{}\" is an array of class {} (sparse or an object), which cannot be read",
             value.name, value.mat_class);
    }
    return value;
  }

  ByteReader sub(ByteReader& in, uint32_t type, const char* what) {
    const Element element = read_element(in);
    if (element.type != type) in.bad("{} have the type {}", what, element.type);
    return in.over(element.data, element.offset);
  }

  void read_children(ByteReader& in, MatValue& value, uint64_t count, int depth) {
    for (uint64_t i = 0; i < count; ++i) {
      const Element element = read_element(in);
      if (element.type != kMatrix) in.bad("an array is expected, not type {}", element.type);
      ByteReader inner = in.over(element.data, element.offset);
      value.children.push_back(read_matrix(inner, depth + 1));
    }
  }

  void read_fields(ByteReader& in, MatValue& value) {
    ByteReader length = sub(in, 5, "field name lengths");
    const uint32_t width = length.u32("field name length");
    const Bytes names = expect(in, 1, "field names");
    if (names.empty()) return;
    if (width == 0 || width > 1024 || names.size() % width != 0) {
      in.bad("field names of {} bytes each do not fill {} bytes", width, names.size());
    }
    for (size_t i = 0; i < names.size(); i += width) {
      const auto* text = reinterpret_cast<const char*>(names.data() + i);
      value.fields.emplace_back(text, strnlen(text, width));
    }
  }

  void read_numbers(ByteReader& in, MatValue& value) {
    const Element element = read_element(in);
    const auto stored = number_type(element.type);
    if (!stored) in.bad("\"{}\" has numbers of the unknown type {}", value.name, element.type);
    value.stored = *stored;
    value.big_endian = in.big_endian();
    value.data = element.data;
    if (value.is_numeric() && value.numel * stored->width != element.data.size()) {
      in.bad("\"{}\" of shape {} needs {} bytes and has {}", value.name, IntArrayRef(value.sizes),
             value.numel * stored->width, element.data.size());
    }
  }

  /// Numbers without a sign, read as if they had one, in the next larger type.
  static Tensor widen(const std::string& here, const Tensor& raw) {
    if (raw.dtype() == kLong) {
      for (int64_t i = 0; i < raw.numel(); ++i) {
        if (raw.data_ptr<int64_t>()[i] < 0) fail("{}: element {} does not fit Long", here, i);
      }
      return raw;
    }
    const bool is_short = raw.dtype() == kShort;
    Tensor wide = allocate_tensor(here, raw.sizes(), is_short ? kInt : kLong);
    for (int64_t i = 0; i < raw.numel(); ++i) {
      if (is_short) {
        wide.data_ptr<int32_t>()[i] = static_cast<uint16_t>(raw.data_ptr<int16_t>()[i]);
      } else {
        wide.data_ptr<int64_t>()[i] = static_cast<uint32_t>(raw.data_ptr<int32_t>()[i]);
      }
    }
    return wide;
  }

  std::shared_ptr<const MappedFile> file_;
  std::deque<std::vector<uint8_t>> inflated_;
  std::vector<MatValue> variables_;
};

std::string join(const std::string& name, const std::string& part) {
  return name.empty() ? part : name + "." + part;
}

void flatten(const MatFile& file, const std::string& name, const MatValue& value, StateDict& out) {
  if (value.is_numeric()) {
    insert_tensor(file.where(), out, name, file.tensor(name, value));
    return;
  }
  for (size_t i = 0; i < value.children.size(); ++i) {
    if (value.fields.empty()) {
      flatten(file, join(name, std::to_string(i)), value.children[i], out);
      continue;
    }
    const size_t fields = value.fields.size();
    const std::string element = value.numel == 1 ? name : join(name, std::to_string(i / fields));
    flatten(file, join(element, value.fields[i % fields]), value.children[i], out);
  }
}

const MatValue* find_in(const MatFile& file, std::string_view wanted) {
  for (const MatValue& variable : file.variables()) {
    if (variable.name == wanted) return &variable;
    if (variable.name == "net") {
      if (const MatValue* found = variable.field(wanted)) return found;
    }
  }
  return nullptr;
}

void add_convolution(const MatFile& file, const std::string& name, const MatValue& filters,
                     const MatValue& biases, StateDict& out) {
  Tensor weight = file.tensor(name + ".weight", filters).to(kFloat);
  if (weight.dim() > 4) {
    fail("{}: layer \"{}\": filters of shape {} are not (height, width, in, out)", file.where(),
         name, weight.sizes());
  }
  // MATLAB drops trailing dimensions of size one.
  while (weight.dim() < 4) weight = weight.unsqueeze(-1);
  weight = weight.permute({3, 2, 0, 1}).contiguous();
  const Tensor bias = file.tensor(name + ".bias", biases).to(kFloat).flatten();
  if (bias.numel() != weight.size(0)) {
    fail("{}: layer \"{}\": {} biases for filters (out, in, height, width) {}", file.where(), name,
         bias.numel(), weight.sizes());
  }
  insert_tensor(file.where(), out, name + ".weight", weight);
  insert_tensor(file.where(), out, name + ".bias", bias);
}

std::vector<double> average_image(const MatFile& file) {
  const MatValue* normalization = find_in(file, "normalization");
  if (const MatValue* meta = find_in(file, "meta")) {
    if (const MatValue* inside = meta->field("normalization")) normalization = inside;
  }
  const MatValue* image = normalization ? normalization->field("averageImage") : nullptr;
  if (image == nullptr || !image->is_numeric() || image->numel == 0) return {};
  const Tensor pixels = file.tensor("averageImage", *image).to(kDouble);
  // (height, width, 3), or just three numbers.
  const int64_t channels = pixels.dim() == 3 ? pixels.size(2) : pixels.numel();
  const Tensor columns = pixels.reshape({-1, channels}).contiguous();
  std::vector<double> mean(static_cast<size_t>(channels));
  const double* values = columns.data_ptr<double>();
  for (int64_t i = 0; i < columns.numel(); ++i) {
    mean[static_cast<size_t>(i % channels)] += values[i] / static_cast<double>(columns.size(0));
  }
  return mean;
}

}  // namespace
}  // namespace io

StateDict load_mat(const std::string& path) {
  const io::MatFile file("load_mat", path);
  StateDict tensors;
  for (const io::MatValue& variable : file.variables()) {
    io::flatten(file, variable.name, variable, tensors);
  }
  return tensors;
}

MatConvNet load_matconvnet(const std::string& path) {
  const io::MatFile file("load_matconvnet", path);
  const io::MatValue* layers = io::find_in(file, "layers");
  if (layers == nullptr || layers->mat_class != io::kCellClass) {
    fail("{}: has no cell array \"layers\", so no MatConvNet model", file.where());
  }
  MatConvNet net;
  for (const io::MatValue& layer : layers->children) {
    const io::MatValue* name = layer.field("name");
    const io::MatValue* type = layer.field("type");
    if (name == nullptr || type == nullptr || type->text() != "conv") continue;
    const io::MatValue* filters = layer.field("filters");
    const io::MatValue* biases = layer.field("biases");
    if (const io::MatValue* weights = layer.field("weights");
        weights != nullptr && weights->children.size() == 2) {
      filters = &weights->children[0];
      biases = &weights->children[1];
    }
    if (filters == nullptr || biases == nullptr || !filters->is_numeric() ||
        !biases->is_numeric()) {
      fail("{}: layer \"{}\" has no weights", file.where(), name->text());
    }
    io::add_convolution(file, name->text(), *filters, *biases, net.tensors);
  }
  net.average_image = io::average_image(file);
  return net;
}

}  // namespace reel
