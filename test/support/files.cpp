#include "support/files.h"

#include <fstream>
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

std::string tiny_mnist(const TempDir& folder, unsigned char count) {
  std::string images{0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, 28, 0, 0, 0, 28};
  std::string labels{0, 0, 8, 1, 0, 0, 0, static_cast<char>(count)};
  for (int i = 0; i < count; ++i) {
    std::string picture(28 * 28, '\0');
    picture.replace(static_cast<size_t>(i % 10 * 2 * 28), 56, 56, '\xff');
    images += picture;
    labels += static_cast<char>(i % 10);
  }
  for (const char* set : {"train", "t10k"}) {
    std::ofstream(folder.file(std::string(set) + "-images-idx3-ubyte")) << images;
    std::ofstream(folder.file(std::string(set) + "-labels-idx1-ubyte")) << labels;
  }
  return folder.path().string();
}

}  // namespace reel::test
