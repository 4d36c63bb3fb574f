#include <algorithm>
#include <cmath>
#include <vector>

#include <reel/io/bytes.h>
#include <reel/io/image.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

constexpr double kLobes = 3;

double lanczos(double x) {
  constexpr double kPi = 3.14159265358979323846;
  if (x == 0) return 1;
  if (std::abs(x) >= kLobes) return 0;
  const double y = kPi * x;
  return kLobes * std::sin(y) * std::sin(y / kLobes) / (y * y);
}

/// For one output position: the first input position and the weights from there on.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

std::vector<Taps> make_taps(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double widening = std::max(scale, 1.0);
  const double support = kLobes * widening;
  std::vector<Taps> taps(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const auto first = static_cast<int64_t>(std::max(center - support + 0.5, 0.0));
    const auto last = std::min(static_cast<int64_t>(center + support + 0.5), from);
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = first; j < last; ++j) {
      weights.push_back(lanczos((static_cast<double>(j) + 0.5 - center) / widening));
      sum += weights.back();
    }
    Taps& own = taps[static_cast<size_t>(i)];
    own.first = first;
    for (const double weight : weights) own.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

/// Resizes the middle one of three dimensions [outer, from, inner] to the number of taps.
std::vector<float> resize_middle(const std::vector<float>& in, int64_t outer, int64_t from,
                                 int64_t inner, const std::vector<Taps>& taps) {
  const auto to = static_cast<int64_t>(taps.size());
  std::vector<float> out(static_cast<size_t>(outer * to * inner), 0.0f);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < to; ++i) {
      const Taps& own = taps[static_cast<size_t>(i)];
      float* target = out.data() + (o * to + i) * inner;
      const float* source = in.data() + (o * from + own.first) * inner;
      for (const float weight : own.weights) {
        for (int64_t k = 0; k < inner; ++k) target[k] += weight * source[k];
        source += inner;
      }
    }
  }
  return out;
}

}  // namespace

Tensor resize_image(const Tensor& picture, int64_t height, int64_t width) {
  const bool bytes = picture.dtype() == kByte;
  if (!bytes && !picture.is_floating_point()) {
    fail("resize_image: expects a Byte or floating-point picture, not {}", picture.dtype());
  }
  if (bytes ? picture.dim() != 3 : picture.dim() < 2) {
    fail(
        "resize_image: expects Byte [height, width, channels] or Float [..., height, width], got "
        "{} {}",
        picture.dtype(), picture.sizes());
  }
  if (picture.numel() == 0 || height < 1 || width < 1) {
    fail("resize_image: cannot resize {} to height {} and width {}", picture.sizes(), height,
         width);
  }
  const Tensor plain = io::to_contiguous_cpu("resize_image", picture.to(kFloat));
  const int64_t height_dim = bytes ? 0 : plain.dim() - 2;
  const int64_t from_height = plain.size(height_dim), from_width = plain.size(height_dim + 1);
  const int64_t channels = bytes ? plain.size(2) : 1;
  const int64_t pictures = plain.numel() / (from_height * from_width * channels);

  const auto* values = plain.data_ptr<float>();
  std::vector<float> pixels(values, values + plain.numel());
  // A size that stays needs no pass, and so keeps its values exactly.
  if (width != from_width) {
    pixels = resize_middle(pixels, pictures * from_height, from_width, channels,
                           make_taps(from_width, width));
  }
  if (height != from_height) {
    pixels = resize_middle(pixels, pictures, from_height, width * channels,
                           make_taps(from_height, height));
  }

  std::vector<int64_t> sizes = plain.sizes().vec();
  sizes[static_cast<size_t>(height_dim)] = height;
  sizes[static_cast<size_t>(height_dim) + 1] = width;
  Tensor out = io::allocate_tensor("resize_image", sizes, bytes ? kByte : kFloat);
  if (bytes) {
    auto* target = out.data_ptr<uint8_t>();
    for (size_t i = 0; i < pixels.size(); ++i) {
      target[i] = static_cast<uint8_t>(std::min(std::max(pixels[i] + 0.5f, 0.0f), 255.0f));
    }
  } else {
    std::memcpy(out.data_ptr(), pixels.data(), pixels.size() * sizeof(float));
  }
  return out;
}

}  // namespace reel
