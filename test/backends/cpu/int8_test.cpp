// _int_mm and int8_linear of every instruction set against plain loops.

#include <reel/backends/parallel.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;

struct Product {
  int64_t rows, columns, depth;
};

// Sums in 64 bits of a [rows, depth] and b [depth, columns].
std::vector<double> plain_sums(const View& a_view, const View& b_view, const Product& size) {
  const std::vector<double> a = test::values_of(a_view), b = test::values_of(b_view);
  std::vector<double> sums;
  for (int64_t m = 0; m < size.rows; ++m) {
    for (int64_t n = 0; n < size.columns; ++n) {
      int64_t sum = 0;
      for (int64_t k = 0; k < size.depth; ++k) {
        sum += static_cast<int64_t>(a[static_cast<size_t>(m * size.depth + k)]) *
               static_cast<int64_t>(b[static_cast<size_t>(k * size.columns + n)]);
      }
      sums.push_back(static_cast<double>(sum));
    }
  }
  return sums;
}

// Nothing, one line, few lines, one of what kernels compute in one piece and one more, several
// blocks of the depth and tiles, a depth in slices.
const Product kSizes[] = {{0, 5, 3},     {5, 0, 3},       {5, 3, 0},      {1, 1, 1},
                          {1, 300, 77},  {77, 1, 300},    {3, 200, 65},   {200, 4, 33},
                          {16, 16, 64},  {17, 17, 65},    {14, 32, 4},    {15, 33, 5},
                          {33, 47, 127}, {30, 100, 1300}, {130, 600, 70}, {40, 24, 9000}};

const MemoryLayout kLayouts[] = {MemoryLayout::Contiguous, MemoryLayout::Reversed,
                                 MemoryLayout::Sliced, MemoryLayout::Broadcast};

}  // namespace

TEST_CASE("_int_mm is exact for every size class and layout") {
  std::mt19937 generator(1);
  const auto isas = test::isa_kernels();
  for (const Product& size : kSizes) {
    for (const MemoryLayout la : kLayouts) {
      for (const MemoryLayout lb : kLayouts) {
        Array a({size.rows, size.depth}, kChar, la), b({size.depth, size.columns}, kChar, lb);
        a.random(generator, -128, 128);
        b.random(generator, -128, 128);
        const std::vector<double> want = plain_sums(a.view(), b.view(), size);
        for (const auto& isa : isas) {
          const MemoryLayout lc = lb == MemoryLayout::Broadcast ? MemoryLayout::Contiguous : lb;
          Array c({size.rows, size.columns}, kInt, lc);
          REQUIRE(isa.run("_int_mm", {a.view(), b.view()}, {c.view()}, nullptr) == "");
          INFO(isa.name << " [" << size.rows << ", " << size.columns << ", " << size.depth << "]");
          CHECK(test::values_of(c.view()) == want);
        }
      }
    }
  }
}

TEST_CASE("_int_mm is exact at the ends of int8") {
  for (const auto& isa : test::isa_kernels()) {
    for (const int64_t rows : {2, 20}) {
      for (const int x : {-128, 127}) {
        for (const int y : {-128, 127}) {
          // The most products whose sum always fits.
          constexpr int64_t kDepth = 131071;
          Array a({rows, kDepth}, kChar), b({kDepth, 3}, kChar), c({rows, 3}, kInt);
          a.for_all<int8_t>([&](int8_t& element) { element = static_cast<int8_t>(x); });
          b.for_all<int8_t>([&](int8_t& element) { element = static_cast<int8_t>(y); });
          REQUIRE(isa.run("_int_mm", {a.view(), b.view()}, {c.view()}, nullptr) == "");
          INFO(isa.name << " " << x << " " << y);
          for (const double sum : test::values_of(c.view())) {
            CHECK(sum == static_cast<double>(x * y * kDepth));
          }
        }
      }
    }
  }
}

TEST_CASE("int8_linear scales exact sums by row and by output") {
  std::mt19937 generator(2);
  const auto isas = test::isa_kernels();
  for (const Product& size : kSizes) {
    for (const MemoryLayout layout :
         {MemoryLayout::Contiguous, MemoryLayout::Reversed, MemoryLayout::Sliced}) {
      for (const bool by_row : {false, true}) {
        Array x({size.rows, size.depth}, kChar, layout);
        Array weight({size.columns, size.depth}, kChar, layout);
        Array x_scale({by_row ? size.rows : 1}, kFloat, layout);
        Array scale({size.columns}, kFloat, layout), bias({size.columns}, kFloat, layout);
        x.random(generator, -128, 128);
        weight.random(generator, -128, 128);
        for (Array* array : {&x_scale, &scale, &bias}) array->random(generator, 0.001, 0.01);
        View turned = weight.view();
        const int64_t sizes[] = {size.depth, size.columns};
        const int64_t strides[] = {turned.strides[1], turned.strides[0]};
        turned.sizes = sizes;
        turned.strides = strides;
        std::vector<double> want = plain_sums(x.view(), turned, size);
        for (int64_t m = 0; m < size.rows; ++m) {
          const double row_scale = test::value_at(x_scale.view(), {by_row ? m : 0});
          for (int64_t n = 0; n < size.columns; ++n) {
            double& value = want[static_cast<size_t>(m * size.columns + n)];
            value = value * row_scale * test::value_at(scale.view(), {n}) +
                    test::value_at(bias.view(), {n});
          }
        }
        for (const auto& isa : isas) {
          Array y({size.rows, size.columns}, kFloat, layout);
          REQUIRE(isa.run("int8_linear",
                          {x.view(), weight.view(), x_scale.view(), scale.view(), bias.view()},
                          {y.view()}, nullptr) == "");
          INFO(isa.name << " [" << size.rows << ", " << size.columns << ", " << size.depth << "]");
          // Four roundings of 2^-24.
          CHECK(test::relative_rms(y.view(), want) <= 0x1p-22);
        }
      }
    }
  }
}

TEST_CASE("int8_linear is the same bits for any number of threads") {
  std::mt19937 generator(3);
  const int before = get_num_threads();
  for (const auto& isa : test::isa_kernels()) {
    Array x({150, 170}, kChar), weight({130, 170}, kChar), x_scale({1}, kFloat),
        scale({130}, kFloat);
    Array one({150, 130}, kFloat), five({150, 130}, kFloat);
    for (Array* array : {&x, &weight}) array->random(generator, -128, 128);
    for (Array* array : {&x_scale, &scale}) array->random(generator, 0.001, 0.01);
    for (Array* y : {&one, &five}) {
      set_num_threads(y == &one ? 1 : 5);
      isa.run("int8_linear", {x.view(), weight.view(), x_scale.view(), scale.view()}, {y->view()},
              nullptr);
    }
    INFO(isa.name);
    CHECK(one.same_bytes(five));
  }
  set_num_threads(before);
}
