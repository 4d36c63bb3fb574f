#pragma once

#include <reel/backends/backend.h>
#include <reel/backends/parallel.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// True if a [N, C, H, W] view lies as dense [N, H, W, C]. Strides of dimensions of size 1 do not
/// matter.
inline bool is_channels_last(const View& view) {
  const int64_t* sizes = view.sizes;
  const int64_t dense[4] = {sizes[1] * sizes[2] * sizes[3], 1, sizes[1] * sizes[3], sizes[1]};
  for (int i = 0; i < 4; ++i) {
    if (sizes[i] != 1 && view.strides[i] != dense[i]) return false;
  }
  return true;
}

/// Calls body(from_offset, to_offset) for blocks of pixels of [N, C, H, W], both sides being read
/// and written a cache line at a time. `flat` is the offset in dense [N, H, W, C].
template <class Body>
void for_each_pixel_block(const View& view, const Body& body) {
  const int64_t channels = view.sizes[1], height = view.sizes[2], width = view.sizes[3];
  constexpr int64_t kPixels = 16;
  const int64_t grain = 1 + 16384 / (width * channels);
  parallel_for(0, view.sizes[0] * height, grain, [&](int64_t row, int64_t row_end) {
    for (; row < row_end; ++row) {
      const int64_t strided = row / height * view.strides[0] + row % height * view.strides[2];
      for (int64_t x = 0; x < width; x += kPixels) {
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t last = x + kPixels < width ? x + kPixels : width;
          for (int64_t i = x; i < last; ++i) {
            body(strided + c * view.strides[1] + i * view.strides[3],
                 (row * width + i) * channels + c);
          }
        }
      }
    }
  });
}

/// An input as dense [N, H, W, C]: itself where it lies so, else a copy that lives as long as this.
/// By default none: nullptr.
template <class T>
class ChannelsLastInput {
 public:
  ChannelsLastInput() = default;
  explicit ChannelsLastInput(const View& view) : data_(view.as<const T>()) {
    if (is_channels_last(view)) return;
    copy_ = allocate_storage(sizeof(T) * static_cast<size_t>(view.numel), kCPU);
    T* to = static_cast<T*>(copy_->data());
    for_each_pixel_block(view, [&](int64_t from, int64_t flat) { to[flat] = data_[from]; });
    data_ = to;
  }
  const T* data() const { return data_; }

 private:
  const T* data_ = nullptr;
  Storage copy_;
};

/// An output to be written as dense [N, H, W, C]; finish() brings it to where it belongs. By
/// default none: nullptr.
template <class T>
class ChannelsLastOutput {
 public:
  ChannelsLastOutput() = default;
  explicit ChannelsLastOutput(const View& view) : view_(&view), data_(view.as<T>()) {
    if (is_channels_last(view)) return;
    copy_ = allocate_storage(sizeof(T) * static_cast<size_t>(view.numel), kCPU);
    data_ = static_cast<T*>(copy_->data());
  }
  T* data() const { return data_; }
  void finish() const {
    if (!copy_) return;
    T* to = view_->as<T>();
    for_each_pixel_block(*view_, [&](int64_t at, int64_t flat) { to[at] = data_[flat]; });
  }

 private:
  const View* view_ = nullptr;
  T* data_ = nullptr;
  Storage copy_;
};

}  // namespace reel::cpu::REEL_ISA
