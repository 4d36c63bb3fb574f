#include <vector>

#include <reel/io/image.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"

using namespace reel;
using reel::test::same;

namespace {

Tensor sample() {
  return tensor({172.f, 47.f, 117.f, 192.f, 67.f, 251.f, 195.f, 103.f, 9.f,   211.f, 21.f, 242.f,
                 36.f,  87.f, 70.f,  216.f, 88.f, 140.f, 58.f,  193.f, 230.f, 39.f,  87.f, 174.f,
                 88.f,  81.f, 165.f, 25.f,  77.f, 72.f,  9.f,   148.f, 115.f, 208.f, 243.f})
      .reshape({7, 5});
}

}  // namespace

TEST_CASE("resize_image agrees with Pillow's LANCZOS") {
  // PIL 9.4: Image.fromarray(float32).resize((width, height), Image.LANCZOS).
  struct Case {
    int64_t height, width;
    std::vector<float> expected;
  };
  const Case cases[] = {
      {3,
       4,
       {170.3694f, 134.5248f, 83.5131f, 125.3263f, 166.9474f, 111.5772f, 78.5022f, 117.2150f,
        102.1812f, 97.0737f, 118.4496f, 151.1398f}},
      {1, 1, {119.4708f}},
      {7,
       2,
       {113.5892f, 124.1367f, 183.1065f, 97.3254f, 115.4513f, 78.0199f, 139.1106f, 118.4306f,
        121.2190f, 112.7410f, 101.6808f, 65.2011f, 87.0852f, 206.2015f}},
  };
  for (const Case& one : cases) {
    const Tensor out = resize_image(sample(), one.height, one.width);
    REQUIRE(out.sizes() == IntArrayRef({one.height, one.width}));
    const Tensor expected = tensor(one.expected).reshape({one.height, one.width});
    // Both round a sum of a few terms of up to 255 * 1.1 in float; Pillow's values have 4 digits.
    CHECK((out - expected).abs().max().item<float>() < 2e-4f);
  }
  // Enlarging overshoots at the edges, as the filter does: first row and last value of 11 x 9.
  const Tensor large = resize_image(sample(), 11, 9);
  const std::vector<float> first = {174.6453f, 118.8738f, 43.4579f, 38.4470f, 116.3495f,
                                    205.5259f, 199.6589f, 98.7999f, 25.5619f};
  CHECK((large.select(0, 0) - tensor(first)).abs().max().item<float>() < 2e-4f);
  CHECK(large[10][8].item<float>() == Approx(261.3509f));
}

TEST_CASE("resize_image: bytes, batches, constants and sizes that stay") {
  // Byte and Float are the same picture up to rounding; channels do not mix.
  const Tensor plane = sample();
  const Tensor bytes = stack({plane, plane.flip({0}), full({7, 5}, 77)}, 2).to(kByte);
  const Tensor floats = bytes.to(kFloat).permute({2, 0, 1}).unsqueeze(0);
  const Tensor small = resize_image(bytes, 3, 4);
  const Tensor reference = resize_image(floats, 3, 4);
  REQUIRE(small.sizes() == IntArrayRef({3, 4, 3}));
  REQUIRE(reference.sizes() == IntArrayRef({1, 3, 3, 4}));
  const Tensor difference = small.to(kFloat) - reference.squeeze(0).permute({1, 2, 0});
  // Rounding to the nearest, and 1e-3 for the sums' own.
  CHECK(difference.abs().max().item<float>() <= 0.501f);
  CHECK(small.select(2, 2).eq(77).all().item<bool>());
  CHECK(same(resize_image(bytes, 7, 5), bytes));
  CHECK(same(resize_image(floats, 7, 5), floats));
  // Values beyond 0..255 are clamped, not wrapped.
  Tensor edge = zeros({4, 4, 1}, kByte);
  edge.slice(1, 2, 4).fill_(255);
  const Tensor enlarged = resize_image(edge, 4, 16).to(kFloat);
  CHECK(enlarged.slice(1, 0, 4).max().item<float>() < 30);
  CHECK(enlarged.slice(1, 12, 16).min().item<float>() > 225);
}

TEST_CASE("resize_image suppresses what the small picture cannot show") {
  // A checkerboard, reduced by 8, is grey; without antialiasing it would be black or white.
  Tensor board = empty({64, 64, 1}, kByte);
  auto at = board.accessor<uint8_t, 3>();
  for (int64_t y = 0; y < 64; ++y) {
    for (int64_t x = 0; x < 64; ++x) at[y][x][0] = (x + y) % 2 == 0 ? 255 : 0;
  }
  const Tensor small = resize_image(board, 8, 8).to(kFloat);
  // 127.5 away from the edges; at them the window is cut and some contrast stays.
  CHECK((small - 127.5).abs().max().item<float>() < 4);
}

TEST_CASE("resize_image refuses what it cannot resize") {
  CHECK_THROWS_AS(resize_image(zeros({4, 4, 3}, kLong), 2, 2), Error);
  CHECK_THROWS_AS(resize_image(zeros({4, 4}, kByte), 2, 2), Error);
  CHECK_THROWS_AS(resize_image(zeros({4, 4, 3}, kByte), 0, 2), Error);
  CHECK_THROWS_AS(resize_image(zeros({4, 4, 3}, kByte), 2, -1), Error);
  CHECK_THROWS_AS(resize_image(zeros({3, 0, 4}), 2, 2), Error);
}
