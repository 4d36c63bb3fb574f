#pragma once

#include <memory>

#include <reel/data/datasets/base.h>
#include <reel/data/samplers.h>
#include <reel/tensor/arg.h>

namespace reel::data {

namespace detail {
[[noreturn]] void dataset_has_no_size();
[[noreturn]] void loader_has_ended();
}  // namespace detail

/// How a DataLoader works. Batches are made one after the other on the calling thread; what tunes
/// worker threads is accepted and has no effect on the batches, nor had it in LibTorch as long as
/// the order is enforced.
class DataLoaderOptions {
 public:
  DataLoaderOptions() = default;
  DataLoaderOptions(size_t batch_size) : batch_size_(batch_size) {}

  REEL_ARG(size_t, batch_size) = 1;
  REEL_ARG(size_t, workers) = 0;
  REEL_ARG(std::optional<size_t>, max_jobs);
  REEL_ARG(bool, enforce_ordering) = true;
  /// Leaves out the last batch if it would be smaller.
  REEL_ARG(bool, drop_last) = false;
};

/// Goes through a data set in the order of a sampler:
///
///     for (auto& batch : *loader) { ... batch.data, batch.target ... }
template <class Dataset, class Sampler>
class StatelessDataLoader {
 public:
  using BatchType = typename Dataset::BatchType;

  StatelessDataLoader(Dataset dataset, Sampler sampler, DataLoaderOptions options)
      : dataset_(std::move(dataset)), sampler_(std::move(sampler)), options_(options) {}

  /// Holds the batch that it points to.
  class Iterator {
   public:
    using value_type = BatchType;
    using reference = BatchType&;
    using pointer = BatchType*;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(StatelessDataLoader* loader) : loader_(loader) { advance(); }
    BatchType& operator*() {
      if (!batch_) detail::loader_has_ended();
      return *batch_;
    }
    BatchType* operator->() { return &**this; }
    Iterator& operator++() {
      if (!batch_) detail::loader_has_ended();
      advance();
      return *this;
    }
    /// Two iterators differ while one of them has a batch and the other has none.
    bool operator==(const Iterator& other) const {
      return batch_.has_value() == other.batch_.has_value();
    }

   private:
    void advance() { batch_ = loader_ != nullptr ? loader_->next() : std::nullopt; }

    StatelessDataLoader* loader_;
    std::optional<BatchType> batch_;
  };

  /// Begins an epoch.
  Iterator begin() {
    sampler_.reset(dataset_.size());
    return Iterator(this);
  }
  Iterator end() { return Iterator(nullptr); }
  const DataLoaderOptions& options() const { return options_; }
  /// Stops the workers, of which there are none.
  void join() {}

 private:
  std::optional<BatchType> next() {
    auto request = sampler_.next(options_.batch_size());
    if (!request || (options_.drop_last() && request->size() < options_.batch_size())) return {};
    return dataset_.get_batch(*request);
  }

  Dataset dataset_;
  Sampler sampler_;
  DataLoaderOptions options_;
};

template <class Dataset, class Sampler>
requires requires(Sampler sampler) { sampler.next(size_t{1}); }
std::unique_ptr<StatelessDataLoader<Dataset, Sampler>> make_data_loader(
    Dataset dataset, Sampler sampler, DataLoaderOptions options = {}) {
  return std::make_unique<StatelessDataLoader<Dataset, Sampler>>(std::move(dataset),
                                                                 std::move(sampler), options);
}

/// `make_data_loader<samplers::SequentialSampler>(set, 64)`; in random order if no sampler is
/// named.
template <class Sampler = samplers::RandomSampler, class Dataset>
requires std::is_constructible_v<Sampler, size_t>
    std::unique_ptr<StatelessDataLoader<Dataset, Sampler>> make_data_loader(
        Dataset dataset, DataLoaderOptions options = {}) {
  const std::optional<size_t> size = dataset.size();
  if (!size) detail::dataset_has_no_size();
  return make_data_loader(std::move(dataset), Sampler(*size), options);
}

}  // namespace reel::data
