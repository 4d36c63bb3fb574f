// The kernel of cat, which takes inputs that lie as the output does and refuses the others.

#include <reel/tensor/ops/shape.h>

#include "backends/cpu/isas.h"
#include "support/catch.h"

namespace {

using namespace reel;
using test::Array;
using test::MemoryLayout;
using test::Sizes;

constexpr MemoryLayout kLayouts[] = {MemoryLayout::Contiguous, MemoryLayout::ChannelsLast,
                                     MemoryLayout::Reversed, MemoryLayout::Sliced};

}  // namespace

TEST_CASE("cat puts inputs one after the other, whatever the dimension and the layouts") {
  std::mt19937 generator(7);
  for (const auto& isa : test::isa_kernels()) {
    int taken = 0;
    for (const ScalarType dtype : {kFloat, kChar}) {
      for (const int64_t dim : {0, 1, 2, 3}) {
        for (const MemoryLayout first_layout : kLayouts) {
          for (const MemoryLayout layout : kLayouts) {
            Sizes sizes[] = {{2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}, {2, 3, 4, 5}};
            const auto along = static_cast<size_t>(dim);
            sizes[1][along] = 1;
            sizes[2][along] = 0;
            sizes[3][along] += 1;
            Array a(sizes[0], dtype, first_layout), b(sizes[1], dtype, layout);
            Array empty(sizes[2], dtype), y(sizes[3], dtype, layout);
            const View in[] = {a.random(generator, 0, 99).view(), empty.view(),
                               b.random(generator, 0, 99).view()};
            const View out = y.view();
            const ops::Cat op{dim, {}};
            if (isa.run("cat", {in, in + 3}, {out}, &op) != "") continue;
            ++taken;
            for (int64_t i = 0; i < out.numel; ++i) {
              std::array<int64_t, 4> at{};
              int64_t rest = i;
              for (size_t d = 4; d-- > 0; rest /= out.sizes[d]) at[d] = rest % out.sizes[d];
              const double got = test::value_at(out, at);
              const bool second = at[along] >= a.sizes()[along];
              if (second) at[along] -= a.sizes()[along];
              REQUIRE(got == test::value_at(in[second ? 2 : 0], at));
            }
          }
        }
      }
    }
    INFO(isa.name);
    // Of both dtypes: contiguous and reversed inputs along three dimensions, channels-last ones
    // along three.
    CHECK(taken >= 18);
  }
}
