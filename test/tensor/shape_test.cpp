#include <limits>
#include <string>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/shape.h>

#include "support/catch.h"

using reel::Shape;
using Ints = std::vector<int64_t>;

namespace {

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const reel::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a Shape grows and shrinks across its inline size") {
  Shape shape;
  Ints expected;
  for (int64_t i = 0; i < 12; ++i) {
    shape.insert(shape.size() / 2, i);
    expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2), i);
    REQUIRE(shape.vec() == expected);
  }
  const Shape copy = shape;
  Shape moved = std::move(shape);
  CHECK(shape.empty());
  CHECK(moved == copy);
  while (!moved.empty()) {
    moved.erase(moved.size() / 2);
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2));
    REQUIRE(moved.vec() == expected);
  }
  moved = copy;
  CHECK(moved == copy);
  moved = Shape{1, 2};
  CHECK(moved.vec() == Ints{1, 2});
  moved.resize(9);
  CHECK(moved.size() == 9);
  CHECK((moved[0] == 1 && moved[1] == 2));
}

TEST_CASE("numel_of multiplies and refuses what does not fit") {
  CHECK(reel::numel_of({}) == 1);
  CHECK(reel::numel_of({2, 3, 4}) == 24);
  CHECK(reel::numel_of({2, 0, 4}) == 0);
  CHECK(reel::numel_of({int64_t{1} << 62}) == int64_t{1} << 62);
  CHECK(message_of([] {
          reel::numel_of({-1, 2});
        }) == "Trying to create tensor with negative dimension -1: [-1, 2]");
  const int64_t big = int64_t{1} << 40;
  CHECK_THROWS_AS(reel::numel_of({big, big}), reel::Error);
  // No elements, but no strides that fit either.
  CHECK_THROWS_AS(reel::numel_of({0, big, big}), reel::Error);
  CHECK_THROWS_AS(reel::numel_of({0, -5}), reel::Error);
}

TEST_CASE("strides of the two memory formats") {
  CHECK(reel::contiguous_strides({2, 3, 4}).vec() == Ints{12, 4, 1});
  CHECK(reel::contiguous_strides({2, 0, 4}).vec() == Ints{4, 4, 1});
  CHECK(reel::contiguous_strides({}).vec() == Ints{});
  CHECK(reel::channels_last_strides({2, 3, 4, 5}).vec() == Ints{60, 1, 15, 3});
  CHECK_THROWS_AS(reel::channels_last_strides({2, 3, 4}), reel::Error);
}

TEST_CASE("layouts are recognised by PyTorch's rules") {
  struct Row {
    Ints sizes, strides;
    bool contiguous, channels_last, dense;
  };
  // is_contiguous(), is_contiguous(memory_format=channels_last) and is_non_overlapping_and_dense()
  // of torch.empty_strided(sizes, strides), PyTorch 1.13.
  const std::vector<Row> rows = {
      {{}, {}, true, false, true},
      {{1}, {7}, true, false, true},
      {{3}, {1}, true, false, true},
      {{3}, {2}, false, false, false},
      {{3}, {0}, false, false, false},
      {{0}, {5}, true, false, true},
      {{2, 3}, {3, 1}, true, false, true},
      {{2, 3}, {1, 2}, false, false, true},
      {{2, 3}, {4, 1}, false, false, false},
      {{2, 1, 3}, {3, 99, 1}, true, false, true},
      {{2, 3}, {0, 1}, false, false, false},
      {{2, 2}, {1, 1}, false, false, false},
      {{2, 0, 3}, {7, 7, 7}, true, false, true},
      {{2, 3, 4, 5}, {60, 1, 15, 3}, false, true, true},
      {{2, 3, 4, 5}, {60, 20, 5, 1}, true, false, true},
      {{2, 1, 4, 5}, {20, 20, 5, 1}, true, true, true},
      {{2, 3, 1, 1}, {3, 1, 1, 1}, true, true, true},
      {{1, 3, 4, 5}, {999, 1, 15, 3}, false, true, true},
      {{2, 3, 4, 5}, {120, 1, 30, 6}, false, false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(reel::str(row.sizes), reel::str(row.strides));
    CHECK(reel::is_contiguous_layout(row.sizes, row.strides) == row.contiguous);
    CHECK(reel::is_channels_last_layout(row.sizes, row.strides) == row.channels_last);
    CHECK(reel::is_dense_layout(row.sizes, row.strides) == row.dense);
  }
}

TEST_CASE("elementwise results lie in memory as PyTorch lays them out") {
  struct Row {
    Ints sizes, strides, expected;
  };
  // Strides of torch.empty_strided(sizes, strides).abs(), PyTorch 1.13.
  const std::vector<Row> rows = {
      {{2, 3}, {3, 1}, {3, 1}},
      {{2, 3}, {1, 2}, {1, 2}},
      {{2, 3}, {6, 2}, {3, 1}},
      {{2, 3}, {1, 4}, {1, 2}},
      {{2, 3}, {0, 1}, {3, 1}},
      {{2, 3}, {1, 0}, {3, 1}},
      {{2, 1, 3}, {3, 99, 1}, {3, 3, 1}},
      {{2, 3, 4, 5}, {60, 1, 15, 3}, {60, 1, 15, 3}},
      {{2, 3, 4, 5}, {120, 1, 30, 6}, {60, 1, 15, 3}},
      {{4, 2, 3}, {1, 12, 4}, {1, 12, 4}},
      {{4, 2, 3}, {2, 24, 8}, {1, 12, 4}},
      {{3, 4, 2}, {0, 1, 4}, {8, 1, 4}},
      {{2, 3, 4}, {4, 0, 1}, {12, 4, 1}},
      {{2, 2}, {1, 1}, {2, 1}},
      {{3, 2}, {1, 1}, {2, 1}},
      {{2, 0, 3}, {1, 1, 1}, {3, 3, 1}},
  };
  for (const Row& row : rows) {
    CAPTURE(reel::str(row.sizes), reel::str(row.strides));
    CHECK(reel::dense_strides_like(row.sizes, row.strides).vec() == row.expected);
  }
}

TEST_CASE("shapes broadcast, or the error is PyTorch's") {
  CHECK(reel::broadcast_sizes({3, 1}, {2}).vec() == Ints{3, 2});
  CHECK(reel::broadcast_sizes({}, {2, 3}).vec() == Ints{2, 3});
  CHECK(reel::broadcast_sizes({1, 0}, {5, 1}).vec() == Ints{5, 0});
  CHECK(
      message_of([] {
        reel::broadcast_sizes({2, 3}, {2, 4});
      }) ==
      "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1");
  CHECK(
      message_of([] {
        reel::broadcast_sizes({5, 2, 3}, {4, 3});
      }) ==
      "The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 1");
  CHECK(
      message_of([] { reel::broadcast_sizes({0}, {3}); }) ==
      "The size of tensor a (0) must match the size of tensor b (3) at non-singleton dimension 0");
}

TEST_CASE("dimensions count from both ends") {
  CHECK(reel::wrap_dim(1, 2) == 1);
  CHECK(reel::wrap_dim(-2, 2) == 0);
  CHECK(reel::wrap_dim(0, 0) == 0);
  CHECK(reel::wrap_dim(-1, 0) == 0);
  CHECK_THROWS_AS(reel::wrap_dim(2, 2), reel::IndexError);
  CHECK(message_of([] { reel::wrap_dim(2, 2); }) ==
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  CHECK(message_of([] { reel::wrap_dim(-2, 0); }) ==
        "Dimension out of range (expected to be in range of [-1, 0], but got -2)");
  CHECK_THROWS_AS(reel::wrap_dim(std::numeric_limits<int64_t>::min(), 3), reel::IndexError);
}

TEST_CASE("shapes print as in messages") {
  CHECK(reel::str({1, 3, 8, 8}) == "[1, 3, 8, 8]");
  CHECK(reel::str({}) == "[]");
  CHECK(reel::str({-1}) == "[-1]");
}
