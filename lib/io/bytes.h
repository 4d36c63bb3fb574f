#pragma once

// Internal. Files are untrusted: every parser of this folder reads through these types, which
// check each access and say in which file and at which byte things went wrong.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <reel/io/state.h>
#include <reel/tensor/check.h>

namespace reel::io {

static_assert(std::endian::native == std::endian::little, "the readers assume little endian");

using Bytes = std::span<const uint8_t>;

/// A regular file in memory, shared by the tensors that lie in it. Pages are copied when they are
/// written, so a loaded tensor can be changed without touching the file.
class MappedFile {
 public:
  /// `op` names the public function in messages.
  static std::shared_ptr<const MappedFile> open(const std::string& op, const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return {data_, size_}; }
  /// "load_npy: dir/file.npy", the beginning of every message.
  const std::string& where() const { return where_; }

 private:
  MappedFile(std::string where, uint8_t* data, size_t size)
      : where_(std::move(where)), data_(data), size_(size) {}
  std::string where_;
  uint8_t* data_;
  size_t size_;
};

inline uint16_t byteswap(uint16_t v) { return __builtin_bswap16(v); }
inline uint32_t byteswap(uint32_t v) { return __builtin_bswap32(v); }
inline uint64_t byteswap(uint64_t v) { return __builtin_bswap64(v); }
/// Reverses the bytes of each group of `width` (1, 2, 4 or 8) bytes.
void swap_bytes(void* data, size_t bytes, size_t width);

/// Reads forward through bytes that may end or lie at any place.
class ByteReader {
 public:
  /// `base` is where the bytes begin in the file, for messages.
  ByteReader(Bytes bytes, std::string where, uint64_t base = 0, bool big_endian = false)
      : bytes_(bytes), where_(std::move(where)), base_(base), big_endian_(big_endian) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  const std::string& where() const { return where_; }
  bool big_endian() const { return big_endian_; }
  void set_big_endian(bool value) { big_endian_ = value; }
  /// A reader of `part` of these bytes, which begins at `offset`.
  ByteReader over(Bytes part, uint64_t offset) const {
    return ByteReader(part, where_, base_ + offset, big_endian_);
  }
  void seek(uint64_t position, const char* what) {
    if (position > bytes_.size()) ends_at(position, what);
    position_ = position;
  }
  /// The next `count` bytes; `what` says in the message what they should have been.
  Bytes take(uint64_t count, const char* what) {
    if (count > remaining()) truncated(count, what);
    const Bytes taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  std::string_view text(uint64_t count, const char* what) {
    const Bytes taken = take(count, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  /// Up to and without the next '\n', which is skipped.
  std::string_view line(const char* what);
  uint8_t u8(const char* what) { return take(1, what)[0]; }
  uint16_t u16(const char* what) { return number<uint16_t>(what); }
  uint32_t u32(const char* what) { return number<uint32_t>(what); }
  uint64_t u64(const char* what) { return number<uint64_t>(what); }

  /// Throws "<where>: at byte N: <message>".
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: at byte {}: {}", where_, base_ + position_,
         fmt::format(format, static_cast<Args&&>(args)...));
  }

 private:
  template <class T>
  T number(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return big_endian_ ? byteswap(value) : value;
  }
  [[noreturn]] void truncated(uint64_t count, const char* what) const;
  [[noreturn]] void ends_at(uint64_t position, const char* what) const;

  Bytes bytes_;
  std::string where_;
  uint64_t base_;
  size_t position_ = 0;
  bool big_endian_;
};

/// Number of elements, or false if a size is negative or the product times `width` bytes does not
/// fit 63 bits.
bool checked_numel(IntArrayRef sizes, size_t width, uint64_t* numel);

/// A contiguous tensor in the file's own memory; copied out if its bytes are not aligned for the
/// dtype. The caller has checked that `bytes` lies in the file and fits the sizes.
Tensor tensor_in_file(const std::shared_ptr<const MappedFile>& file, Bytes bytes, IntArrayRef sizes,
                      ScalarType dtype);
/// Memory for a tensor that came from a file's own words about its size; running out of it is an
/// error that names the file.
Tensor allocate_tensor(const std::string& where, IntArrayRef sizes, ScalarType dtype);
/// The tensor of shape `sizes` whose elements `raw` (contiguous) holds first index fastest.
Tensor from_fortran(const Tensor& raw, IntArrayRef sizes);
/// Errors if a byte is neither 0 nor 1: reading it as a bool would be undefined.
void check_bools(const std::string& where, Bytes bytes);
/// Adds a tensor; a name that is taken is an error of the file.
void insert_tensor(const std::string& where, StateDict& tensors, std::string name, Tensor tensor);
/// The elements of any tensor, contiguous and on the CPU.
Tensor to_contiguous_cpu(const std::string& where, const Tensor& tensor);
inline Bytes bytes_of(const Tensor& tensor) {
  return {static_cast<const uint8_t*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace reel::io
