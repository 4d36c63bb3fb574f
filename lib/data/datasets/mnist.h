#pragma once

#include <optional>
#include <string>
#include <utility>

#include <reel/data/datasets/base.h>

namespace reel::data::datasets {

/// The MNIST handwritten digits (LeCun, Cortes, Burges), or Fashion-MNIST, whose files are alike.
class MNIST : public Dataset<MNIST> {
 public:
  enum class Mode { kTrain, kTest };

  /// Loads train- or t10k-images-idx3-ubyte and -labels-idx1-ubyte, plain or with ".gz", from the
  /// folder `root`. Errors name the file that is missing or wrong.
  explicit MNIST(const std::string& root, Mode mode = Mode::kTrain);

  /// The image [1, 28, 28] and its target, 0-dimensional.
  Example<> get(size_t index) const;
  Example<> get(size_t index) override { return std::as_const(*this).get(index); }
  std::optional<size_t> size() const override { return static_cast<size_t>(images_.size(0)); }
  bool is_train() const noexcept { return mode_ == Mode::kTrain; }
  /// Float [count, 1, 28, 28], values 0..1.
  const Tensor& images() const { return images_; }
  /// Long [count], values 0..9.
  const Tensor& targets() const { return targets_; }

 private:
  Mode mode_;
  Tensor images_;
  Tensor targets_;
};

}  // namespace reel::data::datasets
