#include <algorithm>
#include <vector>

#include <reel/data/batches.h>
#include <reel/tensor/error.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"

using namespace reel;
using data::Batches;

namespace {

std::vector<int64_t> order_of(const Batches& batches, uint64_t epoch) {
  std::vector<int64_t> seen;
  for (const auto& batch : batches.epoch(epoch)) {
    REQUIRE(batch.data.size(0) == batch.target.size(0));
    for (int64_t i = 0; i < batch.target.size(0); ++i) {
      seen.push_back(batch.target[i].item<int64_t>());
      // Data and target stay together.
      REQUIRE(batch.data[i].sum().item<float>() == static_cast<float>(3 * seen.back()));
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("Batches keep the order, or shuffle by seed and epoch alone") {
  const Tensor targets = arange(10, kLong);
  const Tensor inputs = targets.to(kFloat).unsqueeze(1).expand({10, 3});
  const std::vector<int64_t> sorted = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

  const Batches plain(inputs, targets, {.batch_size = 4});
  CHECK(plain.size() == 3);
  CHECK(order_of(plain, 0) == sorted);
  CHECK(order_of(plain, 1) == sorted);
  const Batches dropped(inputs, targets, {.batch_size = 4, .drop_last = true});
  CHECK(dropped.size() == 2);
  CHECK(order_of(dropped, 0).size() == 8);
  CHECK(Batches(inputs, targets, {.batch_size = 5, .drop_last = true}).size() == 2);
  CHECK(Batches(inputs, targets, {.batch_size = 11}).size() == 1);
  CHECK(Batches(inputs, targets, {.batch_size = 11, .drop_last = true}).size() == 0);

  const Batches shuffled(inputs, targets, {.batch_size = 3, .shuffle = true, .seed = 5});
  auto first = order_of(shuffled, 0);
  CHECK(first != sorted);
  CHECK(order_of(shuffled, 0) == first);
  CHECK(order_of(shuffled, 1) != first);
  const Batches other(inputs, targets, {.batch_size = 3, .shuffle = true, .seed = 6});
  CHECK(order_of(other, 0) != first);
  CHECK(order_of(other, 0) != order_of(shuffled, 1));
  std::sort(first.begin(), first.end());
  CHECK(first == sorted);
}

TEST_CASE("Batches refuse tensors of different length and empty batches") {
  CHECK_THROWS_AS(Batches(zeros({3}), zeros({2}), {}), Error);
  CHECK_THROWS_AS(Batches(full({}, 1), full({}, 1), {}), Error);
  CHECK_THROWS_AS(Batches(zeros({3}), zeros({3}), {.batch_size = 0}), Error);
  CHECK(Batches(zeros({0}), zeros({0}), {}).size() == 0);
}
