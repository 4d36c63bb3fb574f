#pragma once

#include <algorithm>

#include <reel/backends/cpu/kernels/conv.h>

namespace reel::cpu::REEL_ISA {

/// How many groups are computed as one. Groups of few channels leave most lanes of a vector empty;
/// merged, they fill them, at the price of products with zeros.
template <class T>
int64_t groups_to_merge(const ConvShape& shape) {
  const int64_t groups = shape.attrs.groups;
  const int64_t most = kLanes<T> / std::max(shape.group_channels(), shape.group_outputs());
  for (int64_t merged = std::min(most, groups); merged > 1; --merged) {
    if (groups % merged == 0) return merged;
  }
  return 1;
}

/// The weight [O, merged * C / groups, Kh, Kw] of merged groups: zero where the channel is of
/// another group than the output.
template <class T>
class MergedWeight {
 public:
  MergedWeight(const ConvShape& shape, int64_t merged)
      : outputs_(shape.group_outputs()),
        channels_(shape.group_channels()),
        merged_(merged),
        sizes_{shape.outputs, merged * channels_, shape.kernel_height, shape.kernel_width},
        strides_{merged * channels_ * shape.taps(), 1, merged * channels_ * shape.kernel_width,
                 merged * channels_},
        memory_(allocate_storage(sizeof(T) * static_cast<size_t>(sizes_[0] * strides_[0]), kCPU)) {}

  View view() const {
    View view;
    view.data = memory_->data();
    view.sizes = sizes_.data();
    view.strides = strides_.data();
    view.numel = sizes_[0] * strides_[0];
    view.rank = 4;
    view.dtype = kDtype;
    return view;
  }
  void set(const View& weight) {
    std::fill_n(static_cast<T*>(memory_->data()), sizes_[0] * strides_[0], T(0));
    for_each([](T& merged, T& own) { merged = own; }, weight);
  }
  void get(const View& weight) {
    for_each([](T& merged, T& own) { own = merged; }, weight);
  }

 private:
  static constexpr ScalarType kDtype = sizeof(T) == 4 ? kFloat : kDouble;

  template <class Body>
  void for_each(const Body& body, const View& weight) {
    for (int64_t o = 0; o < sizes_[0]; ++o) {
      const int64_t first = o / outputs_ % merged_ * channels_;
      for (int64_t c = 0; c < channels_; ++c) {
        for (int64_t tap = 0; tap < sizes_[2] * sizes_[3]; ++tap) {
          const int64_t i = tap / sizes_[3], j = tap % sizes_[3];
          body(static_cast<T*>(memory_->data())[o * strides_[0] + (first + c) + i * strides_[2] +
                                                j * strides_[3]],
               weight.as<T>()[o * weight.strides[0] + c * weight.strides[1] +
                              i * weight.strides[2] + j * weight.strides[3]]);
        }
      }
    }
  }

  int64_t outputs_, channels_, merged_;
  std::array<int64_t, 4> sizes_, strides_;
  Storage memory_;
};

/// Calls body(shape, weight) with those of merged groups where that is worth it.
template <class T, class Body>
void with_merged_groups(ConvShape shape, const View& weight, const Body& body) {
  const int64_t merged = groups_to_merge<T>(shape);
  if (merged == 1) return body(shape, weight);
  MergedWeight<T> merged_weight(shape, merged);
  merged_weight.set(weight);
  shape.attrs.groups /= merged;
  body(shape, merged_weight.view());
}
/// The same of a weight that body(shape, dweight) computes.
template <class T, class Body>
void into_merged_groups(ConvShape shape, const View& dweight, const Body& body) {
  const int64_t merged = groups_to_merge<T>(shape);
  if (merged == 1) return body(shape, dweight);
  MergedWeight<T> merged_weight(shape, merged);
  shape.attrs.groups /= merged;
  body(shape, merged_weight.view());
  merged_weight.get(dweight);
}

}  // namespace reel::cpu::REEL_ISA
