#include <array>

#include <reel/backends/cpu/kernels/conv.h>
#include <reel/backends/cpu/kernels/copy.h>

// Convolutions of half and bfloat16: inputs become floats, channels-last as the kernels want them,
// the kernels of floats run, and results are rounded once.

namespace reel::cpu::REEL_ISA {
namespace {

bool is_narrow(ScalarType dtype) { return dtype == kHalf || dtype == kBFloat16; }

// The floats of a view, in memory of their own; the view itself if it is of another dtype.
class FloatView {
 public:
  FloatView() = default;
  explicit FloatView(const View& view) : original_(view), view_(view) {
    if (!view.defined() || !is_narrow(view.dtype)) return;
    memory_ = allocate_storage(sizeof(float) * static_cast<size_t>(view.numel), kCPU);
    view_.data = memory_->data();
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
  }
  // Strides are this object's: it stays where it was made.
  View view() const {
    View view = view_;
    if (memory_) view.strides = strides_.data();
    return view;
  }
  const char* read() const { return memory_ ? copy(original_, view()) : nullptr; }
  const char* write() const { return memory_ ? copy(view(), original_) : nullptr; }

 private:
  static const char* copy(const View& from, const View& to) {
    Call call;
    call.in = &from;
    call.out = &to;
    call.num_in = call.num_out = 1;
    return copy_cast(call);
  }

  View original_, view_;
  std::array<int64_t, 4> strides_{};
  Storage memory_;
};

}  // namespace

const char* run_in_float(const Call& call, Kernel kernel) {
  constexpr int kMost = 3;
  if (call.num_in > kMost || call.num_out > kMost) return "too many tensors";
  FloatView in[kMost], out[kMost];
  View in_views[kMost], out_views[kMost];
  for (int i = 0; i < call.num_in; ++i) {
    in[i] = FloatView(call.in[i]);
    if (const char* reason = in[i].read()) return reason;
    in_views[i] = in[i].view();
  }
  for (int i = 0; i < call.num_out; ++i) {
    out[i] = FloatView(call.out[i]);
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
