#include <reel/backends/mlu/kernels/copy.h>
#include <reel/tensor/check.h>

namespace reel::mlu {
namespace {

void copy_or_fail(const View& x, const View& y) {
  const char* refusal = copy_view(x, y);
  if (refusal != nullptr) fail("mlu: a copy of {} to {}: {}", x.dtype, y.dtype, refusal);
}

}  // namespace

RowMajor::RowMajor(Device device, const View& x, ScalarType dtype) : x_(x) {
  if (x.dtype == dtype && is_row_major(x)) return;
  copy_.emplace(device, dtype, sizes_of(x));
  copy_or_fail(x, copy_->view());
}

RowMajorOutput::RowMajorOutput(Device device, const View& y, ScalarType dtype) : y_(y) {
  if (y.dtype == dtype && is_row_major(y)) return;
  result_.emplace(device, dtype, sizes_of(y));
}

void RowMajorOutput::finish() const {
  if (result_) copy_or_fail(result_->view(), y_);
}

}  // namespace reel::mlu
