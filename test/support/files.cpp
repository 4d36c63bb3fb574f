#include "support/files.h"

#include <stdexcept>
#include <stdlib.h>

#include "support/catch.h"

namespace reel::test {

namespace fs = std::filesystem;

std::string data_file(const std::string& name) {
  const char* root = std::getenv("REEL_DATA");
  if (root == nullptr || *root == '\0') {
    WARN("skipped: needs " << name << " and REEL_DATA is not set");
    return {};
  }
  const fs::path path = fs::path(root) / name;
  if (!fs::exists(path)) {
    WARN("skipped: " << path.string() << " is not there");
    return {};
  }
  return path.string();
}

std::string test_file(const std::string& name) {
  return (fs::path(REEL_TEST_ROOT) / name).string();
}

std::string program(const std::string& name) {
  const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  return (build / "bin" / name).string();
}

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "reel-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace reel::test
