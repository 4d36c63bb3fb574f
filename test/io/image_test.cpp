#include <cstdint>
#include <vector>

#include <reel/io/image.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::data_file;
using reel::test::message_of;
using reel::test::read_bytes;
using reel::test::same;
using reel::test::test_file;

namespace {

Tensor rgb(std::vector<int64_t> values, int64_t height, int64_t width) {
  return tensor(values, kByte).reshape({height, width, 3});
}

std::vector<int> pixel(const Tensor& picture, int64_t y, int64_t x) {
  const auto at = picture.accessor<uint8_t, 3>();
  return {at[y][x][0], at[y][x][1], at[y][x][2]};
}

}  // namespace

TEST_CASE("PNG pictures of every kind become RGB") {
  // Red, half transparent green over white, transparent blue, a dark colour.
  CHECK(same(load_image(test_file("io/fixtures/rgba.png")),
             rgb({255, 0, 0, 127, 255, 127, 255, 255, 255, 10, 20, 30}, 2, 2)));
  CHECK(same(load_image(test_file("io/fixtures/grey.png")),
             rgb({255, 255, 255, 0, 0, 0, 0, 0, 0, 10, 10, 10}, 2, 2)));
  CHECK(same(load_image(test_file("io/fixtures/grey_alpha.png")),
             rgb({0, 0, 0, 255, 255, 255, 255, 255, 255, 20, 20, 20}, 2, 2)));
  CHECK(same(load_image(test_file("io/fixtures/grey16.png")),
             rgb({0, 0, 0, 255, 255, 255, 128, 128, 128, 1, 1, 1}, 2, 2)));
  CHECK(same(load_image(test_file("io/fixtures/palette.png")),
             rgb({255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}, 2, 2)));
}

TEST_CASE("JPEG pictures are turned as Exif says") {
  // Stored: 16 rows of 32 pixels, quarters red, green / blue, white. The byte at 0x31 is the
  // orientation. Expected: the colours at the four corners of the upright picture.
  const std::vector<int> r = {255, 0, 0}, g = {0, 255, 0}, b = {0, 0, 255}, w = {255, 255, 255};
  const std::vector<std::vector<int>> expected[] = {{r, g, b, w}, {g, r, w, b}, {w, b, g, r},
                                                    {b, w, r, g}, {r, b, g, w}, {b, r, w, g},
                                                    {w, g, b, r}, {g, w, r, b}};
  const test::TempDir dir;
  const std::string path = dir.file("o.jpg");
  std::string bytes = read_bytes(test_file("io/fixtures/orientation6.jpg"));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    INFO(orientation);
    bytes[0x31] = static_cast<char>(orientation);
    test::write_bytes(path, bytes);
    const Tensor picture = load_image(path);
    const int64_t height = orientation < 5 ? 16 : 32, width = orientation < 5 ? 32 : 16;
    REQUIRE(picture.sizes() == IntArrayRef({height, width, 3}));
    const std::vector<int> corners[] = {pixel(picture, 0, 0), pixel(picture, 0, width - 1),
                                        pixel(picture, height - 1, 0),
                                        pixel(picture, height - 1, width - 1)};
    for (int i = 0; i < 4; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        // Flat blocks at quality 95: the rounding of YCbCr and of the DC coefficient.
        CHECK(std::abs(corners[i][c] - expected[orientation - 1][static_cast<size_t>(i)][c]) <= 3);
      }
    }
  }
}

TEST_CASE("PNG round trip is exact, JPEG close") {
  const test::TempDir dir;
  Tensor picture = empty({40, 60, 3}, kByte);
  auto at = picture.accessor<uint8_t, 3>();
  for (int64_t y = 0; y < 40; ++y) {
    for (int64_t x = 0; x < 60; ++x) {
      at[y][x][0] = static_cast<uint8_t>(4 * x);
      at[y][x][1] = static_cast<uint8_t>(6 * y);
      at[y][x][2] = static_cast<uint8_t>(2 * (x + y));
    }
  }
  save_image(picture, dir.file("p.PNG"));
  CHECK(same(load_image(dir.file("p.PNG")), picture));
  for (const char* name : {"p.jpg", "p.JPEG"}) {
    save_image(picture, dir.file(name));
    const Tensor difference = load_image(dir.file(name)).to(kFloat) - picture.to(kFloat);
    // A smooth gradient at quality 95 loses little more than its rounding.
    CHECK(difference.abs().max().item<float>() <= 8);
  }
  CHECK(encode_image(picture, ".jpg", 60).size() < encode_image(picture, ".jpg").size());
  // Grey, as Byte and as Float; Float with a batch dimension; values are clamped and rounded.
  save_image(picture.slice(2, 0, 1), dir.file("g.png"));
  CHECK(same(load_image(dir.file("g.png")).select(2, 2), picture.select(2, 0)));
  const Tensor values = tensor({-1.0f, 0.0f, 0.499f / 255, 0.501f / 255, 0.5f, 1.0f, 2.0f, NAN});
  save_image(values.reshape({1, 2, 4}), dir.file("f.png"));
  CHECK(same(load_image(dir.file("f.png")).select(2, 0),
             tensor({0, 0, 0, 1, 128, 255, 255, 0}, kByte).reshape({2, 4})));
  save_image(picture.permute({2, 0, 1}).to(kFloat).div(255).unsqueeze(0), dir.file("f.png"));
  CHECK(same(load_image(dir.file("f.png")), picture));
}

TEST_CASE("Real pictures load") {
  struct Case {
    const char* file;
    std::vector<int64_t> sizes;
  };
  for (const Case& one : {Case{"images/content/astronaut.png", {512, 512, 3}},
                          Case{"images/content/china.jpg", {427, 640, 3}},
                          Case{"images/style/wave.jpg", {514, 928, 3}}}) {
    const auto path = data_file(one.file);
    if (path.empty()) continue;
    const Tensor picture = load_image(path);
    CHECK(picture.sizes() == IntArrayRef(one.sizes));
    // No photograph is all of one shade.
    CHECK(picture.to(kFloat).std().item<float>() > 20);
  }
}

TEST_CASE("Pictures that cannot be read are errors that name the file") {
  const test::TempDir dir;
  const auto fails = [&](const std::string& bytes) {
    const std::string path = dir.file("bad");
    test::write_bytes(path, bytes);
    const std::string message = message_of([&] { load_image(path); });
    CHECK_THAT(message, Catch::Matchers::StartsWith("load_image: " + path + ": "));
    return message;
  };
  CHECK_THAT(fails(""), ContainsSubstring("empty"));
  CHECK_THAT(fails("GIF89a..."),
             ContainsSubstring("neither PNG nor JPEG (its 9 bytes begin with 47 49"));
  CHECK_THAT(
      message_of([&] { decode_image(read_bytes(test_file("io/fixtures/rgba.png")), "x", 3); }),
      Catch::Matchers::Equals("x: 2 x 2 pixels are more than the 3 allowed"));
  CHECK_THAT(message_of([&] { load_image(dir.file("no.png")); }),
             ContainsSubstring("No such file or directory"));
  CHECK_THAT(message_of([&] { load_image(dir.path().string()); }), ContainsSubstring("directory"));

  // Every truncation is noticed: stb alone would fill a JPEG's missing part with grey.
  for (const char* name : {"io/fixtures/rgba.png", "io/fixtures/orientation6.jpg"}) {
    const std::string bytes = read_bytes(test_file(name));
    for (size_t length = 8; length < bytes.size(); ++length) {
      CHECK_THAT(fails(bytes.substr(0, length)), ContainsSubstring("at byte"));
    }
  }
  // A flipped bit in a PNG breaks a checksum.
  std::string png = read_bytes(test_file("io/fixtures/rgba.png"));
  png[45] ^= 4;
  CHECK_THAT(fails(png), ContainsSubstring("checksum"));
  // A header that claims 100000 x 100000 pixels.
  std::string large = read_bytes(test_file("io/fixtures/orientation6.jpg"));
  const size_t frame = large.find("\xff\xc0");
  REQUIRE(frame != large.npos);
  large.replace(frame + 5, 4, "\xff\xff\xff\xff");
  CHECK_THAT(fails(large), ContainsSubstring("65535 x 65535 pixels are more"));
}

TEST_CASE("Pictures that cannot be written are errors") {
  const test::TempDir dir;
  const Tensor picture = zeros({4, 4, 3}, kByte);
  CHECK_THAT(message_of([&] { save_image(picture, dir.file("p.gif")); }),
             ContainsSubstring("must end in .png, .jpg or .jpeg"));
  CHECK_THAT(message_of([&] { save_image(picture, dir.file("no/p.png")); }),
             ContainsSubstring("no/p.png: cannot write the file: No such file or directory"));
  for (const Tensor& wrong : {zeros({4, 4}, kByte), zeros({4, 4, 3}), zeros({2, 3, 4, 4}),
                              zeros({3, 4, 4}, kLong), zeros({0, 4, 3}, kByte), zeros({3, 0, 4})}) {
    CHECK_THROWS_AS(save_image(wrong, dir.file("p.png")), Error);
  }
  CHECK_THROWS_AS(save_image(Tensor(), dir.file("p.png")), Error);
  for (const int quality : {0, 101}) {
    CHECK_THAT(message_of([&] { save_image(picture, dir.file("p.jpg"), quality); }),
               ContainsSubstring("quality of 1 to 100, got " + std::to_string(quality)));
  }
}
