#pragma once

#include <reel/tensor/ops/op.h>

// Views: new metadata over the same memory. The gradient of each is the inverse view.

namespace reel::ops {

/// The same elements in the same logical order with other sizes: view, squeeze, unsqueeze.
struct Reshaped {
  static constexpr const char* name = "view";
  Shape sizes;
  Shape strides;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

struct Permute {
  static constexpr const char* name = "permute";
  Shape dims;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

struct Expand {
  static constexpr const char* name = "expand";
  Shape sizes;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// x[..., start:end:step, ...] in dimension dim.
struct Slice {
  static constexpr const char* name = "slice";
  int64_t dim = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

struct Select {
  static constexpr const char* name = "select";
  int64_t dim = 0;
  int64_t index = 0;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// Windows of `size` elements, `step` apart, of dimension dim as a new last dimension.
struct Unfold {
  static constexpr const char* name = "unfold";
  int64_t dim = 0;
  int64_t size = 0;
  int64_t step = 1;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// The elements whose index in dim2 is that in dim1 plus offset, as a new last dimension.
struct Diagonal {
  static constexpr const char* name = "diagonal";
  int64_t offset = 0;
  int64_t dim1 = 0;
  int64_t dim2 = 1;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// Any window into the storage. The geometry of the input is needed to find the way back.
struct AsStrided {
  static constexpr const char* name = "as_strided";
  Shape sizes;
  Shape strides;
  int64_t offset = 0;
  Shape in_sizes;
  Shape in_strides;
  int64_t in_offset = 0;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// Zeros of size `size` in dimension dim with the input in start:end:step; the inverse of Slice.
struct SliceGrad {
  static constexpr const char* name = "slice_grad";
  int64_t dim = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
  int64_t size = 0;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// The inputs one after the other along dim, in which they have these lengths.
struct Cat {
  static constexpr const char* name = "cat";
  int64_t dim = 0;
  Shape lengths;
  void infer(Infer& call) const;
  void compose(Compose& call) const;
  void backward(Replay& call) const;
};

/// The entry of several views that are all of a tensor: with one for each, every gradient would be
/// a tensor of its size.
struct Split {
  static constexpr const char* name = "split";
  int64_t dim = 0;
  int64_t parts = 0;
  void backward(Replay& call) const;
};
struct Unbind {
  static constexpr const char* name = "unbind";
  int64_t dim = 0;
  int64_t parts = 0;
  void backward(Replay& call) const;
};

/// The same tensor on another device.
struct ToDevice {
  static constexpr const char* name = "to_device";
  Device device;
  Device from;
  Tensor view(const Tensor& x) const;
  void backward(Replay& call) const;
};

/// A tensor over the memory of x.
Tensor make_view(const Tensor& x, Shape sizes, Shape strides, int64_t offset);

}  // namespace reel::ops
