#include <unordered_map>

#include <reel/io/pickle.h>
#include <reel/io/pth.h>
#include <reel/io/zip.h>

namespace reel {
namespace io {
namespace {

using Kind = PickleValue::Kind;

struct StorageName {
  std::string_view name;
  ScalarType type;
};
constexpr StorageName kStorages[] = {
    {"FloatStorage", kFloat},
    {"DoubleStorage", kDouble},
    {"HalfStorage", kHalf},
    {"BFloat16Storage", kBFloat16},
    {"LongStorage", kLong},
    {"IntStorage", kInt},
    {"ShortStorage", kShort},
    {"CharStorage", kChar},
    {"ByteStorage", kByte},
    {"BoolStorage", kBool},
    {"ComplexFloatStorage", kComplexFloat},
    {"ComplexDoubleStorage", kComplexDouble},
};

/// What a persistent id says: ('storage', torch.FloatStorage, key, location, numel[, view]).
struct StorageId {
  std::string key;
  ScalarType dtype;
  uint64_t numel;
};

StorageId storage_id(const std::string& where, const PickleValue& value) {
  const PickleValue* id = value.is(Kind::kPersistent) ? value.items[0] : nullptr;
  if (id == nullptr || !id->is(Kind::kTuple) || id->items.size() < 5 ||
      id->items[0]->text != "storage" || !id->items[1]->is(Kind::kGlobal) ||
      !id->items[2]->is(Kind::kText) || !id->items[4]->is(Kind::kInt) ||
      id->items[4]->integer < 0) {
    fail("{}: its storage is malformed", where);
  }
  if (id->items.size() > 5 && !id->items[5]->is(Kind::kNone)) {
    fail("{}: its storage is a view of another one, as PyTorch 0.x wrote; save it anew", where);
  }
  const std::string_view type = id->items[1]->text;
  for (const auto& [name, dtype] : kStorages) {
    if (type.substr(type.find(' ') + 1) == name) {
      return {std::string(id->items[2]->text), dtype, static_cast<uint64_t>(id->items[4]->integer)};
    }
  }
  fail("{}: {} cannot be read", where, type);
}

/// Where the bytes of a storage come from; the two formats differ in nothing else.
class StorageSource {
 public:
  virtual ~StorageSource() = default;
  /// The whole storage as one contiguous tensor.
  virtual Tensor load(const std::string& where, const StorageId& id) = 0;
};

class PickledTensors {
 public:
  PickledTensors(std::string where, StorageSource& source)
      : where_(std::move(where)), source_(source) {}

  StateDict load(const PickleValue& root) {
    flatten("", root, 0);
    if (tensors_.empty()) fail("{}: holds no tensors", where_);
    return std::move(tensors_);
  }

 private:
  void flatten(const std::string& name, const PickleValue& value, int depth) {
    // Objects can contain themselves; each visit counts.
    if (depth > 16 || ++visited_ > 1'000'000) {
      fail("{}: \"{}\": the objects are nested too deeply or refer to themselves", where_,
           name.substr(0, 100));
    }
    if (value.is_call("torch._utils _rebuild_tensor_v2", 4) ||
        value.is_call("torch._utils _rebuild_tensor", 4)) {
      const std::string own = name.empty() ? "tensor" : name;
      insert_tensor(where_, tensors_, own, rebuild(own, value));
    } else if (value.is_call("torch._utils _rebuild_parameter", 1)) {
      flatten(name, value.argument(0), depth + 1);
    } else if (value.is(Kind::kDict)) {
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const PickleValue& key = *value.items[i];
        if (key.is(Kind::kText)) {
          flatten(join(name, std::string(key.text)), *value.items[i + 1], depth + 1);
        } else if (key.is(Kind::kInt)) {
          flatten(join(name, std::to_string(key.integer)), *value.items[i + 1], depth + 1);
        }
      }
    } else if (value.is(Kind::kList) || value.is(Kind::kTuple)) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        flatten(join(name, std::to_string(i)), *value.items[i], depth + 1);
      }
    }
  }
  static std::string join(const std::string& name, const std::string& part) {
    return name.empty() ? part : name + "." + part;
  }

  Shape numbers(const std::string& where, const PickleValue& value, const char* what) {
    if (value.is(Kind::kTuple) && value.items.size() <= 64) {
      Shape shape;
      for (const PickleValue* number : value.items) {
        if (!number->is(Kind::kInt) || number->integer < 0) break;
        shape.push_back(number->integer);
      }
      if (shape.size() == value.items.size()) return shape;
    }
    fail("{}: its {} is malformed", where, what);
  }

  /// _rebuild_tensor_v2(storage, storage_offset, size, stride, ...) of torch/_utils.py.
  Tensor rebuild(const std::string& name, const PickleValue& value) {
    const std::string where = fmt::format("{}: tensor \"{}\"", where_, name);
    const StorageId id = storage_id(where, value.argument(0));
    const Shape sizes = numbers(where, value.argument(2), "size");
    const Shape strides = numbers(where, value.argument(3), "stride");
    const PickleValue& offset = value.argument(1);
    if (!offset.is(Kind::kInt) || offset.integer < 0 || sizes.size() != strides.size()) {
      fail("{}: its storage offset or stride is malformed", where);
    }
    check_extent(where, id, offset.integer, sizes, strides);

    auto [at, is_new] = storages_.try_emplace(id.key);
    if (is_new) at->second = source_.load(where, id);
    const Tensor& whole = at->second;
    if (whole.dtype() != id.dtype || whole.numel() != static_cast<int64_t>(id.numel)) {
      fail("{}: storage {} is {} of {} elements here and {} of {} elsewhere", where, id.key,
           id.dtype, id.numel, whole.dtype(), whole.numel());
    }
    return Tensor(IntrusivePtr<TensorImpl>::adopt(
        new TensorImpl(whole.storage(), id.dtype, sizes, strides, offset.integer)));
  }

  static void check_extent(const std::string& where, const StorageId& id, int64_t offset,
                           const Shape& sizes, const Shape& strides) {
    uint64_t numel = 0;
    bool fits = checked_numel(sizes, element_size(id.dtype), &numel) &&
                static_cast<uint64_t>(offset) <= id.numel;
    int64_t last = offset;
    for (size_t i = 0; fits && numel > 0 && i < sizes.size(); ++i) {
      int64_t reach = 0;
      fits = !__builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) &&
             !__builtin_add_overflow(last, reach, &last);
    }
    if (!fits || (numel > 0 && static_cast<uint64_t>(last) >= id.numel)) {
      fail("{}: size {}, stride {} and offset {} reach outside storage {} of {} elements", where,
           IntArrayRef(sizes), IntArrayRef(strides), offset, id.key, id.numel);
    }
  }

  std::string where_;
  StorageSource& source_;
  StateDict tensors_;
  std::unordered_map<std::string, Tensor> storages_;
  size_t visited_ = 0;
};

/// Bytes in the file as a storage of the id's dtype and length.
Tensor storage_in_file(const std::string& where, const std::shared_ptr<const MappedFile>& file,
                       Bytes bytes, const StorageId& id) {
  uint64_t needed = 0;
  if (__builtin_mul_overflow(id.numel, element_size(id.dtype), &needed) || needed != bytes.size()) {
    fail("{}: storage {} of {} {} elements has {} bytes", where, id.key, id.numel, id.dtype,
         bytes.size());
  }
  if (id.dtype == kBool) check_bools(where, bytes);
  return tensor_in_file(file, bytes, {static_cast<int64_t>(id.numel)}, id.dtype);
}

// ---- the zip format: <name>/data.pkl and <name>/data/<key> ----

class ZipStorages final : public StorageSource {
 public:
  ZipStorages(const ZipReader& zip, std::string prefix) : zip_(zip), prefix_(std::move(prefix)) {}

  Tensor load(const std::string& where, const StorageId& id) override {
    const ZipEntry* entry = zip_.find(prefix_ + "data/" + id.key);
    if (entry == nullptr) {
      fail("{}: the archive has no entry \"{}data/{}\"", where, prefix_, id.key);
    }
    if (!entry->deflated) {
      check_stored(zip_, *entry);
      return storage_in_file(where, zip_.file(), entry->packed, id);
    }
    // torch.save never deflates, but an archive that was packed again can be read as well.
    const std::vector<uint8_t> bytes = read_entry(zip_, *entry);
    return storage_in_file(where, zip_.file(), bytes, id).clone();
  }

 private:
  const ZipReader& zip_;
  std::string prefix_;
};

StateDict load_zip(const std::shared_ptr<const MappedFile>& file) {
  const ZipReader zip(file);
  const ZipEntry* data = nullptr;
  constexpr std::string_view kData = "data.pkl";
  for (const ZipEntry& entry : zip.entries()) {
    if (entry.name == kData || entry.name.ends_with("/data.pkl")) {
      data = &entry;
      break;
    }
  }
  if (data == nullptr) {
    fail("{}: the archive has no data.pkl: it is no file of torch.save", file->where());
  }
  const std::string prefix = data->name.substr(0, data->name.size() - kData.size());
  if (zip.find(prefix + "constants.pkl") != nullptr) {
    fail("{}: is a TorchScript program; save the state_dict instead", file->where());
  }
  if (const ZipEntry* order = zip.find(prefix + "byteorder")) {
    const auto text = read_entry(zip, *order);
    if (std::string_view(reinterpret_cast<const char*>(text.data()), text.size()) != "little") {
      fail("{}: was written on a big-endian machine, which cannot be read", file->where());
    }
  }
  const std::vector<uint8_t> bytes = read_entry(zip, *data);
  ByteReader in(bytes, zip.where(*data));
  const Pickle pickle(in);
  ZipStorages storages(zip, prefix);
  return PickledTensors(file->where(), storages).load(pickle.root());
}

// ---- the legacy format: five pickles, then the storages one after the other ----

/// The bytes of 0x1950a86a20f9469cfc6c, little endian.
constexpr std::string_view kLegacyMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kLegacyProtocol = 1001;

class LegacyStorages final : public StorageSource {
 public:
  /// Reads where each storage lies. Its length in bytes follows from the element counts that the
  /// ids in `root` give, so the ids are gathered first.
  LegacyStorages(std::shared_ptr<const MappedFile> file, ByteReader& in, const PickleValue& keys,
                 const std::unordered_map<std::string, StorageId>& ids)
      : file_(std::move(file)) {
    if (!keys.is(Kind::kList)) in.bad("the list of storages is missing");
    for (const PickleValue* key : keys.items) {
      const auto id = ids.find(std::string(key->text));
      if (id == ids.end()) in.bad("storage {} belongs to no tensor", key->text.substr(0, 100));
      const uint64_t numel = in.u64("the length of a storage");
      uint64_t bytes = 0;
      if (__builtin_mul_overflow(numel, element_size(id->second.dtype), &bytes)) {
        in.bad("a storage of {} elements overflows", numel);
      }
      bytes_[id->first] = in.take(bytes, "a storage");
    }
  }

  Tensor load(const std::string& where, const StorageId& id) override {
    const auto found = bytes_.find(id.key);
    if (found == bytes_.end()) fail("{}: storage {} is not in the file", where, id.key);
    return storage_in_file(where, file_, found->second, id);
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::unordered_map<std::string, Bytes> bytes_;
};

/// Every storage id below `root`, whether or not a tensor uses it.
std::unordered_map<std::string, StorageId> storage_ids(const std::string& where,
                                                       const PickleValue& root) {
  std::unordered_map<std::string, StorageId> ids;
  std::unordered_map<const PickleValue*, bool> seen;
  std::vector<const PickleValue*> open = {&root};
  while (!open.empty()) {
    const PickleValue* value = open.back();
    open.pop_back();
    if (!seen.emplace(value, true).second) continue;
    if (value->is(Kind::kPersistent)) {
      StorageId id = storage_id(where, *value);
      ids.emplace(id.key, id);
    } else {
      open.insert(open.end(), value->items.begin(), value->items.end());
    }
  }
  return ids;
}

StateDict load_legacy(const std::shared_ptr<const MappedFile>& file) {
  ByteReader in(file->bytes(), file->where());
  const Pickle magic(in);
  if (magic.root().text != kLegacyMagic)
    in.bad("no legacy file of torch.save (wrong magic number)");
  const Pickle protocol(in);
  if (protocol.root().integer != kLegacyProtocol) {
    in.bad("protocol {} of torch.save is not known", protocol.root().integer);
  }
  const Pickle system(in);
  for (size_t i = 0; i + 1 < system.root().items.size(); i += 2) {
    if (system.root().items[i]->text == "little_endian" &&
        system.root().items[i + 1]->integer == 0) {
      in.bad("was written on a big-endian machine, which cannot be read");
    }
  }
  const Pickle object(in);
  const Pickle keys(in);
  LegacyStorages storages(file, in, keys.root(), storage_ids(file->where(), object.root()));
  return PickledTensors(file->where(), storages).load(object.root());
}

}  // namespace
}  // namespace io

StateDict load_pth(const std::string& path) {
  const auto file = io::MappedFile::open("load_pth", path);
  const io::Bytes bytes = file->bytes();
  if (bytes.size() >= 4 && std::memcmp(bytes.data(), "PK\3\4", 4) == 0) return io::load_zip(file);
  if (bytes.size() >= 2 && bytes[0] == 0x80) return io::load_legacy(file);
  fail("{}: at byte 0: is neither a zip archive nor a pickle, so no file of torch.save",
       file->where());
}

}  // namespace reel
