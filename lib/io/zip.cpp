#include <algorithm>
#include <zlib.h>

#include <reel/io/zip.h>

namespace reel::io {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64LocatorSize = 20;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kEncryptedFlag = 1;
constexpr uint16_t kUtf8Flag = 1 << 11;
constexpr uint16_t kZip64Extra = 1;
constexpr uint32_t kMax32 = 0xffffffff;

uint32_t crc_of(uint32_t crc, const void* data, uint64_t bytes) {
  return static_cast<uint32_t>(crc32_z(crc, static_cast<const Bytef*>(data), bytes));
}

/// Where the list of entries lies and how many there are.
struct Directory {
  uint64_t entries, size, offset;
};

Directory find_directory(const MappedFile& file) {
  const Bytes bytes = file.bytes();
  ByteReader in(bytes, file.where());
  const size_t least = bytes.size() < kEndSize + 0xffff ? 0 : bytes.size() - kEndSize - 0xffff;
  for (size_t at = bytes.size() < kEndSize ? 0 : bytes.size() - kEndSize + 1; at-- > least;) {
    in.seek(at, "the end of the zip directory");
    if (in.remaining() < kEndSize || in.u32("signature") != kEnd) continue;
    in.take(6, "disk numbers");
    Directory found = {in.u16("entry count"), in.u32("directory size"), in.u32("directory offset")};
    if (in.u16("comment length") > in.remaining()) continue;
    const bool zip64 = found.entries == 0xffff || found.size == kMax32 || found.offset == kMax32;
    if (zip64 && at >= kEnd64LocatorSize) {
      in.seek(at - kEnd64LocatorSize, "the zip64 locator");
      if (in.u32("signature") == kEnd64Locator) {
        in.take(4, "disk number");
        in.seek(in.u64("zip64 offset"), "the zip64 directory end");
        if (in.u32("signature") != kEnd64) in.bad("no zip64 directory end here");
        in.take(28, "zip64 directory end");
        found.entries = in.u64("entry count");
        found.size = in.u64("directory size");
        found.offset = in.u64("directory offset");
      }
    }
    return found;
  }
  fail("{}: no zip directory at the end of its {} bytes (is the file truncated?)", file.where(),
       bytes.size());
}

/// Replaces the sizes that did not fit 32 bits by those of the zip64 field.
void read_zip64_extra(Bytes extra, const std::string& where, uint64_t* size, uint64_t* packed,
                      uint64_t* offset) {
  ByteReader in(extra, where + ": extra field");
  while (in.remaining() >= 4) {
    const uint16_t id = in.u16("field id");
    const uint16_t length = in.u16("field length");
    if (id != kZip64Extra) {
      in.take(length, "field");
      continue;
    }
    for (uint64_t* value : {size, packed, offset}) {
      if (*value == kMax32) *value = in.u64("zip64 size");
    }
    return;
  }
}

}  // namespace

ZipReader::ZipReader(std::shared_ptr<const MappedFile> file, const InflateLimits& limits)
    : file_(std::move(file)) {
  const Bytes bytes = file_->bytes();
  const Directory directory = find_directory(*file_);
  ByteReader in(bytes, file_->where());
  in.seek(directory.offset, "the zip directory");
  // 46 bytes is the shortest entry: a count beyond that is a lie.
  if (directory.entries > in.remaining() / 46) {
    in.bad("the zip directory cannot hold {} entries in {} bytes", directory.entries,
           in.remaining());
  }
  uint64_t total = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (in.u32("directory entry") != kCentralHeader) in.bad("no zip directory entry here");
    in.take(4, "versions");
    const uint16_t flags = in.u16("flags");
    const uint16_t method = in.u16("method");
    in.take(4, "time");
    ZipEntry entry;
    entry.crc = in.u32("checksum");
    uint64_t packed = in.u32("packed size");
    entry.size = in.u32("size");
    const uint16_t name_length = in.u16("name length");
    const uint16_t extra_length = in.u16("extra length");
    const uint16_t comment_length = in.u16("comment length");
    in.take(8, "attributes");
    uint64_t offset = in.u32("offset");
    entry.name = in.text(name_length, "entry name");
    const Bytes extra = in.take(extra_length, "extra field");
    in.take(comment_length, "comment");
    const std::string here = where(entry);
    read_zip64_extra(extra, here, &entry.size, &packed, &offset);
    if (flags & kEncryptedFlag) fail("{} is encrypted", here);
    if (method != kStored && method != kDeflated) {
      fail("{} is packed by method {}; only stored (0) and deflated (8) can be read", here, method);
    }
    entry.deflated = method == kDeflated;
    if (!entry.deflated && packed != entry.size) {
      fail("{} is stored, but its sizes differ: {} and {}", here, packed, entry.size);
    }

    ByteReader local(bytes, here);
    local.seek(offset, "the local header");
    if (local.u32("local header") != kLocalHeader) local.bad("no local header here");
    local.take(22, "local header");
    const uint16_t local_name = local.u16("name length");
    const uint16_t local_extra = local.u16("extra length");
    if (local.text(local_name, "name") != entry.name) {
      local.bad("the local header has another name");
    }
    local.take(local_extra, "extra field");
    entry.packed = local.take(packed, "data");
    if (entry.deflated) check_inflated_size(here, packed, entry.size, limits);
    // Entries that overlap can claim the same bytes many times over.
    if (__builtin_add_overflow(total, entry.size, &total) ||
        (total > limits.free_bytes && total / limits.ratio > bytes.size())) {
      fail("{}: {} bytes would become {} or more, which looks like a zip bomb", here, bytes.size(),
           total);
    }
    entries_.push_back(std::move(entry));
  }
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string ZipReader::where(const ZipEntry& entry) const {
  return fmt::format("{}: entry \"{}\"", file_->where(), entry.name);
}

EntryReader::EntryReader(const ZipReader& zip, const ZipEntry& entry)
    : entry_(entry), where_(zip.where(entry)) {
  if (entry.deflated) {
    inflater_ = std::make_unique<Inflater>(entry.packed, Wrapping::kRaw, where_);
  }
}

void EntryReader::read(void* out, uint64_t count) {
  if (count > remaining()) {
    fail("{}: at byte {}: {} bytes are needed and {} are left", where_, position_, count,
         remaining());
  }
  if (count == 0) return;
  if (inflater_) {
    inflater_->read(out, count);
  } else {
    std::memcpy(out, entry_.packed.data() + position_, count);
  }
  crc_ = crc_of(crc_, out, count);
  position_ += count;
}

void EntryReader::finish() {
  if (remaining() > 0) fail("{}: {} bytes more than expected", where_, remaining());
  if (inflater_) inflater_->finish();
  if (crc_ != entry_.crc) {
    fail("{}: the checksum is {:08x}, the archive says {:08x}: the data is damaged", where_, crc_,
         entry_.crc);
  }
}

std::vector<uint8_t> read_entry(const ZipReader& zip, const ZipEntry& entry) {
  EntryReader reader(zip, entry);
  std::vector<uint8_t> out(entry.size);
  reader.read(out.data(), out.size());
  reader.finish();
  return out;
}

void check_stored(const ZipReader& zip, const ZipEntry& entry) {
  const uint32_t crc = crc_of(0, entry.packed.data(), entry.packed.size());
  if (crc != entry.crc) {
    fail("{}: the checksum is {:08x}, the archive says {:08x}: the data is damaged",
         zip.where(entry), crc, entry.crc);
  }
}

namespace {

/// Little-endian fields one after the other.
class Fields {
 public:
  Fields& u16(uint64_t v) { return put(v, 2); }
  Fields& u32(uint64_t v) { return put(v, 4); }
  operator std::string_view() const { return bytes_; }

 private:
  Fields& put(uint64_t v, size_t width) {
    bytes_.append(reinterpret_cast<const char*>(&v), width);
    return *this;
  }
  std::string bytes_;
};

constexpr uint64_t kVersion = 20;
// 1980-01-01 00:00, as numpy writes: the same tensors give the same file.
constexpr uint64_t kDate = 0x00210000;

std::string deflate_all(std::string_view head, Bytes data) {
  z_stream z = {};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    fail("save_npz: zlib could not start");
  }
  std::string out(deflateBound(&z, head.size() + data.size()), '\0');
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(head.data()));
  z.avail_in = static_cast<uInt>(head.size());
  deflate(&z, Z_NO_FLUSH);
  z.next_in = const_cast<Bytef*>(data.data());
  z.avail_in = static_cast<uInt>(data.size());
  const int status = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (status != Z_STREAM_END) fail("save_npz: zlib could not compress");
  return out;
}

}  // namespace

void ZipWriter::add(const std::string& name, std::string_view head, Bytes data, bool deflate) {
  const uint64_t size = head.size() + data.size();
  if (file_.size() + size > kMax32 - (uint64_t{1} << 24)) {
    fail("save_npz: the archive would be larger than 4 GiB at \"{}\"; use save_safetensors", name);
  }
  if (name.size() > 0xffff) fail("save_npz: a name of {} bytes is too long", name.size());
  std::string packed;
  if (deflate) packed = deflate_all(head, data);
  Written w = {name,
               deflate ? kDeflated : kStored,
               crc_of(crc_of(0, head.data(), head.size()), data.data(), data.size()),
               deflate ? packed.size() : size,
               size,
               file_.size()};
  file_.write(Fields()
                  .u32(kLocalHeader)
                  .u16(kVersion)
                  .u16(kUtf8Flag)
                  .u16(w.method)
                  .u32(kDate)
                  .u32(w.crc)
                  .u32(w.packed)
                  .u32(w.size)
                  .u16(name.size())
                  .u16(0));
  file_.write(name);
  if (deflate) {
    file_.write(packed);
  } else {
    file_.write(head);
    file_.write(data.data(), data.size());
  }
  written_.push_back(std::move(w));
}

void ZipWriter::finish() {
  const uint64_t offset = file_.size();
  if (written_.size() >= 0xffff) fail("save_npz: {} tensors are more than 65534", written_.size());
  for (const Written& w : written_) {
    file_.write(Fields()
                    .u32(kCentralHeader)
                    .u16(kVersion)
                    .u16(kVersion)
                    .u16(kUtf8Flag)
                    .u16(w.method)
                    .u32(kDate)
                    .u32(w.crc)
                    .u32(w.packed)
                    .u32(w.size)
                    .u16(w.name.size())
                    .u16(0)
                    .u16(0)
                    .u16(0)
                    .u16(0)
                    .u32(0)
                    .u32(w.offset));
    file_.write(w.name);
  }
  const uint64_t size = file_.size() - offset;
  file_.write(Fields()
                  .u32(kEnd)
                  .u16(0)
                  .u16(0)
                  .u16(written_.size())
                  .u16(written_.size())
                  .u32(size)
                  .u32(offset)
                  .u16(0));
}

}  // namespace reel::io
