// Writing in place where elements share memory, and what it costs to write little.

#include <chrono>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using reel::test::error_of;
using reel::test::values;
using Values = std::vector<double>;
using Catch::Matchers::ContainsSubstring;

namespace {
const char* const kInternal =
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation.";
const char* const kPartial =
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
    "single memory location. Please clone() the tensor before performing the operation.";

Tensor counting(int64_t n) { return arange(n, kDouble); }
Tensor numbers(const Values& v) { return tensor(v, kDouble).requires_grad_(); }
}  // namespace

TEST_CASE("a tensor with elements that share memory is not written to") {
  Tensor x = zeros({1}).expand({4});
  const Tensor index = tensor({1});
  CHECK_THAT(error_of([&] { x.add_(1); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.copy_(ones({4})); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.uniform_(); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.scatter_(0, index, ones({1})); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.index_copy_(0, index, ones({1})); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.index_add_(0, index, ones({1})); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.put_(index, ones({1})); }), ContainsSubstring(kInternal));
  CHECK_THAT(error_of([&] { x.index_put_({index}, ones({1})); }), ContainsSubstring(kInternal));
  CHECK(values(x) == Values{0, 0, 0, 0});
  // One value for all is no question.
  x.fill_(3);
  CHECK(values(x) == Values{3, 3, 3, 3});
  x.zero_();
  CHECK(values(x) == Values{0, 0, 0, 0});
}

TEST_CASE("input and output that partly overlap are refused") {
  Tensor x = counting(16);
  Tensor tail = x.slice(0, 1);
  const Tensor head = x.slice(0, 0, 15);
  const Tensor index = tensor({1});
  CHECK_THAT(error_of([&] { tail.add_(head); }), ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { tail.copy_(head); }), ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.mul_(x[0]); }), ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.scatter_(0, index, x); }), ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.scatter_add_(0, index, x.slice(0, 3)); }),
             ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.index_add_(0, index, x.slice(0, 3, 4)); }),
             ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.index_copy_(0, index, x.slice(0, 3, 4)); }),
             ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.index_put_({index}, x.slice(0, 2, 3)); }),
             ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { x.put_(index, x.slice(0, 3, 4)); }), ContainsSubstring(kPartial));
  Tensor square = counting(16).view({4, 4});
  CHECK_THAT(error_of([&] { square.add_(square.t()); }), ContainsSubstring(kPartial));
  CHECK_THAT(error_of([&] { square.add_(square[0]); }), ContainsSubstring(kPartial));
  CHECK(equal(x, counting(16)));
}

TEST_CASE("the same elements, or others of the same memory, are fine") {
  Tensor x = counting(8);
  x.slice(0, 4).add_(x.slice(0, 0, 4));
  CHECK(values(x) == Values{0, 1, 2, 3, 4, 6, 8, 10});
  x.slice(0, 1).mul_(x.slice(0, 1));
  CHECK(values(x) == Values{0, 1, 4, 9, 16, 36, 64, 100});
  // LibTorch gives what was there before for these too.
  Tensor y = counting(16);
  y.slice(0, 0, 16, 2).add_(y.slice(0, 0, 8));
  CHECK(values(y.slice(0, 0, 16, 2)) == Values{0, 3, 6, 9, 12, 15, 18, 21});
  Tensor m = counting(4);
  m.masked_fill_(m.gt(1), m[0]);
  CHECK(values(m) == Values{0, 1, 0, 0});
}

TEST_CASE("writing a few elements costs the time of a few elements") {
  Tensor large = zeros({1 << 24});
  Tensor columns = zeros({1 << 12, 1 << 12}).t();
  const Tensor index = tensor({5});
  const Tensor one = ones({1});
  const auto milliseconds = [](const auto& write) {
    double best = 1e9;
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      write();
      const std::chrono::duration<double, std::milli> taken =
          std::chrono::steady_clock::now() - start;
      best = std::min(best, taken.count());
    }
    return best;
  };
  // A copy of 64 MB takes several milliseconds on any machine.
  CHECK(milliseconds([&] { large.index_put_({index}, one); }) < 2);
  CHECK(milliseconds([&] { large.scatter_(0, index, one); }) < 2);
  CHECK(milliseconds([&] { large.scatter_add_(0, index, one); }) < 2);
  CHECK(milliseconds([&] { large.index_fill_(0, index, 1); }) < 2);
  CHECK(milliseconds([&] { large.index_copy_(0, index, one); }) < 2);
  CHECK(milliseconds([&] { large.index_add_(0, index, one); }) < 2);
  CHECK(milliseconds([&] { large.put_(index, one); }) < 2);
  CHECK(milliseconds([&] { large.scatter_reduce_(0, index, one, "amax"); }) < 2);
  CHECK(milliseconds([&] { columns.index_put_({index, index}, one); }) < 2);
  CHECK(large[5].item<float>() > 0);
}

TEST_CASE("elements written in place have their gradients and count as a write") {
  const Tensor a = numbers({1, 2, 3, 4});
  const Tensor b = numbers({5, 6});
  Tensor x = a * 2;
  const auto version = x._version();
  x.index_put_({tensor({1, 3})}, b * 3);
  CHECK(x._version() > version);
  (x * counting(4)).sum().backward();
  CHECK(values(a.grad()) == Values{0, 0, 4, 0});
  CHECK(values(b.grad()) == Values{3, 9});
  // What was saved before is not what it was.
  Tensor y = numbers({1, 2, 3}) * 1;
  const Tensor square = y * y;
  y.scatter_(0, tensor({0}), 5);
  CHECK_THAT(error_of([&] { square.sum().backward(); }), ContainsSubstring("scatter"));
}
