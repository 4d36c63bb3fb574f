#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <reel/io/atomic_file.h>
#include <reel/tensor/error.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using reel::test::message_of;
using reel::test::read_bytes;

namespace {

size_t files_in(const std::filesystem::path& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("AtomicFile replaces the file only when committed") {
  const test::TempDir dir;
  const std::string path = dir.file("a.txt");
  write_file(path, "old");
  {
    AtomicFile file("test", path);
    file.write("new");
    CHECK(read_bytes(path) == "old");
  }
  CHECK(read_bytes(path) == "old");
  CHECK(files_in(dir.path()) == 1);

  AtomicFile file("test", path);
  const std::string large(3 << 20, 'x');  // more than the buffer
  file.write("new");
  file.write(large);
  CHECK(file.size() == 3 + large.size());
  file.commit();
  CHECK(read_bytes(path) == "new" + large);
  CHECK(files_in(dir.path()) == 1);
}

TEST_CASE("AtomicFile keeps a link and the mode of the file") {
  const test::TempDir dir;
  write_file(dir.file("target"), "old");
  REQUIRE(::chmod(dir.file("target").c_str(), 0640) == 0);
  std::filesystem::create_symlink("target", dir.file("link"));
  write_file(dir.file("link"), "new");
  CHECK(std::filesystem::is_symlink(dir.file("link")));
  CHECK(read_bytes(dir.file("target")) == "new");
  struct stat info = {};
  REQUIRE(::stat(dir.file("target").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
}

TEST_CASE("AtomicFile writes to a device without replacing it") {
  write_file("/dev/null", "text");
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("An unwritable path is an error that names it") {
  const test::TempDir dir;
  for (const std::string& path :
       {dir.file("no/such/folder.txt"), dir.path().string(), std::string()}) {
    const std::string message = message_of([&] { write_file(path, "text"); });
    CHECK_THAT(message, Catch::Matchers::StartsWith("write_file: " + path + ": cannot write"));
    CHECK_THROWS_AS(check_writable(path), Error);
  }
  check_writable(dir.file("fine.txt"));
  CHECK(files_in(dir.path()) == 0);
}
