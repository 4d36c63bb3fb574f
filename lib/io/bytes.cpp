#include <cerrno>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <reel/io/bytes.h>
#include <reel/tensor/ops.h>

namespace reel::io {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& op, const std::string& path) {
  const std::string where = op + ": " + path;
  // Without O_NONBLOCK opening a named pipe would wait for its writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail("{}: cannot open the file: {}", where, std::strerror(errno));
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    fail("{}: is not a regular file{}", where, S_ISDIR(info.st_mode) ? " but a directory" : "");
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  }
  const int error = errno;
  ::close(fd);
  if (data == MAP_FAILED) {
    fail("{}: cannot read the file of {} bytes: {}", where, size, std::strerror(error));
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(where, static_cast<uint8_t*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

std::string_view ByteReader::line(const char* what) {
  const void* end =
      remaining() > 0 ? std::memchr(bytes_.data() + position_, '\n', remaining()) : nullptr;
  if (end == nullptr) truncated(remaining() + 1, what);
  const size_t length =
      static_cast<size_t>(static_cast<const uint8_t*>(end) - (bytes_.data() + position_));
  const std::string_view found = text(length, what);
  ++position_;
  return found;
}

void ByteReader::truncated(uint64_t count, const char* what) const {
  bad("{} needs {} bytes and {} are left (is the file truncated?)", what, count, remaining());
}

void ByteReader::ends_at(uint64_t position, const char* what) const {
  bad("{} should be at byte {}, outside the {} bytes there are (is the file truncated?)", what,
      base_ + position, bytes_.size());
}

namespace {

template <class T>
void swap_all(void* data, size_t bytes) {
  auto* at = static_cast<uint8_t*>(data);
  for (size_t i = 0; i + sizeof(T) <= bytes; i += sizeof(T)) {
    T value;
    std::memcpy(&value, at + i, sizeof(T));
    value = byteswap(value);
    std::memcpy(at + i, &value, sizeof(T));
  }
}

}  // namespace

void swap_bytes(void* data, size_t bytes, size_t width) {
  if (width == 2) swap_all<uint16_t>(data, bytes);
  if (width == 4) swap_all<uint32_t>(data, bytes);
  if (width == 8) swap_all<uint64_t>(data, bytes);
}

bool checked_numel(IntArrayRef sizes, size_t width, uint64_t* numel) {
  // An empty tensor may name any other sizes; a product of the rest that overflows is still a lie.
  uint64_t product = 1;
  bool empty = false;
  for (const int64_t size : sizes) {
    if (size < 0) return false;
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, static_cast<uint64_t>(size), &product)) {
      return false;
    }
  }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(product, static_cast<uint64_t>(width), &bytes) ||
      bytes > static_cast<uint64_t>(INT64_MAX)) {
    return false;
  }
  *numel = empty ? 0 : product;
  return true;
}

Tensor tensor_in_file(const std::shared_ptr<const MappedFile>& file, Bytes bytes, IntArrayRef sizes,
                      ScalarType dtype) {
  // A complex number is aligned like its parts.
  const size_t alignment = element_size(dtype) / (is_complex(dtype) ? 2 : 1);
  if (bytes.empty() || reinterpret_cast<uintptr_t>(bytes.data()) % alignment != 0) {
    Tensor copy = allocate_tensor(file->where(), sizes, dtype);
    if (!bytes.empty()) std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
    return copy;
  }
  auto* owner = new std::shared_ptr<const MappedFile>(file);
  const auto release = [](void*, void* context) {
    delete static_cast<std::shared_ptr<const MappedFile>*>(context);
  };
  // The mapping is private and writable; only this view of it is const.
  auto storage = Storage::adopt(new StorageImpl(const_cast<uint8_t*>(bytes.data()), bytes.size(),
                                                Device(kCPU), release, owner));
  return Tensor(IntrusivePtr<TensorImpl>::adopt(
      new TensorImpl(std::move(storage), dtype, sizes, contiguous_strides(sizes), 0)));
}

Tensor allocate_tensor(const std::string& where, IntArrayRef sizes, ScalarType dtype) {
  try {
    return reel::empty(sizes, TensorOptions(dtype).device(kCPU));
  } catch (const OutOfMemoryError&) {
    fail("{}: not enough memory for a {} tensor of shape {}", where, dtype, sizes);
  } catch (const std::bad_alloc&) {
    fail("{}: not enough memory for a {} tensor of shape {}", where, dtype, sizes);
  }
}

Tensor from_fortran(const Tensor& raw, IntArrayRef sizes) {
  const auto rank = static_cast<int64_t>(sizes.size());
  std::vector<int64_t> reversed, order;
  for (int64_t i = rank - 1; i >= 0; --i) {
    reversed.push_back(sizes[static_cast<size_t>(i)]);
    order.push_back(i);
  }
  return raw.view(reversed).permute(order).contiguous();
}

void check_bools(const std::string& where, Bytes bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] > 1) fail("{}: element {} is the byte {}, not a bool", where, i, bytes[i]);
  }
}

void insert_tensor(const std::string& where, StateDict& tensors, std::string name, Tensor tensor) {
  if (tensors.contains(name)) fail("{}: the name \"{}\" is there twice", where, name);
  tensors.insert(std::move(name), std::move(tensor));
}

Tensor to_contiguous_cpu(const std::string& where, const Tensor& tensor) {
  if (!tensor.defined()) fail("{}: the tensor is undefined", where);
  return tensor.detach().cpu().contiguous();
}

}  // namespace reel::io
