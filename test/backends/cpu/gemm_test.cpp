// mm and bmm of every instruction set against three plain loops in double.

#include <reel/backends/parallel.h>
#include <reel/tensor/ops/matmul.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;

struct Product {
  int64_t batches, rows, columns, depth;
};

std::vector<double> plain_product(const View& a_view, const View& b_view, const Product& size) {
  const std::vector<double> a = test::values_of(a_view), b = test::values_of(b_view);
  std::vector<double> c(static_cast<size_t>(size.batches * size.rows * size.columns), 0.0);
  for (int64_t row = 0; row < size.batches * size.rows; ++row) {
    for (int64_t k = 0; k < size.depth; ++k) {
      const double factor = a[static_cast<size_t>(row * size.depth + k)];
      const double* from = b.data() + (row / size.rows * size.depth + k) * size.columns;
      double* to = c.data() + row * size.columns;
      for (int64_t n = 0; n < size.columns; ++n) to[n] += factor * from[n];
    }
  }
  return c;
}

// An array [batches, rows, columns] whose matrices lie by rows, by columns or with gaps.
Array matrices(int64_t batches, int64_t rows, int64_t columns, ScalarType dtype,
               MemoryLayout layout, std::mt19937& generator) {
  Array array({batches, rows, columns}, dtype, layout);
  const bool whole = dtype == kInt || dtype == kLong;
  array.random(generator, whole ? -9 : -1, whole ? 10 : 1);
  return array;
}

// Sums of `depth` products of values up to 1 in any order: errors grow like the root of the depth.
// Half and bfloat16 are summed up as floats and rounded once, by up to 2^-11 and 2^-8.
double tolerance(ScalarType dtype, int64_t depth) {
  const double roots = std::sqrt(static_cast<double>(depth) + 1);
  if (dtype == kHalf) return 0x1p-11 + 1e-6 * roots;
  if (dtype == kBFloat16) return 0x1p-8 + 1e-6 * roots;
  return dtype == kFloat ? 1e-6 * roots : dtype == kDouble ? 1e-15 * roots : 0;
}

}  // namespace

TEST_CASE("bmm agrees with plain loops for every size class and layout") {
  std::mt19937 generator(1);
  // Tiny, no depth, one row, one column, few rows and columns, tile edges, several depth blocks,
  // sliced depth, many batches.
  const std::vector<Product> sizes = {
      {1, 1, 1, 1},     {2, 4, 4, 4},       {1, 5, 3, 0},     {1, 1, 300, 77},   {1, 3, 500, 65},
      {1, 77, 1, 300},  {1, 200, 2, 33},    {3, 17, 19, 23},  {1, 30, 100, 300}, {1, 64, 64, 5000},
      {20, 9, 33, 40},  {1, 130, 300, 270}, {1, 14, 32, 16},  {1, 15, 33, 17},   {1, 5, 300, 77},
      {1, 8, 201, 130}, {1, 90, 7, 70},     {1, 460, 70, 40}, {1, 6, 1100, 259}};
  const MemoryLayout layouts[] = {MemoryLayout::Contiguous, MemoryLayout::Reversed,
                                  MemoryLayout::Sliced};
  const auto isas = test::isa_kernels();
  for (const ScalarType dtype : {kFloat, kDouble, kHalf, kBFloat16, kInt, kLong}) {
    for (const Product& size : sizes) {
      for (const MemoryLayout la : layouts) {
        for (const MemoryLayout lb : layouts) {
          Array a = matrices(size.batches, size.rows, size.depth, dtype, la, generator);
          Array b = matrices(size.batches, size.depth, size.columns, dtype, lb, generator);
          const std::vector<double> want = plain_product(a.view(), b.view(), size);
          for (const auto& isa : isas) {
            Array c({size.batches, size.rows, size.columns}, dtype, lb);
            const View out = c.view();
            REQUIRE(isa.run("bmm", {a.view(), b.view()}, {out}, nullptr) == "");
            INFO(isa.name << " " << to_string(dtype) << " [" << size.batches << ", " << size.rows
                          << ", " << size.columns << ", " << size.depth << "]");
            CHECK(test::relative_rms(out, want) <= tolerance(dtype, size.depth));
          }
        }
      }
    }
  }
}

TEST_CASE(
    "gram agrees with plain loops, is symmetric and the same bits for any number of threads") {
  std::mt19937 generator(4);
  // Few rows, part of a panel, several panels, sliced depth, no depth.
  const std::pair<int64_t, int64_t> sizes[] = {{3, 200},   {10, 33},   {40, 7},  {70, 300},
                                               {64, 5000}, {33, 2100}, {130, 1}, {9, 0}};
  const int before = get_num_threads();
  for (const ScalarType dtype : {kFloat, kDouble}) {
    for (const auto& [rows, depth] : sizes) {
      for (const auto layout :
           {MemoryLayout::Contiguous, MemoryLayout::Reversed, MemoryLayout::Sliced}) {
        Array a({rows, depth}, dtype, layout);
        a.random(generator, -1, 1);
        View turned = a.view();
        const int64_t turned_sizes[] = {depth, rows};
        const int64_t turned_strides[] = {turned.strides[1], turned.strides[0]};
        turned.sizes = turned_sizes;
        turned.strides = turned_strides;
        const std::vector<double> want = plain_product(a.view(), turned, {1, rows, rows, depth});
        for (const auto& isa : test::isa_kernels()) {
          Array one({rows, rows}, dtype, layout), five({rows, rows}, dtype, layout);
          set_num_threads(1);
          REQUIRE(isa.run("gram", {a.view()}, {one.view()}, nullptr).empty());
          set_num_threads(5);
          REQUIRE(isa.run("gram", {a.view()}, {five.view()}, nullptr).empty());
          INFO(isa.name << " " << to_string(dtype) << " [" << rows << ", " << depth << "]");
          CHECK(test::relative_rms(one.view(), want) <= tolerance(dtype, depth));
          CHECK(one.same_bytes(five));
          const std::vector<double> got = test::values_of(one.view());
          bool symmetric = true;
          for (int64_t i = 0; i < rows * rows; ++i) {
            const int64_t mirrored = i % rows * rows + i / rows;
            symmetric &= got[static_cast<size_t>(i)] == got[static_cast<size_t>(mirrored)];
          }
          CHECK(symmetric);
        }
      }
    }
  }
  set_num_threads(before);
}

TEST_CASE("mm reads broadcast operands and refuses dtypes it has no kernel for") {
  std::mt19937 generator(2);
  const auto kernels = test::isa_kernels();
  const test::IsaKernels& isa = kernels.back();
  Array a({40, 70}, kFloat, MemoryLayout::Broadcast), b({70, 50}, kFloat), c({40, 50}, kFloat);
  a.random(generator, -1, 1);
  b.random(generator, -1, 1);
  REQUIRE(isa.run("mm", {a.view(), b.view()}, {c.view()}, nullptr).empty());
  const std::vector<double> want = plain_product(a.view(), b.view(), {1, 40, 50, 70});
  CHECK(test::relative_rms(c.view(), want) <= tolerance(kFloat, 70));

  Array h({4, 4}, kShort), out({4, 4}, kShort);
  CHECK_FALSE(isa.run("mm", {h.view(), h.view()}, {out.view()}, nullptr).empty());
}

TEST_CASE("Products are the same bits for any number of threads") {
  std::mt19937 generator(3);
  const int before = get_num_threads();
  for (const auto& isa : test::isa_kernels()) {
    for (const ScalarType dtype : {kFloat, kHalf, kBFloat16}) {
      for (const Product size :
           {Product{1, 130, 140, 150}, Product{1, 64, 64, 9000}, Product{1, 2, 700, 900},
            Product{1, 7, 700, 900}, Product{30, 20, 20, 20}, Product{1, 300, 1100, 900}}) {
        const auto layout = MemoryLayout::Contiguous;
        Array a = matrices(size.batches, size.rows, size.depth, dtype, layout, generator);
        Array b = matrices(size.batches, size.depth, size.columns, dtype, layout, generator);
        Array one({size.batches, size.rows, size.columns}, dtype);
        Array five({size.batches, size.rows, size.columns}, dtype);
        set_num_threads(1);
        isa.run("bmm", {a.view(), b.view()}, {one.view()}, nullptr);
        set_num_threads(5);
        isa.run("bmm", {a.view(), b.view()}, {five.view()}, nullptr);
        INFO(isa.name << " " << to_string(dtype));
        CHECK(one.same_bytes(five));
      }
    }
  }
  set_num_threads(before);
}

TEST_CASE("Products of half and bfloat16 pass NaN and infinity on and overflow to infinity") {
  for (const auto& isa : test::isa_kernels()) {
    for (const ScalarType dtype : {kHalf, kBFloat16}) {
      for (const int64_t rows : {2, 40}) {
        Array a({rows, 64}, dtype), b({64, 48}, dtype), c({rows, 48}, dtype);
        const auto fill = [](Array& array, float value) {
          array.for_all<uint16_t>([&](uint16_t& x) {
            x = array.dtype() == kHalf ? Half(value).bits : BFloat16(value).bits;
          });
        };
        const auto result = [&](float first, float others, float factor) {
          fill(a, others);
          fill(b, factor);
          a.view().as<uint16_t>()[0] = dtype == kHalf ? Half(first).bits : BFloat16(first).bits;
          REQUIRE(isa.run("mm", {a.view(), b.view()}, {c.view()}, nullptr).empty());
          return test::values_of(c.view());
        };
        INFO(isa.name << " " << to_string(dtype) << " rows " << rows);
        CHECK(std::isnan(result(NAN, 1, 1)[47]));
        CHECK(result(NAN, 1, 1)[48] == 64);
        CHECK(result(INFINITY, 1, 1)[0] == INFINITY);
        CHECK(std::isnan(result(INFINITY, 1, 0)[0]));
        const float large = dtype == kHalf ? 60000.0f : 3e38f;
        CHECK(result(large, large, 1)[48] == INFINITY);
        CHECK(result(large, large, -1)[48] == -INFINITY);
      }
    }
  }
}
