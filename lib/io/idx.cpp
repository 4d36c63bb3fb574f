#include <optional>

#include <reel/io/bytes.h>
#include <reel/io/idx.h>
#include <reel/io/inflate.h>

namespace reel {
namespace io {
namespace {

/// The file's bytes in order, inflated where they are gzipped.
class IdxSource {
 public:
  explicit IdxSource(const MappedFile& file) : file_(file), reader_(file.bytes(), file.where()) {
    const Bytes bytes = file.bytes();
    if (bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
      inflater_.emplace(bytes, Wrapping::kGzip, file.where());
    }
  }
  void read(void* out, uint64_t count, const char* what) {
    if (inflater_) {
      inflater_->read(out, count);
    } else if (const Bytes bytes = reader_.take(count, what); count > 0) {
      std::memcpy(out, bytes.data(), count);
    }
  }
  /// Errors, before memory is taken, if `bytes` more cannot be there.
  void expect(uint64_t bytes) {
    if (inflater_) {
      check_inflated_size(file_.where(), file_.bytes().size(), bytes);
    } else if (bytes != reader_.remaining()) {
      reader_.bad("the header tells of {} bytes of data and {} are there", bytes,
                  reader_.remaining());
    }
  }
  void finish() {
    if (inflater_) inflater_->finish();
  }

 private:
  const MappedFile& file_;
  ByteReader reader_;
  std::optional<Inflater> inflater_;
};

std::optional<ScalarType> dtype_of(uint8_t code) {
  switch (code) {
    case 0x08:
      return kByte;
    case 0x09:
      return kChar;
    case 0x0b:
      return kShort;
    case 0x0c:
      return kInt;
    case 0x0d:
      return kFloat;
    case 0x0e:
      return kDouble;
    default:
      return std::nullopt;
  }
}

}  // namespace
}  // namespace io

Tensor load_idx(const std::string& path) {
  const auto file = io::MappedFile::open("load_idx", path);
  io::IdxSource in(*file);
  uint8_t magic[4];
  in.read(magic, sizeof(magic), "the idx header");
  const auto dtype = io::dtype_of(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !dtype) {
    fail("{}: at byte 0: no idx file (begins with {:02x})", file->where(), fmt::join(magic, " "));
  }
  Shape sizes;
  for (int i = 0; i < magic[3]; ++i) {
    uint32_t size;
    in.read(&size, sizeof(size), "an idx size");
    sizes.push_back(io::byteswap(size));
  }
  uint64_t numel = 0;
  const size_t width = element_size(*dtype);
  if (!io::checked_numel(sizes, width, &numel)) {
    fail("{}: at byte 4: the shape {} overflows", file->where(), IntArrayRef(sizes));
  }
  in.expect(numel * width);
  Tensor tensor = io::allocate_tensor(file->where(), sizes, *dtype);
  in.read(tensor.data_ptr(), tensor.nbytes(), "idx data");
  in.finish();
  io::swap_bytes(tensor.data_ptr(), tensor.nbytes(), width);
  return tensor;
}

}  // namespace reel
