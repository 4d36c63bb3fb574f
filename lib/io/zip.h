#pragma once

// Internal: zip archives as numpy and PyTorch write them (APPNOTE.TXT 6.3: stored and deflated
// entries, zip64; no encryption, no spanning).

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <reel/io/atomic_file.h>
#include <reel/io/bytes.h>
#include <reel/io/inflate.h>

namespace reel::io {

struct ZipEntry {
  std::string name;
  bool deflated = false;
  uint32_t crc = 0;
  uint64_t size = 0;  // unpacked
  Bytes packed;       // in the mapped file
};

class ZipReader {
 public:
  explicit ZipReader(std::shared_ptr<const MappedFile> file, const InflateLimits& limits = {});

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;
  const std::shared_ptr<const MappedFile>& file() const { return file_; }
  /// "load_npz: file.npz: entry "x"".
  std::string where(const ZipEntry& entry) const;

 private:
  std::shared_ptr<const MappedFile> file_;
  std::vector<ZipEntry> entries_;
};

/// Reads one entry forward, inflating if need be, and checks its checksum at the end.
class EntryReader {
 public:
  EntryReader(const ZipReader& zip, const ZipEntry& entry);
  void read(void* out, uint64_t count);
  uint64_t remaining() const { return entry_.size - position_; }
  const std::string& where() const { return where_; }
  /// Errors unless everything was read and the checksum agrees.
  void finish();

 private:
  const ZipEntry& entry_;
  std::string where_;
  std::unique_ptr<Inflater> inflater_;
  uint64_t position_ = 0;
  uint32_t crc_ = 0;
};

/// The whole entry, checked.
std::vector<uint8_t> read_entry(const ZipReader& zip, const ZipEntry& entry);
/// Errors unless the stored entry's checksum agrees; its bytes then may be used in place.
void check_stored(const ZipReader& zip, const ZipEntry& entry);

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  void add(const std::string& name, std::string_view head, Bytes data, bool deflate);
  void finish();

 private:
  struct Written {
    std::string name;
    uint16_t method;
    uint32_t crc;
    uint64_t packed, size, offset;
  };
  AtomicFile& file_;
  std::vector<Written> written_;
};

}  // namespace reel::io
