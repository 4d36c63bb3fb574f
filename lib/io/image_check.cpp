#include <algorithm>
#include <zlib.h>

#include <reel/io/image_check.h>

namespace reel::io {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1a\n", 8);

// JPEG markers, ITU T.81 table B.1.
enum Marker : uint8_t {
  kTem = 0x01,
  kDht = 0xc4,
  kRst0 = 0xd0,
  kRst7 = 0xd7,
  kSoi = 0xd8,
  kEoi = 0xd9,
  kApp1 = 0xe1,
};

/// Tag 0x0112 of the first directory of the TIFF structure in an Exif segment. Exif is a mere
/// note, so what is malformed counts as upright.
int exif_orientation(Bytes segment, const std::string& where) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr uint16_t kOrientation = 0x0112;
  try {
    ByteReader in(segment, where);
    if (in.text(kExif.size(), "Exif") != kExif) return 1;
    const Bytes tiff = segment.subspan(kExif.size());
    ByteReader body(tiff, where);
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

/// stb trusts the counts of a Huffman table: more than its 256 codes overrun its arrays, and the
/// 256th one among the short codes that it looks up at once is mistaken for "none".
void check_huffman_tables(ByteReader segment) {
  constexpr int kLongestFastCode = 9;
  while (segment.remaining() > 0) {
    segment.u8("a Huffman table's number");
    int codes = 0, fast_codes = 0;
    for (int length = 1; length <= 16; ++length) {
      codes += segment.u8("a Huffman table");
      if (length == kLongestFastCode) fast_codes = codes;
    }
    if (codes > 256 || fast_codes > 255) segment.bad("a Huffman table of {} codes", codes);
    segment.take(static_cast<uint64_t>(codes), "a Huffman table");
  }
}

}  // namespace

ImageFormat image_format(Bytes file, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with(kPngMagic)) return ImageFormat::kPng;
  if (text.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (file.empty()) fail("{}: the file is empty", where);
  fail("{}: neither PNG nor JPEG (its {} bytes begin with {:02x})", where, file.size(),
       fmt::join(file.first(std::min<size_t>(file.size(), 8)), " "));
}

void check_png(Bytes file, const std::string& where) {
  ByteReader in(file, where, 0, /*big_endian=*/true);
  in.take(kPngMagic.size(), "PNG signature");
  for (;;) {
    const uint64_t at = in.position();
    const uint32_t length = in.u32("a PNG chunk");
    const Bytes body = in.take(uint64_t{length} + 4, "a PNG chunk");
    const auto crc = static_cast<uint32_t>(crc32_z(0, body.data(), body.size()));
    if (in.u32("a PNG checksum") != crc) {
      fail("{}: at byte {}: the checksum of a PNG chunk is wrong: the picture is damaged", where,
           at);
    }
    if (std::memcmp(body.data(), "IEND", 4) == 0) return;
  }
}

int check_jpeg(Bytes file, const std::string& where) {
  int orientation = 1;
  ByteReader in(file, where, 0, /*big_endian=*/true);
  in.take(2, "JPEG signature");
  for (;;) {
    // What lies between segments is the data of a scan, or padding.
    if (in.u8("the JPEG's end marker") != 0xff) continue;
    uint8_t marker = 0xff;
    while (marker == 0xff) marker = in.u8("the JPEG's end marker");
    if (marker == kEoi) return orientation;
    // Within a scan 00 stands for the byte ff itself; restart markers carry nothing.
    if (marker == 0 || marker == kTem || marker == kSoi || (marker >= kRst0 && marker <= kRst7)) {
      continue;
    }
    const uint16_t length = in.u16("a JPEG segment");
    if (length < 2) in.bad("a JPEG segment of {} bytes", length);
    const uint64_t offset = in.position();
    const Bytes segment = in.take(length - 2u, "a JPEG segment");
    if (marker == kDht) check_huffman_tables(in.over(segment, offset));
    if (marker == kApp1 && orientation == 1) orientation = exif_orientation(segment, where);
  }
}

}  // namespace reel::io
