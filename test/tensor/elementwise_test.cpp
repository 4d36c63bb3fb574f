#include <reel/reel.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using test::values;

TEST_CASE("alpha scales in the dtype of the result") {
  const Tensor a = tensor({10, 20}, kByte);
  const Tensor b = tensor({3, 4}, kByte);
  CHECK(values(a.sub(b, 2)) == std::vector<double>{4, 12});
  CHECK(values(a.add(b, 3)) == std::vector<double>{19, 32});
  CHECK(values(a.add(2, 3)) == std::vector<double>{16, 26});
  const int64_t large = (int64_t{1} << 60) + 1;
  CHECK(tensor({int64_t{0}}).add(tensor({large}), 3)[0].item<int64_t>() == 3 * large);
  CHECK(values(tensor({1.0, 2.0}).sub(tensor({0.5, 0.25}), 0.5)) ==
        std::vector<double>{0.75, 1.875});
  CHECK_THAT(test::error_of([&] { (void)a.add(b, 0.5); }),
             ContainsSubstring("argument alpha must not be a floating point number"));
  Tensor c = a.clone();
  c.sub_(b, 2);
  CHECK(values(c) == std::vector<double>{4, 12});
}

TEST_CASE("numbers do not widen tensors unless of a higher category") {
  CHECK((ones({2}, kFloat) * 2.5).dtype() == kFloat);
  CHECK((ones({2}, kByte) + 3).dtype() == kByte);
  CHECK((ones({2}, kLong) * 2.5).dtype() == kFloat);
  CHECK((ones({2}, kFloat) + ones({}, kDouble)).dtype() == kFloat);
  CHECK((ones({2}, kInt) + ones({}, kLong)).dtype() == kInt);
  CHECK((ones({2}, kInt) + ones({1}, kLong)).dtype() == kLong);
  CHECK((ones({2}, kInt) / 2).dtype() == kFloat);
  CHECK((ones({2}, kBool) + 1).dtype() == kLong);
}

TEST_CASE("the slope of a power of 0 is 0 everywhere") {
  const Tensor x = tensor({0.0, 2.0}, kDouble).requires_grad_();
  x.pow(0).sum().backward();
  CHECK(values(x.grad()) == std::vector<double>{0, 0});
}
