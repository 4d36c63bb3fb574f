#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace bench {

/// `given`, else the file of that name under $REEL_DATA. Error: it is not there; `option` is how to
/// give it.
std::string file_or_data(const std::string& given, const std::string& name, const char* option);

/// Writes the picture with `size` pixels on its longer side. Programs use a picture of the right
/// size as it is, so that all see the same pixels.
void write_resized(const std::string& from, int64_t size, const std::string& to);

/// A folder of our own that goes away with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace bench
