#include <array>
#include <limits>
#include <optional>

#include "backend_support.h"

using namespace mlu_test;
using reel::MemoryFormat;

namespace {

using Pair = std::array<int64_t, 2>;

struct Case {
  int64_t images, channels;
  Pair size, kernel, stride;
  Pair padding = {0, 0}, dilation = {1, 1};
  bool ceil_mode = false;
};

const Case kCases[] = {
    {1, 1, {4, 4}, {2, 2}, {2, 2}},
    {2, 64, {8, 8}, {2, 2}, {2, 2}},
    {2, 5, {9, 11}, {3, 3}, {2, 2}, {1, 1}},
    {1, 7, {13, 10}, {3, 2}, {1, 3}, {1, 0}, {1, 2}, true},
    {1, 3, {10, 10}, {3, 3}, {2, 2}, {1, 1}, {2, 2}},
    {2, 3, {11, 11}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, true},
    {1, 2, {6, 6}, {2, 2}, {4, 4}},             // leaves gaps
    {1, 2000, {7, 7}, {7, 7}, {1, 1}},          // more channels than a row holds
    {1, 2, {3, 9000}, {3, 3}, {2, 2}, {1, 1}},  // long rows
    {0, 3, {6, 6}, {2, 2}, {2, 2}},
};

const MemoryFormat kFormats[] = {MemoryFormat::Contiguous, MemoryFormat::ChannelsLast};

}  // namespace

TEST_CASE("max_pool2d kernels") {
  for (const Case& c : kCases) {
    for (const MemoryFormat format : kFormats) {
      CAPTURE(c.images, c.channels, c.size, c.kernel, c.stride, c.padding, c.dilation, format);
      const Tensor x = wave({c.images, c.channels, c.size[0], c.size[1]});
      const auto pooled = [&](const Tensors& in) {
        return max_pool2d_with_indices(in[0].contiguous(format), c.kernel, c.stride, c.padding,
                                       c.dilation, c.ceil_mode);
      };
      check_native([&](const Tensors& in) { return std::get<0>(pooled(in)); }, {x}, true);
      check_native([&](const Tensors& in) { return std::get<1>(pooled(in)); }, {x});
    }
  }
}

TEST_CASE("max_pool2d kernels: ties, infinities and NaN") {
  Tensor x = (wave({2, 4, 9, 9}) * 2).round();
  Tensor flat = x.view({-1});
  flat.slice(0, 0, 200, 3).fill_(-std::numeric_limits<float>::infinity());
  flat[205].fill_(std::numeric_limits<float>::quiet_NaN());
  flat[206].fill_(std::numeric_limits<float>::quiet_NaN());
  flat[300].fill_(std::numeric_limits<float>::infinity());
  const auto pooled = [](const Tensors& in) {
    return max_pool2d_with_indices(in[0], {3, 3}, {2, 2}, {1, 1});
  };
  check_native([&](const Tensors& in) { return std::get<0>(pooled(in)); }, {x}, true);
  check_native([&](const Tensors& in) { return std::get<1>(pooled(in)); }, {x});
}

TEST_CASE("avg_pool2d kernels") {
  for (const Case& c : kCases) {
    if (c.dilation != Pair{1, 1}) continue;
    for (const MemoryFormat format : kFormats) {
      CAPTURE(c.images, c.channels, c.size, c.kernel, c.stride, c.padding, format);
      const Tensor x = wave({c.images, c.channels, c.size[0], c.size[1]});
      const auto pool = [&](bool with_padding, std::optional<int64_t> divisor) {
        return [&c, format, with_padding, divisor](const Tensors& in) {
          return avg_pool2d(in[0].contiguous(format), c.kernel, c.stride, c.padding, c.ceil_mode,
                            with_padding, divisor);
        };
      };
      check_native(pool(true, {}), {x}, true);
      check_native(pool(false, {}), {x}, true);
      check_native(pool(true, 5), {x}, true);
    }
  }
}

TEST_CASE("pooling kernels: views") {
  check_native(
      [](const Tensors& in) {
        return max_pool2d(in[0].transpose(2, 3), {2, 2});
      },
      {wave({2, 3, 6, 8})}, true);
  check_native(
      [](const Tensors& in) {
        return avg_pool2d(in[0].narrow(1, 1, 3).slice(3, 0, 8, 2), {2, 2});
      },
      {wave({2, 5, 6, 8})}, true);
}

TEST_CASE("pooling kernels: half and bfloat16") {
  for (const reel::ScalarType dtype : {reel::kHalf, reel::kBFloat16}) {
    const Tensor x = wave({2, 5, 9, 9}).to(dtype);
    check_native(
        [](const Tensors& in) {
          return max_pool2d(in[0], {3, 3}, {2, 2}, {1, 1});
        },
        {x}, true, 1e-2);
    check_native(
        [](const Tensors& in) {
          return avg_pool2d(in[0], {3, 3}, {2, 2}, {1, 1});
        },
        {x}, true, 1e-2);
  }
}
