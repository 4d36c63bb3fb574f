#pragma once

#include <cstdint>

#include <reel/data/example.h>

namespace reel::data {

struct BatchOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  /// Leaves out the last batch if it would be smaller.
  bool drop_last = false;
  /// Of the order; the same seed gives the same batches on every machine.
  uint64_t seed = 0;
};

/// Goes through two tensors of equal length in batches:
///
///     for (const auto& batch : Batches(images, targets, {.batch_size = 64, .shuffle = true})
///              .epoch(0)) { ... batch.data, batch.target ... }
///
/// The order depends on seed and epoch alone, so a run can resume at any epoch.
class Batches {
 public:
  /// Both tensors share their first dimension. They are not copied.
  Batches(Tensor data, Tensor targets, const BatchOptions& options);

  class Iterator {
   public:
    Iterator(const Batches* batches, Tensor order, int64_t at)
        : batches_(batches), order_(static_cast<Tensor&&>(order)), at_(at) {}
    Example<> operator*() const { return batches_->batch(order_, at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const Batches* batches_;
    Tensor order_;
    int64_t at_;
  };

  /// The batches of one pass; must not outlive the Batches.
  class Epoch {
   public:
    Epoch(const Batches* batches, Tensor order)
        : batches_(batches), order_(static_cast<Tensor&&>(order)) {}
    Iterator begin() const { return {batches_, order_, 0}; }
    Iterator end() const { return {batches_, order_, batches_->size()}; }

   private:
    const Batches* batches_;
    Tensor order_;
  };

  Epoch epoch(uint64_t number) const;
  /// Batches in one epoch.
  int64_t size() const;

 private:
  Example<> batch(const Tensor& order, int64_t index) const;

  Tensor data_;
  Tensor targets_;
  BatchOptions options_;
};

}  // namespace reel::data
