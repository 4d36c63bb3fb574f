#pragma once

#include <filesystem>
#include <string>

namespace reel::test {

/// Path of `name` under $REEL_DATA. Empty, after a warning that starts with "skipped:", when the
/// variable is not set or the file is not there; the test then returns:
///
///     const auto path = reel::test::data_file("images/content/astronaut.png");
///     if (path.empty()) return;
std::string data_file(const std::string& name);

/// Path of a file that belongs to the tests themselves, given relative to the folder test/.
std::string test_file(const std::string& name);

/// Path of a program of the same build, e.g. program("reel-style").
std::string program(const std::string& name);

/// A fresh folder, removed with its contents at the end of the scope.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  /// Path of `name` inside the folder.
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes `count` pictures whose class is the bright row, as the four files of MNIST; returns the
/// folder's path.
std::string tiny_mnist(const TempDir& folder, unsigned char count);

}  // namespace reel::test
