#include <algorithm>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include <reel/io/atomic_file.h>
#include <reel/io/bytes.h>
#include <reel/io/safetensors.h>

namespace reel {
namespace io {
namespace {

using Json = nlohmann::json;

// The format's own limit.
constexpr uint64_t kMaxHeader = 100'000'000;
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeName {
  const char* name;
  ScalarType type;
};
constexpr DtypeName kDtypes[] = {
    {"F32", kFloat}, {"F16", kHalf},  {"BF16", kBFloat16}, {"F64", kDouble}, {"I64", kLong},
    {"I32", kInt},   {"I16", kShort}, {"I8", kChar},       {"U8", kByte},    {"BOOL", kBool},
};

const char* name_of(ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) return name;
  }
  return nullptr;
}

/// The header as JSON: depth and doubled names are checked while it is read.
Json parse_header(const std::string& where, std::string_view text) {
  std::unordered_set<std::string> names;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 4) fail("{}: the header is nested too deeply", where);
    if (depth == 1 && event == Json::parse_event_t::key &&
        !names.insert(parsed.get<std::string>()).second) {
      fail("{}: tensor \"{}\" is there twice", where, parsed.get<std::string>());
    }
    return true;
  };
  try {
    Json header = Json::parse(text, check);
    if (!header.is_object()) fail("{}: the header is not a JSON object", where);
    return header;
  } catch (const Json::parse_error& error) {
    fail("{}: at byte {}: the header is not JSON ({})", where, 8 + error.byte, error.what());
  }
}

struct Entry {
  std::string name;
  ScalarType dtype;
  Shape sizes;
  uint64_t begin, end;
};

/// A whole number that fits 63 bits, or an error.
int64_t whole(const std::string& where, const Json& value, const char* what) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    fail("{}: {} is not a whole number", where, what);
  }
  return value.get<int64_t>();
}

Entry read_entry(const std::string& file, const std::string& name, const Json& value,
                 uint64_t data_offset, uint64_t data_bytes) {
  const std::string where = fmt::format("{}: tensor \"{}\"", file, name);
  const auto dtype = value.find("dtype"), shape = value.find("shape"),
             offsets = value.find("data_offsets");
  if (!value.is_object() || dtype == value.end() || !dtype->is_string() || shape == value.end() ||
      !shape->is_array() || offsets == value.end() || !offsets->is_array() ||
      offsets->size() != 2) {
    fail("{}: dtype, shape or data_offsets is missing or malformed", where);
  }
  const auto* known = std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const DtypeName& d) {
    return dtype->get_ref<const std::string&>() == d.name;
  });
  if (known == std::end(kDtypes)) {
    fail("{}: dtype {} cannot be read", where, dtype->get<std::string>());
  }
  Entry entry = {name, known->type, {}, 0, 0};
  if (shape->size() > 64) fail("{}: more than 64 dimensions", where);
  for (const Json& size : *shape) entry.sizes.push_back(whole(where, size, "a size"));
  entry.begin = static_cast<uint64_t>(whole(where, (*offsets)[0], "data_offsets"));
  entry.end = static_cast<uint64_t>(whole(where, (*offsets)[1], "data_offsets"));
  if (entry.begin > entry.end || entry.end > data_bytes) {
    fail("{}: data_offsets [{}, {}] (bytes {} to {} of the file) lie outside its {} bytes", where,
         entry.begin, entry.end, data_offset + entry.begin, data_offset + entry.end,
         data_offset + data_bytes);
  }
  uint64_t numel = 0;
  const size_t width = element_size(entry.dtype);
  if (!checked_numel(entry.sizes, width, &numel)) {
    fail("{}: the shape {} overflows", where, IntArrayRef(entry.sizes));
  }
  if (numel * width != entry.end - entry.begin) {
    fail("{}: {} {} need {} bytes, data_offsets [{}, {}] hold {} (at byte {})", where, entry.dtype,
         IntArrayRef(entry.sizes), numel * width, entry.begin, entry.end, entry.end - entry.begin,
         data_offset + entry.begin);
  }
  return entry;
}

void read_metadata(const std::string& where, const Json& header, Metadata* metadata) {
  const auto found = header.find(kMetadataKey);
  if (found == header.end()) return;
  if (!found->is_object()) fail("{}: {} is not a JSON object", where, kMetadataKey);
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) fail("{}: {}: \"{}\" is not text", where, kMetadataKey, key);
    if (metadata != nullptr) (*metadata)[key] = value.get<std::string>();
  }
}

}  // namespace
}  // namespace io

StateDict load_safetensors(const std::string& path, Metadata* metadata) {
  const auto file = io::MappedFile::open("load_safetensors", path);
  const std::string& where = file->where();
  io::ByteReader in(file->bytes(), where);
  const uint64_t length = in.u64("the header's length");
  if (length > io::kMaxHeader) {
    fail("{}: at byte 0: a header of {} bytes is more than the format allows ({})", where, length,
         io::kMaxHeader);
  }
  const io::Json header = io::parse_header(where, in.text(length, "the header"));
  const uint64_t data_offset = in.position();
  const io::Bytes data = in.take(in.remaining(), "data");

  io::read_metadata(where, header, metadata);
  std::vector<io::Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == io::kMetadataKey) continue;
    entries.push_back(io::read_entry(where, name, value, data_offset, data.size()));
  }
  std::sort(entries.begin(), entries.end(), [](const io::Entry& a, const io::Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });

  StateDict tensors;
  uint64_t position = 0;
  for (const io::Entry& entry : entries) {
    if (entry.begin != position) {
      fail(
          "{}: tensor \"{}\": its data begin at {} (byte {} of the file), but the data before end "
          "at {}: they {}",
          where, entry.name, entry.begin, data_offset + entry.begin, position,
          entry.begin < position ? "overlap" : "leave a hole");
    }
    position = entry.end;
    const io::Bytes bytes = data.subspan(entry.begin, entry.end - entry.begin);
    if (entry.dtype == kBool) {
      io::check_bools(fmt::format("{}: tensor \"{}\"", where, entry.name), bytes);
    }
    tensors.insert(entry.name, io::tensor_in_file(file, bytes, entry.sizes, entry.dtype));
  }
  if (position != data.size()) {
    fail("{}: {} bytes at the end (from byte {}) belong to no tensor", where,
         data.size() - position, data_offset + position);
  }
  return tensors;
}

void save_safetensors(const std::string& path, const StateDict& tensors, const Metadata& metadata) {
  const std::string where = "save_safetensors: " + path;
  std::vector<const StateDict::Item*> items;
  for (const auto& item : tensors) {
    if (!item.second.defined()) fail("{}: tensor \"{}\" is undefined", where, item.first);
    items.push_back(&item);
  }
  std::stable_sort(items.begin(), items.end(), [](const auto* a, const auto* b) {
    return a->second.element_size() > b->second.element_size();
  });

  io::Json header = io::Json::object();
  if (!metadata.empty()) header[io::kMetadataKey] = metadata;
  uint64_t position = 0;
  for (const auto* item : items) {
    const auto& [name, tensor] = *item;
    const char* dtype = io::name_of(tensor.dtype());
    if (dtype == nullptr) {
      fail("{}: tensor \"{}\": safetensors has no dtype for {}", where, name, tensor.dtype());
    }
    if (name == io::kMetadataKey) fail("{}: no tensor can be named {}", where, name);
    const uint64_t end = position + tensor.nbytes();
    header[name] = {
        {"dtype", dtype}, {"shape", tensor.sizes().vec()}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const io::Json::exception&) {
    fail("{}: a name or a note is not UTF-8 text", where);
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');

  AtomicFile file("save_safetensors", path);
  const uint64_t length = text.size();
  file.write(&length, sizeof(length));
  file.write(text);
  for (const auto* item : items) {
    const Tensor plain = io::to_contiguous_cpu(where, item->second);
    file.write(plain.data_ptr(), plain.nbytes());
  }
  file.commit();
}

}  // namespace reel
