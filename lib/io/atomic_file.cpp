#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <reel/io/atomic_file.h>
#include <reel/tensor/check.h>

namespace reel {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

AtomicFile::AtomicFile(std::string op, const std::string& path) : op_(std::move(op)), path_(path) {
  if (path.empty()) {
    errno = ENOENT;
    failed("cannot write the file");
  }
  // A link is followed, so that the link stays and the file it names is replaced.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  target_ = error ? path : real.string();
  struct stat info = {};
  const bool exists = ::stat(target_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    failed("cannot write the file");
  }
  if (exists && !S_ISREG(info.st_mode)) {
    // A device or pipe cannot be replaced by renaming; bytes go straight to it.
    fd_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  } else if (exists && ::access(target_.c_str(), W_OK) != 0) {
    // Renaming would get around the file's own write protection.
    failed("cannot write the file");
  } else {
    static std::atomic<unsigned> counter{0};
    temporary_ = target_ + fmt::format(".tmp-{}-{}", ::getpid(), counter++);
    const mode_t mode = exists ? info.st_mode & 0777 : 0666;
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  }
  if (fd_ < 0) failed("cannot write the file");
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::failed(const char* doing) {
  const int error = errno;
  if (fd_ >= 0) {
    ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    fd_ = -1;
  }
  fail("{}: {}: {}: {}", op_, path_, doing, std::strerror(error));
}

namespace {

bool write_all(int fd, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(fd, data, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data += written;
    bytes -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

void AtomicFile::write(const void* data, size_t bytes) {
  if (bytes == 0) return;
  size_ += bytes;
  if (buffer_.size() + bytes <= kBuffer) {
    buffer_.append(static_cast<const char*>(data), bytes);
    return;
  }
  if (!write_all(fd_, buffer_.data(), buffer_.size())) failed("writing stopped");
  buffer_.clear();
  if (!write_all(fd_, static_cast<const char*>(data), bytes)) failed("writing stopped");
}

void AtomicFile::commit() {
  if (!write_all(fd_, buffer_.data(), buffer_.size())) failed("writing stopped");
  buffer_.clear();
  if (temporary_.empty()) {
    if (::close(std::exchange(fd_, -1)) != 0) failed("writing stopped");
    return;
  }
  // Without the sync a crash of the machine could leave the new name on an empty file.
  if (::fsync(fd_) != 0) failed("writing stopped");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) failed("cannot replace the file");
  ::close(std::exchange(fd_, -1));
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

void write_file(const std::string& path, std::string_view text) {
  AtomicFile file("write_file", path);
  file.write(text);
  file.commit();
}

void check_writable(const std::string& path) { AtomicFile("check_writable", path); }

}  // namespace reel
