#include <algorithm>

#include <reel/data/dataloader.h>
#include <reel/data/samplers.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel::data {

namespace detail {

void dataset_has_no_size() {
  fail("Expected the dataset to be sized in order to construct the Sampler");
}
void loader_has_ended() { fail("Attempted to dereference DataLoader iterator past the end"); }

}  // namespace detail

namespace datasets {

TensorDataset::TensorDataset(const std::vector<Tensor>& tensors) : tensor(stack(tensors)) {}

}  // namespace datasets

namespace samplers {

void SequentialSampler::reset(std::optional<size_t> new_size) {
  size_ = new_size.value_or(size_);
  index_ = 0;
}

std::optional<std::vector<size_t>> SequentialSampler::next(size_t batch_size) {
  const size_t count = std::min(batch_size, size_ - index_);
  if (count == 0) return std::nullopt;
  std::vector<size_t> batch(count);
  for (size_t& index : batch) index = index_++;
  return batch;
}

RandomSampler::RandomSampler(int64_t size, ScalarType index_dtype)
    : indices_(randperm(size, index_dtype)) {}

void RandomSampler::reset(std::optional<size_t> new_size) {
  const auto size = new_size ? static_cast<int64_t>(*new_size) : indices_.numel();
  indices_ = randperm(size, indices_.options());
  index_ = 0;
}

std::optional<std::vector<size_t>> RandomSampler::next(size_t batch_size) {
  const int64_t left = indices_.numel() - index_;
  const int64_t count = static_cast<int64_t>(std::min(batch_size, static_cast<size_t>(left)));
  if (count == 0) return std::nullopt;
  const Tensor chosen = indices_.slice(0, index_, index_ + count).to(kLong).contiguous();
  const auto* values = chosen.data_ptr<int64_t>();
  index_ += count;
  return std::vector<size_t>(values, values + count);
}

}  // namespace samplers
}  // namespace reel::data
