#pragma once

#include <optional>

#include <reel/backends/mlu/kernels/layout.h>

namespace reel::mlu {

/// What else a copy does for the matrix unit.
struct CopyOptions {
  std::optional<int> position = {};  ///< Float becomes Char or Short of fixed point
  /// Zeros behind each run of the last dimension, which has stride 1 in y: so many elements.
  int64_t padding = 0;
};
/// y = x, cast; of the same sizes, any strides. Returns a Kernel's result. In the scope of an
/// OnDevice.
const char* copy_view(const View& x, const View& y, const CopyOptions& options = {});

/// A view as a row-major one of a dtype: itself, or a copy that ends with the call.
class RowMajor {
 public:
  RowMajor(Device device, const View& x, ScalarType dtype);
  RowMajor(Device device, const View& x) : RowMajor(device, x, x.dtype) {}
  const View& view() const { return copy_ ? copy_->view() : x_; }
  template <class T>
  const T* data() const {
    return view().as<const T>();
  }

 private:
  View x_;
  std::optional<Temporary> copy_;
};

/// Where a kernel writes a row-major result of a dtype: the output itself, or memory that finish()
/// copies to it.
class RowMajorOutput {
 public:
  RowMajorOutput(Device device, const View& y, ScalarType dtype);
  RowMajorOutput(Device device, const View& y) : RowMajorOutput(device, y, y.dtype) {}
  const View& view() const { return result_ ? result_->view() : y_; }
  template <class T>
  T* data() const {
    return view().as<T>();
  }
  void finish() const;

 private:
  View y_;
  std::optional<Temporary> result_;
};

}  // namespace reel::mlu
