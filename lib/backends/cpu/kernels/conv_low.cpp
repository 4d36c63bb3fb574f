#include <array>

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/weight_cache.h>

// Convolutions of half and bfloat16: inputs become floats, channels-last as the kernels want them,
// the kernels of floats run, and results are rounded once.

namespace reel::cpu::REEL_ISA {
namespace {

using namespace backends;

bool is_narrow(ScalarType dtype) { return dtype == kHalf || dtype == kBFloat16; }

// The floats of a view, in memory of their own; the view itself if it is of another dtype.
class FloatView {
 public:
  FloatView() = default;
  explicit FloatView(const View& view) : original_(view), view_(view) {
    if (!view.defined() || !is_narrow(view.dtype)) return;
    view_.dtype = kFloat;
    // No cache of packed weights: this memory is gone after the call.
    view_.storage = nullptr;
    view_.row_major = false;
    int64_t next = 1;
    constexpr std::array<int, 4> kChannelsLast{1, 3, 2, 0};
    for (int i = 0; i < view.rank; ++i) {
      const int d = view.rank == 4 ? kChannelsLast[static_cast<size_t>(i)] : view.rank - 1 - i;
      strides_[static_cast<size_t>(d)] = next;
      next *= view.sizes[d];
    }
    is_copy_ = true;
  }
  void allocate() {
    if (!is_copy_) return;
    memory_ = allocate_storage(sizeof(float) * static_cast<size_t>(view_.numel), kCPU);
    view_.data = memory_->data();
  }
  // Strides are this object's: it stays where it was made.
  View view() const {
    View view = view_;
    if (is_copy_) view.strides = strides_.data();
    return view;
  }
  const char* read() {
    allocate();
    return is_copy_ ? copy(original_, view()) : nullptr;
  }
  // A weight's floats are kept beside it, so that what is packed of them is kept too.
  const char* read_weight() {
    if (!is_copy_ || view_.numel == 0) return read();
    const WeightKey key(WeightForm::floats, original_);
    const WeightStamp stamp(original_);
    memory_ = find_packed_weight(original_, key, stamp);
    if (memory_) {
      view_.data = memory_->data();
    } else {
      if (const char* reason = read()) return reason;
      keep_packed_weight(original_, key, stamp, memory_);
    }
    view_.storage = memory_.get();
    return nullptr;
  }
  const char* write() const { return is_copy_ ? copy(view(), original_) : nullptr; }

 private:
  static const char* copy(const View& from, const View& to) {
    Call call;
    call.in = &from;
    call.out = &to;
    call.num_in = call.num_out = 1;
    return copy_cast(call);
  }

  View original_, view_;
  bool is_copy_ = false;
  std::array<int64_t, 4> strides_{};
  Storage memory_;
};

}  // namespace

const char* run_in_float(const Call& call, Kernel kernel, int weight) {
  constexpr int kMost = 3;
  if (call.num_in > kMost || call.num_out > kMost) return "too many tensors";
  FloatView in[kMost], out[kMost];
  View in_views[kMost], out_views[kMost];
  for (int i = 0; i < call.num_in; ++i) {
    in[i] = FloatView(call.in[i]);
    if (const char* reason = i == weight ? in[i].read_weight() : in[i].read()) return reason;
    in_views[i] = in[i].view();
  }
  for (int i = 0; i < call.num_out; ++i) {
    out[i] = FloatView(call.out[i]);
    out[i].allocate();
    out_views[i] = out[i].view();
  }
  Call in_float = call;
  in_float.in = in_views;
  in_float.out = out_views;
  if (const char* reason = kernel(in_float)) return reason;
  for (int i = 0; i < call.num_out; ++i) {
    if (const char* reason = out[i].write()) return reason;
  }
  return nullptr;
}

}  // namespace reel::cpu::REEL_ISA
