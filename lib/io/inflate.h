#pragma once

// Internal: zlib behind a reader that gives exactly what is asked for, or an error.

#include <memory>
#include <string>
#include <vector>

#include <reel/io/bytes.h>

namespace reel::io {

enum class Wrapping { kRaw, kZlib, kGzip };

/// Deflate cannot grow by more than this factor (RFC 1951: at best 258 bytes for 2 bits), so a
/// larger claim is a lie that is found before memory is taken.
inline constexpr uint64_t kMaxDeflateRatio = 1032;

/// What inflates far beyond any table of numbers and is large is refused as a bomb.
struct InflateLimits {
  uint64_t free_bytes = uint64_t{1} << 30;
  uint64_t ratio = 64;
};

/// Errors unless `packed` bytes may become `unpacked` ones.
void check_inflated_size(const std::string& where, uint64_t packed, uint64_t unpacked,
                         const InflateLimits& limits = {});

class Inflater {
 public:
  Inflater(Bytes packed, Wrapping wrapping, std::string where);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Writes exactly `count` bytes to `out`; errors if the stream is damaged or ends before.
  void read(void* out, uint64_t count);
  /// Errors unless the stream ends here with a checksum that agrees.
  void finish();

 private:
  struct Stream;
  size_t inflate_some(void* out, size_t count);

  std::unique_ptr<Stream> stream_;
  std::string where_;
  uint64_t produced_ = 0;
  bool ended_ = false;
};

/// Inflates bytes that must give exactly `unpacked` ones.
std::vector<uint8_t> inflate_all(Bytes packed, Wrapping wrapping, const std::string& where,
                                 uint64_t unpacked);

}  // namespace reel::io
