#include <algorithm>
#include <atomic>
#include <iterator>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/shape.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int64_t kPart = 16384;  // elements of the first input

// A part of a view, or a view whole, as floats if it is half or bfloat16.
class PartView {
 public:
  void assign(const View& whole, int dim, int64_t begin, int64_t count) {
    part_ = floats_ = whole;
    if (!whole.defined()) return;
    if (dim >= 0) {
      sizes_ = Shape(IntArrayRef(whole.sizes, static_cast<size_t>(whole.rank)));
      sizes_[static_cast<size_t>(dim)] = count;
      part_.sizes = sizes_.data();
      part_.numel = numel_of(sizes_);
      part_.data = part_.as<char>() + begin * whole.strides[dim] * item();
      part_.row_major = false;
      part_.storage = nullptr;
      floats_ = part_;
    }
    if (!is_narrow(whole.dtype)) return;
    const auto rank = static_cast<size_t>(whole.rank);
    strides_ = dense_strides_like(IntArrayRef(part_.sizes, rank), IntArrayRef(part_.strides, rank));
    memory_ = allocate_storage(sizeof(float) * static_cast<size_t>(part_.numel), kCPU);
    floats_.data = memory_->data();
    floats_.strides = strides_.data();
    floats_.dtype = kFloat;
    floats_.storage = nullptr;
    floats_.row_major = false;
  }
  const View& floats() const { return floats_; }
  const char* read() const { return memory_ ? cast(part_, floats_) : nullptr; }
  const char* write() const { return memory_ ? cast(floats_, part_) : nullptr; }

 private:
  int64_t item() const { return static_cast<int64_t>(element_size(part_.dtype)); }
  static const char* cast(const View& from, const View& to) {
    Call call;
    call.in = &from;
    call.out = &to;
    call.num_in = call.num_out = 1;
    return copy_cast(call);
  }

  View part_, floats_;
  Shape sizes_, strides_;
  Storage memory_;
};

const char* run_part(const Call& call, Kernel kernel, const Cut& cut, int64_t begin,
                     int64_t count) {
  PartView in[std::size(Cut{}.in)], out[std::size(Cut{}.out)];
  View in_views[std::size(Cut{}.in)], out_views[std::size(Cut{}.out)];
  for (int i = 0; i < call.num_in; ++i) {
    in[i].assign(call.in[i], cut.in[i], begin, count);
    if (const char* reason = in[i].read()) return reason;
    in_views[i] = in[i].floats();
  }
  for (int i = 0; i < call.num_out; ++i) {
    out[i].assign(call.out[i], cut.out[i], begin, count);
    out_views[i] = out[i].floats();
  }
  Call part = call;
  part.in = in_views;
  part.out = out_views;
  if (const char* reason = kernel(part)) return reason;
  for (int i = 0; i < call.num_out; ++i) {
    if (const char* reason = out[i].write()) return reason;
  }
  return nullptr;
}

}  // namespace

int longest_dim(const View& view, int64_t except) {
  int longest = -1;
  for (int d = 0; d < view.rank; ++d) {
    if (d == except) continue;
    if (longest < 0 || view.sizes[d] > view.sizes[longest] ||
        (view.sizes[d] == view.sizes[longest] && view.strides[d] > view.strides[longest])) {
      longest = d;
    }
  }
  return longest;
}

const char* run_in_parts(const Call& call, Kernel kernel, const Cut& cut) {
  const View& first = call.in[0];
  if (first.numel == 0) return "empty";
  const int64_t size = cut.in[0] < 0 ? 1 : first.sizes[cut.in[0]];
  const int64_t grain = std::max<int64_t>(1, kPart / (first.numel / size));
  std::atomic<const char*> refused = nullptr;
  parallel_for(0, size, grain, [&](int64_t begin, int64_t end) {
    if (const char* reason = run_part(call, kernel, cut, begin, end - begin)) refused = reason;
  });
  return refused;
}

}  // namespace reel::cpu::REEL_ISA
