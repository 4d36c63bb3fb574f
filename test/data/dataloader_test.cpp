#include <algorithm>

#include <reel/data/data.h>
#include <reel/tensor/random.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;
using namespace reel::data;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Example i is i, its target 10 i.
class Numbers : public datasets::Dataset<Numbers> {
 public:
  explicit Numbers(int64_t count) : count_(count) {}
  Example<> get(size_t index) override {
    const auto i = static_cast<int64_t>(index);
    return {full({1, 1, 1}, static_cast<double>(i)), scalar_tensor(10 * i, kLong)};
  }
  std::optional<size_t> size() const override { return static_cast<size_t>(count_); }

 private:
  int64_t count_;
};

}  // namespace

TEST_CASE("a loader goes through a mapped set in batches") {
  auto set = Numbers(5).map(transforms::Normalize<>(1.0, 2.0)).map(transforms::Stack<>());
  CHECK(set.size() == size_t{5});
  auto loader = make_data_loader<samplers::SequentialSampler>(set, 2);
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<double> data, targets;
    std::vector<int64_t> sizes;
    for (const auto& batch : *loader) {
      sizes.push_back(batch.data.size(0));
      for (const double x : test::values(batch.data)) data.push_back(x);
      for (const double x : test::values(batch.target)) targets.push_back(x);
    }
    CHECK(sizes == std::vector<int64_t>{2, 2, 1});
    CHECK(data == std::vector<double>{-0.5, 0, 0.5, 1, 1.5});
    CHECK(targets == std::vector<double>{0, 10, 20, 30, 40});
  }
  auto dropping = make_data_loader<samplers::SequentialSampler>(
      set, DataLoaderOptions().batch_size(2).drop_last(true));
  int batches = 0;
  for (auto& batch : *dropping) batches += batch.data.size(0) == 2;
  CHECK(batches == 2);
  CHECK_THROWS_AS(*loader->end(), Error);
}

TEST_CASE("a random loader sees every example once an epoch, in another order") {
  manual_seed(3);
  auto loader = make_data_loader(
      datasets::TensorDataset(arange(100)).map(transforms::Stack<TensorExample>()), 7);
  std::vector<std::vector<double>> epochs(2);
  for (auto& seen : epochs) {
    for (const TensorExample& batch : *loader) {
      for (const double x : test::values(batch.data)) seen.push_back(x);
    }
  }
  CHECK(epochs[0] != epochs[1]);
  for (auto& seen : epochs) {
    std::sort(seen.begin(), seen.end());
    CHECK(equal(tensor(seen), arange(100, kDouble)));
  }
}

TEST_CASE("functions as transforms, sets without transforms, empty sets") {
  auto doubled = Numbers(3).map(transforms::Lambda<Example<>>([](Example<> example) {
    example.data.mul_(2);
    return example;
  }));
  const std::vector<size_t> wanted{2, 0};
  const auto batch = doubled.get_batch(wanted);
  REQUIRE(batch.size() == 2);
  CHECK(batch[0].data.item<double>() == 4);

  auto loader = make_data_loader(Numbers(3), DataLoaderOptions(2));
  size_t count = 0;
  for (auto& examples : *loader) count += examples.size();
  CHECK(count == 3);

  auto empty_loader = make_data_loader(Numbers(0), 2);
  CHECK(empty_loader->begin() == empty_loader->end());
}
