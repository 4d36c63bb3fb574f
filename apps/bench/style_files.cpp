#include "bench/style_files.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

#include <reel/io/image.h>

namespace bench {

namespace fs = std::filesystem;

std::string file_or_data(const std::string& given, const std::string& name, const char* option) {
  if (!given.empty()) return given;
  const char* root = std::getenv("REEL_DATA");
  std::string path = std::string(root == nullptr ? "" : root) + "/" + name;
  if (root == nullptr || !fs::exists(path)) {
    throw std::runtime_error(
        fmt::format("give {}, or set REEL_DATA to a folder with {}", option, name));
  }
  return path;
}

void write_resized(const std::string& from, int64_t size, const std::string& to) {
  const reel::Tensor picture = reel::load_image(from);
  const double scale =
      static_cast<double>(size) / static_cast<double>(std::max(picture.size(0), picture.size(1)));
  const auto scaled = [&](int64_t extent) {
    return std::max<int64_t>(1, std::llround(scale * static_cast<double>(extent)));
  };
  reel::save_image(reel::resize_image(picture, scaled(picture.size(0)), scaled(picture.size(1))),
                   to);
}

TemporaryFolder::TemporaryFolder()
    : path_(fs::temp_directory_path() / fmt::format("reel-bench-{}", getpid())) {
  fs::create_directory(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace bench
