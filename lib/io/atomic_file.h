#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reel {

/// Writes a file so that at every moment either the old contents or the complete new ones are
/// there: bytes go to a temporary file beside it, which is synced and renamed by commit().
/// Without commit() nothing is left behind. Errors name the file and the system's reason.
class AtomicFile {
 public:
  /// `op` begins the messages, e.g. "save_npy".
  AtomicFile(std::string op, const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Bytes written so far.
  size_t size() const { return size_; }
  void commit();

 private:
  [[noreturn]] void failed(const char* doing);

  std::string op_;
  std::string path_;
  std::string target_;
  std::string temporary_;
  std::string buffer_;
  size_t size_ = 0;
  int fd_ = -1;
};

/// Writes `text` to `path` as AtomicFile does.
void write_file(const std::string& path, std::string_view text);

/// Errors if a file could not be written at `path`; leaves nothing behind and an existing file as
/// it is. For programs that compute long before they write.
void check_writable(const std::string& path);

}  // namespace reel
