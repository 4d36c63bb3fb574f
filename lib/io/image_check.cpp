#include <reel/io/image_check.h>

#include <algorithm>

#include <zlib.h>

namespace reel::io {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1a\n", 8);

// JPEG markers, ITU T.81 table B.1.
enum Marker : uint8_t {
  kTem = 0x01,
  kRst0 = 0xd0,
  kRst7 = 0xd7,
  kSoi = 0xd8,
  kEoi = 0xd9,
  kSos = 0xda,
  kApp1 = 0xe1,
};

/// Tag 0x0112 of the first directory of the TIFF structure in an Exif segment. Exif is a mere
/// note, so what is malformed counts as upright.
int exif_orientation(Bytes segment, const MappedFile& file) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr uint16_t kOrientation = 0x0112;
  try {
    ByteReader in(segment, file.where());
    if (in.text(kExif.size(), "Exif") != kExif) return 1;
    const Bytes tiff = segment.subspan(kExif.size());
    ByteReader body(tiff, file.where());
    body.set_big_endian(body.text(2, "byte order") == "MM");
    body.take(2, "version");
    body.seek(body.u32("directory"), "directory");
    for (int left = body.u16("entries"); left > 0; --left) {
      const uint16_t tag = body.u16("tag");
      body.take(6, "type and count");
      const int value = body.u16("value");
      body.take(2, "padding");
      if (tag == kOrientation) return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (const Error&) {
  }
  return 1;
}

}  // namespace

ImageFormat image_format(const MappedFile& file) {
  const Bytes bytes = file.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with(kPngMagic)) return ImageFormat::kPng;
  if (text.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (bytes.empty()) fail("{}: the file is empty", file.where());
  fail("{}: is neither PNG nor JPEG (its {} bytes begin with {:02x})", file.where(), bytes.size(),
       fmt::join(bytes.first(std::min<size_t>(bytes.size(), 8)), " "));
}

void check_png(const MappedFile& file) {
  ByteReader in(file.bytes(), file.where(), 0, /*big_endian=*/true);
  in.take(kPngMagic.size(), "PNG signature");
  for (;;) {
    const uint64_t at = in.position();
    const uint32_t length = in.u32("a PNG chunk");
    const Bytes body = in.take(uint64_t{length} + 4, "a PNG chunk");
    const auto crc = static_cast<uint32_t>(crc32_z(0, body.data(), body.size()));
    if (in.u32("a PNG checksum") != crc) {
      fail("{}: at byte {}: the checksum of a PNG chunk is wrong: the picture is damaged",
           file.where(), at);
    }
    if (std::memcmp(body.data(), "IEND", 4) == 0) return;
  }
}

int check_jpeg(const MappedFile& file) {
  int orientation = 1;
  ByteReader in(file.bytes(), file.where(), 0, /*big_endian=*/true);
  in.take(2, "JPEG signature");
  bool in_scan = false;
  for (;;) {
    const uint8_t first = in.u8("the JPEG's end marker");
    if (first != 0xff) {
      if (in_scan) continue;
      in.bad("no JPEG marker here");
    }
    uint8_t marker = 0xff;
    while (marker == 0xff) marker = in.u8("the JPEG's end marker");
    if (marker == kEoi) return orientation;
    // Within a scan 00 stands for the byte ff itself; restart markers carry nothing.
    if (marker == 0 || marker == kTem || marker == kSoi || (marker >= kRst0 && marker <= kRst7)) {
      continue;
    }
    const uint16_t length = in.u16("a JPEG segment");
    if (length < 2) in.bad("a JPEG segment of {} bytes", length);
    const Bytes segment = in.take(length - 2u, "a JPEG segment");
    if (marker == kApp1 && orientation == 1) orientation = exif_orientation(segment, file);
    in_scan = marker == kSos;
  }
}

}  // namespace reel::io
