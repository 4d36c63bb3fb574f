#include <zlib.h>

#include <reel/data/datasets/mnist.h>
#include <reel/io/idx.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using data::datasets::MNIST;
using namespace std::string_literals;
using reel::test::message_of;
using reel::test::same;

namespace {

std::string big(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string gzip(const std::string& plain) {
  z_stream z = {};
  deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, plain.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// Two images: all 51, and one with 255 at row 1, column 2.
std::string two_images() {
  std::string pixels(2 * 28 * 28, '\0');
  std::fill(pixels.begin(), pixels.begin() + 28 * 28, '\x33');
  pixels[28 * 28 + 28 + 2] = '\xff';
  return "\0\0\x08\x03"s + big(2) + big(28) + big(28) + pixels;
}

std::string labels(const std::string& values) {
  return "\0\0\x08\x01"s + big(static_cast<uint32_t>(values.size())) + values;
}

}  // namespace

TEST_CASE("idx: every dtype, plain and gzipped") {
  const test::TempDir dir;
  const std::string path = dir.file("x");
  struct Case {
    char code;
    std::string data;
    Tensor expected;
  };
  const Case cases[] = {
      {0x08, "\x01\xff", tensor({1, 255}, kByte)},
      {0x09, "\x01\xff", tensor({1, -1}, kChar)},
      {0x0b, "\0\x01\xff\xfe"s, tensor({1, -2}, kShort)},
      {0x0c, big(70000) + big(~0u), tensor({70000, -1}, kInt)},
      {0x0d, big(0x3fc00000) + big(0xc0000000), tensor({1.5, -2.0}, kFloat)},
      {0x0e, big(0x3ff80000) + big(0) + big(0xc0000000) + big(0), tensor({1.5, -2.0}, kDouble)},
  };
  for (const Case& one : cases) {
    const std::string bytes = std::string(2, '\0') + one.code + '\1' + big(2) + one.data;
    for (const std::string& file : {bytes, gzip(bytes)}) {
      test::write_bytes(path, file);
      CHECK(same(load_idx(path), one.expected));
    }
  }
}

TEST_CASE("idx: lying files are errors that name them") {
  const test::TempDir dir;
  const std::string path = dir.file("x");
  const std::string good = two_images();
  const auto message = [&](const std::string& bytes) {
    test::write_bytes(path, bytes);
    const std::string text = message_of([&] { load_idx(path); });
    CHECK_THAT(text, Catch::Matchers::StartsWith("load_idx: " + path + ": "));
    return text;
  };
  for (size_t length = 0; length < good.size(); length += 97) message(good.substr(0, length));
  const std::string zipped = gzip(good);
  for (size_t length = 0; length < zipped.size(); ++length) message(zipped.substr(0, length));
  CHECK_THAT(message(good + "x"), ContainsSubstring("1568 bytes of data and 1569"));
  CHECK_THAT(message(gzip(good + "x")), ContainsSubstring("goes on"));
  CHECK_THAT(message("\0\0\x08\3"s + big(~0u) + big(~0u) + big(~0u)),
             ContainsSubstring("overflows"));
  CHECK_THAT(message(gzip("\0\0\x08\2"s + big(~0u) + big(1))),
             ContainsSubstring("deflate cannot do"));
  CHECK_THAT(message("PK\3\4"), ContainsSubstring("no idx file (begins with 50 4b 03 04)"));
}

TEST_CASE("MNIST of made-up files") {
  const test::TempDir dir;
  test::write_bytes(dir.file("train-images-idx3-ubyte"), two_images());
  test::write_bytes(dir.file("train-labels-idx1-ubyte.gz"), gzip(labels("\7\2")));
  const MNIST train(dir.path().string());
  CHECK(train.is_train());
  CHECK(train.size() == size_t{2});
  REQUIRE(train.images().sizes() == IntArrayRef({2, 1, 28, 28}));
  CHECK(train.images().dtype() == kFloat);
  CHECK(train.images()[0].eq(51.0f / 255).all().item<bool>());
  CHECK(same(train.targets(), tensor({7, 2}, kLong)));
  const auto second = train.get(1);
  REQUIRE(second.data.sizes() == IntArrayRef({1, 28, 28}));
  CHECK(second.data[0][1][2].item<float>() == 1);
  CHECK(second.data.sum().item<float>() == 1);
  CHECK(second.target.item<int64_t>() == 2);
  CHECK_THROWS_AS(train.get(2), IndexError);

  CHECK_THAT(
      message_of([&] { MNIST(dir.path().string(), MNIST::Mode::kTest); }),
      ContainsSubstring("neither t10k-images-idx3-ubyte nor t10k-images-idx3-ubyte.gz is in"));
  for (const std::string& wrong : {labels("\7"), labels("\7\12"), two_images()}) {
    test::write_bytes(dir.file("train-labels-idx1-ubyte.gz"), gzip(wrong));
    CHECK_THAT(message_of([&] { MNIST(dir.path().string()); }),
               ContainsSubstring("train-labels-idx1-ubyte.gz: "));
  }
}

TEST_CASE("The real MNIST") {
  const auto file = test::data_file("mnist/t10k-images-idx3-ubyte.gz");
  if (file.empty()) return;
  const MNIST digits(std::filesystem::path(file).parent_path().string(), MNIST::Mode::kTest);
  CHECK_FALSE(digits.is_train());
  CHECK(digits.images().sizes() == IntArrayRef({10000, 1, 28, 28}));
  CHECK(digits.images().min().item<float>() == 0);
  CHECK(digits.images().max().item<float>() == 1);
  CHECK(digits.targets()[0].item<int64_t>() == 7);
  CHECK(digits.targets()[1].item<int64_t>() == 2);
  // Known counts of the test set: 980 zeros, 892 fives.
  CHECK(digits.targets().eq(0).sum().item<int64_t>() == 980);
  CHECK(digits.targets().eq(5).sum().item<int64_t>() == 892);
}
