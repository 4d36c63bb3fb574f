// Copies, fills, moves, selections, reductions, pooling and atomics of BANG C, against plain loops.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <reel/tensor/ops.h>
#include <reel/tensor/tensor.h>

#include "mlu/builtins.h"
#include "support/catch.h"

namespace {

using namespace test::mlu;

Floats random_floats(size_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-4, 4);
  Floats values(count);
  for (float& value : values) value = std::round(uniform(random) * 64) / 64;
  return values;
}

size_t at(int i) { return static_cast<size_t>(i); }

void require_near(const Floats& got, const Floats& expected) {
  REQUIRE(last_failure().empty());
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    REQUIRE(std::abs(got[i] - expected[i]) <= 1e-5F * (1 + std::abs(expected[i])));
  }
}

/// Element (y, x) of the large image that is element i of window (row, column).
int place(const Window& w, int row, int column, int i) {
  return (row * w.stride_height + i / w.kernel_width) * w.width + column * w.stride_width +
         i % w.kernel_width;
}

template <class F>
void for_each_result(const Window& w, F f) {
  for (int row = 0; row < w.rows(); ++row) {
    for (int column = 0; column < w.columns(); ++column) {
      for (int c = 0; c < w.channel; ++c) {
        f(row, column, c, (row * w.columns() + column) * w.channel + c);
      }
    }
  }
}

const Window kWindows[] = {{64, 9, 9, 3, 3, 1, 1},
                           {32, 7, 10, 2, 3, 3, 2},
                           {5, 6, 8, 2, 2, 2, 2},
                           {1, 1, 128, 1, 128, 1, 1},
                           {3, 8, 7, 1, 1, 2, 3}};

}  // namespace

TEST_CASE("strided copies follow both shapes", "[mlu]") {
  std::vector<uint8_t> src(512);
  std::iota(src.begin(), src.end(), uint8_t{0});
  const Strides s{7, 9, 5, 67, 3, 11, 7, 103, 2};
  std::vector<uint8_t> expected(512, 255);
  for (int i = 0; i < 24; ++i) {
    for (int j = 0; j < 7; ++j) {
      expected[at(i % 6 * 9 + i / 6 * 67 + j)] = src[at(i % 8 * 11 + i / 8 * 103 + j)];
    }
  }
  REQUIRE(copy_strided(src, 512, s) == expected);
  REQUIRE(last_failure().empty());
}

TEST_CASE("a strided copy names shapes that do not match", "[mlu]") {
  const std::vector<uint8_t> src(512);
  copy_strided(src, 512, {7, 9, 5, 67, 3, 11, 7, 103, 1});
  REQUIRE_FALSE(last_failure().empty());
  copy_strided(src, 512, {7, 5, 5, 67, 3, 11, 7, 103, 2});
  REQUIRE_FALSE(last_failure().empty());
}

TEST_CASE("fills in blocks of rows", "[mlu]") {
  Floats expected(64, -1);
  for (int j = 0; j < 3; ++j) {
    for (int i = 0; i < 2; ++i) {
      for (int k = 0; k < 3; ++k) expected[at(j * 16 + i * 5 + k)] = 7;
    }
  }
  for (const int memory : {0, 1, 2}) {
    CAPTURE(memory);
    require_near(fill_blocks(memory, 64), expected);
  }
}

TEST_CASE("gather and scatter go by byte offsets", "[mlu]") {
  const Floats table = random_floats(100);
  const Ints offsets = {40, 0, 360, 4, 8, 80, 120, 44, 48};
  const Floats got = gather_rows(table, offsets, {0b11110111, 0b1}, 8);
  Floats expected(offsets.size() * 8, -1);
  for (int i = 0; i < 9; ++i) {
    for (int j = 0; i != 3 && j < 8; ++j)
      expected[at(i * 8 + j)] = table[at(offsets[at(i)] / 4 + j)];
  }
  require_near(got, expected);

  const Ints places = {96, 0, 32};
  Floats scattered(40, -1);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 8; ++j) scattered[at(places[at(i)] / 4 + j)] = table[at(i * 8 + j)];
  }
  require_near(scatter_rows(Floats(table.begin(), table.begin() + 24), places, 8, 40), scattered);
}

TEST_CASE("transposition, rotation, mirror image", "[mlu]") {
  constexpr int kHeight = 12, kWidth = 20;
  const Floats src = random_floats(kHeight * kWidth);
  Floats transposed(src.size()), turned90(src.size()), turned180(src.size()), turned270(src.size()),
      mirrored(src.size()), nchw(src.size());
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const float value = src[at(y * kWidth + x)];
      transposed[at(x * kHeight + y)] = value;
      turned90[at(x * kHeight + kHeight - 1 - y)] = value;
      turned180[at((kHeight - 1 - y) * kWidth + kWidth - 1 - x)] = value;
      turned270[at((kWidth - 1 - x) * kHeight + y)] = value;
      mirrored[at(y * kWidth + kWidth - 1 - x)] = value;
      nchw[at(x * kHeight + y)] = value;
    }
  }
  require_near(move(Move::transpose, src, kHeight, kWidth), transposed);
  require_near(move(Move::rotate90, src, kHeight, kWidth), turned90);
  require_near(move(Move::rotate180, src, kHeight, kWidth), turned180);
  require_near(move(Move::rotate270, src, kHeight, kWidth), turned270);
  require_near(move(Move::mirror, src, kHeight, kWidth), mirrored);
  require_near(move(Move::to_nchw, src, kHeight, kWidth), nchw);
  require_near(move(Move::to_nhwc, nchw, kHeight, kWidth), src);
}

TEST_CASE("filters of one unit of the matrix unit come together", "[mlu]") {
  constexpr int kRow = 16;
  const Floats src = random_floats(192 * kRow);
  Floats expected;
  for (int unit = 0; unit < 64; ++unit) {
    for (int row = unit; row < 192; row += 64) {
      expected.insert(expected.end(), src.begin() + row * kRow, src.begin() + (row + 1) * kRow);
    }
  }
  require_near(move(Move::filter, src, 192, kRow), expected);
  move(Move::filter, src, 96, kRow);
  REQUIRE_FALSE(last_failure().empty());
}

TEST_CASE("padding", "[mlu]") {
  constexpr int kChannel = 8, kHeight = 3, kWidth = 5;
  const Floats src = random_floats(kChannel * kHeight * kWidth);
  Floats expected;
  for (int y = -1; y < kHeight + 2; ++y) {
    for (int x = -3; x < kWidth; ++x) {
      for (int c = 0; c < kChannel; ++c) {
        const bool inside = y >= 0 && y < kHeight && x >= 0;
        expected.push_back(inside ? src[at((y * kWidth + x) * kChannel + c)] : 2.5F);
      }
    }
  }
  require_near(pad(src, kChannel, kHeight, kWidth, 1, 2, 3, 0, 2.5F), expected);
}

TEST_CASE("what a mask keeps", "[mlu]") {
  const Floats src = random_floats(1000), coins = random_floats(1000, 2);
  Floats mask, expected = {0};
  for (size_t i = 0; i < src.size(); ++i) {
    mask.push_back(coins[i] > 1 ? coins[i] : coins[i] > 0 ? -0.0F : 0.0F);
    if (mask.back() != 0) expected.push_back(src[i]);
  }
  expected[0] = static_cast<float>(expected.size() - 1);
  for (const Keep which :
       {Keep::collect, Keep::filter, Keep::filter_bitindex, Keep::select, Keep::in_place}) {
    require_near(keep(which, src, mask), expected);
  }
  require_near(keep(Keep::filter, src, Floats(1000)), {0});
}

TEST_CASE("tables", "[mlu]") {
  const Floats table = random_floats(10);
  const Ints indices = {3, 0, 9, 9, 1};
  require_near(look_up(table, indices), {table[3], table[0], table[9], table[9], table[1]});
  look_up(table, {3, 64});
  REQUIRE_FALSE(last_failure().empty());
}

TEST_CASE("reductions", "[mlu]") {
  for (const bool half : {false, true}) {
    CAPTURE(half);
    Floats src = random_floats(200, 3);
    src[17] = src[90] = 9;
    src[33] = src[120] = -9;
    for (int i = 0; i < 5; ++i) src[at(i)] = src[at(199 - i)] = 0;
    double sum = 0;
    for (const float value : src) sum += value;
    const auto value = [&](Reduce which, size_t i = 0) {
      const float got = test::mlu::reduce(which, src, half)[i];
      REQUIRE(last_failure().empty());
      return got;
    };
    REQUIRE(value(Reduce::sum) == Approx(sum).epsilon(half ? 2e-3 : 1e-5));
    const size_t line = half ? 64 : 32;
    for (size_t start = 0; start < src.size(); start += line) {
      const size_t end = std::min(start + line, src.size());
      double part = 0;
      for (size_t i = start; i < end; ++i) part += src[i];
      REQUIRE(value(Reduce::lines, start / line) == Approx(part).epsilon(2e-3).margin(0.01));
    }
    REQUIRE(value(Reduce::argmax) == 9);
    REQUIRE(value(Reduce::argmax, 1) == 17);
    REQUIRE(value(Reduce::argmin) == -9);
    REQUIRE(value(Reduce::argmin, 1) == 33);
    const auto nonzero = std::count_if(src.begin(), src.end(), [](float x) { return x != 0; });
    REQUIRE(value(Reduce::count) == static_cast<float>(nonzero));
    REQUIRE(value(Reduce::counted) == static_cast<float>(nonzero));
    REQUIRE(value(Reduce::first) == 5);
    REQUIRE(value(Reduce::last) == 194);
    src.assign(64, 0);
    REQUIRE(value(Reduce::first) == -1);
    REQUIRE(value(Reduce::last) == -1);
  }
}

TEST_CASE("pooling", "[mlu]") {
  for (const Window& w : kWindows) {
    CAPTURE(w.channel, w.height, w.width);
    const Floats src = random_floats(at(w.height * w.width * w.channel), 5);
    const auto results = at(w.rows() * w.columns() * w.channel);
    Floats sums(results), averages(results), maxima(results), minima(results), max_places(results),
        min_places(results);
    for_each_result(w, [&](int row, int column, int c, int i) {
      float sum = 0;
      int largest = 0, smallest = 0;
      const auto element = [&](int k) { return src[at(place(w, row, column, k) * w.channel + c)]; };
      for (int k = 0; k < w.kernel_height * w.kernel_width; ++k) {
        sum += element(k);
        if (element(k) > element(largest)) largest = k;
        if (element(k) < element(smallest)) smallest = k;
      }
      sums[at(i)] = sum;
      averages[at(i)] = sum / static_cast<float>(w.kernel_height * w.kernel_width);
      maxima[at(i)] = element(largest);
      minima[at(i)] = element(smallest);
      max_places[at(i)] = static_cast<float>(largest);
      min_places[at(i)] = static_cast<float>(smallest);
    });
    require_near(pool(Pool::sum, src, w), sums);
    require_near(pool(Pool::average, src, w), averages);
    require_near(pool(Pool::max, src, w), maxima);
    require_near(pool(Pool::min, src, w), minima);
    require_near(pool(Pool::max_index, src, w), max_places);
    require_near(pool(Pool::min_index, src, w), min_places);
    Floats both = maxima;
    both.insert(both.end(), max_places.begin(), max_places.end());
    require_near(pool(Pool::value_index, src, w), both);
  }
}

TEST_CASE("max pooling is what the CPU computes", "[mlu]") {
  const Window w{16, 11, 9, 3, 2, 2, 3};
  Floats src = random_floats(at(w.height * w.width * w.channel), 6);
  const reel::Tensor image = reel::from_blob(src.data(), {1, w.height, w.width, w.channel});
  const reel::Tensor expected =
      reel::max_pool2d(image.permute({0, 3, 1, 2}), {w.kernel_height, w.kernel_width},
                       {w.stride_height, w.stride_width})
          .permute({0, 2, 3, 1})
          .contiguous();
  REQUIRE(expected.numel() == w.rows() * w.columns() * w.channel);
  const float* data = expected.data_ptr<float>();
  require_near(pool(Pool::max, src, w), Floats(data, data + expected.numel()));
}

TEST_CASE("pooling backward", "[mlu]") {
  for (const Window& w : kWindows) {
    CAPTURE(w.channel, w.height, w.width);
    const auto results = at(w.rows() * w.columns() * w.channel);
    const int window = w.kernel_height * w.kernel_width;
    const Floats gradient = random_floats(results, 7);
    Ints places(results);
    for (size_t i = 0; i < results; ++i) places[i] = static_cast<int>(i * 7) % window;
    const Floats untouched(at(w.height * w.width * w.channel), -1);
    for (const bool cover : {false, true}) {
      Floats average = untouched, maximum = untouched, single = untouched;
      for (Floats* image : {&average, &maximum, &single}) {
        for_each_result(w, [&](int row, int column, int c, int) {
          for (int k = 0; k < window; ++k) {
            (*image)[at(place(w, row, column, k) * w.channel + c)] = 0;
          }
        });
      }
      for_each_result(w, [&](int row, int column, int c, int i) {
        const auto spread = [&](Floats& image, int k, float value) {
          float& to = image[at(place(w, row, column, k) * w.channel + c)];
          to = cover ? value : to + value;
        };
        for (int k = 0; k < window; ++k) {
          spread(average, k, gradient[at(i)] / static_cast<float>(window));
        }
        spread(maximum, places[at(i)], gradient[at(i)]);
        single[at(place(w, row, column, window - 1) * w.channel + c)] = gradient[at(i)];
      });
      require_near(pool_backward(gradient, {}, w, cover), average);
      require_near(pool_backward(gradient, places, w, cover), maximum);
      if (!cover) require_near(unpool(gradient, w, window - 1), single);
    }
  }
}

TEST_CASE("windows that do not fit are named", "[mlu]") {
  pool(Pool::max, Floats(32), {4, 2, 4, 3, 3, 1, 1});
  REQUIRE_FALSE(last_failure().empty());
}

TEST_CASE("atomics of eight tasks", "[mlu]") {
  const auto sorted = [](Ints result) {
    std::sort(result.begin() + 1, result.end());
    REQUIRE(last_failure().empty());
    return result;
  };
  REQUIRE(sorted(atomics(Atomic::add, 100, 3)) ==
          Ints{124, 100, 103, 106, 109, 112, 115, 118, 121});
  REQUIRE(sorted(atomics(Atomic::vector_add, 0, 1)) == Ints{8, 0, 1, 2, 3, 4, 5, 6, 7});
  REQUIRE(sorted(atomics(Atomic::increment, 0, 5)) == Ints{2, 0, 0, 1, 1, 2, 3, 4, 5});
  REQUIRE(sorted(atomics(Atomic::decrement, 0, 5)) == Ints{4, 0, 0, 1, 2, 3, 4, 5, 5});
  REQUIRE(atomics(Atomic::max, 3, 0)[0] == 7);
  REQUIRE(atomics(Atomic::min, 3, 0)[0] == -7);
  REQUIRE(atomics(Atomic::conjunction, 0xfff, 0)[0] == 0xf00);
  REQUIRE(atomics(Atomic::disjunction, 0x100, 0)[0] == 0x1ff);
  REQUIRE(atomics(Atomic::exclusive, 5, 3)[0] == 5);
  REQUIRE(atomics(Atomic::reduce_add, 1, 2)[0] == 17);
  REQUIRE(atomics(Atomic::reduce_max, 1, 0)[0] == 7);
  // One task at most meets what it expects, and the next ones what that one left.
  const Ints swapped = atomics(Atomic::compare_and_swap, 4, 100);
  REQUIRE(swapped[0] == 100);
  REQUIRE(swapped[1 + 4] == 4);
  // Whoever comes finds the number of the one before.
  const Ints exchanged = sorted(atomics(Atomic::exchange, -5, 0));
  Ints all(exchanged.begin() + 1, exchanged.end());
  all.push_back(exchanged[0]);
  std::sort(all.begin(), all.end());
  REQUIRE(all == Ints{-5, 0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("atomics on the memory of a cluster", "[mlu]") {
  REQUIRE(count_in_sram() == Ints{4, 4});
  REQUIRE(last_failure().empty());
}

TEST_CASE("printf and assert of kernels", "[mlu]") {
  REQUIRE(print_and_assert(5) == 9);
  REQUIRE(last_failure().empty());
  print_and_assert(-5);
  REQUIRE_FALSE(last_failure().empty());
}
