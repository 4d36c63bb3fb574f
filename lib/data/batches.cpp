#include <algorithm>

#include <reel/data/batches.h>
#include <reel/tensor/check.h>
#include <reel/tensor/random.h>

namespace reel::data {

Batches::Batches(Tensor data, Tensor targets, const BatchOptions& options)
    : data_(std::move(data)), targets_(std::move(targets)), options_(options) {
  if (data_.dim() < 1 || targets_.dim() < 1 || data_.size(0) != targets_.size(0)) {
    fail("Batches: data {} and targets {} must have the same first dimension", data_.sizes(),
         targets_.sizes());
  }
  if (options.batch_size < 1) {
    fail("Batches: batch_size must be positive, not {}", options.batch_size);
  }
}

int64_t Batches::size() const {
  const int64_t count = data_.size(0), batch = options_.batch_size;
  return count / batch + (options_.drop_last || count % batch == 0 ? 0 : 1);
}

Batches::Epoch Batches::epoch(uint64_t number) const {
  if (!options_.shuffle) return {this, Tensor()};
  // The seeds of neighbouring epochs are spread by a large odd number (Steele et al. 2014), so
  // that epoch 1 of seed 0 is not epoch 0 of seed 1.
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  return {this, randperm(data_.size(0), Generator(options_.seed + kSpread * number), kCPU)};
}

Example<> Batches::batch(const Tensor& order, int64_t index) const {
  const int64_t first = index * options_.batch_size;
  const int64_t last = std::min(first + options_.batch_size, data_.size(0));
  if (!order.defined()) {
    return {data_.slice(0, first, last), targets_.slice(0, first, last)};
  }
  const Tensor chosen = order.slice(0, first, last).to(data_.device());
  return {data_.index_select(0, chosen), targets_.index_select(0, chosen)};
}

}  // namespace reel::data
