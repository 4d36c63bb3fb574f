#include <algorithm>
#include <zlib.h>

#include <reel/io/inflate.h>

namespace reel::io {

void check_inflated_size(const std::string& where, uint64_t packed, uint64_t unpacked,
                         const InflateLimits& limits) {
  // 64 bytes stand for the few that a tiny stream may have above the ratio.
  if (unpacked > 64 && unpacked / kMaxDeflateRatio > packed) {
    fail("{}: says that {} compressed bytes hold {} bytes, which deflate cannot do", where, packed,
         unpacked);
  }
  if (unpacked > limits.free_bytes && unpacked / limits.ratio > packed) {
    fail(
        "{}: {} compressed bytes would become {} bytes, which looks like a zip bomb (more than {} "
        "times the size and more than {} bytes)",
        where, packed, unpacked, limits.ratio, limits.free_bytes);
  }
}

struct Inflater::Stream {
  z_stream z = {};
  Bytes rest;
};

Inflater::Inflater(Bytes packed, Wrapping wrapping, std::string where)
    : stream_(std::make_unique<Stream>()), where_(std::move(where)) {
  stream_->rest = packed;
  const int bits = wrapping == Wrapping::kRaw    ? -MAX_WBITS
                   : wrapping == Wrapping::kZlib ? MAX_WBITS
                                                 : MAX_WBITS + 16;
  if (inflateInit2(&stream_->z, bits) != Z_OK) fail("{}: zlib could not start", where_);
}

Inflater::~Inflater() { inflateEnd(&stream_->z); }

size_t Inflater::inflate_some(void* out, size_t count) {
  constexpr size_t kMost = size_t{1} << 30;  // zlib counts in 32 bits
  z_stream& z = stream_->z;
  z.next_out = static_cast<Bytef*>(out);
  z.avail_out = static_cast<uInt>(std::min(count, kMost));
  const uInt wanted = z.avail_out;
  while (z.avail_out > 0 && !ended_) {
    if (z.avail_in == 0) {
      const size_t chunk = std::min(stream_->rest.size(), kMost);
      z.next_in = const_cast<Bytef*>(stream_->rest.data());
      z.avail_in = static_cast<uInt>(chunk);
      stream_->rest = stream_->rest.subspan(chunk);
    }
    const int status = inflate(&z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      ended_ = true;
    } else if (status == Z_BUF_ERROR) {
      break;
    } else if (status != Z_OK) {
      fail("{}: compressed data is damaged after {} inflated bytes ({})", where_,
           produced_ + (wanted - z.avail_out), z.msg != nullptr ? z.msg : "zlib error");
    }
  }
  produced_ += wanted - z.avail_out;
  return wanted - z.avail_out;
}

void Inflater::read(void* out, uint64_t count) {
  auto* at = static_cast<uint8_t*>(out);
  while (count > 0) {
    const size_t got = inflate_some(at, count);
    if (got == 0) {
      fail("{}: compressed data ends after {} inflated bytes, {} more are needed", where_,
           produced_, count);
    }
    at += got;
    count -= got;
  }
}

void Inflater::finish() {
  uint8_t extra;
  if (inflate_some(&extra, 1) != 0) {
    fail("{}: compressed data goes on after the {} bytes expected", where_, produced_ - 1);
  }
  if (!ended_) fail("{}: compressed data has no end after {} inflated bytes", where_, produced_);
}

std::vector<uint8_t> inflate_all(Bytes packed, Wrapping wrapping, const std::string& where,
                                 uint64_t unpacked) {
  check_inflated_size(where, packed.size(), unpacked);
  std::vector<uint8_t> out(unpacked);
  Inflater inflater(packed, wrapping, where);
  inflater.read(out.data(), out.size());
  inflater.finish();
  return out;
}

}  // namespace reel::io
