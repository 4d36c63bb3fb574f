#pragma once

// Arrays for tests that call kernels directly, below tensors and dispatch: random values in memory
// of any layout, compared byte by byte where values are exact and within a tolerance where not.

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <reel/backends/backend.h>

namespace reel::test {

using Sizes = std::vector<int64_t>;

/// How an array lies in memory. Sliced leaves gaps between elements, Broadcast repeats one slice of
/// the first dimension (inputs only).
enum class MemoryLayout { Contiguous, Reversed, ChannelsLast, Sliced, Broadcast, Scalar };

class Array {
 public:
  Array(Sizes sizes, ScalarType dtype, MemoryLayout layout = MemoryLayout::Contiguous)
      : sizes_(std::move(sizes)), strides_(sizes_.size()), dtype_(dtype) {
    std::vector<size_t> order;  // of the dimensions, outermost first
    for (size_t d = 0; d < sizes_.size(); ++d) order.push_back(d);
    if (layout == MemoryLayout::Reversed) order = {order.rbegin(), order.rend()};
    if (layout == MemoryLayout::ChannelsLast && order.size() > 2) {
      order.erase(order.begin() + 1);
      order.push_back(1);
    }
    int64_t next = layout == MemoryLayout::Sliced ? 2 : 1;
    for (size_t i = order.size(); i-- > 0;) {
      strides_[order[i]] = next;
      next *= sizes_[order[i]];
      if (layout == MemoryLayout::Sliced && i % 2 == 1) ++next;
    }
    if (layout == MemoryLayout::Broadcast && !strides_.empty()) strides_[0] = 0;
    if (layout == MemoryLayout::Scalar) strides_.assign(strides_.size(), 0);
    // Room for an offset of three elements and what a careless kernel writes behind the end.
    bytes_.assign(static_cast<size_t>(next + 32) * element_size(dtype_), '\x5a');
  }

  const Sizes& sizes() const { return sizes_; }
  ScalarType dtype() const { return dtype_; }
  int64_t numel() const {
    int64_t n = 1;
    for (const int64_t size : sizes_) n *= size;
    return n;
  }
  View view() {
    View v;
    v.data = bytes_.data() + 3 * element_size(dtype_);
    v.sizes = sizes_.data();
    v.strides = strides_.data();
    v.rank = static_cast<int>(sizes_.size());
    v.numel = numel();
    v.dtype = dtype_;
    return v;
  }

  /// Calls visit(element) for all elements of memory, gaps included, as T.
  template <class T, class Visit>
  void for_all(const Visit& visit) {
    T* data = reinterpret_cast<T*>(bytes_.data());
    for (size_t i = 0; i < bytes_.size() / sizeof(T); ++i) visit(data[i]);
  }

  /// Uniform in [low, high); integers rounded down. Bytes of a Bool are 0 or 1.
  Array& random(std::mt19937& generator, double low, double high) {
    std::uniform_real_distribution<double> uniform(low, high);
    const auto fill = [&]<class T>(T) {
      for_all<T>([&](T& x) {
        const double value = uniform(generator);
        if constexpr (std::is_floating_point_v<T>)
          x = static_cast<T>(value);
        else if constexpr (std::is_integral_v<T>)
          x = static_cast<T>(std::floor(value));
        else
          x = T(static_cast<float>(value));
      });
    };
    switch (dtype_) {
      case kFloat:
        fill(float());
        break;
      case kDouble:
        fill(double());
        break;
      case kHalf:
        fill(Half());
        break;
      case kBFloat16:
        fill(BFloat16());
        break;
      case kByte:
        fill(uint8_t());
        break;
      case kChar:
        fill(int8_t());
        break;
      case kInt:
        fill(int32_t());
        break;
      case kLong:
        fill(int64_t());
        break;
      case kBool:
        for_all<uint8_t>([&](uint8_t& x) { x = uniform(generator) > (low + high) / 2 ? 1 : 0; });
        break;
      default:
        break;
    }
    return *this;
  }
  /// Puts NaN, infinities and zeros of both signs among the values of a float array.
  Array& with_specials(std::mt19937& generator) {
    const auto fill = [&]<class T>(T) {
      const T specials[] = {T(NAN), T(INFINITY), T(-INFINITY), T(0), T(-0.0)};
      for_all<T>([&](T& x) {
        if (generator() % 8 == 0) x = specials[generator() % 5];
      });
    };
    if (dtype_ == kFloat) fill(float());
    if (dtype_ == kDouble) fill(double());
    if (dtype_ == kHalf) fill(Half());
    if (dtype_ == kBFloat16) fill(BFloat16());
    return *this;
  }

  bool same_bytes(const Array& other) const { return bytes_ == other.bytes_; }

  /// The first difference beyond |a - b| <= absolute + relative |b| in any byte of memory, or "".
  std::string difference(Array& expected, double absolute, double relative) {
    std::string text;
    const auto compare = [&]<class T>(T) {
      const T* a = reinterpret_cast<const T*>(bytes_.data());
      const T* b = reinterpret_cast<const T*>(expected.bytes_.data());
      for (size_t i = 0; i < bytes_.size() / sizeof(T); ++i) {
        const auto got = static_cast<double>(a[i]);
        const auto want = static_cast<double>(b[i]);
        if (std::isnan(got) && std::isnan(want)) continue;
        if (got == want || std::fabs(got - want) <= absolute + relative * std::fabs(want)) continue;
        text = "element " + std::to_string(i) + " of memory: got " + std::to_string(got) +
               ", expected " + std::to_string(want);
        return;
      }
    };
    if (dtype_ == kFloat)
      compare(float());
    else if (dtype_ == kDouble)
      compare(double());
    else if (dtype_ == kHalf)
      compare(Half());
    else if (dtype_ == kBFloat16)
      compare(BFloat16());
    else if (!same_bytes(expected))
      text = "bytes differ";
    return text;
  }

 private:
  Sizes sizes_;
  Sizes strides_;
  ScalarType dtype_;
  std::vector<char> bytes_;
};

}  // namespace reel::test
