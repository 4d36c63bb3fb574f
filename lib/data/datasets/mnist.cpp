#include <filesystem>

#include <reel/data/datasets/mnist.h>
#include <reel/io/idx.h>
#include <reel/tensor/check.h>

namespace reel::data::datasets {
namespace {

constexpr int64_t kSide = 28;
constexpr int64_t kClasses = 10;

std::string find_file(const std::string& root, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(root) / name;
  for (const auto& candidate : {path.string(), path.string() + ".gz"}) {
    if (std::filesystem::exists(candidate)) return candidate;
  }
  fail("MNIST: neither {} nor {}.gz is in {}", name, name, root);
}

}  // namespace

MNIST::MNIST(const std::string& root, Mode mode) : mode_(mode) {
  const std::string prefix = is_train() ? "train" : "t10k";
  const std::string image_file = find_file(root, prefix + "-images-idx3-ubyte");
  const std::string label_file = find_file(root, prefix + "-labels-idx1-ubyte");
  const Tensor images = load_idx(image_file);
  const Tensor labels = load_idx(label_file);
  if (images.dtype() != kByte || images.dim() != 3 || images.size(1) != kSide ||
      images.size(2) != kSide) {
    fail("MNIST: {}: expects Byte [count, 28, 28], holds {} {}", image_file, images.dtype(),
         images.sizes());
  }
  if (labels.dtype() != kByte || labels.dim() != 1 || labels.size(0) != images.size(0)) {
    fail("MNIST: {}: expects Byte [{}], one label for each image, holds {} {}", label_file,
         images.size(0), labels.dtype(), labels.sizes());
  }
  const auto* values = labels.data_ptr<uint8_t>();
  for (int64_t i = 0; i < labels.numel(); ++i) {
    if (values[i] >= kClasses) fail("MNIST: {}: label {} is {}", label_file, i, values[i]);
  }
  images_ = images.unsqueeze(1).to(kFloat).div(255);
  targets_ = labels.to(kLong);
}

Example<> MNIST::get(size_t index) const {
  if (index >= *size()) fail_index("MNIST: index {} of {} examples", index, *size());
  const auto i = static_cast<int64_t>(index);
  return {images_[i], targets_[i]};
}

}  // namespace reel::data::datasets
