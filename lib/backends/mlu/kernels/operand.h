#pragma once

#include <initializer_list>
#include <optional>

#include <reel/backends/mlu/kernels/convolution.h>
#include <reel/backends/mlu/kernels/copy.h>
#include <reel/backends/mlu/kernels/launch.h>
#include <reel/tensor/check.h>

namespace reel::mlu {

/// A size and the stride in elements that belongs to it.
struct Extent {
  int64_t size, stride;
};

/// A view of given memory that owns its sizes and strides.
class StridedView {
 public:
  StridedView(void* data, ScalarType dtype, std::initializer_list<Extent> dims) {
    view_.data = data;
    view_.dtype = dtype;
    view_.numel = 1;
    for (const Extent& dim : dims) {
      sizes_[view_.rank] = dim.size;
      strides_[view_.rank++] = dim.stride;
      view_.numel *= dim.size;
    }
  }
  View view() const {
    View view = view_;
    view.sizes = sizes_;
    view.strides = strides_;
    return view;
  }

 private:
  int64_t sizes_[kMaxRank] = {}, strides_[kMaxRank] = {};
  View view_;
};

inline void copy_elements(const StridedView& to, const StridedView& from,
                          const CopyOptions& options = {}) {
  if (const char* refusal = copy_view(from.view(), to.view(), options)) {
    fail("mlu: copy: {}", refusal);
  }
}

/// What a dtype is multiplied in; Undefined if it is not.
inline ScalarType product_type(ScalarType dtype) {
  if (dtype == kHalf) return kHalf;
  return dtype == kFloat || dtype == kBFloat16 ? kFloat : ScalarType::Undefined;
}
/// Whether a dtype is computed in float.
inline bool computes_in_float(ScalarType dtype) {
  return product_type(dtype) != ScalarType::Undefined;
}

/// Matrices [batch, rows, columns] for the matrix unit: columns dense, and their number a multiple
/// of `unit`, with zeros at the end. The memory of a view, or a copy of it in another dtype, fixed
/// point if there is a position, or layout.
class MatrixOperand {
 public:
  MatrixOperand(Device device, const View& view, ScalarType dtype, Extent batch, Extent rows,
                Extent columns, int64_t unit, std::optional<int> position = {})
      : data_(view.data), batch_(batch.stride), row_(rows.stride), columns_(columns.size) {
    if (columns.size % unit == 0 && columns.stride == 1 && view.dtype == dtype) return;
    columns_ = divide_up(columns.size, unit) * unit;
    const int64_t sizes[] = {batch.size, rows.size, columns_};
    copy_.emplace(device, dtype, sizes);
    data_ = copy_->view().data;
    row_ = columns_;
    batch_ = rows.size * columns_;
    copy_elements({data_, dtype, {{batch.size, batch_}, {rows.size, row_}, {columns.size, 1}}},
                  {view.data, view.dtype, {batch, rows, columns}},
                  {position, columns_ - columns.size});
  }
  const void* data() const { return data_; }
  int64_t batch() const { return batch_; }
  int64_t row() const { return row_; }
  int64_t columns() const { return columns_; }

 private:
  void* data_;
  int64_t batch_, row_, columns_;
  std::optional<Temporary> copy_;
};

/// How a picture [N, C, H, W] with dense channels lies in memory; strides in elements.
struct PictureLayout {
  int64_t image, row, column;

  explicit PictureLayout(const View& x)
      : image(x.strides[0]), row(x.strides[2]), column(x.strides[3]) {}
  /// Of a picture of its own, with `channels` places for each pixel.
  PictureLayout(const View& x, int64_t channels)
      : image(x.sizes[2] * x.sizes[3] * channels), row(x.sizes[3] * channels), column(channels) {}
};

inline bool has_dense_channels(const View& x) { return x.strides[1] == 1 || x.sizes[1] == 1; }

/// The memory that a picture of dense channels has, or gets. Base of the two below.
class PictureMemory {
 public:
  PictureMemory(Device device, const View& x, ScalarType dtype)
      : x_(x), dtype_(dtype), layout_(x), data_(x.data) {
    if (has_dense_channels(x) && x.dtype == dtype) return;
    layout_ = PictureLayout(x, x.sizes[1]);
    const int64_t sizes[] = {x.sizes[0], layout_.image};
    memory_.emplace(device, dtype, sizes);
    data_ = memory_->view().data;
  }
  void* data() const { return data_; }
  const PictureLayout& layout() const { return layout_; }

 protected:
  bool is_copy() const { return memory_.has_value(); }
  StridedView dense() const {
    return {data_,
            dtype_,
            {{x_.sizes[0], layout_.image},
             {x_.sizes[1], 1},
             {x_.sizes[2], layout_.row},
             {x_.sizes[3], layout_.column}}};
  }
  static void copy(const View& from, const View& to) {
    if (const char* refusal = copy_view(from, to)) fail("mlu: copy: {}", refusal);
  }
  View x_;

 private:
  ScalarType dtype_;
  PictureLayout layout_;
  void* data_;
  std::optional<Temporary> memory_;
};

/// A picture with dense channels, of a dtype: the memory of a view, or a copy.
class PictureOperand : public PictureMemory {
 public:
  PictureOperand(Device device, const View& x, ScalarType dtype) : PictureMemory(device, x, dtype) {
    if (is_copy()) copy(x_, dense().view());
  }
};

/// The same of a result: the output itself, or memory that finish() copies to it.
class PictureResult : public PictureMemory {
 public:
  using PictureMemory::PictureMemory;
  void finish() const {
    if (is_copy()) copy(dense().view(), x_);
  }
};

}  // namespace reel::mlu
